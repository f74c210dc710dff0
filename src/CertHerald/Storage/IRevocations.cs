using System.Security.Cryptography;
using System.Text;

namespace CertHerald.Storage;

/// <summary>What revocation lists say of issuances, and when each list is asked for. A part of <see cref="IStore"/>, and kept as durably.</summary>
internal interface IRevocations
{
    /// <summary>Issuances of which nobody has read yet where their revocation is published, oldest first.</summary>
    Task<IReadOnlyList<StoredCertificate>> UnreadPointsAsync(int limit, CancellationToken cancellation);

    /// <summary>Keeps where the revocation of issuances is published. A list that is new, or that has new issuances, is due soon.</summary>
    /// <param name="apart">A list that was asked for is not due again before as long.</param>
    Task<int> KeepPointsAsync(IReadOnlyList<RevocationPoint> points, TimeSpan apart, CancellationToken cancellation);

    /// <summary>Lists that are due, and about an issuance that has not expired; those that are due longest first.</summary>
    Task<IReadOnlyList<StoredCrl>> DueCrlsAsync(DateTimeOffset now, int limit, CancellationToken cancellation);

    /// <summary>The issuances that a list is about and that have not expired.</summary>
    Task<IReadOnlyList<CrlSubject>> CrlSubjectsAsync(long crl, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>Keeps what a list says of issuances. Before <see cref="KeepCrlAsync"/>: killed between the two, the list is asked for again.</summary>
    /// <param name="findings">Those of which it says something else than is kept. Few at a time: commits wait for it.</param>
    Task<int> KeepFindingsAsync(IReadOnlyList<CrlFinding> findings, DateTimeOffset found, CancellationToken cancellation);

    /// <summary>Keeps what one look at a list came to.</summary>
    /// <returns>False if there is no such list.</returns>
    Task<bool> KeepCrlAsync(CrlLook look, CancellationToken cancellation);

    /// <summary>What is known of issuances; those of which there is nothing are left out.</summary>
    Task<IReadOnlyDictionary<long, Revocation>> RevocationsAsync(IReadOnlyCollection<long> issuances, CancellationToken cancellation);

    /// <summary>Of issuances that have not expired.</summary>
    Task<RevocationCounts> CountRevocationsAsync(DateTimeOffset now, CancellationToken cancellation);

    /// <summary>Takes the asking for this process, or goes on with it: of those on one database, one at a time asks.</summary>
    /// <param name="until">When another may take it, unless it is taken again.</param>
    /// <returns>False if it is another's.</returns>
    Task<bool> TakeCrlsAsync(DateTimeOffset until, CancellationToken cancellation);
}

/// <summary>What is known of an issuance's revocation.</summary>
/// <param name="IsRevoked">False: not known to be.</param>
/// <param name="RevokedAt">By the list's word; null if it is not revoked, or the list's date is none.</param>
/// <param name="Reason">A code of RFC 5280 §5.3.1; null if it is not revoked.</param>
/// <param name="CheckedAt">When it was last looked for in a list that could be believed; null if it never was, or has expired since.</param>
/// <param name="Problem">Why it is not looked for, or the list could not be had. For people; empty if all is well. May hold foreign text.</param>
internal sealed record Revocation(bool IsRevoked, DateTimeOffset? RevokedAt, int? Reason, DateTimeOffset? CheckedAt, string Problem)
{
    /// <summary>certificateHold: the one reason that may end. RFC 5280 §5.3.1.</summary>
    public const int Hold = 6;

    public const string NotAskedYet = "It was not looked for yet.", Expired = "It has expired: nobody is asked any more.";

    public static Revocation Unknown { get; } = new(false, null, null, null, NotAskedYet);
}

/// <summary>Where a list is had, and who must have signed it.</summary>
/// <param name="Uris">Tried in this order.</param>
/// <param name="IssuerName">As the certificate names its issuer.</param>
/// <param name="IssuerKey">SHA-256 of the issuer's key, in hexadecimal.</param>
internal sealed record CrlAddress(IReadOnlyList<string> Uris, string IssuerName, string IssuerKey)
{
    /// <summary>The same for the same, and short.</summary>
    public string Identity => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{IssuerKey}\n{string.Join('\n', Uris)}\n\n{IssuerName}")));
}

/// <summary>Where an issuance's revocation is published.</summary>
/// <param name="Serial">Canonical, in hexadecimal.</param>
/// <param name="Crl">Null if it cannot be looked up.</param>
/// <param name="Problem">Then why; else empty.</param>
internal sealed record RevocationPoint(long Issuance, string Serial, DateTimeOffset Until, CrlAddress? Crl, string Problem)
{
    /// <summary>It was read before any log had shown whose key its issuer's is: it stays unread if one has by now.</summary>
    public bool IsKeyUnknown { get; init; }
}

/// <summary>A list that is asked for.</summary>
/// <param name="Failures">Looks that came to nothing, since the last one that did not.</param>
/// <param name="ThisUpdate">Of the newest one that was believed.</param>
internal sealed record StoredCrl(long Id, CrlAddress Address, int Failures, DateTimeOffset? Checked, DateTimeOffset? ThisUpdate);

/// <summary>An issuance that a list is about, and what is kept of it.</summary>
internal sealed record CrlSubject(long Issuance, string Serial, bool IsRevoked, DateTimeOffset? RevokedAt, int? Reason);

/// <summary>What a list says of an issuance.</summary>
internal sealed record CrlFinding(long Issuance, bool IsRevoked, DateTimeOffset? RevokedAt, int? Reason);

/// <summary>What one look at a list came to.</summary>
/// <param name="Asked">When it began.</param>
/// <param name="Due">When the next one is.</param>
/// <param name="ThisUpdate">Of the list; null if it could not be had or believed: what is kept stays.</param>
/// <param name="Problem">Then why; else empty.</param>
internal sealed record CrlLook(long Crl, DateTimeOffset Asked, DateTimeOffset Due, DateTimeOffset? ThisUpdate, string Problem);

/// <param name="Unchecked">Never looked for in a list that could be believed.</param>
/// <param name="Failing">Lists that could not be had or believed at the last look.</param>
internal readonly record struct RevocationCounts(long Checked, long Unchecked, long Revoked, long Failing);
