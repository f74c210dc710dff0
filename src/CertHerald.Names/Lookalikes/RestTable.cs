using System.Numerics;

namespace CertHerald.Names.Lookalikes;

/// <summary>
/// Words by the rests of their first nine characters: all of these, and what is left when up to so many are taken away. Nine, because
/// fewer leave rests that too many words share, and more leave too many rests. Immutable and thread-safe.
/// </summary>
internal sealed class RestTable
{
    private const int Prefix = 9, BitsPerLetter = 5;

    /// <summary>One, nine and twenty-eight.</summary>
    public const int Most = 38;

    private readonly PrefixTable<NearWord> _rests;

    /// <param name="slips">That each of the words bears: one or two.</param>
    public RestTable(BrandWord[] words, int slips, Func<BrandWord, bool> isIn)
    {
        Slips = slips;
        var keys = new List<ulong>();
        var values = new List<NearWord>();
        Span<ulong> rests = stackalloc ulong[Most];
        for (int i = 0; i < words.Length; i++)
        {
            if (!isIn(words[i])) continue;
            byte[] word = words[i].Fold;
            int count = Rests(Pack(word), word.Length, rests);
            var near = new NearWord(i, SlipTable.Letters(word), (byte)word.Length);
            for (int j = 0; j < count; j++)
            {
                if (rests[..j].Contains(rests[j])) continue;
                keys.Add(rests[j]);
                values.Add(near);
            }
        }
        _rests = new PrefixTable<NearWord>([.. keys], [.. values]);
    }

    public int Slips { get; }

    /// <summary>The first characters, of which five bits are looked at: what is no letter may share them with one.</summary>
    public static ulong Pack(ReadOnlySpan<byte> word)
    {
        ulong packed = 0;
        for (int i = Math.Min(word.Length, Prefix) - 1; i >= 0; i--) packed = packed << BitsPerLetter | (word[i] & 31u);
        return packed;
    }

    /// <summary>All rests, in an order that depends on the length only.</summary>
    /// <param name="packed">By <see cref="Pack"/>.</param>
    /// <param name="length">Of the whole word.</param>
    public int Rests(ulong packed, int length, Span<ulong> into)
    {
        int count = 0;
        length = Math.Min(length, Prefix);
        into[count++] = packed;
        for (int i = 0; i < length; i++)
        {
            ulong without = Without(packed, i);
            into[count++] = without;
            // With two slips the first letter must be the same.
            if (Slips < 2 || i == 0) continue;
            for (int j = i; j < length - 1; j++) into[count++] = Without(without, j);
        }
        return count;
    }

    /// <summary>A bit for each rest, in the order of <see cref="Rests"/>: whether it may be there.</summary>
    public ulong Look(ulong packed, int length)
    {
        KeyFilter filter = _rests.Filter;
        length = Math.Min(length, Prefix);
        int bit = 1;
        // No end at the first that is there: then looks at memory do not wait for each other.
        ulong keys = filter.Look(packed);
        for (int i = 0; i < length; i++)
        {
            ulong without = Without(packed, i);
            keys |= filter.Look(without) << bit++;
            if (Slips < 2 || i == 0) continue;
            for (int j = i; j < length - 1; j++) keys |= filter.Look(Without(without, j)) << bit++;
        }
        return keys;
    }

    public ReadOnlySpan<NearWord> Find(ulong rest) => _rests.Find(rest);

    private static ulong Without(ulong packed, int at)
    {
        ulong below = (1UL << (BitsPerLetter * at)) - 1;
        return (packed & below) | (packed >> BitsPerLetter & ~below);
    }
}

/// <summary>A word that may be near, and what tells at once that it is not.</summary>
/// <param name="Letters">That it has.</param>
internal readonly record struct NearWord(int Word, uint Letters, byte Length)
{
    // A slip changes two letters at most: most words are ruled out without comparing them.
    public bool MayBe(uint letters, int length, int slips) => BitOperations.PopCount(letters ^ Letters) <= 2 * slips && Math.Abs(Length - length) <= slips;
}
