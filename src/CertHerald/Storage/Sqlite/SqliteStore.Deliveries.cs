using Microsoft.Data.Sqlite;

namespace CertHerald.Storage.Sqlite;

/// <summary>Deliveries, their attempts, and webhooks on hold.</summary>
internal sealed partial class SqliteStore
{
    /// <summary>What an open delivery of <c>webhook</c> is while nobody sends it.</summary>
    private const string OpenState =
        "CASE WHEN EXISTS (SELECT 1 FROM webhook AS on_hold WHERE on_hold.name = delivery.webhook AND on_hold.hold IS NOT NULL) THEN 'held' ELSE 'pending' END";

    private const string DeliveryColumns = "id, webhook, kind, subject, key, body, state, tries, first_tried, due, head_seen, created";

    // Expired claims are due again: their process died or hangs beyond its lease.
    private const string ClaimDue = $"""
        UPDATE delivery SET state = 'inflight', lease_until = @until
        WHERE id IN (SELECT id FROM delivery
                     WHERE webhook = @webhook AND due <= @now AND (state = 'pending' OR (state = 'inflight' AND lease_until < @now))
                     ORDER BY due, id LIMIT @room)
        RETURNING {DeliveryColumns}
        """;

    public async Task<IReadOnlyList<StoredDelivery>> ClaimDueAsync(
        string webhook, int room, DateTimeOffset now, DateTimeOffset until, CancellationToken cancellation)
    {
        // Most polls find nothing: look before taking the writer's time.
        bool isDue = await ReadAsync(
            session => session.First(
                "SELECT 1 FROM delivery WHERE webhook = @webhook AND state IN ('pending', 'inflight') AND due <= @now AND (state = 'pending' OR lease_until < @now) LIMIT 1",
                _ => true, ("@webhook", webhook), ("@now", now)),
            cancellation);
        if (!isDue) return [];

        return await WriteAsync(
            session => session.All(ClaimDue, ReadDelivery, ("@webhook", webhook), ("@room", room), ("@now", now), ("@until", until))
                .OrderBy(delivery => delivery.Due).ThenBy(delivery => delivery.Id).ToList(),
            cancellation);
    }

    public Task FreezeAsync(long delivery, ReadOnlyMemory<byte> body, CancellationToken cancellation) => WriteAsync(
        session => session.Run("UPDATE delivery SET body = @body WHERE id = @id AND body IS NULL", ("@id", delivery), ("@body", body)),
        cancellation);

