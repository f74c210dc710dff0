using CertHerald.Transparency.Certificates;

namespace CertHerald.Inspecting;

/// <summary>
/// Whether an issuer's key really signed a certificate. A log's chain, and the issuer's name in a certificate, can say anything:
/// a key authorises what it has signed, and nothing else.
/// </summary>
internal static class IssuerSignature
{
    /// <summary>Whether a certificate or precertificate is signed by the key of an issuer.</summary>
    /// <param name="certificate">DER.</param>
    /// <param name="issuer">The issuer's certificate, or the one that signs precertificates in its name.</param>
    /// <param name="next">The certificate above it: it counts if the first only signs precertificates (RFC 6962 §3.1). Empty if there is none.</param>
    /// <param name="issuerPubkeySha256">The key that must be found to have signed.</param>
    public static bool Holds(ReadOnlySpan<byte> certificate, ReadOnlySpan<byte> issuer, ReadOnlySpan<byte> next, string issuerPubkeySha256)
    {
        if (!CertificateView.TryRead(certificate, out CertificateView signed) || !CertificateView.TryRead(issuer, out CertificateView signer)) return false;
        if (!signed.IsPrecertificate || !signer.IsPrecertificateSigner)
            return CertificateReading.PubkeySha256Of(issuer) == issuerPubkeySha256 && CertificateSignature.Verifies(signed, signer.Spki);

        // From above: the key that is known first, the one that it vouches for next.
        return CertificateReading.PubkeySha256Of(next) == issuerPubkeySha256 && CertificateView.TryRead(next, out CertificateView above)
            && CertificateSignature.Verifies(signer, above.Spki) && CertificateSignature.Verifies(signed, signer.Spki);
    }
}
