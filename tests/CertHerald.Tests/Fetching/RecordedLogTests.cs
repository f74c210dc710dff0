using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using CertHerald.Fetching;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Batches;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;
using Microsoft.AspNetCore.Http;

namespace CertHerald.Tests.Fetching;

/// <summary>Real answers: Google's C++ log server (data/google-ct-server) and tiles of navigli2025h2 (data/static-ct).</summary>
public sealed class RecordedLogTests
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_recorded_server_is_proven_from_entry_256_to_both_of_its_heads()
    {
        var recorded = new RecordedServer();
        await using ScriptedServer server = await ScriptedServer.StartAsync(recorded.AnswerAsync);
        using var asking = new Asking();
        using LogReader reader = asking.Sources.Read(RecordedServer.Describe(server.Url), RequestPriority.Tip, isCustom: true);
        Frontier position = recorded.FrontierAt256();

        foreach (int size in new[] { 400, 700 })
        {
            recorded.Size = size;
            VerifiedHead head = await reader.GetHeadAsync(Cancellation);
            Assert.Equal((ulong)size, head.Size.Value);
            while (position.Size < head.Size)
            {
                Batch batch = await reader.ReadAsync(position, head, Cancellation);
                position = batch.End;
                if (position.Size == head.Size) Assert.IsType<VerifiedBatch>(batch);
                batch.Raw.Dispose();
            }

            Assert.Equal(recorded.RootAt(size), position.Root().ToBase64());
        }
    }

    [Fact]
    public async Task One_changed_byte_in_a_recorded_entry_is_disputed()
    {
        var recorded = new RecordedServer();
        JsonObject entry = recorded.Entries[300 - 256]!.AsObject();
        byte[] leaf = Convert.FromBase64String((string)entry["leaf_input"]!);
        leaf[100] ^= 1;
        entry["leaf_input"] = Convert.ToBase64String(leaf);
        await using ScriptedServer server = await ScriptedServer.StartAsync(recorded.AnswerAsync);
        using var asking = new Asking();
        using LogReader reader = asking.Sources.Read(RecordedServer.Describe(server.Url), RequestPriority.Tip, isCustom: true);
        VerifiedHead head = await reader.GetHeadAsync(Cancellation);

        Batch batch = await reader.ReadAsync(recorded.FrontierAt256(), head, Cancellation);

        Assert.IsType<DisputedBatch>(batch);
        batch.Raw.Dispose();
    }

    [Fact]
    public async Task A_recorded_consistency_proof_gives_the_start_and_the_lacking_call_is_not_missed()
    {
        var recorded = new RecordedServer { Size = 700 };
        await using ScriptedServer server = await ScriptedServer.StartAsync(recorded.AnswerAsync);
        using var asking = new Asking();
        using LogReader reader = asking.Sources.Read(RecordedServer.Describe(server.Url), RequestPriority.Tip, isCustom: true);
        VerifiedHead head = await reader.GetHeadAsync(Cancellation);

        Frontier start = await reader.StartAtAsync(new TreeSize(400), head, Cancellation);

        Assert.Equal(recorded.RootAt(400), start.Root().ToBase64());
        Assert.Equal(["/ct/v1/get-sth", "/ct/v1/get-sth-consistency?first=400&second=700"], server.Requests);
    }

    [Theory]
    [InlineData(1_024, 0)]
    [InlineData(778, 0)]
    [InlineData(778, 300)]
    [InlineData(1_000, 999)]
    public async Task Real_tiles_are_proven_under_a_checkpoint_over_their_root(int size, int from)
    {
        string folder = SharedData.PathOf("static-ct", "navigli2025h2");
        var key = new SigningKey();
        Assert.True(MerkleHash.TryParseBase64(
            SharedData.Json("static-ct", "navigli2025h2", "roots.json").RootElement.GetProperty("roots").GetProperty($"{size}").GetString(), out MerkleHash root));
        byte[] checkpoint = key.Checkpoint("navigli.example/2025h2", (ulong)size, root);
        await using ScriptedServer server = await ScriptedServer.StartAsync(context => ServeAsync(context, folder, checkpoint));
        using var asking = new Asking();
        LogDescription log = LogDescription.Custom(key.Public, LogProtocol.StaticCt, server.Url.AbsoluteUri, "https://navigli.example/2025h2/", "navigli");
        using LogReader reader = asking.Sources.Read(log, RequestPriority.Tip, isCustom: true);
        VerifiedHead head = await reader.GetHeadAsync(Cancellation);

        // The data has no level-1 tile: up to 1,024 entries that of four nodes is put together from level 0.
        Frontier position = from == 0 ? Frontier.Empty : await reader.StartAtAsync(new TreeSize((ulong)from), head, Cancellation);
        while (position.Size < head.Size)
        {
            Batch batch = await reader.ReadAsync(position, head, Cancellation);
            Assert.IsType<VerifiedBatch>(batch);
            position = batch.End;
            batch.Raw.Dispose();
        }

        Assert.Equal(root, position.Root());
    }

    [Fact]
    public async Task Real_issuers_are_found_by_their_fingerprints()
    {
        string folder = SharedData.PathOf("static-ct", "navigli2025h2");
        await using ScriptedServer server = await ScriptedServer.StartAsync(context => ServeAsync(context, folder, []));
        using var asking = new Asking();
        LogDescription log = LogDescription.Custom(new SigningKey().Public, LogProtocol.StaticCt, server.Url.AbsoluteUri);
        using LogReader reader = asking.Sources.Read(log, RequestPriority.Tip, isCustom: true);

        foreach (string file in Directory.GetFiles(Path.Combine(folder, "issuer")))
        {
            var fingerprint = new MerkleHash(Convert.FromHexString(Path.GetFileName(file)));
            Assert.Equal(await File.ReadAllBytesAsync(file, Cancellation), await reader.GetIssuerAsync(fingerprint, Cancellation));
        }
    }

    private static async Task ServeAsync(HttpContext context, string folder, byte[] checkpoint)
    {
        string path = context.Request.Path.Value!;
        if (path == "/checkpoint")
        {
            await context.Response.Body.WriteAsync(checkpoint);
            return;
        }

        if (path.StartsWith("/tile/1/", StringComparison.Ordinal))
        {
            int width = path.Contains(".p/", StringComparison.Ordinal) ? int.Parse(path[(path.IndexOf(".p/", StringComparison.Ordinal) + 3)..], CultureInfo.InvariantCulture) : 256;
            for (int tile = 0; tile < width; tile++)
            {
                byte[] hashes = await File.ReadAllBytesAsync(Path.Combine(folder, "tile", "0", $"{tile:000}"));
                Assert.True(HashTile.TryRead(hashes, 256, out ReadOnlySpan<MerkleHash> read));
                await context.Response.Body.WriteAsync(HashTile.Subtree(read).ToArray());
            }

            return;
        }

        string file = Path.Combine(folder, path[1..]);
        context.Response.StatusCode = File.Exists(file) ? 200 : 404;
        if (File.Exists(file)) await context.Response.SendFileAsync(file);
    }
}
