namespace CertHerald.Storage.Sqlite;

/// <summary>The step that apps brought.</summary>
internal static partial class SqliteSchema
{
    // AUTOINCREMENT: what was encrypted for one row must fit no later one, and an app's number may come back. 'secrets' and
    // 'subscription' are JSON, encrypted. Domains name the number: nothing of them is secret.
    private const string Apps = """
        CREATE TABLE app (
            id           INTEGER PRIMARY KEY AUTOINCREMENT,
            number       INTEGER NOT NULL UNIQUE,
            name         TEXT NOT NULL,
            created      INTEGER NOT NULL,
            secrets      BLOB NOT NULL,
            subscription BLOB NOT NULL
        ) STRICT;

        CREATE TABLE app_domain (
            id    INTEGER PRIMARY KEY AUTOINCREMENT,
            app   INTEGER NOT NULL,
            item  TEXT NOT NULL,
            added INTEGER NOT NULL,
            UNIQUE (app, item)
        ) STRICT;
        """;
}
