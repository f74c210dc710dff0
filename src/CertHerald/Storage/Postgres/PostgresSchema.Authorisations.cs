namespace CertHerald.Storage.Postgres;

/// <summary>The step that authorisations brought.</summary>
internal static partial class PostgresSchema
{
    // As in the other store. What is unknown by key has its index since KnownKeys.
    private const string Authorisations = """
        ALTER TABLE issuance ADD COLUMN known_since bigint;
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

    // A column, as in the other store. An index over a member of 'facts' refused rows, for ever, in which a stranger's text had a zero
    // character: such a text is JSON, but no text of this database. A quotation mark within a text is escaped, so that what is read
    // here is the member.
    internal const string KnownKeys = """
        ALTER TABLE issuance ADD COLUMN pubkey_sha256 text COLLATE "C";
        DROP INDEX IF EXISTS issuance_unknown_key;
        UPDATE issuance SET pubkey_sha256 = substring(facts FROM '"PubkeySha256":"([0-9a-f]*)"');
        CREATE INDEX issuance_unknown_key ON issuance (pubkey_sha256) WHERE NOT known;
        """;
}
