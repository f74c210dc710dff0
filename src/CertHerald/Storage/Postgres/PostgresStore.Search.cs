using CertHerald.Inspecting;

namespace CertHerald.Storage.Postgres;

/// <summary>Certificates by the names on them.</summary>
internal sealed partial class PostgresStore
{
    // Each range by itself: only so is it read in its order, and no further than needed.
    private const string OldestUnderKeys = """
        SELECT place, issuance FROM unnest(@keys) WITH ORDINALITY AS one (key, place) CROSS JOIN LATERAL
            (SELECT issuance FROM certificate_key WHERE certificate_key.key = one.key AND issuance > @above AND issuance < @below ORDER BY issuance LIMIT @limit) AS under
        ORDER BY issuance
        """;

    private const string NewestUnderKeys = """
        SELECT place, issuance FROM unnest(@keys) WITH ORDINALITY AS one (key, place) CROSS JOIN LATERAL
            (SELECT issuance FROM certificate_key WHERE certificate_key.key = one.key AND issuance > @above AND issuance < @below ORDER BY issuance DESC LIMIT @limit) AS under
        ORDER BY issuance DESC
        """;

    public Task<IReadOnlyList<StoredCertificate>> SearchCertificatesAsync(CertificateQuery query, CancellationToken cancellation) => ReadAsync<IReadOnlyList<StoredCertificate>>(
        async session =>
        {
            var plan = new CertificateSearchPlan(query);
            var found = new List<StoredCertificate>();
            while (!plan.IsAtEnd && found.Count < query.Limit)
            {
                int atOnce = plan.AtOnce(found.Count);
                IEnumerable<IReadOnlyList<long>> parts = (await session.AllAsync(
                    query.OldestFirst ? OldestUnderKeys : NewestUnderKeys, row => (Place: row.GetInt64(0), Id: row.GetInt64(1)),
                    ("@keys", plan.Keys.ToArray()), ("@above", plan.Above), ("@below", plan.Beneath), ("@limit", atOnce)))
                    .GroupBy(one => one.Place, one => one.Id).Select(part => part.ToArray());
                IReadOnlyList<long> ids = plan.Join(parts, atOnce);
                Dictionary<long, StoredCertificate> read = await FindCertificatesAsync(session, ids);
                found.AddRange(ids.Select(id => read.GetValueOrDefault(id)).OfType<StoredCertificate>().Where(one => plan.Finds(one.Certificate)).Take(query.Limit - found.Count));
            }
            return found;
        },
        cancellation);

    public Task<StoredCertificate?> FindCertificateAsync(long id, CancellationToken cancellation) => ReadAsync(
        async session => (await FindCertificatesAsync(session, [id])).GetValueOrDefault(id), cancellation);

    public Task<int> MarkExpiredAsync(DateTimeOffset now, int limit, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            List<long> ended = await session.AllAsync(
                """
                DELETE FROM certificate_end WHERE (not_after, issuance) IN
                    (SELECT not_after, issuance FROM certificate_end WHERE not_after <= @now ORDER BY not_after, issuance LIMIT @limit FOR UPDATE SKIP LOCKED)
                RETURNING issuance
                """,
                row => row.GetInt64(0), ("@now", now), ("@limit", limit));
            (long Id, long Key)[] keys = [.. from one in (await FindCertificatesAsync(session, ended)).Values from key in CertificateKeys.Of(one.Certificate) select (one.Id, key)];
            // What expired in the index of all certificates, and is watched since, has some of its keys aside already.
            await session.RunAsync(
                """
                WITH gone AS (DELETE FROM certificate_key USING unnest(@ids, @keys) AS one (id, key) WHERE certificate_key.key = one.key AND issuance = one.id
                              RETURNING certificate_key.key, issuance)
                INSERT INTO certificate_key (key, issuance) SELECT key | 1, issuance FROM gone ON CONFLICT DO NOTHING
                """,
                ("@ids", keys.Select(one => one.Id).ToArray()), ("@keys", keys.Select(one => one.Key).ToArray()));
            return ended.Count;
        },
        cancellation);

    /// <summary>Makes certificates findable.</summary>
    internal static async Task AddKeysAsync(PostgresSession session, IReadOnlyCollection<(long Id, CertificateFacts Facts)> certificates)
    {
        await AddKeysAsync(session, [.. from one in certificates from key in CertificateKeys.Of(one.Facts) select (one.Id, key)]);
        await AddEndsAsync(session, certificates);
    }

    private static Task<int> AddKeysAsync(PostgresSession session, (long Id, long Key)[] keys) => session.RunAsync(
        "INSERT INTO certificate_key (key, issuance) SELECT * FROM unnest(@keys, @ids) ON CONFLICT DO NOTHING",
        ("@keys", keys.Select(one => one.Key).ToArray()), ("@ids", keys.Select(one => one.Id).ToArray()));

    private static async Task AddEndsAsync(PostgresSession session, IEnumerable<(long Id, CertificateFacts Facts)> certificates)
    {
        (long Id, CertificateFacts Facts)[] ends = [.. certificates.Where(one => one.Facts.NotAfter is not null)];
        await session.RunAsync("INSERT INTO certificate_end (not_after, issuance) SELECT * FROM unnest(@ends, @ids) ON CONFLICT DO NOTHING",
            ("@ends", ends.Select(one => one.Facts.NotAfter!.Value.ToUnixTimeMilliseconds()).ToArray()), ("@ids", ends.Select(one => one.Id).ToArray()));
    }

    private static async Task<Dictionary<long, StoredCertificate>> FindCertificatesAsync(PostgresSession session, IReadOnlyList<long> ids)
    {
        if (ids.Count == 0) return [];
        // In this order: what becomes an issuance meanwhile is found as one or the other, and perhaps as both.
        List<StoredCertificate> found = await ReadIndexedAsync(session, ids);
        if (found.Count < ids.Count) found.AddRange(await session.AllAsync(
            "SELECT id, cert_der, facts FROM issuance WHERE id = ANY(@ids)", row => new StoredCertificate(row.GetInt64(0), ReadFacts(row, 1)), ("@ids", ids.ToArray())));
        return found.DistinctBy(one => one.Id).ToDictionary(one => one.Id);
    }
}
