using System.Text.Json;
using CertHerald.Deciding;
using CertHerald.Inspecting;
using Npgsql;

namespace CertHerald.Storage.Postgres;

/// <summary>Look-alikes, and what was told of them.</summary>
internal sealed partial class PostgresStore
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

    public async Task<IReadOnlyList<StoredLookalike>> LookalikesAsync(LookalikeFilter filter, CancellationToken cancellation) => await ReadAsync(
        session => session.AllAsync(
            Listing(filter), ReadLookalike,
            [.. from one in ((string Name, object? Value)[])
                [
                    ("@owner", filter.Owner), ("@domain", filter.Domain), ("@state", filter.State), ("@registrable", filter.Registrable),
                    ("@score", filter.After?.Score), ("@id", filter.After?.Id), ("@before", filter.After is null ? filter.Before ?? long.MaxValue : null),
                    ("@least", filter.Least > 1 ? filter.Least : null),
                ]
                where one.Value is not null select one,
                ("@limit", filter.Limit)]),
        cancellation);

    // Only what is asked for stands in it: an index serves no condition that may be none.
    private static string Listing(LookalikeFilter filter) =>
        $"SELECT {LookalikeColumns} FROM lookalike WHERE {(filter.After is null ? "id < @before" : "(score, id) < (@score, @id)")}" + (filter.Least > 1 ? " AND score >= @least" : "")
        + (filter.Owner is null ? "" : " AND owner = @owner") + (filter.Domain is null ? "" : " AND domain = @domain")
        + (filter.State is null ? "" : " AND state = @state") + (filter.Registrable is null ? "" : " AND registrable = @registrable")
        + (filter.NewestFirst ? " ORDER BY id DESC" : " ORDER BY score DESC, id DESC") + " LIMIT @limit";

    public Task<StoredLookalike?> FindLookalikeAsync(long id, CancellationToken cancellation) => ReadAsync(
        session => session.FirstAsync($"SELECT {LookalikeColumns} FROM lookalike WHERE id = @id", ReadLookalike, ("@id", id)), cancellation);

    public async Task<IReadOnlyList<ImitatingName>> ImitatingNamesAsync(long lookalike, int limit, CancellationToken cancellation) => await ReadAsync(
        session => session.AllAsync(NamesOfLookalike,
            row => new ImitatingName(
                row.GetString(0), new LookalikeName(row.GetString(1), row.GetInt32(2), row.GetString(3), row.GetFieldValue<string[]>(4)), row.GetInt64(5), row.Time(6)),
            ("@id", lookalike), ("@limit", limit)),
        cancellation);

    public async Task<IReadOnlyList<StoredLookalike>> LookalikesOfAsync(long issuance, CancellationToken cancellation) => await ReadAsync(
        session => session.AllAsync(
            $"SELECT {LookalikeColumns} FROM lookalike WHERE id IN (SELECT lookalike FROM lookalike_issuance WHERE issuance = @issuance) ORDER BY score DESC, id",
            ReadLookalike, ("@issuance", issuance)),
        cancellation);

    public Task<LookalikeAlert?> FindLookalikeAlertAsync(long id, CancellationToken cancellation) => ReadAsync(
        async session =>
        {
            var alert = await session.FirstAsync(
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
            return alert is not null && await ReadIssuancesAsync(session, "WHERE id = @id", ("@id", alert.Issuance)) is [var issuance]
                ? new LookalikeAlert(id, alert.Lookalike, alert.Owner, alert.Registrable, alert.Change, alert.At, alert.Names, issuance)
                : null;
        },
        cancellation);

    public Task<bool> SetLookalikeAsync(long id, LookalikeState state, CancellationToken cancellation) => WriteAsync(
        async session => await session.RunAsync(
            """
            UPDATE lookalike SET state = @state WHERE id = @id OR (state = 'bulk' AND @state <> 'open'
                AND (owner, registrable) = (SELECT owner, registrable FROM lookalike WHERE id = @id AND domain = ''))
            """,
            ("@id", id), ("@state", state)) > 0,
        cancellation);

    public Task<int> DeleteLookalikesAsync(DateTimeOffset before, int limit, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            // No batch may show one of them anew meanwhile.
            await session.LockAsync(PostgresLock.Lookalikes);
            // Ids ascend with the time of discovery. Were a clock set back, what is behind waits until its turn has come.
            long[] old = [.. (await session.AllAsync(
                """
                SELECT DISTINCT issuance.id, discovered FROM lookalike_issuance JOIN issuance ON issuance.id = lookalike_issuance.issuance JOIN lookalike ON lookalike.id = lookalike
                WHERE lookalike.issuance <> lookalike_issuance.issuance OR last_seen < @before ORDER BY issuance.id LIMIT @limit
                """,
                row => (Id: row.GetInt64(0), Discovered: row.Time(1)), ("@before", before), ("@limit", limit))).TakeWhile(one => one.Discovered < before).Select(one => one.Id)];
            if (old.Length > 0)
            {
                await session.RunAsync("DELETE FROM lookalike_alert WHERE issuance = ANY(@ids) AND at < @before", ("@ids", old), ("@before", before));
                await session.RunAsync(
                    """
                    DELETE FROM lookalike_issuance USING lookalike
                    WHERE lookalike.id = lookalike AND lookalike_issuance.issuance = ANY(@ids) AND (lookalike.issuance <> lookalike_issuance.issuance OR last_seen < @before)
                    """,
                    ("@ids", old), ("@before", before));
                await DeleteBareAsync(session, old);
            }

            long[] gone = [.. await session.AllAsync(
                "SELECT id FROM lookalike WHERE last_seen < @before ORDER BY last_seen LIMIT @limit", row => row.GetInt64(0), ("@before", before), ("@limit", limit - old.Length))];
            foreach (string table in (string[])["lookalike_alert", "lookalike_issuance", "lookalike_name"]) await session.RunAsync($"DELETE FROM {table} WHERE lookalike = ANY(@ids)", ("@ids", gone));
            await session.RunAsync("DELETE FROM lookalike WHERE id = ANY(@ids)", ("@ids", gone));
            return old.Length + gone.Length;
        },
        cancellation);

    /// <summary>Issuances that nothing needs any more: no watched name, no look-alike.</summary>
    private async Task DeleteBareAsync(PostgresSession session, long[] ids)
    {
        // Whether it is watched is asked of the row itself: whoever waits for a row's lock then sees what became of that, and of no other.
        IReadOnlyList<Issuance> bare = await ReadIssuancesAsync(
            session,
            """
            WHERE id = ANY(@ids) AND NOT is_watched
                AND NOT EXISTS (SELECT 1 FROM lookalike_issuance WHERE lookalike_issuance.issuance = issuance.id) ORDER BY id FOR UPDATE
            """,
            ("@ids", ids));
        long[] gone = [.. bare.Select(one => one.Id)];
        await DeleteKeysAsync(session, [.. bare.Select(one => (one.Id, one.Certificate))]);
        await session.RunAsync(
            """
            DELETE FROM proof USING sighting
            WHERE sighting.issuance = ANY(@ids) AND proof.log = sighting.log AND proof.entry_index = sighting.entry_index AND proof.leaf_hash = sighting.leaf_hash
                AND NOT EXISTS (SELECT 1 FROM malformed WHERE (malformed.log, malformed.entry_index, malformed.leaf_hash) = (proof.log, proof.entry_index, proof.leaf_hash))
            """,
            ("@ids", gone));
        await session.RunAsync("DELETE FROM sighting WHERE issuance = ANY(@ids)", ("@ids", gone));
        await session.RunAsync("DELETE FROM revocation WHERE issuance = ANY(@ids)", ("@ids", gone));
        if (gone.Length > 0) await DeleteChainsAsync(session, gone);
        await session.RunAsync("DELETE FROM issuance WHERE id = ANY(@ids)", ("@ids", gone));
    }

    /// <summary>
    /// What certificates imitate. Read again, or in another log, or as the certificate after its precertificate, it changes nothing: a
    /// look-alike, its names and its certificates are there once each. Under a lock: four logs may show four imitations at once.
    /// </summary>
    private static async Task<IReadOnlyList<AlertedLookalike>> WriteLookalikesAsync(
        PostgresSession session, IReadOnlyList<(long Issuance, Decision Decision)> seen, List<Debt> owed, DateTimeOffset now)
    {
        (long Issuance, Decision Decision, IReadOnlyList<LookalikeMatch> Matches)[] found =
            [.. seen.Select(one => (one.Issuance, one.Decision, ((MatchFinding)one.Decision.Finding).Lookalikes)).Where(one => one.Lookalikes.Count > 0)];
        if (found.Length == 0) return [];

        await session.LockAsync(PostgresLock.Lookalikes);
        var alerted = new List<AlertedLookalike>();
        foreach ((long issuance, Decision decision, IReadOnlyList<LookalikeMatch> matches) in found)
        {
            var told = new List<ToldLookalike>();
            var open = new List<LookalikeMatch>();
            foreach (IGrouping<(string Owner, string Registrable), LookalikeMatch> group in matches.GroupBy(match => (match.Owner, match.Registrable)))
            {
                (string Name, object? Value)[] which = [("@owner", group.Key.Owner), ("@registrable", group.Key.Registrable)];
                LookalikePlan plan = LookalikeRules.Plan([.. group], await BeforeAsync(session, group.Key.Owner, group.Key.Registrable, group), now);
                foreach (LookalikeStep step in plan.Steps)
                {
                    long id = step.Row ?? await AddLookalikeAsync(session, step, issuance, now);
                    // Where there is a look-alike, no weak one is kept.
                    if (step.Row is null) await ForgetWeakAsync(session, step.Match);
                    if (await JoinAsync(session, id, step, issuance, now) && step.Change is { } change) told.Add(new ToldLookalike(id, change, step.Told));
                }
                if (plan.MakesBulk)
                    await session.RunAsync("UPDATE lookalike SET state = 'bulk' WHERE owner = @owner AND registrable = @registrable AND domain <> '' AND state = 'open'", which);
                open.AddRange(plan.Open);
            }
            alerted.AddRange(told.Select(one => one.ToAlerted()));

            foreach (LookalikeTelling telling in LookalikeRules.Tellings(told, open, decision.OwedLookalikes, ((MatchFinding)decision.Finding).Certificate.CertDer.Length))
            {
                long alert = await session.SingleAsync(
                    "INSERT INTO lookalike_alert (lookalike, issuance, change, at, names) VALUES (@lookalike, @issuance, @change, @now, @names) RETURNING id",
                    row => row.GetInt64(0), ("@lookalike", telling.Lookalike), ("@issuance", issuance), ("@change", telling.Change), ("@now", now), ("@names", JsonSerializer.Serialize(telling.Names)));
                owed.AddRange(telling.Webhooks.Select(webhook => new Debt(webhook, EventKinds.Lookalike, alert)));
            }
        }
        return alerted;
    }

    /// <summary>What its plan needs: a hoster's domain may imitate thousands of others, and be on every third certificate.</summary>
    private static Task<List<LookalikeRow>> BeforeAsync(PostgresSession session, string owner, string registrable, IEnumerable<LookalikeMatch> matches) => session.AllAsync(
        """
        SELECT id, domain, state, last_seen FROM (
            SELECT id, domain, state, last_seen FROM lookalike WHERE owner = @owner AND registrable = @registrable ORDER BY domain LIMIT @first) AS few
        UNION SELECT id, domain, state, last_seen FROM lookalike WHERE owner = @owner AND registrable = @registrable AND domain = ANY(@domains)
        """,
        row => new LookalikeRow(row.GetInt64(0), row.GetString(1), row.Named<LookalikeState>(2), row.Time(3)),
        ("@owner", owner), ("@registrable", registrable), ("@first", LookalikeRules.BulkFrom), ("@domains", matches.Select(match => match.Domain).ToArray()));

    private static Task<long> AddLookalikeAsync(PostgresSession session, LookalikeStep step, long issuance, DateTimeOffset now) => session.SingleAsync(
        """
        INSERT INTO lookalike (owner, domain, registrable, state, best, score, class, reasons, names, certificates, issuance, opened, last_seen)
        VALUES (@owner, @domain, @registrable, @state, @best, @score, @class, @reasons, 0, 0, @issuance, @now, @now) RETURNING id
        """,
        row => row.GetInt64(0),
        ("@owner", step.Match.Owner), ("@domain", step.Domain), ("@registrable", step.Match.Registrable), ("@state", step.State), ("@best", step.Match.Names[0].Name),
        ("@score", step.Match.Names[0].Score), ("@class", step.Match.Names[0].Class), ("@reasons", step.Match.Names[0].Reasons.ToArray()), ("@issuance", issuance), ("@now", now));

    /// <returns>Whether the certificate is new to it.</returns>
    private static async Task<bool> JoinAsync(PostgresSession session, long lookalike, LookalikeStep step, long issuance, DateTimeOffset now)
    {
        if (await session.RunAsync("INSERT INTO lookalike_issuance (lookalike, issuance) VALUES (@id, @issuance) ON CONFLICT DO NOTHING", ("@id", lookalike), ("@issuance", issuance)) == 0) return false;

        long names = await session.SingleAsync("SELECT names FROM lookalike WHERE id = @id FOR UPDATE", row => row.GetInt64(0), ("@id", lookalike));
        // A bulk finding's are its members'.
        LookalikeName[] kept = step.Domain.Length == 0 ? [] : [.. step.Match.Names.Take((int)Math.Max(0, LookalikeRules.MostNames - names))];
        if (kept.Length > 0)
            names += await session.RunAsync(
                """
                INSERT INTO lookalike_name (lookalike, name, score, class, reasons, issuance, seen)
                SELECT @id, name, score, class, ARRAY(SELECT jsonb_array_elements_text(reasons::jsonb)), @issuance, @now
                FROM unnest(@kept, @scores, @classes, @reasons) AS new (name, score, class, reasons) ON CONFLICT DO NOTHING
                """,
                ("@id", lookalike), ("@kept", kept.Select(name => name.Name).ToArray()), ("@scores", kept.Select(name => name.Score).ToArray()),
                ("@classes", kept.Select(name => name.Class).ToArray()), ("@reasons", kept.Select(name => JsonSerializer.Serialize(name.Reasons)).ToArray()),
                ("@issuance", issuance), ("@now", now));
        await session.RunAsync("UPDATE lookalike SET names = @names, certificates = certificates + 1, issuance = @issuance, last_seen = @now WHERE id = @id",
            ("@id", lookalike), ("@names", names), ("@issuance", issuance), ("@now", now));
        LookalikeName best = step.Match.Names[0];
        await session.RunAsync("UPDATE lookalike SET best = @best, score = @score, class = @class, reasons = @reasons WHERE id = @id AND score < @score",
            ("@id", lookalike), ("@best", best.Name), ("@score", best.Score), ("@class", best.Class), ("@reasons", best.Reasons.ToArray()));
        return true;
    }

    // Of a protected domain those of which all names are the allowed one, or lie below it.
    private const string AreCovered = """
        WHERE owner = @owner AND domain = @domain AND NOT EXISTS (
            SELECT 1 FROM lookalike_name AS other
            WHERE other.lookalike = lookalike.id AND other.name <> @name AND right(other.name, length(@below)) <> @below)
        """;

    private static Task<int> CloseAllowedAsync(PostgresSession session, AllowedName allowed) => session.RunAsync(
        $"UPDATE lookalike SET state = 'allowed' {AreCovered} AND state NOT IN ('allowed', 'bulk')",
        ("@owner", allowed.Owner), ("@domain", allowed.Domain), ("@name", allowed.Name), ("@below", "." + allowed.Name));

    /// <summary>What it covered and other names that are allowed do not.</summary>
    /// <param name="taken">It is allowed no more.</param>
    private static Task<int> OpenAllowedAsync(PostgresSession session, AllowedName taken) => session.RunAsync(
        $"""
        UPDATE lookalike SET state = 'open' {AreCovered} AND state = 'allowed' AND EXISTS (
            SELECT 1 FROM lookalike_name AS one WHERE one.lookalike = lookalike.id AND NOT EXISTS (
                SELECT 1 FROM allowed_name AS still WHERE still.owner = @owner AND still.domain = @domain
                    AND (one.name = still.name OR right(one.name, length(still.name) + 1) = '.' || still.name)))
        """,
        ("@owner", taken.Owner), ("@domain", taken.Domain), ("@name", taken.Name), ("@below", "." + taken.Name));

    private static StoredLookalike ReadLookalike(NpgsqlDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3), row.Named<LookalikeState>(4),
        new LookalikeName(row.GetString(5), row.GetInt32(6), row.GetString(7), row.GetFieldValue<string[]>(8)), row.GetInt64(9), row.GetInt64(10), row.GetInt64(11), row.Time(12), row.Time(13));
}
