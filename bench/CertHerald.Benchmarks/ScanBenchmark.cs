using CertHerald.TestLog;

namespace CertHerald.Benchmarks;

/// <summary>The whole program: <c>certherald scan</c> over a log on loopback, as a process of its own.</summary>
internal static class ScanBenchmark
{
    private static readonly (ListedProtocols Protocol, string Name)[] Protocols = [(ListedProtocols.Rfc6962, "RFC 6962"), (ListedProtocols.StaticCt, "static-ct")];

    public static async IAsyncEnumerable<Row> RunAsync(string program, BigLog large, Predicate<string> wanted)
    {
        long peak = 0;
        foreach ((string id, (ListedProtocols protocol, string name), string goal) in new[] { ("P1", Protocols[0], "≤ 14"), ("P2", Protocols[1], "≤ 15") })
        {
            if (!wanted(id) && !wanted("P4")) continue;
            Scan scan = await Scan.RunAsync(program, await large.ListAsync(protocol));
            peak = Math.Max(peak, scan.Peak);
            if (wanted(id)) yield return new Row(id, $"scan of {Row.Number(large.Entries)} entries, {name}, start-up included", $"{Row.Number(scan.PerMillion, "0.0")} CPU-s/M", goal, $"{Row.Number(scan.EntriesPerSecond)} entries/s; peak {Row.Number(scan.Peak / 1e6)} MB");
        }
        if (wanted("P4")) yield return new Row("P4", $"peak memory of scan, {Row.Number(large.Entries)} entries", $"{Row.Number(peak / 1e6)} MB", "≤ 150 MB", "the larger of both protocols");
        if (!wanted("P10")) yield break;

        // At the distance of another continent: what counts is how much is under way at once.
        LogServer server = await large.ServerAsync();
        server.Log.Misbehave("delay=50", "page=256");
        try
        {
            foreach ((ListedProtocols protocol, string name) in Protocols)
            {
                Scan scan = await Scan.RunAsync(program, await large.ListAsync(protocol));
                yield return new Row("P10", $"scan at 50 ms round trip, 256 entries an answer, {name}", $"{Row.Number(scan.EntriesPerSecond)} entries/s", "≥ 20,000", $"{Row.Number(scan.PerMillion, "0.0")} CPU-s/M; {Row.Number(scan.Entries)} entries");
            }
        }
        finally
        {
            server.Log.Behave();
        }
    }
}
