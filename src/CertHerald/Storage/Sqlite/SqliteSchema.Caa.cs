namespace CertHerald.Storage.Sqlite;

/// <summary>The step that CAA records brought.</summary>
internal static partial class SqliteSchema
{
    // 'found' is null where the last look failed; 'told' is what 'notice' said, and 'heard' whether a channel has taken that.
    private const string Caa = """
        CREATE TABLE caa (
            name    TEXT PRIMARY KEY,
            looked  INTEGER NOT NULL,
            found   TEXT,
            problem TEXT NOT NULL,
            told    TEXT,
            notice  INTEGER,
            heard   INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        """;
}
