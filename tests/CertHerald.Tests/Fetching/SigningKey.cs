using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Fetching;

/// <summary>A log's private key, made anew: signs heads for trees that nobody else would sign.</summary>
internal sealed class SigningKey
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public SigningKey()
    {
        Assert.True(LogKey.TryCreate(_key.ExportSubjectPublicKeyInfo(), out LogKey? key, out string? problem), problem);
        Public = key;
    }

    public LogKey Public { get; }

    /// <summary>When its heads say that they were signed. Now, unless told.</summary>
    public ulong Timestamp { get; set; } = (ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    /// <summary>A head over whatever root.</summary>
    public VerifiedHead Head(ulong size, MerkleHash root = default)
    {
        var unsigned = new SignedHead { Size = new TreeSize(size), Timestamp = Timestamp, Root = root, Signature = default, Verbatim = default };
        Assert.True(VerifiedHead.TryVerify(unsigned with { Signature = Sign(unsigned) }, Public, out VerifiedHead? head));
        return head;
    }

    /// <summary>A checkpoint as a tiled log serves it. C2SP static-ct-api.</summary>
    public byte[] Checkpoint(string origin, ulong size, MerkleHash root)
    {
        var unsigned = new SignedHead { Size = new TreeSize(size), Timestamp = Timestamp, Root = root, Signature = default, Verbatim = default };
        return Checkpoint(origin, Public.Id, size, unsigned.Timestamp, root, Sign(unsigned));
    }

    /// <param name="signed">The DigitallySigned of the log's key.</param>
    public static byte[] Checkpoint(string origin, LogId log, ulong size, ulong timestamp, MerkleHash root, byte[] signed)
    {
        byte[] signature = [.. new byte[12], .. signed];
        BinaryPrimitives.WriteUInt32BigEndian(signature, CertHerald.Transparency.Heads.Checkpoint.KeyIdOf(origin, log));
        BinaryPrimitives.WriteUInt64BigEndian(signature.AsSpan(4), timestamp);
        return Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $"{origin}\n{size}\n{root}\n\n— {origin} {Convert.ToBase64String(signature)}\n"));
    }

    private byte[] Sign(SignedHead head)
    {
        byte[] der = _key.SignData(head.SignedBytes(), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        return [4, 3, (byte)(der.Length >> 8), (byte)der.Length, .. der];
    }
}
