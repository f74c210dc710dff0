using System.Text.Json;
using CertHerald.Deciding;
using CertHerald.Inspecting;
using Microsoft.Data.Sqlite;

namespace CertHerald.Storage.Sqlite;

/// <summary>Look-alikes, and what was told of them.</summary>
internal sealed partial class SqliteStore
{
    private const string LookalikeColumns = """
        id, owner, domain, registrable, state, best, score, class, reasons, names, certificates, issuance, opened, last_seen
        """;

    // A name that a bulk finding shows is a member's.
    private const string NamesOfLookalike = """
        SELECT domain, lookalike_name.name, lookalike_name.score, lookalike_name.class, lookalike_name.reasons, lookalike_name.issuance, lookalike_name.seen
        FROM lookalike_name JOIN lookalike ON lookalike.id = lookalike_name.lookalike
        WHERE lookalike.id IN (
            SELECT id FROM lookalike WHERE id = @id
            UNION SELECT member.id FROM lookalike AS bulk JOIN lookalike AS member ON member.owner = bulk.owner AND member.registrable = bulk.registrable
                  WHERE bulk.id = @id AND bulk.domain = '')
        ORDER BY lookalike_name.score DESC, lookalike_name.name LIMIT @limit
        """;

    public Task<IReadOnlyList<StoredLookalike>> LookalikesAsync(LookalikeFilter filter, CancellationToken cancellation) => ReadAsync<IReadOnlyList<StoredLookalike>>(
        session => session.All(
            $"""
            SELECT {LookalikeColumns} FROM lookalike
            WHERE (@owner IS NULL OR owner = @owner) AND (@domain IS NULL OR domain = @domain) AND (@state IS NULL OR state = @state)
                AND (@registrable IS NULL OR registrable = @registrable) AND score >= @least AND id < @before
            ORDER BY CASE WHEN @newest THEN 0 ELSE score END DESC, id DESC LIMIT @limit
            """,
            ReadLookalike, ("@owner", filter.Owner), ("@domain", filter.Domain), ("@state", filter.State), ("@registrable", filter.Registrable),
            ("@least", filter.Least), ("@before", filter.Before ?? long.MaxValue), ("@newest", filter.NewestFirst), ("@limit", filter.Limit)),
        cancellation);

    public Task<StoredLookalike?> FindLookalikeAsync(long id, CancellationToken cancellation) => ReadAsync(
        session => session.First($"SELECT {LookalikeColumns} FROM lookalike WHERE id = @id", ReadLookalike, ("@id", id)), cancellation);

    public Task<IReadOnlyList<ImitatingName>> ImitatingNamesAsync(long lookalike, int limit, CancellationToken cancellation) => ReadAsync<IReadOnlyList<ImitatingName>>(
        session => session.All(NamesOfLookalike,
            row => new ImitatingName(row.GetString(0), new LookalikeName(row.GetString(1), row.GetInt32(2), row.GetString(3), Texts(row.GetString(4))), row.GetInt64(5), row.Time(6)),
            ("@id", lookalike), ("@limit", limit)),
        cancellation);

    public Task<IReadOnlyList<StoredLookalike>> LookalikesOfAsync(long issuance, CancellationToken cancellation) => ReadAsync<IReadOnlyList<StoredLookalike>>(
        session => session.All(
            $"SELECT {LookalikeColumns} FROM lookalike WHERE id IN (SELECT lookalike FROM lookalike_issuance WHERE issuance = @issuance) ORDER BY score DESC, id",
            ReadLookalike, ("@issuance", issuance)),
        cancellation);

