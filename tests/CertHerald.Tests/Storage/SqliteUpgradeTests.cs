using CertHerald.Storage;
using CertHerald.Storage.Sqlite;
using CertHerald.Tests.Doubles;
using Microsoft.Data.Sqlite;

namespace CertHerald.Tests.Storage;

/// <summary>
/// A database of every version there ever was becomes one of the newest, and keeps what it holds. The older ones are made by the
/// steps themselves, which are never changed, and filled with a few rows in each table.
/// </summary>
public sealed class SqliteUpgradeTests : IDisposable
{
    private const int Rows = 3;

    /// <summary>Columns whose values a later step changes on purpose. Claims end with the process that made them.</summary>
    private static readonly HashSet<string> Rewritten = ["delivery.lease_until"];

    private readonly Scratch _folder = new();

    public static TheoryData<int> Versions => [.. Enumerable.Range(1, SqliteSchema.Newest)];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Versions))]
    public void A_database_of_an_older_version_becomes_the_newest_without_loss(int version)
    {
        using SqliteSession session = Open("old.db"), fresh = Open("fresh.db");
        SqliteSchema.Migrate(session, until: version);
        Dictionary<string, List<string>> tables = Tables(session);
        foreach (string table in tables.Keys) Fill(session, table);
        Dictionary<string, string[]> before = tables.SelectMany(table => table.Value.Select(column => (Table: table.Key, Column: column)))
            .ToDictionary(one => $"{one.Table}.{one.Column}", one => Values(session, one.Table, one.Column));

        SqliteSchema.Migrate(session);
        SqliteSchema.Migrate(fresh);

        // The same tables, columns, indexes and triggers as if it were new.
        Assert.Equal(Schema(fresh), Schema(session));
        Assert.Equal((long)SqliteSchema.Newest, SqliteSchema.Check(session));
        Assert.Equal("ok", session.First("PRAGMA integrity_check", row => row.GetString(0)));
        Assert.Empty(session.All("PRAGMA foreign_key_check", row => row.GetString(0)));
        Dictionary<string, List<string>> now = Tables(session);
        foreach ((string table, List<string> columns) in tables)
        {
            Assert.True(now.ContainsKey(table), $"{table} is gone");
            Assert.Equal(Rows, session.First($"SELECT count(*) FROM {table}", row => row.GetInt32(0)));
            foreach (string column in columns.Intersect(now[table]).Where(column => !Rewritten.Contains($"{table}.{column}")))
                Assert.Equal(before[$"{table}.{column}"], Values(session, table, column));
        }
    }

    [Fact]
    public void An_upgrade_that_fails_half_way_leaves_the_version_before_and_goes_on_from_there()
    {
        using SqliteSession session = Open("old.db");
        SqliteSchema.Migrate(session, until: 3);
        // In the way of the fourth step, which adds this column.
        session.Run("ALTER TABLE incident ADD COLUMN changed INTEGER");

        Assert.Throws<SqliteException>(() => SqliteSchema.Migrate(session));
        if (session.InTransaction) session.Run("ROLLBACK");
        Assert.Equal(3, SqliteSchema.Check(session));
        Assert.DoesNotContain("severity", Tables(session)["incident"]);

        session.Run("ALTER TABLE incident DROP COLUMN changed");
        SqliteSchema.Migrate(session);
        Assert.Equal((long)SqliteSchema.Newest, SqliteSchema.Check(session));
    }

    private SqliteSession Open(string name)
    {
        var session = new SqliteSession(new SqliteConnection($"Data Source={_folder.PathOf(name)};Pooling=False"));
        session.Open();
        session.Run("PRAGMA synchronous = OFF");
        session.Run("PRAGMA foreign_keys = ON");
        return session;
    }

    private static Dictionary<string, List<string>> Tables(SqliteSession session) => session
        .All("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid", row => row.GetString(0))
        .ToDictionary(table => table, table => session.All($"SELECT name FROM pragma_table_info('{table}') ORDER BY cid", row => row.GetString(0)));

    private static List<string> Schema(SqliteSession session) =>
        session.All("SELECT type || ' ' || name || ': ' || COALESCE(sql, '') FROM sqlite_master ORDER BY type, name", row => row.GetString(0));

    // Any values: every reference from a row leads to the row of the same number. In the order in which tables were made, so that
    // it is there. What triggers have put there before is replaced.
    private static void Fill(SqliteSession session, string table)
    {
        List<(string Name, string Type)> columns = session.All($"SELECT name, type FROM pragma_table_info('{table}') ORDER BY cid", row => (row.GetString(0), row.GetString(1)));
        for (int n = 1; n <= Rows; n++)
            session.Run($"INSERT OR REPLACE INTO {table} ({string.Join(", ", columns.Select(column => column.Name))}) VALUES ({string.Join(", ", columns.Select(column => Value(column.Type, n)))})");
    }

    private static string Value(string type, int n) => type switch
    {
        "INTEGER" => $"{n}",
        "REAL" => $"{n}.5",
        "BLOB" => $"x'0{n}'",
        // Read by some steps as a list of names.
        _ => $"'[\"text {n}\"]'",
    };

    private static string[] Values(SqliteSession session, string table, string column) =>
        [.. session.All($"SELECT quote({column}) FROM {table}", row => row.GetString(0)).Order(StringComparer.Ordinal)];
}
