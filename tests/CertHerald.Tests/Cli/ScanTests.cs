using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Cli;

[Collection(ProgramTests.Name)]
public sealed partial class ScanTests : IAsyncLifetime
{
    private const int Entries = 5_000;

    private readonly Scratch _scratch = new();
    private readonly Log _log = new();
    private readonly SyntheticCorpus _corpus = new(new SyntheticCorpusOptions { WatchedDomains = ["example.com", "example.net"], WatchedOneIn = 100 });
    private LogServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _log.AddCorpus(_corpus.Entries(new EntryIndex(0), Entries));
        _log.Publish();
        _server = await LogServer.StartAsync(_log, new LogServerOptions { Gzip = false }, TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _log.DisposeAsync();
        _scratch.Dispose();
    }

    [Theory]
    [InlineData(ListedProtocols.Rfc6962)]
    [InlineData(ListedProtocols.StaticCt)]
    public async Task Every_watched_entry_is_printed_and_the_root_proven(ListedProtocols protocol)
    {
        Ended ended = (await ScanAsync(protocol)).With(0);

        Assert.Equal(_corpus.WatchedIndexes(Entries).Select(index => index.Value), IndexesIn(ended));
        foreach (JsonElement match in ended.Objects)
        {
            var index = new EntryIndex(match.GetProperty("index").GetUInt64());
            Assert.Equal(
                ["dns_names", "ip_addresses", "tbs_sha256", "cert_sha256", "pubkey_sha256", "issuer_name", "subject_name", "serial", "not_before", "not_after", "precertificate", "problems",
                 "kind", "matches", "log_id", "log_url", "index", "leaf_hash", "logged", "proven"],
                match.EnumerateObject().Select(member => member.Name));
            Assert.Equal(_corpus.NamesAt(index).Order(StringComparer.Ordinal), match.GetProperty("dns_names").EnumerateArray().Select(name => name.GetString()));
            Assert.Equal(_log.LeafHashAt(index).ToBase64(), match.GetProperty("leaf_hash").GetString());
            Assert.Equal(_corpus.NamesAt(index)[0], Assert.Single(match.GetProperty("matches").EnumerateArray()).GetProperty("name").GetString());
        }
        Dictionary<string, double> summary = SummaryOf(ended);
        Assert.Equal(["entries", "matches", "malformed", "seconds", "entries_per_second", "verified_size"], summary.Keys);
        Assert.Equal((Entries, 50, 0, Entries), (summary["entries"], summary["matches"], summary["malformed"], summary["verified_size"]));
    }

