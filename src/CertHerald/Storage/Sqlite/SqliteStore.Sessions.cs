namespace CertHerald.Storage.Sqlite;

/// <summary>Console sessions.</summary>
internal sealed partial class SqliteStore
{
    public Task AddSessionAsync(byte[] idHash, DateTimeOffset created, DateTimeOffset expires, CancellationToken cancellation) =>
        AddSessionAsync(idHash, (string?)null, created, expires, cancellation);

    public Task AddForeignSessionAsync(byte[] idHash, string user, DateTimeOffset created, DateTimeOffset expires, CancellationToken cancellation) =>
        AddSessionAsync(idHash, user, created, expires, cancellation);

    public Task<bool> AddSessionAsync(byte[] idHash, StoredUser user, DateTimeOffset created, DateTimeOffset expires, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            session.Run("DELETE FROM session WHERE expires < @now", ("@now", created));
            return session.Run(
                "INSERT INTO session (id_hash, user, expires, used) SELECT @id, name, @expires, @now FROM user WHERE name = @name AND password = @password",
                ("@id", idHash), ("@name", user.Name), ("@password", user.Password), ("@expires", expires), ("@now", created)) > 0;
        },
        cancellation);

    public Task<StoredSession?> FindSessionAsync(byte[] idHash, DateTimeOffset now, TimeSpan idle, CancellationToken cancellation) => ReadAsync(
        session => session.First(
            "SELECT user, used FROM session WHERE id_hash = @id AND expires > @now AND used > @since",
            row => new StoredSession(row.TextOrNull(0), row.Time(1)), ("@id", idHash), ("@now", now), ("@since", now - idle)),
        cancellation);

    public Task<bool> TouchSessionAsync(byte[] idHash, DateTimeOffset now, TimeSpan idle, CancellationToken cancellation) => WriteAsync(
        session => session.Run("UPDATE session SET used = @now WHERE id_hash = @id AND expires > @now AND used > @since",
            ("@id", idHash), ("@now", now), ("@since", now - idle)) > 0,
        cancellation);

    public Task RemoveSessionAsync(byte[] idHash, CancellationToken cancellation) => WriteAsync(
        session => session.Run("DELETE FROM session WHERE id_hash = @id", ("@id", idHash)),
        cancellation);

    private Task<int> AddSessionAsync(byte[] idHash, string? user, DateTimeOffset created, DateTimeOffset expires, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            session.Run("DELETE FROM session WHERE expires < @now", ("@now", created));
            return session.Run(
                "INSERT INTO session (id_hash, user, expires, used) VALUES (@id, @user, @expires, @now)",
                ("@id", idHash), ("@user", user), ("@expires", expires), ("@now", created));
        },
        cancellation);
}
