using System.Diagnostics.Metrics;
using System.Globalization;
using CertHerald.Following;
using CertHerald.Storage;

namespace CertHerald.Delivering.Operators;

/// <summary>How the logs stand, for the heartbeat.</summary>
internal readonly record struct LogCounts(int Followed, int Healthy);

/// <summary>
/// Tells operator channels what they must know: incidents of logs, what becomes of deliveries and webhooks, entries that cannot be
/// read, what is about to end, and once a day that the service lives. What is told, that it was, and to whom is one transaction of
/// the store, so a kill loses nothing and repeats nothing.
/// </summary>
internal sealed partial class OperatorNotices : StoreWatch
{
    /// <summary>How often it looks for news of incidents and webhooks.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>How often it looks at the rest.</summary>
    public static readonly TimeSpan SlowInterval = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Between two notices of one log, kind of incident and change, or of one webhook and kind. What comes sooner waits, and is told
    /// together.
    /// </summary>
    public static readonly TimeSpan Apart = TimeSpan.FromHours(6);

    /// <summary>Between two notices of one log's entries that cannot be read.</summary>
    public static readonly TimeSpan MalformedApart = TimeSpan.FromHours(1);

    /// <summary>How long before its end an API key is told of, and a second time.</summary>
    private static readonly TimeSpan[] KeysAhead = [TimeSpan.FromDays(7), TimeSpan.FromDays(1)];

    /// <summary>How long before its end a client certificate is told of, and a second time.</summary>
    private static readonly TimeSpan[] CertificatesAhead = [TimeSpan.FromDays(14), TimeSpan.FromDays(3)];

    /// <summary>How long before its end an old signing secret is told of. Not sooner: most are given a day.</summary>
    private static readonly TimeSpan SecretsAhead = TimeSpan.FromHours(6);

    /// <summary>Notices that nothing refers to are kept as long.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromDays(90);

    private readonly IStore _store;
    private readonly OperatorChannels _channels;
    private readonly OperatorOptions _options;
    private readonly RetentionOptions _retention;
    private readonly Func<LogCounts> _logs;
    private readonly Bell _bell;
    private readonly ILogger<OperatorNotices> _logger;
    private readonly Counter<long> _owed;
    private long? _looked;

    public OperatorNotices(
        IStore store, OperatorChannels channels, OperatorOptions options, RetentionOptions retention, Func<LogCounts> logs, Bell bell, TimeProvider time,
        Meter meter, ILogger<OperatorNotices> logger)
        : base(Interval, time)
    {
        (_store, _channels, _options, _retention, _logs, _bell, _logger) = (store, channels, options, retention, logs, bell, logger);
        _owed = meter.CreateCounter<long>("certherald_operator_notices_total", description: "Notices owed to operator channels, one for each channel.");
    }

    /// <summary>One look at incidents and webhooks. Rings if something is owed now.</summary>
    public async Task TellAsync(CancellationToken stopping) => Count(await _store.TellAsync(_channels.Names, Apart, stopping));

    /// <summary>One look at the rest. Rings if something is owed now.</summary>
    public async Task LookAsync(CancellationToken stopping)
    {
        await _channels.LookAsync(stopping);
        // Whoever comes later hears of what is then: nothing is noted as told to nobody.
        if (_channels.Names is not { Count: > 0 } channels) return;
        DateTimeOffset now = Time.GetUtcNow();
        int owed = await TellOfMalformedAsync(channels, now, stopping) + await TellOfSecretsAsync(channels, now, stopping)
            + await TellOfExpiringAsync(channels, now, stopping) + await BeatAsync(channels, now, stopping);
        Count(owed);
    }

    protected override async Task RoundAsync(CancellationToken stopping)
    {
        await TellAsync(stopping);
        if (_looked is { } looked && Time.GetElapsedTime(looked) < SlowInterval) return;
        _looked = Time.GetTimestamp();
        await LookAsync(stopping);
    }

    protected override void Tell(StoreException failure) => LogNotTold(failure.Message);

    private async Task<int> TellOfMalformedAsync(IReadOnlyList<string> channels, DateTimeOffset now, CancellationToken stopping)
    {
        int owed = 0;
        foreach (MalformedFacts facts in await _store.UntoldMalformedAsync(stopping))
        {
            if (await _store.LastNoticeAsync(NoticeTypes.Malformed, facts.Log.Key, stopping) is { } last && now - last.At < MalformedApart) continue;
            // By its first entry, which the next notice cannot begin with.
            string uid = string.Create(CultureInfo.InvariantCulture, $"malformed/{facts.Log.Key}/{facts.First}");
            owed += await _store.OweNoticeAsync(new NoticeDraft(uid, NoticeTypes.Malformed, facts.Log.Key, facts), channels, stopping);
        }
        return owed;
    }

