using CertHerald.Inspecting;

namespace CertHerald.Storage.Sqlite;

/// <summary>Chains of certificates.</summary>
internal sealed partial class SqliteStore
{
    public Task<IReadOnlyList<byte[]>> ChainAsync(long issuance, CancellationToken cancellation) => ReadAsync<IReadOnlyList<byte[]>>(
        session => session.All("SELECT der FROM issuance_chain JOIN chain_certificate ON chain_certificate.id = certificate WHERE issuance = @issuance ORDER BY place",
            row => row.Bytes(0), ("@issuance", issuance)),
        cancellation);

    private static void KeepChain(SqliteSession session, long issuance, MatchFinding finding)
    {
        if (finding.Chain.Count == 0) return;
        string[] shown = ChainRules.Fingerprints(finding.Chain);
        List<string> kept = session.All(
            "SELECT sha256 FROM issuance_chain JOIN chain_certificate ON chain_certificate.id = certificate WHERE issuance = @issuance ORDER BY place",
            row => row.GetString(0), ("@issuance", issuance));
        if (!ChainRules.GoesOn(kept, shown)) return;
        for (int place = kept.Count; place < shown.Length; place++)
        {
            session.Run("INSERT INTO chain_certificate (sha256, der) VALUES (@sha256, @der) ON CONFLICT DO NOTHING", ("@sha256", shown[place]), ("@der", finding.Chain[place]));
            session.Run("INSERT INTO issuance_chain (issuance, place, certificate) SELECT @issuance, @place, id FROM chain_certificate WHERE sha256 = @sha256",
                ("@issuance", issuance), ("@place", place), ("@sha256", shown[place]));
        }
    }

    /// <summary>Of an issuance that goes: the certificates that no other chain has go with it.</summary>
    private static void DeleteChain(SqliteSession session, long issuance)
    {
        List<long> certificates = session.All("DELETE FROM issuance_chain WHERE issuance = @issuance RETURNING certificate", row => row.GetInt64(0), ("@issuance", issuance));
        foreach (long certificate in certificates.Distinct())
            session.Run("DELETE FROM chain_certificate WHERE id = @id AND NOT EXISTS (SELECT 1 FROM issuance_chain WHERE certificate = @id)", ("@id", certificate));
    }
}
