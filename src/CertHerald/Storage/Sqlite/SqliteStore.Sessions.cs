namespace CertHerald.Storage.Sqlite;

/// <summary>Console sessions.</summary>
internal sealed partial class SqliteStore
{
    public Task AddSessionAsync(byte[] idHash, DateTimeOffset created, DateTimeOffset expires, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            session.Run("DELETE FROM session WHERE expires < @now", ("@now", created));
            return session.Run("INSERT INTO session (id_hash, expires, used) VALUES (@id, @expires, @now)", ("@id", idHash), ("@expires", expires), ("@now", created));
        },
        cancellation);

    public Task<bool> TouchSessionAsync(byte[] idHash, DateTimeOffset now, TimeSpan idle, CancellationToken cancellation) => WriteAsync(
        session => session.Run("UPDATE session SET used = @now WHERE id_hash = @id AND expires > @now AND used > @since",
            ("@id", idHash), ("@now", now), ("@since", now - idle)) > 0,
        cancellation);

    public Task RemoveSessionAsync(byte[] idHash, CancellationToken cancellation) => WriteAsync(
        session => session.Run("DELETE FROM session WHERE id_hash = @id", ("@id", idHash)),
        cancellation);
}