    public Task<LookalikeAlert?> FindLookalikeAlertAsync(long id, CancellationToken cancellation) => ReadAsync(
        session =>
        {
            var alert = session.First(
                """
                SELECT lookalike, owner, registrable, change, at, lookalike_alert.names, lookalike_alert.issuance
                FROM lookalike_alert JOIN lookalike ON lookalike.id = lookalike WHERE lookalike_alert.id = @id
                """,
                row => new
                {
                    Lookalike = row.GetInt64(0),
                    Owner = row.GetString(1),
                    Registrable = row.GetString(2),
                    Change = row.GetString(3),
                    At = row.Time(4),
                    Names = JsonSerializer.Deserialize<AlertedNames[]>(row.GetString(5))!,
                    Issuance = row.GetInt64(6),
                },
                ("@id", id));
            if (alert is null) return null;
            Issuance? issuance = FindIssuance(session, alert.Issuance);
            return issuance is null ? null : new LookalikeAlert(id, alert.Lookalike, alert.Owner, alert.Registrable, alert.Change, alert.At, alert.Names, issuance);
        },
        cancellation);

    public Task<bool> SetLookalikeAsync(long id, LookalikeState state, CancellationToken cancellation) => WriteAsync(
        session => session.Run(
            """
            UPDATE lookalike SET state = @state WHERE id = @id OR (state = 'bulk' AND @state <> 'open'
                AND (owner, registrable) = (SELECT owner, registrable FROM lookalike WHERE id = @id AND domain = ''))
            """,
            ("@id", id), ("@state", state)) > 0,
        cancellation);

    public Task<IReadOnlyDictionary<string, long>> CountOpenLookalikesAsync(CancellationToken cancellation) => ReadAsync<IReadOnlyDictionary<string, long>>(
        session => session.All("SELECT owner, COUNT(*) FROM lookalike WHERE state = 'open' GROUP BY owner", row => (row.GetString(0), row.GetInt64(1)))
            .ToDictionary(StringComparer.Ordinal),
        cancellation);

    /// <summary>
    /// What a certificate imitates. Read again, or in another log, or as the certificate after its precertificate, it changes nothing:
    /// a look-alike, its names and its certificates are there once each.
    /// </summary>
    private static void WriteLookalikes(
        SqliteSession session, long issuance, Decision decision, IReadOnlyList<LookalikeMatch> matches, DateTimeOffset headSeen, DateTimeOffset now, List<AlertedLookalike> alerted, ref int owed)
    {
        var told = new List<ToldLookalike>();
        var open = new List<LookalikeMatch>();
        foreach (IGrouping<(string Owner, string Registrable), LookalikeMatch> group in matches.GroupBy(match => (match.Owner, match.Registrable)))
        {
            (string Name, object? Value)[] which = [("@owner", group.Key.Owner), ("@registrable", group.Key.Registrable)];
            LookalikePlan plan = LookalikeRules.Plan([.. group], session.All("SELECT id, domain, state, last_seen FROM lookalike WHERE owner = @owner AND registrable = @registrable",
                row => new LookalikeRow(row.GetInt64(0), row.GetString(1), row.Named<LookalikeState>(2), row.Time(3)), which), now);
            foreach (LookalikeStep step in plan.Steps)
            {
                long id = step.Row ?? AddLookalike(session, step, issuance, now);
                if (Join(session, id, step, issuance, now) && step.Change is { } change) told.Add(new ToldLookalike(id, change, step.Told));
            }
            if (plan.MakesBulk) session.Run("UPDATE lookalike SET state = 'bulk' WHERE owner = @owner AND registrable = @registrable AND domain <> '' AND state = 'open'", which);
            open.AddRange(plan.Open);
        }
        alerted.AddRange(told.Select(one => one.ToAlerted()));

        foreach (LookalikeTelling telling in LookalikeRules.Tellings(told, open, decision.OwedLookalikes, ((MatchFinding)decision.Finding).Certificate.CertDer.Length))
        {
            long alert = session.Single("INSERT INTO lookalike_alert (lookalike, issuance, change, at, names) VALUES (@lookalike, @issuance, @change, @now, @names) RETURNING id",
                row => row.GetInt64(0), ("@lookalike", telling.Lookalike), ("@issuance", issuance), ("@change", telling.Change), ("@now", now), ("@names", JsonSerializer.Serialize(telling.Names)));
            foreach (string webhook in telling.Webhooks) owed += Owe(session, webhook, EventKinds.Lookalike, alert, headSeen, now);
        }
    }

