using System.Text.Json;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Transparency.Merkle;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Transparency.Heads;

/// <summary>Heads and proofs that real logs served: K3, K10.</summary>
public class RecordedHeadsTests
{
    [Theory]
    [InlineData("argon2027h1", "get-sth.1.json", 384_065_451UL)]
    [InlineData("argon2027h1", "get-sth.2.json", 384_071_894UL)]
    [InlineData("pilot-2014", "get-sth.json", 3_721_782UL)]
    [InlineData("yeti2018", "get-sth.json", 90_785_920UL)]
    public void K3_heads_of_real_logs_verify_and_no_changed_field_does(string log, string file, ulong size)
    {
        LogKey key = Key(log);
        SignedHead head = Head("rfc6962", log, file);
        Assert.Equal(size, head.Size.Value);
        Assert.Equal(HeadFailure.None, VerifiedHead.Verify(head, key, out VerifiedHead? verified));
        Assert.Equal(head.Root, verified!.Root);

        Refused(head with { Size = new TreeSize(size + 1) });
        Refused(head with { Timestamp = head.Timestamp ^ 1 });
        Refused(head with { Root = RecursiveTree.Flip(head.Root, 100) });
        Refused(head with { Signature = (byte[])[.. head.Signature.Span, 0] });
        Refused(head with { Signature = default });

        void Refused(SignedHead changed)
        {
            Assert.Equal(HeadFailure.Signature, VerifiedHead.Verify(changed, key, out VerifiedHead? none));
            Assert.Null(none);
        }
    }

    [Fact]
    public void K3_argons_proof_connects_its_heads_and_gives_the_frontier_of_the_first()
    {
        SignedHead first = Head("rfc6962", "argon2027h1", "get-sth.1.json"), second = Head("rfc6962", "argon2027h1", "get-sth.2.json");
        MerkleHash[] proof = Consistency("rfc6962", "argon2027h1", "get-sth-consistency.384065451-384071894.json");
        Assert.Equal(23, proof.Length);
        Assert.True(ConsistencyProof.Verify(first.Size, first.Root, second.Size, second.Root, proof));
        Assert.False(ConsistencyProof.Verify(first.Size, second.Root, second.Size, first.Root, proof));
        Assert.False(ConsistencyProof.Verify(new TreeSize(first.Size.Value - 1), first.Root, second.Size, second.Root, proof));
        Assert.False(ConsistencyProof.Verify(first.Size, first.Root, second.Size, second.Root, proof.AsSpan(1)));

        Frontier? frontier = ConsistencyProof.FrontierFrom(first.Size, second.Size, second.Root, proof);
        Assert.NotNull(frontier);
        Assert.Equal(18, frontier.Hashes.Length);
        Assert.Equal(first.Root, frontier.Root());
        Assert.Null(ConsistencyProof.FrontierFrom(first.Size, second.Size, first.Root, proof));
    }

    [Fact]
    public void K10_the_recorded_servers_heads_verify()
    {
        Assert.True(LogKey.TryCreate(SharedData.Bytes("google-ct-server", "public_key.der"), out LogKey? key, out _));
        foreach (int size in new[] { 400, 700 })
        {
            SignedHead head = Head("google-ct-server", $"get-sth.{size}.json");
            Assert.Equal(HeadFailure.None, VerifiedHead.Verify(head, key, out _));
            Assert.Equal(Root(size), head.Root);
        }
    }

    [Theory]
    [InlineData(101, 400)]
    [InlineData(101, 700)]
    [InlineData(101, 961)]
    [InlineData(400, 700)]
    [InlineData(400, 961)]
    [InlineData(700, 961)]
    public void K10_the_recorded_servers_consistency_proofs_hold_and_give_frontiers(int m, int n)
    {
        MerkleHash[] proof = Consistency("google-ct-server", $"get-sth-consistency.{m}-{n}.json");
        var (first, second) = (new TreeSize((ulong)m), new TreeSize((ulong)n));
        Assert.True(ConsistencyProof.Verify(first, Root(m), second, Root(n), proof));
        Assert.Equal(Root(m), ConsistencyProof.FrontierFrom(first, second, Root(n), proof)?.Root());
        for (int i = 0; i < proof.Length; i++)
        {
            MerkleHash[] changed = [.. proof];
            changed[i] = RecursiveTree.Flip(proof[i], i);
            Assert.False(ConsistencyProof.Verify(first, Root(m), second, Root(n), changed));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(480)]
    [InlineData(960)]
    public void K10_the_recorded_servers_inclusion_proofs_hold_and_give_frontiers(int leaf)
    {
        byte[] answer = SharedData.Bytes("google-ct-server", $"get-proof-by-hash.{leaf}.961.json");
        Assert.True(ProofByHashJson.TryRead(answer, out EntryIndex index, out MerkleHash[]? path, out string? problem), problem);
        Assert.Equal((ulong)leaf, index.Value);
        MerkleHash hash = Expected("leaf_hashes", leaf);
        var size = new TreeSize(961);
        Assert.True(InclusionProof.Verify(hash, index, size, path, Root(961)));
        Assert.False(InclusionProof.Verify(hash, new EntryIndex(index.Value ^ 1), size, path, Root(961)));
        Assert.False(InclusionProof.Verify(RecursiveTree.Flip(hash, 3), index, size, path, Root(961)));
        Assert.Equal((ulong)leaf, InclusionProof.FrontierFrom(hash, index, size, path, Root(961))?.Size.Value);
    }

    internal static MerkleHash Root(int size) => Expected("roots", size);

    internal static MerkleHash Expected(string kind, int key)
    {
        using JsonDocument expected = SharedData.Json("google-ct-server", "expected.json");
        Assert.True(MerkleHash.TryParseBase64(expected.RootElement.GetProperty(kind).GetProperty($"{key}").GetString(), out MerkleHash hash));
        return hash;
    }

    internal static SignedHead Head(params string[] path)
    {
        byte[] answer = SharedData.Bytes(path);
        Assert.True(SignedHeadJson.TryRead(answer, out SignedHead? head, out string? problem), problem);
        Assert.Equal(answer, head.Verbatim.ToArray());
        return head;
    }

    private static LogKey Key(string log)
    {
        Assert.True(LogKey.TryCreate(Convert.FromBase64String(SharedData.Text("rfc6962", log, "key.b64")), out LogKey? key, out _));
        return key;
    }

    private static MerkleHash[] Consistency(params string[] path)
    {
        Assert.True(ConsistencyJson.TryRead(SharedData.Bytes(path), out MerkleHash[]? proof, out string? problem), problem);
        return proof;
    }
}
