using System.Security.Cryptography;

namespace CertHerald.Transparency.Certificates;

/// <summary>Who signed a certificate. Stateless. RFC 5280 §4.1.1.2.</summary>
public static class CertificateSignature
{
    /// <summary>
    /// Whether a key signed a certificate or precertificate. False for a signature or key that cannot be read, and for any
    /// algorithm but RSA (PKCS #1 v1.5) and ECDSA with SHA-2: CAs of the web use no other.
    /// </summary>
    /// <param name="spki">The key: a SubjectPublicKeyInfo, DER.</param>
    public static bool Verifies(CertificateView certificate, ReadOnlySpan<byte> spki) =>
        Verifies(certificate.Tbs, certificate.SignatureAlgorithm, certificate.Signature, spki);

    /// <summary>The same of anything that is signed as certificates are.</summary>
    internal static bool Verifies(ReadOnlySpan<byte> signed, ReadOnlySpan<byte> algorithm, ReadOnlySpan<byte> signature, ReadOnlySpan<byte> spki)
    {
        if (signature.IsEmpty || AlgorithmOf(algorithm) is not var (isEcdsa, hash)) return false;
        try
        {
            if (isEcdsa)
            {
                using var ecdsa = ECDsa.Create();
                ecdsa.ImportSubjectPublicKeyInfo(spki, out _);
                return ecdsa.VerifyData(signed, signature, hash, DSASignatureFormat.Rfc3279DerSequence);
            }

            using var rsa = RSA.Create();
            rsa.ImportSubjectPublicKeyInfo(spki, out _);
            return rsa.VerifyData(signed, signature, hash, RSASignaturePadding.Pkcs1);
        }
        // The platform's word for a curve that it does not know, and for what strangers make of one, differs.
        catch (Exception failure) when (failure is CryptographicException or PlatformNotSupportedException or ArgumentException)
        {
            return false;
        }
    }

    private static (bool IsEcdsa, HashAlgorithmName Hash)? AlgorithmOf(ReadOnlySpan<byte> algorithm)
    {
        if (!new DerReader(algorithm).TryRead(DerTag.ConstructedSequence, out DerValue sequence)) return null;
        DerReader parts = sequence.Contents;
        if (!parts.TryRead(DerTag.ObjectIdentifier, out ReadOnlySpan<byte> identifier)) return null;
        return ObjectIdentifier.Format(identifier) switch
        {
            "1.2.840.113549.1.1.11" => (false, HashAlgorithmName.SHA256),
            "1.2.840.113549.1.1.12" => (false, HashAlgorithmName.SHA384),
            "1.2.840.113549.1.1.13" => (false, HashAlgorithmName.SHA512),
            "1.2.840.10045.4.3.2" => (true, HashAlgorithmName.SHA256),
            "1.2.840.10045.4.3.3" => (true, HashAlgorithmName.SHA384),
            "1.2.840.10045.4.3.4" => (true, HashAlgorithmName.SHA512),
            _ => null,
        };
    }
}
