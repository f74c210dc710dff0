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
        """;
}
