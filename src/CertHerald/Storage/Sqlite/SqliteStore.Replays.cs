using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace CertHerald.Storage.Sqlite;

/// <summary>Deliveries that are sent again, called off, or old enough to be forgotten.</summary>
internal sealed partial class SqliteStore
{
    // Within a range is also what carries something that is, and what was sent in its place since.
    private const string OfFilter = """
          AND (@webhook IS NULL OR webhook = @webhook)
          AND (((@from IS NULL OR created >= @from) AND (@until IS NULL OR created < @until)) OR EXISTS (
                SELECT 1 FROM delivery AS carrier JOIN delivery AS carried ON carried.batch = carrier.id
                WHERE carrier.webhook = delivery.webhook AND carrier.kind = delivery.kind AND carrier.subject = delivery.subject
                AND (@from IS NULL OR carried.created >= @from) AND (@until IS NULL OR carried.created < @until)))
          AND (@of NOT IN ('dead', 'held') OR state = @of)
          AND (@of <> 'undelivered' OR NOT EXISTS (
                SELECT 1 FROM delivery AS done WHERE done.webhook = delivery.webhook AND done.kind = delivery.kind AND done.subject = delivery.subject
                AND done.state = 'done'))
        """;

    // One that the body of another carried is replayed with it.
    private const string OfIds = $"""
        FROM delivery
        WHERE id IN (SELECT COALESCE(asked.batch, asked.id) FROM delivery AS asked WHERE asked.id IN (SELECT value FROM json_each(@ids)))
        {OfFilter}
        """;

    // Of several rows about one event the newest stands for all, unless one is asked for by its id.
    private const string OfNewest = $"""
        FROM delivery
        WHERE batch IS NULL AND NOT EXISTS (
                SELECT 1 FROM delivery AS later WHERE later.webhook = delivery.webhook AND later.kind = delivery.kind AND later.subject = delivery.subject
                AND later.replay > delivery.replay)
        {OfFilter}
        """;

    private const string HasEnded = "state IN ('done', 'dead', 'cancelled') AND due < @before";

    public Task<ReplayCount> CountReplayAsync(ReplayFilter filter, CancellationToken cancellation) => ReadAsync(
        session => session.Single(
            $"SELECT COUNT(*), MIN(created), MAX(created), (SELECT COALESCE(MAX(id), 0) FROM delivery) {Replayable(filter)}",
            row => new ReplayCount(row.GetInt64(0), row.TimeOrNull(1), row.TimeOrNull(2), row.GetInt64(3)),
            ("@ids", Ids(filter)), ("@webhook", filter.Webhook), ("@from", filter.From), ("@until", filter.Until), ("@of", filter.Of)),
        cancellation);

