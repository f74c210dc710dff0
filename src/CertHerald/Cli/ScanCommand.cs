using System.CommandLine;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net;
using CertHerald.Configuring;
using CertHerald.Delivering;
using CertHerald.Fetching;
using CertHerald.Inspecting;
using CertHerald.Names;
using CertHerald.Names.Lookalikes;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;
using Microsoft.Extensions.Logging.Abstractions;

namespace CertHerald.Cli;

/// <summary><c>certherald scan</c>: reads a stretch of logs once, without a database.</summary>
internal static class ScanCommand
{
    // This user's own. In a directory that all may write to, somebody else's list would be believed as soon as the network is down.
    private static string CacheDirectory =>
        Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "certherald", "lists");

    public static Command Create()
    {
        var lists = new Option<string[]>("--log-list") { Description = "Log lists, file or URL. Default: Chrome's list of all logs.", HelpName = "FILE|URL" };
        var logs = new Option<string[]>("--log") { Description = "Only these logs of the lists: by URL, id (base64) or description.", HelpName = "URL|ID", AllowMultipleArgumentsPerToken = true };
        var watchLists = new Option<string[]>("--watch-list") { Description = "Files of watch items, one a line.", HelpName = "FILE" };
        var watch = new Option<string[]>("--watch") { Description = "Watch items.", HelpName = "NAME", AllowMultipleArgumentsPerToken = true };
        var from = new Option<string>("--from") { Description = "start, end, the index of the first entry, a date, or a length of time such as 7d.", DefaultValueFactory = _ => "start", HelpName = "PLACE" };
        var until = new Option<string>("--until") { Description = "head, or the index to stop before.", DefaultValueFactory = _ => "head", HelpName = "INDEX" };
        var allow = new Option<string[]>("--allow") { Description = "A network that is not public and that a list from elsewhere may lead to, such as 10.1.2.0/24.", HelpName = "NETWORK" };
        var contact = new Option<string>("--contact") { Description = "E-mail address or URL for log operators.", DefaultValueFactory = _ => "", HelpName = "ADDRESS" };
        var lookalikes = new Option<string?>("--lookalikes")
        {
            Description = "Look for look-alikes, too: of the watched domains, or of a file of protected domains, one a line; after tabs own=a.com,b.com, allow=…, keywords=…, threshold=….",
            HelpName = "FILE",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var judging = new JudgingOptions(hasData: false);

        var command = new Command("scan", "Reads logs once, verifies the Merkle root, prints one JSON object a match, and a summary line on standard error.")
        { lists, logs, watchLists, watch, from, until, lookalikes, judging.Background, judging.Suffixes, judging.Confusables, contact, allow };

        command.SetAction(async (parsed, stopping) =>
        {
            WatchList watched = WatchLists.Read(parsed.GetValue(watch) ?? [], parsed.GetValue(watchLists) ?? []);
            bool isJudging = parsed.GetResult(lookalikes) is not null;
            string? domains = parsed.GetValue(lookalikes);
            if (watched.Count == 0 && domains is null) throw Mistake("--watch", "nothing is watched", "give --watch NAME or --watch-list FILE");
            if (!LogStart.TryParse(parsed.GetValue(from)!, out LogStart start)) throw Mistake("--from", "is no place to begin", $"write {LogStart.Forms}");
            TreeSize? end = null;
            if (parsed.GetValue(until) is { } text && text != "head")
                end = ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong index) ? new TreeSize(index) : throw Mistake("--until", "is no place to stop", "write head, or the index to stop before");

            Protection protection = isJudging ? Protect(judging, parsed, watched, domains, stopping) : Protection.None;
            string[] places = parsed.GetValue(lists) is { Length: > 0 } given ? given : [LogOptions.DefaultList];
            var outbound = new OutboundOptions { Allow = [.. (parsed.GetValue(allow) ?? []).Select(WatchCommand.Network)] };
            using LogClients clients = GuardedLogs.CreateClients(new OutboundGuard(outbound), parsed.GetValue(contact)!, places);
            using var pacers = new Pacers(TimeProvider.System);
            using var meter = new Meter("CertHerald.Scan");
            var sources = new LogSources(clients, pacers, new FetchMemory(FetchMemory.DefaultMost), TimeProvider.System, meter, NullLogger<LogSources>.Instance);
            IReadOnlyList<LogDescription> chosen = await ChooseAsync(sources, places, parsed.GetValue(logs) ?? [], stopping);

            var scans = chosen.Select(log => new LogScan(sources.Read(log, RequestPriority.Tip, log.Url.IsLoopback), new Inspector(() => watched, () => protection), start, end)).ToList();
            return await RunAsync(scans, isJudging, stopping);
        });
        return command.WithExamples("""
            certherald scan --log-list list.json --watch .example.com > matches.jsonl
            certherald scan --log https://ct.example.net/2026h2/ --watch-list watchlist --from 1000000 --until 2000000
            certherald scan --watch .example.com --lookalikes --background ordinary.txt.gz --from 1d
            """);
    }

    private static async Task<int> RunAsync(List<LogScan> scans, bool isJudging, CancellationToken stopping)
    {
        var output = new MatchWriter(StandardOutput.Open());
        using var progress = new ScanProgress(scans);
        try
        {
            // As many as there are cores: each uses one for hashing and reading.
            await Parallel.ForEachAsync(scans, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = stopping },
                async (scan, cancellation) => await scan.RunAsync(output, cancellation));
        }
        finally
        {
            progress.Dispose();
            output.Dispose();
            foreach (LogScan scan in scans)
            {
                if (scan.Failure is { } failure) Console.Error.WriteLine($"{Visible.Of(LogSources.NameOf(scan.Log))}: {Visible.Of(failure)}");
                if (!scan.IsDone && scan.Next is { } next) Console.Error.WriteLine($"{Visible.Of(LogSources.NameOf(scan.Log))}: not read to the end: go on with --from {next}");
                if (scans.Count > 1) Console.Error.WriteLine($"log=\"{Visible.Of(LogSources.NameOf(scan.Log))}\" {Summary([scan], isJudging)}");
                scan.Dispose();
            }
            Console.Error.WriteLine(Summary(scans, isJudging));
        }
        return scans.Exists(scan => scan.Failure is not null) ? CommandLine.Failed : CommandLine.Done;
    }

    private static string Summary(List<LogScan> scans, bool isJudging)
    {
        long entries = scans.Sum(scan => scan.Entries);
        double seconds = scans.Max(scan => scan.Elapsed.TotalSeconds);
        return string.Create(CultureInfo.InvariantCulture,
            $"entries={entries} matches={scans.Sum(scan => scan.Matches)} malformed={scans.Sum(scan => scan.Malformed)} seconds={seconds:0.000} entries_per_second={(seconds > 0 ? entries / seconds : 0):0} verified_size={scans.Sum(scan => (decimal)scan.Verified.Value)}")
            + (isJudging ? string.Create(CultureInfo.InvariantCulture, $" lookalikes={scans.Sum(scan => scan.Lookalikes)}") : "");
    }

    /// <param name="file">Of protected domains; null: the watched ones are.</param>
    private static Protection Protect(JudgingOptions judging, ParseResult parsed, WatchList watched, string? file, CancellationToken stopping)
    {
        string[] names = file is not null ? [] : [.. watched.Items.Select(item => item.Text.TrimStart('.')).Where(name => name.Contains('.', StringComparison.Ordinal) && !IPAddress.TryParse(name, out _)).Distinct(StringComparer.Ordinal)];
        List<ProtectedDomain> domains = JudgingOptions.Domains("--watch", names, file);
        if (domains.Count == 0) throw Mistake("--lookalikes", file is null ? "no watched name is a domain" : $"{file} names no domain", "write a protected domain a line into a file, and give --lookalikes FILE");
        LookalikeIndex index = judging.Build(parsed, domains, data: null, out PublicSuffixes? suffixes, stopping);
        return new Protection([new OwnerProtection("", index)], suffixes);
    }

    private static async Task<IReadOnlyList<LogDescription>> ChooseAsync(LogSources sources, string[] lists, string[] wanted, CancellationToken stopping)
    {
        var all = new List<LogDescription>();
        foreach (string place in lists)
        {
            if (!LogListSource.IsUsable(place, out string? problem)) throw Mistake("--log-list", problem!, "give a file, or a URL with https");
            try
            {
                all.AddRange((await sources.List(LogListOptions.At(place), CacheDirectory).RefreshAsync(stopping)).Logs);
            }
            catch (LogListUnavailableException failure)
            {
                throw new CommandFailedException($"{failure.Message}: give another with --log-list FILE|URL", failure);
            }
        }
        if (wanted.Length == 0)
            return all.Count > 0 ? all : throw new CommandFailedException("the log list names no log that can be read");

        foreach (string one in wanted.Where(one => !all.Exists(log => Is(log, one))))
            throw Mistake("--log", $"\"{one}\" is in none of the lists", "give its URL, id or description as the list has it, or its list with --log-list");
        return [.. all.Where(log => wanted.Any(one => Is(log, one)))];
    }

    private static bool Is(LogDescription log, string wanted) =>
        log.Id.ToString() == wanted || log.Description == wanted
        || string.Equals(log.Url.AbsoluteUri.TrimEnd('/'), wanted.TrimEnd('/'), StringComparison.OrdinalIgnoreCase)
        || (log.SubmissionUrl is { } submission && string.Equals(submission.AbsoluteUri.TrimEnd('/'), wanted.TrimEnd('/'), StringComparison.OrdinalIgnoreCase));

    private static ConfigurationException Mistake(string option, string problem, string remedy) => new([new ConfigurationMistake(option, problem, remedy)]);
}
