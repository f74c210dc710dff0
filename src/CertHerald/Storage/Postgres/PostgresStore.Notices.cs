using CertHerald.Deciding;
using Npgsql;

namespace CertHerald.Storage.Postgres;

/// <summary>What operator channels are told of incidents.</summary>
internal sealed partial class PostgresStore
{
    // What they have not been told of, the gravest and oldest of each log and kind first. An incident that opened and closed
    // since the last look is told of twice: that it opened, and that it closed.
    private const string Untold = """
        SELECT id, log, kind, severity, told, closed FROM incident
        WHERE (told IS NULL OR told <> 'closed') AND (told IS NULL OR told <> severity OR closed IS NOT NULL)
        ORDER BY log, kind, CASE severity WHEN 'critical' THEN 0 WHEN 'error' THEN 1 WHEN 'warning' THEN 2 ELSE 3 END, id
        """;

    private const string SetTold = "UPDATE incident SET told = @told WHERE id = @id";

    public async Task<int> TellAsync(IReadOnlyList<string> webhooks, TimeSpan apart, CancellationToken cancellation)
    {
        // Most looks find nothing: look before taking the lock.
        if ((await ReadAsync(session => session.AllAsync(Untold, ReadUntold), cancellation)).TrueForAll(one => webhooks.Count == 0 && one.IsOpen)) return 0;
        int owed = await WriteAsync(session => TellAsync(session, webhooks, _time.GetUtcNow(), apart), cancellation);
        if (owed > 0) _hints.Tell();
        return owed;
    }

    public Task<Notice?> FindNoticeAsync(long id, CancellationToken cancellation) => ReadAsync(
        session => session.FirstAsync(
            $"""
            SELECT {IncidentColumns}, notice.id, change, at, others, notice.severity, notice.summary, notice.cases, notice.closed
            FROM notice JOIN incident ON incident.id = notice.incident JOIN log ON log.id = incident.log WHERE notice.id = @id
            """,
            row => new Notice(
                row.GetInt64(14), row.Named<IncidentChange>(15), row.Time(16),
                ReadIncident(row) with { Severity = row.Named<Severity>(18), Summary = row.GetString(19), Cases = row.GetInt64(20), Closed = row.TimeOrNull(21) },
                row.GetInt32(17)),
            ("@id", id)),
        cancellation);

    private static async Task<int> TellAsync(PostgresSession session, IReadOnlyList<string> webhooks, DateTimeOffset now, TimeSpan apart)
    {
        // Every node looks: one at a time.
        await session.LockAsync(PostgresLock.Telling);
        int owed = 0;
        foreach (IGrouping<(long, string), UntoldIncident> group in (await session.AllAsync(Untold + " FOR UPDATE", ReadUntold)).GroupBy(one => (one.Log, one.Kind)))
        {
            (long log, string kind) = group.Key;
            List<UntoldIncident> opened = [.. group.Where(one => one.Told is null)];
            if (webhooks.Count > 0 && opened.Count > 0 && await MayTellAsync(session, log, kind, IncidentChange.Opened, now, apart))
            {
                owed += await TellAsync(session, IncidentChange.Opened, opened, webhooks, now);
                opened = [];
            }
            // Nobody heard that it opened: nobody need hear that it closed.
            foreach (UntoldIncident unheard in opened.Where(one => !one.IsOpen)) await session.RunAsync(SetTold, ("@told", "closed"), ("@id", unheard.Id));

            List<UntoldIncident> changed = [.. group.Where(one => one.Told is not null && one.IsOpen)];
            if (webhooks.Count > 0 && changed.Count > 0 && await MayTellAsync(session, log, kind, IncidentChange.Changed, now, apart))
                owed += await TellAsync(session, IncidentChange.Changed, changed, webhooks, now);

            List<UntoldIncident> closed = [.. group.Where(one => !one.IsOpen && !opened.Contains(one))];
            if (closed.Count > 0 && (webhooks.Count == 0 || await MayTellAsync(session, log, kind, IncidentChange.Closed, now, apart)))
                owed += await TellAsync(session, IncidentChange.Closed, closed, webhooks, now);
        }
        return owed;
    }

    private static async Task<bool> MayTellAsync(PostgresSession session, long log, string kind, IncidentChange change, DateTimeOffset now, TimeSpan apart) =>
        await session.SingleAsync(
            "SELECT MAX(at) FROM notice WHERE log = @log AND kind = @kind AND change = @change", row => row.TimeOrNull(0),
            ("@log", log), ("@kind", kind), ("@change", change)) is not { } last || now - last >= apart;

    /// <summary>One notice for all of them, shown by the first.</summary>
    private static async Task<int> TellAsync(PostgresSession session, IncidentChange change, List<UntoldIncident> about, IReadOnlyList<string> webhooks, DateTimeOffset now)
    {
        foreach (UntoldIncident one in about) await session.RunAsync(SetTold, ("@told", change == IncidentChange.Closed ? "closed" : one.Severity), ("@id", one.Id));
        if (webhooks.Count == 0) return 0;

        // What opened and closed since the last look is shown as open first.
        long notice = await session.SingleAsync(
            """
            INSERT INTO notice (incident, log, kind, change, severity, summary, cases, closed, others, at)
            SELECT id, log, kind, @change, severity, summary, cases, CASE WHEN @change = 'closed' THEN closed END, @others, @now FROM incident WHERE id = @id
            RETURNING id
            """,
            row => row.GetInt64(0), ("@change", change), ("@others", about.Count - 1), ("@now", now), ("@id", about[0].Id));
        return await OweAsync(session, [.. webhooks.Select(webhook => new Debt(webhook, EventKinds.Operator, notice))], now, now);
    }

    private static UntoldIncident ReadUntold(NpgsqlDataReader row) =>
        new(row.GetInt64(0), row.GetInt64(1), row.GetString(2), row.GetString(3), row.TextOrNull(4), row.IsDBNull(5));

    private sealed record UntoldIncident(long Id, long Log, string Kind, string Severity, string? Told, bool IsOpen);
}
