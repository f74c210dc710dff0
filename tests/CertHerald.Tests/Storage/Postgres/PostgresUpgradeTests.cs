using System.Diagnostics.Metrics;
using System.Text.Json;
using CertHerald.Deciding;
using CertHerald.Storage;
using CertHerald.Storage.Postgres;
using CertHerald.Tests.Doubles;
using Npgsql;

namespace CertHerald.Tests.Storage.Postgres;

/// <summary>
/// A database of every version there ever was becomes one of the newest, and keeps what it holds. The older ones are made by the
/// steps themselves, which are never changed, and filled with a few rows in each table.
/// </summary>
public sealed class PostgresUpgradeTests : IDisposable
{
    private const int Rows = 3;

    /// <summary>Of a database that was made anew; the tests of a class run one after the other.</summary>
    private static List<string>? s_fresh;

    private readonly Scratch _scratch = new();
    private readonly ManualTime _time = new();
    private readonly Meter _meter = new("CertHerald");

    public static TheoryData<int> Versions => [.. Enumerable.Range(1, PostgresSchema.Newest)];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _meter.Dispose();
        _scratch.Dispose();
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task A_database_of_an_older_version_becomes_the_newest_without_loss(int version)
    {
        await using PostgresSession session = await OpenAsync(await OlderAsync(version));
        await FillAsync(session);
        List<string> tables = await TablesAsync(session);
        await session.RunAsync($"CREATE SCHEMA kept; {string.Concat(tables.Select(table => $"CREATE TABLE kept.{table} AS TABLE {table};"))}");

        await PostgresSchema.MigrateAsync(session);

        // The same tables, columns, indexes, constraints, triggers and functions as if it were new.
        s_fresh ??= await SchemaAsync(await PostgresServer.NewDatabaseAsync());
        Assert.Equal(s_fresh, await SchemaAsync(session));
        Assert.Equal(PostgresSchema.Newest, await VersionAsync(session));
        List<(string Table, long Kept, long Lost)> counts = await session.AllAsync(
            string.Join(" UNION ALL ", tables.Select(table => $"""
                SELECT '{table}', count(*), count(*) FILTER (WHERE NOT EXISTS (SELECT 1 FROM public.{table} AS row_now WHERE to_jsonb(row_now) @> to_jsonb(row_was))) FROM kept.{table} AS row_was
                """)),
            row => (row.GetString(0), row.GetInt64(1), row.GetInt64(2)));
        Assert.Equal(tables.Count, counts.Count);
        Assert.All(counts, one => Assert.True(one is { Kept: > 0, Lost: 0 }, $"{one.Table}: {one.Lost} of {one.Kept} rows are gone or changed"));
    }

    [Fact]
    public async Task What_the_first_version_kept_is_found_by_all_that_came_later()
    {
        string database = await OlderAsync(1);
        DateTimeOffset late = _time.GetUtcNow().AddDays(90);
        await using (PostgresSession session = await OpenAsync(database))
            foreach ((string name, DateTimeOffset end) in ((string, DateTimeOffset)[])[("a.example.com", late.AddDays(-70)), ("*.example.com", late), ("b.example.com", late.AddDays(-70))])
                await session.RunAsync(
                    """
                    INSERT INTO issuance (tbs_sha256, cert_der, facts, known, reason, discovered) VALUES (@name, '\x30', @facts, false, '', 0);
                    INSERT INTO endpoint SELECT id, tbs_sha256, 'example.com', '.example.com', false FROM issuance WHERE tbs_sha256 = @name;
                    """,
                    ("@name", name), ("@facts", JsonSerializer.Serialize(Some.Facts(name) with { NotAfter = end })));

        await using IStore store = Stores.Open(database, _scratch.Folder, _time, _meter);

        IReadOnlyList<WatchedName> names = await store.WatchedNamesAsync(new WatchedNameQuery(10), Cancellation);
        Assert.Equal(["*.example.com", "a.example.com", "b.example.com"], names.Select(name => name.DnsName));
        Assert.All(names, name => Assert.Equal(late, name.NotAfter));
        Assert.Equal([2, 1], (await store.SearchCertificatesAsync(new CertificateQuery("a.example.com") { MatchWildcards = true }, Cancellation)).Select(one => one.Id));
        Assert.Equal(3, (await store.UnreadPointsAsync(10, Cancellation)).Count);
        var mine = new Dictionary<string, IReadOnlySet<string>> { [Some.Facts("b.example.com").PubkeySha256] = new HashSet<string> { "b.example.com" } };
        Assert.Equal([3], await store.ClearAsync(new KnownCertificates(new HashSet<string>(), mine), Cancellation));
    }

