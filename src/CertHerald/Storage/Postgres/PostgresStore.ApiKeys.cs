using Npgsql;

namespace CertHerald.Storage.Postgres;

/// <summary>API keys.</summary>
internal sealed partial class PostgresStore
{
    private const string ApiKeyColumns = "prefix, hash, name, scopes, created, expires, last_used, revoked";

    public Task<bool> AddApiKeyAsync(StoredApiKey key, CancellationToken cancellation) => WriteAsync(
        async session => await session.RunAsync(
            "INSERT INTO api_key (prefix, hash, name, scopes, created, expires) VALUES (@prefix, @hash, @name, @scopes, @created, @expires) ON CONFLICT DO NOTHING",
            ("@prefix", key.Prefix), ("@hash", key.Hash), ("@name", key.Name), ("@scopes", key.Scopes.ToArray()), ("@created", key.Created),
            ("@expires", key.Expires)) > 0,
        cancellation);

    public Task<StoredApiKey?> FindApiKeyAsync(string prefix, CancellationToken cancellation) => ReadAsync(
        session => session.FirstAsync($"SELECT {ApiKeyColumns} FROM api_key WHERE prefix = @prefix", ReadApiKey, ("@prefix", prefix)),
        cancellation);

    public async Task<IReadOnlyList<StoredApiKey>> ApiKeysAsync(CancellationToken cancellation) => await ReadAsync(
        session => session.AllAsync($"SELECT {ApiKeyColumns} FROM api_key ORDER BY created DESC, prefix", ReadApiKey),
        cancellation);

    public Task<bool> RevokeApiKeyAsync(string prefix, DateTimeOffset now, CancellationToken cancellation) => WriteAsync(
        async session => await session.RunAsync("UPDATE api_key SET revoked = @now WHERE prefix = @prefix AND revoked IS NULL", ("@prefix", prefix), ("@now", now)) > 0,
        cancellation);

    public Task UseApiKeyAsync(string prefix, DateTimeOffset now, CancellationToken cancellation) => WriteAsync(
        session => session.RunAsync("UPDATE api_key SET last_used = @now WHERE prefix = @prefix", ("@prefix", prefix), ("@now", now)),
        cancellation);

    private static StoredApiKey ReadApiKey(NpgsqlDataReader row) => new(
        row.GetString(0), row.Bytes(1), row.GetString(2), row.GetFieldValue<string[]>(3), row.Time(4), row.TimeOrNull(5), row.TimeOrNull(6), row.TimeOrNull(7));
}
