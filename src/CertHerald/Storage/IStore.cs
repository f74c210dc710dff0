namespace CertHerald.Storage;

/// <summary>
/// What is durable. Every method is one transaction; a method that returned is on disk. Thread-safe.
/// Implementations share <c>StoreConformance</c>.
/// </summary>
internal interface IStore : ILogStore, ILogLives, IIncidents, IProofs, IWatchItems, IBackFills, ILearned, IApiKeys, IUsers, IAudit, IAsyncDisposable
{
    /// <summary>Endpoint names known from earlier issuances exactly one label below <paramref name="parent"/>, at most 1,000.</summary>
    Task<IReadOnlyList<string>> EndpointsBelowAsync(string parent, CancellationToken cancellation);

    /// <summary>Null if there is none.</summary>
    Task<Issuance?> FindIssuanceAsync(long id, CancellationToken cancellation);

    /// <summary>Issuances, newest first, below an id (null: from the newest).</summary>
    Task<IReadOnlyList<Issuance>> IssuancesAsync(long? before, int limit, CancellationToken cancellation);

    /// <summary>The logs that show an issuance, in order of discovery.</summary>
    Task<IReadOnlyList<Sighting>> SightingsAsync(long issuance, CancellationToken cancellation);

    /// <summary>Null if there is none.</summary>
    Task<MalformedEntry?> FindMalformedAsync(long id, CancellationToken cancellation);

    /// <summary>
    /// Takes due deliveries of one webhook, oldest first, for this process until <paramref name="until"/>; a claim that
    /// expires is due again.
    /// </summary>
    Task<IReadOnlyList<StoredDelivery>> ClaimDueAsync(string webhook, int room, DateTimeOffset now, DateTimeOffset until, CancellationToken cancellation);

    /// <summary>Fixes the body of a delivery before its first POST. Killed afterwards, the next attempt sends the same bytes.</summary>
    Task FreezeAsync(long delivery, ReadOnlyMemory<byte> body, CancellationToken cancellation);

    /// <summary>Records an attempt and what becomes of its delivery, together.</summary>
    /// <param name="due">When it is tried next, if <paramref name="state"/> is pending.</param>
    /// <param name="counted">Whether the attempt uses up one try of the schedule.</param>
    Task CompleteAttemptAsync(StoredAttempt attempt, DeliveryState state, DateTimeOffset due, bool counted, CancellationToken cancellation);

    /// <summary>Puts every open delivery of a webhook on hold, with a reason to show; or releases what is held (null).</summary>
    Task HoldWebhookAsync(string webhook, string? reason, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>Why a webhook's deliveries are held; null if they are not.</summary>
    Task<string?> FindHoldAsync(string webhook, CancellationToken cancellation);

    /// <summary>Webhooks that open or held deliveries are owed to, or that are on hold; configured or not.</summary>
    Task<IReadOnlyList<string>> OwedWebhooksAsync(CancellationToken cancellation);

    /// <summary>When the oldest open delivery was or is due; null if none is open.</summary>
    Task<DateTimeOffset?> OldestDueAsync(CancellationToken cancellation);

    /// <summary>Deliveries by filter, newest first.</summary>
    Task<IReadOnlyList<StoredDelivery>> DeliveriesAsync(DeliveryFilter filter, CancellationToken cancellation);

    /// <summary>Attempts of a delivery, oldest first.</summary>
    Task<IReadOnlyList<StoredAttempt>> AttemptsAsync(long delivery, CancellationToken cancellation);

    /// <summary>Whether a write would succeed now.</summary>
    Task<bool> IsWritableAsync(CancellationToken cancellation);
}
