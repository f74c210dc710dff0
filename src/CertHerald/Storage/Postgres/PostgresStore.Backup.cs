namespace CertHerald.Storage.Postgres;

/// <summary>Backups are the server's business.</summary>
internal sealed partial class PostgresStore
{
    public Task<Stream?> BackUpAsync(CancellationToken cancellation) => Task.FromResult<Stream?>(null);
}
