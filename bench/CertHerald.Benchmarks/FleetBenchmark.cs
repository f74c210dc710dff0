using System.Text.Json.Nodes;
using CertHerald.TestLog;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Benchmarks;

/// <summary>Many logs at once, each on a server of its own: what the service holds in memory.</summary>
internal static class FleetBenchmark
{
    private const int ReadAtOnce = 40, Idle = 80;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public static async Task<IReadOnlyList<Row>> RunAsync(string program, bool quick, Predicate<string> wanted)
    {
        if (!wanted("P4") && !wanted("S4")) return [];

        ulong entries = quick ? 2_000UL : 10_000;
        var servers = new List<LogServer>();
        try
        {
            for (int i = 0; i < Idle / 2; i++)
            {
                var log = new Log();
                log.AddCorpus(new SyntheticCorpus(new SyntheticCorpusOptions { Seed = (ulong)i }).Entries(new EntryIndex(0), entries));
                log.Publish();
                servers.Add(await LogServer.StartAsync(log, new LogServerOptions { Gzip = false }));
            }

            var rows = new List<Row>();
            if (wanted("P4"))
            {
                await using ServiceProcess service = await ServiceProcess.StartAsync(program, Logs(servers.Take(ReadAtOnce / 2), "start"));
                await service.ReachesAsync(ReadAtOnce * (double)entries, Patience, "certherald_entries_total");
                rows.Add(new Row("P4", $"peak memory of run, {ReadAtOnce} logs read at once, {Row.Number(entries)} entries each", $"{Row.Number(service.Peak / 1e6)} MB", "≤ 300 MB", "half of them RFC 6962, half static-ct"));
            }
            if (wanted("S4"))
            {
                await using ServiceProcess service = await ServiceProcess.StartAsync(program, Logs(servers, "end"));
                await service.ReachesAsync(Idle * (double)entries, Patience, "certherald_log_tree_size");
                TimeSpan before = service.Processor, rest = TimeSpan.FromSeconds(quick ? 10 : 60);
                await Task.Delay(rest);
                rows.Add(new Row("S4", $"memory of run, {Idle} idle logs followed", $"{Row.Number(service.Memory / 1e6)} MB", "≤ 200 MB",
                    $"peak {Row.Number(service.Peak / 1e6)} MB; {Row.Number((service.Processor - before) / rest * 100, "0.0")} % of a core"));
            }
            return rows;
        }
        finally
        {
            foreach (LogServer server in servers)
            {
                await server.DisposeAsync();
                await server.Log.DisposeAsync();
            }
        }
    }

    private static JsonObject Logs(IEnumerable<LogServer> servers, string start) => new()
    {
        ["start"] = start,
        ["custom"] = new JsonArray([.. servers.SelectMany((server, i) => new[] { ServiceProcess.Describe(server, LogProtocol.Rfc6962, $"plain {i}", null), ServiceProcess.Describe(server, LogProtocol.StaticCt, $"tiled {i}", null) })]),
    };
}
