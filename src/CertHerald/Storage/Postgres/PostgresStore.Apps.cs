using System.Globalization;
using System.Text.Json;
using CertHerald.Storage.Secrets;
using Npgsql;

namespace CertHerald.Storage.Postgres;

/// <summary>Apps and their domains.</summary>
internal sealed partial class PostgresStore
{
    private const string AppTable = "app";

    // In a transaction, though nothing is written: while it reads, no key can go.
    public async Task<IReadOnlyList<StoredApp>> AppsAsync(CancellationToken cancellation) => await WriteAsync(
        async session =>
        {
            await session.LockAsync(PostgresLock.Secrets);
            return await session.AllAsync("SELECT id, number, name, created, secrets, subscription, options, revision, callbacks FROM app ORDER BY number", ReadApp);
        },
        note: null, cancellation);

    public Task<bool> AddAppAsync(StoredApp app, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            await LockSecretsAsync(session);
            // The id first: it is part of what the encryption authenticates.
            long? id = await session.FirstAsync(
                "INSERT INTO app (number, name, created, secrets, subscription) VALUES (@number, @name, @created, '', '') ON CONFLICT DO NOTHING RETURNING id",
                row => (long?)row.GetInt64(0), ("@number", app.Id), ("@name", app.Name), ("@created", app.Created));
            return id is { } added && await FillAsync(session, added, app);
        },
        cancellation);

    public Task<bool> ReplaceAppAsync(StoredApp app, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            await LockSecretsAsync(session);
            long? id = await session.FirstAsync(
                "SELECT id FROM app WHERE number = @number AND revision = @revision FOR UPDATE", row => (long?)row.GetInt64(0), ("@number", app.Id), ("@revision", app.Revision));
            return id is { } found && await FillAsync(session, found, app with { Revision = app.Revision + 1 });
        },
        cancellation);

    public Task<bool> RemoveAppAsync(long app, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            bool isThere = await RowOfAsync(session, app) is not null;
            await RemoveOwnedAsync(session, app, _time.GetUtcNow());
            await session.RunAsync("DELETE FROM app WHERE number = @number", ("@number", app));
            return isThere;
        },
        cancellation);

    public async Task<IReadOnlyList<DomainOfApp>> AppDomainsAsync(CancellationToken cancellation) => await ReadAsync(
        session => session.AllAsync("SELECT id, app, item, added FROM app_domain ORDER BY id", row => new DomainOfApp(row.GetInt64(0), row.GetInt64(1), row.GetString(2), row.Time(3))),
        cancellation);

    public Task<AppDomainsChange> ChangeAppDomainsAsync(
        long app, IReadOnlyList<string> without, IReadOnlyList<string> with, int most, DateTimeOffset now, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            // The app's row is locked: two changes of its domains, and its removal, come one after the other.
            if (await RowOfAsync(session, app) is null) return AppDomainsChange.NoSuchApp;
            HashSet<string> standing = [.. await session.AllAsync("SELECT item FROM app_domain WHERE app = @app", row => row.GetString(0), ("@app", app))];
            HashSet<string> after = [.. standing.Except(without), .. with];
            // What is more already may become less.
            if (after.Count > most && after.Count > standing.Count) return AppDomainsChange.TooMany;
            string[] gone = [.. standing.Intersect(without)];
            if (gone.Length > 0) await session.RunAsync("DELETE FROM app_domain WHERE app = @app AND item = ANY (@items)", ("@app", app), ("@items", gone));
            if (with.Count > 0)
                await session.RunAsync(
                    "INSERT INTO app_domain (app, item, added) SELECT @app, item, @added FROM unnest(@items::text[]) AS item ON CONFLICT DO NOTHING",
                    ("@app", app), ("@items", with.ToArray()), ("@added", now));
            return AppDomainsChange.Done;
        },
        cancellation);

    private static Task<long?> RowOfAsync(PostgresSession session, long app) =>
        session.FirstAsync("SELECT id FROM app WHERE number = @number FOR UPDATE", row => (long?)row.GetInt64(0), ("@number", app));

    /// <summary>What is an app's, but for itself. Its first webhook is called as its protected domains' owner is.</summary>
    private static async Task RemoveOwnedAsync(PostgresSession session, long app, DateTimeOffset now)
    {
        string name = ProtectedDomainOwners.App(app.ToString(CultureInfo.InvariantCulture));
        // Those of its further callbacks begin with its own and a colon; a semicolon comes next.
        (string, object?) owner = ("@owner", name), from = ("@from", name + ":"), until = ("@until", name + ";");
        await session.RunAsync("DELETE FROM app_domain WHERE app = @app", ("@app", app));
        await session.RunAsync("DELETE FROM protected_domain WHERE owner = @owner", owner);
        await session.RunAsync("DELETE FROM allowed_name WHERE owner = @owner", owner);
        // No batch may show another imitation meanwhile.
        await session.LockAsync(PostgresLock.Lookalikes);
        foreach (string table in (string[])["lookalike_alert", "lookalike_issuance", "lookalike_name"])
            await session.RunAsync($"DELETE FROM {table} WHERE lookalike IN (SELECT id FROM lookalike WHERE owner = @owner)", owner);
        await session.RunAsync("DELETE FROM lookalike WHERE owner = @owner", owner);
        // Before its deliveries, as whoever records outcomes locks them.
        await session.RunAsync("DELETE FROM webhook WHERE name = @owner OR (name >= @from AND name < @until)", owner, from, until);
        // What is on its way may arrive: its outcome is recorded by nobody, since nobody has the claim any more.
        await session.RunAsync(
            "UPDATE delivery SET state = 'cancelled', due = @now, lease_until = NULL, lease_token = NULL WHERE (webhook = @owner OR (webhook >= @from AND webhook < @until)) AND state IN ('pending', 'held', 'inflight')",
            owner, from, until, ("@now", now));
    }

    private async Task<bool> FillAsync(PostgresSession session, long id, StoredApp app) => await session.RunAsync(
        "UPDATE app SET secrets = @secrets, subscription = @subscription, options = @options, revision = @revision, callbacks = @callbacks WHERE id = @id",
        ("@id", id), ("@secrets", Seal(id, "secrets", app.Secrets)), ("@subscription", Seal(id, "subscription", app.Subscription)),
        ("@callbacks", app.Callbacks.Count == 0 ? null : Seal(id, "callbacks", app.Callbacks)), ("@options", JsonSerializer.Serialize(app.Options)), ("@revision", app.Revision)) > 0;

    private byte[] Seal<T>(long id, string column, T value) => _secrets.Seal(new SecretPlace(AppTable, column, id), JsonSerializer.Serialize(value));

    private StoredApp ReadApp(NpgsqlDataReader row)
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
