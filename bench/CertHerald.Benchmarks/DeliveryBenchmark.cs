using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Dialects;
using CertHerald.Following;
using CertHerald.Inspecting;
using CertHerald.Storage;
using CertHerald.TestLog;
using CertHerald.Transparency.Batches;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using LogKey = CertHerald.Transparency.Logs.LogKey;
using LogProtocol = CertHerald.Transparency.LogLists.LogProtocol;

namespace CertHerald.Benchmarks;

/// <summary>Deliveries a second, wall time, everything on one machine: store with full synchronisation, engine, and receivers.</summary>
internal static class DeliveryBenchmark
{
    /// <summary>As many at once as the engine has: 8 each, in all 256.</summary>
    private const int Webhooks = 100, Width = 8, AtOnce = 256;

    /// <summary>So that no rate stands in the way.</summary>
    private const double Unlimited = 1e6;

    public static async Task<IReadOnlyList<Row>> RunAsync(bool quick, Predicate<string> wanted)
    {
        var rows = new List<Row>();
        int issuances = quick ? 50 : 200;
        if (wanted("S3") || wanted("Q7"))
        {
            // The first of both pays for what is loaded and compiled.
            await DeliverAsync(quick ? 20 : issuances, hanging: 0);
            await PostBareAsync(quick ? 2_000 : issuances * Webhooks);
            var pairs = new List<(Delivered Ours, Bare Bare)>();
            for (int i = 0; i < (quick ? 1 : 5); i++) pairs.Add((await DeliverAsync(issuances, hanging: 0), await PostBareAsync(issuances * Webhooks)));
            double Middle(Func<(Delivered Ours, Bare Bare), double> value) => Median([.. pairs.Select(value)]);
            rows.Add(new Row("S3", $"deliveries a second, {Webhooks} webhooks, {Row.Number(issuances * Webhooks)} deliveries", Row.Number(Middle(pair => pair.Ours.PerSecond)), "≥ 2,000",
                $"{Row.Number(Middle(pair => pair.Ours.Processor * 1e6))} CPU-µs a delivery, its receiver included; {Row.Number(Middle(pair => pair.Ours.Enqueued))} a second enqueued (goal ≥ 10,000)"));
            rows.Add(new Row("Q7", "engine to a bare HttpClient loop", Row.Number(Middle(pair => pair.Ours.PerSecond / pair.Bare.PerSecond), "0.00"), "≥ 0.5",
                $"the loop: {Row.Number(Middle(pair => pair.Bare.PerSecond))} a second, {AtOnce} at once, {Row.Number(Middle(pair => pair.Bare.Processor * 1e6))} CPU-µs each; by processor time {Row.Number(Middle(pair => pair.Bare.Processor / pair.Ours.Processor), "0.00")}"));
        }
        if (wanted("Q3")) rows.Add(await GroupedAsync(quick ? 400 : 2_000));
        if (wanted("Q8"))
        {
            double none = (await DeliverAsync(quick ? 5 : 20, hanging: 0)).P99, one = (await DeliverAsync(quick ? 5 : 20, hanging: 1)).P99;
            rows.Add(new Row("Q8", "p99 of healthy webhooks, one of 100 hanging to none", Row.Number(one / none, "0.0"), "≤ 2", $"{Row.Number(one * 1e3)} ms to {Row.Number(none * 1e3)} ms from the start"));
        }
        return rows;
    }