    [Fact]
    public async Task Both_sides_of_a_log_can_be_read_at_once()
    {
        Ended ended = (await ScanAsync(ListedProtocols.Both)).With(0);

        Assert.Equal(100, ended.Lines.Length);
        Assert.Equal(2, ended.Objects.Select(match => match.GetProperty("log_id").GetString()).Distinct().Count());
        Assert.Equal(2 * Entries, SummaryOf(ended)["verified_size"]);
        Assert.Equal(2, ended.Errors.Split('\n').Count(line => line.StartsWith("log=", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(ListedProtocols.Rfc6962, "1000", "3001", 1000, 3001)]
    [InlineData(ListedProtocols.StaticCt, "1000", "3001", 1000, 3001)]
    [InlineData(ListedProtocols.Rfc6962, "4999", "head", 4999, 5000)]
    [InlineData(ListedProtocols.StaticCt, "start", "1", 0, 1)]
    [InlineData(ListedProtocols.Rfc6962, "end", "head", 5000, 5000)]
    [InlineData(ListedProtocols.StaticCt, "end", "head", 5000, 5000)]
    [InlineData(ListedProtocols.Rfc6962, "0", "99999", 0, 5000)]
    public async Task A_stretch_is_read_from_and_until_where_asked_and_no_further(ListedProtocols protocol, string from, string until, ulong first, ulong end)
    {
        Ended ended = (await ScanAsync(protocol, "--from", from, "--until", until)).With(0);

        Assert.Equal(_corpus.WatchedIndexes(end).Select(index => index.Value).Where(index => index >= first), IndexesIn(ended));
        Assert.Equal(end - first, SummaryOf(ended)["entries"]);
        // Tiles and pages are proven whole.
        Assert.InRange(SummaryOf(ended)["verified_size"], end, Entries);
    }

    [Theory]
    [InlineData(ListedProtocols.Rfc6962)]
    [InlineData(ListedProtocols.StaticCt)]
    public async Task A_log_that_lies_fails_the_scan_and_what_it_lied_about_is_printed_unproven_with_all_the_rest(ListedProtocols protocol)
    {
        await using LogFront front = await LogFront.StartAsync(_server);
        front.Change = (path, body) =>
        {
            if (path.StartsWith("/tiles/tile/data/000", StringComparison.Ordinal)) body[7] ^= 1;
            return body;
        };
        if (protocol == ListedProtocols.Rfc6962) front.FlipFirstLeaf();
        string list = _scratch.Write("list.json", System.Text.Encoding.UTF8.GetString(_server.LogList(protocol)).Replace(
            protocol == ListedProtocols.Rfc6962 ? _server.Url.ToString() : _server.MonitoringUrl.ToString(),
            protocol == ListedProtocols.Rfc6962 ? front.Url.ToString() : front.MonitoringUrl.ToString(), StringComparison.Ordinal));

        Ended ended = (await Certherald.RunAsync("scan", "--log-list", list, "--watch", ".")).With(1);

        Assert.Contains("do not give the root that the log signed", ended.Errors, StringComparison.Ordinal);
        Assert.Equal(0, SummaryOf(ended)["verified_size"]);
        Assert.Equal(Enumerable.Range(0, Entries).Select(index => (ulong)index), IndexesIn(ended));
        // Tiles tell which entry lies; where there are none, all of them may.
        Assert.Equal(
            protocol == ListedProtocols.StaticCt ? 1 : Entries,
            ended.Objects.Count(match => !match.GetProperty("proven").GetBoolean()));
        Assert.False(ended.Objects.First(match => match.GetProperty("index").GetUInt64() == 0).GetProperty("proven").GetBoolean());
        Assert.DoesNotContain("--from", ended.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Entries_that_cannot_be_read_are_named_and_the_rest_is_read()
    {
        await using LogFront front = await LogFront.StartAsync(_server);
        front.Change = (path, body) =>
        {
            if (path.StartsWith("/tiles/tile/data/001", StringComparison.Ordinal)) body[8] = 0x7f;       // an entry of no known type: where it ends, nobody knows
            return body;
        };
        string list = _scratch.Write("list.json", System.Text.Encoding.UTF8.GetString(_server.LogList(ListedProtocols.StaticCt)).Replace(
            _server.MonitoringUrl.ToString(), front.MonitoringUrl.ToString(), StringComparison.Ordinal));

        Ended ended = (await Certherald.RunAsync("scan", "--log-list", list, "--watch", ".")).With(1);

        Assert.Contains("entries 256 to 512 could not be read", ended.Errors, StringComparison.Ordinal);
        Assert.Equal(Enumerable.Range(0, Entries).Where(index => index / 256 != 1).Select(index => (ulong)index), IndexesIn(ended));
        Assert.InRange(SummaryOf(ended)["verified_size"], 0, 256);
    }

    [Fact]
    public async Task A_log_is_chosen_by_address_id_or_description_and_another_is_no_use()
    {
        foreach (string log in (string[])[_server.Url.ToString(), _log.Rfc6962Key.Id.ToString(), _server.SubmissionUrl.ToString().TrimEnd('/')])
            Assert.Equal(Entries, SummaryOf((await ScanAsync(ListedProtocols.Both, "--log", log)).With(0))["verified_size"]);

        Ended none = (await ScanAsync(ListedProtocols.Both, "--log", "https://other.example/")).With(2);
        Assert.Contains("https://other.example/", none.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ListedProtocols.Rfc6962)]
    [InlineData(ListedProtocols.StaticCt)]
    public async Task Look_alikes_of_watched_domains_or_of_a_file_are_printed_with_their_reasons(ListedProtocols protocol)
    {
        await using var log = new Log();
        string[] NamesAt(ulong index) => index switch { 7 => ["paypa1.com", "www.paypa1.com"], 8 => ["www.paypal.com"], _ => [$"host-{index}.example.org"] };
        log.AddCorpus(new SyntheticCorpus(new SyntheticCorpusOptions { Names = NamesAt }).Entries(new EntryIndex(0), 300));
        log.Publish();
        await using LogServer server = await LogServer.StartAsync(log, new LogServerOptions { Gzip = false }, TestContext.Current.CancellationToken);
        string list = _scratch.Write("look.json", server.LogList(protocol));

        Ended watched = (await Certherald.RunAsync("scan", "--log-list", list, "--watch", ".paypal.com", "--lookalikes")).With(0);

        Assert.Equal([(7, "lookalike"), (8, "match")], watched.Objects.Select(found => (found.GetProperty("index").GetInt32(), found.GetProperty("kind").GetString()!)).Order());
        JsonElement lookalike = watched.Objects.Single(found => found.GetProperty("kind").GetString() == "lookalike");
        Assert.Empty(lookalike.GetProperty("matches").EnumerateArray());
        JsonElement imitated = Assert.Single(lookalike.GetProperty("lookalikes").EnumerateArray());
        Assert.Equal(("paypal.com", "paypa1.com"), (imitated.GetProperty("domain").GetString(), imitated.GetProperty("registrable").GetString()));
        Assert.Equal(["paypa1.com", "www.paypa1.com"], imitated.GetProperty("names").EnumerateArray().Select(name => name.GetProperty("name").GetString()).Order());
        Assert.All(imitated.GetProperty("names").EnumerateArray(), name =>
        {
            Assert.InRange(name.GetProperty("score").GetInt32(), 50, 100);
            Assert.Equal("ascii_homoglyph", name.GetProperty("class").GetString());
            Assert.NotEmpty(name.GetProperty("reasons").EnumerateArray());
        });
        Assert.False(watched.Objects.Single(found => found.GetProperty("kind").GetString() == "match").TryGetProperty("lookalikes", out _));
        Assert.Equal((1, 1), (SummaryOf(watched)["matches"], SummaryOf(watched)["lookalikes"]));

        string domains = _scratch.Write("domains.tsv", "paypal.com\nexample.net\tthreshold=90\n");
        Ended given = (await Certherald.RunAsync("scan", "--log-list", list, "--lookalikes", domains)).With(0);

        Assert.Equal((7, "lookalike"), (Assert.Single(given.Objects).GetProperty("index").GetInt32(), given.Objects.Single().GetProperty("kind").GetString()));
        Assert.Equal((0, 1), (SummaryOf(given)["matches"], SummaryOf(given)["lookalikes"]));

        Ended none = (await Certherald.RunAsync("scan", "--log-list", list, "--watch", "192.0.2.1", "--lookalikes")).With(2);
        Assert.Contains("no watched name is a domain", none.Errors, StringComparison.Ordinal);
    }

    private async Task<Ended> ScanAsync(ListedProtocols protocol, params string[] more)
    {
        string list = _scratch.Write("list.json", _server.LogList(protocol)), watch = _scratch.Write("watchlist", "# ours\n.example.com\n.example.net\n");
        return await Certherald.RunAsync(["scan", "--log-list", list, "--watch-list", watch, .. more]);
    }

    private static IEnumerable<ulong> IndexesIn(Ended ended) => ended.Objects.Select(match => match.GetProperty("index").GetUInt64()).Order();

    private static Dictionary<string, double> SummaryOf(Ended ended)
    {
        string line = ended.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1];
        return MemberPattern().Matches(line).ToDictionary(member => member.Groups[1].Value, member => double.Parse(member.Groups[2].Value, CultureInfo.InvariantCulture));
    }

    [GeneratedRegex(@"(?<=^| )([a-z_]+)=([\d.]+)")]
    private static partial Regex MemberPattern();
}
