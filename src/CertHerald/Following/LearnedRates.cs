using CertHerald.Fetching;
using CertHerald.Storage;
using CertHerald.Transparency.Logs;

namespace CertHerald.Following;

/// <summary>
/// Keeps what was learned of logs and their hosts, every few minutes and at the end: a restart that asked too fast again
/// would be refused again. Lost in a crash is what a few minutes taught.
/// </summary>
/// <param name="logs">Those that are followed.</param>
internal sealed partial class LearnedRates(IStore store, Pacers pacers, Func<IReadOnlyList<FollowedLog>> logs, TimeProvider time, ILogger<LearnedRates> logger)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);

    private IReadOnlyDictionary<LogId, int> _pages = Learned.Nothing.Pages;

    /// <summary>Takes up what was kept. Called once, before the first request.</summary>
    public async Task LoadAsync(CancellationToken cancellation)
    {
        Learned learned = await store.LearnedAsync(cancellation);
        pacers.Load(learned.Rates);
        _pages = learned.Pages;
    }

    /// <summary>How many entries a log was known to give at once.</summary>
    public int PageOf(FollowedLog log) => log.Page ?? _pages.GetValueOrDefault(log.Log.Id, PageSize.First);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(Interval, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                await KeepAsync();
            }
            catch (StoreException failure)
            {
                NotKept(failure.Message);
            }
        }
    }

    // Not cancellable: the last one is at the end.
    private Task KeepAsync() => store.KeepLearnedAsync(
        new Learned(pacers.Learned(), (from log in logs() where log.Page is not null select log).ToDictionary(log => log.Log.Id, log => log.Page!.Value)),
        CancellationToken.None);

    [LoggerMessage(Level = LogLevel.Warning, Message = "What was learned of logs' rates could not be kept: {Problem}")]
    private partial void NotKept(string problem);
}
