using System.Security.Cryptography;
using System.Text;

namespace CertHerald.Transparency.LogLists;

/// <summary>The detached signature beside Chrome's log list: RSA PKCS#1 v1.5 with SHA-256, over the list's exact bytes.</summary>
public static class LogListSignature
{
    /// <summary>Whether the key signed this list. A key or signature that cannot be read is an invalid signature.</summary>
    /// <param name="signature">The <c>.sig</c> file.</param>
    /// <param name="key">The public key: DER SubjectPublicKeyInfo, or the same in PEM.</param>
    public static bool Verify(ReadOnlySpan<byte> json, ReadOnlySpan<byte> signature, ReadOnlySpan<byte> key)
    {
        try
        {
            using var rsa = RSA.Create();
            if (key.IndexOf("-----BEGIN"u8) >= 0) rsa.ImportFromPem(Encoding.ASCII.GetString(key));
            else rsa.ImportSubjectPublicKeyInfo(key, out _);
            return rsa.VerifyData(json, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        }
        catch (CryptographicException)
        {
            return false;
        }
        catch (ArgumentException)                              // no PEM, or one of something else
        {
            return false;
        }
    }
}
