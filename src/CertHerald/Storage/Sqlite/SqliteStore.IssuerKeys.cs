using System.Text.Json;
using CertHerald.Inspecting;

namespace CertHerald.Storage.Sqlite;

/// <summary>Issuers' keys.</summary>
internal sealed partial class SqliteStore
{
    public async Task<IReadOnlyDictionary<string, byte[]>> IssuerKeysAsync(IReadOnlyCollection<string> sha256, CancellationToken cancellation) => await ReadAsync(
        session => session.All("SELECT sha256, spki FROM issuer_key WHERE sha256 IN (SELECT value FROM json_each(@wanted))",
            row => (row.GetString(0), row.Bytes(1)), ("@wanted", JsonSerializer.Serialize(sha256))).ToDictionary(StringComparer.Ordinal),
        cancellation);

    private static void KeepIssuerKey(SqliteSession session, MatchFinding finding)
    {
        if (finding is { IssuerSpki: { } spki, Certificate.IssuerPubkeySha256: { } sha256 })
            session.Statement("INSERT INTO issuer_key (sha256, spki) VALUES (?1, ?2) ON CONFLICT DO NOTHING").Bind(1, sha256).BindBytes(2, spki).Run();
    }
}
