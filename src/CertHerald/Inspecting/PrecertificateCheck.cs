using System.Security.Cryptography;
using CertHerald.Transparency.Certificates;

namespace CertHerald.Inspecting;

/// <summary>
/// Whether what a log serves beside a precertificate's leaf agrees with the leaf. The tree covers none of it: the leaf is
/// right, and the rest is shown only as far as it fits. RFC 6962 §3.2.
/// </summary>
internal static class PrecertificateCheck
{
    /// <summary>
    /// Whether a precertificate differs from a leaf at most in issuer and authority key: what a precertificate signing
    /// certificate changes. All that can be said while the chain is unknown.
    /// </summary>
    public static bool MayBecome(ReadOnlySpan<byte> preCertificate, CertificateView leaf)
    {
        if (!CertificateView.TryRead(preCertificate, out CertificateView precertificate)) return false;
        if (HashOf(precertificate.Tbs) == HashOf(leaf.Tbs)) return true;
        return TbsFingerprint.SpliceReissued(precertificate.Tbs, default).AsSpan().SequenceEqual(TbsFingerprint.SpliceReissued(leaf.Tbs, default));
    }

    /// <summary>How chain and precertificate contradict the leaf; null if they do not.</summary>
    /// <param name="tbsSha256">Of the leaf.</param>
    /// <param name="issuerKeyHash">Of the leaf.</param>
    /// <param name="issuer">First certificate of the chain.</param>
    /// <param name="next">Second certificate of the chain, if there is one: it counts if the first only signs precertificates.</param>
    public static string? Contradiction(
        ReadOnlySpan<byte> preCertificate, string tbsSha256, string issuerKeyHash, ReadOnlySpan<byte> issuer, ReadOnlySpan<byte> next)
    {
        if (!CertificateView.TryRead(preCertificate, out CertificateView precertificate)) return "the precertificate cannot be read";
        if (!CertificateView.TryRead(issuer, out CertificateView signer)) return "the chain's first certificate cannot be read";

        bool isReissued = signer.IsPrecertificateSigner;
        string tbs = isReissued ? HashOf(TbsFingerprint.SpliceReissued(precertificate.Tbs, signer)) : HashOf(precertificate.Tbs);
        if (tbs != tbsSha256)
            return isReissued
                ? "the precertificate, in the name of its signer's issuer, is not the logged one"
                : "the precertificate is not the logged one";
        if (isReissued && next.IsEmpty) return "the issuer of the precertificate's signer is missing";
        return CertificateReading.PubkeySha256Of(isReissued ? next : issuer) == issuerKeyHash ? null : "the chain's key is not that of the logged issuer";
    }

    private static string HashOf(ReadOnlySpan<byte> tbs)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        TbsFingerprint.Hash(tbs, hash);
        return Convert.ToHexStringLower(hash);
    }
}
