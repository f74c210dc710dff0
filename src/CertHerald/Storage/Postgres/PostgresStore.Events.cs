using CertHerald.Transparency.Merkle;

namespace CertHerald.Storage.Postgres;

/// <summary>What was committed, as a stream.</summary>
internal sealed partial class PostgresStore
{
    private readonly Lock _horizonLock = new();

    // Everything up to the first is complete. Up to the second it is once every transaction below the number has ended.
    private EventCursor? _horizon;
    private (EventCursor Until, decimal Transaction)? _nextHorizon;

    /// <summary>
    /// Ids become visible in another order than they were drawn in: a transaction that is under way may hold smaller ones. Whoever
    /// draws one has changed or locked something before, so it has a number; once all of that moment's numbers have ended, no
    /// smaller id can appear.
    /// </summary>
    public async Task<EventCursor?> EventHorizonAsync(CancellationToken cancellation)
    {
        (EventCursor newest, decimal oldest, decimal next) = await ReadAsync(
            session => session.SingleAsync(
                """
                SELECT COALESCE((SELECT MAX(id) FROM issuance_change), 0), COALESCE((SELECT MAX(id) FROM malformed), 0),
                    COALESCE((SELECT MAX(id) FROM incident_change), 0), COALESCE((SELECT MAX(id) FROM attempt), 0),
                    pg_snapshot_xmin(pg_current_snapshot())::text::numeric, pg_snapshot_xmax(pg_current_snapshot())::text::numeric
                """,
                row => (new EventCursor(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3)), row.GetDecimal(4), row.GetDecimal(5))),
            cancellation);
        lock (_horizonLock)
        {
            if (_nextHorizon is { } ahead && oldest >= ahead.Transaction) (_horizon, _nextHorizon) = (Later(_horizon, ahead.Until), null);
            if (oldest >= next) _horizon = Later(_horizon, newest);
            else _nextHorizon ??= (newest, next);
            return _horizon;
        }
    }

    public Task<EventPart> EventsAsync(EventCursor after, EventCursor until, int limit, CancellationToken cancellation) => ReadAsync(
        async session => new EventPart(
            await ChangedIssuancesAsync(session, after.Issuance, until.Issuance, limit),
            await session.AllAsync(
                """
                SELECT malformed.id, log_id, description, entry_index, problem, shows_watched_name, discovered
                FROM malformed JOIN log ON log.id = malformed.log WHERE malformed.id > @after AND malformed.id <= @until ORDER BY malformed.id LIMIT @limit
                """,
                row => new MalformedEvent(row.GetInt64(0), Id(row.Bytes(1)), row.GetString(2), new EntryIndex(row.Size(3)), row.GetString(4), row.GetBoolean(5), row.Time(6)),
                ("@after", after.Malformed), ("@until", until.Malformed), ("@limit", limit)),
            await session.AllAsync(
                """
                SELECT change.id, incident.id, log_id, description, incident.kind, subject, change.severity, change.summary, change.at, change.closed
                FROM incident_change AS change JOIN incident ON incident.id = change.incident JOIN log ON log.id = incident.log
                WHERE change.id > @after AND change.id <= @until ORDER BY change.id LIMIT @limit
                """,
                row => new IncidentEvent(
                    row.GetInt64(0), row.GetInt64(1), Id(row.Bytes(2)), row.GetString(3), row.GetString(4), row.GetString(5), row.Named<Severity>(6), row.GetString(7),
                    row.Time(8), row.TimeOrNull(9)),
                ("@after", after.Incident), ("@until", until.Incident), ("@limit", limit)),
            await session.AllAsync(
                """
                SELECT attempt.id, delivery.id, webhook, kind, subject, state, outcome, status, counted, started, took_ms
                FROM attempt JOIN delivery ON delivery.id = attempt.delivery WHERE attempt.id > @after AND attempt.id <= @until ORDER BY attempt.id LIMIT @limit
                """,
                row => new AttemptEvent(
                    row.GetInt64(0), row.GetInt64(1), row.GetString(2), row.GetString(3), row.GetInt64(4), row.Named<DeliveryState>(5), row.GetString(6),
                    row.NumberOrNull(7), row.GetBoolean(8), row.Time(9), TimeSpan.FromMilliseconds(row.GetDouble(10))),
                ("@after", after.Attempt), ("@until", until.Attempt), ("@limit", limit))),
        cancellation);

    private async Task<IReadOnlyList<IssuanceEvent>> ChangedIssuancesAsync(PostgresSession session, long after, long until, int limit)
    {
        List<(long Id, long Issuance)> changes = await session.AllAsync(
            """
            SELECT change.id, issuance.id FROM issuance_change AS change JOIN issuance ON issuance.id = change.issuance
            WHERE change.id > @after AND change.id <= @until ORDER BY change.id LIMIT @limit
            """,
            row => (row.GetInt64(0), row.GetInt64(1)), ("@after", after), ("@until", until), ("@limit", limit));
        if (changes.Count == 0) return [];
        Dictionary<long, Issuance> issuances = (await ReadIssuancesAsync(session, "WHERE id = ANY(@ids)", ("@ids", changes.Select(one => one.Issuance).ToArray()))).ToDictionary(one => one.Id);
        // One that is deleted in between is no news any more.
        return [.. from change in changes where issuances.ContainsKey(change.Issuance) select new IssuanceEvent(change.Id, issuances[change.Issuance])];
    }

    private static EventCursor Later(EventCursor? one, EventCursor other) => one is not { } known ? other : new EventCursor(
        Math.Max(known.Issuance, other.Issuance), Math.Max(known.Malformed, other.Malformed), Math.Max(known.Incident, other.Incident), Math.Max(known.Attempt, other.Attempt));
}