    public Task<ReplayPart> ReplayAsync(
        ReplayFilter filter, long after, long last, int limit, bool asNew, Func<string, int, DateTimeOffset> due, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            // No bodies: there may be hundreds of rows.
            List<Ended> rows = session.All(
                $"SELECT id, webhook, kind, subject, state {Replayable(filter)} AND id > @after AND id <= @last ORDER BY id LIMIT @limit",
                row => new Ended(row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetInt64(3), row.Named<DeliveryState>(4)),
                ("@ids", Ids(filter)), ("@webhook", filter.Webhook), ("@from", filter.From), ("@until", filter.Until), ("@of", filter.Of),
                ("@after", after), ("@last", last), ("@limit", limit));

            var placed = new Dictionary<string, int>(StringComparer.Ordinal);
            int hastened = 0, held = 0, underWay = 0;
            foreach (Ended row in rows)
            {
                // What was delivered may be on its way a second time already: that one is meant.
                Ended open = asNew || row.State != DeliveryState.Done ? row : OpenReplayOf(session, row) ?? row;
                switch (open.State)
                {
                    case DeliveryState.Pending:
                        hastened += session.Run("UPDATE delivery SET due = MIN(due, @now) WHERE id = @id AND state = 'pending'", ("@id", open.Id), ("@now", _time.GetUtcNow()));
                        break;
                    case DeliveryState.Inflight:
                        underWay++;
                        break;
                    case DeliveryState.Held:
                        held++;
                        break;
                    case DeliveryState.Dead or DeliveryState.Cancelled when !asNew:
                        session.Run(
                            $"UPDATE delivery SET state = {OpenState}, tries = 0, first_tried = NULL, due = @due WHERE id = @id", ("@id", row.Id), ("@due", Place(row.Webhook)));
                        break;
                    default:
                        SendAgain(session, row, asNew, Place(row.Webhook));
                        break;
                }
            }
            return new ReplayPart(rows.Count == limit ? rows[^1].Id : null, placed, hastened, held, underWay);

            DateTimeOffset Place(string webhook)
            {
                int before = placed.GetValueOrDefault(webhook);
                placed[webhook] = before + 1;
                return due(webhook, before);
            }
        },
        cancellation);

    public Task<bool> CancelDeliveryAsync(long delivery, CancellationToken cancellation) => WriteAsync(
        session => session.Run(
            "UPDATE delivery SET state = 'cancelled', due = @now WHERE id = @id AND state IN ('pending', 'held')",
            ("@id", delivery), ("@now", _time.GetUtcNow())) > 0,
        cancellation);

    public Task<int> DeleteDeliveriesAsync(DateTimeOffset before, int limit, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            List<long> old = session.All(
                $"""
                SELECT id FROM (SELECT id FROM delivery WHERE {HasEnded} ORDER BY due LIMIT @limit)
                UNION ALL SELECT id FROM (SELECT id FROM delivery WHERE state = 'held' AND due < @before LIMIT @limit) LIMIT @limit
                """,
                row => row.GetInt64(0), ("@before", before), ("@limit", limit));
            foreach (long id in old)
            {
                session.Run("DELETE FROM attempt WHERE delivery = @id", ("@id", id));
                session.Run("DELETE FROM delivery WHERE id = @id", ("@id", id));
            }
            session.Run("DELETE FROM delivery_news WHERE told < @before", ("@before", before));
            return old.Count;
        },
        cancellation);

    public Task<long> CountExpiringAsync(DateTimeOffset before, CancellationToken cancellation) => ReadAsync(
        session => session.Single(
            "SELECT (SELECT COUNT(*) FROM delivery WHERE state = 'dead' AND due < @before) + (SELECT COUNT(*) FROM delivery WHERE state = 'held' AND due < @before)",
            row => row.GetInt64(0), ("@before", before)),
        cancellation);

    /// <summary>A new row about the same event: its key and bytes are the old ones', or only its bytes.</summary>
    private static void SendAgain(SqliteSession session, Ended row, bool asNew, DateTimeOffset due) => session.Run(
        $"""
        INSERT INTO delivery (webhook, kind, subject, replay, key, body, is_short, state, due, head_seen, created)
        SELECT webhook, kind, subject,
            1 + (SELECT MAX(replay) FROM delivery AS any_of WHERE any_of.webhook = delivery.webhook AND any_of.kind = delivery.kind AND any_of.subject = delivery.subject),
            COALESCE(@key, key), body, is_short, {OpenState}, @due, head_seen, created
        FROM delivery WHERE id = @id
        """,
        ("@id", row.Id), ("@key", asNew ? Guid.CreateVersion7(due).ToString() : null), ("@due", due));

    private static Ended? OpenReplayOf(SqliteSession session, Ended row) => session.First(
        """
        SELECT id, state FROM delivery WHERE webhook = @webhook AND kind = @kind AND subject = @subject AND state IN ('pending', 'inflight', 'held')
        ORDER BY replay DESC LIMIT 1
        """,
        open => row with { Id = open.GetInt64(0), State = open.Named<DeliveryState>(1) },
        ("@webhook", row.Webhook), ("@kind", row.Kind), ("@subject", row.Subject));

    /// <summary>Ids are found by the table's key; a condition that may be absent would read all of it.</summary>
    private static string Replayable(ReplayFilter filter) => filter.Ids is null ? OfNewest : OfIds;

    private static string? Ids(ReplayFilter filter) => filter.Ids is { } ids ? JsonSerializer.Serialize(ids) : null;

    private sealed record Ended(long Id, string Webhook, string Kind, long Subject, DeliveryState State);
}
