using System.CommandLine;
using System.Globalization;
using CertHerald.TestLog;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Cli;

/// <summary><c>certherald testlog serve</c>: a real log on loopback, for demos, tests and benchmarks.</summary>
internal static class TestLogCommand
{
    public static Command Create() => new("testlog", "A Certificate Transparency log on this machine, for demos, tests and benchmarks.") { Serve() };

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

        var command = new Command("serve", "Serves a log in both protocols over one tree: RFC 6962 and static-ct-api.")
        { corpus, synthetic, names, every, directory, port, list, listed, publish };

        command.SetAction(async (parsed, stopping) =>
        {
            await using var log = new Log(new LogOptions
            {
                Directory = parsed.GetValue(directory),
                PublishEvery = TimeSpan.FromSeconds(Math.Max(1, parsed.GetValue(publish))),
            });
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

            await using LogServer server = await LogServer.StartAsync(log, new LogServerOptions { Port = parsed.GetValue(port), Listed = parsed.GetValue(listed) }, stopping);
            if (parsed.GetValue(list) is { } path) await File.WriteAllBytesAsync(path, server.LogList(), stopping);

            Console.Out.WriteLine($"RFC 6962     {server.Url}");
            Console.Out.WriteLine($"static-ct    {server.MonitoringUrl} (submission prefix {server.SubmissionUrl})");
            Console.Out.WriteLine($"log list     {server.LogListUrl}");
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"entries      {log.Size}"));
            await Console.Out.FlushAsync(stopping);
            await Task.Delay(Timeout.Infinite, stopping);
            return CommandLine.Done;
        });
        return command.WithExamples("""
            certherald testlog serve --corpus certs.pem
            certherald testlog serve --synthetic 100000 --name example.com --log-list list.json
            """);
    }
}
