namespace CertHerald.Storage.Postgres;

/// <summary>The step that apps brought.</summary>
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
}
