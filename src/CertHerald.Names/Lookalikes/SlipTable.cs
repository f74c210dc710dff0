using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace CertHerald.Names.Lookalikes;

/// <summary>
/// Words by what is left of their first characters when some are taken away: two words that differ by as many slips have one such
/// rest in common. Immutable and thread-safe.
/// </summary>
internal sealed class SlipTable
{
    /// <summary>Shorter words are other words when a letter changes.</summary>
    public const int ShortestForOne = 5;

    // From seven on two slips leave a word recognisable, and most misspellings of such words show so only: docs/lookalikes.md has the
    // figures, and those of nine. Among very many words, too many others are then as near.
    private const int ShortestForTwoOfFew = 7, ShortestForTwoOfMany = 9, Many = 10_000;

    // What one slip leaves of nine characters, and two of ten, fits a key.
    private const int KeyLength = 8, HeadLength = KeyLength + 2;

    public SlipTable(IReadOnlyList<BrandWord> words, bool areFew = false)
    {
        ShortestForTwo = words.Count > Many && !areFew ? ShortestForTwoOfMany : ShortestForTwoOfFew;
        OfOne = Table(words, ShortestForOne, RestsOfOne, static (word, fold, rest) => new OneSlip(word, fold, rest));
        OfTwo = Table(words, ShortestForTwo, RestsOfTwo, static (word, fold, _) => new SlipCandidate(word, fold));
    }

    /// <summary>Each pair of nine characters, and one.</summary>
    public const int MostRests = 36;

    /// <summary>The first characters, and those without each of them.</summary>
    public const int MostRestsOfOne = KeyLength + 1;

    /// <summary>Words that bear two slips have as many letters.</summary>
    public int ShortestForTwo { get; }

    /// <summary>The keys of a text that may be one slip of a word: its first nine characters without one of them, which both have in common.</summary>
    public static int RestsOfOne(ReadOnlySpan<byte> text, Span<ulong> into)
    {
        // A shorter text ends in nothing, which is as good a character as another.
        ulong packed = Pack(text), behind = text.Length > KeyLength ? text[KeyLength] : 0UL;
        int count = 0;
        into[count++] = packed;
        for (int i = 0; i < Math.Min(text.Length, KeyLength); i++) into[count++] = Without(packed, i) | behind << 56;
        return count;
    }

    /// <summary>
    /// The keys of a text that may be two slips of a word. Each is eight of its first ten characters: what both have in common, for
    /// two slips take away two at most of either. The first letter must be the same.
    /// </summary>
    public static int RestsOfTwo(ReadOnlySpan<byte> text, Span<ulong> into)
    {
        ulong packed = Pack(text), behind = text.Length <= KeyLength ? 0UL : text.Length == KeyLength + 1 ? text[KeyLength] : BinaryPrimitives.ReadUInt16LittleEndian(text[KeyLength..]);
        into[0] = packed;
        int count = 1;
        for (int i = 1; i < KeyLength; i++)
        {
            // Nine characters: eight, and one behind.
            ulong nine = Without(packed, i) | behind << 56, last = behind >> 8;
            for (int j = i; j < HeadLength - 1; j++) into[count++] = j < KeyLength ? Without(nine, j) | last << 56 : nine;
        }
        return count;
    }

    /// <summary>Words that bear a slip: <see cref="RestsOfOne"/> are its keys.</summary>
    public PrefixTable<OneSlip> OfOne { get; }

    /// <summary>Words that bear two: <see cref="RestsOfTwo"/> are its keys.</summary>
    public PrefixTable<SlipCandidate> OfTwo { get; }

    /// <summary>The first eight characters.</summary>
    public static ulong Pack(ReadOnlySpan<byte> word)
    {
        if (word.Length >= KeyLength) return BinaryPrimitives.ReadUInt64LittleEndian(word);
        // Two reads that overlap; the same bytes come to lie on each other.
        if (word.Length >= sizeof(uint)) return BinaryPrimitives.ReadUInt32LittleEndian(word) | (ulong)BinaryPrimitives.ReadUInt32LittleEndian(word[^sizeof(uint)..]) << 8 * (word.Length - sizeof(uint));
        ulong packed = 0;
        for (int i = word.Length - 1; i >= 0; i--) packed = packed << 8 | word[i];
        return packed;
    }

