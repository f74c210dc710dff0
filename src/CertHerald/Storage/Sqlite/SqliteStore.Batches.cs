using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace CertHerald.Storage.Sqlite;

/// <summary>Deliveries that the body of another one carries. What becomes of them with it, triggers say: see the schema.</summary>
internal sealed partial class SqliteStore
{
    public async Task<IReadOnlyList<JoinedDelivery>> JoinAsync(Lease carrier, int atMost, DateTimeOffset now, CancellationToken cancellation) => await WriteAsync(
        session => session.All(
            """
            UPDATE delivery SET state = 'joined', batch = @id
            WHERE id IN (SELECT other.id FROM delivery AS other JOIN delivery AS carrier ON other.webhook = carrier.webhook AND other.kind = carrier.kind
                         WHERE carrier.id = @id AND carrier.lease_token = @token AND carrier.body IS NULL
                           AND other.state = 'pending' AND other.due <= @now AND other.tries = 0 AND other.first_tried IS NULL AND other.body IS NULL
                           AND other.replay = 0 AND other.is_short = 0
                         ORDER BY other.due, other.id LIMIT @most)
            RETURNING id, subject
            """,
            ReadJoined, ("@id", carrier.Delivery), ("@token", carrier.Token), ("@now", now), ("@most", atMost)),
        cancellation);

    public Task<IReadOnlyList<JoinedDelivery>> JoinedAsync(long carrier, CancellationToken cancellation) => ReadAsync<IReadOnlyList<JoinedDelivery>>(
        session => session.All("SELECT id, subject FROM delivery WHERE batch = @id AND state = 'joined' ORDER BY id", ReadJoined, ("@id", carrier)), cancellation);

    public Task PartAsync(Lease carrier, IReadOnlyList<long> joined, CancellationToken cancellation) => WriteAsync(
        session => session.Run(
            $"""
            UPDATE delivery SET state = {OpenState}, batch = NULL WHERE batch = @id AND state = 'joined' AND id IN (SELECT value FROM json_each(@joined))
                AND EXISTS (SELECT 1 FROM delivery AS carrier WHERE carrier.id = @id AND carrier.lease_token = @token AND carrier.body IS NULL)
            """,
            ("@id", carrier.Delivery), ("@token", carrier.Token), ("@joined", JsonSerializer.Serialize(joined))),
        cancellation);

    private static JoinedDelivery ReadJoined(SqliteDataReader row) => new(row.GetInt64(0), row.GetInt64(1));
}
