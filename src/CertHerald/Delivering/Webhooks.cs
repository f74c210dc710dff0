using CertHerald.Deciding;

namespace CertHerald.Delivering;

/// <summary>
/// The webhooks in force: those of the configuration, those added through the API, and those of apps. Its lists are immutable and swapped
/// whole. Any thread reads without waiting; those who write take turns.
/// </summary>
/// <param name="baseUrl">Public address of this service, without a slash at its end: links in bodies begin with it.</param>
/// <param name="configured">From the configuration.</param>
/// <param name="dialects">Those that webhooks may speak.</param>
internal sealed class Webhooks(string baseUrl, IReadOnlyList<WebhookOptions> configured, IReadOnlyList<IWebhookDialect> dialects)
{
    private readonly Lock _writing = new();
    private volatile State _now = new(configured, [], [], configured, dialects);

    public string BaseUrl => baseUrl;

    /// <summary>Every one, each under a name of its own.</summary>
    public IReadOnlyList<WebhookOptions> All => _now.All;

    /// <summary>The part of them that stands in the configuration.</summary>
    public IReadOnlyList<WebhookOptions> Configured => _now.Configured;

    /// <summary>The part of them that was added through the API.</summary>
    public IReadOnlyList<WebhookOptions> Added => _now.Added;

    /// <summary>The part of them that is apps'. Their names are none that others can have.</summary>
    public IReadOnlyList<WebhookOptions> OfApps => _now.OfApps;

    /// <summary>What each of them wants.</summary>
    public IReadOnlyList<Subscription> Subscriptions => _now.Subscriptions;

    /// <summary>Puts in force what the configuration holds now.</summary>
    public void Configure(IReadOnlyList<WebhookOptions> configured) => Swap(now => now with { Configured = configured });

    /// <summary>Puts in force what was added through the API. One that bears a configured one's name is left out.</summary>
    public void Add(IReadOnlyList<WebhookOptions> added) => Swap(now => now with { Added = added });

    /// <summary>Puts in force where apps are told.</summary>
    public void AddOfApps(IReadOnlyList<WebhookOptions> ofApps) => Swap(now => now with { OfApps = ofApps });

    private void Swap(Func<State, State> change)
    {
        lock (_writing)
        {
            State after = change(_now);
            var taken = after.Configured.Select(webhook => webhook.Name).ToHashSet(StringComparer.Ordinal);
            _now = new State(after.Configured, after.Added, after.OfApps, [.. after.Configured, .. after.Added.Where(webhook => !taken.Contains(webhook.Name)), .. after.OfApps], dialects);
        }
    }

    private sealed record State(
        IReadOnlyList<WebhookOptions> Configured, IReadOnlyList<WebhookOptions> Added, IReadOnlyList<WebhookOptions> OfApps, IReadOnlyList<WebhookOptions> All,
        IReadOnlyList<IWebhookDialect> Spoken)
    {
        // Once for all findings until the next change.
        public IReadOnlyList<Subscription> Subscriptions { get; } =
        [
            .. All.Select(webhook => new Subscription(webhook.Name, webhook.Events, webhook.Only)
            {
                Owner = webhook.Owner,
                ProtectedSince = webhook.ProtectedSince,
                TellsByDomain = Spoken.FirstOrDefault(dialect => dialect.Name == webhook.Dialect)?.TellsByDomain == true,
            }),
        ];
    }
}
