namespace CertHerald.Storage.Postgres;

/// <summary>The steps that apps brought.</summary>
internal static partial class PostgresSchema
{
    // An app's number may come back, a row's id does not: it is part of what is encrypted. 'secrets' and 'subscription' are JSON,
    // encrypted.
    private const string Apps = """
        CREATE TABLE app (
            id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            number       bigint NOT NULL UNIQUE,
            name         text NOT NULL,
            created      bigint NOT NULL,
            secrets      bytea NOT NULL,
            subscription bytea NOT NULL
        );

        CREATE TABLE app_domain (
            id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            app   bigint NOT NULL,
            item  text COLLATE "C" NOT NULL,
            added bigint NOT NULL,
            UNIQUE (app, item)
        );
        CREATE TRIGGER settings_changed AFTER INSERT OR UPDATE OR DELETE ON app FOR EACH STATEMENT EXECUTE FUNCTION settings_changed();
        CREATE TRIGGER settings_changed AFTER INSERT OR UPDATE OR DELETE ON app_domain FOR EACH STATEMENT EXECUTE FUNCTION settings_changed();
        """;

    // A change of an app says which revision it was made from; 'options' is JSON. Look-alikes are listed by their owner's strongest
    // open ones, and forgotten by when they were seen.
    private const string Tenants = """
        ALTER TABLE app ADD COLUMN revision bigint NOT NULL DEFAULT 0;
        ALTER TABLE app ADD COLUMN options text NOT NULL DEFAULT '{}';
        CREATE INDEX lookalike_owner_queue ON lookalike (owner, state, score DESC, id DESC);
        CREATE INDEX lookalike_seen ON lookalike (last_seen);
        CREATE INDEX lookalike_alert_of ON lookalike_alert (lookalike);
        CREATE INDEX lookalike_alert_issuance ON lookalike_alert (issuance);
        """;
}
