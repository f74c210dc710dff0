using CertHerald.Storage;

namespace CertHerald.Api;

/// <summary>Puts in force what other nodes change through their API: watch items, webhooks, what is authorised, apps and protected domains. Where there is one node, nothing.</summary>
internal sealed partial class SharedSettings(
    IStore store, Domains domains, AddedWebhooks webhooks, Authorisations known, Apps apps, ProtectedList protectedDomains, TimeProvider time, ILogger<SharedSettings> logger)
    : StoreWatch(Interval, time)
{
    /// <summary>How late it may be: one row is read each time.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    // Of none: what was loaded at the start may have changed since.
    private long? _seen;

    /// <summary>With one node there is nothing to look for.</summary>
    public override Task StartAsync(CancellationToken cancellationToken) => store.IsShared ? base.StartAsync(cancellationToken) : Task.CompletedTask;

    protected override async Task RoundAsync(CancellationToken stopping)
    {
        long now = await store.SettingsRevisionAsync(stopping);
        if (now == _seen) return;
        await domains.RefreshAsync(stopping);
        await webhooks.RefreshAsync(stopping);
        await known.RefreshAsync(stopping);
        await apps.RefreshAsync(stopping);
        await protectedDomains.LoadAsync(stopping);
        _seen = now;
    }

    protected override void Tell(StoreException failure) => NotRead(failure.Message);

    [LoggerMessage(Level = LogLevel.Warning, Message = "What other nodes have changed could not be read, and is asked for again: {Problem}")]
    private partial void NotRead(string problem);
}
