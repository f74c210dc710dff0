using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using CertHerald.Transparency.Certificates;

namespace CertHerald.Api;

/// <summary>A certificate above an issuance's, as a log showed it. What cannot be read of it is empty or null.</summary>
/// <param name="Sha256">Of the certificate.</param>
/// <param name="PubkeySha256">Of its SubjectPublicKeyInfo.</param>
/// <param name="Key">Kind and size, such as <c>rsa 2048 bits</c> or <c>ecdsa P-256</c>.</param>
internal sealed record ChainCertificateJson(
    string Sha256, string SubjectName, string IssuerName, DateTimeOffset? NotBefore, DateTimeOffset? NotAfter, string? PubkeySha256, string Key)
{
    public static ChainCertificateJson Of(byte[] der)
    {
        string sha256 = Convert.ToHexStringLower(SHA256.HashData(der));
        if (!CertificateView.TryRead(der, out CertificateView certificate)) return new ChainCertificateJson(sha256, "", "", null, null, null, "");
        return new ChainCertificateJson(
            sha256, DistinguishedName.Format(certificate.Subject), DistinguishedName.Format(certificate.Issuer), certificate.NotBefore, certificate.NotAfter,
            certificate.Spki.IsEmpty ? null : Convert.ToHexStringLower(SHA256.HashData(certificate.Spki)), KeyOf(PublicKeyFacts.Describe(certificate.Spki)));
    }

    private static string KeyOf(PublicKeyFacts key)
    {
        var text = new StringBuilder(key.Type);
        if (key.Curve is { } curve) text.Append(' ').Append(curve);
        if (key.BitLength is { } bits) text.Append(CultureInfo.InvariantCulture, $" {bits} bits");
        return text.ToString();
    }
}
