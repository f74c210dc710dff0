using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Transparency.Heads;

/// <summary>A head as a log served it: read, not yet checked. <see cref="VerifiedHead"/> is the checked one. RFC 6962 §3.5.</summary>
public sealed record SignedHead
{
    /// <summary>The largest size readers let pass: positions stay within signed 64-bit integers.</summary>
    public const ulong MaxSize = long.MaxValue;

    /// <summary>Number of entries the root covers; at most <see cref="MaxSize"/>.</summary>
    public required TreeSize Size { get; init; }

    /// <summary>Milliseconds since 1970-01-01 UTC, by the log's clock.</summary>
    public required ulong Timestamp { get; init; }

    /// <summary>The tree's root.</summary>
    public required MerkleHash Root { get; init; }

    /// <summary>The DigitallySigned structure. Empty where a list names a head without one: such a head verifies never.</summary>
    public required ReadOnlyMemory<byte> Signature { get; init; }

    /// <summary>What the log served, byte for byte: JSON or note. Evidence.</summary>
    public required ReadOnlyMemory<byte> Verbatim { get; init; }

    /// <summary>The 50 bytes a log signs: 00 01 ‖ timestamp ‖ size ‖ root.</summary>
    public byte[] SignedBytes()
    {
        var bytes = new byte[50];
        bytes[1] = 1;                                                          // v1, tree_hash
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(2), Timestamp);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(10), Size.Value);
        Root.CopyTo(bytes.AsSpan(18));
        return bytes;
    }
}

/// <summary>Why a head is refused.</summary>
public enum HeadFailure
{
    /// <summary>It is not.</summary>
    None,

    /// <summary>It is not of the form its protocol asks for.</summary>
    Malformed,

    /// <summary>A checkpoint bears no signature line of this log.</summary>
    NotSigned,

    /// <summary>The signature is not the log's: wrong codes, trailing bytes, or over something else.</summary>
    Signature,
}

/// <summary>A head whose signature was checked with the log's key. Only <see cref="Verify"/> makes one. Immutable.</summary>
public sealed class VerifiedHead
{
    private VerifiedHead(SignedHead signed) => Signed = signed;

    /// <summary>Number of entries.</summary>
    public TreeSize Size => Signed.Size;

    /// <summary>The root the log signed for this size.</summary>
    public MerkleHash Root => Signed.Root;

    /// <summary>Milliseconds since 1970-01-01 UTC, by the log's clock.</summary>
    public ulong Timestamp => Signed.Timestamp;

    /// <summary>The head as served.</summary>
    [SuppressMessage("Naming", "CA1720", Justification = "Signed by the log; no number is meant.")]
    public SignedHead Signed { get; }

    /// <summary>Checks the signature. RFC 6962 §3.5.</summary>
    /// <param name="verified">Null if the result is a failure.</param>
    public static HeadFailure Verify(SignedHead head, LogKey key, out VerifiedHead? verified)
    {
        ArgumentNullException.ThrowIfNull(head);
        ArgumentNullException.ThrowIfNull(key);
        bool valid = key.VerifyDigitallySigned(head.Signature.Span, head.SignedBytes());
        verified = valid ? new VerifiedHead(head) : null;
        return valid ? HeadFailure.None : HeadFailure.Signature;
    }

    /// <summary>Checks the signature; false is <see cref="HeadFailure.Signature"/>.</summary>
    public static bool TryVerify(SignedHead head, LogKey key, [NotNullWhen(true)] out VerifiedHead? verified) =>
        Verify(head, key, out verified) == HeadFailure.None && verified is not null;
}
