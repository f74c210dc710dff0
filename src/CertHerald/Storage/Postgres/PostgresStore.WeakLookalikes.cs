using System.Text.Json;
using CertHerald.Deciding;
using CertHerald.Inspecting;
using Npgsql;

namespace CertHerald.Storage.Postgres;

/// <summary>Weak look-alikes, and the digests of them. Under the lock of look-alikes: what becomes one elsewhere must not stay weak here.</summary>
internal sealed partial class PostgresStore
{
    private const string WeakColumns = "id, domain, registrable, name, score, class, reasons, length(certificates), first_seen, last_seen";

    private const string UntoldWeak = "weak_lookalike WHERE NOT told AND first_seen < @until";

    private const string WeakToTell = "unnest(@wanted, @leasts) AS given (wanted, least) JOIN weak_lookalike ON domain = wanted AND score >= least WHERE NOT told AND first_seen < @until";

    public async Task<IReadOnlyList<StoredWeakLookalike>> WeakLookalikesAsync(WeakLookalikeFilter filter, CancellationToken cancellation) => await ReadAsync(
        session => session.AllAsync(
            // Only what is asked for stands in it: an index serves no condition that may be none.
            $"SELECT {WeakColumns} FROM weak_lookalike WHERE id < @before" + (filter.Domain is null ? "" : " AND domain = @domain") + (filter.After is null ? "" : " AND (score, id) < (@score, @id)")
            + (filter.NewestFirst ? " ORDER BY id DESC" : " ORDER BY score DESC, id DESC") + " LIMIT @limit",
            ReadWeak,
            [.. from one in ((string Name, object? Value)[])[("@domain", filter.Domain), ("@score", filter.After?.Score), ("@id", filter.After?.Id)] where one.Value is not null select one,
                ("@before", filter.Before ?? long.MaxValue), ("@limit", filter.Limit)]),
        cancellation);

    public async Task<(DigestFacts Digest, int Owed)?> TellDigestAsync(DateTimeOffset until, IReadOnlyDictionary<string, int> wanted, IReadOnlyList<string> webhooks, CancellationToken cancellation)
    {
        // Most looks find nothing: look before taking a lock that the readers of logs wait for.
        if (webhooks.Count == 0 || await ReadAsync(session => session.SingleAsync($"SELECT COUNT(*) FROM {UntoldWeak}", row => row.GetInt64(0), ("@until", until)), cancellation) == 0) return null;
        (DigestFacts Digest, int Owed)? told = await WriteAsync<(DigestFacts, int)?>(
            async session =>
            {
                await session.LockAsync(PostgresLock.Lookalikes);
                string[] domains = [.. wanted.Keys];
                int[] leasts = [.. wanted.Values];
                List<StoredWeakLookalike> best = await session.AllAsync($"SELECT {WeakColumns} FROM {WeakToTell} ORDER BY score DESC, id LIMIT @most", ReadWeak,
                    ("@wanted", domains), ("@leasts", leasts), ("@until", until), ("@most", DigestFacts.Most));
                DigestFacts digest = DigestFacts.Of(until, best, await session.SingleAsync($"SELECT COUNT(*) FROM {WeakToTell}", row => row.GetInt64(0), ("@wanted", domains), ("@leasts", leasts), ("@until", until)));
                int owed = best.Count == 0 ? 0 : await OweNoticeAsync(session, digest.ToDraft(), webhooks, _time.GetUtcNow(), EventKinds.LookalikeDigest);
                // That day's was told before.
                if (best.Count > 0 && owed == 0) return null;
                await session.RunAsync("UPDATE weak_lookalike SET told = true WHERE NOT told AND first_seen < @until", ("@until", until));
                return best.Count == 0 ? null : (digest, owed);
            },
            cancellation);
        if (told is not null) _hints.Tell();
        return told;
    }

