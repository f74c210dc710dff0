using System.Globalization;
using System.Text.Json;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.TestLog;

public class TreeTests
{
    [Fact]
    public void The_checks_of_these_tests_accept_exactly_the_published_vectors()
    {
        foreach (JsonElement v in SharedData.JsonLines("merkle", "inclusion.jsonl"))
            Assert.True(v.GetProperty("wantErr").GetBoolean() != ProofChecks.IsIncluded(
                v.GetProperty("leafIdx").GetUInt64(), v.GetProperty("treeSize").GetUInt64(),
                v.GetProperty("leafHash").GetBytesFromBase64(), Proof(v), v.GetProperty("root").GetBytesFromBase64()), v.GetProperty("file").GetString());

        // That library proves nothing from an empty tree, where we accept any continuation; and it compares roots of any length.
        foreach (JsonElement v in SharedData.JsonLines("merkle", "consistency.jsonl"))
        {
            if (v.GetProperty("size1").GetUInt64() == 0 || v.GetProperty("root1").GetBytesFromBase64().Length != 32) continue;
            Assert.True(v.GetProperty("wantErr").GetBoolean() != ProofChecks.IsConsistent(
                v.GetProperty("size1").GetUInt64(), v.GetProperty("size2").GetUInt64(),
                v.GetProperty("root1").GetBytesFromBase64(), v.GetProperty("root2").GetBytesFromBase64(), Proof(v)), v.GetProperty("file").GetString());
        }

        static IReadOnlyList<byte[]> Proof(JsonElement vector) =>
            vector.GetProperty("proof") is { ValueKind: JsonValueKind.Array } proof
                ? [.. proof.EnumerateArray().Select(p => Convert.FromBase64String(p.GetString()!))]
                : [];
    }

    [Fact]
    public void The_tree_over_no_entry_has_the_root_of_RFC_6962()
    {
        using var log = new Log();

        Assert.Equal("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", log.Head.Root.ToBase64());
        Assert.Equal(0UL, log.Head.Size.Value);
    }

    [Fact]
    public async Task Every_recorded_prefix_of_navigli_has_its_known_root()
    {
        await using ServedLog served = await ServedLog.OfNavigliAsync();
        using JsonDocument known = SharedData.Json("static-ct", "navigli2025h2", "roots.json");

        foreach (JsonProperty root in known.RootElement.GetProperty("roots").EnumerateObject())
            Assert.Equal(root.Value.GetString(), served.Log.RootAt(new TreeSize(ulong.Parse(root.Name, CultureInfo.InvariantCulture))).ToBase64());
    }

    [Fact]
    public void A_recorded_log_is_continued_to_the_subtree_that_its_operator_knew()
    {
        // Leaves 256 to 511 are a complete subtree: with the recorded one left of it they give the root at 512.
        JsonElement expected = SharedData.Json("google-ct-server", "expected.json").RootElement;
        using var log = new Log();
        foreach (JsonElement row in SharedData.Json("google-ct-server", "get-entries.256-511.json").RootElement.GetProperty("entries").EnumerateArray())
            log.AddEntry(row.GetProperty("leaf_input").GetBytesFromBase64(), row.GetProperty("extra_data").GetBytesFromBase64());

        byte[] whole = ProofChecks.Node(expected.GetProperty("first_256_subtree").GetBytesFromBase64(), log.RootAt(new TreeSize(256)).ToArray());

        Assert.Equal(expected.GetProperty("roots").GetProperty("512").GetBytesFromBase64(), whole);
    }

    [Fact]
    public void Every_inclusion_proof_of_small_trees_holds_and_no_changed_bit_passes()
    {
        using Log log = SmallLog(70);
        for (ulong size = 1; size <= 70; size++)
            for (ulong index = 0; index < size; index++)
            {
                byte[] leaf = log.LeafHashAt(new EntryIndex(index)).ToArray(), root = log.RootAt(new TreeSize(size)).ToArray();
                IReadOnlyList<byte[]> path = ProofChecks.Bytes(log.InclusionProof(new EntryIndex(index), new TreeSize(size)));

                Assert.True(ProofChecks.IsIncluded(index, size, leaf, path, root));
                foreach (byte[] hash in path)
                {
                    hash[(int)(index % 32)] ^= 4;
                    Assert.False(ProofChecks.IsIncluded(index, size, leaf, path, root));
                    hash[(int)(index % 32)] ^= 4;
                }
            }
    }

    [Fact]
    public void Every_consistency_proof_of_small_trees_holds_and_no_changed_bit_passes()
    {
        using Log log = SmallLog(70);
        for (ulong n = 1; n <= 70; n++)
            for (ulong m = 1; m <= n; m++)
            {
                byte[] first = log.RootAt(new TreeSize(m)).ToArray(), second = log.RootAt(new TreeSize(n)).ToArray();
                IReadOnlyList<byte[]> proof = ProofChecks.Bytes(log.ConsistencyProof(new TreeSize(m), new TreeSize(n)));

                Assert.True(ProofChecks.IsConsistent(m, n, first, second, proof));
                foreach (byte[] hash in proof)
                {
                    hash[(int)(m % 32)] ^= 1;
                    Assert.False(ProofChecks.IsConsistent(m, n, first, second, proof));
                    hash[(int)(m % 32)] ^= 1;
                }
            }
    }

    private static Log SmallLog(int size)
    {
        var log = new Log();
        for (int i = 0; i < size; i++) log.AddEntry([0, 0, (byte)i], []);
        return log;
    }
}
