namespace CertHerald.Storage.Postgres;

/// <summary>The step that authorisations brought.</summary>
internal static partial class PostgresSchema
{
    // As in the other store.
    private const string Authorisations = """
        ALTER TABLE issuance ADD COLUMN known_since bigint;
        CREATE INDEX issuance_unknown_key ON issuance ((facts::json ->> 'PubkeySha256')) WHERE NOT known;
        CREATE TABLE known_key (
            pubkey_sha256 text COLLATE "C" PRIMARY KEY,
            dns_names     text NOT NULL,
            added         bigint NOT NULL
        );
        CREATE TABLE known_certificate (
            tbs_sha256 text COLLATE "C" PRIMARY KEY,
            dns_names  text NOT NULL,
            added      bigint NOT NULL
        );
        CREATE TABLE authority_list (
            item        text COLLATE "C" PRIMARY KEY,
            authorities text NOT NULL,
            added       bigint NOT NULL
        );
        CREATE TABLE baseline (
            log_id bytea PRIMARY KEY,
            size   bigint NOT NULL
        );
        CREATE TABLE first_run (
            id integer PRIMARY KEY DEFAULT 1 CHECK (id = 1),
            at bigint NOT NULL
        );
        CREATE TRIGGER settings_changed AFTER INSERT OR UPDATE OR DELETE ON known_key FOR EACH STATEMENT EXECUTE FUNCTION settings_changed();
        CREATE TRIGGER settings_changed AFTER INSERT OR UPDATE OR DELETE ON known_certificate FOR EACH STATEMENT EXECUTE FUNCTION settings_changed();
        CREATE TRIGGER settings_changed AFTER INSERT OR UPDATE OR DELETE ON authority_list FOR EACH STATEMENT EXECUTE FUNCTION settings_changed();
        """;
}
