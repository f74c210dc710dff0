namespace CertHerald.Storage.Sqlite;

/// <summary>The step that authorisations brought.</summary>
internal static partial class SqliteSchema
{
    // 'known_since' is null where it was decided on discovery. Entries of a log below its baseline were there before anybody watched,
    // and are told to nobody; it is written before the log is begun, so it refers to no row of 'log'. Lists are JSON.
    private const string Authorisations = """
        ALTER TABLE issuance ADD COLUMN known_since INTEGER;
        CREATE INDEX issuance_unknown_key ON issuance (pubkey_sha256) WHERE known = 0;
        CREATE TABLE known_key (
            pubkey_sha256 TEXT PRIMARY KEY,
            dns_names     TEXT NOT NULL,
            added         INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE known_certificate (
            tbs_sha256 TEXT PRIMARY KEY,
            dns_names  TEXT NOT NULL,
            added      INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE authority_list (
            item        TEXT PRIMARY KEY,
            authorities TEXT NOT NULL,
            added       INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE baseline (
            log_id BLOB PRIMARY KEY,
            size   INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE first_run (
            at INTEGER NOT NULL
        ) STRICT;
        """;
}
