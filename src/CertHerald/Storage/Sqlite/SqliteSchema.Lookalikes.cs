namespace CertHerald.Storage.Sqlite;

/// <summary>The step that look-alikes brought.</summary>
internal static partial class SqliteSchema
{
    // Lists are JSON. AUTOINCREMENT: an id that a client was shown never becomes another domain's. Names may be allowed for domains
    // that stand in the configuration only, so they refer to no row.
    private const string Lookalikes = """
        CREATE TABLE protected_domain (
            id        INTEGER PRIMARY KEY AUTOINCREMENT,
            owner     TEXT NOT NULL,
            name      TEXT NOT NULL,
            own       TEXT NOT NULL,
            allowed   TEXT NOT NULL,
            keywords  TEXT NOT NULL,
            threshold INTEGER NOT NULL,
            added     INTEGER NOT NULL,
            UNIQUE (owner, name)
        ) STRICT;

        CREATE TABLE allowed_name (
            owner  TEXT NOT NULL,
            domain TEXT NOT NULL,
            name   TEXT NOT NULL,
            added  INTEGER NOT NULL,
            PRIMARY KEY (owner, domain, name)
        ) STRICT;

        -- What a registrable domain imitates of a protected one; 'domain' is '' for a bulk finding. The strongest name stands in the row.
        -- Issuances are kept as long as others want them: nothing here refers to their rows.
        CREATE TABLE lookalike (
            id           INTEGER PRIMARY KEY AUTOINCREMENT,
            owner        TEXT NOT NULL,
            registrable  TEXT NOT NULL,
            domain       TEXT NOT NULL,
            state        TEXT NOT NULL,
            best         TEXT NOT NULL,
            score        INTEGER NOT NULL,
            class        TEXT NOT NULL,
            reasons      TEXT NOT NULL,
            names        INTEGER NOT NULL,
            certificates INTEGER NOT NULL,
            issuance     INTEGER NOT NULL,
            opened       INTEGER NOT NULL,
            last_seen    INTEGER NOT NULL,
            UNIQUE (owner, registrable, domain)
        ) STRICT;
        CREATE INDEX lookalike_queue ON lookalike (state, score DESC, id DESC);
        CREATE INDEX lookalike_domain ON lookalike (owner, domain, id);

        CREATE TABLE lookalike_name (
            lookalike INTEGER NOT NULL REFERENCES lookalike(id),
            name      TEXT NOT NULL,
            score     INTEGER NOT NULL,
            class     TEXT NOT NULL,
            reasons   TEXT NOT NULL,
            issuance  INTEGER NOT NULL,
            seen      INTEGER NOT NULL,
            PRIMARY KEY (lookalike, name)
        ) STRICT;

        CREATE TABLE lookalike_issuance (
            lookalike INTEGER NOT NULL REFERENCES lookalike(id),
            issuance  INTEGER NOT NULL,
            PRIMARY KEY (lookalike, issuance)
        ) STRICT;
        CREATE INDEX lookalike_issuance_back ON lookalike_issuance (issuance);

        -- What was told, as deliveries say it.
        CREATE TABLE lookalike_alert (
            id        INTEGER PRIMARY KEY AUTOINCREMENT,
            lookalike INTEGER NOT NULL REFERENCES lookalike(id),
            issuance  INTEGER NOT NULL,
            change    TEXT NOT NULL,
            at        INTEGER NOT NULL,
            names     TEXT NOT NULL
        ) STRICT;
        """;
}