    [Fact]
    public async Task Issuances_of_an_older_version_are_of_the_kinds_that_they_were()
    {
        string database = await OlderAsync(1);
        await using (PostgresSession session = await OpenAsync(database))
        {
            foreach ((string name, bool known) in ((string, bool)[])[("imitated.example.org", false), ("unknown.example.com", false), ("known.example.com", true)])
                await session.RunAsync("INSERT INTO issuance (tbs_sha256, cert_der, facts, known, reason, discovered) VALUES (@name, '\\x30', @facts, @known, '', 0)",
                    ("@name", name), ("@facts", JsonSerializer.Serialize(Some.Facts(name))), ("@known", known));
            await session.RunAsync("INSERT INTO endpoint SELECT id, tbs_sha256, 'example.com', '.example.com', false FROM issuance WHERE id > 1");
        }

        await using IStore store = Stores.Open(database, _scratch.Folder, _time, _meter);

        foreach ((IssuanceKind kind, long id) in ((IssuanceKind, long)[])[(IssuanceKind.Lookalike, 1), (IssuanceKind.Unknown, 2), (IssuanceKind.Known, 3)])
            Assert.Equal([id], (await store.IssuancesAsync(new IssuanceFilter(Kind: kind), Cancellation)).Select(one => one.Id));
        Assert.Equal(new IssuanceCounts(1, 1, 1), await store.CountIssuancesAsync(DateTimeOffset.UnixEpoch, 10, Cancellation));
    }

    [Fact]
    public async Task An_upgrade_that_fails_half_way_leaves_the_version_before_and_goes_on_from_there()
    {
        string database = await OlderAsync(3);
        // In the way of the fourth step, which makes this table after it has added a column to another.
        await PostgresServer.RunAsync(database, "CREATE TABLE issuer_key ()");

        await using (PostgresSession session = await OpenAsync(database))
            Assert.Equal(PostgresErrorCodes.DuplicateTable, (await Assert.ThrowsAsync<PostgresException>(() => PostgresSchema.MigrateAsync(session))).SqlState);

        await using PostgresSession next = await OpenAsync(database);
        Assert.Equal(3, await VersionAsync(next));
        Assert.DoesNotContain(await SchemaAsync(next), line => line.StartsWith("column watch_item.enabled", StringComparison.Ordinal));
        await next.RunAsync("DROP TABLE issuer_key");
        await PostgresSchema.MigrateAsync(next);
        Assert.Equal(PostgresSchema.Newest, await VersionAsync(next));
    }

    /// <summary>A database as a program left it that knew only so many steps.</summary>
    private static async Task<string> OlderAsync(int version)
    {
        string database = await PostgresServer.NewEmptyDatabaseAsync();
        await using PostgresSession session = await OpenAsync(database);
        await PostgresSchema.MigrateAsync(session, until: version);
        return database;
    }

    private static async Task<PostgresSession> OpenAsync(string database)
    {
        var session = new PostgresSession(new NpgsqlConnection(new NpgsqlConnectionStringBuilder(database) { Pooling = false }.ConnectionString), Cancellation);
        await session.OpenAsync();
        return session;
    }

