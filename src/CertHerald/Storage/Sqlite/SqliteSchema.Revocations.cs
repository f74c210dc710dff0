namespace CertHerald.Storage.Sqlite;

/// <summary>The step that revocation lists brought.</summary>
internal static partial class SqliteSchema
{
    // A list is what an issuer's key signs for some addresses ('uris', one a line). An issuance was looked for whenever its list was
    // 'checked' since it was read where that is; only what is found is written beside it.
    private const string Revocations = """
        CREATE TABLE crl (
            id          INTEGER PRIMARY KEY,
            identity    TEXT NOT NULL UNIQUE,
            uris        TEXT NOT NULL,
            issuer_name TEXT NOT NULL,
            issuer_key  TEXT NOT NULL,
            due         INTEGER NOT NULL,
            asked       INTEGER,
            checked     INTEGER,
            this_update INTEGER,
            failures    INTEGER NOT NULL DEFAULT 0,
            problem     TEXT NOT NULL DEFAULT ''
        ) STRICT;
        CREATE INDEX crl_due ON crl (due);

        CREATE TABLE revocation (
            issuance   INTEGER PRIMARY KEY REFERENCES issuance(id),
            is_read    INTEGER NOT NULL DEFAULT 0,
            since      INTEGER NOT NULL DEFAULT 0,
            until      INTEGER NOT NULL DEFAULT 0,
            serial     TEXT NOT NULL DEFAULT '',
            crl        INTEGER REFERENCES crl(id),
            problem    TEXT NOT NULL DEFAULT '',
            is_revoked INTEGER NOT NULL DEFAULT 0,
            revoked_at INTEGER,
            reason     INTEGER,
            found      INTEGER
        ) STRICT;
        CREATE INDEX revocation_unread ON revocation (issuance) WHERE is_read = 0;
        CREATE INDEX revocation_crl ON revocation (crl, until);
        INSERT INTO revocation (issuance) SELECT id FROM issuance;
        """;
}
