using System.Text;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Transparency.Heads;

public class HeadJsonTests
{
    private const string Root = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    private const string Good = $$"""{"tree_size":1,"timestamp":2,"sha256_root_hash":"{{Root}}","tree_head_signature":"BAMAAA=="}""";

    [Fact]
    public void Rule_3_1_Members_may_come_in_any_order_escaped_and_among_unknown_ones()
    {
        string json = $$"""
            {"x":{"deep":[[1]]},"tree_head_signature":"BAMAAA\u003d=","sha256_root_hash":"{{Root.Replace("/", "\\/", StringComparison.Ordinal)}}","timestamp":2,"tree_size":1}
            """;
        Assert.True(SignedHeadJson.TryRead(Encoding.UTF8.GetBytes(json), out SignedHead? head, out string? problem), problem);
        Assert.Equal((1UL, 2UL, Root), (head.Size.Value, head.Timestamp, head.Root.ToBase64()));
        Assert.Equal([4, 3, 0, 0], head.Signature.ToArray());
    }

    [Fact]
    public void Rule_1_5_A_log_signs_50_bytes_of_version_type_time_size_and_root()
    {
        Assert.True(MerkleHash.TryParseBase64(Root, out MerkleHash root));
        var head = new SignedHead { Timestamp = 0x0102030405060708, Size = new TreeSize(0x1112131415161718), Root = root, Signature = default, Verbatim = default };

        Assert.Equal("00010102030405060708" + "1112131415161718" + root.ToHex(), Convert.ToHexStringLower(head.SignedBytes()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("<html>429 Too Many Requests</html>")]
    [InlineData("{}")]
    [InlineData(Good + "x")]
    [InlineData(Good + Good)]
    [InlineData("""{"tree_size":1""")]
    public void What_is_not_one_whole_object_is_no_head(string json) => Refused(json);

    [Theory]
    [InlineData("\"tree_size\":1", "\"tree_size\":-1")]
    [InlineData("\"tree_size\":1", "\"tree_size\":\"1\"")]
    [InlineData("\"tree_size\":1", "\"tree_size\":1.5")]
    [InlineData("\"tree_size\":1", "\"tree_size\":9223372036854775808")]
    [InlineData("\"tree_size\":1", "\"size\":1")]
    [InlineData("\"timestamp\":2", "\"timestamp\":99999999999999999999")]
    [InlineData("BAMAAA==", "BAMAAA")]
    [InlineData("BAMAAA==", "BAMA AA=")]
    [InlineData("BAMAAA==", "BAMAAA==\\n")]
    [InlineData("BAMAAA==", "BAM-AA==")]
    [InlineData("BAMAAA==", "\\ud800")]
    [InlineData("uFU=", "uA==")]
    public void A_member_out_of_shape_is_named(string good, string bad) => Refused(Good.Replace(good, bad, StringComparison.Ordinal));

    [Fact]
    public void Nesting_bombs_end_early()
    {
        string bomb = new string('[', 10_000) + new string(']', 10_000);
        Refused($$"""{"x":{{bomb}},{{Good[1..]}}""");
        Assert.False(ConsistencyJson.TryRead(Encoding.UTF8.GetBytes($$"""{"consistency":{{bomb}}}"""), out _, out _));
    }

    [Theory]
    [InlineData("""{"consistency":["AAAA"]}""")]
    [InlineData("""{"consistency":[1]}""")]
    [InlineData("""{"consistency":null}""")]
    [InlineData("""{"error_message":"Entry not found.","success":false}""")]
    public void Rule_4_1_Proofs_of_other_than_hashes_are_refused(string json)
    {
        Assert.False(ConsistencyJson.TryRead(Encoding.UTF8.GetBytes(json), out _, out string? problem));
        Assert.NotEmpty(problem!);
    }

    [Fact]
    public void A_proof_longer_than_any_tree_needs_is_refused()
    {
        string json = $$"""{"consistency":[{{string.Join(',', Enumerable.Repeat($"\"{Root}\"", 129))}}]}""";
        Assert.False(ConsistencyJson.TryRead(Encoding.UTF8.GetBytes(json), out _, out _));
    }

    [Fact]
    public void The_answers_in_the_go_implementations_tests_are_read()
    {
        Assert.True(ConsistencyJson.TryRead(Go("GetSTHConsistencyResp"), out MerkleHash[]? consistency, out _));
        Assert.Equal(2, consistency.Length);
        Assert.True(ProofByHashJson.TryRead(Go("ProofByHashResp"), out EntryIndex index, out MerkleHash[]? path, out _));
        Assert.Equal((3UL, 3), (index.Value, path.Length));
        Assert.True(EntryAndProofJson.TryRead(Go("GetEntryAndProofResp"), out byte[]? leaf, out byte[]? extra, out path, out _));
        Assert.Equal((0, 0), (leaf[0], leaf[1]));
        Assert.NotEmpty(extra);
        Assert.NotEmpty(path);

        static byte[] Go(string name) => SharedData.Bytes("rfc6962", "ct-go", $"client__logclient_test.{name}.json");
    }

    [Fact]
    public void A_page_of_html_is_no_proof()
    {
        byte[] html = SharedData.Bytes("google-ct-server", "unsupported-endpoint-404.html");
        Assert.False(EntryAndProofJson.TryRead(html, out _, out _, out _, out _));
        Assert.False(SignedHeadJson.TryRead(html, out _, out _));
    }

    private static void Refused(string json)
    {
        Assert.False(SignedHeadJson.TryRead(Encoding.UTF8.GetBytes(json), out SignedHead? head, out string? problem));
        Assert.Null(head);
        Assert.NotEmpty(problem!);
    }
}
