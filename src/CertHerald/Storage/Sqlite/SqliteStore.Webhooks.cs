using System.Text.Json;
using CertHerald.Storage.Secrets;
using Microsoft.Data.Sqlite;

namespace CertHerald.Storage.Sqlite;

/// <summary>Webhooks that were added through the API.</summary>
internal sealed partial class SqliteStore
{
    // By the writer, though nothing is written: while it reads, no key can go.
    public async Task<IReadOnlyList<StoredWebhook>> AddedWebhooksAsync(CancellationToken cancellation) => await WriteAsync(
        session => session.All("SELECT id, name, dialect, events, evidence, concurrency, rate, added, url, headers, secrets, include_values, accept_any_2xx, max_batch, revision, tls, max_batch_bytes FROM added_webhook ORDER BY name", ReadWebhook),
        cancellation);

    public Task<bool> IsAddedAsync(string name, CancellationToken cancellation) => ReadAsync(
        session => session.First("SELECT 1 FROM added_webhook WHERE name = @name", _ => true, ("@name", name)), cancellation);

    public Task<bool> AddWebhookAsync(StoredWebhook webhook, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            // The id first: it is part of what the encryption authenticates.
            long id = session.First(
                """
                INSERT INTO added_webhook (name, dialect, events, evidence, added, url, headers, secrets) VALUES (@name, '', '', 0, 0, x'', x'', x'')
                ON CONFLICT DO NOTHING RETURNING id
                """,
                row => row.GetInt64(0), ("@name", webhook.Name));
            return id > 0 && Fill(session, id, webhook);
        },
        cancellation);

    public Task<bool> ReplaceWebhookAsync(StoredWebhook webhook, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            long id = session.First("SELECT id FROM added_webhook WHERE name = @name AND revision = @revision", row => row.GetInt64(0), ("@name", webhook.Name), ("@revision", webhook.Revision));
            return id > 0 && Fill(session, id, webhook with { Revision = webhook.Revision + 1 });
        },
        cancellation);

    public Task<bool> RemoveWebhookAsync(string name, CancellationToken cancellation) => WriteAsync(
        session => session.Run("DELETE FROM added_webhook WHERE name = @name", ("@name", name)) > 0,
        cancellation);

    private bool Fill(SqliteSession session, long id, StoredWebhook webhook) => session.Run(
        """
        UPDATE added_webhook SET dialect = @dialect, events = @events, evidence = @evidence, concurrency = @concurrency, rate = @rate,
            added = @added, url = @url, headers = @headers, secrets = @secrets, include_values = @values, accept_any_2xx = @any, max_batch = @batch,
            revision = @revision, tls = @tls, max_batch_bytes = @bytes
        WHERE id = @id
        """,
        ("@id", id), ("@dialect", webhook.Dialect), ("@events", JsonSerializer.Serialize(webhook.Events)), ("@evidence", webhook.Evidence),
        ("@values", webhook.IncludeValues), ("@any", webhook.AcceptAny2xx), ("@batch", webhook.MaxBatch), ("@revision", webhook.Revision), ("@concurrency", webhook.Concurrency), ("@rate", webhook.Rate), ("@added", webhook.Added),
        ("@tls", webhook.Tls is null ? null : _secrets.Seal(new SecretPlace(WebhookTable, "tls", id), JsonSerializer.Serialize(webhook.Tls))), ("@bytes", webhook.MaxBatchBytes),
        ("@url", _secrets.Seal(new SecretPlace(WebhookTable, "url", id), webhook.Url)),
        ("@headers", _secrets.Seal(new SecretPlace(WebhookTable, "headers", id), JsonSerializer.Serialize(webhook.Headers))),
        ("@secrets", _secrets.Seal(new SecretPlace(WebhookTable, "secrets", id), JsonSerializer.Serialize(webhook.Secrets)))) > 0;

    private StoredWebhook ReadWebhook(SqliteDataReader row)
    {
        long id = row.GetInt64(0);
        return new StoredWebhook
        {
            Name = row.GetString(1),
            Dialect = row.GetString(2),
            Events = JsonSerializer.Deserialize<string[]>(row.GetString(3))!,
            Evidence = row.GetBoolean(4),
            Concurrency = row.NumberOrNull(5),
            Rate = row.IsDBNull(6) ? null : row.GetDouble(6),
            Added = row.Time(7),
            Url = _secrets.Open(new SecretPlace(WebhookTable, "url", id), row.Bytes(8)),
            Headers = JsonSerializer.Deserialize<KeyValuePair<string, string>[]>(_secrets.Open(new SecretPlace(WebhookTable, "headers", id), row.Bytes(9)))!,
            IncludeValues = row.GetBoolean(11),
            AcceptAny2xx = row.GetBoolean(12),
            MaxBatch = row.GetInt32(13),
            Revision = row.GetInt64(14),
            Tls = row.IsDBNull(15) ? null : JsonSerializer.Deserialize<StoredTls>(_secrets.Open(new SecretPlace(WebhookTable, "tls", id), row.Bytes(15))),
            MaxBatchBytes = row.GetInt32(16),
            Secrets = JsonSerializer.Deserialize<StoredSecret[]>(_secrets.Open(new SecretPlace(WebhookTable, "secrets", id), row.Bytes(10)))!,
        };
    }
}
