using System.Text;
using CertHerald.Access;
using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Storage;

namespace CertHerald.Api;

/// <summary>What webhooks are owed and got, as the API and the console show it.</summary>
internal sealed class Deliveries(IStore store, Webhooks webhooks, IReadOnlyList<IWebhookDialect> dialects)
{
    /// <summary>The kind whose subjects are malformed entries.</summary>
    public const string MalformedKind = EventKinds.MalformedCertificate;

    /// <summary>The kind whose subjects are notices of incidents; every other kind's are issuances.</summary>
    public const string OperatorKind = EventKinds.Operator;

    public const string LookalikeKind = EventKinds.Lookalike;

    public const string DigestKind = EventKinds.LookalikeDigest;

    // More deliveries about one subject than webhooks that anybody has.
    private const int MostAboutOne = 1_000;

    public static void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder group = routes.MapGroup("/api/deliveries").WithTags("Deliveries").Needs(Scope.Read);

        group.MapGet("", async (
            string? webhook, string? state, string? before, string? limit, Deliveries deliveries, CancellationToken cancellation) =>
        {
            if (Page.Read(before, limit, out string? problem) is not { } page) return ApiError.BadRequest(problem!);
            if (!deliveries.TryReadState(state, out DeliveryState? wanted))
                return ApiError.BadRequest($"state must be one of {string.Join(", ", States)}.");
            return (IResult)TypedResults.Json(
                await deliveries.ListAsync(webhook, wanted, page, cancellation), ApiJson.Default.PageJsonDeliveryJson);
        }).Produces<PageJson<DeliveryJson>>();

        group.MapGet("/{id:long}", async (long id, Deliveries deliveries, CancellationToken cancellation) =>
            await deliveries.FindAsync(id, cancellation) is { } found
                ? TypedResults.Json(found, ApiJson.Default.DeliveryJson)
                : (IResult)ApiError.NotFound("delivery")).Produces<DeliveryJson>();
    }

    /// <summary>The states' names, as people and programs write them.</summary>
    public static IReadOnlyList<string> States { get; } = [.. Enum.GetValues<DeliveryState>().Select(NameOf)];

    /// <summary>Newest first, without bodies and attempts; an unknown state's name lists none.</summary>
    public async Task<PageJson<DeliveryJson>> ListAsync(string? webhook, string? state, Page page, CancellationToken cancellation) =>
        TryReadState(state, out DeliveryState? wanted)
            ? await ListAsync(webhook, wanted, page, cancellation)
            : new PageJson<DeliveryJson>([], null);

    /// <summary>One with its body and attempts; null if there is none.</summary>
    public async Task<DeliveryJson?> FindAsync(long id, CancellationToken cancellation)
    {
        if (id is < 1 or long.MaxValue) return null;
        IReadOnlyList<StoredDelivery> found = await store.DeliveriesAsync(new DeliveryFilter(Before: id + 1, Limit: 1), cancellation);
        return found is [{ } delivery] && delivery.Id == id ? await WithAttemptsAsync(delivery, cancellation) : null;
    }

    /// <summary>Everything sent about one subject, with attempts, in the order in which it was owed.</summary>
    public async Task<IReadOnlyList<DeliveryJson>> AboutAsync(string kind, long subject, CancellationToken cancellation)
    {
        IReadOnlyList<StoredDelivery> found = await store.DeliveriesAsync(
            new DeliveryFilter(Subject: subject, Kind: kind, Limit: MostAboutOne), cancellation);
        var shown = new List<DeliveryJson>(found.Count);
        foreach (StoredDelivery delivery in found.Reverse()) shown.Add(await WithAttemptsAsync(delivery, cancellation));
        return shown;
    }

    /// <summary>How many are in each state, counted up to <paramref name="atMost"/>.</summary>
    public async Task<IReadOnlyList<(string State, int Count)>> CountAsync(int atMost, CancellationToken cancellation)
    {
        IReadOnlyDictionary<DeliveryState, int> counts = await store.CountStatesAsync(atMost, cancellation);
        return [.. Enum.GetValues<DeliveryState>().Select(state => (NameOf(state), counts[state]))];
    }

    private async Task<PageJson<DeliveryJson>> ListAsync(
        string? webhook, DeliveryState? state, Page page, CancellationToken cancellation)
    {
        IReadOnlyList<StoredDelivery> found = await store.DeliveriesAsync(
            new DeliveryFilter(string.IsNullOrEmpty(webhook) ? null : webhook, state, Before: page.Before, Limit: page.Limit, WithBody: false), cancellation);
        return new PageJson<DeliveryJson>(
            [.. found.Select(Show)], found.Count == page.Limit ? ApiJson.IdOf(found[^1].Id) : null);
    }

    private async Task<DeliveryJson> WithAttemptsAsync(StoredDelivery delivery, CancellationToken cancellation)
    {
        IReadOnlyList<StoredAttempt> attempts = await store.AttemptsAsync(delivery.Id, cancellation);
        return Show(delivery) with
        {
            Body = delivery.Body is { } body ? Encoding.UTF8.GetString(body) : null,
            HeldBecause = delivery.State == DeliveryState.Held ? await store.FindHoldAsync(delivery.Webhook, cancellation) : null,
            Attempts = [.. attempts.Select(AttemptJson.Of)],
        };
    }

    /// <summary>As its webhook's dialect calls its state, if the webhook is known still.</summary>
    private DeliveryJson Show(StoredDelivery delivery) => delivery.State == DeliveryState.Dead && webhooks.All.FirstOrDefault(webhook => webhook.Name == delivery.Webhook) is { } told
        ? DeliveryJson.Of(delivery) with { State = dialects.Single(dialect => dialect.Name == told.Dialect).NameOfDead }
        : DeliveryJson.Of(delivery);

    private bool TryReadState(string? name, out DeliveryState? state)
    {
        state = dialects.Any(dialect => dialect.NameOfDead == name) ? DeliveryState.Dead : null;
        if (string.IsNullOrEmpty(name)) return true;
        foreach (DeliveryState each in Enum.GetValues<DeliveryState>())
            if (string.Equals(NameOf(each), name, StringComparison.Ordinal))
                state = each;
        return state is not null;
    }

    internal static string NameOf(DeliveryState state) => state.ToString().ToLowerInvariant();
}

