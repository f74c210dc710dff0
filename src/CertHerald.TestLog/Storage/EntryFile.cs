using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace CertHerald.TestLog.Storage;

/// <summary>
/// The entries, one after the other, as data tiles hold them: a tile is one stretch of the file. What a tile cannot hold
/// (an unknown leaf type, extra_data that is no chain) lies beside it whole, for get-entries.
/// </summary>
internal sealed class EntryFile : IDisposable
{
    private const ulong OddBit = 1UL << 63;

    private readonly AppendOnlyFile _tiles;

    // A u64 for each entry: where it ends in the tiles; the top bit says that it is odd.
    private readonly AppendOnlyFile _ends;

    // u64 index ‖ u32 length ‖ leaf_input ‖ u32 length ‖ extra_data.
    private readonly AppendOnlyFile _oddities;
    private readonly Dictionary<ulong, long> _oddAt = [];

    public EntryFile(string folder)
    {
        _tiles = new AppendOnlyFile(Path.Combine(folder, "entries"), 256 * 1024);
        _ends = new AppendOnlyFile(Path.Combine(folder, "entries.index"), 16 * 1024);
        _oddities = new AppendOnlyFile(Path.Combine(folder, "entries.odd"), 4 * 1024);
        FindOddities();
        Count = WholeEntries();
    }

    public ulong Count { get; private set; }

    public bool HasOddities => _oddAt.Count > 0;

    public void Append(ReadOnlySpan<byte> tileLeaf)
    {
        _tiles.Append(tileLeaf);
        AppendEnd((ulong)_tiles.Length);
    }

    public void AppendOdd(ReadOnlySpan<byte> tileLeaf, ReadOnlySpan<byte> leafInput, ReadOnlySpan<byte> extraData)
    {
        lock (_oddAt) _oddAt[Count] = _oddities.Length;
        Span<byte> number = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(number, Count);
        _oddities.Append(number);
        BinaryPrimitives.WriteInt32BigEndian(number, leafInput.Length);
        _oddities.Append(number[..4]);
        _oddities.Append(leafInput);
        BinaryPrimitives.WriteInt32BigEndian(number, extraData.Length);
        _oddities.Append(number[..4]);
        _oddities.Append(extraData);
        // Before its index says so: a killed process leaves no odd entry without its bytes.
        _oddities.Flush();

        _tiles.Append(tileLeaf);
        AppendEnd((ulong)_tiles.Length | OddBit);
    }

    /// <summary>Where entries lie in the file: count + 1 limits. The top bit of an end is gone; ask <see cref="TryReadOdd"/>.</summary>
    public void ReadLimits(ulong first, Span<long> limits)
    {
        Span<byte> raw = MemoryMarshal.AsBytes(limits);
        // Where an entry begins is where the one before it ends; nothing stands before the first.
        raw[..8].Clear();
        if (first == 0) _ends.Read(0, raw[8..]);
        else _ends.Read((long)(first - 1) * 8, raw);
        for (int i = 0; i < limits.Length; i++)
            limits[i] = (long)(BinaryPrimitives.ReadUInt64BigEndian(raw[(8 * i)..]) & ~OddBit);
    }

    public void ReadTiles(long from, Span<byte> target) => _tiles.Read(from, target);

    public bool TryReadOdd(ulong index, out byte[] leafInput, out byte[] extraData)
    {
        leafInput = extraData = [];
        long at;
        lock (_oddAt)
            if (!_oddAt.TryGetValue(index, out at)) return false;

        leafInput = ReadSized(at + 8);
        extraData = ReadSized(at + 12 + leafInput.Length);
        return true;
    }

    /// <summary>Forgets what a killed process wrote too far. Before the first append only.</summary>
    public void CutTo(ulong count)
    {
        Span<long> end = stackalloc long[2];
        if (count > 0) ReadLimits(count - 1, end);
        _tiles.Truncate(count == 0 ? 0 : end[1]);
        _ends.Truncate((long)count * 8);
        long odd = _oddities.Length;
        foreach ((ulong index, long at) in _oddAt.ToArray())
        {
            if (index < count) continue;
            odd = Math.Min(odd, at);
            _oddAt.Remove(index);
        }
        _oddities.Truncate(odd);
        Count = count;
    }

    public void Flush()
    {
        _oddities.Flush();
        _tiles.Flush();
        _ends.Flush();
    }

    public void Dispose()
    {
        _oddities.Dispose();
        _tiles.Dispose();
        _ends.Dispose();
    }

    private void AppendEnd(ulong end)
    {
        Span<byte> number = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(number, end);
        _ends.Append(number);
        Count++;
    }

    private byte[] ReadSized(long at)
    {
        Span<byte> number = stackalloc byte[4];
        _oddities.Read(at, number);
        byte[] bytes = new byte[BinaryPrimitives.ReadInt32BigEndian(number)];
        _oddities.Read(at + 4, bytes);
        return bytes;
    }

    private void FindOddities()
    {
        Span<byte> number = stackalloc byte[8];
        long at = 0;
        while (at + 16 <= _oddities.Length)
        {
            _oddities.Read(at, number);
            ulong index = BinaryPrimitives.ReadUInt64BigEndian(number);
            _oddities.Read(at + 8, number[..4]);
            long second = at + 12 + BinaryPrimitives.ReadUInt32BigEndian(number);
            if (second + 4 > _oddities.Length) break;
            _oddities.Read(second, number[..4]);
            long next = second + 4 + BinaryPrimitives.ReadUInt32BigEndian(number);
            if (next > _oddities.Length) break;
            _oddAt[index] = at;
            at = next;
        }
        _oddities.Truncate(at);
    }

    private ulong WholeEntries()
    {
        ulong count = (ulong)(_ends.Length / 8);
        Span<long> limits = stackalloc long[2];
        while (count > 0)
        {
            ReadLimits(count - 1, limits);
            if (limits[1] <= _tiles.Length) break;
            count--;
        }
        return count;
    }
}
