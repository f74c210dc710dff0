namespace CertHerald.Storage.Postgres;

/// <summary>The step that made lists of issuances of one kind short.</summary>
internal static partial class PostgresSchema
{
    // As in the other store: whether an issuance is for a watched name stands in its row. Asked of 'endpoint', it made the planner read
    // all of that, however few rows were wanted. Whoever adds the first endpoint of an issuance sets it.
    private const string IssuanceKinds = """
        ALTER TABLE issuance ADD COLUMN is_watched boolean NOT NULL DEFAULT true;
        UPDATE issuance SET is_watched = false WHERE NOT EXISTS (SELECT 1 FROM endpoint WHERE endpoint.issuance = issuance.id);
        DROP INDEX issuance_decided;
        CREATE INDEX issuance_known ON issuance (id) WHERE known;
        CREATE INDEX issuance_unknown ON issuance (id) WHERE NOT known AND is_watched;
        CREATE INDEX issuance_lookalike ON issuance (id) WHERE NOT known AND NOT is_watched;
        """;
}
