using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Delivering.Operators;
using CertHerald.Dialects;
using CertHerald.Storage;
using Microsoft.Extensions.Logging;

namespace CertHerald.Tests.Delivering.Operators;

/// <summary>Operator notices over a rig's store: nothing is told unless a test asks for it.</summary>
internal sealed class OperatorRig : IDisposable
{
    private readonly DeliveryRig _rig;

    private OperatorRig(DeliveryRig rig, IReadOnlyList<WebhookOptions> webhooks, OperatorOptions? options)
    {
        _rig = rig;
        Channels = new OperatorChannels(rig.Store, new Webhooks("https://ct.example.org", webhooks, WebhookDialects.All), rig.Time, rig.Meter, Log);
        Notices = new OperatorNotices(
            rig.Store, Channels, options ?? new OperatorOptions(), new RetentionOptions(), () => new LogCounts(3, 2), rig.Bell ?? new(), rig.Time, rig.Meter, Log);
    }

    public LogLines Log { get; } = new();

    public OperatorChannels Channels { get; }

    public OperatorNotices Notices { get; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static OperatorRig Of(DeliveryRig rig, IReadOnlyList<WebhookOptions> webhooks, OperatorOptions? options = null) => new(rig, webhooks, options);

    /// <summary>Of a rig with these channels, which nobody calls.</summary>
    public static OperatorRig Of(DeliveryRig rig, params string[] channels) => new(rig, [.. channels.Select(name => Channel(name))], null);

    public static WebhookOptions Channel(string name, Uri? url = null) =>
        new() { Name = name, Dialect = "native", Url = url ?? new Uri("http://127.0.0.1:9/"), Events = [EventKinds.Operator] };

    /// <summary>Puts news of a webhook into the store, as the delivery loop does.</summary>
    public Task NewsAsync(string webhook, string kind, string detail = "It happened.") =>
        _rig.Store.ChangeWebhookAsync(webhook, state => (state, new DeliveryNews(kind, detail)), 1, Cancellation);

    /// <summary>One look at incidents and webhooks; what was told of, to whom.</summary>
    public Task<IReadOnlyList<(string Channel, Notice Notice)>> TellAsync() => DuringAsync(() => Notices.TellAsync(Cancellation));

    /// <summary>One look at the rest; what was told of, to whom.</summary>
    public Task<IReadOnlyList<(string Channel, Notice Notice)>> LookAsync() => DuringAsync(() => Notices.LookAsync(Cancellation));

    public void Dispose() => Notices.Dispose();

    private async Task<IReadOnlyList<(string Channel, Notice Notice)>> DuringAsync(Func<Task> look)
    {
        long before = (await OwedAsync()).Select(one => one.Id).DefaultIfEmpty().Max();
        await look();
        var told = new List<(string, Notice)>();
        foreach (StoredDelivery one in (await OwedAsync()).Where(one => one.Id > before).OrderBy(one => one.Id))
            told.Add((one.Webhook, (await _rig.Store.FindNoticeAsync(one.Subject, Cancellation))!));
        return told;
    }

    private Task<IReadOnlyList<StoredDelivery>> OwedAsync() =>
        _rig.Store.DeliveriesAsync(new DeliveryFilter(Kind: EventKinds.Operator, Limit: 10_000), Cancellation);

    /// <summary>What was logged.</summary>
    internal sealed class LogLines : ILogger<OperatorChannels>, ILogger<OperatorNotices>
    {
        public List<(LogLevel Level, string Text)> All { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            All.Add((logLevel, formatter(state, exception)));
    }
}
