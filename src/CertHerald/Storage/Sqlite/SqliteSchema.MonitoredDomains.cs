namespace CertHerald.Storage.Sqlite;

/// <summary>The step that Cert Spotter's API brought.</summary>
internal static partial class SqliteSchema
{
    // A watch item may be kept without matching. Issuers' keys are kept once each, whole: certificates have only their hashes.
    private const string MonitoredDomains = """
        ALTER TABLE watch_item ADD COLUMN enabled INTEGER NOT NULL DEFAULT 1;

        CREATE TABLE issuer_key (
            sha256 TEXT PRIMARY KEY,
            spki   BLOB NOT NULL
        ) STRICT;
        """;
}
