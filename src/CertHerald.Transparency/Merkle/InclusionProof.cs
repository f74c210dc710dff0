using System.Numerics;
using static CertHerald.Transparency.Merkle.MerkleHash;

namespace CertHerald.Transparency.Merkle;

/// <summary>Audit paths: that an entry is in a tree. RFC 9162 §2.1.3.</summary>
public static class InclusionProof
{
    /// <summary>The root that an audit path gives; null if its length is wrong. RFC 9162 §2.1.3.2, steps 1 to 5.</summary>
    public static MerkleHash? RootFrom(MerkleHash leaf, EntryIndex index, TreeSize size, ReadOnlySpan<MerkleHash> path)
    {
        if (index.Value >= size.Value) return null;            // 1
        ulong fn = index.Value, sn = size.Value - 1;           // 2
        MerkleHash r = leaf;                                   // 3
        foreach (MerkleHash p in path)                         // 4
        {
            if (sn == 0) return null;
            if ((fn & 1) == 1 || fn == sn)
            {
                r = OfNode(p, r);
                while ((fn & 1) == 0 && fn != 0) { fn >>= 1; sn >>= 1; }
            }
            else
            {
                r = OfNode(r, p);
            }
            fn >>= 1; sn >>= 1;
        }
        return sn == 0 ? r : null;                             // 5
    }

    /// <summary>Whether the path leads from the leaf to this root.</summary>
    public static bool Verify(
        MerkleHash leaf, EntryIndex index, TreeSize size, ReadOnlySpan<MerkleHash> path, MerkleHash root) =>
        RootFrom(leaf, index, size, path) == root;

    /// <summary>
    /// The frontier before an entry, taken from the entry's audit path: its left-hand siblings, the last first. Null if the
    /// path does not lead to the root.
    /// </summary>
    /// <param name="index">The entry's index, which is the frontier's size.</param>
    public static Frontier? FrontierFrom(
        MerkleHash leaf, EntryIndex index, TreeSize size, ReadOnlySpan<MerkleHash> path, MerkleHash root)
    {
        if (!Verify(leaf, index, size, path, root)) return null;

        Span<MerkleHash> left = stackalloc MerkleHash[64];
        int free = left.Length, taken = 0;
        for (int level = 0; taken < path.Length; level++)
        {
            ulong sibling = index.Value >> level ^ 1;
            if ((sibling & 1) == 0) left[--free] = path[taken++];
            else if (sibling <= size.Value - 1 >> level) taken++;
        }

        return Frontier.TryCreate(new TreeSize(index.Value), left[free..], out Frontier? frontier) ? frontier : null;
    }

    /// <summary>
    /// Computes the audit path of an entry that a batch holds, from what surrounds it: nobody need be asked.
    /// RFC 9162 §2.1.3.1.
    /// </summary>
    /// <param name="before">The frontier before the batch.</param>
    /// <param name="leaves">The batch's leaf hashes.</param>
    /// <param name="after">The subtrees between batch and tree size, as <see cref="Subtrees.Of"/> yields them; perhaps none.</param>
    /// <exception cref="ArgumentException">The entry is not in the batch, or the parts do not make a tree of this size.</exception>
    public static MerkleHash[] PathFrom(
        EntryIndex index, Frontier before, ReadOnlySpan<MerkleHash> leaves, ReadOnlySpan<MerkleHash> after, TreeSize size) =>
        PathFrom(index, before, leaves, after, size, null);

    /// <param name="within">Subtrees of the leaves that were hashed for an earlier path, and takes those of this one; null keeps none.</param>
    internal static MerkleHash[] PathFrom(
        EntryIndex index, Frontier before, ReadOnlySpan<MerkleHash> leaves, ReadOnlySpan<MerkleHash> after, TreeSize size,
        Dictionary<Subtree, MerkleHash>? within)
    {
        ArgumentNullException.ThrowIfNull(before);
        var end = new TreeSize(before.Size.Value + (ulong)leaves.Length);
        if (index.Value < before.Size.Value || index.Value >= end.Value)
            throw new ArgumentException($"Entry {index} is not in [{before.Size}, {end}).", nameof(index));
        if (end > size || after.Length != Subtrees.CountOf(end, size))
            throw new ArgumentException($"The parts do not make a tree of {size} entries.", nameof(after));

        var tree = new Parts(before, leaves, after, size, within);
        var path = new List<MerkleHash>(64);
        for (int level = 0; level < 64; level++)
        {
            ulong first = (index.Value >> level ^ 1) << level;
            if (1UL << level >= size.Value) break;
            if (first >= size.Value) continue;
            path.Add(tree.HashOf(first, Math.Min(1UL << level, size.Value - first)));
        }
        return [.. path];
    }

    /// <summary>A tree known in three parts: frontier, leaves, subtrees.</summary>
    private readonly ref struct Parts(
        Frontier before, ReadOnlySpan<MerkleHash> leaves, ReadOnlySpan<MerkleHash> after, TreeSize size,
        Dictionary<Subtree, MerkleHash>? within)
    {
        private readonly ReadOnlySpan<MerkleHash> _leaves = leaves;
        private readonly ReadOnlySpan<MerkleHash> _after = after;

        /// <summary>The hash of [first, first + count), which no known subtree contains together with anything else.</summary>
        public MerkleHash HashOf(ulong first, ulong count)
        {
            ulong start = before.Size.Value, end = start + (ulong)_leaves.Length;
            if (count == 1 && first >= start && first < end) return _leaves[(int)(first - start)];
            if (first < start && Find(new TreeSize(0), before.Size, before.Hashes, first, count) is { } old) return old;
            if (first >= end && Find(new TreeSize(end), size, _after, first, count) is { } later) return later;

            // k: the largest power of two below the count. RFC 9162 §2.1.1.
            ulong k = 1UL << BitOperations.Log2(count - 1);
            bool isWithin = within is not null && BitOperations.IsPow2(count) && first >= start && first + count <= end;
            var subtree = new Subtree(BitOperations.Log2(count), first / count);
            if (isWithin && within!.TryGetValue(subtree, out MerkleHash known)) return known;

            MerkleHash hash = OfNode(HashOf(first, k), HashOf(first + k, count - k));
            if (isWithin) within!.Add(subtree, hash);
            return hash;
        }

        private static MerkleHash? Find(
            TreeSize from, TreeSize until, ReadOnlySpan<MerkleHash> hashes, ulong first, ulong count)
        {
            int i = 0;
            foreach (Subtree subtree in Subtrees.Of(from, until))
            {
                if (subtree.First.Value == first && subtree.Count == count) return hashes[i];
                i++;
            }
            return null;
        }
    }
}
