using System.Diagnostics;
using System.Text.Json.Nodes;
using CertHerald.TestLog;

namespace CertHerald.Benchmarks;

/// <summary>A log that refuses what comes faster than it likes: how much of what it allows is used, and how much is asked in vain.</summary>
internal static class RateBenchmark
{
    private const int PerSecond = 20, Page = 256;

    // By then the rate has been found: 8, 16 and 32 requests a second, and back.
    private static readonly TimeSpan Learning = TimeSpan.FromSeconds(45), Measured = TimeSpan.FromSeconds(90);

    public static async Task<Row> RunAsync(string program, BigLog large)
    {
        const string Requests = "certherald_log_requests_total";
        LogServer server = await large.ServerAsync();
        server.Log.Misbehave($"rate={PerSecond}", $"page={Page}");
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
            return new Row("R", $"requests to a log that allows {PerSecond} a second, {Page} entries each", $"{Row.Number((asked - vain) / (PerSecond * seconds) * 100, "0.0")} % used", "≥ 95 %; ≤ 1 % refused",
                $"{Row.Number(vain / asked * 100, "0.00")} % refused; {Row.Number(read / seconds)} entries/s for {Row.Number(seconds)} s, {Row.Number(Learning.TotalSeconds)} s after the start");
        }
        finally
        {
            server.Log.Behave();
        }
    }
}