    private async Task<int> TellOfSecretsAsync(IReadOnlyList<string> channels, DateTimeOffset now, CancellationToken stopping)
    {
        var ending = new List<(string Uid, SecretFacts Facts)>();
        foreach (StoredApiKey key in await _store.ApiKeysAsync(stopping))
        {
            if (key.Expires is not { } expires || key.Revoked is not null || expires <= now) continue;
            foreach (TimeSpan ahead in Passed(KeysAhead, expires - now))
                ending.Add((string.Create(CultureInfo.InvariantCulture, $"api_key/{key.Prefix}/{ahead.TotalDays:0}"), new SecretFacts(SecretFacts.ApiKey, key.Name, key.Prefix, expires)));
        }
        foreach ((string webhook, ClientCertificate certificate) in _channels.ClientCertificates)
            foreach (TimeSpan ahead in certificate.Until > now ? Passed(CertificatesAhead, certificate.Until - now) : [])
                ending.Add((string.Create(CultureInfo.InvariantCulture, $"client_certificate/{webhook}/{certificate.Sha256}/{ahead.TotalDays:0}"), new SecretFacts(SecretFacts.ClientCertificate, webhook, null, certificate.Until)));
        foreach (StoredWebhook webhook in await _store.AddedWebhooksAsync(stopping))
            foreach (StoredSecret secret in webhook.Secrets)
                if (secret.Until is { } until && until > now && until - now <= SecretsAhead)
                    ending.Add((string.Create(CultureInfo.InvariantCulture, $"secret/{webhook.Name}/{until.ToUnixTimeMilliseconds()}"), new SecretFacts(SecretFacts.SigningSecret, webhook.Name, null, until)));

        int owed = 0;
        foreach ((string uid, SecretFacts facts) in ending)
            owed += await _store.OweNoticeAsync(new NoticeDraft(uid, NoticeTypes.SecretExpiring, uid, facts), channels, stopping);
        return owed;
    }

    /// <summary>The last mark that was passed, if any: what is made for a day has passed all.</summary>
    private static IEnumerable<TimeSpan> Passed(TimeSpan[] marks, TimeSpan left) => marks.Reverse().Where(ahead => left <= ahead).Take(1);

    /// <summary>Once a day while there are any.</summary>
    private async Task<int> TellOfExpiringAsync(IReadOnlyList<string> channels, DateTimeOffset now, CancellationToken stopping)
    {
        if (await _store.LastNoticeAsync(NoticeTypes.DeliveriesExpiring, null, stopping) is { } last && now - last.At < TimeSpan.FromDays(1)) return 0;
        long expiring = await _store.CountExpiringAsync(now - _retention.Deliveries + DeliveryRetention.Ahead, stopping);
        if (expiring == 0) return 0;
        string uid = string.Create(CultureInfo.InvariantCulture, $"expiring/{now.UtcDateTime:yyyy-MM-dd}");
        return await _store.OweNoticeAsync(new NoticeDraft(uid, NoticeTypes.DeliveriesExpiring, "", new ExpiringFacts(expiring, (int)DeliveryRetention.Ahead.TotalDays)), channels, stopping);
    }

    /// <summary>Once for each day, at its time or as soon after as the service runs. A day is told apart by its date, so no restart doubles it.</summary>
    private async Task<int> BeatAsync(IReadOnlyList<string> channels, DateTimeOffset now, CancellationToken stopping)
    {
        DateTime today = now.UtcDateTime.Date + _options.HeartbeatAt.ToTimeSpan();
        DateTime beat = today <= now.UtcDateTime ? today : today.AddDays(-1);
        if (await _store.LastNoticeAsync(NoticeTypes.Heartbeat, null, stopping) is { } last && last.At.UtcDateTime >= beat) return 0;

        DeliveryCounts counts = await _store.CountDeliveriesAsync(stopping);
        LogCounts logs = _logs();
        var facts = new HeartbeatFacts(
            WebhookSender.Version, logs.Followed, logs.Healthy, await _store.OldestDueAsync(stopping), counts.Held, counts.Dead, await _store.LastAlertAsync(stopping),
            (await _store.IncidentsAsync(new IncidentFilter(OnlyOpen: true), stopping)).Count);
        string uid = string.Create(CultureInfo.InvariantCulture, $"heartbeat/{beat:yyyy-MM-dd}");
        int owed = await _store.OweNoticeAsync(new NoticeDraft(uid, NoticeTypes.Heartbeat, "", facts), channels, stopping);
        await _store.ForgetNoticesAsync(now - Kept, stopping);
        return owed;
    }

    private void Count(int owed)
    {
        if (owed == 0) return;
        _owed.Add(owed);
        LogTold(owed);
        _bell.Ring();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Operator channels are owed {Count} notices more")]
    private partial void LogTold(int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Operator channels could not be told, and will be: {Problem}")]
    private partial void LogNotTold(string problem);
}
