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

        -- What a registrable domain imitates of a protected one; 'domain' is '' for a bulk finding. The strongest name stands in the row.
        -- Issuances are kept as long as others want them: nothing here refers to their rows.
        CREATE TABLE lookalike (
            id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            owner        text COLLATE "C" NOT NULL,
            registrable  text COLLATE "C" NOT NULL,
            domain       text COLLATE "C" NOT NULL,
            state        text COLLATE "C" NOT NULL,
            best         text COLLATE "C" NOT NULL,
            score        integer NOT NULL,
            class        text NOT NULL,
            reasons      text[] NOT NULL,
            names        bigint NOT NULL,
            certificates bigint NOT NULL,
            issuance     bigint NOT NULL,
            opened       bigint NOT NULL,
            last_seen    bigint NOT NULL,
            UNIQUE (owner, registrable, domain)
        );
        CREATE INDEX lookalike_queue ON lookalike (state, score DESC, id DESC);
        CREATE INDEX lookalike_domain ON lookalike (owner, domain, id);

        CREATE TABLE lookalike_name (
            lookalike bigint NOT NULL REFERENCES lookalike,
            name      text COLLATE "C" NOT NULL,
            score     integer NOT NULL,
            class     text NOT NULL,
            reasons   text[] NOT NULL,
            issuance  bigint NOT NULL,
            seen      bigint NOT NULL,
            PRIMARY KEY (lookalike, name)
        );

        CREATE TABLE lookalike_issuance (
            lookalike bigint NOT NULL REFERENCES lookalike,
            issuance  bigint NOT NULL,
            PRIMARY KEY (lookalike, issuance)
        );
        CREATE INDEX lookalike_issuance_back ON lookalike_issuance (issuance);

        -- What was told, as deliveries say it.
        CREATE TABLE lookalike_alert (
            id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            lookalike bigint NOT NULL REFERENCES lookalike,
            issuance  bigint NOT NULL,
            change    text NOT NULL,
            at        bigint NOT NULL,
            names     text NOT NULL
        );
        """;
}
