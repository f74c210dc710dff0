using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CertHerald.TestLog;
using CertHerald.TestLog.Serving;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.TestLog;

public class StaticCtCallsTests
{
    [Fact]
    public async Task Rows_of_a_real_log_are_served_as_its_own_tiles_and_issuers()
    {
        await using ServedLog served = await ServedLog.OfNavigliAsync();

        foreach (string tile in new[] { "000", "001", "002", "003" })
        {
            Assert.Equal(SharedData.Bytes("static-ct", "navigli2025h2", "tile", "data", tile), await served.BytesAsync($"tiles/tile/data/{tile}"));
            Assert.Equal(SharedData.Bytes("static-ct", "navigli2025h2", "tile", "0", tile), await served.BytesAsync($"tiles/tile/0/{tile}"));
        }
        foreach (string issuer in Directory.EnumerateFiles(SharedData.PathOf("static-ct", "navigli2025h2", "issuer")))
            Assert.Equal(File.ReadAllBytes(issuer), await served.BytesAsync($"tiles/issuer/{Path.GetFileName(issuer)}"));
    }

    [Fact]
    public async Task The_partial_tile_of_a_real_log_is_served_while_the_tree_has_its_width()
    {
        await using ServedLog served = await ServedLog.OfNavigliAsync(778);

        Assert.Equal(SharedData.Bytes("static-ct", "navigli2025h2", "tile", "data", "003.p", "10"), await served.BytesAsync("tiles/tile/data/003.p/10"));
        Assert.Empty(await served.BytesAsync("tiles/tile/data/003"));
    }

    [Theory]
    [InlineData(1, "0/000.p/1", "0/000 0/000.p/2 1/000.p/1")]
    [InlineData(255, "0/000.p/255", "0/000 0/000.p/254 1/000.p/1")]
    [InlineData(256, "0/000 1/000.p/1", "0/000.p/255 0/001.p/1 0/001 1/000")]
    [InlineData(257, "0/000 0/001.p/1 1/000.p/1", "0/001 0/001.p/2 1/000.p/2")]
    [InlineData(512, "0/000 0/001 1/000.p/2", "0/002.p/1 1/000.p/1")]
    [InlineData(513, "0/001 0/002.p/1 1/000.p/2", "0/002 1/000.p/1 2/000.p/1 0/000.p/1")]
    public async Task Only_tiles_that_the_published_size_implies_exist(int size, string there, string absent)
    {
        await using ServedLog served = await ServedLog.StartAsync();
        served.Log.AddCorpus(new SyntheticCorpus().Entries(new EntryIndex(0), (ulong)size + 3));
        await using ServedLog exact = await ServedLog.StartAsync();
        exact.Log.AddCorpus(new SyntheticCorpus().Entries(new EntryIndex(0), (ulong)size));
        exact.Log.Publish();

        foreach (string tile in there.Split(' '))
        {
            int width = tile.Contains(".p/", StringComparison.Ordinal) ? int.Parse(tile[(tile.IndexOf(".p/", StringComparison.Ordinal) + 3)..], CultureInfo.InvariantCulture) : 256;
            Assert.Equal(32 * width, (await exact.BytesAsync($"tiles/tile/{tile}")).Length);
            if (tile.StartsWith("0/", StringComparison.Ordinal)) Assert.NotEmpty(await exact.BytesAsync($"tiles/tile/data/{tile[2..]}"));
            Assert.Empty(await served.BytesAsync($"tiles/tile/{tile}"));
        }
        foreach (string tile in absent.Split(' ')) Assert.Empty(await exact.BytesAsync($"tiles/tile/{tile}"));
    }

    [Fact]
    public async Task A_partial_tile_of_an_older_head_stays()
    {
        await using ServedLog served = await ServedLog.StartAsync();
        var corpus = new SyntheticCorpus();
        served.Log.AddCorpus(corpus.Entries(new EntryIndex(0), 10));
        served.Log.Publish();
        byte[] before = await served.BytesAsync("tiles/tile/data/000.p/10");

        served.Log.AddCorpus(corpus.Entries(new EntryIndex(10), 300));
        served.Log.Publish();

        Assert.NotEmpty(before);
        Assert.Equal(before, await served.BytesAsync("tiles/tile/data/000.p/10"));
        Assert.Empty(await served.BytesAsync("tiles/tile/data/000.p/11"));
    }

