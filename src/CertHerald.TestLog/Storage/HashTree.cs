using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using CertHerald.Transparency.Merkle;

namespace CertHerald.TestLog.Storage;

/// <summary>
/// The tree by the recursive definitions of RFC 6962 §2.1, whose names it uses. A file per level holds the hashes of the
/// complete subtrees, where the recursion ends early: level k those of 2^k leaves. Level 8·L is level L of the tiles.
/// It shares no code with the library that checks proofs, so that each finds the other's mistakes.
/// </summary>
internal sealed class HashTree : IDisposable
{
    private readonly string _folder;
    private readonly AppendOnlyFile[] _levels = new AppendOnlyFile[64];
    private int _levelCount;

    // The last hash of each level: the left sibling of the next, where their number is odd.
    private readonly MerkleHash[] _last = new MerkleHash[64];

    public HashTree(string folder)
    {
        _folder = Directory.CreateDirectory(folder).FullName;
        OpenLevel();
        Size = (ulong)(_levels[0].Length / MerkleHash.Length);
    }

    /// <summary>Leaves appended. Readers use sizes that were published, which are flushed.</summary>
    public ulong Size { get; private set; }

    public static MerkleHash LeafHash(ReadOnlySpan<byte> zeroAndLeafInput)
    {
        MerkleHash hash = default;
        SHA256.HashData(zeroAndLeafInput, hash);
        return hash;
    }

    /// <summary>
    /// Makes every level fit <paramref name="size"/> leaves, not more than there are: cuts what a killed process wrote too
    /// far, computes what it did not write. Before the first append only.
    /// </summary>
    public void CutTo(ulong size)
    {
        Size = size;
        _levels[0].Truncate((long)size * MerkleHash.Length);
        for (int level = 1; size >> level > 0; level++)
        {
            if (level == _levelCount) OpenLevel();
            _levels[level].Truncate((long)(size >> level) * MerkleHash.Length);
            for (ulong i = (ulong)(_levels[level].Length / MerkleHash.Length); i < size >> level; i++)
                _levels[level].Append(MerkleHash.BytesOf(HashNode(Stored(level - 1, 2 * i), Stored(level - 1, 2 * i + 1))));
        }
        for (int level = 0; level < _levelCount; level++)
            if (size >> level > 0) _last[level] = Stored(level, (size >> level) - 1);
    }

    public void Append(MerkleHash hash)
    {
        int level = 0;
        ulong index = Size;
        while (true)
        {
            if (level == _levelCount) OpenLevel();
            _levels[level].Append(MerkleHash.BytesOf(hash));
            if ((index & 1) == 0) break;
            hash = HashNode(_last[level], hash);
            level++;
            index >>= 1;
        }
        _last[level] = hash;
        // Last: whoever reads by it finds the hashes.
        Size++;
    }

    /// <summary>MTH(D[from:to]).</summary>
    /// <param name="other">A leaf of D that is not the stored one; null: all are.</param>
    public MerkleHash Mth(ulong from, ulong to, OtherLeaf? other = null)
    {
        ulong n = to - from;
        if (n == 0) return new MerkleHash(SHA256.HashData(ReadOnlySpan<byte>.Empty));
        if (other is not null && (other.Index < from || other.Index >= to)) other = null;
        if (n == 1 && other is not null) return other.Hash;
        if (other is null && BitOperations.IsPow2(n) && from % n == 0)
        {
            int level = BitOperations.Log2(n);
            return Stored(level, from >> level);
        }
        ulong k = LargestPowerOfTwoBelow(n);
        return HashNode(Mth(from, from + k, other), Mth(from + k, to, other));
    }

    /// <summary>PATH(m, D[n]).</summary>
    /// <param name="other">As of <see cref="Mth"/>.</param>
    public List<MerkleHash> Path(ulong m, ulong n, OtherLeaf? other = null)
    {
        List<MerkleHash> path = [];
        Path(m, 0, n, path, other);
        return path;
    }

    /// <summary>PROOF(m, D[n]), 0 &lt; m ≤ n.</summary>
    /// <param name="other">As of <see cref="Mth"/>.</param>
    public List<MerkleHash> Proof(ulong m, ulong n, OtherLeaf? other = null)
    {
        List<MerkleHash> proof = [];
        SubProof(m, 0, n, true, proof, other);
        return proof;
    }

    /// <summary>Consecutive hashes of a level.</summary>
    public void Read(int level, ulong first, Span<byte> target) => _levels[level].Read((long)first * MerkleHash.Length, target);

    public MerkleHash Stored(int level, ulong index)
    {
        MerkleHash hash = default;
        Read(level, index, hash);
        return hash;
    }

    public void Flush()
    {
        for (int level = 0; level < _levelCount; level++) _levels[level].Flush();
    }

    public void Dispose()
    {
        for (int level = 0; level < _levelCount; level++) _levels[level].Dispose();
    }

    private void Path(ulong m, ulong from, ulong to, List<MerkleHash> path, OtherLeaf? other)
    {
        ulong n = to - from;
        if (n == 1) return;
        ulong k = LargestPowerOfTwoBelow(n);
        if (m < k)
        {
            Path(m, from, from + k, path, other);
            path.Add(Mth(from + k, to, other));
        }
        else
        {
            Path(m - k, from + k, to, path, other);
            path.Add(Mth(from, from + k, other));
        }
    }

    private void SubProof(ulong m, ulong from, ulong to, bool b, List<MerkleHash> proof, OtherLeaf? other)
    {
        ulong n = to - from;
        if (m == n)
        {
            if (!b) proof.Add(Mth(from, to, other));
            return;
        }
        ulong k = LargestPowerOfTwoBelow(n);
        if (m <= k)
        {
            SubProof(m, from, from + k, b, proof, other);
            proof.Add(Mth(from + k, to, other));
        }
        else
        {
            SubProof(m - k, from + k, to, false, proof, other);
            proof.Add(Mth(from, from + k, other));
        }
    }

    private void OpenLevel()
    {
        string name = _levelCount.ToString("D2", CultureInfo.InvariantCulture);
        _levels[_levelCount] = new AppendOnlyFile(System.IO.Path.Combine(_folder, name), _levelCount < 4 ? 64 * 1024 : 4 * 1024);
        _levelCount++;
    }

    private static ulong LargestPowerOfTwoBelow(ulong n) => 1UL << BitOperations.Log2(n - 1);

    private static MerkleHash HashNode(MerkleHash left, MerkleHash right)
    {
        Span<byte> node = stackalloc byte[1 + 2 * MerkleHash.Length];
        node[0] = 1;
        left.CopyTo(node[1..]);
        right.CopyTo(node[(1 + MerkleHash.Length)..]);
        MerkleHash hash = default;
        SHA256.HashData(node, hash);
        return hash;
    }
}
