namespace CertHerald.Storage.Postgres;

/// <summary>The step that revocation lists brought.</summary>
internal static partial class PostgresSchema
{
    // As in the other store; and which node asks.
    private const string Revocations = """
        CREATE TABLE crl (
            id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            identity    text COLLATE "C" NOT NULL UNIQUE,
            uris        text NOT NULL,
            issuer_name text NOT NULL,
            issuer_key  text NOT NULL,
            due         bigint NOT NULL,
            asked       bigint,
            checked     bigint,
            this_update bigint,
            failures    integer NOT NULL DEFAULT 0,
            problem     text NOT NULL DEFAULT ''
        );
        CREATE INDEX crl_due ON crl (due);

        CREATE TABLE revocation (
            issuance   bigint PRIMARY KEY REFERENCES issuance,
            is_read    boolean NOT NULL DEFAULT false,
            since      bigint NOT NULL DEFAULT 0,
            until      bigint NOT NULL DEFAULT 0,
            serial     text NOT NULL DEFAULT '',
            crl        bigint REFERENCES crl,
            problem    text NOT NULL DEFAULT '',
            is_revoked boolean NOT NULL DEFAULT false,
            revoked_at bigint,
            reason     integer,
            found      bigint
        );
        CREATE INDEX revocation_unread ON revocation (issuance) WHERE NOT is_read;
        CREATE INDEX revocation_crl ON revocation (crl, until);
        INSERT INTO revocation (issuance) SELECT id FROM issuance;

        CREATE TABLE crl_lease (
            id    integer PRIMARY KEY CHECK (id = 1),
            node  uuid NOT NULL,
            until bigint NOT NULL
        );
        """;
}