    [Fact]
    public async Task Tiles_of_an_upper_level_are_the_roots_of_those_below()
    {
        await using ServedLog served = await ServedLog.StartAsync();
        served.Log.AddCorpus(new SyntheticCorpus().Entries(new EntryIndex(0), 513));
        served.Log.Publish();

        byte[] upper = await served.BytesAsync("tiles/tile/1/000.p/2");

        Assert.Equal(served.Log.RootAt(new TreeSize(256)).ToArray(), upper[..32]);
        Assert.Equal(RootOf(await served.BytesAsync("tiles/tile/0/001")), upper[32..]);

        static byte[] RootOf(byte[] hashes) =>
            hashes.Length == 32 ? hashes : ProofChecks.Node(RootOf(hashes[..(hashes.Length / 2)]), RootOf(hashes[(hashes.Length / 2)..]));
    }

    [Theory]
    [InlineData("000", 0)]
    [InlineData("001", 1)]
    [InlineData("x001/000", 1000)]
    [InlineData("x001/x234/067", 1234067)]
    public void The_number_of_a_tile_is_read_in_groups_of_three(string path, ulong number)
    {
        Assert.Equal(new TilePath(true, 0, number, 256), TilePath.TryParse("data/" + path));
        Assert.Equal(new TilePath(false, 3, number, 8), TilePath.TryParse($"3/{path}.p/8"));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("0/")]
    [InlineData("0/1")]
    [InlineData("0/x000/001")]
    [InlineData("0/001/000")]
    [InlineData("0/x001")]
    [InlineData("0/000.p/0")]
    [InlineData("0/000.p/08")]
    [InlineData("0/000.p/256")]
    [InlineData("0/000.p")]
    [InlineData("6/000")]
    [InlineData("00/000")]
    [InlineData("names/000")]
    [InlineData("0/x001/x001/x001/x001/x001/x001/x001/001")]
    public void Another_spelling_of_a_tile_is_no_tile(string path) => Assert.Null(TilePath.TryParse(path));

    [Theory]
    [InlineData(LogKeyKind.EcdsaP256)]
    [InlineData(LogKeyKind.Rsa2048)]
    public async Task A_checkpoint_is_a_note_signed_by_the_static_key_over_the_same_tree_as_the_tree_head(LogKeyKind kind)
    {
        await using ServedLog served = await ServedLog.StartAsync(new LogOptions { KeyKind = kind });
        served.Log.AddCorpus(new SyntheticCorpus().Entries(new EntryIndex(0), 5));
        served.Log.Publish();

        string note = Encoding.UTF8.GetString(await served.BytesAsync("tiles/checkpoint"));
        JsonElement head = await served.GetAsync("ct/v1/get-sth");

        string[] lines = note.Split('\n');
        string origin = $"127.0.0.1:{served.Server.Url.Port}/static";
        Assert.Equal([origin, "5", head.GetProperty("sha256_root_hash").GetString()!, ""], lines[..4]);
        Assert.StartsWith($"— {origin} ", lines[4], StringComparison.Ordinal);
        Assert.Equal([""], lines[5..]);
        byte[] signature = Convert.FromBase64String(lines[4].Split(' ')[2]);
        byte[] keyId = SHA256.HashData([.. Encoding.UTF8.GetBytes(origin), 10, 5, .. SHA256.HashData(served.Log.StaticCtKey.Spki.Span)]);
        Assert.Equal(keyId[..4], signature[..4]);
        byte[] signed = PublishedHead.SignedBytes(
            new TreeSize(5), BinaryPrimitives.ReadUInt64BigEndian(signature.AsSpan(4)), served.Log.RootAt(new TreeSize(5)));
        Assert.True(ServedLog.Verifies(served.Log.StaticCtKey.Spki.Span, signed, signature.AsSpan(12)));
        Assert.NotEqual(served.Log.Rfc6962Key.Id, served.Log.StaticCtKey.Id);
    }

    [Fact]
    public async Task Tiles_may_be_kept_and_checkpoints_may_not()
    {
        await using ServedLog served = await ServedLog.OfNavigliAsync(256);

        using HttpResponseMessage tile = await served.Client.GetAsync("tiles/tile/data/000", TestContext.Current.CancellationToken);
        using HttpResponseMessage checkpoint = await served.Client.GetAsync("tiles/checkpoint", TestContext.Current.CancellationToken);
        using HttpResponseMessage post = await served.Client.PostAsync("tiles/checkpoint", null, TestContext.Current.CancellationToken);

        Assert.Contains("immutable", tile.Headers.CacheControl?.ToString(), StringComparison.Ordinal);
        Assert.True(checkpoint.Headers.CacheControl?.NoStore);
        Assert.Equal("text/plain", checkpoint.Content.Headers.ContentType?.MediaType);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, post.StatusCode);
    }
}
