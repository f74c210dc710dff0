using System.Text.Json;
using CertHerald.Deciding;
using CertHerald.Inspecting;
using Microsoft.Data.Sqlite;

namespace CertHerald.Storage.Sqlite;

/// <summary>Weak look-alikes, and the digests of them.</summary>
internal sealed partial class SqliteStore
{
    private const string WeakColumns = "id, domain, registrable, name, score, class, reasons, length(certificates), first_seen, last_seen";

    private const string UntoldWeak = "weak_lookalike WHERE told = 0 AND first_seen < @until";

    private const string WeakToTell = "(SELECT key AS wanted, value AS least FROM json_each(@wanted)) JOIN weak_lookalike ON domain = wanted AND score >= least WHERE told = 0 AND first_seen < @until";

    public Task<IReadOnlyList<StoredWeakLookalike>> WeakLookalikesAsync(WeakLookalikeFilter filter, CancellationToken cancellation) => ReadAsync<IReadOnlyList<StoredWeakLookalike>>(
        session => session.All(
            // Only what is asked for stands in it: an index serves no condition that may be none.
            $"SELECT {WeakColumns} FROM weak_lookalike WHERE id < @before" + (filter.Domain is null ? "" : " AND domain = @domain") + (filter.After is null ? "" : " AND (score, id) < (@score, @id)")
            + (filter.NewestFirst ? " ORDER BY id DESC" : " ORDER BY score DESC, id DESC") + " LIMIT @limit",
            ReadWeak, ("@domain", filter.Domain), ("@before", filter.Before ?? long.MaxValue), ("@score", filter.After?.Score), ("@id", filter.After?.Id), ("@limit", filter.Limit)),
        cancellation);

    public async Task<(DigestFacts Digest, int Owed)?> TellDigestAsync(DateTimeOffset until, IReadOnlyDictionary<string, int> wanted, IReadOnlyList<string> webhooks, CancellationToken cancellation)
    {
        // Most looks find nothing: look before taking the writer's time.
        if (webhooks.Count == 0 || await ReadAsync(session => session.Single($"SELECT COUNT(*) FROM {UntoldWeak}", row => row.GetInt64(0), ("@until", until)), cancellation) == 0) return null;
        return await WriteAsync<(DigestFacts, int)?>(
            session =>
            {
                string domains = JsonSerializer.Serialize(wanted);
                List<StoredWeakLookalike> best = session.All($"SELECT {WeakColumns} FROM {WeakToTell} ORDER BY score DESC, id LIMIT @most", ReadWeak, ("@wanted", domains), ("@until", until), ("@most", DigestFacts.Most));
                DigestFacts digest = DigestFacts.Of(until, best, session.Single($"SELECT COUNT(*) FROM {WeakToTell}", row => row.GetInt64(0), ("@wanted", domains), ("@until", until)));
                int owed = best.Count == 0 ? 0 : OweNotice(session, digest.ToDraft(), webhooks, _time.GetUtcNow(), EventKinds.LookalikeDigest);
                // That day's was told before.
                if (best.Count > 0 && owed == 0) return null;
                session.Run("UPDATE weak_lookalike SET told = 1 WHERE told = 0 AND first_seen < @until", ("@until", until));
                return best.Count == 0 ? null : (digest, owed);
            },
            cancellation);
    }

