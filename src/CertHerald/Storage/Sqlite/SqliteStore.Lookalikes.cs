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
            Listing(filter), ReadLookalike, ("@owner", filter.Owner), ("@domain", filter.Domain), ("@state", filter.State), ("@registrable", filter.Registrable),
            ("@least", filter.Least), ("@before", filter.Before ?? long.MaxValue), ("@score", filter.After?.Score), ("@id", filter.After?.Id), ("@limit", filter.Limit)),
        cancellation);

    // Only what is asked for stands in it: an index serves no condition that may be none.
    internal static string Listing(LookalikeFilter filter) =>
        $"SELECT {LookalikeColumns} FROM lookalike WHERE {(filter.After is null ? "id < @before" : "(score, id) < (@score, @id)")}" + (filter.Least > 1 ? " AND score >= @least" : "")
        + (filter.Owner is null ? "" : " AND owner = @owner") + (filter.Domain is null ? "" : " AND domain = @domain")
        + (filter.State is null ? "" : " AND state = @state") + (filter.Registrable is null ? "" : " AND registrable = @registrable")
        + (filter.NewestFirst ? " ORDER BY id DESC" : " ORDER BY score DESC, id DESC") + " LIMIT @limit";

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

    public Task<int> DeleteLookalikesAsync(DateTimeOffset before, int limit, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            // Ids ascend with the time of discovery. Were the clock set back, what is behind waits until its turn has come.
            List<long> old = [.. session.All(
                """
                SELECT DISTINCT issuance.id, discovered FROM lookalike_issuance JOIN issuance ON issuance.id = lookalike_issuance.issuance JOIN lookalike ON lookalike.id = lookalike
                WHERE lookalike.issuance <> lookalike_issuance.issuance OR last_seen < @before ORDER BY lookalike_issuance.issuance LIMIT @limit
                """,
                row => (Id: row.GetInt64(0), Discovered: row.Time(1)), ("@before", before), ("@limit", limit)).TakeWhile(one => one.Discovered < before).Select(one => one.Id)];
            foreach (long id in old)
            {
                session.Run("DELETE FROM lookalike_alert WHERE issuance = @id AND at < @before", ("@id", id), ("@before", before));
                session.Run(
                    "DELETE FROM lookalike_issuance WHERE issuance = @id AND lookalike IN (SELECT id FROM lookalike WHERE lookalike.issuance <> @id OR last_seen < @before)",
                    ("@id", id), ("@before", before));
                DeleteBare(session, id);
            }

            List<long> gone = session.All("SELECT id FROM lookalike WHERE last_seen < @before ORDER BY last_seen LIMIT @limit", row => row.GetInt64(0), ("@before", before), ("@limit", limit - old.Count));
            foreach (long id in gone)
            {
                foreach (string table in (string[])["lookalike_alert", "lookalike_issuance", "lookalike_name"]) session.Run($"DELETE FROM {table} WHERE lookalike = @id", ("@id", id));
                session.Run("DELETE FROM lookalike WHERE id = @id", ("@id", id));
            }
            return old.Count + gone.Count;
        },
        cancellation);

    /// <summary>An issuance that nothing needs any more: no watched name, no look-alike.</summary>
    private static void DeleteBare(SqliteSession session, long id)
    {
        var bare = session.First(
            $"""
            SELECT {IssuanceColumns} FROM issuance WHERE id = @id
                AND NOT EXISTS (SELECT 1 FROM endpoint WHERE issuance = @id) AND NOT EXISTS (SELECT 1 FROM lookalike_issuance WHERE issuance = @id)
            """,
            ReadFacts, ("@id", id));
        if (bare is null) return;
        DeleteKeys(session, id, bare);
        session.Run(
            """
            DELETE FROM proof WHERE (log, entry_index, leaf_hash) IN (SELECT log, entry_index, leaf_hash FROM sighting WHERE issuance = @id)
                AND NOT EXISTS (SELECT 1 FROM malformed WHERE (malformed.log, malformed.entry_index, malformed.leaf_hash) = (proof.log, proof.entry_index, proof.leaf_hash))
            """,
            ("@id", id));
        session.Run("DELETE FROM sighting WHERE issuance = @id", ("@id", id));
        session.Run("DELETE FROM revocation WHERE issuance = @id", ("@id", id));
        DeleteChain(session, id);
        session.Run("DELETE FROM issuance WHERE id = @id", ("@id", id));
    }

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
            LookalikePlan plan = LookalikeRules.Plan([.. group], Before(session, group.Key.Owner, group.Key.Registrable, group), now);
            foreach (LookalikeStep step in plan.Steps)
            {
                long id = step.Row ?? AddLookalike(session, step, issuance, now);
                // Where there is a look-alike, no weak one is kept.
                if (step.Row is null) ForgetWeak(session, step.Match);
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

    /// <summary>What its plan needs: a hoster's domain may imitate thousands of others, and be on every third certificate.</summary>
    private static List<LookalikeRow> Before(SqliteSession session, string owner, string registrable, IEnumerable<LookalikeMatch> matches) => session.All(
        """
        SELECT id, domain, state, last_seen FROM (
            SELECT id, domain, state, last_seen FROM lookalike WHERE owner = @owner AND registrable = @registrable ORDER BY domain LIMIT @first)
        UNION SELECT id, domain, state, last_seen FROM lookalike WHERE owner = @owner AND registrable = @registrable AND domain IN (SELECT value FROM json_each(@domains))
        """,
        row => new LookalikeRow(row.GetInt64(0), row.GetString(1), row.Named<LookalikeState>(2), row.Time(3)),
        ("@owner", owner), ("@registrable", registrable), ("@first", LookalikeRules.BulkFrom), ("@domains", JsonSerializer.Serialize(matches.Select(match => match.Domain))));

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

    // Of a protected domain those of which all names are the allowed one, or lie below it.
    private const string AreCovered = """
        WHERE owner = @owner AND domain = @domain AND NOT EXISTS (
            SELECT 1 FROM lookalike_name AS other
            WHERE other.lookalike = lookalike.id AND other.name <> @name AND substr(other.name, -length(@below)) <> @below)
        """;

    private static int CloseAllowed(SqliteSession session, AllowedName allowed) => session.Run(
        $"UPDATE lookalike SET state = 'allowed' {AreCovered} AND state NOT IN ('allowed', 'bulk')",
        ("@owner", allowed.Owner), ("@domain", allowed.Domain), ("@name", allowed.Name), ("@below", "." + allowed.Name));

    /// <summary>What it covered and other names that are allowed do not.</summary>
    /// <param name="taken">It is allowed no more.</param>
    private static int OpenAllowed(SqliteSession session, AllowedName taken) => session.Run(
        $"""
        UPDATE lookalike SET state = 'open' {AreCovered} AND state = 'allowed' AND EXISTS (
            SELECT 1 FROM lookalike_name AS one WHERE one.lookalike = lookalike.id AND NOT EXISTS (
                SELECT 1 FROM allowed_name AS still WHERE still.owner = @owner AND still.domain = @domain
                    AND (one.name = still.name OR substr(one.name, -length(still.name) - 1) = '.' || still.name)))
        """,
        ("@owner", taken.Owner), ("@domain", taken.Domain), ("@name", taken.Name), ("@below", "." + taken.Name));

    private static StoredLookalike ReadLookalike(SqliteDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3), row.Named<LookalikeState>(4),
        new LookalikeName(row.GetString(5), row.GetInt32(6), row.GetString(7), Texts(row.GetString(8))), row.GetInt64(9), row.GetInt64(10), row.GetInt64(11), row.Time(12), row.Time(13));
}
