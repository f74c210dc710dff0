namespace CertHerald.Storage.Postgres;

/// <summary>The step that the digest of weak look-alikes brought.</summary>
internal static partial class PostgresSchema
{
    // As in the other store.
    private const string WeakLookalikes = """
        ALTER TABLE protected_domain ADD COLUMN digest_from integer;

        CREATE TABLE weak_lookalike (
            id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            domain       text COLLATE "C" NOT NULL,
            registrable  text COLLATE "C" NOT NULL,
            name         text COLLATE "C" NOT NULL,
            score        integer NOT NULL,
            class        text NOT NULL,
            reasons      text[] NOT NULL,
            certificates bytea NOT NULL,
            first_seen   bigint NOT NULL,
            last_seen    bigint NOT NULL,
            told         boolean NOT NULL,
            UNIQUE (domain, registrable)
        );
        CREATE INDEX weak_lookalike_score ON weak_lookalike (score DESC, id DESC);
        CREATE INDEX weak_lookalike_domain ON weak_lookalike (domain, score DESC, id);
        CREATE INDEX weak_lookalike_seen ON weak_lookalike (last_seen);
        CREATE INDEX weak_lookalike_untold ON weak_lookalike (first_seen) WHERE NOT told;
        """;
}
