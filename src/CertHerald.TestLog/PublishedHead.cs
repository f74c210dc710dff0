using System.Buffers.Binary;
using CertHerald.Transparency.Merkle;

namespace CertHerald.TestLog;

/// <summary>A tree head as both protocols serve it, signed with the key of each.</summary>
/// <param name="Timestamp">Milliseconds since 1970.</param>
/// <param name="Rfc6962Signature">DigitallySigned over <see cref="SignedBytes"/>: the tree_head_signature.</param>
/// <param name="StaticCtSignature">The same with the other key: the end of the checkpoint's signature line.</param>
public sealed record PublishedHead(
    TreeSize Size, ulong Timestamp, MerkleHash Root, ReadOnlyMemory<byte> Rfc6962Signature, ReadOnlyMemory<byte> StaticCtSignature)
{
    /// <summary>What a head's signature covers, 50 bytes. RFC 6962 §3.5.</summary>
    public static byte[] SignedBytes(TreeSize size, ulong timestamp, MerkleHash root)
    {
        byte[] head = new byte[50];
        head[1] = 1;
        BinaryPrimitives.WriteUInt64BigEndian(head.AsSpan(2), timestamp);
        BinaryPrimitives.WriteUInt64BigEndian(head.AsSpan(10), size.Value);
        root.CopyTo(head.AsSpan(18));
        return head;
    }
}
