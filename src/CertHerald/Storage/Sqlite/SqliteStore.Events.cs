using CertHerald.Transparency.Merkle;

namespace CertHerald.Storage.Sqlite;

/// <summary>What was committed, as a stream.</summary>
internal sealed partial class SqliteStore
{
    // One writer: what is visible has nothing before it that is not.
    public Task<EventCursor?> EventHorizonAsync(CancellationToken cancellation) => ReadAsync<EventCursor?>(session => FindHorizon(session), cancellation);

    public Task<EventPart> EventsAsync(EventCursor after, EventCursor until, int limit, CancellationToken cancellation) => ReadAsync(
        session =>
        {
            // Ids of attempts begin anew once all have been deleted: whoever has seen more than there are has seen none of them.
            if (after.Attempt > FindHorizon(session).Attempt) after = after with { Attempt = 0 };
            return new EventPart(
                session.All(
                    """
                    SELECT change.id, issuance.id FROM issuance_change AS change JOIN issuance ON issuance.id = change.issuance
                    WHERE change.id > @after AND change.id <= @until ORDER BY change.id LIMIT @limit
                    """,
                    row => new IssuanceEvent(row.GetInt64(0), FindIssuance(session, row.GetInt64(1))!), ("@after", after.Issuance), ("@until", until.Issuance), ("@limit", limit)),
                session.All(
                    """
                    SELECT malformed.id, log_id, description, entry_index, problem, shows_watched_name, discovered
                    FROM malformed JOIN log ON log.id = malformed.log WHERE malformed.id > @after AND malformed.id <= @until ORDER BY malformed.id LIMIT @limit
                    """,
                    row => new MalformedEvent(row.GetInt64(0), Id(row.Bytes(1)), row.GetString(2), new EntryIndex(row.Size(3)), row.GetString(4), row.GetBoolean(5), row.Time(6)),
                    ("@after", after.Malformed), ("@until", until.Malformed), ("@limit", limit)),
                session.All(
                    """
                    SELECT change.id, incident.id, log_id, description, incident.kind, subject, change.severity, change.summary, change.at, change.closed
                    FROM incident_change AS change JOIN incident ON incident.id = change.incident JOIN log ON log.id = incident.log
                    WHERE change.id > @after AND change.id <= @until ORDER BY change.id LIMIT @limit
                    """,
                    row => new IncidentEvent(
                        row.GetInt64(0), row.GetInt64(1), Id(row.Bytes(2)), row.GetString(3), row.GetString(4), row.GetString(5), row.Named<Severity>(6), row.GetString(7),
                        row.Time(8), row.TimeOrNull(9)),
                    ("@after", after.Incident), ("@until", until.Incident), ("@limit", limit)),
                session.All(
                    """
                    SELECT attempt.id, delivery.id, webhook, kind, subject, state, outcome, status, counted, started, took_ms
                    FROM attempt JOIN delivery ON delivery.id = attempt.delivery WHERE attempt.id > @after AND attempt.id <= @until ORDER BY attempt.id LIMIT @limit
                    """,
                    row => new AttemptEvent(
                        row.GetInt64(0), row.GetInt64(1), row.GetString(2), row.GetString(3), row.GetInt64(4), row.Named<DeliveryState>(5), row.GetString(6),
                        row.NumberOrNull(7), row.GetBoolean(8), row.Time(9), TimeSpan.FromMilliseconds(row.GetDouble(10))),
                    ("@after", after.Attempt), ("@until", until.Attempt), ("@limit", limit)));
        },
        cancellation);

    private static EventCursor FindHorizon(SqliteSession session) => session.Single(
        """
        SELECT COALESCE((SELECT MAX(id) FROM issuance_change), 0), COALESCE((SELECT MAX(id) FROM malformed), 0),
            COALESCE((SELECT MAX(id) FROM incident_change), 0), COALESCE((SELECT MAX(id) FROM attempt), 0)
        """,
        row => new EventCursor(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3)));
}
