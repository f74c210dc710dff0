using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Dialects;
using CertHerald.Following;
using Microsoft.Extensions.Logging;

namespace CertHerald.Benchmarks;

/// <summary>Deliveries a second, everything on one machine: store with full synchronisation, engine, and receivers.</summary>
internal static class DeliveryBenchmark
{
    /// <summary>As many at once as the engine has: 8 each, in all 256.</summary>
    private const int Webhooks = 100, Width = 8, AtOnce = 256;

    /// <summary>So that no rate stands in the way.</summary>
    private const double Unlimited = 1e6;

    // With their attempts; bodies are short, or the file would be larger than many a disk: what may slow the engine down are indexes.
    private const string MillionDone = """
        WITH RECURSIVE more(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM more WHERE n < 1000000)
        INSERT INTO delivery (webhook, kind, subject, key, body, state, tries, first_tried, last_outcome, due, head_seen, created)
        SELECT 'hook' || (n % 100), 'unknown_certificate', 1000000 + n / 100, '0193a5c4-0000-7000-8000-' || printf('%012d', n), zeroblob(100), 'done', 1, n, 'delivered', n, n, n FROM more
        """;

    private const string MillionAttempts = """
        INSERT INTO attempt (delivery, started, took_ms, status, outcome, answer) SELECT id, due, 5.5, 200, 'delivered', x'' FROM delivery WHERE state = 'done'
        """;

    public static async Task<IReadOnlyList<Row>> RunAsync(bool quick, Predicate<string> wanted)
    {
        var rows = new List<Row>();
        int issuances = quick ? 50 : 200;
        if (wanted("S3") || wanted("Q7"))
        {
            // The first of both pays for what is loaded and compiled.
            await DeliverAsync(quick ? 20 : issuances);
            await PostBareAsync(quick ? 2_000 : issuances * Webhooks);
            var pairs = new List<(Delivered Ours, Bare Bare)>();
            for (int i = 0; i < (quick ? 1 : 5); i++) pairs.Add((await DeliverAsync(issuances), await PostBareAsync(issuances * Webhooks)));
            double Middle(Func<(Delivered Ours, Bare Bare), double> value) => Median([.. pairs.Select(value)]);
            rows.Add(new Row("S3", $"deliveries a second, {Webhooks} webhooks, {Row.Number(issuances * Webhooks)} deliveries", Row.Number(Middle(pair => pair.Ours.PerSecond)), "≥ 2,000",
                $"{Row.Number(Middle(pair => pair.Ours.Processor * 1e6))} CPU-µs a delivery, its receiver included; {Row.Number(Middle(pair => pair.Ours.Enqueued))} a second enqueued (goal ≥ 10,000)"));
            rows.Add(new Row("Q7", "engine to a bare HttpClient loop", Row.Number(Middle(pair => pair.Ours.PerSecond / pair.Bare.PerSecond), "0.00"), "≥ 0.5",
                $"the loop: {Row.Number(Middle(pair => pair.Bare.PerSecond))} a second, {AtOnce} at once, {Row.Number(Middle(pair => pair.Bare.Processor * 1e6))} CPU-µs each; by processor time {Row.Number(Middle(pair => pair.Bare.Processor / pair.Ours.Processor), "0.00")}"));
        }
        if (wanted("Q8"))
        {
            double none = (await DeliverAsync(quick ? 5 : 20)).P99, one = (await DeliverAsync(quick ? 5 : 20, hanging: 1)).P99;
            rows.Add(new Row("Q8", "p99 of healthy webhooks, one of 100 hanging to none", Row.Number(one / none, "0.0"), "≤ 2", $"{Row.Number(one * 1e3)} ms to {Row.Number(none * 1e3)} ms from the start"));
        }
        if (wanted("Q9")) rows.Add(await AmongAsync(issuances));
        if (wanted("Q10"))
        {
            Delivered all = await DeliverAsync(1_000, webhooks: 1);
            rows.Add(new Row("Q10", "connections to deliveries, one webhook, 1,000 deliveries", Row.Number(all.Connections / 1_000.0, "0.000"), "≤ 0.02", $"{all.Connections} connections, {Width} requests at once"));
        }
        if (wanted("S5")) rows.Add(await LatencyAsync(quick ? 500 : 1_500));
        return rows;
    }

