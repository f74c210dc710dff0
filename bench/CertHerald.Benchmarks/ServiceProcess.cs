using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using CertHerald.TestLog;

namespace CertHerald.Benchmarks;

/// <summary>The service as users run it: the published program in a process of its own, with a data directory that ends with it.</summary>
internal sealed class ServiceProcess : IAsyncDisposable
{
    /// <summary>Far beyond what a start takes on a busy machine.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly string _directory;
    private readonly HttpClient _client;
    private readonly ConcurrentQueue<string> _said = new();

    private ServiceProcess(Process process, string directory, Uri address)
    {
        (_process, _directory, _client) = (process, directory, new HttpClient { BaseAddress = address });
        // Nobody reads on otherwise, and a full pipe would stop it.
        _ = ListenAsync();
        _ = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
    }

    /// <summary>Bytes that it holds now.</summary>
    public long Memory => Fresh().WorkingSet64;

    /// <summary>Bytes that it held at most.</summary>
    public long Peak => Fresh().PeakWorkingSet64;

    /// <summary>Its data directory.</summary>
    public string Data => Path.Combine(_directory, "data");

    public TimeSpan Processor => Fresh().TotalProcessorTime;

    /// <param name="logs">The section <c>logs</c>.</param>
    /// <param name="inbox">Its webhook; null for none.</param>
    public static Task<ServiceProcess> StartAsync(string program, JsonObject logs, Inbox? inbox = null) =>
        StartAsync(program, logs, inbox is null ? [] : [("inbox", inbox.Url)]);

    /// <param name="setup">What is unlike other runs; null: nothing.</param>
    public static async Task<ServiceProcess> StartAsync(string program, JsonObject logs, IReadOnlyList<(string Name, Uri Url)> webhooks, ServiceSetup? setup = null)
    {
        setup ??= new ServiceSetup();
        string directory = Directory.CreateTempSubdirectory("certherald-bench-").FullName, data = Path.Combine(directory, "data");
        string configuration = Path.Combine(directory, "certherald.json");
        Directory.CreateDirectory(data);
        setup.Prepare?.Invoke(data);
        await File.WriteAllTextAsync(configuration, new JsonObject
        {
            ["listen"] = "http://127.0.0.1:0",
            ["public_url"] = "http://127.0.0.1:8470",
            ["data"] = data,
            ["logs"] = logs,
            ["watch"] = new JsonArray([.. setup.Watch.Select(item => JsonValue.Create(item))]),
            ["lookalikes"] = new JsonArray([.. setup.Protected.Select(domain => JsonValue.Create(domain))]),
            ["webhooks"] = new JsonArray([.. webhooks.Select(webhook => new JsonObject { ["name"] = webhook.Name, ["url"] = webhook.Url.AbsoluteUri })]),
            ["outbound"] = new JsonObject { ["allow"] = new JsonArray("127.0.0.1") },
        }.ToJsonString());

        var start = new ProcessStartInfo(program, ["run", "--config", configuration]) { RedirectStandardError = true, RedirectStandardOutput = true };
        if (setup.TrustFile is { } trusted) start.Environment["SSL_CERT_FILE"] = trusted;
        Process process = Process.Start(start)!;
        try
        {
            using var limit = new CancellationTokenSource(Patience);
            return new ServiceProcess(process, directory, await AddressAsync(process.StandardError, limit.Token));
        }
        catch
        {
            process.Kill();
            process.Dispose();
            Directory.Delete(directory, recursive: true);
            throw;
        }
    }

    /// <summary>A log as the section <c>logs.custom</c> has it.</summary>
    /// <param name="interval">How often its head is looked at; null for the default.</param>
    public static JsonObject Describe(LogServer server, LogProtocol protocol, string name, string? interval)
    {
        var log = new JsonObject { ["description"] = name, ["key"] = Convert.ToBase64String(server.Log.KeyOf(protocol).Spki.Span) };
        if (interval is not null) log["head_interval"] = interval;
        if (protocol == LogProtocol.Rfc6962)
        {
            log["url"] = server.Url.AbsoluteUri;
        }
        else
        {
            log["submission_url"] = server.SubmissionUrl.AbsoluteUri;
            log["monitoring_url"] = server.MonitoringUrl.AbsoluteUri;
        }
        return log;
    }

    /// <summary>The sum of a metric's series whose labels contain all of these.</summary>
    public async Task<double> MetricAsync(string name, params string[] labels)
    {
        string text = await _client.GetStringAsync("metrics");
        return text.Split('\n')
            .Where(line => line.StartsWith(name, StringComparison.Ordinal) && line[name.Length] is '{' or ' ' && labels.All(label => line.Contains(label, StringComparison.Ordinal)))
            .Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }

    /// <summary>Waits until a metric, summed as by <see cref="MetricAsync"/>, is so high. It is asked again and again: the service tells nobody how far it has read.</summary>
    public async Task ReachesAsync(double least, TimeSpan atMost, string name, params string[] labels)
    {
        for (var clock = Stopwatch.StartNew(); await MetricAsync(name, labels) < least; await Task.Delay(500))
            if (clock.Elapsed > atMost) throw new TimeoutException($"{name} is {await MetricAsync(name, labels)} after {atMost.TotalSeconds} s, not {least}.");
    }

    /// <summary>Waits until a line of its log holds a text.</summary>
    public async Task SaysAsync(string text, TimeSpan atMost)
    {
        for (var clock = Stopwatch.StartNew(); !_said.Any(line => line.Contains(text, StringComparison.Ordinal)); await Task.Delay(100))
            if (clock.Elapsed > atMost) throw new TimeoutException($"The service has not said \"{text}\" after {atMost.TotalSeconds} s, but: {string.Join('\n', _said)}");
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private async Task ListenAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is { } line) _said.Enqueue(line);
    }

    private static async Task<Uri> AddressAsync(StreamReader errors, CancellationToken limit)
    {
        const string Before = "answers on ";
        var said = new List<string>();
        while (await errors.ReadLineAsync(limit) is { } line)
        {
            said.Add(line);
            if (line.IndexOf(Before, StringComparison.Ordinal) is >= 0 and var at) return new Uri(line[(at + Before.Length)..]);
        }
        throw new InvalidOperationException($"The service did not start: {string.Join('\n', said)}");
    }

    private Process Fresh()
    {
        _process.Refresh();
        return _process;
    }
}

/// <summary>How a service is set up where it matters.</summary>
internal sealed record ServiceSetup
{
    public IReadOnlyList<string> Watch { get; init; } = [".example.com"];

    /// <summary>Domains whose look-alikes are looked for.</summary>
    public IReadOnlyList<string> Protected { get; init; } = [];

    /// <summary>PEM of certificates that it trusts; null: those that the machine does.</summary>
    public string? TrustFile { get; init; }

    /// <summary>Gets the data directory before the service does; null: it starts empty.</summary>
    public Action<string>? Prepare { get; init; }
}
