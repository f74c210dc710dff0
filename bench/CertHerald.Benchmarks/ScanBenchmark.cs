using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using CertHerald.TestLog;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Benchmarks;

/// <summary>The whole program: <c>certherald scan</c> over a log on loopback, as a process of its own.</summary>
internal static partial class ScanBenchmark
{
    public static async Task<IReadOnlyList<Row>> RunAsync(string program, ulong entries)
    {
        await using var log = new Log();
        log.AddCorpus(new SyntheticCorpus(new SyntheticCorpusOptions { WatchedDomains = ["example.com"], WatchedOneIn = 10_000 }).Entries(new EntryIndex(0), entries));
        log.Publish();
        await using LogServer server = await LogServer.StartAsync(log, new LogServerOptions { Gzip = false });
        string directory = Directory.CreateTempSubdirectory("certherald-bench-").FullName;
        try
        {
            var rows = new List<Row>();
            foreach ((string id, ListedProtocols protocol, string name, string goal) in new[] { ("P1", ListedProtocols.Rfc6962, "RFC 6962", "≤ 14"), ("P2", ListedProtocols.StaticCt, "static-ct", "≤ 15") })
            {
                string list = Path.Combine(directory, $"{protocol}.json");
                await File.WriteAllBytesAsync(list, server.LogList(protocol));
                rows.Add(await RunAsync(program, list, id, name, goal, entries));
            }
            return rows;
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<Row> RunAsync(string program, string list, string id, string name, string goal, ulong entries)
    {
        ChildrenUsage before = ChildrenUsage.Read();
        using var scan = Process.Start(new ProcessStartInfo(program, ["scan", "--log-list", list, "--watch", ".example.com"]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        Task<string> results = scan.StandardOutput.ReadToEndAsync();
        Task<string> errors = scan.StandardError.ReadToEndAsync();
        long peak = 0;
        // The peak stands in /proc while the process lives, and in no place after. A child's rusage would count ours as its own.
        while (!await EndedWithinAsync(scan, TimeSpan.FromMilliseconds(20))) peak = Math.Max(peak, PeakOf(scan));
        string summary = await errors;
        await results;
        ChildrenUsage after = ChildrenUsage.Read();
        if (scan.ExitCode != 0) throw new InvalidOperationException($"scan failed: {summary}");

        double rate = double.Parse(Rate().Match(summary).Groups[1].Value, CultureInfo.InvariantCulture);
        double perMillion = (after.Processor - before.Processor).TotalSeconds * 1e6 / entries;
        return new Row(id, $"scan of {Row.Number(entries)} entries, {name}, start-up included", $"{Row.Number(perMillion, "0.0")} CPU-s/M", goal, $"{Row.Number(rate)} entries/s; peak {Row.Number(peak / 1e6)} MB");
    }

    private static async Task<bool> EndedWithinAsync(Process process, TimeSpan time)
    {
        using var limit = new CancellationTokenSource(time);
        try
        {
            await process.WaitForExitAsync(limit.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static long PeakOf(Process process)
    {
        try
        {
            process.Refresh();
            return process.PeakWorkingSet64;
        }
        catch (InvalidOperationException)
        {
            // It ended just now.
            return 0;
        }
    }

    [GeneratedRegex("entries_per_second=([0-9]+)")]
    private static partial Regex Rate();
}
