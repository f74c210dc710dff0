using System.Globalization;
using System.Text.Json;
using CertHerald.Storage.Secrets;
using Microsoft.Data.Sqlite;

namespace CertHerald.Storage.Sqlite;

/// <summary>Apps and their domains.</summary>
internal sealed partial class SqliteStore
{
    private const string AppTable = "app";

    // By the writer, though nothing is written: while it reads, no key can go.
    public async Task<IReadOnlyList<StoredApp>> AppsAsync(CancellationToken cancellation) => await WriteAsync(
        session => session.All("SELECT id, number, name, created, secrets, subscription, options, revision, callbacks FROM app ORDER BY number", ReadApp),
        cancellation);

    public Task<bool> AddAppAsync(StoredApp app, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            // The id first: it is part of what the encryption authenticates.
            long id = session.First(
                "INSERT INTO app (number, name, created, secrets, subscription) VALUES (@number, @name, @created, x'', x'') ON CONFLICT DO NOTHING RETURNING id",
                row => row.GetInt64(0), ("@number", app.Id), ("@name", app.Name), ("@created", app.Created));
            return id > 0 && Fill(session, id, app);
        },
        cancellation);

    public Task<bool> ReplaceAppAsync(StoredApp app, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            long id = session.First("SELECT id FROM app WHERE number = @number AND revision = @revision", row => row.GetInt64(0), ("@number", app.Id), ("@revision", app.Revision));
            return id > 0 && Fill(session, id, app with { Revision = app.Revision + 1 });
        },
        cancellation);

    public Task<bool> RemoveAppAsync(long app, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            RemoveOwned(session, app, _time.GetUtcNow());
            return session.Run("DELETE FROM app WHERE number = @number", ("@number", app)) > 0;
        },
        cancellation);

    public async Task<IReadOnlyList<DomainOfApp>> AppDomainsAsync(CancellationToken cancellation) => await ReadAsync(
        session => session.All("SELECT id, app, item, added FROM app_domain ORDER BY id", row => new DomainOfApp(row.GetInt64(0), row.GetInt64(1), row.GetString(2), row.Time(3))),
        cancellation);

    public Task<AppDomainsChange> ChangeAppDomainsAsync(
        long app, IReadOnlyList<string> without, IReadOnlyList<string> with, int most, DateTimeOffset now, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            if (RowOf(session, app) == 0) return AppDomainsChange.NoSuchApp;
            HashSet<string> standing = [.. session.All("SELECT item FROM app_domain WHERE app = @app", row => row.GetString(0), ("@app", app))];
            HashSet<string> after = [.. standing.Except(without), .. with];
            // What is more already may become less.
            if (after.Count > most && after.Count > standing.Count) return AppDomainsChange.TooMany;
            foreach (string item in standing.Intersect(without))
                session.Run("DELETE FROM app_domain WHERE app = @app AND item = @item", ("@app", app), ("@item", item));
            foreach (string item in with)
                session.Run("INSERT INTO app_domain (app, item, added) VALUES (@app, @item, @added) ON CONFLICT DO NOTHING", ("@app", app), ("@item", item), ("@added", now));
            return AppDomainsChange.Done;
        },
        cancellation);

    private static long RowOf(SqliteSession session, long app) => session.First("SELECT id FROM app WHERE number = @number", row => row.GetInt64(0), ("@number", app));

    /// <summary>What is an app's, but for itself. Its first webhook is called as its protected domains' owner is.</summary>
    private static void RemoveOwned(SqliteSession session, long app, DateTimeOffset now)
    {
        string name = ProtectedDomainOwners.App(app.ToString(CultureInfo.InvariantCulture));
        // Those of its further callbacks begin with its own and a colon; a semicolon comes next.
        (string, object?) owner = ("@owner", name), from = ("@from", name + ":"), until = ("@until", name + ";");
        session.Run("DELETE FROM app_domain WHERE app = @app", ("@app", app));
        session.Run("DELETE FROM protected_domain WHERE owner = @owner", owner);
        session.Run("DELETE FROM allowed_name WHERE owner = @owner", owner);
        foreach (string table in (string[])["lookalike_alert", "lookalike_issuance", "lookalike_name"])
            session.Run($"DELETE FROM {table} WHERE lookalike IN (SELECT id FROM lookalike WHERE owner = @owner)", owner);
        session.Run("DELETE FROM lookalike WHERE owner = @owner", owner);
        session.Run("DELETE FROM webhook WHERE name = @owner OR (name >= @from AND name < @until)", owner, from, until);
        // What is on its way may arrive: its outcome is recorded by nobody, since nobody has the claim any more.
        session.Run(
            "UPDATE delivery SET state = 'cancelled', due = @now, lease_until = NULL, lease_token = NULL WHERE (webhook = @owner OR (webhook >= @from AND webhook < @until)) AND state IN ('pending', 'held', 'inflight')",
            owner, from, until, ("@now", now));
    }

    private bool Fill(SqliteSession session, long id, StoredApp app) => session.Run(
        "UPDATE app SET secrets = @secrets, subscription = @subscription, options = @options, revision = @revision, callbacks = @callbacks WHERE id = @id",
        ("@id", id), ("@secrets", Seal(id, "secrets", app.Secrets)), ("@subscription", Seal(id, "subscription", app.Subscription)),
        ("@callbacks", app.Callbacks.Count == 0 ? null : Seal(id, "callbacks", app.Callbacks)), ("@options", JsonSerializer.Serialize(app.Options)), ("@revision", app.Revision)) > 0;

    private byte[] Seal<T>(long id, string column, T value) => _secrets.Seal(new SecretPlace(AppTable, column, id), JsonSerializer.Serialize(value));

    private StoredApp ReadApp(SqliteDataReader row)
    {
        long id = row.GetInt64(0);
        return new StoredApp(
            row.GetInt64(1), row.GetString(2), row.Time(3),
            JsonSerializer.Deserialize<StoredSecret[]>(_secrets.Open(new SecretPlace(AppTable, "secrets", id), row.Bytes(4)))!,
            JsonSerializer.Deserialize<AppSubscription?>(_secrets.Open(new SecretPlace(AppTable, "subscription", id), row.Bytes(5))))
        {
            Options = JsonSerializer.Deserialize<AppOptions>(row.GetString(6))!,
            Revision = row.GetInt64(7),
            Callbacks = row.IsDBNull(8) ? [] : JsonSerializer.Deserialize<AppSubscription[]>(_secrets.Open(new SecretPlace(AppTable, "callbacks", id), row.Bytes(8)))!,
        };
    }
}
