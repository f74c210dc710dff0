using System.Diagnostics;
using System.Text.Json.Nodes;
using CertHerald.TestLog;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Merkle;
using LogProtocol = CertHerald.TestLog.LogProtocol;

namespace CertHerald.Benchmarks;

/// <summary>
/// What deliveries cost the reading of logs: the service reads a large log while another grows by five watched certificates a
/// second, with fifty webhooks that each get each of them and those of the large log, and with none. Together some 500 a second:
/// what ten webhooks may get by default, and far more than alerts ever were. Receivers and logs need the same cores, in this process.
/// </summary>
internal static class ReadingBenchmark
{
    private const int Webhooks = 50, Pairs = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5), Between = TimeSpan.FromMilliseconds(200);

    public static async Task<Row> RunAsync(string program, BigLog large)
    {
        var pairs = new List<(Reading With, Reading Without)>();
        // In turn, so that what else the machine does is in both.
        for (int i = 0; i < Pairs; i++) pairs.Add((await ReadAsync(program, large, Webhooks), await ReadAsync(program, large, webhooks: 0)));
        double Median(Func<(Reading With, Reading Without), double> value) => pairs.Select(value).Order().ElementAt(Pairs / 2);
        return new Row("S8", $"entries read a second with {Row.Number(Median(pair => pair.With.Delivered))} deliveries a second to none", Row.Number(Median(pair => pair.With.PerSecond / pair.Without.PerSecond), "0.00"), "≥ 0.9",
            $"{Row.Number(Median(pair => pair.With.PerSecond))} to {Row.Number(Median(pair => pair.Without.PerSecond))} by the clock; processor time an entry, deliveries included, {Row.Number(Median(pair => pair.With.Processor / pair.Without.Processor), "0.00")}×");
    }

    private static async Task<Reading> ReadAsync(string program, BigLog large, int webhooks)
    {
        LogServer behind = await large.ServerAsync();
        await using Sink sink = await Sink.StartAsync();
        using var ca = new TestCa();
        await using var growing = new Log();
        growing.AddCorpus(new SyntheticCorpus().Entries(new EntryIndex(0), 1_000));
        growing.Publish();
        await using LogServer front = await LogServer.StartAsync(growing, new LogServerOptions { Gzip = false });

        var logs = new JsonObject { ["start"] = "start", ["custom"] = new JsonArray(ServiceProcess.Describe(front, LogProtocol.Rfc6962, "growing", "200ms"), ServiceProcess.Describe(behind, LogProtocol.Rfc6962, "behind", null)) };
        await using ServiceProcess service = await ServiceProcess.StartAsync(
            program, logs, [.. Enumerable.Range(0, webhooks).Select(i => ($"hook{i}", new Uri($"http://127.0.0.1:{sink.Port}/ok")))]);
        using var enough = new CancellationTokenSource();
        Task grown = GrowAsync(growing, ca, enough.Token);

        await service.ReachesAsync(large.Entries * 0.15, Patience, "certherald_entries_total", "\"behind\"");
        (double Entries, TimeSpan Processor, int Delivered, long At) before = await NowAsync();
        await service.ReachesAsync(large.Entries * 0.85, Patience, "certherald_entries_total", "\"behind\"");
        (double Entries, TimeSpan Processor, int Delivered, long At) after = await NowAsync();
        await enough.CancelAsync();
        await grown;

        double seconds = Stopwatch.GetElapsedTime(before.At, after.At).TotalSeconds, entries = after.Entries - before.Entries;
        return new Reading(entries / seconds, (after.Processor - before.Processor).TotalSeconds / entries, (after.Delivered - before.Delivered) / seconds);

        async Task<(double Entries, TimeSpan Processor, int Delivered, long At)> NowAsync() =>
            (await service.MetricAsync("certherald_entries_total", "\"behind\""), service.Processor, sink.Arrivals.Count, Stopwatch.GetTimestamp());
    }

    private static async Task GrowAsync(Log log, TestCa ca, CancellationToken enough)
    {
        using var clock = new PeriodicTimer(Between);
        try
        {
            for (int i = 0; await clock.WaitForNextTickAsync(enough); i++)
            {
                log.AddChain(ca.Issue($"n{i}.example.com").Chain);
                log.Publish();
            }
        }
        catch (OperationCanceledException)
        {
            // Enough.
        }
    }

    /// <param name="Processor">Seconds of the service for each entry read.</param>
    private sealed record Reading(double PerSecond, double Processor, double Delivered);
}
