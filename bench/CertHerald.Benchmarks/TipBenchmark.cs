using System.Diagnostics;
using System.Text.Json.Nodes;
using CertHerald.TestLog;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Benchmarks;

/// <summary>
/// From a head's publication until a webhook has the certificate in it. Logs and receiver are in this process, so that one
/// clock sees both ends; the program is a process of its own.
/// </summary>
internal static class TipBenchmark
{
    private const string Fast = "500ms";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <param name="large">For another log that is far behind.</param>
    public static async Task<IReadOnlyList<Row>> RunAsync(string program, bool quick, BigLog large, Predicate<string> wanted)
    {
        var rows = new List<Row>();
        await using Inbox inbox = await Inbox.StartAsync();
        // Both paces and both protocols at once: four heads a second leave the service idle.
        List<Tip> idle = [await Tip.StartAsync(LogProtocol.Rfc6962, Fast), await Tip.StartAsync(LogProtocol.StaticCt, Fast), await Tip.StartAsync(LogProtocol.Rfc6962, null), await Tip.StartAsync(LogProtocol.StaticCt, null)];
        try
        {
            await using (ServiceProcess service = await ServiceProcess.StartAsync(program, Logs(idle), inbox))
            {
                await FirstAsync(idle, inbox);
                using var enough = new CancellationTokenSource(TimeSpan.FromSeconds(quick ? 15 : 60));
                await Task.WhenAll(idle.Select(tip => tip.PublishEachSecondAsync(inbox, enough.Token)));
            }
            if (wanted("S1")) rows.AddRange(idle.Select(tip => tip.ToRow("S1", tip.Interval is null ? "median < 3 s; p99 < 10 s" : "median < 0.6 s; p99 < 1.5 s", "")));
            if (wanted("S2")) rows.AddRange(await BehindAsync(program, quick ? 20 : 60, quick ? 4 : 20, large, [idle[0], idle[1]], inbox));
        }
        finally
        {
            foreach (Tip tip in idle) await tip.DisposeAsync();
        }
        return rows;
    }

    /// <summary>The same while the service catches up with a large log, in either protocol, as often as it takes for the samples.</summary>
    private static async Task<IReadOnlyList<Row>> BehindAsync(string program, int samples, int mostRounds, BigLog large, List<Tip> idle, Inbox inbox)
    {
        LogServer behind = await large.ServerAsync();
        List<Tip> busy = [await Tip.StartAsync(LogProtocol.Rfc6962, Fast), await Tip.StartAsync(LogProtocol.StaticCt, Fast)];
        double read = 0, seconds = 0;
        try
        {
            for (int round = 0; round < 2 || (round < mostRounds && busy.Exists(tip => tip.Samples < samples)); round++)
            {
                LogProtocol protocol = round % 2 == 0 ? LogProtocol.Rfc6962 : LogProtocol.StaticCt;
                await using ServiceProcess service = await ServiceProcess.StartAsync(program, Logs(busy, ServiceProcess.Describe(behind, protocol, "behind", null)), inbox);
                await FirstAsync(busy, inbox);

                var clock = Stopwatch.StartNew();
                double before = await service.MetricAsync("certherald_entries_total", "\"behind\"");
                using var reached = new CancellationTokenSource();
                Task publishing = Task.WhenAll(busy.Select(tip => tip.PublishEachSecondAsync(inbox, reached.Token)));
                await service.ReachesAsync(large.Entries, Patience, "certherald_entries_total", "\"behind\"");
                read += large.Entries - before;
                seconds += clock.Elapsed.TotalSeconds;
                await reached.CancelAsync();
                await publishing;
            }
            return [.. busy.Zip(idle, (tip, alone) => tip.ToRow(
                "S2", "p99 ≤ 1.5× S1", $"{Row.Number(tip.P99 / alone.P99, "0.0")}× S1; {Row.Number(read / seconds)} entries/s read meanwhile; ", $", another log {Row.Number(large.Entries)} entries behind"))];
        }
        finally
        {
            foreach (Tip tip in busy) await tip.DisposeAsync();
        }
    }

    private static JsonObject Logs(IEnumerable<Tip> tips, params JsonObject[] others) =>
        new() { ["start"] = "start", ["custom"] = new JsonArray([.. tips.Select(tip => tip.Describe()), .. others]) };

    /// <summary>The first alert pays for what is loaded and compiled by it; it is no sample.</summary>
    private static async Task FirstAsync(IEnumerable<Tip> tips, Inbox inbox) => await Task.WhenAll(tips.Select(tip => tip.PublishAsync(inbox)));

    /// <summary>A log of its own that grows, and how long the news of it took.</summary>
    private sealed class Tip(Log log, LogServer server, LogProtocol protocol, string? interval) : IAsyncDisposable
    {
        /// <summary>Of the golden ratio: the heads fall on all moments between two looks, however often it is looked.</summary>
        private const double Golden = 0.6180339887;

        private readonly string _name = Guid.NewGuid().ToString("N")[..8];
        private readonly TestCa _ca = new();
        private readonly List<double> _seconds = [];
        private int _published;

        public string? Interval => interval;

        public int Samples => _seconds.Count;

        public double P99 => Quantile(0.99);

        public static async Task<Tip> StartAsync(LogProtocol protocol, string? interval)
        {
            var log = new Log();
            log.AddCorpus(new SyntheticCorpus().Entries(new EntryIndex(0), 1_000));
            log.Publish();
            return new Tip(log, await LogServer.StartAsync(log, new LogServerOptions { Gzip = false }), protocol, interval);
        }

        public JsonObject Describe() => ServiceProcess.Describe(server, protocol, _name, interval);

        /// <returns>Seconds from before a head is published until the receiver has all of the request.</returns>
        public async Task<double> PublishAsync(Inbox inbox)
        {
            string name = $"n{_published++}.{_name}.example.com";
            log.AddChain(_ca.Issue(name).Chain);
            long began = Stopwatch.GetTimestamp();
            log.Publish();
            return Stopwatch.GetElapsedTime(began, await inbox.ArrivalOfAsync(name).WaitAsync(Patience)).TotalSeconds;
        }

        /// <summary>A head in every second until cancelled, and then the last of their alerts.</summary>
        public async Task PublishEachSecondAsync(Inbox inbox, CancellationToken enough)
        {
            var samples = new List<Task<double>>();
            for (var clock = Stopwatch.StartNew(); !enough.IsCancellationRequested;)
            {
                TimeSpan next = TimeSpan.FromSeconds(samples.Count + Golden * samples.Count % 1) - clock.Elapsed;
                if (next > TimeSpan.Zero) await Task.Delay(next, enough).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (!enough.IsCancellationRequested) samples.Add(PublishAsync(inbox));
            }
            _seconds.AddRange(await Task.WhenAll(samples));
        }

        public Row ToRow(string id, string goal, string compared, string circumstances = "") => new(
            id, $"head to webhook, {(protocol == LogProtocol.Rfc6962 ? "RFC 6962" : "static-ct")}, {(interval is null ? "heads at the default pace" : "a look every 500 ms")}{circumstances}",
            $"median {Row.Number(Quantile(0.5), "0.00")} s; p99 {Row.Number(P99, "0.00")} s", goal, $"{compared}{_seconds.Count} heads");

        public async ValueTask DisposeAsync()
        {
            await server.DisposeAsync();
            await log.DisposeAsync();
            _ca.Dispose();
        }

        /// <summary>The least value that so many samples do not exceed.</summary>
        private double Quantile(double share) => _seconds.Order().ElementAt((int)Math.Ceiling(share * _seconds.Count) - 1);
    }
}
