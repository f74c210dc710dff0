using System.Net;
using System.Text;
using System.Text.Json;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.TestLog.Faults;

/// <summary>A served log of made-up entries under a clock that stands still, asked by a client without extras.</summary>
internal sealed class FaultyLog : IAsyncDisposable
{
    private FaultyLog(ManualTime time, Log log, LogServer server)
    {
        (Time, Log, Server) = (time, log, server);
        var handler = new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None, AllowAutoRedirect = false, UseProxy = false };
        Client = new HttpClient(handler) { BaseAddress = server.Url, MaxResponseContentBufferSize = 128 << 20 };
    }

    public ManualTime Time { get; }

    public Log Log { get; }

    public LogServer Server { get; }

    public HttpClient Client { get; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <param name="shaping">Set before the entries are added.</param>
    public static async Task<FaultyLog> StartAsync(ulong entries = 600, params IReadOnlyList<string> shaping)
    {
        var time = new ManualTime();
        var log = new Log(new LogOptions { Time = time });
        log.Misbehave(shaping);
        log.AddCorpus(new SyntheticCorpus().Entries(new EntryIndex(0), entries));
        log.Publish();
        return new FaultyLog(time, log, await LogServer.StartAsync(log));
    }

    /// <summary>The same, misbehaving from now on.</summary>
    public static async Task<FaultyLog> WithAsync(params IReadOnlyList<string> faults)
    {
        FaultyLog log = await StartAsync();
        log.Log.Misbehave(faults);
        return log;
    }

    /// <summary>Adds made-up entries and publishes.</summary>
    public void Grow(ulong by)
    {
        Log.AddCorpus(new SyntheticCorpus().Entries(new EntryIndex(Log.Size.Value), by));
        Log.Publish();
    }

    public Task<HttpResponseMessage> AskAsync(string path, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        foreach ((string name, string value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        return Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
    }

    public async Task<int> StatusAsync(string path)
    {
        using HttpResponseMessage answer = await AskAsync(path);
        return (int)answer.StatusCode;
    }

    public async Task<byte[]> BytesAsync(string path)
    {
        using HttpResponseMessage answer = await AskAsync(path);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadAsByteArrayAsync(Cancellation);
    }

    public async Task<string> TextAsync(string path) => Encoding.UTF8.GetString(await BytesAsync(path));

    public async Task<JsonElement> JsonAsync(string path) => JsonSerializer.Deserialize<JsonElement>(await BytesAsync(path));

    public async Task<(byte[] LeafInput, byte[] ExtraData)[]> EntriesAsync(ulong start, ulong end) =>
        [.. (await JsonAsync($"ct/v1/get-entries?start={start}&end={end}")).GetProperty("entries").EnumerateArray()
            .Select(entry => (entry.GetProperty("leaf_input").GetBytesFromBase64(), entry.GetProperty("extra_data").GetBytesFromBase64()))];

    /// <summary>The head of either protocol, its signature checked.</summary>
    public async Task<(ulong Size, byte[] Root, ulong Timestamp, bool IsSigned)> HeadAsync(LogProtocol protocol)
    {
        if (protocol == LogProtocol.Rfc6962)
        {
            JsonElement head = await JsonAsync("ct/v1/get-sth");
            byte[] signature = head.GetProperty("tree_head_signature").GetBytesFromBase64();
            return Checked(
                head.GetProperty("tree_size").GetUInt64(), head.GetProperty("sha256_root_hash").GetBytesFromBase64(),
                head.GetProperty("timestamp").GetUInt64(), Log.Rfc6962Key, signature);
        }
        string[] lines = (await TextAsync("tiles/checkpoint")).Split('\n');
        byte[] line = Convert.FromBase64String(lines[4].Split(' ')[2]);
        ulong timestamp = System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(line.AsSpan(4));
        return Checked(
            ulong.Parse(lines[1], System.Globalization.CultureInfo.InvariantCulture), Convert.FromBase64String(lines[2]), timestamp, Log.StaticCtKey, line[12..]);

        static (ulong, byte[], ulong, bool) Checked(ulong size, byte[] root, ulong timestamp, LogKey key, byte[] signature)
        {
            byte[] signed = PublishedHead.SignedBytes(new TreeSize(size), timestamp, new MerkleHash(root));
            bool isShaped = signature[0] == 4 && signature.Length - 4 == (signature[2] << 8 | signature[3]);
            return (size, root, timestamp, isShaped && ServedLog.Verifies(key.Spki.Span, signed, signature));
        }
    }

    /// <summary>The root over what get-entries serves.</summary>
    public async Task<byte[]> RootOfEntriesAsync(ulong size)
    {
        Frontier frontier = Frontier.Empty;
        while (frontier.Size.Value < size)
            frontier = frontier.Append((await EntriesAsync(frontier.Size.Value, size - 1)).Select(entry => MerkleHash.OfLeaf(entry.LeafInput)).ToArray());
        return frontier.Root().ToArray();
    }

    /// <summary>The root over what data tiles hold, if no entry is odd.</summary>
    public async Task<byte[]> RootOfTilesAsync(ulong size)
    {
        Frontier frontier = Frontier.Empty;
        while (frontier.Size.Value < size)
        {
            ulong count = Math.Min(256, size - frontier.Size.Value);
            byte[] tile = await BytesAsync(TilePath("data", frontier.Size.Value / 256, count));
            frontier = frontier.Append(LeavesOf(tile).Select(leaf => MerkleHash.OfLeaf(leaf)).ToArray());
        }
        return frontier.Root().ToArray();
    }

    public static string TilePath(string level, ulong number, ulong width) =>
        $"tiles/tile/{level}/{number:D3}" + (width == 256 ? "" : $".p/{width}");

    /// <summary>The leaf_inputs of a data tile.</summary>
    public static IEnumerable<byte[]> LeavesOf(byte[] tile)
    {
        for (int at = 0; at < tile.Length;)
        {
            Assert.True(LeafFormat.TryMeasure(tile.AsSpan(at), out int length, out bool isPrecert));
            yield return [0, 0, .. tile.AsSpan(at, length)];
            at += length;
            if (isPrecert) at += 3 + LeafFormat.ReadUInt24(tile.AsSpan(at));
            at += 2 + (tile[at] << 8 | tile[at + 1]);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Server.DisposeAsync();
        await Log.DisposeAsync();
    }
}
