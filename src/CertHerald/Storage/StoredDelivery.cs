namespace CertHerald.Storage;

/// <summary>How far a delivery is. The names are database values.</summary>
internal enum DeliveryState { Pending, Inflight, Done, Dead, Held, Cancelled }

/// <summary>What one webhook is owed about one subject.</summary>
/// <param name="Kind">One of <see cref="Deciding.EventKinds"/>.</param>
/// <param name="Subject">The issuance's, malformed entry's or notice's id, by kind.</param>
/// <param name="Key">The idempotency key, fixed when the delivery was committed: the same for every attempt.</param>
/// <param name="Body">Frozen before the first POST; null until then.</param>
/// <param name="Tries">Attempts that counted.</param>
/// <param name="FirstTried">When the schedule began; null before the first attempt.</param>
/// <param name="HeadSeen">When the head that first showed the entry arrived.</param>
internal sealed record StoredDelivery(
    long Id, string Webhook, string Kind, long Subject, string Key, byte[]? Body, DeliveryState State, int Tries,
    DateTimeOffset? FirstTried, DateTimeOffset Due, DateTimeOffset HeadSeen, DateTimeOffset Created);

/// <summary>One try at a delivery. Append-only.</summary>
/// <param name="Status">The answer's status; null if there was none.</param>
/// <param name="Outcome">Short class: delivered, status, timeout, dns, connect, tls, blocked, protocol, internal.</param>
/// <param name="Answer">The first bytes of the answer's body.</param>
internal sealed record StoredAttempt(
    long Delivery, DateTimeOffset Started, TimeSpan Took, int? Status, string Outcome, string? Detail, byte[] Answer);

/// <summary>Which deliveries to list: newest first, below an id.</summary>
/// <param name="WithBody">False leaves <see cref="StoredDelivery.Body"/> null: one can have 20 MB, and a list a thousand of them.</param>
internal sealed record DeliveryFilter(
    string? Webhook = null, DeliveryState? State = null, long? Subject = null, string? Kind = null, long? Before = null, int Limit = 100, bool WithBody = true);
