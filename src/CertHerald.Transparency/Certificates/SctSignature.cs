using System.Buffers.Binary;
using CertHerald.Transparency.Logs;

namespace CertHerald.Transparency.Certificates;

/// <summary>Whether a log really promised what an SCT says. RFC 6962 §3.2.</summary>
public static class SctSignature
{
    /// <summary>The SCT of a precertificate, as embedded in its certificate.</summary>
    /// <param name="tbs">The TBSCertificate without its SCT list: <see cref="TbsFingerprint.Splice"/>.</param>
    /// <param name="issuerKeyHash">SHA-256 of the SubjectPublicKeyInfo of the final certificate's issuer: 32 bytes.</param>
    public static bool VerifyPrecertificate(SerializedSct sct, LogKey log, ReadOnlySpan<byte> tbs, ReadOnlySpan<byte> issuerKeyHash) =>
        issuerKeyHash.Length == 32 && Verify(sct, log, 1, issuerKeyHash, tbs);

    /// <summary>The SCT of a certificate that was logged itself: delivered by TLS or OCSP.</summary>
    /// <param name="der">The certificate.</param>
    public static bool VerifyCertificate(SerializedSct sct, LogKey log, ReadOnlySpan<byte> der) => Verify(sct, log, 0, default, der);

    private static bool Verify(SerializedSct sct, LogKey log, ushort entryType, ReadOnlySpan<byte> issuerKeyHash, ReadOnlySpan<byte> signed)
    {
        ArgumentNullException.ThrowIfNull(log);
        if (!sct.IsReadable || sct.LogId != log.Id || signed.Length >= 1 << 24) return false;

        // 00 00 ‖ timestamp ‖ entry type ‖ signed entry ‖ extensions: byte for byte the leaf of the entry.
        byte[] input = new byte[12 + issuerKeyHash.Length + 3 + signed.Length + 2 + sct.Extensions.Length];
        BinaryPrimitives.WriteUInt64BigEndian(input.AsSpan(2), sct.TimestampMilliseconds);
        BinaryPrimitives.WriteUInt16BigEndian(input.AsSpan(10), entryType);
        Span<byte> rest = input.AsSpan(12);
        issuerKeyHash.CopyTo(rest);
        rest = rest[issuerKeyHash.Length..];
        rest[0] = (byte)(signed.Length >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(rest[1..], (ushort)signed.Length);
        signed.CopyTo(rest[3..]);
        rest = rest[(3 + signed.Length)..];
        BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)sct.Extensions.Length);
        sct.Extensions.CopyTo(rest[2..]);
        return log.VerifyDigitallySigned(sct.DigitallySigned, input);
    }
}
