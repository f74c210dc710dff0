using CertHerald.Storage;

namespace CertHerald.Api;

/// <summary>Puts in force what other nodes change through their API: watch items, webhooks, what is authorised, apps and protected domains. Where there is one node, nothing.</summary>
internal sealed partial class SharedSettings(
    IStore store, Domains domains, AddedWebhooks webhooks, Authorisations known, Apps apps, ProtectedList protectedDomains, TimeProvider time, ILogger<SharedSettings> logger) : BackgroundService
{
    /// <summary>How late it may be: one row is read each time.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!store.IsShared) return;
        // What was loaded at the start may have changed since.
        long? seen = null;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                long now = await store.SettingsRevisionAsync(stoppingToken);
                if (now != seen)
                {
                    await domains.RefreshAsync(stoppingToken);
                    await webhooks.RefreshAsync(stoppingToken);
                    await known.RefreshAsync(stoppingToken);
                    await apps.RefreshAsync(stoppingToken);
                    await protectedDomains.LoadAsync(stoppingToken);
                    seen = now;
                }
            }
            catch (StoreException failure)
            {
                NotRead(failure.Message);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            await Task.Delay(Interval, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "What other nodes have changed could not be read, and is asked for again: {Problem}")]
    private partial void NotRead(string problem);
}
