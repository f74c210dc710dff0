namespace CertHerald.Storage.Sqlite;

/// <summary>The step that the stream of events brought.</summary>
internal static partial class SqliteSchema
{
    // What became of incidents, in its order: their own rows show only how they stand. The newest 10,000 are kept.
    private const string Events = """
        CREATE TABLE incident_change (
            id       INTEGER PRIMARY KEY AUTOINCREMENT,
            incident INTEGER NOT NULL REFERENCES incident(id),
            severity TEXT NOT NULL,
            summary  TEXT NOT NULL,
            at       INTEGER NOT NULL,
            closed   INTEGER
        ) STRICT;
        INSERT INTO incident_change (incident, severity, summary, at, closed) SELECT id, severity, summary, changed, closed FROM incident ORDER BY id;
        CREATE TRIGGER incident_opens AFTER INSERT ON incident BEGIN
            INSERT INTO incident_change (incident, severity, summary, at, closed) VALUES (NEW.id, NEW.severity, NEW.summary, NEW.changed, NEW.closed);
        END;
        CREATE TRIGGER incident_changes AFTER UPDATE ON incident
        WHEN OLD.severity <> NEW.severity OR OLD.summary <> NEW.summary OR OLD.closed IS NOT NEW.closed BEGIN
            INSERT INTO incident_change (incident, severity, summary, at, closed) VALUES (NEW.id, NEW.severity, NEW.summary, NEW.changed, NEW.closed);
        END;
        CREATE TRIGGER incident_change_goes AFTER INSERT ON incident_change BEGIN
            DELETE FROM incident_change WHERE id <= NEW.id - 10000;
        END;
        """;
}
