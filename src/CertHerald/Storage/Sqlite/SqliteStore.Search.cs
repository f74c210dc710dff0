using CertHerald.Inspecting;

namespace CertHerald.Storage.Sqlite;

/// <summary>Certificates by the names on them.</summary>
internal sealed partial class SqliteStore
{
    private const string OldestUnderKey = "SELECT issuance FROM certificate_key WHERE key = ?1 AND issuance > ?2 AND issuance < ?3 ORDER BY issuance LIMIT ?4";

    private const string NewestUnderKey = "SELECT issuance FROM certificate_key WHERE key = ?1 AND issuance > ?2 AND issuance < ?3 ORDER BY issuance DESC LIMIT ?4";

    public Task<IReadOnlyList<StoredCertificate>> SearchCertificatesAsync(CertificateQuery query, CancellationToken cancellation) => ReadAsync<IReadOnlyList<StoredCertificate>>(
        session =>
        {
            var plan = new CertificateSearchPlan(query);
            var found = new List<StoredCertificate>();
            while (!plan.IsAtEnd && found.Count < query.Limit)
            {
                cancellation.ThrowIfCancellationRequested();
                int atOnce = plan.AtOnce(found.Count);
                foreach (long id in plan.Join([.. plan.Keys.Select(key => Under(session, key, query.OldestFirst, plan, atOnce))], atOnce))
                {
                    if (found.Count == query.Limit) break;
                    if (FindCertificate(session, id) is { } certificate && plan.Finds(certificate.Certificate)) found.Add(certificate);
                }
            }
            return found;
        },
        cancellation);

    public Task<StoredCertificate?> FindCertificateAsync(long id, CancellationToken cancellation) => ReadAsync(session => FindCertificate(session, id), cancellation);

    public Task<int> MarkExpiredAsync(DateTimeOffset now, int limit, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            List<(long NotAfter, long Id)> ended = session.All(
                "SELECT not_after, issuance FROM certificate_end WHERE not_after <= @now ORDER BY not_after, issuance LIMIT @limit",
                row => (row.GetInt64(0), row.GetInt64(1)), ("@now", now), ("@limit", limit));
            foreach ((long notAfter, long id) in ended)
            {
                if (FindCertificate(session, id) is { } certificate)
                    foreach (long key in CertificateKeys.Of(certificate.Certificate))
                        session.Statement("UPDATE OR REPLACE certificate_key SET key = ?3 WHERE key = ?1 AND issuance = ?2").Bind(1, key).Bind(2, id).Bind(3, CertificateKeys.Expired(key)).Run();
                session.Run("DELETE FROM certificate_end WHERE not_after = @end AND issuance = @id", ("@end", notAfter), ("@id", id));
            }
            return ended.Count;
        },
        cancellation);

    /// <summary>Makes a certificate findable. Again, it changes nothing.</summary>
    /// <param name="keys">Null: to be computed.</param>
    internal static void AddKeys(SqliteSession session, long id, CertificateFacts facts, IEnumerable<long>? keys = null)
    {
        SqliteStatement add = session.Statement("INSERT OR IGNORE INTO certificate_key (key, issuance) VALUES (?1, ?2)");
        foreach (long key in keys ?? CertificateKeys.Of(facts)) add.Bind(1, key).Bind(2, id).Run();
        if (facts.NotAfter is { } end) session.Statement("INSERT OR IGNORE INTO certificate_end (not_after, issuance) VALUES (?1, ?2)").Bind(1, end).Bind(2, id).Run();
    }

    private static List<long> Under(SqliteSession session, long key, bool oldestFirst, CertificateSearchPlan plan, int atOnce)
    {
        var ids = new List<long>();
        SqliteStatement under = session.Statement(oldestFirst ? OldestUnderKey : NewestUnderKey).Bind(1, key).Bind(2, plan.Above).Bind(3, plan.Beneath).Bind(4, (long)atOnce);
        while (under.Step()) ids.Add(under.Number(0));
        return ids;
    }

    private static StoredCertificate? FindCertificate(SqliteSession session, long id) => ReadIndexed(session, id) ?? session.First(
        $"SELECT {IssuanceColumns} FROM issuance WHERE id = @id", row => new StoredCertificate(row.GetInt64(0), ReadFacts(row)), ("@id", id));
}
