namespace CertHerald.Storage.Postgres;

/// <summary>The step that Cert Spotter's API brought.</summary>
internal static partial class PostgresSchema
{
    // A watch item may be kept without matching. Issuers' keys are kept once each, whole: certificates have only their hashes.
    private const string MonitoredDomains = """
        ALTER TABLE watch_item ADD COLUMN enabled boolean NOT NULL DEFAULT true;

        CREATE TABLE issuer_key (
            sha256 text COLLATE "C" PRIMARY KEY,
            spki   bytea NOT NULL
        );
        """;
}