/// <summary>A delivery on the wire. What is null in lists is set where one is asked for.</summary>
/// <param name="Subject">Id of the issuance, malformed entry or notice, by kind.</param>
/// <param name="Key">The idempotency key that its receiver sees.</param>
internal sealed record DeliveryJson(
    string Id, string Webhook, string Kind, string Subject, string Key, string State, int Tries, DateTimeOffset? FirstTried,
    DateTimeOffset Due, DateTimeOffset Created)
{
    public string? HeldBecause { get; init; }

    /// <summary>As sent; null before the first attempt.</summary>
    public string? Body { get; init; }

    public IReadOnlyList<AttemptJson>? Attempts { get; init; }

    /// <summary>0, or which time it is sent again.</summary>
    public int Replay { get; init; }

    /// <summary>How the last attempt ended; null before the first.</summary>
    public string? LastOutcome { get; init; }

    public static DeliveryJson Of(StoredDelivery delivery) => new(
        ApiJson.IdOf(delivery.Id), delivery.Webhook, delivery.Kind, ApiJson.IdOf(delivery.Subject), delivery.Key,
        Deliveries.NameOf(delivery.State), delivery.Tries, delivery.FirstTried, delivery.Due, delivery.Created)
    {
        Replay = delivery.Replay,
        LastOutcome = delivery.LastOutcome,
    };
}

/// <summary>One try.</summary>
/// <param name="Answer">The answer's first bytes as text. Foreign.</param>
internal sealed record AttemptJson(DateTimeOffset Started, double TookMs, int? Status, string Outcome, string? Detail, string Answer)
{
    /// <summary>Whether it used up one try of the schedule.</summary>
    public bool Counted { get; init; }

    /// <summary>Name resolution, in ms; null over a connection that was open.</summary>
    public double? DnsMs { get; init; }

    /// <summary>The TCP connection, in ms; null over one that was open.</summary>
    public double? ConnectMs { get; init; }

    /// <summary>The TLS handshake, in ms; null over a connection that was open, and without TLS.</summary>
    public double? TlsMs { get; init; }

    /// <summary>From the connection to the end of the answer's headers, in ms; null without an answer.</summary>
    public double? HeadersMs { get; init; }

    /// <summary>Reading the answer's body, in ms; null without an answer.</summary>
    public double? BodyMs { get; init; }

    /// <summary>The IP address that was connected to, the receiver's or its proxy's; null without a connection.</summary>
    public string? Peer { get; init; }

    public static AttemptJson Of(StoredAttempt attempt) => new(
        attempt.Started, Math.Round(attempt.Took.TotalMilliseconds, 1), attempt.Status, attempt.Outcome, attempt.Detail,
        Encoding.UTF8.GetString(attempt.Answer))
    {
        Counted = attempt.Counted,
        DnsMs = Milliseconds(attempt.Phases.Dns),
        ConnectMs = Milliseconds(attempt.Phases.Connect),
        TlsMs = Milliseconds(attempt.Phases.Tls),
        HeadersMs = Milliseconds(attempt.Phases.Headers),
        BodyMs = Milliseconds(attempt.Phases.Body),
        Peer = attempt.Phases.Peer,
    };

    private static double? Milliseconds(TimeSpan? phase) => phase is { } took ? Math.Round(took.TotalMilliseconds, 1) : null;
}
