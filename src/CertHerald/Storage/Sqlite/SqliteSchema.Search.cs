using CertHerald.Inspecting;

namespace CertHerald.Storage.Sqlite;

/// <summary>The step that search by name brought.</summary>
internal static partial class SqliteSchema
{
    // Keys: see CertificateKeys. In the order of the table, a key's certificates stand by id. 'certificate_end' has a row for each
    // certificate whose keys do not say yet that it has expired.
    private const string CertificateSearch = """
        CREATE TABLE certificate_key (
            key      INTEGER NOT NULL,
            issuance INTEGER NOT NULL,
            PRIMARY KEY (key, issuance)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE certificate_end (
            not_after INTEGER NOT NULL,
            issuance  INTEGER NOT NULL,
            PRIMARY KEY (not_after, issuance)
        ) STRICT, WITHOUT ROWID;
        """;

    /// <summary>Fills the index with what an older program stored.</summary>
    private static void FillSearch(SqliteSession session)
    {
        const int atOnce = 500;
        for (long last = 0; ;)
        {
            List<(long Id, CertificateFacts Facts)> some = session.All(
                $"SELECT {SqliteStore.IssuanceColumns} FROM issuance WHERE id > @last ORDER BY id LIMIT {atOnce}",
                row => (row.GetInt64(0), SqliteStore.ReadFacts(row)), ("@last", last));
            foreach ((long id, CertificateFacts facts) in some) SqliteStore.AddKeys(session, id, facts);
            if (some.Count < atOnce) return;
            last = some[^1].Id;
        }
    }
}
