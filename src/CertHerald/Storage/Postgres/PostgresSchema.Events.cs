namespace CertHerald.Storage.Postgres;

/// <summary>The step that the stream of events brought.</summary>
internal static partial class PostgresSchema
{
    // What became of incidents, in its order: their own rows show only how they stand. The newest 10,000 are kept.
    private const string Events = """
        CREATE TABLE incident_change (
            id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            incident bigint NOT NULL REFERENCES incident,
            severity text NOT NULL,
            summary  text NOT NULL,
            at       bigint NOT NULL,
            closed   bigint
        );
        INSERT INTO incident_change (incident, severity, summary, at, closed) SELECT id, severity, summary, changed, closed FROM incident ORDER BY id;
        CREATE FUNCTION incident_changed() RETURNS trigger LANGUAGE plpgsql AS $$
            DECLARE change bigint;
            BEGIN
                INSERT INTO incident_change (incident, severity, summary, at, closed) VALUES (NEW.id, NEW.severity, NEW.summary, NEW.changed, NEW.closed)
                    RETURNING id INTO change;
                DELETE FROM incident_change WHERE id <= change - 10000;
                RETURN NULL;
            END $$;
        CREATE TRIGGER incident_opens AFTER INSERT ON incident FOR EACH ROW EXECUTE FUNCTION incident_changed();
        CREATE TRIGGER incident_changes AFTER UPDATE ON incident FOR EACH ROW
            WHEN (OLD.severity <> NEW.severity OR OLD.summary <> NEW.summary OR OLD.closed IS DISTINCT FROM NEW.closed) EXECUTE FUNCTION incident_changed();
        """;

    // The same for issuances: found, or decided about anew. Their ids do not tell the order, since one that was indexed before
    // anybody watched it keeps its own. The newest 100,000 are kept.
    private const string IssuanceEvents = """
        CREATE TABLE issuance_change (
            id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            issuance bigint NOT NULL
        );
        INSERT INTO issuance_change (issuance) SELECT id FROM (SELECT id FROM issuance ORDER BY id DESC LIMIT 100000) AS newest ORDER BY id;
        CREATE FUNCTION issuance_changed() RETURNS trigger LANGUAGE plpgsql AS $$
            DECLARE change bigint;
            BEGIN
                INSERT INTO issuance_change (issuance) VALUES (NEW.id) RETURNING id INTO change;
                DELETE FROM issuance_change WHERE id <= change - 100000;
                RETURN NULL;
            END $$;
        CREATE TRIGGER issuance_found AFTER INSERT ON issuance FOR EACH ROW EXECUTE FUNCTION issuance_changed();
        CREATE TRIGGER issuance_decided AFTER UPDATE OF known, reason ON issuance FOR EACH ROW
            WHEN (OLD.known <> NEW.known OR OLD.reason <> NEW.reason) EXECUTE FUNCTION issuance_changed();
        """;
}
