using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using CertHerald.Configuring;
using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Inspecting;

namespace CertHerald.Cli;

/// <summary><c>certherald issuers</c>: the table of who issues certificates.</summary>
internal static class IssuersCommand
{
    private const int MostBytes = 256 << 20;
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    public static Command Create() =>
        new("issuers", "Keeps the table of who issues certificates, which alerts name the issuer by.") { CreateRefresh() };

    private static Command CreateRefresh()
    {
        var from = new Option<string[]>("--from") { Description = "A report: a file, or an https URL. Repeat it; several are joined.", HelpName = "URL|FILE" };
        var json = new Option<bool>("--json") { Description = "Print the summary as JSON." };
        var command = new Command("refresh", "Reads CCADB reports and writes what they say of issuers to issuers.json in the data directory.")
        { from, json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            CertHeraldOptions options = Configuration.Read(parsed.GetValue(RunCommand.ConfigOption), new CommandLineOverrides(parsed.GetValue(RunCommand.DataOption)));
            string[] sources = parsed.GetValue(from) ?? [];
            string? mistake = sources.Length == 0
                ? $"name at least one report with --from:\n{IssuerColumns.Reports}"
                : sources.Select(Refusal).FirstOrDefault(refusal => refusal is not null);
            if (mistake is not null)
            {
                Console.Error.WriteLine(mistake);
                return CommandLine.Misused;
            }
            await RefreshAsync(sources, options.Data, options.Outbound, parsed.GetValue(json), Console.Out, stopping);
            return CommandLine.Done;
        });
        return command.WithExamples("""
            certherald issuers refresh --from AllCertificateRecordsCSVFormatV5.csv --from AllCertificatePEMs2020.csv
            certherald issuers refresh --from AllCAAIdentifiersReportCSVV2.csv --from AllProblemReportingMechanismsCSV.csv --data /var/lib/certherald
            """);
    }

    /// <summary>Reads all reports, then writes: one that fails leaves everything as it was.</summary>
    /// <exception cref="CommandFailedException">A report cannot be had or is of no use, or the directory cannot be written.</exception>
    internal static async Task RefreshAsync(
        IReadOnlyList<string> sources, string data, OutboundOptions outbound, bool asJson, TextWriter output, CancellationToken stopping, int mostBytes = MostBytes, TimeSpan? longest = null)
    {
        var reading = new NamedSource(outbound, "--from", "report", "see whether the CCADB has renamed the report", "no report of the CCADB is that long", mostBytes, longest ?? Longest);
        var reports = new IssuerReports();
        foreach (string source in sources)
        {
            byte[] report = await reading.ReadAsync(source, stopping);
            reports.Add(report, out string? problem);
            if (problem is not null) throw new CommandFailedException($"{Visible.Of(source)} is no report that helps: {problem}");
        }

        IssuerBook book = reports.Join(out IssuerLeftovers leftovers);
        IssuerDirectory before = IssuersFile.Load(data, out _);
        IssuerBook? earlier = IssuersFile.TryRead(data, out _);
        IssuersFile.Write(data, book);

        HashSet<string> keys = [.. book.Keys.Select(key => key.Sha256)];
        var summary = new Summary(
            book.Owners.Count, book.Keys.Count, keys.Count(key => !before.Knows(key)), earlier?.Keys.Count(key => !keys.Contains(key.Sha256)) ?? 0, leftovers);
        if (asJson) WriteJson(output, summary, IssuersFile.PathIn(data));
        else WriteText(output, summary, book, IssuersFile.PathIn(data));
    }

    /// <summary>Why a source is not even tried; null if it is.</summary>
    internal static string? Refusal(string source) => NamedSource.Refusal("--from", source);

    private static void WriteText(TextWriter output, Summary summary, IssuerBook book, string path)
    {
        IReadOnlyList<IssuerOwner> owners = book.Owners;
        int sites = owners.Count(owner => owner.Website.Length > 0), named = owners.Count(owner => owner.CaaDomains is not null);
        int reachable = owners.Count(owner => owner.ProblemReporting.Length > 0), namedKeys = book.Keys.Count(key => key.CaaDomains is not null);
        output.WriteLine(
            $"owners     {Count(owners.Count)}, of them {Count(sites)} with website, {Count(named)} with CAA domains, {Count(reachable)} with problem reporting");
        output.WriteLine($"keys       {Count(summary.Keys)}, of them {Count(summary.NewKeys)} new; {Count(namedKeys)} with CAA domains of their own");
        Write(summary.GoneKeys, "gone", "keys that the file had before");
        Write(summary.Leftovers.ContestedKeys, "left out", "keys that several owners disclose");
        Write(summary.Leftovers.OwnerlessKeys, "left out", "keys without owner: AllCertificateRecordsCSVFormat names it");
        Write(summary.Leftovers.RecordsWithoutCertificate, "left out", "records without certificate: AllCertificatePEMsCSVFormat has them, by year or decade");
        output.WriteLine($"written    {Path.GetFullPath(path)}; a service that runs reads it when it starts next");

        void Write(int number, string what, string which)
        {
            if (number > 0) output.WriteLine($"{what,-10} {Count(number)} {which}");
        }

        static string Count(int number) => number.ToString("#,0", CultureInfo.InvariantCulture);
    }

    private static void WriteJson(TextWriter output, Summary summary, string path)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, JsonStyle.Plain))
        {
            json.WriteStartObject();
            json.WriteNumber("owners", summary.Owners);
            json.WriteNumber("keys", summary.Keys);
            json.WriteNumber("new_keys", summary.NewKeys);
            json.WriteNumber("gone_keys", summary.GoneKeys);
            json.WriteNumber("contested_keys", summary.Leftovers.ContestedKeys);
            json.WriteNumber("ownerless_keys", summary.Leftovers.OwnerlessKeys);
            json.WriteNumber("records_without_certificate", summary.Leftovers.RecordsWithoutCertificate);
            json.WriteString("file", Path.GetFullPath(path));
            json.WriteEndObject();
        }
        output.WriteLine(System.Text.Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length));
    }

    /// <param name="NewKeys">Known by key only now.</param>
    /// <param name="GoneKeys">The file had them, the reports of this time do not.</param>
    private sealed record Summary(int Owners, int Keys, int NewKeys, int GoneKeys, IssuerLeftovers Leftovers);
}
