using CertHerald.Inspecting;

namespace CertHerald.Storage.Postgres;

/// <summary>Issuers' keys.</summary>
internal sealed partial class PostgresStore
{
    public async Task<IReadOnlyDictionary<string, byte[]>> IssuerKeysAsync(IReadOnlyCollection<string> sha256, CancellationToken cancellation) => await ReadAsync(
        async session => (await session.AllAsync("SELECT sha256, spki FROM issuer_key WHERE sha256 = ANY(@wanted)",
            row => (row.GetString(0), row.Bytes(1)), ("@wanted", sha256.ToArray()))).ToDictionary(StringComparer.Ordinal),
        cancellation);

    private static async Task KeepIssuerKeysAsync(PostgresSession session, IEnumerable<MatchFinding> findings)
    {
        // In one order: two batches that wait for each other's rows in different ones would never end.
        (string Sha256, byte[] Spki)[] keys =
        [
            .. from finding in findings
               where finding is { IssuerSpki: not null, Certificate.IssuerPubkeySha256: not null }
               let key = (Sha256: finding.Certificate.IssuerPubkeySha256!, Spki: finding.IssuerSpki!)
               select key,
        ];
        if (keys.Length == 0) return;
        keys = [.. keys.DistinctBy(key => key.Sha256, StringComparer.Ordinal).OrderBy(key => key.Sha256, StringComparer.Ordinal)];
        await session.RunAsync("INSERT INTO issuer_key (sha256, spki) SELECT * FROM unnest(@sha256, @spki) ON CONFLICT DO NOTHING",
            ("@sha256", keys.Select(key => key.Sha256).ToArray()), ("@spki", keys.Select(key => key.Spki).ToArray()));
    }
}
