namespace CertHerald.Storage.Postgres;

/// <summary>The step that chains brought.</summary>
internal static partial class PostgresSchema
{
    // As in the other store.
    private const string Chains = """
        CREATE TABLE chain_certificate (
            id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            sha256 text COLLATE "C" NOT NULL UNIQUE,
            der    bytea NOT NULL
        );

        CREATE TABLE issuance_chain (
            issuance    bigint NOT NULL REFERENCES issuance,
            place       integer NOT NULL,
            certificate bigint NOT NULL REFERENCES chain_certificate,
            PRIMARY KEY (issuance, place)
        );
        CREATE INDEX issuance_chain_certificate ON issuance_chain (certificate);
        """;
}
