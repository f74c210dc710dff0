using Npgsql;

namespace CertHerald.Storage.Postgres;

/// <summary>Deliveries that the body of another one carries. What becomes of them with it, triggers say: see the schema.</summary>
internal sealed partial class PostgresStore
{
    // Locked: were the claim lost meanwhile, nobody would part what is joined after that.
    private const string LockCarrier = "SELECT webhook FROM delivery WHERE id = @id AND lease_token = @token AND body IS NULL FOR UPDATE";

    public async Task<IReadOnlyList<JoinedDelivery>> JoinAsync(Lease carrier, int atMost, DateTimeOffset now, CancellationToken cancellation) => await WriteAsync(
        async session => await IsCarrierAsync(session, carrier)
            ? await session.AllAsync(
                """
                UPDATE delivery SET state = 'joined', batch = @id
                WHERE id IN (SELECT other.id FROM delivery AS other JOIN delivery AS carrier ON other.webhook = carrier.webhook AND other.kind = carrier.kind
                             WHERE carrier.id = @id AND other.state = 'pending' AND other.due <= @now AND other.tries = 0 AND other.first_tried IS NULL
                               AND other.body IS NULL AND other.replay = 0 AND NOT other.is_short
                             ORDER BY other.due, other.id LIMIT @most FOR UPDATE OF other SKIP LOCKED)
                RETURNING id, subject
                """,
                ReadJoined, ("@id", carrier.Delivery), ("@now", now), ("@most", atMost))
            : [],
        cancellation);

    public async Task<IReadOnlyList<JoinedDelivery>> JoinedAsync(long carrier, CancellationToken cancellation) => await ReadAsync(
        session => session.AllAsync("SELECT id, subject FROM delivery WHERE batch = @id AND state = 'joined' ORDER BY id", ReadJoined, ("@id", carrier)), cancellation);

    public Task PartAsync(Lease carrier, IReadOnlyList<long> joined, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            await ShareStatesAsync(session, [.. await session.AllAsync("SELECT webhook FROM delivery WHERE id = @id", row => row.GetString(0), ("@id", carrier.Delivery))]);
            return await IsCarrierAsync(session, carrier)
                ? await session.RunAsync(
                    $"UPDATE delivery SET state = {OpenState}, batch = NULL WHERE batch = @id AND state = 'joined' AND id = ANY(@joined)",
                    ("@id", carrier.Delivery), ("@joined", joined.ToArray()))
                : 0;
        },
        cancellation);

    private static async Task<bool> IsCarrierAsync(PostgresSession session, Lease lease) =>
        await session.FirstAsync(LockCarrier, row => row.GetString(0), ("@id", lease.Delivery), ("@token", lease.Token)) is not null;

    private static JoinedDelivery ReadJoined(NpgsqlDataReader row) => new(row.GetInt64(0), row.GetInt64(1));
}
