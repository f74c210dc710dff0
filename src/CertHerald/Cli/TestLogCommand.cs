using System.CommandLine;
using System.Globalization;
using CertHerald.Configuring;
using CertHerald.TestLog;
using CertHerald.TestLog.Faults;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Cli;

/// <summary><c>certherald testlog serve</c>: a real log on loopback, for demos, tests and benchmarks.</summary>
internal static class TestLogCommand
{
    public static Command Create() => new("testlog", "A Certificate Transparency log on this machine, for demos, tests and benchmarks.") { Serve(), Faults() };

    private static Command Serve()
    {
        var corpus = new Option<string[]>("--corpus") { Description = "Certificates to log: PEM, DER, or JSON Lines of leaf_input/extra_data (.gz too).", HelpName = "FILE" };
        var synthetic = new Option<int>("--synthetic") { Description = "Log this many made-up entries of realistic size.", HelpName = "COUNT" };
        var names = new Option<string[]>("--name") { Description = "With --synthetic: a domain that a few entries are issued for.", HelpName = "NAME" };
        var every = new Option<int>("--one-in") { Description = "With --name: one entry in this many.", DefaultValueFactory = _ => 10_000, HelpName = "N" };
        var directory = new Option<string?>("--dir") { Description = "Keep the log here; it goes on where it stopped. Default: a temporary directory.", HelpName = "DIR" };
        var port = new Option<int>("--port") { Description = "Port on 127.0.0.1. Default: a free one.", HelpName = "PORT" };
        var list = new Option<string?>("--log-list") { Description = "Write a log list (v3) naming this log to a file.", HelpName = "FILE" };
        var listed = new Option<ListedProtocols>("--protocol") { Description = "Which side the log list names.", DefaultValueFactory = _ => ListedProtocols.Both };
        var publish = new Option<int>("--publish-every") { Description = "Seconds between two heads while certificates are submitted.", DefaultValueFactory = _ => 1, HelpName = "SECONDS" };
        var fault = new Option<string[]>("--fault") { Description = "Misbehave: NAME[=ARG][,at=A-B][,times=N][,for=TIME][,on=CALL]. Repeatable; \"testlog faults\" lists the names.", HelpName = "FAULT" };
        fault.Validators.Add(result =>
        {
            foreach (System.CommandLine.Parsing.Token token in result.Tokens)
                if (Problem(token.Value) is { } problem) result.AddError($"--fault {token.Value}: {problem}");
        });

        var command = new Command("serve", "Serves a log in both protocols over one tree: RFC 6962 and static-ct-api.")
        { corpus, synthetic, names, every, directory, port, list, listed, publish, fault };

        command.SetAction(async (parsed, stopping) =>
        {
            await using var log = new Log(new LogOptions
            {
                Directory = parsed.GetValue(directory),
                PublishEvery = TimeSpan.FromSeconds(Math.Max(1, parsed.GetValue(publish))),
            });
            Fault[] faults = [.. (parsed.GetValue(fault) ?? []).Select(Fault.Parse)];
            // What is wrong with entries is so from the first on; a head can be wrong only once there is one.
            log.Misbehave([.. faults.Where(one => one.ShapesEntries)]);
            foreach (string file in parsed.GetValue(corpus) ?? [])
            {
                if (!File.Exists(file)) throw new CommandFailedException($"{file} does not exist: give a file of certificates");
                ulong added = log.AddCorpus(Corpus.Read(file));
                Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{file}: {added} entries"));
            }
            if (parsed.GetValue(synthetic) is > 0 and int count)
            {
                var made = new SyntheticCorpus(new SyntheticCorpusOptions { WatchedDomains = parsed.GetValue(names) ?? [], WatchedOneIn = Math.Max(1, parsed.GetValue(every)) });
                // Entry i belongs at index i: a log that was kept goes on where it stopped.
                ulong first = log.Size.Value;
                if (first < (ulong)count) log.AddCorpus(made.Entries(new EntryIndex(first), (ulong)count - first));
            }
            log.Publish();
            log.Misbehave([.. faults.Where(one => !one.ShapesEntries)]);

            await using LogServer server = await LogServer.StartAsync(log, new LogServerOptions { Port = parsed.GetValue(port), Listed = parsed.GetValue(listed) }, stopping);
            if (parsed.GetValue(list) is { } path) await File.WriteAllBytesAsync(path, server.LogList(), stopping);

            Console.Out.WriteLine($"RFC 6962     {server.Url}");
            Console.Out.WriteLine($"static-ct    {server.MonitoringUrl} (submission prefix {server.SubmissionUrl})");
            Console.Out.WriteLine($"log list     {server.LogListUrl}");
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"entries      {log.Size}"));
            Console.Out.WriteLine($"faults       {server.FaultsUrl} ({(faults.Length == 0 ? "none" : string.Join(' ', faults.Select(one => one.ToString())))})");
            await Console.Out.FlushAsync(stopping);
            await Task.Delay(Timeout.Infinite, stopping);
            return CommandLine.Done;
        });
        return command.WithExamples("""
            certherald testlog serve --corpus certs.pem
            certherald testlog serve --synthetic 100000 --name example.com --log-list list.json
            certherald testlog serve --synthetic 5000 --fault page=32 --fault body=503,times=10
            certherald testlog serve --corpus certs.pem --fault missing=100-200,for=30s --fault rate=8/2,on=entries
            """);
    }

    private static Command Faults()
    {
        var command = new Command("faults", "Lists the ways in which a test log can misbehave.");
        command.SetAction(_ =>
        {
            foreach ((string name, string arguments, string meaning) in Fault.Descriptions)
            {
                Console.Out.WriteLine($"{name,-12} {meaning}");
                Console.Out.WriteLine($"{"",-12} takes {arguments}");
            }
            return CommandLine.Done;
        });
        return command.WithExamples("""
            certherald testlog faults
            """);
    }

    private static string? Problem(string text) =>
        Fault.TryParse(text, out _, out string? problem) ? null
        : Fault.Names.Contains(Fault.NameIn(text)) ? problem
        : $"there is no such fault; {DidYouMean.Remedy(Fault.NameIn(text), Fault.Names)}";
}
