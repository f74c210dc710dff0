using System.Numerics;
using System.Runtime.CompilerServices;

namespace CertHerald.Names.Lookalikes;

/// <summary>
/// Numbers by a key of up to eight characters. What is not there costs one look at a bit, however many are. Immutable and
/// thread-safe.
/// </summary>
internal sealed class PrefixTable
{
    private const ulong Multiplier = 0x9E37_79B9_7F4A_7C15;
    private const int BitsPerKey = 16, MostFilterBits = 1 << 26;

    private readonly ulong[] _filter;
    private readonly int _filterShift;
    private readonly Slot[] _slots;
    private readonly int _shift;
    private readonly int[] _values;

    /// <param name="keys">In any order; changed.</param>
    /// <param name="values">Beside them.</param>
    public PrefixTable(ulong[] keys, int[] values)
    {
        Array.Sort(keys, values);
        _values = values;
        int distinct = 0;
        for (int i = 0; i < keys.Length; i++) if (i == 0 || keys[i] != keys[i - 1]) distinct++;

        int size = Math.Max(16, (int)BitOperations.RoundUpToPowerOf2((uint)distinct * 2));
        _shift = 64 - BitOperations.Log2((uint)size);
        _slots = new Slot[size];
        int bits = (int)Math.Min(MostFilterBits, BitOperations.RoundUpToPowerOf2((uint)Math.Max(1 << 12, distinct * BitsPerKey)));
        _filterShift = 64 - BitOperations.Log2((uint)bits);
        _filter = new ulong[bits / 64];
        for (int i = 0; i < keys.Length;)
        {
            int end = i + 1;
            while (end < keys.Length && keys[end] == keys[i]) end++;
            int slot = (int)(keys[i] * Multiplier >> _shift);
            while (_slots[slot].Count > 0) slot = (slot + 1) & (size - 1);
            _slots[slot] = new Slot(keys[i], i, end - i);
            ulong bit = keys[i] * Multiplier >> _filterShift;
            _filter[bit >> 6] |= 1UL << (int)(bit & 63);
            i = end;
        }
    }

    /// <summary>False if nothing has this key.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MayHold(ulong key)
    {
        ulong bit = key * Multiplier >> _filterShift;
        return (_filter[bit >> 6] >> (int)(bit & 63) & 1) != 0;
    }

    /// <summary>All with this key, in ascending order of where they were given.</summary>
    public ReadOnlySpan<int> Find(ulong key)
    {
        Slot[] slots = _slots;
        for (int at = (int)(key * Multiplier >> _shift); slots[at].Count > 0; at = (at + 1) & (slots.Length - 1))
            if (slots[at].Key == key)
                return _values.AsSpan(slots[at].Start, slots[at].Count);
        return default;
    }

    private readonly record struct Slot(ulong Key, int Start, int Count);
}