    /// <summary>Enqueues, then delivers everything.</summary>
    /// <param name="owing">A store to do it in; null for a new one.</param>
    private static async Task<Delivered> DeliverAsync(int issuances, int hanging = 0, int webhooks = Webhooks, Owing? owing = null)
    {
        await using Sink sink = await Sink.StartAsync();
        await using Owing? own = owing is null ? await Owing.OpenAsync() : null;
        Owing store = owing ?? own!;
        WebhookOptions[] hooks = Hooks(webhooks, i => new Uri($"http://127.0.0.1:{sink.Port}/{(i < hanging ? "hang" : "ok")}"));
        long begun = Stopwatch.GetTimestamp();
        for (int done = 0; done < issuances; done += 10) await store.OweAsync(Math.Min(10, issuances - done), [.. hooks.Select(hook => hook.Name)]);
        double enqueue = issuances * webhooks / Stopwatch.GetElapsedTime(begun).TotalSeconds;

        int expected = issuances * (webhooks - hanging);
        await using var engine = new Engine(store, hooks, expected);
        begun = Stopwatch.GetTimestamp();
        TimeSpan processor = Measure.Processor;
        await engine.StartAsync();
        // Recorded, not only sent.
        await engine.AllRecorded;
        TimeSpan took = Stopwatch.GetElapsedTime(begun);
        processor = Measure.Processor - processor;
        sink.LetGo();
        return new Delivered(enqueue, expected / took.TotalSeconds, processor.TotalSeconds / expected, sink.Percentile(0.99, begun), sink.Connections);
    }

