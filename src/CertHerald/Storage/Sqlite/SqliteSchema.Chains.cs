namespace CertHerald.Storage.Sqlite;

/// <summary>The step that chains brought.</summary>
internal static partial class SqliteSchema
{
    // A certificate is kept once, however many chains have it; it goes with the last of them. 'place' 0 is the issuer's.
    private const string Chains = """
        CREATE TABLE chain_certificate (
            id     INTEGER PRIMARY KEY,
            sha256 TEXT NOT NULL UNIQUE,
            der    BLOB NOT NULL
        ) STRICT;

        CREATE TABLE issuance_chain (
            issuance    INTEGER NOT NULL REFERENCES issuance(id),
            place       INTEGER NOT NULL,
            certificate INTEGER NOT NULL REFERENCES chain_certificate(id),
            PRIMARY KEY (issuance, place)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX issuance_chain_certificate ON issuance_chain (certificate);
        """;
}
