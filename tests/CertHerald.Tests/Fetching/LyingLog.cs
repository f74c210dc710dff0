using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using CertHerald.Fetching;
using CertHerald.TestLog;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;
using Microsoft.AspNetCore.Http;
using LogKey = CertHerald.Transparency.Logs.LogKey;
using LogProtocol = CertHerald.Transparency.LogLists.LogProtocol;

namespace CertHerald.Tests.Fetching;

/// <summary>A test log behind a front end that keeps what it was asked, and can change what passes.</summary>
internal sealed class LyingLog : IAsyncDisposable
{
    private readonly LogServer _server;
    private readonly ScriptedServer _front;
    private readonly HttpClient _client = new();

    private LyingLog(LogProtocol protocol, Log log, LogServer server)
    {
        Protocol = protocol;
        Log = log;
        _server = server;
        _front = ScriptedServer.StartAsync(ForwardAsync).GetAwaiter().GetResult();
        ReadOnlyMemory<byte> spki = (protocol == LogProtocol.Rfc6962 ? log.Rfc6962Key : log.StaticCtKey).Spki;
        Assert.True(LogKey.TryCreate(spki.Span, out LogKey? key, out string? problem), problem);
        Description = protocol == LogProtocol.Rfc6962
            ? LogDescription.Custom(key, protocol, _front.Url.AbsoluteUri, description: "a log")
            : LogDescription.Custom(key, protocol, $"{_front.Url}tiles/", server.SubmissionUrl.AbsoluteUri, "a log");
    }

    public LogProtocol Protocol { get; }

    public Log Log { get; }

    public LogDescription Description { get; }

    public Asking Asking { get; } = new();

    /// <summary>What was asked since the last <see cref="Forget"/>, without the part that all requests share.</summary>
    public IEnumerable<string> Requests =>
        _front.Requests.Select(path => path[(Protocol == LogProtocol.Rfc6962 ? "/ct/v1/" : "/tiles/").Length..]);

    /// <summary>Sees each answer before it leaves; may answer itself (true).</summary>
    public Func<string, HttpContext, byte[], Task<bool>> Lie { get; set; } = (_, _, _) => Task.FromResult(false);

    public static async Task<LyingLog> StartAsync(LogProtocol protocol, int entries, int maxEntriesPerAnswer = 1000, TimeProvider? time = null)
    {
        var log = new Log(new CertHerald.TestLog.LogOptions { MaxEntriesPerAnswer = maxEntriesPerAnswer, Time = time ?? TimeProvider.System });
        for (int i = 0; i < entries; i++) log.AddEntry(LeafInput(i), [0, 0, 0]);
        log.Publish();
        return new LyingLog(protocol, log, await LogServer.StartAsync(log));
    }

    public LogReader Read() => Asking.Sources.Read(Description, RequestPriority.Tip, isCustom: true);

    public void Forget() => _front.Requests.Clear();

    /// <summary>The frontier by appending every leaf: what no log had a word in.</summary>
    public Frontier FrontierAt(ulong size)
    {
        var leaves = new MerkleHash[size];
        for (ulong i = 0; i < size; i++) leaves[i] = Log.LeafHashAt(new EntryIndex(i));
        return Frontier.Empty.Append(leaves);
    }

    /// <summary>A head that the log signed over whatever root, as it would serve it.</summary>
    public VerifiedHead SignHead(ulong size, MerkleHash root)
    {
        const ulong timestamp = 1_700_000_000_000;
        bool isTiled = Protocol == LogProtocol.StaticCt;
        byte[] signature = (isTiled ? Log.StaticCtKey : Log.Rfc6962Key).Sign(PublishedHead.SignedBytes(new TreeSize(size), timestamp, root));
        byte[] verbatim = isTiled
            ? SigningKey.Checkpoint(Description.Origin, Description.Id, size, timestamp, root, signature)
            : JsonSerializer.SerializeToUtf8Bytes(new { tree_size = size, timestamp, sha256_root_hash = root.ToBase64(), tree_head_signature = Convert.ToBase64String(signature) });
        return Read().ReadHead(verbatim)!;
    }

    /// <summary>An x509 entry whose certificate is noise of 20 to 219 bytes, with its number as its index.</summary>
    public static byte[] LeafInput(int number)
    {
        byte[] certificate = SHA256.HashData(BitConverter.GetBytes(number));
        int length = 20 + number % 200;
        byte[] leaf = new byte[2 + 8 + 2 + 3 + length + 2 + 8];
        BinaryPrimitives.WriteUInt64BigEndian(leaf.AsSpan(2), 1_700_000_000_000 + (ulong)number);
        leaf[14] = (byte)length;
        for (int i = 0; i < length; i++) leaf[15 + i] = certificate[i % 32];
        (leaf[^9], leaf[^6]) = (8, 5);
        BinaryPrimitives.WriteUInt32BigEndian(leaf.AsSpan(leaf.Length - 4), (uint)number);
        return leaf;
    }

    public async ValueTask DisposeAsync()
    {
        Asking.Dispose();
        await _front.DisposeAsync();
        await _server.DisposeAsync();
        await Log.DisposeAsync();
        _client.Dispose();
    }

    private async Task ForwardAsync(HttpContext context)
    {
        string path = context.Request.Path + context.Request.QueryString;
        using HttpResponseMessage answer = await _client.GetAsync(new Uri(_server.Url, path), context.RequestAborted);
        byte[] body = await answer.Content.ReadAsByteArrayAsync(context.RequestAborted);
        if (await Lie(path, context, body)) return;

        context.Response.StatusCode = (int)answer.StatusCode;
        context.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
        await context.Response.Body.WriteAsync(body);
    }
}
