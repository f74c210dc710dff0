using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace CertHerald.Names.Lookalikes;

/// <summary>
/// Which keys are surely not there, at one look: the three bits of a key lie in one word of memory. Immutable once it is filled,
/// and then thread-safe.
/// </summary>
internal sealed class KeyFilter
{
    private const ulong Multiplier = 0x9E37_79B9_7F4A_7C15;    // odd, from the golden ratio

    // A key that is not there passes once in 1,000 times while this fits into a core's own memory; once in 100 beyond.
    private const int BitsPerKey = 32, LeastBitsPerKey = 12, MostBits = 1 << 21;

    private readonly ulong[] _words;
    private readonly int _shift;

    /// <param name="keys">How many will be added.</param>
    public KeyFilter(int keys)
    {
        long bits = Math.Max((long)keys * LeastBitsPerKey, Math.Min((long)keys * BitsPerKey, MostBits));
        int words = (int)BitOperations.RoundUpToPowerOf2((ulong)Math.Max(2, bits / 64));
        _words = new ulong[words];
        _shift = 64 - BitOperations.Log2((uint)words);
    }

    public void Add(ulong key) => Add(Mix(key), Mix(key));

    /// <param name="place">Mixed: chooses the word.</param>
    /// <param name="mark">Mixed: chooses the bits in it.</param>
    public void Add(ulong place, ulong mark) => _words[place >> _shift] |= Bits(mark);

    /// <summary>False if the key was not added.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MayHold(ulong key)
    {
        ulong hash = Mix(key);
        return IsIn(WordOf(hash), hash);
    }

    /// <summary>One if the key may be there, else zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Look(ulong key) => MayHold(key) ? 1UL : 0;

    /// <summary>The word of memory that a mixed key chooses.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong WordOf(ulong place) => _words[place >> _shift];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsIn(ulong word, ulong mark)
    {
        ulong bits = Bits(mark);
        return (word & bits) == bits;
    }

    /// <summary>A key with every bit dependent on every other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Mix(ulong key)
    {
        // BigMul gives its lower half by way of memory.
        if (Bmi2.X64.IsSupported) return Bmi2.X64.MultiplyNoFlags(key, Multiplier) ^ (key * Multiplier);
        ulong high = Math.BigMul(key, Multiplier, out ulong low);
        return high ^ low;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Bits(ulong mark) => 1UL << (int)mark | 1UL << (int)(mark >> 6) | 1UL << (int)(mark >> 12);
}
