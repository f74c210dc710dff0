using CertHerald.Deciding;
using Microsoft.Data.Sqlite;

namespace CertHerald.Storage.Sqlite;

/// <summary>What operator channels are told.</summary>
internal sealed partial class SqliteStore
{
    /// <summary>News of one kind that have notices of their own within <see cref="Storm"/>: what is more is told by one.</summary>
    private const int MostOfAKind = 5;

    private static readonly TimeSpan Storm = TimeSpan.FromMinutes(10);

    // What they have not been told of, the gravest and oldest of each log and kind first. An incident that opened and closed
    // since the last look is told of twice: that it opened, and that it closed. Entries that cannot be read are told of apart.
    private const string Untold = """
        SELECT id, log, kind, severity, told, closed FROM incident
        WHERE (told IS NULL OR told <> 'closed') AND (told IS NULL OR told <> severity OR closed IS NOT NULL) AND kind <> 'unparsable_entry'
        ORDER BY log, kind, CASE severity WHEN 'critical' THEN 0 WHEN 'error' THEN 1 WHEN 'warning' THEN 2 ELSE 3 END, id
        """;

    private const string SetTold = "UPDATE incident SET told = @told WHERE id = @id";

    private const string UntoldNewsRows = """
        SELECT id, webhook, kind, delivery, detail, cases, at,
            (SELECT MAX(told) FROM delivery_news AS before WHERE before.webhook = delivery_news.webhook AND before.kind = delivery_news.kind)
        FROM delivery_news WHERE told IS NULL ORDER BY kind, id
        """;

    private const string UntoldMalformed = """
        WITH seen(log, last) AS (
            SELECT log.id, COALESCE((
                SELECT json_extract(facts, '$.last') FROM notice WHERE type = 'log.malformed' AND subject = lower(hex(log_id)) ORDER BY at DESC, id DESC LIMIT 1), 0)
            FROM log
        ),
        untold(log, entries, watched, example, first, last) AS (
            SELECT malformed.log, COUNT(*), SUM(shows_watched_name), COALESCE(MAX(CASE WHEN shows_watched_name THEN malformed.id END), MAX(malformed.id)), MIN(malformed.id), MAX(malformed.id)
            FROM malformed JOIN seen ON seen.log = malformed.log AND malformed.id > seen.last GROUP BY malformed.log
        )
        SELECT lower(hex(log_id)), description, operator, entries, watched, example, shown.entry_index, shown.problem, untold.first, untold.last, oldest.discovered
        FROM untold JOIN malformed AS shown ON shown.id = example JOIN malformed AS oldest ON oldest.id = untold.first JOIN log ON log.id = untold.log ORDER BY log.id
        """;

    public async Task<int> TellAsync(IReadOnlyList<string> channels, TimeSpan apart, CancellationToken cancellation)
    {
        // Most looks find nothing: look before taking the writer's time.
        bool isAny = await ReadAsync(
            session => session.All(Untold, ReadUntold).Exists(one => channels.Count > 0 || !one.IsOpen) || NewsToTell(session, channels, _time.GetUtcNow(), apart).Count > 0,
            cancellation);
        if (!isAny) return 0;
        return await WriteAsync(
            session =>
            {
                DateTimeOffset now = _time.GetUtcNow();
                return TellOfIncidents(session, channels, now, apart) + TellOfNews(session, channels, now, apart);
            },
            cancellation);
    }

    public Task<int> OweNoticeAsync(NoticeDraft draft, IReadOnlyList<string> channels, CancellationToken cancellation) =>
        channels.Count == 0 ? Task.FromResult(0) : WriteAsync(session => OweNotice(session, draft, channels, _time.GetUtcNow()), cancellation);

    public Task<Notice?> FindNoticeAsync(long id, CancellationToken cancellation) => ReadAsync(
        session => session.First("SELECT id, type, at, facts FROM notice WHERE id = @id", ReadNotice, ("@id", id)), cancellation);

    public Task<Notice?> LastNoticeAsync(string type, string? subject, CancellationToken cancellation) => ReadAsync(
        session => session.First(
            "SELECT id, type, at, facts FROM notice WHERE type = @type AND (@subject IS NULL OR subject = @subject) ORDER BY at DESC, id DESC LIMIT 1", ReadNotice,
            ("@type", type), ("@subject", subject)),
        cancellation);

