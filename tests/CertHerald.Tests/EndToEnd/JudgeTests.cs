using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Merkle;
using Microsoft.Data.Sqlite;

namespace CertHerald.Tests.EndToEnd;

/// <summary>ct.md §13: Debian's certspotter judges the log that all our tests believe, and what we find in it.</summary>
[Collection(ProgramTests.Name)]
public sealed class JudgeTests
{
    private const int Entries = 100_000, Pairs = 100, Malformed = 100;

    private static readonly string[] Watched = [".example.com", "shop.example.org", ".example.net", "a.b.example.org", ".eu"];

    [Fact]
    public async Task K21_Rule_13_1_Rule_13_3_Rule_13_5_Debians_certspotter_accepts_the_log_and_finds_what_scan_and_the_service_find()
    {
        string certspotter = FindCertspotter();
        using var scratch = new Scratch();
        await using ServiceRig rig = await ServiceRig.StartAsync(new LogOptions { MaxEntriesPerAnswer = 500 });
        Log log = rig.Log;
        Fill(log);
        string list = scratch.Write("list.json", rig.Server.LogList(ListedProtocols.Rfc6962)), watch = scratch.Write("watchlist", string.Join('\n', Watched));

        Verdict verdict = await JudgeAsync(certspotter, scratch, list, watch);
        Ended scan = (await Certherald.RunAsync("scan", "--log-list", list, "--watch-list", watch)).With(0);

        Assert.Equal(log.Head.Size.Value, verdict.VerifiedSize);
        Assert.Contains($"verified_size={log.Head.Size} ", scan.Errors.Replace('\n', ' '), StringComparison.Ordinal);
        HashSet<string> ours = [.. scan.Objects.Where(one => one.GetProperty("kind").GetString() == "match").Select(one => one.GetProperty("cert_sha256").GetString()!)];
        Assert.True(verdict.Found.Count > 2 * Pairs, $"it found {verdict.Found.Count}");
        Assert.Empty(verdict.Found.Except(ours));
        Assert.Empty(ours.Except(verdict.Found));
        long[] matches = IndexesIn(scan, "match"), malformed = IndexesIn(scan, "malformed");
        Assert.Equal(Malformed, malformed.Length);

        // The service reads the same, in both protocols.
        rig.Configuration["watch"] = new JsonArray([.. Watched.Select(item => (JsonNode)item)]);
        await using Certherald service = await rig.RunReadyAsync();
        using var store = new SqliteConnection($"Data Source={Path.Combine(rig.Data, "certherald.db")};Mode=ReadOnly;Pooling=False");
        store.Open();
        await Eventually.HappensAsync(() => All(store, $"SELECT proven_size FROM lane WHERE start = 0 AND until IS NULL AND proven_size = {log.Head.Size}").Length == 2);
        foreach (long side in (long[])[1, 2])
        {
            Assert.Equal(matches, All(store, $"SELECT entry_index FROM sighting WHERE log = {side} AND proven = 1 ORDER BY entry_index"));
            Assert.Equal(malformed, All(store, $"SELECT entry_index FROM malformed WHERE log = {side} ORDER BY entry_index"));
        }
        Assert.Equal(143, await service.StopAsync());
        TestContext.Current.TestOutputHelper?.WriteLine($"both found {ours.Count} certificates in {log.Head.Size} entries");
    }

    /// <summary>Of the 961 recorded entries that 13.3 counts, those that were kept: 512 in two pages, and 119 rows of certificates.</summary>
    [Fact]
    public async Task K21_Rule_13_3_over_real_recorded_entries_with_a_dot_both_find_every_certificate_that_has_a_name()
    {
        string certspotter = FindCertspotter();
        using var scratch = new Scratch();
        await using var log = new Log();
        foreach (string page in (string[])["get-entries.256-511.json", "get-entries.512-767.json"])
            log.AddCorpus(SharedData.Json("google-ct-server", page).RootElement.GetProperty("entries").EnumerateArray()
                .Select(row => CorpusEntry.OfRow(row.GetProperty("leaf_input").GetBytesFromBase64(), row.GetProperty("extra_data").GetBytesFromBase64())));
        log.AddCorpus(Corpus.Read(SharedData.PathOf("get-entries", "x509-selection.entries.jsonl.gz")));
        log.Publish();
        await using LogServer server = await LogServer.StartAsync(log, new LogServerOptions { Gzip = false }, TestContext.Current.CancellationToken);
        string list = scratch.Write("list.json", server.LogList(ListedProtocols.Rfc6962)), watch = scratch.Write("watchlist", ".");

        Verdict verdict = await JudgeAsync(certspotter, scratch, list, watch);
        Ended scan = (await Certherald.RunAsync("scan", "--log-list", list, "--watch-list", watch)).With(0);

        Assert.Equal((631UL, log.Head.Size.Value), (verdict.VerifiedSize, log.Head.Size.Value));
        Assert.Contains("verified_size=631 ", scan.Errors.Replace('\n', ' '), StringComparison.Ordinal);
        HashSet<string> ours = [.. scan.Objects.Where(one => one.GetProperty("kind").GetString() == "match").Select(one => one.GetProperty("cert_sha256").GetString()!)];
        Assert.Equal(626, ours.Count);
        Assert.Empty(verdict.Found.Except(ours));
        Assert.Empty(ours.Except(verdict.Found));
    }

