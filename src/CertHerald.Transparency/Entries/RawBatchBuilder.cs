using System.Buffers;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Transparency.Entries;

/// <summary>
/// Puts entries together in pooled memory. <see cref="Build"/> hands the memory over; without it, dispose. Not thread-safe.
/// </summary>
public sealed class RawBatchBuilder : IDisposable
{
    /// <summary>Bytes a batch may take: twice what an answer may have. Entries beyond it are refused.</summary>
    public const int MaxBytes = 128 << 20;

    private readonly EntryIndex _start;
    private readonly ExtraDataForm _form;
    private MemoryLease? _memory;
    private int[]? _offsets;
    private int _count, _length;

    /// <summary>Starts a batch at this entry.</summary>
    /// <param name="expectedBytes">Room to begin with; more is taken as needed.</param>
    /// <param name="expectedEntries">Room to begin with; more is taken as needed.</param>
    public RawBatchBuilder(EntryIndex start, ExtraDataForm form, int expectedBytes = 1 << 16, int expectedEntries = 256)
    {
        (_start, _form) = (start, form);
        _memory = BatchMemory.Shared.Rent(Math.Clamp(expectedBytes, 1024, MaxBytes));
        _offsets = RentOffsets(expectedEntries);
    }

    /// <summary>Starts a batch in this memory, which is the builder's from now on.</summary>
    internal RawBatchBuilder(EntryIndex start, ExtraDataForm form, MemoryLease memory, int expectedEntries)
    {
        (_start, _form, _memory) = (start, form, memory);
        _offsets = RentOffsets(expectedEntries);
    }

    /// <summary>How many entries it holds.</summary>
    public int Count => _count;

    /// <summary>Adds an entry; false, and nothing added, if the batch would outgrow <see cref="MaxBytes"/>.</summary>
    public bool Add(ReadOnlySpan<byte> leafInput, ReadOnlySpan<byte> extraData)
    {
        if (!Reserve(leafInput.Length + (long)extraData.Length, out Span<byte> room)) return false;

        leafInput.CopyTo(room);
        extraData.CopyTo(room[leafInput.Length..]);
        Commit(leafInput.Length, extraData.Length);
        return true;
    }

    /// <summary>Adds an entry from its TileLeaf, cut after the TimestampedEntry: leaf_input is 00 00 ‖ TimestampedEntry.</summary>
    internal bool AddTileLeaf(ReadOnlySpan<byte> timestampedEntry, ReadOnlySpan<byte> rest)
    {
        if (!Reserve(2 + timestampedEntry.Length + (long)rest.Length, out Span<byte> room)) return false;

        room[0] = room[1] = 0;                                 // v1, timestamped_entry
        timestampedEntry.CopyTo(room[2..]);
        rest.CopyTo(room[(2 + timestampedEntry.Length)..]);
        Commit(2 + timestampedEntry.Length, rest.Length);
        return true;
    }

    /// <summary>Room for leaf_input and extra data of the next entry, for <see cref="Commit"/>.</summary>
    internal bool Reserve(long bytes, out Span<byte> room)
    {
        ObjectDisposedException.ThrowIf(_memory is null, this);
        room = default;
        long needed = _length + 1 + bytes;
        if (needed > MaxBytes) return false;

        if (needed > _memory.Length) Grow(ref _memory, (int)Math.Min(MaxBytes, Math.Max(needed, 2L * _memory.Length)));
        room = _memory.Memory.Span[(_length + 1)..];
        return true;
    }

    /// <summary>Adds what was written to the reserved room.</summary>
    internal void Commit(int leafInput, int extraData)
    {
        ObjectDisposedException.ThrowIf(_memory is null || _offsets is null, this);
        _memory.Memory.Span[_length] = 0;
        if (2 * _count + 3 > _offsets.Length) Grow(ref _offsets);
        _offsets[2 * _count + 1] = _length + 1 + leafInput;
        _offsets[2 * _count + 2] = _length += 1 + leafInput + extraData;
        _count++;
    }

    /// <summary>Takes everything out again, to start over.</summary>
    internal void Clear() => _count = _length = 0;

    /// <summary>The batch of what was added. The builder is empty and useless afterwards.</summary>
    public RawBatch Build()
    {
        ObjectDisposedException.ThrowIf(_memory is null || _offsets is null, this);
        _memory.Shrink(_length);
        var batch = new RawBatch(_start, _count, _form, _memory, _offsets);
        (_memory, _offsets) = (null, null);
        return batch;
    }

    /// <summary>Gives the memory back, unless <see cref="Build"/> handed it over.</summary>
    public void Dispose()
    {
        _memory?.Dispose();
        if (_offsets is not null) ArrayPool<int>.Shared.Return(_offsets);
        (_memory, _offsets) = (null, null);
    }

    private static int[] RentOffsets(int expectedEntries)
    {
        int[] offsets = ArrayPool<int>.Shared.Rent(2 * Math.Clamp(expectedEntries, 16, 1 << 16) + 1);
        offsets[0] = 0;
        return offsets;
    }

    private void Grow(ref MemoryLease memory, int length)
    {
        MemoryLease larger = BatchMemory.Shared.Rent(length);
        memory.Memory.Span[.._length].CopyTo(larger.Memory.Span);
        memory.Dispose();
        memory = larger;
    }

    private void Grow(ref int[] offsets)
    {
        int[] larger = ArrayPool<int>.Shared.Rent(2 * offsets.Length);
        offsets.AsSpan(0, 2 * _count + 1).CopyTo(larger);
        ArrayPool<int>.Shared.Return(offsets);
        offsets = larger;
    }
}
