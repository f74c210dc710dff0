using System.Security.Cryptography;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.TestLog;

/// <summary>A verifier that shares no code with the log, nor with the library: RFC 9162 §2.1.3.2 and §2.1.4.2.</summary>
internal static class ProofChecks
{
    public static bool IsIncluded(ulong index, ulong size, byte[] leaf, IReadOnlyList<byte[]> path, byte[] root)
    {
        if (index >= size || leaf.Length != 32 || root.Length != 32 || path.Any(p => p.Length != 32)) return false;
        ulong fn = index, sn = size - 1;
        byte[] r = leaf;
        foreach (byte[] p in path)
        {
            if (sn == 0) return false;
            if ((fn & 1) == 1 || fn == sn)
            {
                r = Node(p, r);
                while ((fn & 1) == 0 && fn != 0) { fn >>= 1; sn >>= 1; }
            }
            else
            {
                r = Node(r, p);
            }
            fn >>= 1;
            sn >>= 1;
        }
        return sn == 0 && r.AsSpan().SequenceEqual(root);
    }

    public static bool IsConsistent(ulong m, ulong n, byte[] rootM, byte[] rootN, IReadOnlyList<byte[]> given)
    {
        if (m > n || rootM.Length != 32 || rootN.Length != 32 || given.Any(p => p.Length != 32)) return false;
        if (m == n) return given.Count == 0 && rootM.AsSpan().SequenceEqual(rootN);
        if (given.Count == 0) return m == 0;
        if (m == 0) return false;

        List<byte[]> proof = ulong.IsPow2(m) ? [rootM, .. given] : [.. given];
        ulong fn = m - 1, sn = n - 1;
        while ((fn & 1) == 1) { fn >>= 1; sn >>= 1; }
        byte[] fr = proof[0], sr = proof[0];
        foreach (byte[] c in proof.Skip(1))
        {
            if (sn == 0) return false;
            if ((fn & 1) == 1 || fn == sn)
            {
                fr = Node(c, fr);
                sr = Node(c, sr);
                while ((fn & 1) == 0 && fn != 0) { fn >>= 1; sn >>= 1; }
            }
            else
            {
                sr = Node(sr, c);
            }
            fn >>= 1;
            sn >>= 1;
        }
        return sn == 0 && fr.AsSpan().SequenceEqual(rootM) && sr.AsSpan().SequenceEqual(rootN);
    }

    public static byte[] LeafHash(byte[] leafInput) => SHA256.HashData([0, .. leafInput]);

    public static byte[] Node(byte[] left, byte[] right) => SHA256.HashData([1, .. left, .. right]);

    public static IReadOnlyList<byte[]> Bytes(IEnumerable<MerkleHash> hashes) => [.. hashes.Select(h => h.ToArray())];
}
