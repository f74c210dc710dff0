using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.TestLog;

public class Rfc6962CallsTests
{
    [Theory]
    [InlineData(LogKeyKind.EcdsaP256)]
    [InlineData(LogKeyKind.Rsa2048)]
    public async Task The_signature_of_a_tree_head_holds_and_covers_size_time_and_root(LogKeyKind kind)
    {
        await using ServedLog served = await ServedLog.StartAsync(new LogOptions { KeyKind = kind });
        served.Log.AddEntry([0, 0, 1], []);
        served.Log.Publish();

        JsonElement head = await served.GetAsync("ct/v1/get-sth");

        var size = new TreeSize(head.GetProperty("tree_size").GetUInt64());
        ulong timestamp = head.GetProperty("timestamp").GetUInt64();
        var root = new MerkleHash(head.GetProperty("sha256_root_hash").GetBytesFromBase64());
        byte[] signature = head.GetProperty("tree_head_signature").GetBytesFromBase64();
        ReadOnlySpan<byte> spki = served.Log.Rfc6962Key.Spki.Span;
        Assert.Equal(served.Log.RootAt(new TreeSize(1)), root);
        Assert.True(ServedLog.Verifies(spki, PublishedHead.SignedBytes(size, timestamp, root), signature));
        Assert.False(ServedLog.Verifies(spki, PublishedHead.SignedBytes(size, timestamp + 1, root), signature));
        Assert.False(ServedLog.Verifies(spki, PublishedHead.SignedBytes(new TreeSize(2), timestamp, root), signature));
    }

    [Fact]
    public async Task Rows_come_back_byte_for_byte()
    {
        await using ServedLog served = await ServedLog.OfNavigliAsync();
        JsonElement[] rows = [.. SharedData.JsonLines("get-entries", "navigli2025h2-0-1023.entries.jsonl.gz")];

        JsonElement entries = (await served.GetAsync("ct/v1/get-entries?start=100&end=899")).GetProperty("entries");

        Assert.Equal(800, entries.GetArrayLength());
        for (int i = 0; i < 800; i++) AssertSame(rows[100 + i], entries[i]);
    }

    [Fact]
    public async Task Rows_that_tiles_cannot_hold_come_back_byte_for_byte()
    {
        await using ServedLog served = await ServedLog.StartAsync();
        (byte[] Leaf, byte[] Extra)[] rows = [([], []), ([9], [1, 2]), ([0, 0, 1, 2, 3], []), ([1, 0, .. new byte[30]], [0, 0, 0]), (Precert(), [0, 0, 9, 1])];
        foreach ((byte[] leaf, byte[] extra) in rows) served.Log.AddEntry(leaf, extra);
        served.Log.Publish();

        JsonElement entries = (await served.GetAsync("ct/v1/get-entries?start=0&end=9")).GetProperty("entries");

        Assert.Equal(rows.Length, entries.GetArrayLength());
        for (int i = 0; i < rows.Length; i++)
        {
            Assert.Equal(rows[i].Leaf, entries[i].GetProperty("leaf_input").GetBytesFromBase64());
            Assert.Equal(rows[i].Extra, entries[i].GetProperty("extra_data").GetBytesFromBase64());
            Assert.Equal(ProofChecks.LeafHash(rows[i].Leaf), served.Log.LeafHashAt(new EntryIndex((ulong)i)).ToArray());
        }

        static byte[] Precert() => [0, 0, .. new byte[8], 0, 1, .. new byte[32], 0, 0, 1, 0x30, 0, 0];
    }

    [Theory]
    [InlineData("start=0&end=1023", 0, 100)]
    [InlineData("start=960&end=100000", 960, 64)]
    [InlineData("start=1023&end=1023", 1023, 1)]
    [InlineData("start=5&end=18446744073709551615", 5, 100)]
    public async Task Rule_13_2_A_page_is_clipped_at_the_tree_and_at_the_limit(string range, int first, int count)
    {
        string path = SharedData.PathOf("get-entries", "navigli2025h2-0-1023.entries.jsonl.gz");
        await using ServedLog served = await ServedLog.StartAsync(new LogOptions { MaxEntriesPerAnswer = 100 });
        served.Log.AddCorpus(Corpus.Read(path));
        served.Log.Publish();

        JsonElement entries = (await served.GetAsync($"ct/v1/get-entries?{range}")).GetProperty("entries");

        Assert.Equal(count, entries.GetArrayLength());
        AssertSame(SharedData.JsonLines("get-entries", "navigli2025h2-0-1023.entries.jsonl.gz").ElementAt(first), entries[0]);
    }

