using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using CertHerald.TestLog;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.TestLog;

/// <summary>A log, its server and a client without extras.</summary>
internal sealed class ServedLog : IAsyncDisposable
{
    private ServedLog(Log log, LogServer server)
    {
        (Log, Server) = (log, server);
        Client = new HttpClient(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None }) { BaseAddress = server.Url };
    }

    public Log Log { get; }

    public LogServer Server { get; }

    public HttpClient Client { get; }

    public static async Task<ServedLog> StartAsync(LogOptions? options = null, LogServerOptions? serving = null)
    {
        var log = new Log(options);
        return new ServedLog(log, await LogServer.StartAsync(log, serving));
    }

    /// <summary>The first entries of navigli2025h2: real rows whose roots and tiles are known.</summary>
    public static async Task<ServedLog> OfNavigliAsync(ulong? size = null)
    {
        string rows = Doubles.SharedData.PathOf("get-entries", "navigli2025h2-0-1023.entries.jsonl.gz");
        ServedLog served = await StartAsync();
        served.Log.AddCorpus(Corpus.Read(rows).Take((int)(size ?? 1024)));
        served.Log.Publish();
        return served;
    }

    public async Task<JsonElement> GetAsync(string call)
    {
        using HttpResponseMessage answer = await Client.GetAsync(call, TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal("application/json", answer.Content.Headers.ContentType?.MediaType);
        return await JsonAsync(answer);
    }

    /// <summary>The body; empty where there is no such thing.</summary>
    public async Task<byte[]> BytesAsync(string path)
    {
        using HttpResponseMessage answer = await Client.GetAsync(path, TestContext.Current.CancellationToken);
        if (answer.StatusCode == HttpStatusCode.NotFound) return [];
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
    }

    public async Task<HttpResponseMessage> SubmitAsync(string call, IEnumerable<byte[]> chain) => await Client.PostAsync(
        call,
        new StringContent(JsonSerializer.Serialize(new { chain = chain.Select(Convert.ToBase64String) })),
        TestContext.Current.CancellationToken);

    public static async Task<JsonElement> JsonAsync(HttpResponseMessage answer) =>
        JsonSerializer.Deserialize<JsonElement>(await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));

    /// <summary>Whether a DigitallySigned holds, by .NET's own means.</summary>
    public static bool Verifies(ReadOnlySpan<byte> spki, byte[] message, ReadOnlySpan<byte> digitallySigned)
    {
        Assert.Equal(4, digitallySigned[0]);
        Assert.Equal(digitallySigned.Length - 4, digitallySigned[2] << 8 | digitallySigned[3]);
        ReadOnlySpan<byte> signature = digitallySigned[4..];
        if (digitallySigned[1] == 1)
        {
            using RSA rsa = RSA.Create();
            rsa.ImportSubjectPublicKeyInfo(spki, out _);
            return rsa.VerifyData(message, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        }
        Assert.Equal(3, digitallySigned[1]);
        using ECDsa ecdsa = ECDsa.Create();
        ecdsa.ImportSubjectPublicKeyInfo(spki, out _);
        return ecdsa.VerifyData(message, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
    }

    public static IReadOnlyList<byte[]> Hashes(JsonElement array) => [.. array.EnumerateArray().Select(h => h.GetBytesFromBase64())];

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Server.DisposeAsync();
        await Log.DisposeAsync();
    }
}
