using System.Text.Json;
using System.Text.Json.Nodes;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Logs;
using Npgsql;

namespace CertHerald.Storage.Postgres;

/// <summary>What logs did wrong.</summary>
internal sealed partial class PostgresStore
{
    /// <summary>Open incidents of one log and kind. More tell nothing new, and each can bring a batch's hashes as evidence.</summary>
    private const int MostOpenIncidents = 100;

    private const string IncidentColumns = """
        incident.id, log_id, incident.kind, incident.severity, subject, incident.summary, evidence, opened, changed, incident.cases, incident.closed,
        description, operator, last_case
        """;

    public Task OpenIncidentAsync(LogId log, IncidentReport report, CancellationToken cancellation) => WriteAsync(
        async session => await RowOrNullAsync(session, log) is { } row ? await OpenIncidentAsync(session, row, report) : 0, cancellation);

    public Task OpenIncidentAsync(LogDescription log, IncidentReport report, CancellationToken cancellation) => WriteAsync(
        async session => await OpenIncidentAsync(session, await RowOrNullAsync(session, log.Id) ?? await AddLogAsync(session, log), report), cancellation);

    public Task CloseIncidentsAsync(LogId log, string kind, string? subject, CancellationToken cancellation) => WriteAsync(
        async session => await RowOrNullAsync(session, log) is { } row ? await CloseIncidentsAsync(session, row, kind, subject) : 0, cancellation);

    public Task<Incident?> CloseIncidentAsync(long id, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            await session.RunAsync("UPDATE incident SET closed = @now, changed = @now WHERE id = @id AND closed IS NULL", ("@now", _time.GetUtcNow()), ("@id", id));
            return await session.FirstAsync($"SELECT {IncidentColumns} FROM incident JOIN log ON log.id = incident.log WHERE incident.id = @id", ReadIncident, ("@id", id));
        },
        cancellation);

    public Task<int> CloseQuietIncidentsAsync(DateTimeOffset before, CancellationToken cancellation) => WriteAsync(
        session => session.RunAsync(
            "UPDATE incident SET closed = @now, changed = @now WHERE closed IS NULL AND last_case < @before AND kind = ANY(@kinds)",
            ("@now", _time.GetUtcNow()), ("@before", before), ("@kinds", IncidentKinds.OfEvents.ToArray())),
        cancellation);

    public async Task<IReadOnlyList<Incident>> IncidentsAsync(IncidentFilter filter, CancellationToken cancellation) => await ReadAsync(
        session => session.AllAsync(
            $"""
            SELECT {IncidentColumns} FROM incident JOIN log ON log.id = incident.log
            WHERE (@all OR incident.closed IS NULL) AND (@log::bytea IS NULL OR log_id = @log::bytea)
              AND (NOT @worst OR incident.id IN (
                  SELECT DISTINCT ON (log) id FROM incident ORDER BY log, closed IS NOT NULL,
                      CASE WHEN closed IS NULL THEN CASE severity WHEN 'critical' THEN 0 WHEN 'error' THEN 1 WHEN 'warning' THEN 2 ELSE 3 END END, id DESC))
            ORDER BY incident.id DESC LIMIT @limit
            """,
            ReadIncident,
            ("@all", !filter.OnlyOpen), ("@log", filter.Log?.Value.ToArray()), ("@worst", filter.WorstOfEachLog), ("@limit", filter.Limit)),
        cancellation);

    private Task<int> OpenIncidentAsync(PostgresSession session, long log, string kind, string subject, string summary, object evidence) =>
        OpenIncidentAsync(session, log, IncidentReport.Of(kind, subject, summary, JsonSerializer.Serialize(evidence)));

    /// <summary>
    /// One open incident a log, kind and subject; the first one's evidence stays. Not without end: a log that lies in a
    /// circle must not fill the disk.
    /// </summary>
    private async Task<int> OpenIncidentAsync(PostgresSession session, long log, IncidentReport report)
    {
        DateTimeOffset now = _time.GetUtcNow();
        bool isOfEvents = IncidentKinds.OfEvents.Contains(report.Kind);
        // One opener of a log's incidents at a time; what refers to the log is not kept waiting.
        await session.PerformAsync("SELECT 1 FROM log WHERE id = @log FOR NO KEY UPDATE", ("@log", log));
        (Severity Severity, long Id, string Evidence)? open = await session.FirstAsync(
            "SELECT severity, id, evidence FROM incident WHERE log = @log AND kind = @kind AND subject = @subject AND closed IS NULL FOR UPDATE",
            row => ((Severity, long, string)?)(row.Named<Severity>(0), row.GetInt64(1), row.GetString(2)),
            ("@log", log), ("@kind", report.Kind), ("@subject", report.Subject));
        if (open is ({ } known, var id, { } evidence))
            return await session.RunAsync(
                """
                UPDATE incident SET cases = cases + 1, last_case = @now, severity = @severity, summary = @summary, evidence = @evidence,
                    changed = CASE WHEN severity <> @severity OR summary <> @summary THEN @now ELSE changed END
                WHERE id = @id
                """,
                ("@now", now), ("@severity", isOfEvents && known > report.Severity ? known : report.Severity), ("@summary", report.Summary),
                ("@evidence", isOfEvents ? WithLast(evidence, report.Evidence) : evidence), ("@id", id));
        return await session.RunAsync(
            """
            INSERT INTO incident (log, kind, severity, subject, summary, evidence, opened, changed, last_case)
            SELECT @log, @kind, @severity, @subject, @summary, @evidence, @now, @now, @now
            WHERE (SELECT COUNT(*) FROM incident WHERE log = @log AND kind = @kind AND closed IS NULL) < @most
            """,
            ("@log", log), ("@kind", report.Kind), ("@severity", report.Severity), ("@subject", report.Subject), ("@summary", report.Summary),
            ("@evidence", report.Evidence), ("@now", now), ("@most", MostOpenIncidents));
    }

    private static string WithLast(string first, string last)
    {
        var both = (JsonObject)JsonNode.Parse(first)!;
        both["last"] = JsonNode.Parse(last);
        return both.ToJsonString();
    }

    /// <summary>What is open has become worse than it opened.</summary>
    private Task<int> EscalateAsync(PostgresSession session, long log, string kind, string subject, Severity severity) => session.RunAsync(
        """
        UPDATE incident SET severity = @severity, changed = @now
        WHERE log = @log AND kind = @kind AND subject = @subject AND severity <> @severity AND closed IS NULL
        """,
        ("@severity", severity), ("@now", _time.GetUtcNow()), ("@log", log), ("@kind", kind), ("@subject", subject));

    private Task<int> CloseIncidentsAsync(PostgresSession session, long log, string kind, string? subject) => session.RunAsync(
        "UPDATE incident SET closed = @now, changed = @now WHERE log = @log AND kind = @kind AND (@subject::text IS NULL OR subject = @subject::text) AND closed IS NULL",
        ("@now", _time.GetUtcNow()), ("@log", log), ("@kind", kind), ("@subject", subject));

    private static Incident ReadIncident(NpgsqlDataReader row) => new(
        row.GetInt64(0), Id(row.Bytes(1)), row.GetString(2), row.Named<Severity>(3), row.GetString(4), row.GetString(5), row.GetString(6),
        row.Time(7), row.Time(8), row.GetInt64(9), row.TimeOrNull(10))
    {
        LogDescription = row.GetString(11),
        LogOperator = row.GetString(12),
        LastCase = row.Time(13),
    };
}
