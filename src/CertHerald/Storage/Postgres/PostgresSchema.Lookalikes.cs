namespace CertHerald.Storage.Postgres;

/// <summary>The step that look-alikes brought.</summary>
internal static partial class PostgresSchema
{
    // Names may be allowed for domains that stand in the configuration only, so they refer to no row.
    private const string Lookalikes = """
        CREATE TABLE protected_domain (
            id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            owner     text COLLATE "C" NOT NULL,
            name      text COLLATE "C" NOT NULL,
            own       text[] NOT NULL,
            allowed   text[] NOT NULL,
            keywords  text[] NOT NULL,
            threshold integer NOT NULL,
            added     bigint NOT NULL,
            UNIQUE (owner, name)
        );
        CREATE TRIGGER settings_changed AFTER INSERT OR UPDATE OR DELETE ON protected_domain FOR EACH STATEMENT EXECUTE FUNCTION settings_changed();

        CREATE TABLE allowed_name (
            owner  text COLLATE "C" NOT NULL,
            domain text COLLATE "C" NOT NULL,
            name   text COLLATE "C" NOT NULL,
            added  bigint NOT NULL,
            PRIMARY KEY (owner, domain, name)
        );
        CREATE TRIGGER settings_changed AFTER INSERT OR UPDATE OR DELETE ON allowed_name FOR EACH STATEMENT EXECUTE FUNCTION settings_changed();
        """;
}
