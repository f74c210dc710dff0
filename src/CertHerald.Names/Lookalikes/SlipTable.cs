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

    /// <summary>From here on two slips leave a word recognisable.</summary>
    public const int ShortestForTwo = 7;

    private readonly PrefixTable _rests;

    public SlipTable(IReadOnlyList<BrandWord> words)
    {
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

    /// <summary>One, eight and twenty-eight.</summary>
    public const int MostRests = 37;

    /// <summary>How many slips a word of this length bears.</summary>
    public static int Slips(int length) => length < ShortestForOne ? 0 : length < ShortestForTwo ? 1 : 2;

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
            if (slips < 2) continue;
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
