using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.EndToEnd;

/// <summary>All that the program needs around it: a log in both protocols, a receiver, a data folder and a configuration.</summary>
internal sealed class ServiceRig : IAsyncDisposable
{
    private readonly Scratch _scratch = new();

    private ServiceRig(Log log, LogServer server, LogFront front, Receiver receiver)
    {
        (Log, Server, Front, Receiver) = (log, server, front, receiver);
        Address = $"http://127.0.0.1:{FreePorts.Next()}";
        Configuration = new JsonObject
        {
            ["listen"] = Address,
            ["data"] = Data,
            ["logs"] = new JsonObject { ["start"] = "start", ["custom"] = new JsonArray(Rfc6962Of(log, front.Url), StaticCtOf(server, front.MonitoringUrl)) },
            ["watch"] = new JsonArray(".example.com"),
            ["webhooks"] = new JsonArray(Webhook("siem", receiver.Url.ToString())),
            ["outbound"] = new JsonObject { ["allow"] = new JsonArray("127.0.0.1") },
        };
    }

    public Log Log { get; }

    public LogServer Server { get; }

    /// <summary>What the program takes for the log.</summary>
    public LogFront Front { get; }

    public Receiver Receiver { get; }

    /// <summary>Where the program listens.</summary>
    public string Address { get; }

    public string Data => _scratch.PathOf("data");

    public TestCa Ca { get; } = new();

    /// <summary>Written to a file whenever the program starts.</summary>
    public JsonObject Configuration { get; }

    public static async Task<ServiceRig> StartAsync(LogOptions? options = null)
    {
        var log = new Log(options ?? new LogOptions { PublishOnAdd = true });
        LogServer server = await LogServer.StartAsync(log, new LogServerOptions { Gzip = false }, TestContext.Current.CancellationToken);
        return new ServiceRig(log, server, await LogFront.StartAsync(server), Receiver.Start());
    }

    /// <summary>A log of the configuration, looked at as often as is allowed.</summary>
    public static JsonObject Rfc6962Of(Log log, Uri url) => new()
    {
        ["description"] = "plain",
        ["key"] = Convert.ToBase64String(log.Rfc6962Key.Spki.Span),
        ["url"] = url.ToString(),
        ["head_interval"] = "200ms",
    };

    public static JsonObject StaticCtOf(LogServer server, Uri monitoring) => new()
    {
        ["description"] = "tiled",
        ["key"] = Convert.ToBase64String(server.Log.StaticCtKey.Spki.Span),
        ["submission_url"] = server.SubmissionUrl.ToString(),
        ["monitoring_url"] = monitoring.ToString(),
        ["head_interval"] = "200ms",
    };

    public static JsonObject Webhook(string name, string url, params string[] events) => new()
    {
        ["name"] = name,
        ["url"] = url,
        ["events"] = new JsonArray([.. (events.Length > 0 ? events : ["unknown_certificate"]).Select(kind => (JsonNode)kind)]),
    };

    public string WriteConfiguration() => _scratch.Write("certherald.json", Configuration.ToJsonString());

    /// <summary>Begins the service.</summary>
    public Certherald Run() => Certherald.Start("run", "--config", WriteConfiguration());

    /// <summary>Begins the service and waits until it answers.</summary>
    public async Task<Certherald> RunReadyAsync()
    {
        Certherald program = Run();
        await program.ErrorLineAsync(line => line.Contains("answers on", StringComparison.Ordinal));
        return program;
    }

    /// <summary>
    /// Waits until the program has asked each side of the log for a head twice: it has then read, committed and decided
    /// everything below the first.
    /// </summary>
    public async Task ReadToHeadAsync()
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        int plain = 0, tiled = 0;
        Front.Served = path =>
        {
            if (path.StartsWith("/ct/v1/get-sth", StringComparison.Ordinal) && !path.Contains("consistency", StringComparison.Ordinal)) Interlocked.Increment(ref plain);
            if (path == "/tiles/checkpoint") Interlocked.Increment(ref tiled);
            if (Volatile.Read(ref plain) >= 2 && Volatile.Read(ref tiled) >= 2) done.TrySetResult();
        };
        await done.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await Front.DisposeAsync();
        await Server.DisposeAsync();
        await Log.DisposeAsync();
        await Receiver.DisposeAsync();
        Ca.Dispose();
        _scratch.Dispose();
    }
}

internal static class WebhookBodies
{
    public static JsonElement Json(this Received request) => JsonElement.Parse(request.Body);

    /// <summary>The names of the certificate that a request tells of.</summary>
    public static string Names(this Received request) =>
        string.Join(' ', request.Json().GetProperty("issuance").GetProperty("dns_names").EnumerateArray().Select(name => name.GetString()));
}
