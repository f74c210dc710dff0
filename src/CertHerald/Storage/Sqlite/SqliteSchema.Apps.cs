namespace CertHerald.Storage.Sqlite;

/// <summary>The steps that apps brought.</summary>
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

    // A change of an app says which revision it was made from; 'options' is JSON. Look-alikes are listed by their owner's strongest
    // open ones, and forgotten by when they were seen.
    private const string Tenants = """
        ALTER TABLE app ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE app ADD COLUMN options TEXT NOT NULL DEFAULT '{}';
        CREATE INDEX lookalike_owner_queue ON lookalike (owner, state, score DESC, id DESC);
        CREATE INDEX lookalike_seen ON lookalike (last_seen);
        CREATE INDEX lookalike_alert_of ON lookalike_alert (lookalike);
        CREATE INDEX lookalike_alert_issuance ON lookalike_alert (issuance);
        """;
}
