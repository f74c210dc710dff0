using System.Text.Json;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Transparency.Merkle;

/// <summary>K4: the vectors of transparency-dev/merkle, testdata.</summary>
public class ProofVectorTests
{
    [Fact]
    public void K4_Rule_4_2_inclusion_vectors_are_accepted_exactly_when_they_are_valid()
    {
        int seen = 0;
        foreach (JsonElement vector in SharedData.JsonLines("merkle", "inclusion.jsonl"))
        {
            bool read = TryRead(vector, "leafHash", "root", out MerkleHash leaf, out MerkleHash root, out MerkleHash[] path);
            var index = new EntryIndex(vector.GetProperty("leafIdx").GetUInt64());
            var size = new TreeSize(vector.GetProperty("treeSize").GetUInt64());
            bool accepted = read && InclusionProof.Verify(leaf, index, size, path, root);
            Assert.True(accepted != vector.GetProperty("wantErr").GetBoolean(), vector.GetProperty("file").GetString());
            seen++;
            if (!accepted) continue;

            Assert.False(InclusionProof.Verify(RecursiveTree.Flip(leaf, seen), index, size, path, root));
            Assert.False(InclusionProof.Verify(leaf, index, size, path, RecursiveTree.Flip(root, seen)));
            Assert.False(InclusionProof.Verify(leaf, index, size, [.. path, root], root));
            for (int i = 0; i < path.Length; i++)
            {
                MerkleHash[] changed = [.. path];
                changed[i] = RecursiveTree.Flip(path[i], seen);
                Assert.False(InclusionProof.Verify(leaf, index, size, changed, root));
            }
            if (path.Length > 0) Assert.False(InclusionProof.Verify(leaf, index, size, path.AsSpan(1), root));
        }
        Assert.Equal(65, seen);
    }

    [Fact]
    public void K4_Rule_4_3_consistency_vectors_are_accepted_exactly_when_they_are_valid_but_for_the_empty_tree()
    {
        int seen = 0, compared = 0;
        foreach (JsonElement vector in SharedData.JsonLines("merkle", "consistency.jsonl"))
        {
            bool read = TryRead(vector, "root1", "root2", out MerkleHash rootM, out MerkleHash rootN, out MerkleHash[] proof);
            var m = new TreeSize(vector.GetProperty("size1").GetUInt64());
            var n = new TreeSize(vector.GetProperty("size2").GetUInt64());
            bool accepted = read && ConsistencyProof.Verify(m, rootM, n, rootN, proof);
            seen++;

            // That library compares roots of any length; ct.md 4.1 has 32 bytes, and nothing else can be held.
            if (!read) continue;
            // It proves nothing from an empty tree; ct.md 4.3 accepts that, the empty tree being the start of every tree.
            if (m.Value == 0)
            {
                Assert.Equal(proof.Length == 0 && (n.Value != 0 || rootM == rootN), accepted);
                continue;
            }
            compared++;

            Assert.True(accepted != vector.GetProperty("wantErr").GetBoolean(), vector.GetProperty("file").GetString());
            if (!accepted) continue;

            Assert.False(ConsistencyProof.Verify(m, RecursiveTree.Flip(rootM, seen), n, rootN, proof));
            Assert.False(ConsistencyProof.Verify(m, rootM, n, RecursiveTree.Flip(rootN, seen), proof));
            Assert.False(ConsistencyProof.Verify(m, rootM, n, rootN, [.. proof, rootN]));
            for (int i = 0; i < proof.Length; i++)
            {
                MerkleHash[] changed = [.. proof];
                changed[i] = RecursiveTree.Flip(proof[i], seen);
                Assert.False(ConsistencyProof.Verify(m, rootM, n, rootN, changed));
            }
            if (proof.Length > 0) Assert.False(ConsistencyProof.Verify(m, rootM, n, rootN, proof.AsSpan(1)));
        }
        Assert.Equal(57, seen);
        Assert.Equal(35, compared);
    }

    [Fact]
    public void Rule_4_2_Rule_4_3_Every_entry_and_every_pair_of_sizes_up_to_40_has_a_proof_that_holds_and_none_that_holds_elsewhere()
    {
        MerkleHash[] d = RecursiveTree.Leaves(40);
        for (int n = 1; n <= d.Length; n++)
        {
            MerkleHash root = RecursiveTree.Root(d.AsSpan(0, n));
            for (int m = 0; m < n; m++)
            {
                var (size, smaller) = (new TreeSize((ulong)n), new TreeSize((ulong)m));
                MerkleHash[] path = RecursiveTree.Path(m, d.AsSpan(0, n));
                Assert.True(InclusionProof.Verify(d[m], new EntryIndex((ulong)m), size, path, root));
                for (int other = 0; other < n; other++)
                    if (other != m) Assert.False(InclusionProof.Verify(d[m], new EntryIndex((ulong)other), size, path, root));

                MerkleHash before = RecursiveTree.Root(d.AsSpan(0, m));
                if (m == 0) continue;
                MerkleHash[] proof = RecursiveTree.Proof(m, d.AsSpan(0, n));
                Assert.True(ConsistencyProof.Verify(smaller, before, size, root, proof));
                Assert.False(ConsistencyProof.Verify(smaller, root, size, before, proof));
                Assert.False(ConsistencyProof.Verify(size, root, smaller, before, proof));
            }
        }
    }

    private static bool TryRead(
        JsonElement vector, string first, string second, out MerkleHash a, out MerkleHash b, out MerkleHash[] proof)
    {
        proof = [];
        b = default;
        if (!MerkleHash.TryParseBase64(vector.GetProperty(first).GetString(), out a)) return false;
        if (!MerkleHash.TryParseBase64(vector.GetProperty(second).GetString(), out b)) return false;
        if (vector.GetProperty("proof").ValueKind == JsonValueKind.Null) return true;

        var hashes = new List<MerkleHash>();
        foreach (JsonElement text in vector.GetProperty("proof").EnumerateArray())
        {
            if (!MerkleHash.TryParseBase64(text.GetString(), out MerkleHash hash)) return false;
            hashes.Add(hash);
        }
        proof = [.. hashes];
        return true;
    }
}
