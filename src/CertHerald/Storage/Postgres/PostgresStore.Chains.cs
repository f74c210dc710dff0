using CertHerald.Inspecting;

namespace CertHerald.Storage.Postgres;

/// <summary>Chains of certificates.</summary>
internal sealed partial class PostgresStore
{
    public async Task<IReadOnlyList<byte[]>> ChainAsync(long issuance, CancellationToken cancellation) => await ReadAsync(
        session => session.AllAsync("SELECT der FROM issuance_chain JOIN chain_certificate ON chain_certificate.id = certificate WHERE issuance = @issuance ORDER BY place",
            row => row.Bytes(0), ("@issuance", issuance)),
        cancellation);

    /// <summary>Of issuances whose rows this transaction has added or locked: no other one writes their chains meanwhile.</summary>
    private static async Task KeepChainsAsync(PostgresSession session, IEnumerable<(long Issuance, MatchFinding Finding)> seen)
    {
        (long Issuance, MatchFinding Finding)[] chained = [.. seen.Where(one => one.Finding.Chain.Count > 0)];
        if (chained.Length == 0) return;

        await session.ShareAsync(PostgresLock.Chains);
        ILookup<long, string> before = (await session.AllAsync(
            "SELECT issuance, sha256 FROM issuance_chain JOIN chain_certificate ON chain_certificate.id = certificate WHERE issuance = ANY(@ids) ORDER BY issuance, place",
            row => (Issuance: row.GetInt64(0), Sha256: row.GetString(1)), ("@ids", chained.Select(one => one.Issuance).Distinct().ToArray())))
            .ToLookup(one => one.Issuance, one => one.Sha256);
        var added = new List<(long Issuance, int Place, string Sha256, byte[] Der)>();
        foreach (IGrouping<long, MatchFinding> issuance in chained.GroupBy(one => one.Issuance, one => one.Finding))
        {
            string[] kept = [.. before[issuance.Key]];
            foreach (MatchFinding finding in issuance)
            {
                string[] shown = ChainRules.Fingerprints(finding.Chain);
                if (!ChainRules.GoesOn(kept, shown)) continue;
                for (int place = kept.Length; place < shown.Length; place++) added.Add((issuance.Key, place, shown[place], finding.Chain[place]));
                kept = shown;
            }
        }
        if (added.Count == 0) return;

        // In one order: two batches that wait for each other's rows in different ones would never end.
        (string Sha256, byte[] Der)[] certificates = [.. added.Select(one => (one.Sha256, one.Der)).DistinctBy(one => one.Sha256, StringComparer.Ordinal).OrderBy(one => one.Sha256, StringComparer.Ordinal)];
        await session.RunAsync("INSERT INTO chain_certificate (sha256, der) SELECT * FROM unnest(@sha256, @der) ON CONFLICT DO NOTHING",
            ("@sha256", certificates.Select(one => one.Sha256).ToArray()), ("@der", certificates.Select(one => one.Der).ToArray()));
        await session.RunAsync(
            """
            INSERT INTO issuance_chain (issuance, place, certificate)
            SELECT issuance, place, id FROM unnest(@issuances, @places, @sha256) AS new (issuance, place, sha256) JOIN chain_certificate USING (sha256)
            """,
            ("@issuances", added.Select(one => one.Issuance).ToArray()), ("@places", added.Select(one => one.Place).ToArray()), ("@sha256", added.Select(one => one.Sha256).ToArray()));
    }

    /// <summary>Of issuances that go: the certificates that no other chain has go with them.</summary>
    private static async Task DeleteChainsAsync(PostgresSession session, long[] issuances)
    {
        // A certificate that goes is not to be in the chain of somebody who adds one now.
        await session.LockAsync(PostgresLock.Chains);
        List<long> certificates = await session.AllAsync("DELETE FROM issuance_chain WHERE issuance = ANY(@ids) RETURNING certificate", row => row.GetInt64(0), ("@ids", issuances));
        await session.RunAsync(
            "DELETE FROM chain_certificate WHERE id = ANY(@certificates) AND NOT EXISTS (SELECT 1 FROM issuance_chain WHERE certificate = chain_certificate.id)",
            ("@certificates", certificates.Distinct().ToArray()));
    }
}