    /// <summary>Enqueues, then delivers everything.</summary>
    private static async Task<Delivered> DeliverAsync(int issuances, int hanging)
    {
        await using Sink sink = await Sink.StartAsync();
        await using Owing store = await Owing.OpenAsync();
        string[] names = [.. Enumerable.Range(0, Webhooks).Select(i => $"hook{i}")];
        long begun = Stopwatch.GetTimestamp();
        for (int done = 0; done < issuances; done += 10) await store.OweAsync(Math.Min(10, issuances - done), names);
        double enqueue = issuances * Webhooks / Stopwatch.GetElapsedTime(begun).TotalSeconds;

        WebhookOptions[] webhooks = [.. names.Select((name, i) => new WebhookOptions
        {
            Name = name, Dialect = "certspotter", Url = new Uri($"http://127.0.0.1:{sink.Port}/{(i < hanging ? "hang" : "ok")}"),
            Events = [EventKinds.UnknownCertificate], Concurrency = Width, Rate = Unlimited,
        })];
        using var meter = new Meter("CertHerald");
        using var sender = new WebhookSender(new OutboundGuard(new OutboundOptions { Allow = [IPNetwork.Parse("127.0.0.0/8")] }), TimeProvider.System);
        int expected = issuances * (Webhooks - hanging);
        var recorded = new Recorded(expected);
        using var loop = new DeliveryLoop(
            store.Store, sender, WebhookDialects.All, new Webhooks("https://ct.example.org", webhooks), new OwedBell(), TimeProvider.System, meter, recorded);
        int commits = 0; double commitSeconds = 0; long gen0 = GC.CollectionCount(0), bytes = GC.GetTotalAllocatedBytes();
        using var listener = new MeterListener { InstrumentPublished = (i, l) => { if (i.Name == "certherald_store_commit_seconds") l.EnableMeasurementEvents(i); } };
        listener.SetMeasurementEventCallback<double>((i, v, t, st) => { commits++; commitSeconds += v; });
        listener.Start();
        begun = Stopwatch.GetTimestamp();
        TimeSpan processor = Measure.Processor;
        await loop.StartAsync(CancellationToken.None);
        // Recorded, not only sent.
        await recorded.All;
        TimeSpan took = Stopwatch.GetElapsedTime(begun);
        processor = Measure.Processor - processor;
        Console.WriteLine($"DEBUG commits {commits}, {commitSeconds:F2} s of {took.TotalSeconds:F2} s, gen0 {GC.CollectionCount(0)-gen0}, {(GC.GetTotalAllocatedBytes()-bytes)/expected} B each, jit {System.Runtime.JitInfo.GetCompilationTime().TotalSeconds:F1} s, {processor.TotalMicroseconds/expected:F0} cpu-us");
        sink.LetGo();
        await loop.StopAsync(CancellationToken.None);
        return new Delivered(enqueue, expected / took.TotalSeconds, processor.TotalSeconds / expected, sink.Percentile(0.99, begun));
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

    /// <summary>Q3: writes of 64 producers that share commits, to the same writes one after the other.</summary>
    private static async Task<Row> GroupedAsync(int writes)
    {
        await using Owing store = await Owing.OpenAsync();
        await store.OweAsync(1, "hook");
        Task WriteAsync() => store.Store.ChangeWebhookAsync("hook", state => (state with { Failures = state.Failures + 1 }, null), 1, CancellationToken.None);
        double alone = await RateAsync(1, Math.Max(50, writes / 10)), together = await RateAsync(64, writes);
        return new Row("Q3", "64 producers, group commit to none", Row.Number(together / alone, "0.0"), "≥ 5", $"{Row.Number(together)} to {Row.Number(alone)} durable writes a second");

        async Task<double> RateAsync(int producers, int count)
        {
            int left = count;
            long begun = Stopwatch.GetTimestamp();
            await Task.WhenAll(Enumerable.Range(0, producers).Select(async _ =>
            {
                while (Interlocked.Decrement(ref left) >= 0) await WriteAsync();
            }));
            return count / Stopwatch.GetElapsedTime(begun).TotalSeconds;
        }
    }

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);

    /// <param name="Enqueued">A second.</param>
    /// <param name="Processor">Seconds a delivery, those of its receiver included.</param>
    /// <param name="P99">Seconds from the start until 99 of 100 had come.</param>
    private sealed record Delivered(double Enqueued, double PerSecond, double Processor, double P99);

    private sealed record Bare(double PerSecond, double Processor);

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

    /// <summary>A store with a log, to owe deliveries from.</summary>
    private sealed class Owing : IAsyncDisposable
    {
        private readonly byte[] _certificate;
        private readonly VerifiedHead _head;
        private LogLane _tip;
        private Frontier _read = Frontier.Empty;

        private Owing(IStore store, byte[] certificate, VerifiedHead head, LogLane tip) => (Store, _certificate, _head, _tip) = (store, certificate, head, tip);

        public IStore Store { get; }

