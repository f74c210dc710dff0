using CertHerald.Deciding;
using CertHerald.Inspecting;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Storage;

/// <summary>One TBS hash: a precertificate and its certificate, in however many logs, with what was decided on discovery.</summary>
/// <param name="Id">Ascending in order of discovery; opaque to clients.</param>
internal sealed record Issuance(
    long Id, CertificateFacts Certificate, IReadOnlyList<WatchedEndpoint> Endpoints, bool Known, string Reason, DateTimeOffset Discovered)
{
    /// <summary>Since when it is known, if that is later than its discovery: it was unknown before. Else null.</summary>
    public DateTimeOffset? KnownSince { get; init; }

    /// <summary>What its issuer's revocation list says of it.</summary>
    public Revocation Revocation { get; init; } = Revocation.Unknown;
}

/// <summary>Where a log shows an issuance.</summary>
/// <param name="Proven">Under a signed head. False until then: the alert does not wait for it.</param>
internal sealed record Sighting(
    LogId Log, string LogDescription, EntryIndex Index, MerkleHash LeafHash, DateTimeOffset Logged, bool IsPrecertificate, bool Proven)
{
    /// <summary>How it is proven; null until a path is kept, which for what was caught up with may be after it is proven.</summary>
    public SightingProof? Proof { get; init; }
}

/// <summary>An entry that could not be read.</summary>
internal sealed record MalformedEntry(
    long Id, LogId Log, string LogDescription, string LogUrl, EntryIndex Index, MerkleHash LeafHash, string Problem, byte[] Entry,
    bool ShowsWatchedName, DateTimeOffset Discovered);
