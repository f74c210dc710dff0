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

    // The same for issuances: found, or decided about anew. Their ids do not tell the order, since one that was indexed before
    // anybody watched it keeps its own. The newest 100,000 are kept.
    private const string IssuanceEvents = """
        CREATE TABLE issuance_change (
            id       INTEGER PRIMARY KEY AUTOINCREMENT,
            issuance INTEGER NOT NULL
        ) STRICT;
        INSERT INTO issuance_change (issuance) SELECT id FROM (SELECT id FROM issuance ORDER BY id DESC LIMIT 100000) ORDER BY id;
        CREATE TRIGGER issuance_found AFTER INSERT ON issuance BEGIN
            INSERT INTO issuance_change (issuance) VALUES (NEW.id);
        END;
        CREATE TRIGGER issuance_decided AFTER UPDATE OF known, reason ON issuance WHEN OLD.known <> NEW.known OR OLD.reason <> NEW.reason BEGIN
            INSERT INTO issuance_change (issuance) VALUES (NEW.id);
        END;
        CREATE TRIGGER issuance_change_goes AFTER INSERT ON issuance_change BEGIN
            DELETE FROM issuance_change WHERE id <= NEW.id - 100000;
        END;
        """;
}
