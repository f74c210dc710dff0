namespace CertHerald.Names.Lookalikes;

/// <summary>
/// Words by what is left of them when one or two characters are taken away: two words that differ by as many slips have one such
/// rest in common. Immutable and thread-safe.
/// </summary>
internal sealed class SlipTable
{
    /// <summary>Shorter words are other words when a letter changes.</summary>
    public const int ShortestForOne = 5;

    // From here on two slips leave a word recognisable. Among very many words, too many others are then as near.
    private const int ShortestForTwoOfFew = 7, ShortestForTwoOfMany = 9, Many = 10_000;

    // Longer texts are no single word.
    private const int LongestText = 40;

    private readonly WordFolds _folds;
    private readonly int _shortestForTwo;

    // Apart: a text then meets few words that two slips of its own bring near, and that bear one.
    private readonly RestTable _one;
    private readonly RestTable _two;

    public SlipTable(BrandWord[] words, WordFolds folds)
    {
        _folds = folds;
        _shortestForTwo = words.Length > Many ? ShortestForTwoOfMany : ShortestForTwoOfFew;
        _one = new RestTable(words, 1, word => word.Kind != BrandWordKind.Joined && word.Length >= ShortestForOne && word.Length < _shortestForTwo);
        _two = new RestTable(words, 2, word => word.Kind != BrandWordKind.Joined && word.Length >= _shortestForTwo);
    }

    /// <summary>Which rests of a text may be those of words: false means that no word is near.</summary>
    public bool MayHold(ReadOnlySpan<byte> text, out Rests rests)
    {
        rests = default;
        if (text.Length is < ShortestForOne or > LongestText) return false;
        ulong packed = RestTable.Pack(text);
        rests = new Rests(packed, text.Length <= _shortestForTwo ? _one.Look(packed, text.Length) : 0, text.Length >= _shortestForTwo - 2 ? _two.Look(packed, text.Length) : 0);
        return (rests.OfOne | rests.OfTwo) != 0;
    }

    /// <summary>Adds the words that are near a text and not the same.</summary>
    /// <param name="rests">Its own.</param>
    /// <param name="start">Where the text stands.</param>
    public void Find(ReadOnlySpan<byte> text, in Rests rests, int start, Hits hits)
    {
        uint letters = Letters(text);
        int first = hits.Count;
        if (rests.OfOne != 0) Find(_one, rests.OfOne, text, rests.Packed, letters, start, first, hits);
        if (rests.OfTwo != 0) Find(_two, rests.OfTwo, text, rests.Packed, letters, start, first, hits);
    }

    /// <summary>The first eight characters.</summary>
    public static ulong Pack(ReadOnlySpan<byte> word)
    {
        if (word.Length >= 8) return System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(word);
        ulong packed = 0;
        for (int i = word.Length - 1; i >= 0; i--) packed = packed << 8 | word[i];
        return packed;
    }

    /// <summary>Which letters a text has.</summary>
    public static uint Letters(ReadOnlySpan<byte> text)
    {
        uint letters = 0;
        foreach (byte b in text) letters |= 1u << (b & 31);
        return letters;
    }

    private void Find(RestTable table, ulong which, ReadOnlySpan<byte> text, ulong packed, uint letters, int start, int first, Hits hits)
    {
        Span<ulong> rests = stackalloc ulong[RestTable.Most];
        table.Rests(packed, text.Length, rests);
        for (; which != 0; which &= which - 1)
        {
            foreach (NearWord near in table.Find(rests[System.Numerics.BitOperations.TrailingZeroCount(which)]))
            {
                if (!near.MayBe(letters, text.Length, table.Slips) || hits.ContainsSince(first, near.Word)) continue;
                ReadOnlySpan<byte> word = _folds[near.Word];
                int slips = EditDistance.AtMost(text, word, table.Slips);
                // Where the first letter is another too, two slips leave nothing to recognise.
                if (slips == 0 || slips > table.Slips || (slips == 2 && text[0] != word[0])) continue;
                hits.Add(near.Word, (short)start, (short)(start + text.Length), slips);
            }
        }
    }

    /// <summary>A bit for each rest of a text that words may have.</summary>
    /// <param name="Packed">The text.</param>
    internal readonly record struct Rests(ulong Packed, ulong OfOne, ulong OfTwo);
}
