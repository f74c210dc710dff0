using System.Buffers.Binary;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.TestLog;

/// <summary>A log's promise to include a chain. RFC 6962 §3.2.</summary>
/// <param name="Timestamp">Milliseconds since 1970; the leaf has the same.</param>
/// <param name="Extensions">CtExtensions without their length; here the leaf_index extension.</param>
/// <param name="Signature">DigitallySigned over the leaf_input.</param>
public sealed record SignedCertificateTimestamp(
    LogId LogId, ulong Timestamp, ReadOnlyMemory<byte> Extensions, ReadOnlyMemory<byte> Signature)
{
    /// <summary>As embedded in certificates: version ‖ log id ‖ timestamp ‖ extensions ‖ signature.</summary>
    public byte[] Serialize()
    {
        byte[] sct = new byte[1 + 32 + 8 + 2 + Extensions.Length + Signature.Length];
        LogId.Value.CopyTo(sct.AsSpan(1));
        BinaryPrimitives.WriteUInt64BigEndian(sct.AsSpan(33), Timestamp);
        BinaryPrimitives.WriteUInt16BigEndian(sct.AsSpan(41), (ushort)Extensions.Length);
        Extensions.Span.CopyTo(sct.AsSpan(43));
        Signature.Span.CopyTo(sct.AsSpan(43 + Extensions.Length));
        return sct;
    }
}

/// <summary>What became of a submitted chain.</summary>
public sealed record AddedEntry(EntryIndex Index, SignedCertificateTimestamp Sct);
