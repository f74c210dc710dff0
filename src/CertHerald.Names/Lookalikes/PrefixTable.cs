using System.Numerics;
using System.Runtime.CompilerServices;

namespace CertHerald.Names.Lookalikes;

/// <summary>
/// Values by a key of up to eight characters. What is not there costs one look at a word of memory, however many are. Immutable and
/// thread-safe.
/// </summary>
internal sealed class PrefixTable<T>
{
    private readonly Slot[] _slots;
    private readonly int _shift;
    private readonly T[] _shared;

    /// <param name="keys">In any order; changed.</param>
    /// <param name="values">Beside them; changed likewise.</param>
    public PrefixTable(ulong[] keys, T[] values)
    {
        Array.Sort(keys, values);
        int distinct = 0;
        for (int i = 0; i < keys.Length; i++) if (i == 0 || keys[i] != keys[i - 1]) distinct++;

        int size = Math.Max(16, (int)BitOperations.RoundUpToPowerOf2((uint)distinct * 4 / 3 + 1));
        _shift = 64 - BitOperations.Log2((uint)size);
        _slots = new Slot[size];
        Filter = new KeyFilter(distinct);
        var shared = new List<T>();
        for (int i = 0; i < keys.Length;)
        {
            int end = i + 1;
            while (end < keys.Length && keys[end] == keys[i]) end++;
            int slot = (int)(KeyFilter.Mix(keys[i]) >> _shift);
            while (_slots[slot].Count > 0) slot = (slot + 1) & (size - 1);
            _slots[slot] = new Slot { Key = keys[i], First = values[i], Start = shared.Count, Count = end - i };
            if (end - i > 1) shared.AddRange(values.AsSpan(i, end - i));
            Filter.Add(keys[i]);
            i = end;
        }
        _shared = [.. shared];
    }

    public KeyFilter Filter { get; }

    /// <summary>False if nothing has this key.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MayHold(ulong key) => Filter.MayHold(key);

    /// <summary>All with this key.</summary>
    public ReadOnlySpan<T> Find(ulong key)
    {
        Slot[] slots = _slots;
        for (int at = (int)(KeyFilter.Mix(key) >> _shift); slots[at].Count > 0; at = (at + 1) & (slots.Length - 1))
        {
            ref readonly Slot slot = ref slots[at];
            if (slot.Key == key) return slot.Count == 1 ? new ReadOnlySpan<T>(in slot.First) : _shared.AsSpan(slot.Start, slot.Count);
        }
        return default;
    }

    // Most keys have one value: it lies beside them, where memory has been fetched already.
    private struct Slot
    {
        public ulong Key;
        public T First;
        public int Start;
        public int Count;
    }
}
