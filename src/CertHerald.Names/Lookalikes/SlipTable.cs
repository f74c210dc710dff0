using System.Runtime.CompilerServices;

namespace CertHerald.Names.Lookalikes;

/// <summary>
/// Words by what is left of their first eight characters when one or two are taken away: two words that differ by as many slips
/// have one such rest in common. Immutable and thread-safe.
/// </summary>
internal sealed class SlipTable
{
    /// <summary>Shorter words are other words when a letter changes.</summary>
    public const int ShortestForOne = 5;

    // From here on two slips leave a word recognisable. Among very many words, too many others are then as near.
    private const int ShortestForTwoOfFew = 7, ShortestForTwoOfMany = 9, Many = 10_000;

    private readonly PrefixTable _rests;

    public SlipTable(IReadOnlyList<BrandWord> words, bool areFew = false)
    {
        ShortestForTwo = words.Count > Many && !areFew ? ShortestForTwoOfMany : ShortestForTwoOfFew;
        var keys = new List<ulong>();
        var values = new List<int>();
        Span<ulong> rests = stackalloc ulong[MostRests];
        for (int i = 0; i < words.Count; i++)
        {
            if (words[i].Kind == BrandWordKind.Joined || words[i].Length < ShortestForOne) continue;
            int count = Rests(words[i].Fold, Slips(words[i].Length), rests);
            for (int j = 0; j < count; j++)
            {
                if (rests[..j].Contains(rests[j])) continue;
                keys.Add(rests[j]);
                values.Add(i);
            }
        }
        _rests = new PrefixTable([.. keys], [.. values]);
    }

    /// <summary>One, eight and twenty-one.</summary>
    public const int MostRests = 30;

    /// <summary>Words that bear two slips have as many letters.</summary>
    public int ShortestForTwo { get; }

    /// <summary>How many slips a word of this length bears.</summary>
    public int Slips(int length) => length < ShortestForOne ? 0 : length < ShortestForTwo ? 1 : 2;

    /// <summary>The keys of a word; <see cref="Find"/> takes each.</summary>
    public static int Rests(ReadOnlySpan<byte> word, int slips, Span<ulong> into)
    {
        ulong packed = Pack(word);
        int length = Math.Min(word.Length, 8), count = 0;
        into[count++] = packed;
        for (int i = 0; i < length; i++)
        {
            ulong without = Without(packed, i);
            into[count++] = without;
            // With two slips the first letter must be the same.
            if (slips < 2 || i == 0) continue;
            for (int j = i; j < length - 1; j++) into[count++] = Without(without, j);
        }
        return count;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MayHold(ulong rest) => _rests.MayHold(rest);

    public ReadOnlySpan<int> Find(ulong rest) => _rests.Find(rest);

    /// <summary>The first eight characters.</summary>
    public static ulong Pack(ReadOnlySpan<byte> word)
    {
        if (word.Length >= 8) return System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(word);
        ulong packed = 0;
        for (int i = word.Length - 1; i >= 0; i--) packed = packed << 8 | word[i];
        return packed;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Without(ulong packed, int at)
    {
        ulong below = (1UL << (8 * at)) - 1;
        return (packed & below) | (packed >> 8 & ~below);
    }
}
