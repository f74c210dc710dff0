namespace CertHerald.Storage.Sqlite;

/// <summary>The step that the console's lists brought.</summary>
internal static partial class SqliteSchema
{
    // Certificates make rows long: what only filters must not read them.
    private const string FoundIssuances = "CREATE INDEX issuance_decided ON issuance (known)";
}
