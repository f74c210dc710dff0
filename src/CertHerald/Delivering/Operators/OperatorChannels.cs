using System.Diagnostics.Metrics;
using System.Globalization;
using CertHerald.Deciding;
using CertHerald.Storage;

namespace CertHerald.Delivering.Operators;

/// <summary>One operator channel, and whether it works.</summary>
/// <param name="Trouble">Why it does not, for people; null if it does, as far as known.</param>
internal sealed record OperatorChannel(WebhookOptions Webhook, WebhookState State, string? Trouble);

/// <summary>
/// Who hears what whoever runs the service must know: webhooks that take <c>operator</c>, and the mail server. One's trouble is told
/// by the others. If none works, the log says so, and readiness.
/// </summary>
internal sealed partial class OperatorChannels
{
    /// <summary>Failures in a row after which a channel does not work: as many as a delivery's failing is told after.</summary>
    public const int MostFailures = 4;

    /// <summary>The log is told again after so long that none works.</summary>
    private static readonly TimeSpan ToldEvery = TimeSpan.FromHours(6);

    private readonly IDeliveries _store;
    private readonly Webhooks _webhooks;
    private readonly TimeProvider _time;
    private readonly ILogger<OperatorChannels> _logger;
    private DateTimeOffset? _told;
    private volatile IReadOnlyList<OperatorChannel> _latest = [];

    public OperatorChannels(IDeliveries store, Webhooks webhooks, TimeProvider time, Meter meter, ILogger<OperatorChannels> logger)
    {
        (_store, _webhooks, _time, _logger) = (store, webhooks, time, logger);
        meter.CreateObservableGauge(
            "certherald_operator_channels",
            () => (Measurement<int>[])
            [
                new(_latest.Count(channel => channel.Trouble is null), new KeyValuePair<string, object?>("state", "working")),
                new(_latest.Count(channel => channel.Trouble is not null), new KeyValuePair<string, object?>("state", "failing")),
            ],
            description: "Operator channels, by whether they take what they are sent.");
    }

    /// <summary>Their names, as configured now.</summary>
    public IReadOnlyList<string> Names => [.. All.Select(webhook => webhook.Name)];

    /// <summary>Them, as configured now.</summary>
    public IEnumerable<WebhookOptions> All => _webhooks.All.Where(webhook => webhook.Events.Contains(EventKinds.Operator));

    /// <summary>Client certificates in force, by webhook.</summary>
    public IEnumerable<(string Webhook, ClientCertificate Certificate)> ClientCertificates =>
        from webhook in _webhooks.All let certificate = webhook.Tls?.Certificate where certificate is not null select (webhook.Name, certificate);

    /// <summary>How they stand, from the store.</summary>
    public async Task<IReadOnlyList<OperatorChannel>> StandAsync(CancellationToken cancellation)
    {
        var channels = new List<OperatorChannel>();
        foreach (WebhookOptions webhook in All)
        {
            WebhookState state = await _store.FindWebhookAsync(webhook.Name, cancellation);
            channels.Add(new OperatorChannel(webhook, state, TroubleOf(state)));
        }
        return channels;
    }

    /// <summary>Whether nobody would hear of trouble, though somebody should; null if somebody does, or nobody is to.</summary>
    public static string? WhyNone(IReadOnlyList<OperatorChannel> channels) => channels.Count == 0 || channels.Any(channel => channel.Trouble is null)
        ? null
        : $"No operator channel works, so nobody is told of trouble: {string.Join("; ", channels.Select(channel => $"{channel.Webhook.Name}: {channel.Trouble}"))}";

    /// <summary>Looks at them, for the metric and the log.</summary>
    public async Task LookAsync(CancellationToken stopping)
    {
        IReadOnlyList<OperatorChannel> channels = await StandAsync(stopping);
        _latest = channels;
        DateTimeOffset now = _time.GetUtcNow();
        if (WhyNone(channels) is not { } trouble)
        {
            if (_told is not null && channels.Count > 0) LogSome();
            _told = null;
        }
        else if (!(now - _told < ToldEvery))
        {
            LogNone(trouble);
            _told = now;
        }
    }

    private static string? TroubleOf(WebhookState state) => state.Status != WebhookStatus.Active
        ? state.Reason ?? "it is on hold"
        : state.Failures >= MostFailures
            ? string.Create(CultureInfo.InvariantCulture, $"it has taken nothing since {state.FailingSince?.UtcDateTime:yyyy-MM-dd HH:mm} UTC, in {state.Failures} attempts")
            : null;

    [LoggerMessage(Level = LogLevel.Critical, Message = "{Trouble}")]
    private partial void LogNone(string trouble);

    [LoggerMessage(Level = LogLevel.Information, Message = "An operator channel works again")]
    private partial void LogSome();
}
