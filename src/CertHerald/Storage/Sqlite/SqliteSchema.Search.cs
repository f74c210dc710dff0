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

    // What nobody watches, if all certificates are kept: see IndexedRow. Ids are those of issuances, drawn from the same sequence.
    // Times of validity are in seconds: 4 bytes each. What is looked for by its TBS hash has a key, too.
    private const string IndexedCertificates = """
        CREATE TABLE indexed_issuer (
            id    INTEGER PRIMARY KEY,
            facts TEXT NOT NULL UNIQUE
        ) STRICT;

        CREATE TABLE indexed_certificate (
            id                INTEGER PRIMARY KEY,
            hashes            BLOB NOT NULL,
            is_precertificate INTEGER NOT NULL,
            issuer            INTEGER NOT NULL REFERENCES indexed_issuer(id),
            names             TEXT NOT NULL,
            subject           TEXT NOT NULL,
            serial            BLOB NOT NULL,
            not_before        INTEGER,
            not_after         INTEGER,
            problems          TEXT,
            discovered        INTEGER NOT NULL,
            log               INTEGER NOT NULL REFERENCES log(id),
            entry_index       INTEGER NOT NULL,
            logged            INTEGER NOT NULL,
            der               BLOB
        ) STRICT;

        INSERT INTO sqlite_sequence (name, seq) SELECT 'issuance', 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'issuance');
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
