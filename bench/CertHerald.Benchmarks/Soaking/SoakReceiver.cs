using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace CertHerald.Benchmarks.Soaking;

/// <summary>What came under one key.</summary>
/// <param name="Subject">What the first body was about.</param>
internal sealed class LedgerRow(string subject, string bodyHash)
{
    public string Subject { get; } = subject;

    public string BodyHash { get; } = bodyHash;

    public int Times { get; set; }

    /// <summary>Whether it was answered with 2xx, ever.</summary>
    public bool IsTaken { get; set; }
}

/// <summary>A webhook's receiver that keeps a ledger and, while it may, answers 500, 503, nothing, or resets.</summary>
internal sealed class SoakReceiver : IAsyncDisposable
{
    /// <summary>A delivery is refused at most so often: the waits between its attempts grow to minutes.</summary>
    private const int MostRefusals = 2;

    private readonly WebApplication _application;
    private readonly Random _random;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, LedgerRow> _ledger = [];
    private readonly List<string> _contradictions = [];
    private DateTime _badUntil, _nextBad = DateTime.UtcNow;

    private SoakReceiver(WebApplication application, int seed) => (_application, _random) = (application, new Random(seed));

    public int Port { get; private set; }

    /// <summary>Whether it may misbehave.</summary>
    public bool IsHealthy { get; set; }

    public int Requests { get; private set; }

    /// <summary>Requests that it did not answer with 2xx.</summary>
    public int Refused { get; private set; }

    public IReadOnlyDictionary<string, LedgerRow> Ledger
    {
        get { lock (_gate) return new Dictionary<string, LedgerRow>(_ledger); }
    }

    /// <summary>Keys that came with two bodies, and requests that cannot be understood.</summary>
    public IReadOnlyList<string> Contradictions
    {
        get { lock (_gate) return [.. _contradictions]; }
    }

    public static async Task<SoakReceiver> StartAsync(int seed)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        WebApplication application = builder.Build();
        var receiver = new SoakReceiver(application, seed);
        application.Run(receiver.TakeAsync);
        await application.StartAsync();
        receiver.Port = new Uri(application.Urls.Single()).Port;
        return receiver;
    }

    /// <summary>Subjects that were taken.</summary>
    public HashSet<string> Taken()
    {
        lock (_gate) return [.. _ledger.Values.Where(row => row.IsTaken).Select(row => row.Subject)];
    }

    public async ValueTask DisposeAsync() => await _application.DisposeAsync();

    private async Task TakeAsync(HttpContext context)
    {
        using var buffer = new MemoryStream();
        try
        {
            await context.Request.Body.CopyToAsync(buffer, context.RequestAborted);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or BadHttpRequestException)
        {
            // Killed while it sent: nothing was delivered.
            return;
        }

        int answer;
        lock (_gate) answer = Note(context.Request.Headers["Idempotency-Key"].ToString(), buffer.ToArray());
        switch (answer)
        {
            case 0:
                context.Features.Get<IHttpResetFeature>()?.Reset(0);
                context.Abort();
                break;
            case 1:
                await Task.Delay(TimeSpan.FromSeconds(20), context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
                context.Abort();
                break;
            default:
                context.Response.StatusCode = answer;
                break;
        }
    }

    /// <summary>Enters it in the ledger. The status to answer with; 0 to reset, 1 to hang.</summary>
    private int Note(string key, byte[] body)
    {
        Requests++;
        string hash = Convert.ToHexStringLower(SHA256.HashData(body));
        string subject;
        try
        {
            subject = SubjectOf(JsonSerializer.Deserialize<JsonElement>(body));
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            _contradictions.Add($"a body that cannot be understood came under {key}: {e.Message}");
            return 200;
        }
        if (!_ledger.TryGetValue(key, out LedgerRow? row)) _ledger[key] = row = new LedgerRow(subject, hash);
        if (row.BodyHash != hash) _contradictions.Add($"{key} came with another body, about {subject}, before about {row.Subject}");
        row.Times++;

        if (!IsHealthy && row.Times <= MostRefusals && !row.IsTaken && IsBadNow())
        {
            // Few 503: after one, nothing comes for 30 s.
            int refusal = _random.Next(40) switch { < 6 => 0, < 10 => 1, 10 => 503, < 28 => 500, _ => 200 };
            if (refusal != 200)
            {
                Refused++;
                return refusal;
            }
        }
        row.IsTaken = true;
        return 204;
    }

    private bool IsBadNow()
    {
        DateTime now = DateTime.UtcNow;
        if (now >= _nextBad)
        {
            _badUntil = now.AddSeconds(2 + 8 * _random.NextDouble());
            _nextBad = _badUntil.AddSeconds(5 + 40 * _random.NextDouble());
        }
        return now < _badUntil;
    }

    /// <summary>What a body tells of.</summary>
    public static string SubjectOf(JsonElement body)
    {
        if (body.TryGetProperty("issuance", out JsonElement issuance)) return issuance.GetProperty("tbs_sha256").GetString()!;
        return body.TryGetProperty("event", out _)
            ? Malformed(body.GetProperty("log").GetProperty("id").GetString()!, body.GetProperty("entry_index").GetUInt64(), body.GetProperty("leaf_hash").GetString()!)
            : $"notice {body.GetProperty("id").GetString()} {body.GetProperty("type").GetString()} {body.GetProperty("time").GetString()}";
    }

    public static string Malformed(string log, ulong index, string leafHash) => $"malformed {log} {index} {leafHash}";
}