    public Task CompleteAttemptAsync(StoredAttempt attempt, DeliveryState state, DateTimeOffset due, bool counted, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            session.Run(
                """
                INSERT INTO attempt (delivery, started, took_ms, status, outcome, detail, answer)
                VALUES (@delivery, @started, @took, @status, @outcome, @detail, @answer)
                """,
                ("@delivery", attempt.Delivery), ("@started", attempt.Started), ("@took", attempt.Took.TotalMilliseconds), ("@status", attempt.Status),
                ("@outcome", attempt.Outcome), ("@detail", attempt.Detail), ("@answer", attempt.Answer));
            // A webhook that was put on hold meanwhile holds what comes back too.
            return session.Run(
                $"""
                UPDATE delivery SET state = CASE WHEN @state = 'pending' THEN {OpenState} ELSE @state END, due = @due, tries = tries + @counted, first_tried = COALESCE(first_tried, @started), lease_until = NULL
                WHERE id = @delivery AND state <> 'done'
                """,
                ("@delivery", attempt.Delivery), ("@state", state), ("@due", due), ("@counted", counted ? 1 : 0), ("@started", attempt.Started));
        },
        cancellation);

    public Task HoldWebhookAsync(string webhook, string? reason, DateTimeOffset now, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            session.Run("INSERT INTO webhook (name, hold) VALUES (@name, @hold) ON CONFLICT (name) DO UPDATE SET hold = @hold", ("@name", webhook), ("@hold", reason));
            return reason is null
                ? session.Run("UPDATE delivery SET state = 'pending', due = @now, tries = 0, first_tried = NULL WHERE webhook = @name AND state = 'held'", ("@name", webhook), ("@now", now))
                : session.Run("UPDATE delivery SET state = 'held' WHERE webhook = @name AND state = 'pending'", ("@name", webhook));
        },
        cancellation);

    public Task<string?> FindHoldAsync(string webhook, CancellationToken cancellation) => ReadAsync(
        session => session.First("SELECT hold FROM webhook WHERE name = @name", row => row.TextOrNull(0), ("@name", webhook)),
        cancellation);

    public Task<IReadOnlyList<string>> OwedWebhooksAsync(CancellationToken cancellation) => ReadAsync<IReadOnlyList<string>>(
        session => session.All(
            """
            SELECT webhook FROM delivery WHERE state IN ('pending', 'inflight', 'held')
            UNION SELECT name FROM webhook WHERE hold IS NOT NULL ORDER BY 1
            """,
            row => row.GetString(0)),
        cancellation);

    public Task<DateTimeOffset?> OldestDueAsync(CancellationToken cancellation) => ReadAsync(
        session => session.Single("SELECT MIN(due) FROM delivery WHERE state IN ('pending', 'inflight')", row => row.TimeOrNull(0)),
        cancellation);

    public Task<IReadOnlyList<StoredDelivery>> DeliveriesAsync(DeliveryFilter filter, CancellationToken cancellation) => ReadAsync<IReadOnlyList<StoredDelivery>>(
        session => session.All(
            """
            SELECT id, webhook, kind, subject, key, CASE WHEN @withBody THEN body END, state, tries, first_tried, due, head_seen, created FROM delivery
            WHERE (@webhook IS NULL OR webhook = @webhook) AND (@state IS NULL OR state = @state) AND (@kind IS NULL OR kind = @kind)
              AND (@subject IS NULL OR subject = @subject) AND id < @before
            ORDER BY id DESC LIMIT @limit
            """,
            ReadDelivery,
            ("@webhook", filter.Webhook), ("@state", filter.State), ("@kind", filter.Kind), ("@subject", filter.Subject),
            ("@before", filter.Before ?? long.MaxValue), ("@limit", filter.Limit), ("@withBody", filter.WithBody)),
        cancellation);

    public Task<IReadOnlyList<StoredAttempt>> AttemptsAsync(long delivery, CancellationToken cancellation) => ReadAsync<IReadOnlyList<StoredAttempt>>(
        session => session.All(
            "SELECT delivery, started, took_ms, status, outcome, detail, answer FROM attempt WHERE delivery = @delivery ORDER BY id",
            row => new StoredAttempt(
                row.GetInt64(0), row.Time(1), TimeSpan.FromMilliseconds(row.GetDouble(2)), row.NumberOrNull(3), row.GetString(4), row.TextOrNull(5), row.Bytes(6)),
            ("@delivery", delivery)),
        cancellation);

    /// <summary>Claims of a process that was killed: it is gone, so what it was sending is due again, or held.</summary>
    private static void ReleaseClaims(SqliteSession session) =>
        session.Run($"UPDATE delivery SET state = {OpenState}, lease_until = NULL WHERE state = 'inflight'");

    /// <summary>The idempotency key is fixed here, with the debt itself: every attempt carries the same.</summary>
    private static int Owe(SqliteSession session, string webhook, string kind, long subject, DateTimeOffset headSeen, DateTimeOffset now) => session.Run(
        """
        INSERT INTO delivery (webhook, kind, subject, key, state, due, head_seen, created)
        SELECT @webhook, @kind, @subject, @key, CASE WHEN EXISTS (SELECT 1 FROM webhook WHERE name = @webhook AND hold IS NOT NULL) THEN 'held' ELSE 'pending' END, @now, @seen, @now
        WHERE true
        ON CONFLICT (webhook, kind, subject) DO NOTHING
        """,
        ("@webhook", webhook), ("@kind", kind), ("@subject", subject), ("@key", Guid.CreateVersion7(now).ToString()), ("@seen", headSeen), ("@now", now));

    private static StoredDelivery ReadDelivery(SqliteDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetInt64(3), row.GetString(4), row.BytesOrNull(5), row.Named<DeliveryState>(6),
        row.GetInt32(7), row.TimeOrNull(8), row.Time(9), row.Time(10), row.Time(11));
}