    public Task<IReadOnlyList<MalformedFacts>> UntoldMalformedAsync(CancellationToken cancellation) => ReadAsync<IReadOnlyList<MalformedFacts>>(
        session => session.All(UntoldMalformed, row => new MalformedFacts(
            new NoticeLog(row.GetString(0), row.GetString(1), row.GetString(2)), row.GetInt64(3), row.GetInt64(4), row.GetInt64(5), row.Size(6), row.GetString(7),
            row.GetInt64(8), row.GetInt64(9), row.Time(10))),
        cancellation);

    public Task<DateTimeOffset?> LastAlertAsync(CancellationToken cancellation) => ReadAsync(
        session => session.First("SELECT created FROM delivery WHERE kind NOT IN ('operator', 'lookalike.digest') ORDER BY id DESC LIMIT 1", row => row.TimeOrNull(0)), cancellation);

    public Task<int> ForgetNoticesAsync(DateTimeOffset before, CancellationToken cancellation) => WriteAsync(
        session => session.Run("DELETE FROM delivery_news WHERE told < @before", ("@before", before)) + session.Run(
            """
            DELETE FROM notice WHERE at < @before AND NOT EXISTS (SELECT 1 FROM delivery WHERE kind IN ('operator', 'lookalike.digest') AND delivery.subject = notice.id)
                AND EXISTS (SELECT 1 FROM notice AS newer WHERE newer.type = notice.type AND newer.subject = notice.subject AND newer.id > notice.id)
            """,
            ("@before", before)),
        cancellation);

    private static int TellOfIncidents(SqliteSession session, IReadOnlyList<string> channels, DateTimeOffset now, TimeSpan apart)
    {
        int owed = 0;
        foreach (IGrouping<(long, string), UntoldIncident> group in session.All(Untold, ReadUntold).GroupBy(one => (one.Log, one.Kind)))
        {
            (long log, string kind) = group.Key;
            List<UntoldIncident> opened = [.. group.Where(one => one.Told is null)];
            if (channels.Count > 0 && opened.Count > 0 && MayTell(session, log, kind, IncidentChange.Opened, now, apart))
            {
                owed += Write(session, IncidentChange.Opened, opened, channels, now);
                opened = [];
            }
            // Nobody heard that it opened: nobody need hear that it closed.
            foreach (UntoldIncident unheard in opened.Where(one => !one.IsOpen)) session.Run(SetTold, ("@told", "closed"), ("@id", unheard.Id));

            List<UntoldIncident> changed = [.. group.Where(one => one.Told is not null && one.IsOpen)];
            if (channels.Count > 0 && changed.Count > 0 && MayTell(session, log, kind, IncidentChange.Changed, now, apart))
                owed += Write(session, IncidentChange.Changed, changed, channels, now);

            List<UntoldIncident> closed = [.. group.Where(one => !one.IsOpen && !opened.Contains(one))];
            if (closed.Count > 0 && (channels.Count == 0 || MayTell(session, log, kind, IncidentChange.Closed, now, apart)))
                owed += Write(session, IncidentChange.Closed, closed, channels, now);
        }
        return owed;
    }

    private static bool MayTell(SqliteSession session, long log, string kind, IncidentChange change, DateTimeOffset now, TimeSpan apart) => session.Single(
        "SELECT MAX(at) FROM notice WHERE type = @type AND subject = (SELECT lower(hex(log_id)) FROM log WHERE id = @log) || '/' || @kind", row => row.TimeOrNull(0),
        ("@type", NoticeTypes.Of(change)), ("@log", log), ("@kind", kind)) is not { } last || now - last >= apart;

    /// <summary>One notice for all of them, shown by the first.</summary>
    private static int Write(SqliteSession session, IncidentChange change, List<UntoldIncident> about, IReadOnlyList<string> channels, DateTimeOffset now)
    {
        foreach (UntoldIncident one in about) session.Run(SetTold, ("@told", change == IncidentChange.Closed ? "closed" : one.Severity), ("@id", one.Id));
        if (channels.Count == 0) return 0;

        Incident shown = session.Single($"SELECT {IncidentColumns} FROM incident JOIN log ON log.id = incident.log WHERE incident.id = @id", ReadIncident, ("@id", about[0].Id));
        NoticeLog log = NoticeLog.Of(shown.Log, shown.LogDescription, shown.LogOperator);
        // What opened and closed since the last look is shown as open first.
        var facts = new IncidentFacts(
            shown.Id, log, shown.Kind, shown.Severity, shown.Summary, shown.Opened, change == IncidentChange.Closed ? shown.Closed : null, shown.Cases, about.Count - 1);
        string uid = $"incident/{shown.Id}/{change.ToString().ToLowerInvariant()}/{now.ToUnixTimeMilliseconds()}";
        return OweNotice(session, new NoticeDraft(uid, NoticeTypes.Of(change), $"{log.Key}/{shown.Kind}", facts), channels, now);
    }

