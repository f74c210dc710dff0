using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using CertHerald.Names;
using CertHerald.Transparency.Certificates;

namespace CertHerald.Inspecting;

/// <summary>What a certificate signing request asks for: a key, and names for it. RFC 2986.</summary>
/// <param name="PubkeySha256">Of the SubjectPublicKeyInfo, lower-case hexadecimal.</param>
/// <param name="DnsNames">Of subject and subjectAltName alike, read as those of certificates are; sorted, distinct.</param>
internal sealed record SigningRequest(string PubkeySha256, IReadOnlyList<string> DnsNames)
{
    /// <summary>Most bytes of a request, in either form: two thousand names fit.</summary>
    public const int MostBytes = 256 << 10;

    private const string SubjectAltName = "2.5.29.17";

    /// <summary>
    /// Reads the first request of a PEM file, or DER. The request's own signature must hold: whoever made it has the key, and no
    /// byte of it was changed on the way. Null if it is none that can be read.
    /// </summary>
    public static SigningRequest? TryRead(ReadOnlySpan<byte> pemOrDer)
    {
        if (pemOrDer.Length > MostBytes) return null;
        byte[] der = PemFile.TryReadFirst(pemOrDer, "CERTIFICATE REQUEST") ?? PemFile.TryReadFirst(pemOrDer, "NEW CERTIFICATE REQUEST") ?? pemOrDer.ToArray();
        try
        {
            CertificateRequest request = CertificateRequest.LoadSigningRequest(
                der, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions);

            var identifiers = new HashSet<Identifier>();
            if (DistinguishedName.CommonName(request.SubjectName.RawData) is { } commonName)
                Identifiers.Read(NameSource.CommonName, Encoding.UTF8.GetBytes(commonName), identifiers);
            foreach (X509Extension extension in request.CertificateExtensions)
                if (extension.Oid?.Value == SubjectAltName)
                    foreach (string name in new X509SubjectAlternativeNameExtension(extension.RawData).EnumerateDnsNames())
                        Identifiers.Read(NameSource.DnsName, Encoding.UTF8.GetBytes(name), identifiers);

            return new SigningRequest(
                Convert.ToHexStringLower(SHA256.HashData(request.PublicKey.ExportSubjectPublicKeyInfo())),
                [.. identifiers.Where(identifier => identifier.Kind == IdentifierKind.Dns).Select(identifier => identifier.Text).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}
