using CertHerald.Inspecting;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Storage;

/// <summary>
/// The leaves that issuances and malformed entries were found in, and how each is proven. What a batch proves is kept in its
/// commit; the rest is asked for later. A part of <see cref="IStore"/>.
/// </summary>
internal interface IProofs
{
    /// <summary>
    /// Leaves in what was read and proven of a log that no audit path is kept of, by index, behind a place. Those that were seen
    /// in a batch that contradicted a head, and never again, are not among them.
    /// </summary>
    /// <param name="after">The last one of the part before; null begins.</param>
    Task<IReadOnlyList<UnprovedLeaf>> UnprovedLeavesAsync(LogId log, UnprovedLeaf? after, int limit, CancellationToken cancellation);

    /// <summary>Keeps a checked audit path, and the head, for good. A leaf that has one keeps it.</summary>
    Task KeepProofAsync(LogId log, LeafProof proof, CancellationToken cancellation);

    /// <summary>Evidence of an issuance in a log; null while nothing is proven there.</summary>
    /// <param name="log">Null: the first place that is proven.</param>
    Task<Evidence?> FindEvidenceAsync(long issuance, (LogId Log, EntryIndex Index)? place, CancellationToken cancellation);

    /// <summary>Evidence of an entry that cannot be read; null while it is not proven.</summary>
    Task<Evidence?> FindMalformedEvidenceAsync(long malformed, CancellationToken cancellation);
}

/// <summary>A leaf without an audit path.</summary>
/// <param name="LeafInput">Null where an older program did not keep it: the log has it.</param>
internal sealed record UnprovedLeaf(EntryIndex Index, MerkleHash LeafHash, byte[]? LeafInput);

/// <summary>An audit path that leads from a leaf to a head's root.</summary>
internal sealed record LeafProof(EntryIndex Index, MerkleHash LeafHash, byte[] LeafInput, MerkleHash[] Path, StoredHead Head, DateTimeOffset HeadTime);

/// <summary>What is shown of a kept proof.</summary>
/// <param name="Signed">When the log signed the tree, by its clock.</param>
/// <param name="Hashes">Length of the audit path.</param>
internal sealed record SightingProof(TreeSize TreeSize, DateTimeOffset Signed, int Hashes);
