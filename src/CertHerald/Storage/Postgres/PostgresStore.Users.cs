using Npgsql;

namespace CertHerald.Storage.Postgres;

/// <summary>Who may sign in with a password.</summary>
internal sealed partial class PostgresStore
{
    public Task<bool> SetPasswordAsync(StoredUser user, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            // The user first: a session that begins with the old password waits for it, and is refused.
            bool isNew = await session.SingleAsync(
                """
                INSERT INTO account (name, password, changed) VALUES (@name, @password, @changed)
                ON CONFLICT (name) DO UPDATE SET password = @password, changed = @changed
                RETURNING xmax = 0
                """,
                row => row.GetBoolean(0), ("@name", user.Name), ("@password", user.Password), ("@changed", user.Changed));
            await session.RunAsync("DELETE FROM session WHERE account = @name", ("@name", user.Name));
            return isNew;
        },
        cancellation);

    public Task<StoredUser?> FindUserAsync(string name, CancellationToken cancellation) => ReadAsync(
        session => session.FirstAsync("SELECT name, password, changed FROM account WHERE name = @name", ReadUser, ("@name", name)),
        cancellation);

    public async Task<IReadOnlyList<StoredUser>> UsersAsync(CancellationToken cancellation) => await ReadAsync(
        session => session.AllAsync("SELECT name, password, changed FROM account ORDER BY name", ReadUser),
        cancellation);

    public Task<bool> RemoveUserAsync(string name, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            bool isRemoved = await session.RunAsync("DELETE FROM account WHERE name = @name", ("@name", name)) > 0;
            await session.RunAsync("DELETE FROM session WHERE account = @name", ("@name", name));
            return isRemoved;
        },
        cancellation);

    private static StoredUser ReadUser(NpgsqlDataReader row) => new(row.GetString(0), row.GetString(1), row.Time(2));
}
