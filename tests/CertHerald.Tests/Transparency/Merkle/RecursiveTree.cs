using System.Numerics;
using System.Security.Cryptography;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Transparency.Merkle;

/// <summary>RFC 6962 §2.1 as it is defined, recursively and with nothing of ours but the hash's value type.</summary>
internal static class RecursiveTree
{
    /// <summary>MTH(D[n]), over leaf hashes.</summary>
    public static MerkleHash Root(ReadOnlySpan<MerkleHash> d)
    {
        if (d.Length == 0) return new MerkleHash(SHA256.HashData([]));
        if (d.Length == 1) return d[0];
        int k = Split(d.Length);
        return Node(Root(d[..k]), Root(d[k..]));
    }

    /// <summary>PATH(m, D[n]).</summary>
    public static MerkleHash[] Path(int m, ReadOnlySpan<MerkleHash> d)
    {
        if (d.Length <= 1) return [];
        int k = Split(d.Length);
        return m < k ? [.. Path(m, d[..k]), Root(d[k..])] : [.. Path(m - k, d[k..]), Root(d[..k])];
    }

    /// <summary>PROOF(m, D[n]).</summary>
    public static MerkleHash[] Proof(int m, ReadOnlySpan<MerkleHash> d) => Subproof(m, d, true);

    public static MerkleHash[] Leaves(int count, int seed = 1)
    {
        var random = new Random(seed);
        var leaves = new MerkleHash[count];
        foreach (ref MerkleHash leaf in leaves.AsSpan()) random.NextBytes(leaf);
        return leaves;
    }

    /// <summary>The same hash but for one bit.</summary>
    public static MerkleHash Flip(MerkleHash hash, int bit)
    {
        Span<byte> bytes = hash;
        bytes[bit / 8] ^= (byte)(1 << bit % 8);
        return hash;
    }

    private static MerkleHash[] Subproof(int m, ReadOnlySpan<MerkleHash> d, bool b)
    {
        if (m == d.Length) return b ? [] : [Root(d)];
        int k = Split(d.Length);
        return m <= k ? [.. Subproof(m, d[..k], b), Root(d[k..])] : [.. Subproof(m - k, d[k..], false), Root(d[..k])];
    }

    private static int Split(int n) => 1 << BitOperations.Log2((uint)n - 1);

    private static MerkleHash Node(MerkleHash left, MerkleHash right) =>
        new(SHA256.HashData([1, .. left.ToArray(), .. right.ToArray()]));
}
