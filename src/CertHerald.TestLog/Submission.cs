namespace CertHerald.TestLog;

/// <summary>A submitted chain as it becomes an entry: who signed for it is known, the poison is out. RFC 6962 §3.1, §3.2.</summary>
/// <param name="IssuerKeyHash">Empty for x509.</param>
/// <param name="Signed">The certificate, or the TBSCertificate without poison.</param>
/// <param name="ExtraData">The rest of the chain, after the precertificate if it is one.</param>
internal sealed record Submission(byte[] IssuerKeyHash, byte[] Signed, byte[] ExtraData)
{
    /// <summary>A certificate as it is: for corpora, which hold what no log would accept.</summary>
    public static Submission OfAnything(IReadOnlyList<byte[]> chain) => new([], chain[0], LeafFormat.ExtraData(null, chain.Skip(1)));

    /// <summary>Checks that each certificate names the next as its issuer, up to a root. Signatures are not checked.</summary>
    /// <param name="roots">Any root will do if there are none.</param>
    /// <param name="refusal">Why not, for the submitter.</param>
    public static Submission? Read(
        IReadOnlyList<byte[]> chain, bool asPrecertificate, IReadOnlyList<CertificateParts> roots, out string refusal)
    {
        refusal = "";
        List<CertificateParts> path = [];
        foreach (byte[] der in chain)
        {
            if (CertificateParts.Read(der) is not { } certificate)
            {
                refusal = $"Certificate {path.Count} of the chain cannot be read.";
                return null;
            }
            if (path.Count > 0 && !path[^1].Issuer.SequenceEqual(certificate.Subject))
            {
                refusal = $"Certificate {path.Count} of the chain did not issue the one before it.";
                return null;
            }
            path.Add(certificate);
        }
        if (path.Count == 0) refusal = "The chain is empty.";
        else if (path[0].IsPrecertificate != asPrecertificate)
            refusal = asPrecertificate
                ? "The precertificate has no poison extension."
                : "The certificate is a precertificate: use add-pre-chain.";
        else if (!EndsInRoot(path, roots)) refusal = "The chain does not end in an accepted root.";
        else if (asPrecertificate && path.Count < 2) refusal = "The chain lacks the issuer, whose key the entry names.";
        else if (asPrecertificate && path[1].SignsPrecertificates && path.Count < 3)
            refusal = "The chain lacks the issuer of its precertificate signing certificate.";
        if (refusal.Length > 0) return null;

        IEnumerable<byte[]> rest = path.Skip(1).Select(c => c.Der);
        if (!asPrecertificate) return new Submission([], path[0].Der, LeafFormat.ExtraData(null, rest));

        CertificateParts? signer = path[1].SignsPrecertificates ? path[1] : null;
        CertificateParts issuer = signer is null ? path[1] : path[2];
        byte[] tbs = path[0].TbsWithout(CertificateParts.Poison, signer);
        return new Submission(issuer.KeyHash, tbs, LeafFormat.ExtraData(path[0].Der, rest));
    }

    // As real logs do, a root that issued the last certificate is added to the chain.
    private static bool EndsInRoot(List<CertificateParts> path, IReadOnlyList<CertificateParts> roots)
    {
        if (roots.Count == 0) return true;
        foreach (CertificateParts root in roots)
            if (root.Der.AsSpan().SequenceEqual(path[^1].Der)) return true;
        foreach (CertificateParts root in roots)
        {
            if (!root.Subject.SequenceEqual(path[^1].Issuer)) continue;
            path.Add(root);
            return true;
        }
        return false;
    }
}
