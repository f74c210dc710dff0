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
            return await session.AllAsync("SELECT id, number, name, created, secrets, subscription FROM app ORDER BY number", ReadApp);
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
            return id is { } added && await SealAsync(session, added, "secrets", app.Secrets) && await SealAsync(session, added, "subscription", app.Subscription);
        },
        cancellation);

    public Task<bool> ReplaceAppSecretsAsync(long app, IReadOnlyList<StoredSecret> secrets, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            await LockSecretsAsync(session);
            return await RowOfAsync(session, app) is { } id && await SealAsync(session, id, "secrets", secrets);
        },
        cancellation);

    public Task<bool> ReplaceAppSubscriptionAsync(long app, AppSubscription? subscription, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            await LockSecretsAsync(session);
            return await RowOfAsync(session, app) is { } id && await SealAsync(session, id, "subscription", subscription);
        },
        cancellation);

    public Task<bool> RemoveAppAsync(long app, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            bool isThere = await RowOfAsync(session, app) is not null;
            await session.RunAsync("DELETE FROM app_domain WHERE app = @app", ("@app", app));
            await session.RunAsync("DELETE FROM protected_domain WHERE owner = @owner", ("@owner", ProtectedDomainOwners.App(app.ToString(CultureInfo.InvariantCulture))));
            await session.RunAsync("DELETE FROM allowed_name WHERE owner = @owner", ("@owner", ProtectedDomainOwners.App(app.ToString(CultureInfo.InvariantCulture))));
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

    private async Task<bool> SealAsync<T>(PostgresSession session, long id, string column, T value) => await session.RunAsync(
        $"UPDATE app SET {column} = @box WHERE id = @id", ("@id", id), ("@box", _secrets.Seal(new SecretPlace(AppTable, column, id), JsonSerializer.Serialize(value)))) > 0;

    private StoredApp ReadApp(NpgsqlDataReader row)
    {
        long id = row.GetInt64(0);
        return new StoredApp(
            row.GetInt64(1), row.GetString(2), row.Time(3),
            JsonSerializer.Deserialize<StoredSecret[]>(_secrets.Open(new SecretPlace(AppTable, "secrets", id), row.Bytes(4)))!,
            JsonSerializer.Deserialize<AppSubscription?>(_secrets.Open(new SecretPlace(AppTable, "subscription", id), row.Bytes(5))));
    }
}