    [Theory]
    [InlineData("get-entries")]
    [InlineData("get-entries?start=0")]
    [InlineData("get-entries?start=-1&end=2")]
    [InlineData("get-entries?start=a&end=2")]
    [InlineData("get-entries?start=5&end=2")]
    [InlineData("get-entries?start=10&end=12")]
    [InlineData("get-sth-consistency?first=5&second=2")]
    [InlineData("get-sth-consistency?first=5&second=11")]
    [InlineData("get-sth-consistency?second=5")]
    [InlineData("get-proof-by-hash?hash=AAAA&tree_size=3")]
    [InlineData("get-proof-by-hash?hash=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%3D&tree_size=3")]
    [InlineData("get-entry-and-proof?leaf_index=3&tree_size=3")]
    [InlineData("get-entry-and-proof?leaf_index=3&tree_size=11")]
    public async Task A_call_that_cannot_be_answered_gets_400_and_a_message(string call)
    {
        await using ServedLog served = await ServedLog.StartAsync();
        for (byte i = 0; i < 10; i++) served.Log.AddEntry([0, 0, i], []);
        served.Log.Publish();

        using HttpResponseMessage answer = await served.Client.GetAsync($"ct/v1/{call}", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.NotEmpty((await ServedLog.JsonAsync(answer)).GetProperty("error_message").GetString()!);
    }

    [Fact]
    public async Task Entries_are_unseen_until_a_head_over_them_is_published()
    {
        await using ServedLog served = await ServedLog.StartAsync();
        served.Log.AddEntry([0, 0, 7], []);

        using HttpResponseMessage before = await served.Client.GetAsync("ct/v1/get-entries?start=0&end=0", TestContext.Current.CancellationToken);
        served.Log.Publish();

        Assert.Equal(HttpStatusCode.BadRequest, before.StatusCode);
        Assert.Single((await served.GetAsync("ct/v1/get-entries?start=0&end=0")).GetProperty("entries").EnumerateArray());
    }

    [Fact]
    public async Task Proofs_asked_over_HTTP_hold()
    {
        await using ServedLog served = await ServedLog.OfNavigliAsync();
        foreach ((ulong index, ulong size) in new (ulong, ulong)[] { (0, 1), (0, 1024), (511, 778), (777, 778), (1000, 1023) })
        {
            MerkleHash leaf = served.Log.LeafHashAt(new EntryIndex(index)), root = served.Log.RootAt(new TreeSize(size));
            JsonElement byHash = await served.GetAsync($"ct/v1/get-proof-by-hash?hash={Uri.EscapeDataString(leaf.ToBase64())}&tree_size={size}");
            JsonElement both = await served.GetAsync($"ct/v1/get-entry-and-proof?leaf_index={index}&tree_size={size}");

            Assert.Equal(index, byHash.GetProperty("leaf_index").GetUInt64());
            Assert.True(ProofChecks.IsIncluded(index, size, leaf.ToArray(), ServedLog.Hashes(byHash.GetProperty("audit_path")), root.ToArray()));
            Assert.True(ProofChecks.IsIncluded(
                index, size, ProofChecks.LeafHash(both.GetProperty("leaf_input").GetBytesFromBase64()),
                ServedLog.Hashes(both.GetProperty("audit_path")), root.ToArray()));
        }
        JsonElement consistency = await served.GetAsync("ct/v1/get-sth-consistency?first=257&second=1023");
        Assert.True(ProofChecks.IsConsistent(
            257, 1023, served.Log.RootAt(new TreeSize(257)).ToArray(), served.Log.RootAt(new TreeSize(1023)).ToArray(),
            ServedLog.Hashes(consistency.GetProperty("consistency"))));
    }

    [Fact]
    public async Task Of_equal_leaves_the_first_is_found_also_after_growth()
    {
        await using ServedLog served = await ServedLog.StartAsync();
        for (int i = 0; i < 300; i++) served.Log.AddEntry([0, 0, (byte)(i % 100), 1], []);
        MerkleHash leaf = served.Log.LeafHashAt(new EntryIndex(242));

        Assert.Equal(42UL, served.Log.FindLeaf(leaf, new TreeSize(200))?.Value);
        Assert.Equal(42UL, served.Log.FindLeaf(leaf, new TreeSize(300))?.Value);
        Assert.Null(served.Log.FindLeaf(leaf, new TreeSize(42)));
    }

    [Fact]
    public async Task A_client_that_accepts_gzip_gets_it_and_no_other_does()
    {
        await using ServedLog served = await ServedLog.OfNavigliAsync(300);
        byte[] plain = await served.BytesAsync("ct/v1/get-entries?start=0&end=299");
        using var request = new HttpRequestMessage(HttpMethod.Get, "ct/v1/get-entries?start=0&end=299");
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("gzip"));

        using HttpResponseMessage answer = await served.Client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(["gzip"], answer.Content.Headers.ContentEncoding);
        await using var body = new GZipStream(await answer.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken), CompressionMode.Decompress);
        using var unpacked = new MemoryStream();
        await body.CopyToAsync(unpacked, TestContext.Current.CancellationToken);
        Assert.Equal(plain, unpacked.ToArray());
    }

    private static void AssertSame(JsonElement row, JsonElement entry)
    {
        Assert.Equal(row.GetProperty("leaf_input").GetBytesFromBase64(), entry.GetProperty("leaf_input").GetBytesFromBase64());
        Assert.Equal(row.GetProperty("extra_data").GetBytesFromBase64(), entry.GetProperty("extra_data").GetBytesFromBase64());
    }
}
