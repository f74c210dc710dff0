namespace CertHerald.Storage;

/// <summary>
/// What is durable. Every method is one transaction; a method that returned is on disk. Thread-safe.
/// Implementations share <c>StoreConformance</c>.
/// </summary>
internal interface IStore : IFoundIssuances, ILogStore, ILogLives, IDeliveries, IIncidents, INotices, IProofs, IWatchItems, IBackFills, IProtectedDomains, ILookalikes, IWeakLookalikes, ILearned, IApiKeys, IUsers, IAudit, IStoredWebhooks, IStoredSecrets, INodes, ICertificateSearch, IIssuerKeys, IChains, IAuthorisations, IBaselines, ICaaSets, IRevocations, IWatchedNames, IApps, IEvents, IBackup, IAsyncDisposable
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

    /// <summary>Whether a write would succeed now.</summary>
    Task<bool> IsWritableAsync(CancellationToken cancellation);
}
