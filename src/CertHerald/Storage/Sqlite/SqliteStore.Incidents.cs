using System.Text.Json;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;
using Microsoft.Data.Sqlite;

namespace CertHerald.Storage.Sqlite;

/// <summary>What logs did wrong.</summary>
internal sealed partial class SqliteStore
{
    /// <summary>Open incidents of one log and kind. More tell nothing new, and each can bring a batch's hashes as evidence.</summary>
    private const int MostOpenIncidents = 100;

    private const string IncidentColumns = """
        incident.id, log_id, incident.kind, incident.severity, subject, incident.summary, evidence, opened, changed, incident.cases, incident.closed,
        description, operator, last_case
        """;

    public Task OpenIncidentAsync(LogId log, IncidentReport report, CancellationToken cancellation) =>
        WriteAsync(session => RowOrNull(session, log) is { } row ? OpenIncident(session, row, report) : 0, cancellation);

    public Task OpenIncidentAsync(LogDescription log, IncidentReport report, CancellationToken cancellation) =>
        WriteAsync(session => OpenIncident(session, RowOrNull(session, log.Id) ?? AddLog(session, log), report), cancellation);

    public Task CloseIncidentsAsync(LogId log, string kind, string? subject, CancellationToken cancellation) =>
        WriteAsync(session => RowOrNull(session, log) is { } row ? CloseIncidents(session, row, kind, subject) : 0, cancellation);

    public Task<Incident?> CloseIncidentAsync(long id, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            session.Run("UPDATE incident SET closed = @now, changed = @now WHERE id = @id AND closed IS NULL", ("@now", _time.GetUtcNow()), ("@id", id));
            return session.First($"SELECT {IncidentColumns} FROM incident JOIN log ON log.id = incident.log WHERE incident.id = @id", ReadIncident, ("@id", id));
        },
        cancellation);

    public async Task<int> CloseQuietIncidentsAsync(DateTimeOffset before, CancellationToken cancellation)
    {
        const string Quiet = "closed IS NULL AND last_case < @before AND kind IN (SELECT value FROM json_each(@kinds))";
        string kinds = JsonSerializer.Serialize(IncidentKinds.OfEvents);
        // Most looks find nothing: look before taking the writer's time.
        bool isQuiet = await ReadAsync(session => session.First($"SELECT 1 FROM incident WHERE {Quiet} LIMIT 1", _ => true, ("@before", before), ("@kinds", kinds)), cancellation);
        if (!isQuiet) return 0;
        return await WriteAsync(
            session => session.Run($"UPDATE incident SET closed = @now, changed = @now WHERE {Quiet}", ("@now", _time.GetUtcNow()), ("@before", before), ("@kinds", kinds)),
            cancellation);
    }

    public Task<IReadOnlyList<Incident>> IncidentsAsync(IncidentFilter filter, CancellationToken cancellation) => ReadAsync<IReadOnlyList<Incident>>(
        session => session.All(
            $"""
            SELECT {IncidentColumns} FROM incident JOIN log ON log.id = incident.log
            WHERE (@all OR incident.closed IS NULL) AND (@log IS NULL OR log_id = @log)
              AND (NOT @worst OR incident.id IN (SELECT id FROM (
                  SELECT id, ROW_NUMBER() OVER (PARTITION BY log ORDER BY closed IS NOT NULL,
                      CASE WHEN closed IS NULL THEN CASE severity WHEN 'critical' THEN 0 WHEN 'error' THEN 1 WHEN 'warning' THEN 2 ELSE 3 END END, id DESC) AS place
                  FROM incident) WHERE place = 1))
            ORDER BY incident.id DESC LIMIT @limit
            """,
            ReadIncident,
            ("@all", !filter.OnlyOpen), ("@log", filter.Log?.Value.ToArray()), ("@worst", filter.WorstOfEachLog), ("@limit", filter.Limit)),
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
        bool isOfEvents = IncidentKinds.OfEvents.Contains(report.Kind);
        (Severity Severity, long)? open = session.First(
            "SELECT severity, id FROM incident WHERE log = @log AND kind = @kind AND subject = @subject AND closed IS NULL",
            row => ((Severity, long)?)(row.Named<Severity>(0), row.GetInt64(1)), ("@log", log), ("@kind", report.Kind), ("@subject", report.Subject));
        if (open is ({ } known, var id))
            return session.Run(
                """
                UPDATE incident SET cases = cases + 1, last_case = @now, severity = @severity, summary = @summary,
                    evidence = CASE WHEN @ofEvents THEN json_set(evidence, '$.last', json(@evidence)) ELSE evidence END,
                    changed = CASE WHEN severity <> @severity OR summary <> @summary THEN @now ELSE changed END
                WHERE id = @id
                """,
                ("@now", now), ("@severity", isOfEvents && known > report.Severity ? known : report.Severity), ("@summary", report.Summary),
                ("@ofEvents", isOfEvents), ("@evidence", report.Evidence), ("@id", id));
        return session.Run(
            """
            INSERT INTO incident (log, kind, severity, subject, summary, evidence, opened, changed, last_case)
            SELECT @log, @kind, @severity, @subject, @summary, @evidence, @now, @now, @now
            WHERE (SELECT COUNT(*) FROM incident WHERE log = @log AND kind = @kind AND closed IS NULL) < @most
            """,
            ("@log", log), ("@kind", report.Kind), ("@severity", report.Severity), ("@subject", report.Subject), ("@summary", report.Summary),
            ("@evidence", report.Evidence), ("@now", now), ("@most", MostOpenIncidents));
    }

    /// <summary>What is open has become worse than it opened.</summary>
    private void Escalate(SqliteSession session, long log, string kind, string subject, Severity severity) => session.Run(
        """
        UPDATE incident SET severity = @severity, changed = @now
        WHERE log = @log AND kind = @kind AND subject = @subject AND severity <> @severity AND closed IS NULL
        """,
        ("@severity", severity), ("@now", _time.GetUtcNow()), ("@log", log), ("@kind", kind), ("@subject", subject));

    private int CloseIncidents(SqliteSession session, long log, string kind, string? subject) => session.Run(
        "UPDATE incident SET closed = @now, changed = @now WHERE log = @log AND kind = @kind AND (@subject IS NULL OR subject = @subject) AND closed IS NULL",
        ("@now", _time.GetUtcNow()), ("@log", log), ("@kind", kind), ("@subject", subject));

    private static Incident ReadIncident(SqliteDataReader row) => new(
        row.GetInt64(0), Id(row.Bytes(1)), row.GetString(2), row.Named<Severity>(3), row.GetString(4), row.GetString(5), row.GetString(6),
        row.Time(7), row.Time(8), row.GetInt64(9), row.TimeOrNull(10))
    {
        LogDescription = row.GetString(11),
        LogOperator = row.GetString(12),
        LastCase = row.Time(13),
    };
}