    private static Task<int> VersionAsync(PostgresSession session) => session.SingleAsync("SELECT version FROM certherald", row => row.GetInt32(0));

    /// <summary>In the order in which they were made. Not that of the version, which is to change.</summary>
    private static Task<List<string>> TablesAsync(PostgresSession session) => session.AllAsync(
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'certherald' ORDER BY oid", row => row.GetString(0));

    private static async Task<List<string>> SchemaAsync(string database)
    {
        await using PostgresSession session = await OpenAsync(database);
        return await SchemaAsync(session);
    }

    /// <summary>What there is, as PostgreSQL would write it.</summary>
    private static Task<List<string>> SchemaAsync(PostgresSession session) => session.AllAsync(
        """
        SELECT line FROM (
            SELECT format('column %s.%s %s %s %s null: %s default: %s identity: %s', table_name, column_name, ordinal_position, udt_name, collation_name, is_nullable, column_default, identity_generation) AS line
                FROM information_schema.columns WHERE table_schema = 'public'
            UNION ALL SELECT format('table %s %s', relname, reloptions) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
            UNION ALL SELECT format('index %s', indexdef) FROM pg_indexes WHERE schemaname = 'public'
            UNION ALL SELECT format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
            UNION ALL SELECT format('trigger %s', pg_get_triggerdef(oid)) FROM pg_trigger WHERE NOT tgisinternal
            UNION ALL SELECT format('function %s', pg_get_functiondef(oid)) FROM pg_proc WHERE pronamespace = 'public'::regnamespace) AS lines
        ORDER BY line COLLATE "C"
        """,
        row => row.GetString(0));

    // Any values: every reference from a row leads to the row of the same number. In the order in which tables were made, so that it
    // is there. What a step or a trigger has put there stays as it is; a table with a check has one row.
    private static async Task FillAsync(PostgresSession session)
    {
        List<(string Table, string Column, string Type, bool IsChecked)> columns = await session.AllAsync(
            """
            SELECT relname::text, attname::text, format_type(atttypid, NULL), EXISTS (SELECT 1 FROM pg_constraint WHERE conrelid = pg_class.oid AND contype = 'c')
            FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
            WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped ORDER BY pg_class.oid, attnum
            """,
            row => (row.GetString(0), row.GetString(1), row.GetString(2), row.GetBoolean(3)));
        foreach (IGrouping<(string Table, bool IsChecked), (string Table, string Column, string Type, bool IsChecked)> table in columns.GroupBy(one => (one.Table, one.IsChecked)))
        {
            if (await session.SingleAsync($"SELECT EXISTS (SELECT 1 FROM {table.Key.Table})", row => row.GetBoolean(0))) continue;
            IEnumerable<string> rows = Enumerable.Range(1, table.Key.IsChecked ? 1 : Rows).Select(n => $"({string.Join(", ", table.Select(one => Value($"{one.Table}.{one.Column}", one.Type, n)))})");
            await session.RunAsync($"INSERT INTO {table.Key.Table} ({string.Join(", ", table.Select(one => one.Column))}) OVERRIDING SYSTEM VALUE VALUES {string.Join(", ", rows)}");
        }
    }

    private static string Value(string column, string type, int n) => (column, type) switch
    {
        // Read by some steps.
        ("issuance.facts", _) => $"'{JsonSerializer.Serialize(Some.Facts($"www{n}.example.com"))}'",
        (_, "bigint" or "integer") => $"{n}",
        (_, "double precision") => $"{n}.5",
        (_, "boolean") => "false",
        (_, "text") => $"'text {n}'",
        (_, "text[]") => $"'{{text {n}}}'",
        (_, "bytea") => $"'\\x0{n}'",
        (_, "bytea[]") => $"ARRAY['\\x0{n}'::bytea]",
        (_, "uuid") => $"'00000000-0000-0000-0000-00000000000{n}'",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, column),
    };
}