    private static long AddLookalike(SqliteSession session, LookalikeStep step, long issuance, DateTimeOffset now) => session.Single(
        """
        INSERT INTO lookalike (owner, domain, registrable, state, best, score, class, reasons, names, certificates, issuance, opened, last_seen)
        VALUES (@owner, @domain, @registrable, @state, @best, @score, @class, @reasons, 0, 0, @issuance, @now, @now) RETURNING id
        """,
        row => row.GetInt64(0),
        ("@owner", step.Match.Owner), ("@domain", step.Domain), ("@registrable", step.Match.Registrable), ("@state", step.State), ("@best", step.Match.Names[0].Name),
        ("@score", step.Match.Names[0].Score), ("@class", step.Match.Names[0].Class), ("@reasons", JsonSerializer.Serialize(step.Match.Names[0].Reasons)), ("@issuance", issuance), ("@now", now));

    /// <returns>Whether the certificate is new to it.</returns>
    private static bool Join(SqliteSession session, long lookalike, LookalikeStep step, long issuance, DateTimeOffset now)
    {
        if (session.Run("INSERT INTO lookalike_issuance (lookalike, issuance) VALUES (@id, @issuance) ON CONFLICT DO NOTHING", ("@id", lookalike), ("@issuance", issuance)) == 0) return false;

        long names = session.Single("SELECT names FROM lookalike WHERE id = @id", row => row.GetInt64(0), ("@id", lookalike));
        // A bulk finding's are its members'.
        if (step.Domain.Length > 0)
            foreach (LookalikeName name in step.Match.Names.Take((int)Math.Max(0, LookalikeRules.MostNames - names)))
                names += session.Run(
                    "INSERT INTO lookalike_name (lookalike, name, score, class, reasons, issuance, seen) VALUES (@id, @name, @score, @class, @reasons, @issuance, @now) ON CONFLICT DO NOTHING",
                    ("@id", lookalike), ("@name", name.Name), ("@score", name.Score), ("@class", name.Class), ("@reasons", JsonSerializer.Serialize(name.Reasons)),
                    ("@issuance", issuance), ("@now", now));
        session.Run("UPDATE lookalike SET names = @names, certificates = certificates + 1, issuance = @issuance, last_seen = @now WHERE id = @id",
            ("@id", lookalike), ("@names", names), ("@issuance", issuance), ("@now", now));
        LookalikeName best = step.Match.Names[0];
        session.Run("UPDATE lookalike SET best = @best, score = @score, class = @class, reasons = @reasons WHERE id = @id AND score < @score",
            ("@id", lookalike), ("@best", best.Name), ("@score", best.Score), ("@class", best.Class), ("@reasons", JsonSerializer.Serialize(best.Reasons)));
        return true;
    }

    /// <summary>Those of a protected domain of which all names are the allowed one, or lie below it.</summary>
    private static int CloseAllowed(SqliteSession session, AllowedName allowed, LookalikeState state) => session.Run(
        """
        UPDATE lookalike SET state = @state
        WHERE owner = @owner AND domain = @domain AND state <> 'bulk' AND (state = 'allowed') = (@state <> 'allowed') AND NOT EXISTS (
            SELECT 1 FROM lookalike_name AS other
            WHERE other.lookalike = lookalike.id AND other.name <> @name AND substr(other.name, -length(@below)) <> @below)
        """,
        ("@owner", allowed.Owner), ("@domain", allowed.Domain), ("@name", allowed.Name), ("@below", "." + allowed.Name), ("@state", state));

    private static StoredLookalike ReadLookalike(SqliteDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3), row.Named<LookalikeState>(4),
        new LookalikeName(row.GetString(5), row.GetInt32(6), row.GetString(7), Texts(row.GetString(8))), row.GetInt64(9), row.GetInt64(10), row.GetInt64(11), row.Time(12), row.Time(13));
}
