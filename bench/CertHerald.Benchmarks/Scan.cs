using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using CertHerald.TestLog;

namespace CertHerald.Benchmarks;

/// <summary>One run of <c>certherald scan</c>, as a process of its own.</summary>
/// <param name="EntriesPerSecond">By its own clock, which begins with its first request.</param>
/// <param name="Peak">Bytes of memory.</param>
internal sealed partial record Scan(double Entries, double EntriesPerSecond, TimeSpan Processor, long Peak)
{
    /// <summary>Before it the start is, and what is prepared for the reading.</summary>
    private const double Begun = 0.03;

    /// <summary>Processor seconds for a million entries, start-up included.</summary>
    public double PerMillion => Processor.TotalSeconds * 1e6 / Entries;

    /// <summary>The same from 3 % of the entries on.</summary>
    public double ReadingPerMillion
    {
        get
        {
            (long requests, TimeSpan processor) = Course.First(one => one.Requests >= Begun * Course[^1].Requests);
            return (Processor - processor).TotalSeconds * 1e6 / (Entries * (1 - (double)requests / Course[^1].Requests));
        }
    }

    /// <summary>How many requests its log had got, and what it had cost by then.</summary>
    private IReadOnlyList<(long Requests, TimeSpan Processor)> Course { get; init; } = [];

    /// <param name="server">Of the log that it reads, which nobody else reads meanwhile; null: what reading costs is not asked for.</param>
    /// <param name="more">Options beside the list and the watched name.</param>
    public static async Task<Scan> RunAsync(string program, string list, LogServer? server = null, params IEnumerable<string> more)
    {
        ChildrenUsage before = ChildrenUsage.Read();
        using var scan = Process.Start(new ProcessStartInfo(program, ["scan", "--log-list", list, "--watch", ".example.com", .. more]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        Task<string> results = scan.StandardOutput.ReadToEndAsync();
        Task<string> errors = scan.StandardError.ReadToEndAsync();
        long peak = 0;
        // The peak stands in /proc while the process lives, and in no place after. A child's rusage would count ours as its own.
        long requestsBefore = server?.Requests ?? 0;
        var course = new List<(long, TimeSpan)>();
        while (!await EndedWithinAsync(scan, TimeSpan.FromMilliseconds(20)))
        {
            peak = Math.Max(peak, PeakOf(scan));
            if (server is not null && ProcessorOf(scan) is { } processor) course.Add((server.Requests - requestsBefore, processor));
        }
        string summary = await errors;
        await results;
        ChildrenUsage after = ChildrenUsage.Read();
        if (scan.ExitCode != 0) throw new InvalidOperationException($"scan failed: {summary}");

        // The last line is that of all logs together.
        Match last = Summary().Matches(summary)[^1];
        double Number(int group) => double.Parse(last.Groups[group].Value, CultureInfo.InvariantCulture);
        return new Scan(Number(1), Number(2), after.Processor - before.Processor, peak) { Course = course };
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

    /// <summary>Null if it ended just now.</summary>
    private static TimeSpan? ProcessorOf(Process process)
    {
        try
        {
            return process.TotalProcessorTime;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    [GeneratedRegex("\\bentries=([0-9]+) .*entries_per_second=([0-9]+)")]
    private static partial Regex Summary();
}