    private static int TellOfNews(SqliteSession session, IReadOnlyList<string> channels, DateTimeOffset now, TimeSpan apart)
    {
        int owed = 0;
        foreach (List<UntoldNews> about in NewsToTell(session, channels, now, apart))
        {
            foreach (UntoldNews one in about) session.Run("UPDATE delivery_news SET told = @now WHERE id = @id", ("@now", now), ("@id", one.Id));
            UntoldNews first = about[0];
            var facts = new WebhookFacts(
                first.Webhook, first.Delivery, first.Detail, first.Cases, about.Min(one => one.At), about.Count - 1,
                [.. about.Skip(1).Take(WebhookFacts.MostNames).Select(one => one.Webhook)])
            {
                Dead = first.Kind == DeliveryNewsKinds.EndpointRecovered ? DeadOf(session, about) : 0,
            };
            owed += OweNotice(session, new NoticeDraft($"news/{first.Id}", first.Kind, first.Webhook, facts), AudienceOf(first, channels), now);
        }
        return owed;
    }

    private static long DeadOf(SqliteSession session, List<UntoldNews> about) => about.Sum(one => session.Single(
        "SELECT COUNT(*) FROM delivery WHERE state = 'dead' AND webhook = @webhook", row => row.GetInt64(0), ("@webhook", one.Webhook)));

    /// <summary>News that may be told now, those of one notice together.</summary>
    private static List<List<UntoldNews>> NewsToTell(SqliteSession session, IReadOnlyList<string> channels, DateTimeOffset now, TimeSpan apart)
    {
        var notices = new List<List<UntoldNews>>();
        IEnumerable<UntoldNews> due = session.All(UntoldNewsRows, ReadUntoldNews)
            .Where(one => AudienceOf(one, channels).Count > 0 && (one.LastTold is not { } last || now - last >= apart));
        foreach (IGrouping<string, UntoldNews> kind in due.GroupBy(one => one.Kind))
        {
            int room = MostOfAKind - session.Single(
                "SELECT COUNT(*) FROM notice WHERE type = @type AND at > @since", row => row.GetInt32(0), ("@type", kind.Key), ("@since", now - Storm));
            if (room <= 0) continue;
            // In a storm those of channels stay apart, one by one: each has other listeners.
            notices.AddRange(kind.Count() <= room
                ? kind.Select(one => new List<UntoldNews> { one })
                : kind.GroupBy(one => channels.Contains(one.Webhook) ? one.Webhook : "").Select(group => group.ToList()));
        }
        return notices;
    }

    /// <summary>A channel hears nothing of itself: each notice that it does not take would bring another.</summary>
    private static IReadOnlyList<string> AudienceOf(UntoldNews news, IReadOnlyList<string> channels) =>
        channels.Contains(news.Webhook) ? [.. channels.Where(channel => channel != news.Webhook)] : channels;

    private static int OweNotice(SqliteSession session, NoticeDraft draft, IReadOnlyList<string> channels, DateTimeOffset now, string kind = EventKinds.Operator)
    {
        long? notice = session.First(
            "INSERT INTO notice (uid, type, subject, at, facts) VALUES (@uid, @type, @subject, @now, @facts) ON CONFLICT (uid) DO NOTHING RETURNING id",
            row => (long?)row.GetInt64(0), ("@uid", draft.Uid), ("@type", draft.Type), ("@subject", draft.Subject), ("@now", now), ("@facts", draft.Facts.ToJson()));
        return notice is { } id ? channels.Sum(channel => Owe(session, channel, kind, id, now, now)) : 0;
    }

    private static Notice ReadNotice(SqliteDataReader row) => new(row.GetInt64(0), row.GetString(1), row.Time(2), NoticeFacts.Read(row.GetString(3)));

    private static UntoldIncident ReadUntold(SqliteDataReader row) =>
        new(row.GetInt64(0), row.GetInt64(1), row.GetString(2), row.GetString(3), row.TextOrNull(4), row.IsDBNull(5));

    private static UntoldNews ReadUntoldNews(SqliteDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetString(2), row.IsDBNull(3) ? null : row.GetInt64(3), row.GetString(4), row.GetInt32(5), row.Time(6), row.TimeOrNull(7));

    private sealed record UntoldIncident(long Id, long Log, string Kind, string Severity, string? Told, bool IsOpen);

    private sealed record UntoldNews(long Id, string Webhook, string Kind, long? Delivery, string Detail, int Cases, DateTimeOffset At, DateTimeOffset? LastTold);
}
