using CertHerald.Names;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Inspecting;

/// <summary>What one log entry shows that concerns the user.</summary>
/// <param name="Logged">The entry's timestamp, by the log's word.</param>
internal abstract record Finding(EntryIndex Index, MerkleHash LeafHash, DateTimeOffset Logged);

/// <summary>The entry's certificate is valid for something watched.</summary>
/// <param name="IssuerFingerprint">SHA-256 of the issuer's certificate, where the log keeps it beside its entries; else null.</param>
internal sealed record MatchFinding(
    EntryIndex Index, MerkleHash LeafHash, DateTimeOffset Logged, CertificateFacts Certificate, IReadOnlyList<Match> Matches,
    MerkleHash? IssuerFingerprint)
    : Finding(Index, LeafHash, Logged)
{
    /// <summary>It falls under more of the watch list than <see cref="Matches"/> lists.</summary>
    public bool HasMoreMatches { get; init; }

    /// <summary>The same, knowing the issuer's key.</summary>
    /// <param name="issuer">The issuer's certificate, DER; null leaves it unknown.</param>
    public MatchFinding WithIssuer(byte[]? issuer) => issuer is null
        ? this
        : this with { Certificate = Certificate with { IssuerPubkeySha256 = CertificateReading.PubkeySha256Of(issuer) } };
}

/// <summary>The entry could not be read so far that a watched name may hide in it. Never dropped: an alert of its own kind.</summary>
/// <param name="Entry">The entry's leaf as the log served it.</param>
/// <param name="ShowsWatchedName">The raw bytes hold a watched name: more urgent.</param>
internal sealed record MalformedFinding(
    EntryIndex Index, MerkleHash LeafHash, DateTimeOffset Logged, string Problem, byte[] Entry, bool ShowsWatchedName)
    : Finding(Index, LeafHash, Logged);

/// <summary>One identifier of a certificate and one watch item that it falls under.</summary>
internal sealed record Match(Identifier Identifier, string Item);
