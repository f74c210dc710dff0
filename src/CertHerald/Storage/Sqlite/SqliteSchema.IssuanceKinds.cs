namespace CertHerald.Storage.Sqlite;

/// <summary>The step that made lists of issuances of one kind short.</summary>
internal static partial class SqliteSchema
{
    // Whether an issuance is for a watched name stands in its row: asked of 'endpoint', few look-alikes among many unknown ones took a
    // look for each. Whoever adds the first endpoint of an issuance sets it.
    private const string IssuanceKinds = """
        ALTER TABLE issuance ADD COLUMN is_watched INTEGER NOT NULL DEFAULT 1;
        UPDATE issuance SET is_watched = 0 WHERE NOT EXISTS (SELECT 1 FROM endpoint WHERE endpoint.issuance = issuance.id);
        DROP INDEX issuance_decided;
        CREATE INDEX issuance_known ON issuance (id) WHERE known = 1;
        CREATE INDEX issuance_unknown ON issuance (id) WHERE known = 0 AND is_watched = 1;
        CREATE INDEX issuance_lookalike ON issuance (id) WHERE known = 0 AND is_watched = 0;
        """;
}
