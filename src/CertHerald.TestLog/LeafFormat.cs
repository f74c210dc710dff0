using System.Buffers.Binary;
using CertHerald.TestLog.Storage;
using CertHerald.Transparency.Merkle;

namespace CertHerald.TestLog;

/// <summary>Entries in the forms of the two protocols: leaf_input and extra_data; the TileLeaf of data tiles.</summary>
internal static class LeafFormat
{
    public const ushort X509 = 0, Precert = 1;

    /// <summary>The leaf_index extension: type 0, length 5, uint40.</summary>
    public static byte[] LeafIndexExtension(ulong index)
    {
        byte[] extension = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(extension, index);
        extension[0] = 0;
        extension[1] = 0;
        extension[2] = 5;
        return extension;
    }

    /// <param name="issuerKeyHash">Empty for x509.</param>
    /// <param name="signed">The certificate, or the TBSCertificate without poison.</param>
    public static byte[] LeafInput(
        ulong timestamp, ReadOnlySpan<byte> issuerKeyHash, ReadOnlySpan<byte> signed, ReadOnlySpan<byte> extensions)
    {
        byte[] leaf = new byte[12 + issuerKeyHash.Length + 3 + signed.Length + 2 + extensions.Length];
        BinaryPrimitives.WriteUInt64BigEndian(leaf.AsSpan(2), timestamp);
        BinaryPrimitives.WriteUInt16BigEndian(leaf.AsSpan(10), issuerKeyHash.IsEmpty ? X509 : Precert);
        Span<byte> rest = leaf.AsSpan(12);
        issuerKeyHash.CopyTo(rest);
        rest = rest[issuerKeyHash.Length..];
        WriteSized(ref rest, signed);
        BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)extensions.Length);
        extensions.CopyTo(rest[2..]);
        return leaf;
    }

    /// <param name="precertificate">Null for x509.</param>
    public static byte[] ExtraData(byte[]? precertificate, IEnumerable<byte[]> chain)
    {
        byte[][] rest = [.. chain];
        int list = rest.Sum(c => 3 + c.Length);
        byte[] extra = new byte[(precertificate is null ? 0 : 3 + precertificate.Length) + 3 + list];
        Span<byte> target = extra;
        if (precertificate is not null) WriteSized(ref target, precertificate);
        WriteUInt24(target, list);
        target = target[3..];
        foreach (byte[] certificate in rest) WriteSized(ref target, certificate);
        return extra;
    }

    /// <summary>
    /// The TileLeaf of a row: TimestampedEntry ‖ pre_certificate ‖ fingerprints. False if tiles cannot say what the row
    /// says; <paramref name="tileLeaf"/> then holds the leaf as it is and no issuer.
    /// </summary>
    public static bool TryToTileLeaf(ReadOnlySpan<byte> leafInput, ReadOnlySpan<byte> extraData, IssuerFolder issuers, List<byte> tileLeaf)
    {
        ReadOnlySpan<byte> timestampedEntry = leafInput.Length > 2 ? leafInput[2..] : [];
        tileLeaf.Clear();
        tileLeaf.AddRange(timestampedEntry);
        if (TrySplit(leafInput, extraData, out ReadOnlySpan<byte> precertificate, out ReadOnlySpan<byte> list)
            && TryAppendFingerprints(precertificate, list, issuers, tileLeaf))
            return true;

        tileLeaf.RemoveRange(timestampedEntry.Length, tileLeaf.Count - timestampedEntry.Length);
        tileLeaf.AddRange([0, 0]);
        return false;
    }

    /// <summary>Length of a TimestampedEntry at the start of <paramref name="bytes"/>, and whether it is a precertificate's.</summary>
    public static bool TryMeasure(ReadOnlySpan<byte> bytes, out int length, out bool isPrecert)
    {
        length = 0;
        isPrecert = false;
        if (bytes.Length < 10) return false;
        ushort type = BinaryPrimitives.ReadUInt16BigEndian(bytes[8..]);
        if (type > Precert) return false;
        isPrecert = type == Precert;

        int at = isPrecert ? 42 : 10;
        if (bytes.Length < at + 3) return false;
        at += 3 + ReadUInt24(bytes[at..]);
        if (bytes.Length < at + 2) return false;
        at += 2 + BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]);
        if (bytes.Length < at) return false;
        length = at;
        return true;
    }

    public static int ReadUInt24(ReadOnlySpan<byte> bytes) => bytes[0] << 16 | bytes[1] << 8 | bytes[2];

    public static void WriteUInt24(Span<byte> target, int value)
    {
        target[0] = (byte)(value >> 16);
        target[1] = (byte)(value >> 8);
        target[2] = (byte)value;
    }

    private static void WriteSized(ref Span<byte> target, ReadOnlySpan<byte> bytes)
    {
        WriteUInt24(target, bytes.Length);
        bytes.CopyTo(target[3..]);
        target = target[(3 + bytes.Length)..];
    }

    private static bool TrySplit(
        ReadOnlySpan<byte> leafInput, ReadOnlySpan<byte> extraData, out ReadOnlySpan<byte> precertificate, out ReadOnlySpan<byte> list)
    {
        precertificate = list = default;
        if (leafInput.Length < 2 || leafInput[0] != 0 || leafInput[1] != 0) return false;
        if (!TryMeasure(leafInput[2..], out int length, out bool isPrecert) || length != leafInput.Length - 2) return false;

        if (isPrecert)
        {
            if (extraData.Length < 3 || extraData.Length < 3 + ReadUInt24(extraData)) return false;
            precertificate = extraData[..(3 + ReadUInt24(extraData))];
            extraData = extraData[precertificate.Length..];
        }
        if (extraData.Length < 3 || extraData.Length != 3 + ReadUInt24(extraData)) return false;
        list = extraData[3..];
        return true;
    }

    private static bool TryAppendFingerprints(
        ReadOnlySpan<byte> precertificate, ReadOnlySpan<byte> list, IssuerFolder issuers, List<byte> tileLeaf)
    {
        tileLeaf.AddRange(precertificate);
        int at = tileLeaf.Count;
        tileLeaf.AddRange([0, 0]);
        while (list.Length > 0)
        {
            if (list.Length < 3 || list.Length < 3 + ReadUInt24(list)) return false;
            int length = ReadUInt24(list);
            tileLeaf.AddRange(MerkleHash.BytesOf(issuers.Add(list.Slice(3, length))));
            list = list[(3 + length)..];
        }

        int fingerprints = tileLeaf.Count - at - 2;
        if (fingerprints > ushort.MaxValue) return false;
        tileLeaf[at] = (byte)(fingerprints >> 8);
        tileLeaf[at + 1] = (byte)fingerprints;
        return true;
    }
}
