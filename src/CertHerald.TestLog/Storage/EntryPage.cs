using System.Buffers;
using System.Buffers.Binary;
using CertHerald.Transparency.Merkle;

namespace CertHerald.TestLog.Storage;

/// <summary>Consecutive entries, read from the file at once and given as get-entries rows, one at a time.</summary>
internal sealed class EntryPage : IDisposable
{
    // Room before the first entry for the two bytes that a leaf_input has and a TileLeaf has not.
    private const int Head = 2;

    private readonly EntryFile _entries;
    private readonly IssuerFolder _issuers;
    private readonly ulong _first;
    private readonly int _count;
    private readonly long[] _limits;
    private readonly byte[] _bytes;
    private byte[] _extra = ArrayPool<byte>.Shared.Rent(16 * 1024);
    private int _next;

    public EntryPage(EntryFile entries, IssuerFolder issuers, ulong first, int count)
    {
        (_entries, _issuers, _first, _count) = (entries, issuers, first, count);
        _limits = new long[count + 1];
        entries.ReadLimits(first, _limits);
        int length = checked((int)(_limits[count] - _limits[0]));
        _bytes = ArrayPool<byte>.Shared.Rent(Head + length);
        entries.ReadTiles(_limits[0], _bytes.AsSpan(Head, length));
    }

    /// <summary>Valid until the next move.</summary>
    public ReadOnlyMemory<byte> LeafInput { get; private set; }

    /// <summary>Valid until the next move.</summary>
    public ReadOnlyMemory<byte> ExtraData { get; private set; }

    /// <summary>How long each leaf_input and extra_data is. Before the first move only.</summary>
    public IEnumerable<(int LeafInput, int ExtraData)> Lengths()
    {
        for (int i = 0; i < _count; i++)
            yield return _entries.HasOddities && _entries.TryReadOdd(_first + (ulong)i, out byte[] leafInput, out byte[] extraData)
                ? (leafInput.Length, extraData.Length)
                : Measure(TileLeafAt(i));
    }

    public bool MoveNext()
    {
        if (_next == _count) return false;
        int at = Head + (int)(_limits[_next] - _limits[0]);
        Span<byte> tileLeaf = TileLeafAt(_next);
        ulong index = _first + (ulong)_next++;
        if (_entries.HasOddities && _entries.TryReadOdd(index, out byte[] leafInput, out byte[] extraData))
        {
            LeafInput = leafInput;
            ExtraData = extraData;
            return true;
        }

        LeafFormat.TryMeasure(tileLeaf, out int leaf, out bool isPrecert);
        // The entry before is done with: its last two bytes become version and leaf type of this one.
        _bytes[at - 2] = _bytes[at - 1] = 0;
        LeafInput = _bytes.AsMemory(at - 2, leaf + 2);
        ExtraData = _extra.AsMemory(0, AssembleExtraData(tileLeaf[leaf..], isPrecert));
        return true;
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_bytes);
        ArrayPool<byte>.Shared.Return(_extra);
    }

    private Span<byte> TileLeafAt(int i) =>
        _bytes.AsSpan(Head + (int)(_limits[i] - _limits[0]), (int)(_limits[i + 1] - _limits[i]));

    private (int LeafInput, int ExtraData) Measure(ReadOnlySpan<byte> tileLeaf)
    {
        LeafFormat.TryMeasure(tileLeaf, out int leaf, out bool isPrecert);
        ReadOnlySpan<byte> side = tileLeaf[leaf..];
        int extra = isPrecert ? 3 + LeafFormat.ReadUInt24(side) : 0;
        ReadOnlySpan<byte> fingerprints = side[(extra + 2)..];
        extra += 3;
        for (; fingerprints.Length > 0; fingerprints = fingerprints[MerkleHash.Length..])
            extra += 3 + Issuer(fingerprints).Length;
        return (leaf + 2, extra);
    }

    private byte[] Issuer(ReadOnlySpan<byte> fingerprints) =>
        _issuers.TryGet(new MerkleHash(fingerprints[..MerkleHash.Length]), out byte[] issuer)
            ? issuer
            : throw new InvalidDataException("An issuer's file is gone from the log's folder.");

    private int AssembleExtraData(ReadOnlySpan<byte> side, bool isPrecert)
    {
        int precertificate = isPrecert ? 3 + LeafFormat.ReadUInt24(side) : 0;
        Grow(precertificate + 3);
        side[..precertificate].CopyTo(_extra);
        side = side[precertificate..];

        int length = precertificate + 3, fingerprints = BinaryPrimitives.ReadUInt16BigEndian(side);
        for (ReadOnlySpan<byte> rest = side.Slice(2, fingerprints); rest.Length > 0; rest = rest[MerkleHash.Length..])
        {
            byte[] issuer = Issuer(rest);
            Grow(length + 3 + issuer.Length, length);
            LeafFormat.WriteUInt24(_extra.AsSpan(length), issuer.Length);
            issuer.CopyTo(_extra, length + 3);
            length += 3 + issuer.Length;
        }
        LeafFormat.WriteUInt24(_extra.AsSpan(precertificate), length - precertificate - 3);
        return length;
    }

    private void Grow(int length, int keep = 0)
    {
        if (length <= _extra.Length) return;
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(length, 2 * _extra.Length));
        _extra.AsSpan(0, keep).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_extra);
        _extra = larger;
    }
}
