using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Http.Headers;
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
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;
using Microsoft.Extensions.Logging.Abstractions;

namespace CertHerald.Benchmarks;

/// <summary>Deliveries a second, wall time, everything on one machine: store with full synchronisation, engine, and receivers.</summary>
internal static class DeliveryBenchmark
{
    private const int Webhooks = 100, Width = 8, AtOnce = 64;

    /// <summary>So that no rate stands in the way.</summary>
    private const double Unlimited = 1e6;

    public static async Task<IReadOnlyList<Row>> RunAsync(bool quick, Predicate<string> wanted)
    {
        var rows = new List<Row>();
        int issuances = quick ? 50 : 200;
        if (wanted("S3") || wanted("Q7"))
        {
            double enqueued = 0;
            double[] ours = await TimesAsync(quick ? 1 : 5, async () =>
            {
                (double enqueue, double deliver, _) = await DeliverAsync(issuances, hanging: 0);
                enqueued = Math.Max(enqueued, enqueue);
                return deliver;
            });
            double bare = Median(await TimesAsync(quick ? 1 : 5, () => PostBareAsync(issuances * Webhooks)));
            double rate = Median(ours);
            rows.Add(new Row("S3", $"deliveries a second, {Webhooks} webhooks, {Row.Number(issuances * Webhooks)} deliveries", Row.Number(rate), "≥ 2,000",
                $"{Row.Number(enqueued)} a second enqueued (goal ≥ 10,000)"));
            rows.Add(new Row("Q7", "engine to a bare HttpClient loop", Row.Number(rate / bare, "0.00"), "≥ 0.5", $"the loop: {Row.Number(bare)} a second, {AtOnce} at once"));
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
    private static async Task<(double Enqueued, double Delivered, double P99)> DeliverAsync(int issuances, int hanging)
    {
        await using Sink sink = await Sink.StartAsync();
        await using var store = new Owing();
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
        using var loop = new DeliveryLoop(
            store.Store, sender, WebhookDialects.All, new Webhooks("https://ct.example.org", webhooks), new OwedBell(), TimeProvider.System, meter, NullLogger<DeliveryLoop>.Instance);
        int expected = issuances * (Webhooks - hanging);
        sink.Expect(expected);
        begun = Stopwatch.GetTimestamp();
        await loop.StartAsync(CancellationToken.None);
        await sink.All;
        TimeSpan took = Stopwatch.GetElapsedTime(begun);
        // Recorded, not only sent.
        while ((await store.Store.CountReplayAsync(new ReplayFilter(Of: ReplayOf.Undelivered), CancellationToken.None)).Count > hanging * issuances) await Task.Delay(5);
        TimeSpan recorded = Stopwatch.GetElapsedTime(begun);
        sink.LetGo();
        await loop.StopAsync(CancellationToken.None);
        return (enqueue, expected / (hanging > 0 ? took : recorded).TotalSeconds, sink.Percentile(0.99, begun));
    }

    /// <summary>The same requests, as one would write them without a store.</summary>
    private static async Task<double> PostBareAsync(int requests)
    {
        await using Sink sink = await Sink.StartAsync();
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        byte[] body = Encoding.UTF8.GetBytes(new string('x', 2_500));
        int left = requests;
        long begun = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(async _ =>
        {
            while (Interlocked.Decrement(ref left) >= 0)
            {
                using var content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
                using HttpResponseMessage answer = await client.PostAsync($"http://127.0.0.1:{sink.Port}/ok", content);
                answer.EnsureSuccessStatusCode();
            }
        }));
        return requests / Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    /// <summary>Q3: writes of 64 producers that share commits, to the same writes one after the other.</summary>
    private static async Task<Row> GroupedAsync(int writes)
    {
        await using var store = new Owing();
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

    private static async Task<double[]> TimesAsync(int times, Func<Task<double>> measure)
    {
        var values = new double[times];
        for (int i = 0; i < times; i++) values[i] = await measure();
        return values;
    }

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);

    /// <summary>A store with a log, to owe deliveries from.</summary>
    private sealed class Owing : IAsyncDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("certherald-bench-").FullName;
        private readonly Meter _meter = new("CertHerald");
        private readonly TestCa _ca = new();
        private readonly Log _log = new();
        private LogDescription? _description;
        private Frontier _read = Frontier.Empty;

        public Owing() => Store = Stores.Open("sqlite", _folder, TimeProvider.System, _meter);

        public IStore Store { get; }

        public async Task OweAsync(int issuances, params string[] webhooks)
        {
            if (_description is null)
            {
                if (!LogKey.TryCreate(_log.PublicKey, out LogKey? key, out _)) throw new InvalidOperationException();
                _description = LogDescription.Custom(key, LogProtocol.Rfc6962, "https://log.example/");
                await Store.BeginLogAsync(_description, Frontier.Empty, CancellationToken.None);
            }

            ulong start = _read.Size.Value;
            using var builder = new RawBatchBuilder(new EntryIndex(start), ExtraDataForm.Rfc6962);
            for (int i = 0; i < issuances; i++) builder.Add(BitConverter.GetBytes(start + (ulong)i), []);
            using RawBatch raw = builder.Build();
            _read = _read.Append(raw.LeafHashes());
            var decisions = new List<Decision>();
            for (int i = 0; i < issuances; i++)
            {
                string name = $"www{start + (ulong)i}.example.com";
                CertificateReading reading = CertificateReading.Of(_ca.Issue(name).Der);
                decisions.Add(new Decision(
                    new MatchFinding(new EntryIndex(start + (ulong)i), raw.LeafHashes()[i], DateTimeOffset.UtcNow, reading.Facts, [], null),
                    [new WatchedEndpoint(name, ".example.com", Wildcard: false)], false, "nobody knows it", webhooks));
            }
            await Store.CommitAsync(_description.Id, new UnprovenBatch(raw, _read), decisions, DateTimeOffset.UtcNow, CancellationToken.None);
        }

        public async ValueTask DisposeAsync()
        {
            await Store.DisposeAsync();
            _meter.Dispose();
            _ca.Dispose();
            Directory.Delete(_folder, recursive: true);
        }
    }
}
