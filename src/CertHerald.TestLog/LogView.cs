using CertHerald.TestLog.Storage;
using CertHerald.Transparency.Merkle;

namespace CertHerald.TestLog;

/// <summary>
/// What a log shows at one moment: a head and the tree below it. In a tree that is not the log's own, one leaf is another,
/// and every hash, proof and entry agrees with that.
/// </summary>
internal sealed class LogView(Log log, PublishedHead head, OtherLeaf? other = null)
{
    public Log Log => log;

    public PublishedHead Head => head;

    public OtherLeaf? Other => other;

    public IReadOnlyList<MerkleHash> InclusionProof(ulong index, ulong size) => log.Tree.Path(index, size, other);

    public IReadOnlyList<MerkleHash> ConsistencyProof(ulong first, ulong second) =>
        first == 0 ? [] : log.Tree.Proof(first, second, other);

    public EntryIndex? FindLeaf(MerkleHash leafHash, TreeSize size)
    {
        if (other is null || other.Index >= size.Value) return log.FindLeaf(leafHash, size);
        if (leafHash == other.Hash) return new EntryIndex(other.Index);
        return log.FindLeaf(leafHash, size) is { } found && found.Value != other.Index ? found : null;
    }

    public (byte[] LeafInput, byte[] ExtraData) ReadEntry(ulong index)
    {
        (byte[] leafInput, byte[] extraData) = log.ReadEntry(new EntryIndex(index));
        return (other?.Index == index ? other.LeafInput.ToArray() : leafInput, extraData);
    }

    /// <summary>Consecutive hashes of a level.</summary>
    public void ReadHashes(int level, ulong first, Span<byte> target)
    {
        log.Tree.Read(level, first, target);
        if (other is null) return;
        ulong changed = other.Index >> level, count = (ulong)(target.Length / MerkleHash.Length);
        if (changed < first || changed >= first + count) return;
        log.Tree.Mth(changed << level, (changed + 1) << level, other).CopyTo(target[((int)(changed - first) * MerkleHash.Length)..]);
    }
}