    private delegate int Rests(ReadOnlySpan<byte> text, Span<ulong> into);

    private delegate T Value<T>(int word, ReadOnlySpan<byte> fold, int rest);

    private static PrefixTable<T> Table<T>(IReadOnlyList<BrandWord> words, int shortest, Rests rests, Value<T> value)
    {
        var keys = new List<ulong>();
        var values = new List<T>();
        Span<ulong> of = stackalloc ulong[MostRests];
        for (int i = 0; i < words.Count; i++)
        {
            if (words[i].Kind == BrandWordKind.Joined || words[i].Length < shortest) continue;
            int count = rests(words[i].Fold, of);
            for (int j = 0; j < count; j++)
            {
                if (of[..j].Contains(of[j])) continue;
                keys.Add(of[j]);
                values.Add(value(i, words[i].Fold, j));
            }
        }
        return new PrefixTable<T>([.. keys], [.. values]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Without(ulong packed, int at)
    {
        ulong below = (1UL << (8 * at)) - 1;
        return (packed & below) | (packed >> 8 & ~below);
    }
}

/// <summary>A word that a text may be one slip of, beside the letter that its key has not: both together are the word, if it is not long.</summary>
/// <param name="rest">Which of <see cref="SlipTable.RestsOfOne"/> the key is.</param>
internal readonly struct OneSlip(int word, ReadOnlySpan<byte> fold, int rest)
{
    private const int InKey = sizeof(ulong);

    // Where the letter stood: of nine, those of the key begin with all but the last, or lack one of the others.
    private readonly byte _at = (byte)(rest == 0 ? InKey : rest - 1);
    private readonly byte _letter = rest == 0 ? (byte)0 : fold[rest - 1];

    /// <summary>Of words that key and letter are.</summary>
    public const int MostLetters = InKey + 1;

    public int Word { get; } = word;

    public byte Length { get; } = (byte)fold.Length;

    /// <summary>Whether key and letter are the whole word.</summary>
    public bool IsWhole => Length <= (_at == InKey ? InKey : MostLetters);

    /// <summary>The whole word.</summary>
    /// <param name="into">As many as <see cref="MostLetters"/>, at least.</param>
    public ReadOnlySpan<byte> Letters(ulong key, Span<byte> into)
    {
        ulong below = _at == InKey ? ulong.MaxValue : (1UL << 8 * _at) - 1;
        BinaryPrimitives.WriteUInt64LittleEndian(into, key & below | (key & ~below) << 8 | (_at == InKey ? 0 : (ulong)_letter << 8 * _at));
        into[InKey] = (byte)(key >> 8 * (InKey - 1));
        return into[..Length];
    }
}

/// <summary>A word that a text may be two slips of, with what rules most texts out without a look at the word.</summary>
internal readonly struct SlipCandidate(int word, ReadOnlySpan<byte> fold)
{
    private const int LengthAt = 26;
    private const uint AllLetters = (1u << LengthAt) - 1;

    private readonly uint _shape = Shape(fold);

    public int Word { get; } = word;

    /// <summary>Of a word, which has no more than a label.</summary>
    public int Length => (int)(_shape >> LengthAt);

    /// <summary>Which letters a text has, and its length.</summary>
    public static uint Shape(ReadOnlySpan<byte> text)
    {
        uint letters = 0;
        foreach (byte b in text) letters |= 1u << (b - 'a' & 31);
        return letters & AllLetters | (uint)Math.Min(text.Length, 63) << LengthAt;
    }

    /// <summary>A slip changes two letters at most, and the length by one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MayBe(uint shape, int slips) =>
        BitOperations.PopCount((shape ^ _shape) & AllLetters) <= 2 * slips && Math.Abs((int)(shape >> LengthAt) - (int)(_shape >> LengthAt)) <= slips;
}
