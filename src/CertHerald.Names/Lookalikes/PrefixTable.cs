using System.Numerics;
using System.Runtime.CompilerServices;

namespace CertHerald.Names.Lookalikes;

/// <summary>
/// Values by a key of up to eight characters. What is not there costs one look at two bits, however many are. Immutable and
/// thread-safe.
/// </summary>
internal sealed class PrefixTable<T>
{
    private const ulong Multiplier = 0x9E37_79B9_7F4A_7C15;
    private const int BitsPerKey = 16, MostFilterBits = 1 << 26;

    private readonly ulong[] _filter;
    private readonly int _filterShift;
    private readonly Slot[] _slots;
    private readonly int _shift;
    private readonly T[] _values;

    /// <param name="keys">In any order; changed.</param>
    /// <param name="values">Beside them.</param>
    public PrefixTable(ulong[] keys, T[] values)
    {
        Array.Sort(keys, values);
        _values = values;
        int distinct = 0;
        for (int i = 0; i < keys.Length; i++) if (i == 0 || keys[i] != keys[i - 1]) distinct++;

        int size = Math.Max(16, (int)BitOperations.RoundUpToPowerOf2((uint)distinct * 2));
        _shift = 64 - BitOperations.Log2((uint)size);
        _slots = new Slot[size];
        int bits = (int)Math.Min(MostFilterBits, BitOperations.RoundUpToPowerOf2((uint)Math.Max(1 << 12, distinct * BitsPerKey)));
        _filterShift = 64 - BitOperations.Log2((uint)bits / 64);
        _filter = new ulong[bits / 64];
        for (int i = 0; i < keys.Length;)
        {
            int end = i + 1;
            while (end < keys.Length && keys[end] == keys[i]) end++;
            int slot = (int)(keys[i] * Multiplier >> _shift);
            while (_slots[slot].Count > 0) slot = (slot + 1) & (size - 1);
            _slots[slot] = new Slot(keys[i], i, end - i);
            ulong hash = keys[i] * Multiplier;
            _filter[hash >> _filterShift] |= BitsOf(hash);
            i = end;
        }
    }

    /// <summary>False if nothing has this key.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MayHold(ulong key)
    {
        ulong hash = key * Multiplier;
        ulong bits = BitsOf(hash);
        return (_filter[hash >> _filterShift] & bits) == bits;
    }

    /// <summary>Which of up to 64 keys something may have: bit i for key i. All are looked at before any is followed: the looks overlap.</summary>
    public ulong MayHoldOf(ReadOnlySpan<ulong> keys)
    {
        ulong may = 0;
        ulong[] filter = _filter;
        int shift = _filterShift;
        for (int i = 0; i < keys.Length; i++)
        {
            ulong hash = keys[i] * Multiplier, bits = BitsOf(hash), missing = bits & ~filter[hash >> shift];
            may |= (missing == 0 ? 1UL : 0UL) << i;
        }
        return may;
    }

    // Two bits of one word: those of the hash that do not say which word.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong BitsOf(ulong hash) => 1UL << (int)(hash >> 26 & 63) | 1UL << (int)(hash >> 32 & 63);

    /// <summary>All with this key, in ascending order of where they were given.</summary>
    public ReadOnlySpan<T> Find(ulong key)
    {
        Slot[] slots = _slots;
        for (int at = (int)(key * Multiplier >> _shift); slots[at].Count > 0; at = (at + 1) & (slots.Length - 1))
            if (slots[at].Key == key)
                return _values.AsSpan(slots[at].Start, slots[at].Count);
        return default;
    }

    private readonly record struct Slot(ulong Key, int Start, int Count);
}