    /// <summary>The same requests to the same receiver, as one would write them without a store: body, headers and width are the engine's.</summary>
    private static async Task<Bare> PostBareAsync(int requests)
    {
        await using Sink sink = await Sink.StartAsync();
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        byte[] body = Encoding.UTF8.GetBytes(new string('x', 2_500));
        int left = requests;
        long begun = Stopwatch.GetTimestamp();
        TimeSpan processor = Measure.Processor;
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(async _ =>
        {
            while (Interlocked.Decrement(ref left) >= 0)
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{sink.Port}/ok")
                {
                    Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
                };
                request.Headers.Add("Idempotency-Key", Guid.CreateVersion7().ToString());
                request.Headers.Add("User-Agent", "CertHerald/1");
                request.Headers.Add("Accept-Encoding", "identity");
                using HttpResponseMessage answer = await client.SendAsync(request);
                answer.EnsureSuccessStatusCode();
            }
        }));
        return new Bare(requests / Stopwatch.GetElapsedTime(begun).TotalSeconds, (Measure.Processor - processor).TotalSeconds / requests);
    }

    /// <summary>Q9: in turn, so that what else the machine does is in both.</summary>
    private static async Task<Row> AmongAsync(int issuances)
    {
        await using Owing full = await Owing.OpenAsync();
        await full.ChangeAsync("PRAGMA synchronous = OFF", MillionDone, MillionAttempts, "PRAGMA wal_checkpoint(TRUNCATE)");
        await DeliverAsync(20);
        var pairs = new List<(double Among, double None)>();
        for (int i = 0; i < 3; i++)
        {
            // Both stores have begun their day: what the first deliveries of a new one read is not in the page cache.
            double none = (await DeliverAsync(issuances)).PerSecond;
            pairs.Add(((await DeliverAsync(issuances, owing: full)).PerSecond, none));
        }
        return new Row("Q9", "throughput with a million ended deliveries to none", Row.Number(Median([.. pairs.Select(pair => pair.Among / pair.None)]), "0.00"), "≥ 0.8",
            $"{Row.Number(Median([.. pairs.Select(pair => pair.Among)]))} to {Row.Number(Median([.. pairs.Select(pair => pair.None)]))} a second");
    }

    /// <summary>S5: at a load of 500 a second, ten webhooks each 20 ms, from the commit's return to the receiver's having the whole request.</summary>
    private static async Task<Row> LatencyAsync(int commits)
    {
        const int Each = 10;
        await using Sink sink = await Sink.StartAsync();
        await using Owing store = await Owing.OpenAsync();
        WebhookOptions[] hooks = Hooks(Webhooks, _ => new Uri($"http://127.0.0.1:{sink.Port}/read"));
        await using var engine = new Engine(store, hooks, commits * Each);
        await engine.StartAsync();
        var committed = new Dictionary<long, long>();
        using var clock = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        for (int i = 0; i < commits; i++)
        {
            await clock.WaitForNextTickAsync();
            await store.OweAsync(1, [.. Enumerable.Range(i * Each, Each).Select(at => hooks[at % Webhooks].Name)]);
            committed[i + 1] = Stopwatch.GetTimestamp();
            engine.Bell.Ring();
        }
        await engine.AllRecorded;
        // The first ones pay for what is compiled.
        double[] seconds = [.. sink.Arrivals.Where(one => one.Issuance > commits / 5).Select(one => Stopwatch.GetElapsedTime(committed[one.Issuance], one.At).TotalSeconds).Order()];
        return new Row("S5", $"commit to POST, {Row.Number(50 * Each)} deliveries a second to {Webhooks} webhooks", $"p99 {Row.Number(seconds[seconds.Length * 99 / 100] * 1e3, "0.0")} ms", "< 1 s",
            $"median {Row.Number(seconds[seconds.Length / 2] * 1e3, "0.0")} ms; {Row.Number(seconds.Length)} deliveries");
    }

    private static WebhookOptions[] Hooks(int count, Func<int, Uri> url) =>
    [
        .. Enumerable.Range(0, count).Select(i => new WebhookOptions
        {
            Name = $"hook{i}", Dialect = "certspotter", Url = url(i), Events = [EventKinds.UnknownCertificate], Concurrency = Width, Rate = Unlimited,
        }),
    ];

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);

    /// <param name="Enqueued">A second.</param>
    /// <param name="Processor">Seconds a delivery, those of its receiver included.</param>
    /// <param name="P99">Seconds from the start until 99 of 100 had come.</param>
    private sealed record Delivered(double Enqueued, double PerSecond, double Processor, double P99, int Connections);

    private sealed record Bare(double PerSecond, double Processor);

    /// <summary>The delivery loop of the service, over a store that owes.</summary>
    private sealed class Engine : IAsyncDisposable
    {
        private readonly Meter _meter = new("CertHerald");
        private readonly WebhookSender _sender = new(new OutboundGuard(new OutboundOptions { Allow = [IPNetwork.Parse("127.0.0.0/8")] }), TimeProvider.System);
        private readonly Recorded _recorded;
        private readonly DeliveryLoop _loop;

        public Engine(Owing store, IReadOnlyList<WebhookOptions> hooks, int expected)
        {
            _recorded = new Recorded(expected);
            _loop = new DeliveryLoop(store.Store, _sender, WebhookDialects.All, new Webhooks("https://ct.example.org", hooks, WebhookDialects.All), Bell, TimeProvider.System, _meter, _recorded);
        }

        public Bell Bell { get; } = new();

        /// <summary>Ends when as many are recorded as delivered as are expected.</summary>
        public Task AllRecorded => _recorded.All;

        public Task StartAsync() => _loop.StartAsync(CancellationToken.None);

        public async ValueTask DisposeAsync()
        {
            await _loop.StopAsync(CancellationToken.None);
            _loop.Dispose();
            _sender.Dispose();
            _meter.Dispose();
        }
    }

    /// <summary>Counts what the loop says of deliveries that were taken: it says so when they are recorded.</summary>
    private sealed class Recorded(int expected) : ILogger<DeliveryLoop>
    {
        private readonly TaskCompletionSource _all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _left = expected;

        public Task All => _all.Task;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel == LogLevel.Information && eventId.Name == "LogDelivered" && Interlocked.Decrement(ref _left) == 0) _all.TrySetResult();
        }
    }
}
