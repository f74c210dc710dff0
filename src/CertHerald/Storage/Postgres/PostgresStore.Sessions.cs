namespace CertHerald.Storage.Postgres;

/// <summary>Console sessions.</summary>
internal sealed partial class PostgresStore
{
    public Task AddSessionAsync(byte[] idHash, DateTimeOffset created, DateTimeOffset expires, CancellationToken cancellation) =>
        AddSessionAsync(idHash, (string?)null, created, expires, cancellation);

    public Task AddForeignSessionAsync(byte[] idHash, string user, DateTimeOffset created, DateTimeOffset expires, CancellationToken cancellation) =>
        AddSessionAsync(idHash, user, created, expires, cancellation);

    public Task<bool> AddSessionAsync(byte[] idHash, StoredUser user, DateTimeOffset created, DateTimeOffset expires, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            await session.RunAsync("DELETE FROM session WHERE expires < @now", ("@now", created));
            // FOR SHARE: who changes the password meanwhile waits, and then finds the session.
            return await session.RunAsync(
                """
                INSERT INTO session (id_hash, account, expires, used)
                SELECT @id, name, @expires, @now FROM (SELECT name FROM account WHERE name = @name AND password = @password FOR SHARE) AS user_now
                """,
                ("@id", idHash), ("@name", user.Name), ("@password", user.Password), ("@expires", expires), ("@now", created)) > 0;
        },
        cancellation);

    public Task<StoredSession?> FindSessionAsync(byte[] idHash, DateTimeOffset now, TimeSpan idle, CancellationToken cancellation) => ReadAsync(
        session => session.FirstAsync(
            "SELECT account, used FROM session WHERE id_hash = @id AND expires > @now AND used > @since",
            row => new StoredSession(row.TextOrNull(0), row.Time(1)), ("@id", idHash), ("@now", now), ("@since", now - idle)),
        cancellation);

    public Task<bool> TouchSessionAsync(byte[] idHash, DateTimeOffset now, TimeSpan idle, CancellationToken cancellation) => WriteAsync(
        async session => await session.RunAsync("UPDATE session SET used = @now WHERE id_hash = @id AND expires > @now AND used > @since",
            ("@id", idHash), ("@now", now), ("@since", now - idle)) > 0,
        cancellation);

    public Task RemoveSessionAsync(byte[] idHash, CancellationToken cancellation) => WriteAsync(
        session => session.RunAsync("DELETE FROM session WHERE id_hash = @id", ("@id", idHash)),
        cancellation);

    private Task<int> AddSessionAsync(byte[] idHash, string? user, DateTimeOffset created, DateTimeOffset expires, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            await session.RunAsync("DELETE FROM session WHERE expires < @now", ("@now", created));
            return await session.RunAsync(
                "INSERT INTO session (id_hash, account, expires, used) VALUES (@id, @user, @expires, @now)",
                ("@id", idHash), ("@user", user), ("@expires", expires), ("@now", created));
        },
        cancellation);
}
