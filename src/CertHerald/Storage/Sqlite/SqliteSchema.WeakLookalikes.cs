namespace CertHerald.Storage.Sqlite;

/// <summary>The step that the digest of weak look-alikes brought.</summary>
internal static partial class SqliteSchema
{
    // Of whoever runs the service. AUTOINCREMENT: ids are paging cursors. 'certificates' are the beginnings of the last ones' hashes;
    // 'told' says that a digest has counted it.
    private const string WeakLookalikes = """
        ALTER TABLE protected_domain ADD COLUMN digest_from INTEGER;

        CREATE TABLE weak_lookalike (
            id           INTEGER PRIMARY KEY AUTOINCREMENT,
            domain       TEXT NOT NULL,
            registrable  TEXT NOT NULL,
            name         TEXT NOT NULL,
            score        INTEGER NOT NULL,
            class        TEXT NOT NULL,
            reasons      TEXT NOT NULL,
            certificates BLOB NOT NULL,
            first_seen   INTEGER NOT NULL,
            last_seen    INTEGER NOT NULL,
            told         INTEGER NOT NULL,
            UNIQUE (domain, registrable)
        ) STRICT;
        CREATE INDEX weak_lookalike_score ON weak_lookalike (score DESC, id DESC);
        CREATE INDEX weak_lookalike_domain ON weak_lookalike (domain, score DESC, id);
        CREATE INDEX weak_lookalike_seen ON weak_lookalike (last_seen);
        CREATE INDEX weak_lookalike_untold ON weak_lookalike (first_seen) WHERE told = 0;
        """;
}
