using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using CertHerald.Configuring;
using CertHerald.Fetching;
using CertHerald.Inspecting;
using CertHerald.Names;
using CertHerald.Transparency.Certificates;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.LogLists;

namespace CertHerald.Cli;

/// <summary><c>certherald verify</c>: what evidence proves, without asking anybody.</summary>
internal static class VerifyCommand
{
    private const int NamesShown = 10;

    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "Evidence, or an alert or API answer that carries it as \"certherald\"; - reads standard input." };
        var logList = new Option<string?>("--log-list") { Description = "The log must be one of this list (file, in Chrome's v3 format).", HelpName = "FILE" };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("verify", "Checks evidence offline: certificate, leaf, inclusion proof, signed tree head, log key; and says what it proves.")
        { file, logList, json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            byte[] bytes = await ReadAsync(parsed.GetValue(file)!, stopping);
            string? problem = EvidenceJson.TryRead(bytes, out Evidence? evidence, out string? unreadable) ? EvidenceCheck.Refusal(evidence) : unreadable;
            if (problem is not null || evidence is null) return Refuse(problem!, parsed.GetValue(json));

            string? list = parsed.GetValue(logList);
            IReadOnlyList<LogDescription> logs = list is null ? Cached(parsed) : CertCommand.ReadLogs(list);
            LogDescription? log = logs.FirstOrDefault(one => one.Id == evidence.Log.Id);
            if (log is null && list is not null)
                return Refuse($"the log {evidence.Log.Id}, whose key signed it, is not in {list}", parsed.GetValue(json));

            if (parsed.GetValue(json)) WriteJson(evidence, log);
            else Console.Out.WriteLine(Sentence(evidence, log));
            return CommandLine.Done;
        });
        return command.WithExamples("""
            certherald verify evidence-4-4669.json --log-list all_logs_list.json
            certherald verify alert.json
            curl -s -H "Authorization: Bearer $key" http://127.0.0.1:8470/api/issuances/4/evidence | certherald verify -
            """);
    }

    /// <summary>What checked evidence proves.</summary>
    /// <param name="log">The log, if it is known; else the evidence's own word for it is shown as such.</param>
    internal static string Sentence(Evidence evidence, LogDescription? log)
    {
        string named = log is not null
            ? $"Log '{Shown(log.Description)}' (id {evidence.Log.Id})"
            : $"A log that this command does not know (id {evidence.Log.Id}, '{Shown(evidence.Log.Description)}' by the file's own word, signed by the key in the file; check it with --log-list)";
        string tree = $"signed on {Time(evidence.Head.Timestamp)} a tree of {Count(evidence.Inclusion.TreeSize.Value)} entries that contains, at index {Count(evidence.Entry.Index.Value)}";
        if (FactsOf(evidence) is not { } facts) return $"{named} {tree}, an entry that is no readable certificate: leaf hash {evidence.Entry.LeafHash}.";

        string[] names = [.. facts.DnsNames, .. facts.IpAddresses];
        string shown = names.Length == 0 ? "no name" : string.Join(", ", names.Take(NamesShown).Select(Shown)) + (names.Length > NamesShown ? $" and {Count((ulong)(names.Length - NamesShown))} more names" : "");
        return $"{named} {tree}, a {(facts.IsPrecertificate ? "precertificate" : "certificate")} for {shown} issued by {Shown(facts.IssuerName)}.";
    }

    private static async Task<byte[]> ReadAsync(string path, CancellationToken stopping)
    {
        try
        {
            await using Stream stream = path == "-" ? Console.OpenStandardInput() : File.OpenRead(path);
            using var whole = new MemoryStream();
            byte[] chunk = new byte[128 << 10];
            // A byte more than is allowed shows that it is too long; the rest is not wanted.
            while (whole.Length <= EvidenceJson.MostBytes && await stream.ReadAsync(chunk, stopping).AsTask().WaitAsync(stopping) is > 0 and int read) whole.Write(chunk, 0, read);
            return whole.ToArray();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException($"{Shown(path)} cannot be read: {failure.Message}", failure);
        }
    }

    private static int Refuse(string problem, bool json)
    {
        if (!json)
        {
            Console.Error.WriteLine($"It proves nothing: {Shown(problem)}.");
            return CommandLine.Failed;
        }
        Print(writer =>
        {
            writer.WriteBoolean("proven", false);
            JsonStyle.WriteText(writer, "problem", problem);
        });
        return CommandLine.Failed;
    }

    private static void WriteJson(Evidence evidence, LogDescription? log) => Print(writer =>
    {
        writer.WriteBoolean("proven", true);
        JsonStyle.WriteText(writer, "sentence", Sentence(evidence, log));
        writer.WriteBoolean("log_known", log is not null);
        writer.WriteString("log_id", evidence.Log.Id.ToString());
        JsonStyle.WriteText(writer, "log_description", log?.Description ?? evidence.Log.Description);
        writer.WriteNumber("index", evidence.Entry.Index.Value);
        writer.WriteString("leaf_hash", evidence.Entry.LeafHash.ToBase64());
        writer.WriteNumber("tree_size", evidence.Inclusion.TreeSize.Value);
        writer.WriteString("signed", Time(evidence.Head.Timestamp));
        CertificateFacts? facts = FactsOf(evidence);
        writer.WriteString("logged", evidence.Entry.Timestamp is { } logged ? Time(logged) : null);
        writer.WriteString("kind", facts is null ? "unreadable" : facts.IsPrecertificate ? "precertificate" : "certificate");
        JsonStyle.WriteTexts(writer, "dns_names", facts?.DnsNames ?? []);
        JsonStyle.WriteTexts(writer, "ip_addresses", facts?.IpAddresses ?? []);
        JsonStyle.WriteText(writer, "issuer_name", facts?.IssuerName);
        writer.WriteString("tbs_sha256", facts?.TbsSha256);
    });

    private static void Print(Action<Utf8JsonWriter> write)
    {
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes, JsonStyle.Plain))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }
        Console.Out.WriteLine(System.Text.Encoding.UTF8.GetString(bytes.GetBuffer().AsSpan(0, (int)bytes.Length)));
    }

    /// <summary>What the leaf says, which alone the tree covers; null if it says nothing that can be read.</summary>
    private static CertificateFacts? FactsOf(Evidence evidence)
    {
        using RawBatch batch = Evidence.BatchOf(evidence.Entry.LeafInput.Span);
        if (evidence.Certificate is null || LogEntry.Read(batch[0], out LogEntry entry) != EntryFailure.None) return null;
        bool isPrecertificate = entry.Type == EntryType.Precert;
        bool isReadable = isPrecertificate ? CertificateView.TryReadTbs(entry.Tbs, out CertificateView view) : CertificateView.TryRead(entry.Certificate, out view);
        if (!isReadable) return null;
        IReadOnlyCollection<Identifier> identifiers = CertificateReading.IdentifiersOf(view);
        return CertificateReading.Read(view.Encoded, view, identifiers, isPrecertificate, issuerPubkeySha256: null);
    }

    /// <summary>Logs of the lists that the service keeps, as far as they can be read: they only add names.</summary>
    private static IReadOnlyList<LogDescription> Cached(ParseResult parsed)
    {
        string? data = parsed.GetValue(RunCommand.DataOption);
        try
        {
            data ??= Configuration.Read(parsed.GetValue(RunCommand.ConfigOption), new CommandLineOverrides()).Data;
            return
            [
                .. from file in Directory.EnumerateFiles(Path.Combine(data, "lists"), "loglist-*.json").Order(StringComparer.Ordinal)
                   where new FileInfo(file).Length <= LogHttp.LargeCap
                   from log in LogList.TryRead(File.ReadAllBytes(file), out LogList? list, out _) ? list.Logs : []
                   select log,
            ];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ConfigurationException)
        {
            return [];
        }
    }

    private static string Shown(string text) => Visible.Of(text);

    private static string Time(ulong milliseconds) => LogTime.Of(milliseconds).UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    private static string Count(ulong number) => number.ToString("#,0", CultureInfo.InvariantCulture);
}
