using System.Numerics;
using System.Runtime.CompilerServices;

namespace CertHerald.Names.Lookalikes;

/// <summary>
/// Values by a key of up to eight characters. What is not there costs one look at two bits, however many are; what is, two more.
/// Immutable and thread-safe.
/// </summary>
internal sealed class PrefixTable<T>
{
    private const ulong Multiplier = 0x9E37_79B9_7F4A_7C15;    // odd: no two keys have one hash
    private const int BitsPerKey = 16, MostFilterBits = 1 << 26, EntriesPerBucket = 4;

    private readonly ulong[] _filter;
    private readonly int _filterShift;

    // By hash: where each bucket begins among the entries, and after the last, their number.
    private readonly int[] _buckets;
    private readonly int _shift;
    private readonly Entry[] _entries;

    /// <param name="keys">In any order; changed.</param>
    /// <param name="values">Beside them.</param>
    public PrefixTable(ulong[] keys, T[] values)
    {
        for (int i = 0; i < keys.Length; i++) keys[i] *= Multiplier;
        int[] order = [.. Enumerable.Range(0, keys.Length)];
        Array.Sort(keys, order);

        int buckets = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, keys.Length / EntriesPerBucket));
        _shift = 64 - BitOperations.Log2((uint)buckets);
        _buckets = new int[buckets + 1];
        int bits = (int)Math.Min(MostFilterBits, BitOperations.RoundUpToPowerOf2((uint)Math.Max(1 << 12, keys.Length * BitsPerKey)));
        _filterShift = 64 - BitOperations.Log2((uint)bits / 64);
        _filter = new ulong[bits / 64];
        _entries = new Entry[keys.Length];
        for (int i = 0; i < keys.Length; i++)
        {
            _entries[i] = new Entry(keys[i], values[order[i]]);
            _buckets[(int)(keys[i] >> _shift) + 1]++;
            _filter[keys[i] >> _filterShift] |= BitsOf(keys[i]);
        }
        for (int bucket = 0; bucket < buckets; bucket++) _buckets[bucket + 1] += _buckets[bucket];
    }

    /// <summary>False if nothing has this key.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MayHold(ulong key)
    {
        ulong hash = key * Multiplier, bits = BitsOf(hash);
        return (_filter[hash >> _filterShift] & bits) == bits;
    }

    /// <summary>Which of up to 64 keys something may have: bit i for key i. All are looked at before any is followed, so that the looks overlap.</summary>
    public ulong MayHoldOf(ReadOnlySpan<ulong> keys)
    {
        ulong may = 0;
        ulong[] filter = _filter;
        int shift = _filterShift;
        for (int i = 0; i < keys.Length; i++)
        {
            ulong hash = keys[i] * Multiplier;
            may |= ((BitsOf(hash) & ~filter[hash >> shift]) == 0 ? 1UL : 0UL) << i;
        }
        return may;
    }

    /// <summary>All with this key.</summary>
    public ReadOnlySpan<Entry> Find(ulong key)
    {
        ulong hash = key * Multiplier;
        int bucket = (int)(hash >> _shift), at = _buckets[bucket], end = _buckets[bucket + 1];
        while (at < end && _entries[at].Hash < hash) at++;
        int to = at;
        while (to < end && _entries[to].Hash == hash) to++;
        return _entries.AsSpan(at, to - at);
    }

    // Two bits of one word: those of the hash that do not say which word.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong BitsOf(ulong hash) => 1UL << (int)(hash >> 26 & 63) | 1UL << (int)(hash >> 32 & 63);

    /// <summary>A value, beside what its key hashes to.</summary>
    public readonly record struct Entry(ulong Hash, T Value);
}
