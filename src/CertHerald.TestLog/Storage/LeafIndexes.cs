using System.Buffers.Binary;
using System.Numerics;
using CertHerald.Transparency.Merkle;

namespace CertHerald.TestLog.Storage;

/// <summary>
/// Finds a leaf by its hash, for get-proof-by-hash. An open-addressed table of 4-byte indexes, filled from the stored leaf
/// hashes when it is first asked and again when the log has grown: 8 to 16 bytes an entry.
/// </summary>
internal sealed class LeafIndexes(HashTree tree)
{
    private readonly Lock _gate = new();

    // Index + 1; 0 is free.
    private uint[] _slots = [];
    private ulong _count;

    /// <summary>The lowest index, where a leaf occurs twice.</summary>
    public EntryIndex? Find(MerkleHash leafHash, ulong size)
    {
        lock (_gate)
        {
            if (_count < size) Fill(size);
            if (_slots.Length == 0) return null;
            for (uint slot = SlotOf(MerkleHash.BytesOf(leafHash)); _slots[slot] != 0; slot = Next(slot))
            {
                ulong index = _slots[slot] - 1;
                if (tree.Stored(0, index) == leafHash) return index < size ? new EntryIndex(index) : null;
            }
            return null;
        }
    }

    private void Fill(ulong size)
    {
        if (size * 2 > (ulong)_slots.Length)
        {
            _slots = new uint[BitOperations.RoundUpToPowerOf2(size * 2)];
            _count = 0;
        }
        byte[] hashes = new byte[4096 * MerkleHash.Length];
        while (_count < size)
        {
            int read = (int)Math.Min(4096, size - _count);
            tree.Read(0, _count, hashes.AsSpan(0, read * MerkleHash.Length));
            for (int i = 0; i < read; i++) Insert(hashes.AsSpan(i * MerkleHash.Length, MerkleHash.Length));
        }
    }

    // In ascending order, so that probing meets the lowest of equal leaves first.
    private void Insert(ReadOnlySpan<byte> hash)
    {
        uint slot = SlotOf(hash);
        while (_slots[slot] != 0) slot = Next(slot);
        _slots[slot] = (uint)++_count;
    }

    private uint SlotOf(ReadOnlySpan<byte> hash) => BinaryPrimitives.ReadUInt32BigEndian(hash) & (uint)(_slots.Length - 1);

    private uint Next(uint slot) => slot + 1 & (uint)(_slots.Length - 1);
}
