using System.Diagnostics.Metrics;
using CertHerald.Storage;
using CertHerald.Storage.Sqlite;
using CertHerald.Tests.Doubles;
using Microsoft.Data.Sqlite;

namespace CertHerald.Tests.Storage;

/// <summary>Names and the end of their certificates in a file of an older version, and in a large one.</summary>
public sealed class WatchedNamesUpgradeTests : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly ManualTime _time = new();
    private readonly Meter _meter = new("CertHerald.Tests");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _meter.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public async Task A_file_that_had_neither_names_nor_revocations_gets_them_from_what_it_holds()
    {
        using (SqliteSession session = Session())
        {
            SqliteSchema.Migrate(session, until: VersionBefore("revocation"));
            foreach ((string name, int days) in (ReadOnlySpan<(string, int)>)[("a.example.com", 20), ("*.example.com", 90), ("b.example.com", 20)])
            {
                session.Run(
                    $"""
                    INSERT INTO issuance ({SqliteStore.IssuanceColumns}) VALUES (NULL, @name, '', x'30', 0, json_array(@name), '[]', '', NULL, '', NULL, NULL, '', '01', 0, @end, '[]', 0, '', 0)
                    """,
                    ("@name", name), ("@end", _time.GetUtcNow().AddDays(days)));
                session.Run("INSERT INTO endpoint SELECT max(id), @name, 'example.com', '.example.com', 0 FROM issuance", ("@name", name));
            }
        }

        await using IStore upgraded = Open();

        Assert.Equal(["*.example.com", "a.example.com", "b.example.com"], (await upgraded.WatchedNamesAsync(new WatchedNameQuery(10), Cancellation)).Select(name => name.DnsName));
        Assert.All(await upgraded.WatchedNamesAsync(new WatchedNameQuery(10), Cancellation), name => Assert.Equal(_time.GetUtcNow().AddDays(90), name.NotAfter));
        Assert.Equal(3, (await upgraded.UnreadPointsAsync(10, Cancellation)).Count);
    }

    [Fact]
    public async Task Issuances_of_an_older_file_are_of_the_kinds_that_they_were()
    {
        using (SqliteSession session = Session())
        {
            SqliteSchema.Migrate(session, until: VersionBefore("issuance_lookalike"));
            foreach ((string name, bool known) in (ReadOnlySpan<(string, bool)>)[("imitated.example.org", false), ("unknown.example.com", false), ("known.example.com", true)])
                session.Run(
                    $"INSERT INTO issuance ({SqliteStore.IssuanceColumns}) VALUES (NULL, @name, '', x'30', 0, json_array(@name), '[]', '', NULL, '', NULL, NULL, '', '01', 0, 0, '[]', @known, '', 0)",
                    ("@name", name), ("@known", known));
            session.Run("INSERT INTO endpoint SELECT id, tbs_sha256, 'example.com', '.example.com', 0 FROM issuance WHERE id > 1");
        }

        await using IStore upgraded = Open();

        foreach ((IssuanceKind kind, long id) in ((IssuanceKind, long)[])[(IssuanceKind.Lookalike, 1), (IssuanceKind.Unknown, 2), (IssuanceKind.Known, 3)])
            Assert.Equal([id], (await upgraded.IssuancesAsync(new IssuanceFilter(Kind: kind), Cancellation)).Select(one => one.Id));
        Assert.Equal(new IssuanceCounts(1, 1, 1), await upgraded.CountIssuancesAsync(DateTimeOffset.UnixEpoch, 10, Cancellation));
    }

    [Fact]
    public async Task Every_list_of_names_is_read_along_an_index_and_none_is_sorted()
    {
        await Open().DisposeAsync();
        using SqliteSession session = Session();
        (string Sql, string Index)[] lists =
        [
            (SqliteStore.AllNames, "watched_name USING INDEX sqlite_autoindex_watched_name_1 (dns_name>?)"),
            (SqliteStore.NamesOfDomain, "watched_name USING INDEX watched_name_domain (monitored_domain=? AND dns_name>?)"),
            (SqliteStore.MissingRenewals, "watched_name USING INDEX watched_name_end (not_after>? AND not_after<?)"),
        ];
        foreach ((string sql, string index) in lists)
        {
            List<string> plan = session.All("EXPLAIN QUERY PLAN " + sql, row => row.GetString(3), ("@after", ""), ("@limit", 10), ("@domain", ""), ("@now", 0), ("@window", 0), ("@untold", 0), ("@end", 0));
            Assert.Contains($"SEARCH {index}", plan);
            Assert.DoesNotContain(plan, step => step.Contains("B-TREE", StringComparison.Ordinal) || step.StartsWith("SCAN", StringComparison.Ordinal));
        }
    }

    /// <summary>The newest version without a table.</summary>
    private static int VersionBefore(string table)
    {
        for (int version = 1; ; version++)
        {
            using var session = new SqliteSession(new SqliteConnection("Data Source=:memory:"));
            session.Open();
            SqliteSchema.Migrate(session, until: version);
            if (session.First("SELECT 1 FROM sqlite_master WHERE name = @table", row => row.GetInt32(0), ("@table", table)) == 1) return version - 1;
        }
    }

    private IStore Open() => Stores.Open("sqlite", _scratch.Folder, _time, _meter);

    private SqliteSession Session()
    {
        var session = new SqliteSession(new SqliteConnection($"Data Source={_scratch.PathOf("certherald.db")};Pooling=False"));
        session.Open();
        return session;
    }
}
