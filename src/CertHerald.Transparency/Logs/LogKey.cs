using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace CertHerald.Transparency.Logs;

/// <summary>A log's public key: ECDSA P-256, or RSA of at least 2048 bits in old logs. Immutable and thread-safe. RFC 6962 §2.1.4.</summary>
public sealed class LogKey
{
    private const int MaxSpki = 2048;
    private const byte Sha256 = 4, RsaSigned = 1, EcdsaSigned = 3;

    private readonly byte[] _spki;
    private readonly byte _signatureCode;

    private LogKey(byte[] spki, byte signatureCode) => (_spki, _signatureCode, Id) = (spki, signatureCode, LogId.Of(spki));

    /// <summary>The id of the log that signs with this key.</summary>
    public LogId Id { get; }

    /// <summary>DER SubjectPublicKeyInfo, as given.</summary>
    public ReadOnlyMemory<byte> Spki => _spki;

    /// <summary>Takes a DER SubjectPublicKeyInfo.</summary>
    /// <param name="problem">Why it is refused, for people; null if it is not.</param>
    public static bool TryCreate(
        ReadOnlySpan<byte> spki, [NotNullWhen(true)] out LogKey? key, [NotNullWhen(false)] out string? problem)
    {
        (key, problem) = (null, null);
        if (spki.Length > MaxSpki)
        {
            problem = $"the key is longer than {MaxSpki} bytes";
            return false;
        }

        try
        {
            PublicKey read = PublicKey.CreateFromSubjectPublicKeyInfo(spki, out int length);
            using ECDsa? ecdsa = read.GetECDsaPublicKey();
            using RSA? rsa = read.GetRSAPublicKey();
            if (length != spki.Length) problem = "bytes follow the key";
            else if (ecdsa is not null) problem = IsP256(ecdsa) ? null : "the key is on another curve than P-256";
            else if (rsa is null) problem = $"a key of type {read.Oid.Value} is neither ECDSA nor RSA";
            else if (rsa.KeySize < 2048) problem = $"an RSA key of {rsa.KeySize} bits is too short: 2048 at least";

            if (problem is null) key = new LogKey(spki.ToArray(), ecdsa is null ? RsaSigned : EcdsaSigned);
        }
        catch (CryptographicException)
        {
            problem = "the key is not a readable SubjectPublicKeyInfo";
        }
        catch (PlatformNotSupportedException)
        {
            problem = "the key is on a curve unknown to this platform";
        }
        return key is not null;
    }

    /// <summary>
    /// Whether this key signed the message. Any fault of the structure (other codes, a code not fitting the key, a wrong
    /// length, bytes after it) is an invalid signature. RFC 5246 §4.7 as narrowed by RFC 6962 §2.1.4.
    /// </summary>
    public bool VerifyDigitallySigned(ReadOnlySpan<byte> digitallySigned, ReadOnlySpan<byte> message)
    {
        if (digitallySigned.Length < 4 || digitallySigned[0] != Sha256 || digitallySigned[1] != _signatureCode) return false;
        ReadOnlySpan<byte> signature = digitallySigned[4..];
        if (BinaryPrimitives.ReadUInt16BigEndian(digitallySigned[2..]) != signature.Length) return false;

        try
        {
            // Read anew each time: the platform's key objects are not thread-safe, and heads are few.
            if (_signatureCode == EcdsaSigned)
            {
                using var ecdsa = ECDsa.Create();
                ecdsa.ImportSubjectPublicKeyInfo(_spki, out _);
                return ecdsa.VerifyData(message, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
            }

            using var rsa = RSA.Create();
            rsa.ImportSubjectPublicKeyInfo(_spki, out _);
            return rsa.VerifyData(message, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static bool IsP256(ECDsa key) =>
        key.ExportParameters(includePrivateParameters: false).Curve is { IsNamed: true } curve
        && (curve.Oid.Value == "1.2.840.10045.3.1.7" || curve.Oid.FriendlyName is "nistP256" or "ECDSA_P256");
}
