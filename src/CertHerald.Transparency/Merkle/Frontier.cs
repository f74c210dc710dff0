using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.InteropServices;

namespace CertHerald.Transparency.Merkle;

/// <summary>
/// The perfect subtrees that cover the entries [0, Size), largest first: all one needs to append entries and to know the
/// root. Immutable. RFC 9162 §2.1 gives the tree's shape.
/// </summary>
public sealed class Frontier : IEquatable<Frontier>
{
    private readonly MerkleHash[] _hashes;

    private Frontier(TreeSize size, MerkleHash[] hashes) => (Size, _hashes) = (size, hashes);

    /// <summary>The frontier before the first entry.</summary>
    public static Frontier Empty { get; } = new(new TreeSize(0), []);

    /// <summary>How many entries it covers.</summary>
    public TreeSize Size { get; }

    /// <summary>One hash for each bit set in <see cref="Size"/>, the largest subtree first.</summary>
    public ReadOnlySpan<MerkleHash> Hashes => _hashes;

    /// <summary>Takes hashes from elsewhere; false if their number does not fit the size. It says nothing about their truth.</summary>
    public static bool TryCreate(TreeSize size, ReadOnlySpan<MerkleHash> hashes, [NotNullWhen(true)] out Frontier? frontier)
    {
        frontier = hashes.Length == BitOperations.PopCount(size.Value) ? new Frontier(size, hashes.ToArray()) : null;
        return frontier is not null;
    }

    /// <summary>Reads what <see cref="ToBytes"/> wrote; false if the length does not fit the size.</summary>
    public static bool TryRead(TreeSize size, ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out Frontier? frontier)
    {
        frontier = null;
        return bytes.Length == BitOperations.PopCount(size.Value) * MerkleHash.Length
            && TryCreate(size, MemoryMarshal.Cast<byte, MerkleHash>(bytes), out frontier);
    }

    /// <summary>The hashes one after the other, 32 bytes each. The size is not among them: keep it beside.</summary>
    public byte[] ToBytes() => MemoryMarshal.AsBytes(Hashes).ToArray();

    /// <summary>The frontier after these leaves, which start at <see cref="Size"/>. Hashes level by level, in one pooled buffer.</summary>
    /// <param name="leaves">Leaf hashes, in order.</param>
    /// <exception cref="OverflowException">The tree would have 2^64 entries or more.</exception>
    public Frontier Append(ReadOnlySpan<MerkleHash> leaves)
    {
        if (leaves.IsEmpty) return this;

        ulong size = checked(Size.Value + (ulong)leaves.Length);
        var hashes = new MerkleHash[BitOperations.PopCount(size)];
        int left = _hashes.Length, next = hashes.Length;

        MerkleHash[] pooled = ArrayPool<MerkleHash>.Shared.Rent(1 + leaves.Length);
        try
        {
            // Slot 0 waits for our own subtree of a level, which makes the level's first node a left child.
            leaves.CopyTo(pooled.AsSpan(1));
            int count = leaves.Length;
            for (int level = 0; count > 0; level++)
            {
                int start = 1;
                if ((Size.Value >> level & 1) == 1)
                {
                    pooled[0] = _hashes[--left];
                    (start, count) = (0, count + 1);
                }

                if ((count & 1) == 1) hashes[--next] = pooled[start + --count];
                NodeHasher.HashPairs(pooled.AsSpan(start, count), pooled.AsSpan(1));
                count /= 2;
            }
        }
        finally
        {
            ArrayPool<MerkleHash>.Shared.Return(pooled);
        }

        _hashes.AsSpan(0, left).CopyTo(hashes);
        return new Frontier(new TreeSize(size), hashes);
    }

    /// <summary>The frontier after further subtrees: those of <see cref="Subtrees.Of"/> for [Size, until).</summary>
    /// <param name="subtrees">Empty if there are none to offer: then nothing changes, and the size stays below <paramref name="until"/>.</param>
    /// <exception cref="ArgumentException">There are subtrees, but not as many as the range has.</exception>
    public Frontier Join(ReadOnlySpan<MerkleHash> subtrees, TreeSize until)
    {
        if (subtrees.IsEmpty) return this;
        if (subtrees.Length != Subtrees.CountOf(Size, until))
            throw new ArgumentException($"{subtrees.Length} subtrees do not cover [{Size}, {until}).", nameof(subtrees));

        Span<MerkleHash> stack = stackalloc MerkleHash[64];
        _hashes.CopyTo(stack);
        int height = _hashes.Length, taken = 0;
        foreach (Subtree subtree in Subtrees.Of(Size, until))
        {
            MerkleHash node = subtrees[taken++];
            for (ulong index = subtree.Index; (index & 1) == 1; index >>= 1)
                node = MerkleHash.OfNode(stack[--height], node);
            stack[height++] = node;
        }

        return new Frontier(until, stack[..height].ToArray());
    }

    /// <summary>The root of the tree of this size: the hashes folded from right to left.</summary>
    public MerkleHash Root()
    {
        if (_hashes.Length == 0) return MerkleHash.OfEmptyTree;

        MerkleHash root = _hashes[^1];
        for (int i = _hashes.Length - 2; i >= 0; i--) root = MerkleHash.OfNode(_hashes[i], root);
        return root;
    }

    /// <inheritdoc/>
    public bool Equals(Frontier? other) => other is not null && Size == other.Size && Hashes.SequenceEqual(other.Hashes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Frontier);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Size, _hashes.Length == 0 ? default : _hashes[0]);
}
