using System.Diagnostics;
using System.Text.Json.Nodes;
using CertHerald.TestLog;

namespace CertHerald.Benchmarks;

/// <summary>
/// A log that refuses what comes faster than it likes, and answers as late as one far away: how much of what it allows is got,
/// and how much is asked in vain. Entries count, and not answers: one that nobody reads is of no use.
/// </summary>
internal static class RateBenchmark
{
    private const int PerSecond = 20, Page = 256, Delay = 200;

    // By then the rate has been found: 8, 16 and 32 requests a second, and back.
    private static readonly TimeSpan Learning = TimeSpan.FromSeconds(45), Measured = TimeSpan.FromSeconds(90);

    public static async Task<Row> RunAsync(string program, BigLog large)
    {
        const string Requests = "certherald_log_requests_total";
        LogServer server = await large.ServerAsync();
        server.Log.Misbehave($"rate={PerSecond}", $"page={Page}", $"delay={Delay}");
        try
        {
            await using ServiceProcess service = await ServiceProcess.StartAsync(program, new JsonObject
            {
                ["start"] = "start",
                ["rate_custom"] = 50,
                ["custom"] = new JsonArray(ServiceProcess.Describe(server, LogProtocol.Rfc6962, "limited", null)),
            });
            async Task<(double Requests, double Refused, double Entries)> CountAsync() =>
                (await service.MetricAsync(Requests), await service.MetricAsync(Requests, "\"refused\""), await service.MetricAsync("certherald_entries_total"));

            await Task.Delay(Learning);
            (double requestsBefore, double refusedBefore, double entriesBefore) = await CountAsync();
            var clock = Stopwatch.StartNew();
            await Task.Delay(Measured);
            double seconds = clock.Elapsed.TotalSeconds;
            (double requests, double refused, double entries) = await CountAsync();

            double asked = requests - requestsBefore, vain = refused - refusedBefore, read = entries - entriesBefore;
            return new Row("R", $"entries of a log that allows {PerSecond} requests a second, {Page} entries each, {Delay} ms late", $"{Row.Number(read / (PerSecond * Page * seconds) * 100, "0.0")} % got", "≥ 95 %; ≤ 1 % refused",
                $"{Row.Number(vain / asked * 100, "0.00")} % refused; {Row.Number(asked - vain)} answers, {Row.Number(read / seconds)} entries/s for {Row.Number(seconds)} s, {Row.Number(Learning.TotalSeconds)} s after the start");
        }
        finally
        {
            server.Log.Behave();
        }
    }
}