    [Fact]
    public async Task K21_Rule_13_4_a_flipped_leaf_is_refused_by_both()
    {
        string certspotter = FindCertspotter();
        using var scratch = new Scratch();
        await using var log = new Log();
        log.AddCorpus(new SyntheticCorpus(new SyntheticCorpusOptions { WatchedDomains = ["example.com"], WatchedOneIn = 50 }).Entries(new EntryIndex(0), 500));
        log.Publish();
        await using LogServer server = await LogServer.StartAsync(log, new LogServerOptions { Gzip = false }, TestContext.Current.CancellationToken);
        await using LogFront front = await LogFront.StartAsync(server);
        front.FlipFirstLeaf();
        string list = scratch.Write("list.json", Encoding.UTF8.GetString(server.LogList(ListedProtocols.Rfc6962)).Replace(server.Url.ToString(), front.Url.ToString(), StringComparison.Ordinal));
        string watch = scratch.Write("watchlist", ".example.com");

        Verdict verdict = await JudgeAsync(certspotter, scratch, list, watch);
        Ended scan = (await Certherald.RunAsync("scan", "--log-list", list, "--watch-list", watch)).With(1);

        Assert.Equal(0UL, verdict.VerifiedSize);
        Assert.Contains(verdict.Errors, line => line.Contains("root hash", StringComparison.OrdinalIgnoreCase));
        Assert.Contains("verified_size=0", scan.Errors, StringComparison.Ordinal);
        Assert.Contains("do not give the root that the log signed", scan.Errors, StringComparison.Ordinal);
        // A liar may still show a real certificate.
        Assert.Equal(10, scan.Objects.Count);
        Assert.All(scan.Objects, one => Assert.False(one.GetProperty("proven").GetBoolean()));
    }

    private static long[] IndexesIn(Ended scan, string kind) =>
        [.. scan.Objects.Where(one => one.GetProperty("kind").GetString() == kind).Select(one => one.GetProperty("index").GetInt64()).Distinct().Order()];

    private static long[] All(SqliteConnection store, string sql)
    {
        using SqliteCommand command = store.CreateCommand();
        command.CommandText = sql;
        using SqliteDataReader row = command.ExecuteReader();
        List<long> all = [];
        while (row.Read()) all.Add(row.GetInt64(0));
        return [.. all];
    }

    private static void Fill(Log log)
    {
        if (SharedData.IsHere) log.AddCorpus(Corpus.Read(SharedData.PathOf("get-entries", "navigli2025h2-0-1023.entries.jsonl.gz")));
        var synthetic = new SyntheticCorpus(new SyntheticCorpusOptions { WatchedDomains = ["example.com"], WatchedOneIn = 200 });
        log.AddCorpus(synthetic.Entries(new EntryIndex(log.Size.Value), Entries - 2 * Pairs - Malformed - log.Size.Value));

        using var ca = new TestCa();
        for (int i = 0; i < Pairs; i++)
        {
            string name = (i % 4) switch { 0 => $"host{i}.example.com", 1 => "*.example.org", 2 => $"*.sub{i}.example.net", _ => $"other{i}.example.invalid" };
            TestPrecertificate precertificate = ca.IssuePrecertificate(new IssueRequest(name, $"www{i}.invalid") { ThroughSigningCertificate = i % 8 == 0 });
            AddedEntry added = log.AddPreChain(precertificate.Chain);
            log.AddChain(precertificate.Final(added.Sct.Serialize()).Chain);
        }
        // Cut before its names: nobody can say whose it is.
        byte[] certificate = ca.Issue("broken.example.com").Der;
        log.AddCorpus(Enumerable.Range(0, Malformed).Select(i => CorpusEntry.OfChain(certificate[..(100 + i)])));
        log.Publish();
    }

    private static async Task<Verdict> JudgeAsync(string certspotter, Scratch scratch, string list, string watch)
    {
        string state = Directory.CreateDirectory(scratch.PathOf("state")).FullName;
        IReadOnlyList<string> errors;
        await using (Certherald judge = Certherald.StartOther(certspotter, "-logs", list, "-state_dir", state, "-watchlist", watch, "-stdout", "-verbose"))
        {
            await judge.ErrorLineAsync(line => line.Contains("saving state in defer", StringComparison.Ordinal));
            Assert.Equal(0, await judge.StopAsync());
            errors = judge.Errors;
        }
        JsonElement saved = JsonElement.Parse(await File.ReadAllBytesAsync(
            Directory.EnumerateFiles(Path.Combine(state, "logs"), "state.json", SearchOption.AllDirectories).Single(), TestContext.Current.CancellationToken));
        // Before 0.17 the files are named after the certificate, later after its TBS.
        return new Verdict(
            saved.GetProperty("verified_position").GetProperty("size").GetUInt64(),
            [.. Directory.EnumerateFiles(Path.Combine(state, "certs"), ".*.notified", SearchOption.AllDirectories).Select(path => Path.GetFileName(path).Split('.')[1])], errors);
    }

    private static string FindCertspotter()
    {
        string? found = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Select(folder => Path.Combine(folder, "certspotter")).FirstOrDefault(File.Exists);
        Assert.SkipUnless(found is not null, "left out: certspotter is not installed (Debian: apt-get install certspotter)");
        return found!;
    }

    private sealed record Verdict(ulong VerifiedSize, HashSet<string> Found, IReadOnlyList<string> Errors);
}
