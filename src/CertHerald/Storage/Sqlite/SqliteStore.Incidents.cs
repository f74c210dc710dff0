using System.Text.Json;
using CertHerald.Transparency.Logs;

namespace CertHerald.Storage.Sqlite;

/// <summary>What logs did wrong.</summary>
internal sealed partial class SqliteStore
{
    /// <summary>Open incidents of one log and kind. More tell nothing new, and each can bring a batch's hashes as evidence.</summary>
    private const int MostOpenIncidents = 100;

    public Task OpenIncidentAsync(LogId log, IncidentReport report, CancellationToken cancellation) =>
        WriteAsync(session => OpenIncident(session, RowOf(session, log), report), cancellation);

    public Task CloseIncidentsAsync(LogId log, string kind, string? subject, CancellationToken cancellation) =>
        WriteAsync(session => CloseIncidents(session, RowOf(session, log), kind, subject), cancellation);

    public Task<IReadOnlyList<Incident>> IncidentsAsync(int limit, CancellationToken cancellation) => ReadAsync<IReadOnlyList<Incident>>(
        session => session.All(
            """
            SELECT incident.id, log_id, kind, severity, subject, summary, evidence, opened, changed, cases, closed
            FROM incident JOIN log ON log.id = incident.log ORDER BY incident.id DESC LIMIT @limit
            """,
            row => new Incident(
                row.GetInt64(0), Id(row.Bytes(1)), row.GetString(2), row.Named<Severity>(3), row.GetString(4), row.GetString(5), row.GetString(6),
                row.Time(7), row.Time(8), row.GetInt64(9), row.TimeOrNull(10)),
            ("@limit", limit)),
        cancellation);

    private int OpenIncident(SqliteSession session, long log, string kind, string subject, string summary, object evidence) =>
        OpenIncident(session, log, IncidentReport.Of(kind, subject, summary, JsonSerializer.Serialize(evidence)));

    /// <summary>
    /// One open incident a log, kind and subject; the first one's evidence stays. Not without end: a log that lies in a
    /// circle must not fill the disk.
    /// </summary>
    private int OpenIncident(SqliteSession session, long log, IncidentReport report)
    {
        DateTimeOffset now = _time.GetUtcNow();
        int seenAgain = session.Run(
            """
            UPDATE incident SET cases = cases + 1, severity = @severity, summary = @summary,
                changed = CASE WHEN severity <> @severity OR summary <> @summary THEN @now ELSE changed END
            WHERE log = @log AND kind = @kind AND subject = @subject AND closed IS NULL
            """,
            ("@severity", report.Severity), ("@summary", report.Summary), ("@now", now), ("@log", log), ("@kind", report.Kind), ("@subject", report.Subject));
        return seenAgain > 0
            ? seenAgain
            : session.Run(
                """
                INSERT INTO incident (log, kind, severity, subject, summary, evidence, opened, changed)
                SELECT @log, @kind, @severity, @subject, @summary, @evidence, @now, @now
                WHERE (SELECT COUNT(*) FROM incident WHERE log = @log AND kind = @kind AND closed IS NULL) < @most
                """,
                ("@log", log), ("@kind", report.Kind), ("@severity", report.Severity), ("@subject", report.Subject), ("@summary", report.Summary),
                ("@evidence", report.Evidence), ("@now", now), ("@most", MostOpenIncidents));
    }

    private int CloseIncidents(SqliteSession session, long log, string kind, string? subject) => session.Run(
        "UPDATE incident SET closed = @now, changed = @now WHERE log = @log AND kind = @kind AND (@subject IS NULL OR subject = @subject) AND closed IS NULL",
        ("@now", _time.GetUtcNow()), ("@log", log), ("@kind", kind), ("@subject", subject));
}
