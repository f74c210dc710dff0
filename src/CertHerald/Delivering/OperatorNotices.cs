using CertHerald.Deciding;
using CertHerald.Following;
using CertHerald.Storage;

namespace CertHerald.Delivering;

/// <summary>
/// Tells operator channels (webhooks that take <c>operator</c>) of incidents: that they opened, grew worse or better, and
/// closed. What is told and to whom is one transaction of the store, so a kill loses nothing and repeats nothing.
/// </summary>
internal sealed partial class OperatorNotices(IStore store, Webhooks webhooks, OwedBell bell, TimeProvider time, ILogger<OperatorNotices> logger)
    : BackgroundService
{
    /// <summary>How often it looks for news.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>Between two notices of one log, kind of incident and change. What comes sooner waits, and is told together.</summary>
    public static readonly TimeSpan Apart = TimeSpan.FromHours(6);

    /// <summary>One look. Rings if something is owed now.</summary>
    public async Task TellAsync(CancellationToken stopping)
    {
        IReadOnlyList<string> channels = [.. from webhook in webhooks.All where webhook.Events.Contains(EventKinds.Operator) select webhook.Name];
        if (await store.TellAsync(channels, Apart, stopping) > 0) bell.Ring();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await TellAsync(stoppingToken);
            }
            catch (StoreException failure)
            {
                NotTold(failure.Message);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            await Task.Delay(Interval, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Operator channels could not be told of incidents, and will be: {Problem}")]
    private partial void NotTold(string problem);
}