    public Task<int> DeleteWeakLookalikesAsync(DateTimeOffset before, int most, int limit, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            await session.LockAsync(PostgresLock.Lookalikes);
            int old = await session.RunAsync(
                "DELETE FROM weak_lookalike WHERE id IN (SELECT id FROM weak_lookalike WHERE last_seen < @before ORDER BY last_seen LIMIT @limit)", ("@before", before), ("@limit", limit));
            long over = await session.SingleAsync("SELECT COUNT(*) FROM weak_lookalike", row => row.GetInt64(0)) - most;
            return over <= 0 ? old : old + await session.RunAsync(
                "DELETE FROM weak_lookalike WHERE id IN (SELECT id FROM weak_lookalike ORDER BY score, id DESC LIMIT @over)", ("@over", Math.Min(over, limit - old)));
        },
        cancellation);

    /// <returns>How many are kept now and were not before.</returns>
    private static async Task<int> WriteWeakLookalikesAsync(PostgresSession session, IReadOnlyList<WeakLookalike> weak, DateTimeOffset now)
    {
        if (weak.Count == 0) return 0;
        await session.LockAsync(PostgresLock.Lookalikes);
        (string Domain, string Registrable)[] pairs = [.. weak.Select(one => (one.Domain, one.Registrable)).Distinct()];
        var standingNow = await session.AllAsync(
            """
            SELECT place, weak_lookalike.id, weak_lookalike.certificates,
                EXISTS (SELECT 1 FROM lookalike WHERE owner = '' AND lookalike.registrable = one.registrable AND lookalike.domain = one.domain)
            FROM unnest(@domains, @registrables) WITH ORDINALITY AS one (domain, registrable, place)
                LEFT JOIN weak_lookalike ON weak_lookalike.domain = one.domain AND weak_lookalike.registrable = one.registrable
            """,
            row => (Pair: pairs[row.GetInt64(0) - 1], Row: row.IsDBNull(1) ? null : new WeakRow(row.GetInt64(1), row.Bytes(2)), IsAlerted: row.GetBoolean(3)),
            ("@domains", pairs.Select(pair => pair.Domain).ToArray()), ("@registrables", pairs.Select(pair => pair.Registrable).ToArray()));
        HashSet<(string, string)> alerted = [.. standingNow.Where(one => one.IsAlerted).Select(one => one.Pair)];
        Dictionary<string, (int Count, int Weakest)> standing = (await session.AllAsync(
            "SELECT domain, COUNT(*), MIN(score) FROM weak_lookalike WHERE domain = ANY(@domains) GROUP BY domain", row => (row.GetString(0), ((int)row.GetInt64(1), row.GetInt32(2))),
            ("@domains", standingNow.Where(one => one is { Row: null, IsAlerted: false }).Select(one => one.Pair.Domain).Distinct(StringComparer.Ordinal).ToArray()))).ToDictionary(StringComparer.Ordinal);

        WeakPlan plan = WeakLookalikeRules.Plan(
            [.. weak.Where(one => !alerted.Contains((one.Domain, one.Registrable)))],
            standingNow.Where(one => one.Row is not null).ToDictionary(one => one.Pair, one => one.Row!), standing);
        await ChangeWeakAsync(session, plan.Changed, now);
        HashSet<long> added = await AddWeakAsync(session, plan.Added, now);
        string[] full = [.. plan.Added.GroupBy(one => one.Domain, StringComparer.Ordinal).Where(one => standing.GetValueOrDefault(one.Key).Count + one.Count() > WeakLookalikeRules.MostOfDomain).Select(one => one.Key)];
        if (full.Length > 0)
            added.ExceptWith(await session.AllAsync(
                """
                DELETE FROM weak_lookalike USING (
                    SELECT id, row_number() OVER (PARTITION BY domain ORDER BY score DESC, id) AS place FROM weak_lookalike WHERE domain = ANY(@domains)) AS ranked
                WHERE weak_lookalike.id = ranked.id AND place > @most RETURNING weak_lookalike.id
                """,
                row => row.GetInt64(0), ("@domains", full), ("@most", WeakLookalikeRules.MostOfDomain)));
        return added.Count;
    }

    private static async Task<HashSet<long>> AddWeakAsync(PostgresSession session, IReadOnlyList<WeakChange> added, DateTimeOffset now)
    {
        if (added.Count == 0) return [];
        return [.. await session.AllAsync(
            """
            INSERT INTO weak_lookalike (domain, registrable, name, score, class, reasons, certificates, first_seen, last_seen, told)
            SELECT domain, registrable, name, score, class, ARRAY(SELECT jsonb_array_elements_text(reasons::jsonb)), certificates, @now, @now, told
            FROM unnest(@domains, @registrables, @names, @scores, @classes, @reasons, @certificates, @told) WITH ORDINALITY
                AS new (domain, registrable, name, score, class, reasons, certificates, told, place) ORDER BY place RETURNING id
            """,
            row => row.GetInt64(0),
            ("@domains", added.Select(one => one.Domain).ToArray()), ("@registrables", added.Select(one => one.Registrable).ToArray()), ("@names", added.Select(one => one.Best.Name).ToArray()),
            ("@scores", added.Select(one => one.Best.Score).ToArray()), ("@classes", added.Select(one => one.Best.Class).ToArray()),
            ("@reasons", added.Select(one => JsonSerializer.Serialize(one.Best.Reasons)).ToArray()), ("@certificates", added.Select(one => one.Certificates).ToArray()),
            ("@told", added.Select(one => one.IsSilent).ToArray()), ("@now", now))];
    }

    private static async Task ChangeWeakAsync(PostgresSession session, IReadOnlyList<WeakChange> changed, DateTimeOffset now)
    {
        if (changed.Count == 0) return;
        await session.RunAsync(
            """
            UPDATE weak_lookalike SET certificates = new.certificates, last_seen = @now,
                name = CASE WHEN weak_lookalike.score < new.score THEN new.name ELSE weak_lookalike.name END,
                class = CASE WHEN weak_lookalike.score < new.score THEN new.class ELSE weak_lookalike.class END,
                reasons = CASE WHEN weak_lookalike.score < new.score THEN ARRAY(SELECT jsonb_array_elements_text(new.reasons::jsonb)) ELSE weak_lookalike.reasons END,
                score = greatest(weak_lookalike.score, new.score)
            FROM unnest(@ids, @names, @scores, @classes, @reasons, @certificates) AS new (id, name, score, class, reasons, certificates) WHERE weak_lookalike.id = new.id
            """,
            ("@ids", changed.Select(one => one.Row!.Value).ToArray()), ("@names", changed.Select(one => one.Best.Name).ToArray()), ("@scores", changed.Select(one => one.Best.Score).ToArray()),
            ("@classes", changed.Select(one => one.Best.Class).ToArray()), ("@reasons", changed.Select(one => JsonSerializer.Serialize(one.Best.Reasons)).ToArray()),
            ("@certificates", changed.Select(one => one.Certificates).ToArray()), ("@now", now));
    }

    /// <summary>One that is a look-alike now, by another of its names.</summary>
    private static Task<int> ForgetWeakAsync(PostgresSession session, LookalikeMatch match) => match.Owner != ProtectedDomainOwners.Operator ? Task.FromResult(0) : session.RunAsync(
        "DELETE FROM weak_lookalike WHERE domain = @domain AND registrable = @registrable", ("@domain", match.Domain), ("@registrable", match.Registrable));

    /// <summary>Those that an allowed name covers.</summary>
    private static Task<int> ForgetWeakAsync(PostgresSession session, AllowedName allowed) => allowed.Owner != ProtectedDomainOwners.Operator ? Task.FromResult(0) : session.RunAsync(
        "DELETE FROM weak_lookalike WHERE domain = @domain AND (registrable = @name OR name = @name OR right(name, length(@below)) = @below)",
        ("@domain", allowed.Domain), ("@name", allowed.Name), ("@below", "." + allowed.Name));

    private static StoredWeakLookalike ReadWeak(NpgsqlDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetString(2), new LookalikeName(row.GetString(3), row.GetInt32(4), row.GetString(5), row.GetFieldValue<string[]>(6)),
        WeakCertificates.Count(row.GetInt32(7)), row.Time(8), row.Time(9));
}
