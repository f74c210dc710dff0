using System.Diagnostics;
using CertHerald.TestLog;

namespace CertHerald.Benchmarks;

/// <summary>The same log read by Debian's certspotter and by <c>scan</c>, in turn, so that both meet the machine in the same state.</summary>
internal static class CertspotterBenchmark
{
    private const int Pairs = 5;

    public static async Task<Row> RunAsync(string program)
    {
        const string Goal = "≥ 7× less";
        if (Find() is not { } certspotter) return new Row("P3", "CPU of scan, start-up included, beside certspotter", "", Goal, "certspotter: not installed");

        await using var small = new BigLog(100_000);
        string list = await small.ListAsync(ListedProtocols.Rfc6962);
        List<double> ratios = [], ours = [];
        for (int i = 0; i < Pairs; i++)
        {
            double theirs = (await ReadAsync(certspotter, list)).TotalSeconds, own = (await Scan.RunAsync(program, list)).Processor.TotalSeconds;
            ratios.Add(theirs / own);
            ours.Add(own);
        }
        double ratio = ratios.Order().ElementAt(Pairs / 2);
        return new Row("P3", $"CPU of scan of {Row.Number(small.Entries)} entries, start-up included, beside certspotter", $"{Row.Number(ratio, "0.0")}× less", Goal, $"{Row.Number(ours.Order().ElementAt(Pairs / 2), "0.00")} s; median of {Pairs} pairs");
    }

    private static string? Find() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, "certspotter")).FirstOrDefault(File.Exists);

    /// <summary>It goes on for ever; it says when it has read to the head.</summary>
    private static async Task<TimeSpan> ReadAsync(string certspotter, string list)
    {
        string state = Directory.CreateTempSubdirectory("certherald-bench-").FullName;
        string watch = Path.Combine(state, "watch");
        await File.WriteAllTextAsync(watch, ".example.com\n");
        ChildrenUsage before = ChildrenUsage.Read();
        using Process reading = Process.Start(new ProcessStartInfo(certspotter, ["-logs", list, "-state_dir", Path.Combine(state, "state"), "-watchlist", watch, "-stdout", "-verbose"]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        try
        {
            Task output = reading.StandardOutput.ReadToEndAsync();
            while (await reading.StandardError.ReadLineAsync() is { } line && !line.Contains("saving state in defer", StringComparison.Ordinal)) { }
            if (reading.HasExited) throw new InvalidOperationException("certspotter ended by itself.");
            reading.Kill();
            await reading.WaitForExitAsync();
            await output;
            return ChildrenUsage.Read().Processor - before.Processor;
        }
        finally
        {
            if (!reading.HasExited) reading.Kill();
            Directory.Delete(state, recursive: true);
        }
    }
}
