using CertHerald.Names;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Inspecting;

/// <summary>What one log entry shows that concerns the user.</summary>
/// <param name="Logged">The entry's timestamp, by the log's word.</param>
internal abstract record Finding(EntryIndex Index, MerkleHash LeafHash, DateTimeOffset Logged);

/// <summary>The entry's certificate is valid for something watched, or for a look-alike of something protected, or both.</summary>
/// <param name="IssuerFingerprint">SHA-256 of the issuer's certificate, where the log keeps it beside its entries; else null.</param>
internal sealed record MatchFinding(
    EntryIndex Index, MerkleHash LeafHash, DateTimeOffset Logged, CertificateFacts Certificate, IReadOnlyList<Match> Matches,
    MerkleHash? IssuerFingerprint)
    : Finding(Index, LeafHash, Logged)
{
    /// <summary>It falls under more of the watch list than <see cref="Matches"/> lists.</summary>
    public bool HasMoreMatches { get; init; }

    /// <summary>What it imitates of protected domains, by owner, registrable domain and protected domain.</summary>
    public IReadOnlyList<LookalikeMatch> Lookalikes { get; init; } = [];

    /// <summary>
    /// SHA-256 of the certificates above the issuer's, likewise, from below: the first is the issuer of the final certificate if
    /// the issuer's only signs precertificates.
    /// </summary>
    public IReadOnlyList<MerkleHash> FingerprintsAbove { get; init; } = [];

    /// <summary>The issuer's SubjectPublicKeyInfo, of which the certificate's facts have the hash; null while no chain has shown it.</summary>
    public byte[]? IssuerSpki { get; init; }

    /// <summary>The issuer's certificate, DER, where the log has shown it; else null. Shown by the log, and covered by no tree.</summary>
    public byte[]? IssuerDer { get; init; }

    /// <summary>The certificate above it, likewise.</summary>
    public byte[]? NextDer { get; init; }

    /// <summary>
    /// The certificates above this one as the log shows them, DER, from the issuer's up, as far as they are kept. Covered by no
    /// tree; a chain that contradicts the leaf is left out.
    /// </summary>
    public IReadOnlyList<byte[]> Chain { get; init; } = [];

    /// <summary>
    /// Whether the issuer's key has signed this certificate, through the signing certificate of a precertificate if there is one:
    /// what that key may authorise (RFC 6962 §3.1). Costs a signature check: ask last.
    /// </summary>
    public bool IsSignedByIssuer() =>
        ChainMismatch is null && IssuerDer is not null && Certificate.IssuerPubkeySha256 is { } key && IssuerSignature.Holds(Certificate.CertDer, IssuerDer, NextDer, key);

    /// <summary>
    /// How precertificate and chain, which the tree does not cover, contradict the leaf: among the certificate's problems,
    /// too. Null if they do not. The leaf is right, the alert goes out, and the log has broken a promise.
    /// </summary>
    public string? ChainMismatch { get; private init; }

    /// <summary>The same, with a contradiction; null adds none.</summary>
    public MatchFinding Contradicted(string? by)
    {
        if (by is null) return this;
        string problem = $"The log contradicts its own entry: {by}.";
        return this with { ChainMismatch = problem, Chain = [], Certificate = Certificate with { Problems = [.. Certificate.Problems, problem] } };
    }

    /// <summary>The same, knowing what the log keeps beside its entries.</summary>
    /// <param name="issuer">The issuer's certificate, DER; null leaves it unknown.</param>
    /// <param name="next">The certificate above it, likewise.</param>
    public MatchFinding WithIssuer(byte[]? issuer, byte[]? next = null)
    {
        if (issuer is null) return this;
        // The leaf of a precertificate names its issuer's key itself: there the chain is judged, not believed.
        if (!Certificate.IsPrecertificate)
            return (this with { Certificate = Certificate with { IssuerPubkeySha256 = CertificateReading.PubkeySha256Of(issuer) }, IssuerDer = issuer }).WithKeyOf(issuer, null);
        MatchFinding shown = WithKeyOf(issuer, next);
        if (ChainMismatch is not null || (next is null && CertificateReading.SignsPrecertificates(issuer))) return shown;
        return (shown with { IssuerDer = issuer, NextDer = next }).Contradicted(PrecertificateCheck.Contradiction(
            Certificate.CertDer, Certificate.TbsSha256, Certificate.IssuerPubkeySha256!, issuer, next));
    }

    /// <summary>The same, with the key of the one that has the issuer's: above a certificate that only signs precertificates, the next.</summary>
    private MatchFinding WithKeyOf(byte[] issuer, byte[]? next) => Certificate.IssuerPubkeySha256 is { } sha256
        ? this with { IssuerSpki = CertificateReading.SpkiOf(issuer, sha256) ?? (next is null ? null : CertificateReading.SpkiOf(next, sha256)) }
        : this;
}

/// <summary>The entry could not be read so far that a watched name may hide in it. Never dropped: an alert of its own kind.</summary>
/// <param name="Entry">The entry's leaf as the log served it.</param>
/// <param name="ShowsWatchedName">The raw bytes hold a watched name: more urgent.</param>
internal sealed record MalformedFinding(
    EntryIndex Index, MerkleHash LeafHash, DateTimeOffset Logged, string Problem, byte[] Entry, bool ShowsWatchedName)
    : Finding(Index, LeafHash, Logged);

/// <summary>One identifier of a certificate and one watch item that it falls under.</summary>
internal sealed record Match(Identifier Identifier, string Item);
