using CertHerald.Inspecting;

namespace CertHerald.Storage;

/// <summary>Stored certificates by the names on them: all of them, not only those that are watched. A part of <see cref="IStore"/>.</summary>
internal interface ICertificateSearch
{
    /// <summary>
    /// What a query finds, in its order. Fewer than <see cref="CertificateQuery.Limit"/> says that there are no more: whoever must
    /// know whether a page follows asks for one more than it shows, and whether one precedes, for one in the other order.
    /// </summary>
    Task<IReadOnlyList<StoredCertificate>> SearchCertificatesAsync(CertificateQuery query, CancellationToken cancellation);

    /// <summary>The same by id; null if there is none.</summary>
    Task<StoredCertificate?> FindCertificateAsync(long id, CancellationToken cancellation);

    /// <summary>
    /// Moves the next part of what has expired out of the way of those who ask for unexpired ones. They never see it; not to move
    /// it only makes them slower.
    /// </summary>
    /// <returns>How many; less than <paramref name="limit"/> says that none is left.</returns>
    Task<int> MarkExpiredAsync(DateTimeOffset now, int limit, CancellationToken cancellation);

    /// <summary>Deletes what the index of all certificates alone has, and was discovered before a time; oldest first.</summary>
    /// <returns>How many; less than <paramref name="limit"/> says that none is left.</returns>
    Task<int> DeleteIndexedAsync(DateTimeOffset before, int limit, CancellationToken cancellation);
}

/// <summary>Which certificates are looked for. Ids ascend in order of discovery, so they are cursors in either direction.</summary>
/// <param name="Domain">Lower case, A-labels, without a dot at either end. Anything else finds nothing.</param>
internal sealed record CertificateQuery(string Domain)
{
    /// <summary>Everything below the domain too, at any depth. Then <see cref="MatchWildcards"/> is implied, unless <see cref="NamedOnly"/> says otherwise.</summary>
    public bool IncludeBelow { get; init; }

    /// <summary>Names that stand for the domain too: <c>*.example.com</c> for <c>www.example.com</c>, as the watch list understands it.</summary>
    public bool MatchWildcards { get; init; }

    /// <summary>With <see cref="IncludeBelow"/>: only names that end in the domain themselves, and none that stands for one that does.</summary>
    public bool NamedOnly { get; init; }

    /// <summary>By ascending id; otherwise newest first.</summary>
    public bool OldestFirst { get; init; }

    /// <summary>Only ids greater than this.</summary>
    public long? Above { get; init; }

    /// <summary>Only ids less than this.</summary>
    public long? Below { get; init; }

    /// <summary>Only those whose validity ends after this time, or at one that could not be read. Null: expired ones too.</summary>
    public DateTimeOffset? UnexpiredAt { get; init; }

    /// <summary>At most this many; at least 1.</summary>
    public int Limit { get; init; } = 100;
}

/// <summary>One TBS hash, as search finds it.</summary>
/// <param name="Id">Its issuance's id, or the one that it would get as an issuance: stable for ever.</param>
/// <param name="Certificate">Without a DER if there is no issuance under the id, and the index of all certificates keeps none: then <see cref="CertificateFacts.CertDer"/> is empty.</param>
internal sealed record StoredCertificate(long Id, CertificateFacts Certificate)
{
    /// <summary>Null if it is not kept.</summary>
    public byte[]? Der => Certificate.CertDer is { Length: > 0 } der ? der : null;
}
