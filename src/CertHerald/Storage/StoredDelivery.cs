namespace CertHerald.Storage;

/// <summary>How far a delivery is. The names are database values. Joined: the body of another one carries it.</summary>
internal enum DeliveryState { Pending, Inflight, Done, Dead, Held, Cancelled, Joined }

/// <summary>What one webhook is owed about one subject.</summary>
/// <param name="Kind">One of <see cref="Deciding.EventKinds"/>.</param>
/// <param name="Subject">The issuance's, malformed entry's or notice's id, by kind.</param>
/// <param name="Key">The idempotency key, fixed when the delivery was committed: the same for every attempt.</param>
/// <param name="Body">Frozen before the first POST; null until then.</param>
/// <param name="Tries">Attempts that counted.</param>
/// <param name="FirstTried">When the schedule began; null before the first attempt.</param>
/// <param name="Due">Of one that has ended: when it did.</param>
/// <param name="HeadSeen">When the head that first showed the entry arrived.</param>
internal sealed record StoredDelivery(
    long Id, string Webhook, string Kind, long Subject, string Key, byte[]? Body, DeliveryState State, int Tries,
    DateTimeOffset? FirstTried, DateTimeOffset Due, DateTimeOffset HeadSeen, DateTimeOffset Created)
{
    /// <summary>A claim brings no body that is larger, in bytes: two hundred may come together. The store's claims say the same number.</summary>
    public const int MostClaimedBody = 64 << 10;

    /// <summary>Whether its body is fixed, also where <see cref="Body"/> was left out.</summary>
    public bool IsFrozen { get; init; }

    /// <summary>Whose claim it is under: only under the same one may its outcome be recorded. Null if under none.</summary>
    public long? Lease { get; init; }

    /// <summary>When the claim expires that it is under; null if under none.</summary>
    public DateTimeOffset? LeaseUntil { get; init; }

    /// <summary>0: what was owed. Else the replay of something that had been delivered, or was sent under a new key.</summary>
    public int Replay { get; init; }

    /// <summary>A receiver refused the body as too large: it is written anew, in its short form. Null body until then.</summary>
    public bool IsShort { get; init; }

    /// <summary>How the last attempt ended; null before the first.</summary>
    public string? LastOutcome { get; init; }
}

/// <summary>One try at a delivery. Append-only.</summary>
/// <param name="Status">The answer's status; null if there was none.</param>
/// <param name="Outcome">Short class: delivered, status, timeout, dns, connect, tls, blocked, protocol, internal.</param>
/// <param name="Answer">The first bytes of the answer's body.</param>
internal sealed record StoredAttempt(
    long Delivery, DateTimeOffset Started, TimeSpan Took, int? Status, string Outcome, string? Detail, byte[] Answer)
{
    /// <summary>Whether it used up one try of the schedule. Set by the store, from the settlement.</summary>
    public bool Counted { get; init; } = true;

    public AttemptPhases Phases { get; init; } = AttemptPhases.None;
}

/// <summary>How long each part of an attempt took; null for a part that was not come to.</summary>
/// <param name="Dns">Null, as the next two, if the request went over a connection that was open already.</param>
/// <param name="Connect">Through the proxy, if there is one.</param>
/// <param name="Tls">Null without TLS.</param>
/// <param name="Headers">From the connection to the end of the answer's headers: the request's way there is in it.</param>
/// <param name="Body">Reading as much of the answer's body as is read.</param>
/// <param name="Peer">The IP address that was connected to, the receiver's or its proxy's; null without a connection.</param>
internal sealed record AttemptPhases(TimeSpan? Dns, TimeSpan? Connect, TimeSpan? Tls, TimeSpan? Headers, TimeSpan? Body, string? Peer)
{
    public static AttemptPhases None { get; } = new(null, null, null, null, null, null);
}

/// <summary>Which deliveries to list: newest first, below an id.</summary>
/// <param name="WithBody">False leaves <see cref="StoredDelivery.Body"/> null: one can have 20 MB, and a list a thousand of them.</param>
internal sealed record DeliveryFilter(
    string? Webhook = null, DeliveryState? State = null, long? Subject = null, string? Kind = null, long? Before = null, int Limit = 100, bool WithBody = true);

/// <summary>A claimed delivery by its id and the claim it is under.</summary>
internal readonly record struct Lease(long Delivery, long Token);

/// <summary>What one webhook may get in a claim. Asked inside the transaction, with what is durable then.</summary>
/// <param name="Grant">May be asked again: the last answer counts.</param>
internal sealed record ClaimRequest(string Webhook, Func<WebhookState, Grant> Grant)
{
    /// <summary>
    /// The body of a delivery without one, if it is known already: a store may fix it with the claim, and spare the caller a
    /// transaction. Null, or an answer of null, leaves it to <see cref="IDeliveries.FreezeAsync"/>.
    /// </summary>
    public Func<StoredDelivery, byte[]?>? BodyOf { get; init; }
}

/// <summary>How many deliveries a webhook may get now.</summary>
/// <param name="AtMost">0: none.</param>
/// <param name="Then">Its state after so many were taken; not asked for 0.</param>
internal sealed record Grant(int AtMost, Func<int, WebhookState> Then)
{
    public static Grant None { get; } = new(0, _ => WebhookState.New);

