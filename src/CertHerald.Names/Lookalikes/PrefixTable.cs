using System.Numerics;
using System.Runtime.CompilerServices;

namespace CertHerald.Names.Lookalikes;

/// <summary>
/// Values by a key of up to eight characters. What is not there costs one look at two bits, however many are; what is, one more.
/// Immutable and thread-safe.
/// </summary>
internal sealed class PrefixTable<T>
{
    private const ulong Multiplier = 0x9E37_79B9_7F4A_7C15;    // odd: no two keys have one hash
    private const int BitsPerKey = 16, MostFilterBits = 1 << 26;

    private const ulong Room = ulong.MaxValue;                 // no hash is greater: a search ends there

    private readonly ulong[] _filter;
    private readonly int _filterShift;

    // In the order of hashes, each where its hash would be if all were spread evenly, or as soon as there is room behind. Room is
    // left for half as many.
    private readonly Entry[] _entries;
    private readonly ulong _homes;

    /// <param name="keys">In any order; changed.</param>
    /// <param name="values">Beside them.</param>
    public PrefixTable(ulong[] keys, T[] values)
    {
        for (int i = 0; i < keys.Length; i++) keys[i] *= Multiplier;
        int[] order = [.. Enumerable.Range(0, keys.Length)];
        Array.Sort(keys, order);

        _homes = (ulong)keys.Length * 3 / 2 + 1;
        var entries = new Entry[(int)_homes + keys.Length + 1];
        int end = 0;
        int bits = (int)Math.Min(MostFilterBits, BitOperations.RoundUpToPowerOf2((uint)Math.Max(1 << 12, keys.Length * BitsPerKey)));
        _filterShift = 64 - BitOperations.Log2((uint)bits / 64);
        _filter = new ulong[bits / 64];
        for (int i = 0; i < keys.Length; i++)
        {
            int home = HomeOf(keys[i]);
            entries.AsSpan(end, Math.Max(0, home - end)).Fill(new Entry(Room, default!));
            end = Math.Max(end, home);
            entries[end++] = new Entry(keys[i], values[order[i]]);
            _filter[keys[i] >> _filterShift] |= BitsOf(keys[i]);
        }
        int homes = Math.Max(end, (int)_homes);
        entries.AsSpan(end, homes + 1 - end).Fill(new Entry(Room, default!));
        _entries = entries.AsSpan(0, homes + 1).ToArray();
    }

    /// <summary>False if nothing has this key.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MayHold(ulong key)
    {
        ulong hash = key * Multiplier, bits = BitsOf(hash);
        return (_filter[hash >> _filterShift] & bits) == bits;
    }

    /// <summary>Which of up to 64 keys something may have: bit i for key i. All are looked at before any is followed, so that the looks overlap.</summary>
    /// <param name="mask">What of each key counts.</param>
    public ulong MayHoldOf(ReadOnlySpan<ulong> keys, ulong mask = ulong.MaxValue)
    {
        ulong may = 0;
        ulong[] filter = _filter;
        int shift = _filterShift;
        for (int i = 0; i < keys.Length; i++)
        {
            ulong hash = (keys[i] & mask) * Multiplier;
            may |= ((BitsOf(hash) & ~filter[hash >> shift]) == 0 ? 1UL : 0UL) << i;
        }
        return may;
    }

    /// <summary>Reads what is looked at first for a key, to have it near.</summary>
    public ulong Touch(ulong key) => _entries[HomeOf(key * Multiplier)].Hash;

    /// <summary>All with this key.</summary>
    public ReadOnlySpan<Entry> Find(ulong key)
    {
        ulong hash = key * Multiplier;
        if (hash == Room) return [];
        Entry[] entries = _entries;
        int at = HomeOf(hash);
        while (entries[at].Hash < hash) at++;
        int to = at;
        while (entries[to].Hash == hash) to++;
        return entries.AsSpan(at, to - at);
    }

    private int HomeOf(ulong hash) => (int)Math.BigMul(hash, _homes, out _);

    // Two bits of one word: those of the hash that do not say which word.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong BitsOf(ulong hash) => 1UL << (int)(hash >> 26 & 63) | 1UL << (int)(hash >> 32 & 63);

    /// <summary>A value, beside what its key hashes to.</summary>
    public readonly record struct Entry(ulong Hash, T Value);
}