        public static async Task<Owing> OpenAsync()
        {
            using var ca = new TestCa();
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            if (!LogKey.TryCreate(key.ExportSubjectPublicKeyInfo(), out LogKey? logKey, out _)) throw new InvalidOperationException();
            // Far ahead of all that is read: no batch reaches it.
            var head = new SignedHead { Size = new TreeSize(1UL << 40), Timestamp = 1, Root = MerkleHash.OfEmptyTree, Signature = default, Verbatim = default };
            byte[] signature = key.SignData(head.SignedBytes(), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
            if (!VerifiedHead.TryVerify(head with { Signature = (byte[])[4, 3, (byte)(signature.Length >> 8), (byte)signature.Length, .. signature] }, logKey, out VerifiedHead? verified)) throw new InvalidOperationException();

            string folder = Directory.CreateTempSubdirectory("certherald-bench-").FullName;
            var meter = new Meter("CertHerald");
            IStore store = Stores.Open("sqlite", folder, TimeProvider.System, meter);
            LogDescription log = LogDescription.Custom(logKey, LogProtocol.Rfc6962, "https://log.example/");
            await store.BeginLogAsync(log, Frontier.Empty, CancellationToken.None);
            return new Owing(store, ca.Issue("www.example.com").Der, verified, (await store.LanesAsync(log.Id, CancellationToken.None))[^1]) { Folder = folder, Meter = meter };
        }

        private string Folder { get; init; } = "";

        private Meter Meter { get; init; } = null!;

        /// <summary>Owes these webhooks so many new certificates, in one commit.</summary>
        public async Task OweAsync(int issuances, params string[] webhooks)
        {
            ulong start = _read.Size.Value;
            using var builder = new RawBatchBuilder(new EntryIndex(start), ExtraDataForm.Rfc6962);
            for (int i = 0; i < issuances; i++) builder.Add(BitConverter.GetBytes(start + (ulong)i), []);
            using RawBatch raw = builder.Build();
            var decisions = new List<Decision>();
            for (int i = 0; i < issuances; i++)
            {
                string hash = Convert.ToHexStringLower(SHA256.HashData(BitConverter.GetBytes(start + (ulong)i)));
                var facts = new CertificateFacts
                {
                    TbsSha256 = hash,
                    CertSha256 = hash,
                    CertDer = _certificate,
                    IsPrecertificate = false,
                    DnsNames = ["www.example.com"],
                    IpAddresses = [],
                    PubkeySha256 = hash,
                    IssuerPubkeySha256 = null,
                    IssuerName = "CN=Test",
                    IssuerOrganization = null,
                    IssuerCommonName = "Test",
                    SubjectName = "CN=www.example.com",
                    Serial = "01",
                    NotBefore = DateTimeOffset.UnixEpoch,
                    NotAfter = DateTimeOffset.UnixEpoch,
                    Problems = [],
                };
                decisions.Add(new Decision(
                    new MatchFinding(new EntryIndex(start + (ulong)i), raw.LeafHashes()[i], DateTimeOffset.UtcNow, facts, [], null),
                    [new WatchedEndpoint("www.example.com", ".example.com", Wildcard: false)], false, "nobody knows it", webhooks));
            }
            Batch batch = Batch.Check(_read, raw, [], _head);
            _read = batch.End;
            _tip = (await Store.CommitAsync(_tip, batch, decisions, DateTimeOffset.UtcNow, CancellationToken.None)).Lane;
        }

        public async ValueTask DisposeAsync()
        {
            await Store.DisposeAsync();
            Meter.Dispose();
            Directory.Delete(Folder, recursive: true);
        }
    }

    /// <summary>A receiver that counts, and notes when each request came.</summary>
    private sealed class Sink : IAsyncDisposable
    {
        private readonly WebApplication _app;
        private readonly ConcurrentBag<long> _arrivals = [];
        private readonly TaskCompletionSource _letGo = new(TaskCreationOptions.RunContinuationsAsynchronously);

        private Sink(WebApplication app) => _app = app;

        public int Port => new Uri(_app.Urls.First()).Port;

        public static async Task<Sink> StartAsync()
        {
            WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
            WebApplication app = builder.Build();
            var sink = new Sink(app);
            app.Run(sink.TakeAsync);
            await app.StartAsync();
            return sink;
        }

        /// <summary>Answers what was left hanging.</summary>
        public void LetGo() => _letGo.TrySetResult();

        public double Percentile(double part, long begun) =>
            _arrivals.Order().Select(at => Stopwatch.GetElapsedTime(begun, at).TotalSeconds).ElementAt((int)(_arrivals.Count * part));

        public async ValueTask DisposeAsync() => await _app.DisposeAsync();

        private async Task TakeAsync(HttpContext context)
        {
            await context.Request.Body.CopyToAsync(Stream.Null);
            if (context.Request.Path == "/hang")
            {
                await _letGo.Task;
                return;
            }
            _arrivals.Add(Stopwatch.GetTimestamp());
        }
    }
}
