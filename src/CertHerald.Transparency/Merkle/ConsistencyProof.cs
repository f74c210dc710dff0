using System.Numerics;
using static CertHerald.Transparency.Merkle.MerkleHash;

namespace CertHerald.Transparency.Merkle;

/// <summary>Proofs that a log only ever appended: the tree of n entries starts with that of m. RFC 9162 §2.1.4.</summary>
public static class ConsistencyProof
{
    /// <summary>
    /// Whether the proof connects both roots. RFC 9162 §2.1.4.2. The empty tree is the start of every tree and needs no
    /// proof; a tree is consistent with itself by an empty one.
    /// </summary>
    public static bool Verify(
        TreeSize m, MerkleHash rootM, TreeSize n, MerkleHash rootN, ReadOnlySpan<MerkleHash> proof)
    {
        if (m > n) return false;
        if (m == n) return proof.IsEmpty && rootM == rootN;
        if (m.Value == 0) return proof.IsEmpty;
        if (proof.IsEmpty) return false;                                          // 1

        bool whole = BitOperations.IsPow2(m.Value);                               // 2
        Walk walk = Walk.Between(m, n, whole ? rootM : proof[0]);                 // 3 to 5
        foreach (MerkleHash c in whole ? proof : proof[1..])                      // 6
            if (walk.Step(c) == Side.Beyond) return false;
        return walk.IsAtRoot && walk.Fr == rootM && walk.Sr == rootN;             // 7
    }

    /// <summary>
    /// The frontier at p, out of a proof between p and a larger tree whose root is known: the first hash and each that stands
    /// to the left, the last first. Null if the proof does not lead to the root, or if p is 0, a power of two (its proofs
    /// leave out the frontier) or not below n.
    /// </summary>
    public static Frontier? FrontierFrom(TreeSize p, TreeSize n, MerkleHash rootN, ReadOnlySpan<MerkleHash> proof)
    {
        if (p.Value == 0 || p >= n || BitOperations.IsPow2(p.Value) || proof.IsEmpty) return null;

        Span<MerkleHash> left = stackalloc MerkleHash[64];
        int free = left.Length;
        left[--free] = proof[0];
        Walk walk = Walk.Between(p, n, proof[0]);
        foreach (MerkleHash c in proof[1..])
        {
            Side side = walk.Step(c);
            if (side == Side.Beyond) return null;
            if (side == Side.Left) left[--free] = c;
        }

        if (!walk.IsAtRoot || walk.Sr != rootN) return null;
        return Frontier.TryCreate(p, left[free..], out Frontier? frontier) ? frontier : null;
    }

    private enum Side { Left, Right, Beyond }

    /// <summary>The variables of RFC 9162 §2.1.4.2 on their way up.</summary>
    private struct Walk
    {
        private ulong _fn, _sn;

        public MerkleHash Fr, Sr;

        public readonly bool IsAtRoot => _sn == 0;

        public static Walk Between(TreeSize m, TreeSize n, MerkleHash first)
        {
            var walk = new Walk { _fn = m.Value - 1, _sn = n.Value - 1, Fr = first, Sr = first };
            while ((walk._fn & 1) == 1) walk.Shift();
            return walk;
        }

        public Side Step(in MerkleHash c)
        {
            if (_sn == 0) return Side.Beyond;

            Side side = (_fn & 1) == 1 || _fn == _sn ? Side.Left : Side.Right;
            if (side == Side.Left)
            {
                Fr = OfNode(c, Fr);
                Sr = OfNode(c, Sr);
                while ((_fn & 1) == 0 && _fn != 0) Shift();
            }
            else
            {
                Sr = OfNode(Sr, c);
            }
            Shift();
            return side;
        }

        private void Shift() { _fn >>= 1; _sn >>= 1; }
    }
}
