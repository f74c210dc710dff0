using System.Security.Cryptography;

namespace CertHerald.Transparency.Merkle;

/// <summary>Hashes many interior nodes at once: SHA-256(01 ‖ left ‖ right) for each pair. Thread-safe. RFC 6962 §2.1.</summary>
public static class NodeHasher
{
    /// <summary>Hashes <c>children[2i]</c> and <c>children[2i + 1]</c> into <c>parents[i]</c>.</summary>
    /// <param name="children">An even number of hashes.</param>
    /// <param name="parents">
    /// Half as many. May lie over <paramref name="children"/> if it starts at their first or second hash.
    /// </param>
    /// <exception cref="ArgumentException">The children are odd in number, or the parents too few.</exception>
    public static void HashPairs(ReadOnlySpan<MerkleHash> children, Span<MerkleHash> parents)
    {
        if ((children.Length & 1) != 0) throw new ArgumentException("Children come in pairs.", nameof(children));
        if (parents.Length < children.Length / 2) throw new ArgumentException("No room for every parent.", nameof(parents));

        HashOneByOne(children, parents);
    }

    /// <summary>The plain way: one call of the platform's SHA-256 for each node.</summary>
    internal static void HashOneByOne(ReadOnlySpan<MerkleHash> children, Span<MerkleHash> parents)
    {
        Span<byte> node = stackalloc byte[1 + 2 * MerkleHash.Length];
        node[0] = 1;
        for (int i = 0; i < children.Length / 2; i++)
        {
            children[2 * i].CopyTo(node[1..]);
            children[2 * i + 1].CopyTo(node[(1 + MerkleHash.Length)..]);
            SHA256.HashData(node, parents[i]);
        }
    }
}