    public Task<int> DeleteWeakLookalikesAsync(DateTimeOffset before, int most, int limit, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            int old = session.Run(
                "DELETE FROM weak_lookalike WHERE id IN (SELECT id FROM weak_lookalike WHERE last_seen < @before ORDER BY last_seen LIMIT @limit)", ("@before", before), ("@limit", limit));
            long over = session.Single("SELECT COUNT(*) FROM weak_lookalike", row => row.GetInt64(0)) - most;
            return over <= 0 ? old : old + session.Run(
                "DELETE FROM weak_lookalike WHERE id IN (SELECT id FROM weak_lookalike ORDER BY score, id DESC LIMIT @over)", ("@over", Math.Min(over, limit - old)));
        },
        cancellation);

    /// <returns>How many are kept now and were not before.</returns>
    private static int WriteWeakLookalikes(SqliteSession session, IReadOnlyList<WeakLookalike> weak, DateTimeOffset now)
    {
        if (weak.Count == 0) return 0;
        var before = new Dictionary<(string, string), WeakRow>();
        var standing = new Dictionary<string, (int Count, int Weakest)>(StringComparer.Ordinal);
        var open = new List<WeakLookalike>();
        foreach (IGrouping<(string Domain, string Registrable), WeakLookalike> pair in weak.GroupBy(one => (one.Domain, one.Registrable)))
        {
            if (IsAlerted(session, pair.Key.Domain, pair.Key.Registrable)) continue;
            open.AddRange(pair);
            if (session.First("SELECT id, certificates FROM weak_lookalike WHERE domain = @domain AND registrable = @registrable", row => new WeakRow(row.GetInt64(0), row.Bytes(1)),
                ("@domain", pair.Key.Domain), ("@registrable", pair.Key.Registrable)) is { } row) before.Add(pair.Key, row);
            else if (!standing.ContainsKey(pair.Key.Domain)) standing.Add(pair.Key.Domain, StandingOf(session, pair.Key.Domain));
        }

        WeakPlan plan = WeakLookalikeRules.Plan(open, before, standing);
        var added = new HashSet<long>();
        foreach (WeakChange one in plan.Added)
            added.Add(session.Single(
                """
                INSERT INTO weak_lookalike (domain, registrable, name, score, class, reasons, certificates, first_seen, last_seen, told)
                VALUES (@domain, @registrable, @name, @score, @class, @reasons, @certificates, @now, @now, @told) RETURNING id
                """,
                row => row.GetInt64(0),
                ("@domain", one.Domain), ("@registrable", one.Registrable), ("@name", one.Best.Name), ("@score", one.Best.Score), ("@class", one.Best.Class),
                ("@reasons", JsonSerializer.Serialize(one.Best.Reasons)), ("@certificates", one.Certificates), ("@now", now), ("@told", one.IsSilent)));
        foreach (WeakChange one in plan.Changed)
        {
            session.Run("UPDATE weak_lookalike SET certificates = @certificates, last_seen = @now WHERE id = @id", ("@id", one.Row), ("@certificates", one.Certificates), ("@now", now));
            session.Run("UPDATE weak_lookalike SET name = @name, score = @score, class = @class, reasons = @reasons WHERE id = @id AND score < @score",
                ("@id", one.Row), ("@name", one.Best.Name), ("@score", one.Best.Score), ("@class", one.Best.Class), ("@reasons", JsonSerializer.Serialize(one.Best.Reasons)));
        }
        foreach (IGrouping<string, WeakChange> domain in plan.Added.GroupBy(one => one.Domain, StringComparer.Ordinal))
            if (standing[domain.Key].Count + domain.Count() > WeakLookalikeRules.MostOfDomain)
                added.ExceptWith(session.All(
                    "DELETE FROM weak_lookalike WHERE id IN (SELECT id FROM weak_lookalike WHERE domain = @domain ORDER BY score DESC, id LIMIT -1 OFFSET @most) RETURNING id",
                    row => row.GetInt64(0), ("@domain", domain.Key), ("@most", WeakLookalikeRules.MostOfDomain)));
        return added.Count;
    }

    private static bool IsAlerted(SqliteSession session, string domain, string registrable) => session.First(
        "SELECT 1 FROM lookalike WHERE owner = '' AND registrable = @registrable AND domain = @domain", row => row.GetInt64(0), ("@registrable", registrable), ("@domain", domain)) == 1;

    private static (int Count, int Weakest) StandingOf(SqliteSession session, string domain) => session.Single(
        "SELECT COUNT(*), COALESCE(MIN(score), 0) FROM weak_lookalike WHERE domain = @domain", row => (row.GetInt32(0), row.GetInt32(1)), ("@domain", domain));

    /// <summary>One that is a look-alike now, by another of its names.</summary>
    private static int ForgetWeak(SqliteSession session, LookalikeMatch match) => match.Owner != ProtectedDomainOwners.Operator ? 0 : session.Run(
        "DELETE FROM weak_lookalike WHERE domain = @domain AND registrable = @registrable", ("@domain", match.Domain), ("@registrable", match.Registrable));

    /// <summary>Those that an allowed name covers.</summary>
    private static int ForgetWeak(SqliteSession session, AllowedName allowed) => allowed.Owner != ProtectedDomainOwners.Operator ? 0 : session.Run(
        "DELETE FROM weak_lookalike WHERE domain = @domain AND (registrable = @name OR name = @name OR substr(name, -length(@below)) = @below)",
        ("@domain", allowed.Domain), ("@name", allowed.Name), ("@below", "." + allowed.Name));

    private static StoredWeakLookalike ReadWeak(SqliteDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetString(2), new LookalikeName(row.GetString(3), row.GetInt32(4), row.GetString(5), Texts(row.GetString(6))),
        WeakCertificates.Count(row.GetInt32(7)), row.Time(8), row.Time(9));
}
