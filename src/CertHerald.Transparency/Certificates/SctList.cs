using System.Buffers.Binary;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Transparency.Certificates;

/// <summary>A list of serialized SCTs, for <c>foreach</c>. RFC 6962 §3.3. <c>default</c> is empty.</summary>
public ref struct SctList
{
    private ReadOnlySpan<byte> _rest;

    /// <summary>Starts at the list's two bytes of length, as TLS and OCSP carry it too.</summary>
    public SctList(ReadOnlySpan<byte> list)
    {
        // A length that promises more or less than there is leaves what is there readable.
        IsWellFormed = list.Length >= 2 && BinaryPrimitives.ReadUInt16BigEndian(list) == list.Length - 2;
        _rest = list.Length >= 2 ? list[2..] : default;
    }

    /// <summary>The SCT at hand.</summary>
    public SerializedSct Current { get; private set; }

    /// <summary>Whether all lengths agreed up to here. False for a list that is not there.</summary>
    public bool IsWellFormed { get; private set; }

    /// <summary>Goes to the next SCT; false behind the last, or where the rest is cut short.</summary>
    public bool MoveNext()
    {
        if (_rest.IsEmpty) return false;
        if (_rest.Length < 2 || BinaryPrimitives.ReadUInt16BigEndian(_rest) is var length && length > _rest.Length - 2)
        {
            IsWellFormed = false;
            _rest = default;
            return false;
        }
        Current = new SerializedSct(_rest.Slice(2, length));
        _rest = _rest[(2 + length)..];
        return true;
    }

    /// <summary>Itself, so that <c>foreach</c> takes it.</summary>
    public readonly SctList GetEnumerator() => this;

    /// <summary>How many SCTs are still to come.</summary>
    public readonly int Count()
    {
        int count = 0;
        foreach (SerializedSct _ in this) count++;
        return count;
    }

    /// <param name="value">The extension's value: an OCTET STRING around the list.</param>
    internal static SctList OfExtension(ReadOnlySpan<byte> value) =>
        new DerReader(value).TryRead(DerTag.OctetString, out ReadOnlySpan<byte> list) ? new SctList(list) : default;
}

/// <summary>A log's promise to include an entry, as it travels. RFC 6962 §3.2.</summary>
public readonly ref struct SerializedSct
{
    // Version, log id, timestamp, length of extensions.
    private const int FixedLength = 1 + MerkleHash.Length + 8 + 2;

    /// <summary>Takes an SCT apart, or leaves it unreadable.</summary>
    public SerializedSct(ReadOnlySpan<byte> encoded)
    {
        Encoded = encoded;
        if (encoded.Length < FixedLength || encoded[0] != 0) return;
        int extensions = BinaryPrimitives.ReadUInt16BigEndian(encoded[(FixedLength - 2)..]);
        if (extensions > encoded.Length - FixedLength) return;

        LogId = new LogId(new MerkleHash(encoded.Slice(1, MerkleHash.Length)));
        TimestampMilliseconds = BinaryPrimitives.ReadUInt64BigEndian(encoded[(1 + MerkleHash.Length)..]);
        Extensions = encoded.Slice(FixedLength, extensions);
        DigitallySigned = encoded[(FixedLength + extensions)..];
        IsReadable = true;
    }

    /// <summary>All of its bytes.</summary>
    public ReadOnlySpan<byte> Encoded { get; }

    /// <summary>Whether it is of version 1 and long enough. If not, the members below are <c>default</c>.</summary>
    public bool IsReadable { get; }

    /// <summary>The version: 0 stands for version 1, the only one that logs use; 255 if it is empty.</summary>
    public byte Version => Encoded.IsEmpty ? byte.MaxValue : Encoded[0];

    /// <summary>The log that promised.</summary>
    public LogId LogId { get; }

    /// <summary>When, in milliseconds since 1970 in UTC, as signed.</summary>
    public ulong TimestampMilliseconds { get; }

    /// <summary>When; null if that is beyond the year 9999.</summary>
    public DateTimeOffset? Timestamp => TimestampMilliseconds <= (ulong)DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
        ? DateTimeOffset.FromUnixTimeMilliseconds((long)TimestampMilliseconds) : null;

    /// <summary>The extensions' bytes, without their length.</summary>
    public ReadOnlySpan<byte> Extensions { get; }

    /// <summary>Hash code, signature code, length and signature. RFC 5246 §4.7.</summary>
    public ReadOnlySpan<byte> DigitallySigned { get; }

    /// <summary>Where the log has put the entry, if it says so: extension 0 of 5 bytes. static-ct-api, "SCT Extension".</summary>
    public EntryIndex? LeafIndex
    {
        get
        {
            for (ReadOnlySpan<byte> rest = Extensions; rest.Length >= 3;)
            {
                int length = BinaryPrimitives.ReadUInt16BigEndian(rest[1..]);
                if (length > rest.Length - 3) return null;
                if (rest[0] == 0 && length == 5) return new EntryIndex((ulong)rest[3] << 32 | BinaryPrimitives.ReadUInt32BigEndian(rest[4..]));
                rest = rest[(3 + length)..];
            }
            return null;
        }
    }
}