    /// <summary>Takes the oldest of what is held, due or not.</summary>
    public bool OfHeld { get; init; }
}

/// <summary>A delivery that the body of another one carries.</summary>
/// <param name="Subject">See <see cref="StoredDelivery.Subject"/>; the kind is the other's.</param>
internal readonly record struct JoinedDelivery(long Id, long Subject);

/// <summary>A body to be fixed.</summary>
internal readonly record struct FrozenBody(Lease Lease, ReadOnlyMemory<byte> Body);

/// <summary>An attempt to be recorded.</summary>
/// <param name="Webhook">The delivery's.</param>
/// <param name="Settle">Pure: asked inside the transaction, with what is durable of the webhook then. May be asked again: the last answer counts.</param>
/// <param name="PerSecond">How fast a webhook that becomes active again gets what was held.</param>
internal sealed record Completion(string Webhook, Lease Lease, StoredAttempt Attempt, Func<WebhookState, Settlement> Settle, double PerSecond);

/// <summary>What becomes of a delivery after an attempt, and of its webhook.</summary>
/// <param name="State">Pending becomes held if the webhook is not active.</param>
/// <param name="Due">When it is tried next, if pending.</param>
/// <param name="Counted">Whether the attempt uses up one try of the schedule.</param>
internal sealed record Settlement(DeliveryState State, DateTimeOffset Due, bool Counted, WebhookState Webhook)
{
    /// <summary>What operators must hear. Written in the same transaction.</summary>
    public IReadOnlyList<DeliveryNews> News { get; init; } = [];

    /// <summary>Forgets the body, so that a short one is written.</summary>
    public bool Shorten { get; init; }
}

/// <summary>What operators must hear about a webhook or one of its deliveries.</summary>
/// <param name="Kind">One of <see cref="DeliveryNewsKinds"/>.</param>
/// <param name="Detail">For people. Holds no URL and no secret.</param>
internal sealed record DeliveryNews(string Kind, string Detail);

/// <summary>Kinds of <see cref="DeliveryNews"/>. The texts are database values and a contract with operator channels.</summary>
internal static class DeliveryNewsKinds
{
    /// <summary>The 4th try of a delivery failed.</summary>
    public const string Failing = "delivery.failing";

    /// <summary>A delivery whose failing was told of has arrived.</summary>
    public const string Recovered = "delivery.recovered";

    /// <summary>A delivery's schedule is exhausted, or its receiver answered 410.</summary>
    public const string Dead = "delivery.dead";

    /// <summary>A webhook is 50, 70 or 90 % of the way to a hold.</summary>
    public const string EndpointFailing = "endpoint.failing";

    public const string EndpointHeld = "endpoint.held";

    public const string EndpointGone = "endpoint.gone";

    /// <summary>A webhook that was held takes deliveries again.</summary>
    public const string EndpointRecovered = "endpoint.recovered";
}

/// <summary>News as they are stored: of one webhook and kind, what nobody was told of yet is one row.</summary>
/// <param name="Delivery">The first it is about; null if it is about the webhook.</param>
/// <param name="Cases">How often it came until it was told.</param>
/// <param name="At">When it came first.</param>
/// <param name="Told">When operators were told; null until then.</param>
internal sealed record StoredNews(
    long Id, string Webhook, string Kind, long? Delivery, string Detail, int Cases, DateTimeOffset At, DateTimeOffset? Told);

/// <summary>What is open for one webhook.</summary>
/// <param name="Due">Since when the oldest delivery that waits can leave, or when it can: not before the end of a pause.</param>
/// <param name="IsProbe">It gets one, to see whether it takes it: nothing is late there.</param>
internal sealed record OpenWebhook(string Webhook, DateTimeOffset Due, bool IsProbe);

/// <summary>Which deliveries of a filter a replay takes.</summary>
internal enum ReplayOf { Any, Dead, Held, Undelivered }

/// <summary>What to replay: all that is given must hold. Of something that was replayed already, the last time counts.</summary>
/// <param name="Ids">Null: any.</param>
/// <param name="From">Owed then or later.</param>
/// <param name="Until">Owed before.</param>
internal sealed record ReplayFilter(
    IReadOnlyList<long>? Ids = null, string? Webhook = null, DateTimeOffset? From = null, DateTimeOffset? Until = null, ReplayOf Of = ReplayOf.Any);

/// <summary>What a replay would take.</summary>
/// <param name="LastId">The newest delivery of all.</param>
internal sealed record ReplayCount(long Count, DateTimeOffset? First, DateTimeOffset? Last, long LastId);

/// <summary>What became of a part.</summary>
/// <param name="After">Where the next one begins; null if this was the last.</param>
/// <param name="Placed">How many are to be sent again, by webhook.</param>
/// <param name="Hastened">Waited, and are due now.</param>
/// <param name="Held">Wait for their webhook.</param>
/// <param name="UnderWay">Are being sent.</param>
internal sealed record ReplayPart(long? After, IReadOnlyDictionary<string, int> Placed, int Hastened, int Held, int UnderWay)
{
    public int Replayed => Placed.Values.Sum();
}

/// <summary>How many deliveries and webhooks are in states that somebody should look at.</summary>
internal sealed record DeliveryCounts(long Held, long Dead);
