using CertHerald.Inspecting;

namespace CertHerald.Storage.Sqlite;

/// <summary>Chains of certificates.</summary>
internal sealed partial class SqliteStore
{
    public Task<IReadOnlyList<byte[]>> ChainAsync(long issuance, CancellationToken cancellation) => ReadAsync<IReadOnlyList<byte[]>>(
        session => session.All("SELECT der FROM issuance_chain JOIN chain_certificate ON chain_certificate.id = certificate WHERE issuance = @issuance ORDER BY place",
            row => row.Bytes(0), ("@issuance", issuance)),
        cancellation);

    /// <param name="isFirst">The issuance is new: nothing is kept of it yet.</param>
    private static void KeepChain(SqliteSession session, long issuance, MatchFinding finding, bool isFirst)
    {
        if (finding.Chain.Count == 0) return;
        string[] shown = ChainRules.Fingerprints(finding.Chain);
        List<string> kept = isFirst ? [] : session.All(
            "SELECT sha256 FROM issuance_chain JOIN chain_certificate ON chain_certificate.id = certificate WHERE issuance = @issuance ORDER BY place",
            row => row.GetString(0), ("@issuance", issuance));
        if (!ChainRules.GoesOn(kept, shown)) return;
        for (int place = kept.Count; place < shown.Length; place++)
            session.Statement("INSERT INTO issuance_chain (issuance, place, certificate) VALUES (?1, ?2, ?3)")
                .Bind(1, issuance).Bind(2, (long)place).Bind(3, ChainCertificateOf(session, shown[place], finding.Chain[place])).Run();
    }

    /// <summary>Most are there already: a few hundred certificates issue all others.</summary>
    private static long ChainCertificateOf(SqliteSession session, string sha256, byte[] der)
    {
        if (FirstNumber(session.Statement("SELECT id FROM chain_certificate WHERE sha256 = ?1").Bind(1, sha256)) is { } known) return known;
        session.Statement("INSERT INTO chain_certificate (sha256, der) VALUES (?1, ?2)").Bind(1, sha256).BindBytes(2, der).Run();
        return session.LastRow;
    }

    /// <summary>Of an issuance that goes: the certificates that no other chain has go with it.</summary>
    private static void DeleteChain(SqliteSession session, long issuance)
    {
        List<long> certificates = session.All("DELETE FROM issuance_chain WHERE issuance = @issuance RETURNING certificate", row => row.GetInt64(0), ("@issuance", issuance));
        foreach (long certificate in certificates.Distinct())
            session.Run("DELETE FROM chain_certificate WHERE id = @id AND NOT EXISTS (SELECT 1 FROM issuance_chain WHERE certificate = @id)", ("@id", certificate));
    }
}
