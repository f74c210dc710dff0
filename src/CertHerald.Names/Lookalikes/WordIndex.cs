using System.Buffers.Binary;
using System.Numerics;

namespace CertHerald.Names.Lookalikes;

/// <summary>
/// All words of all protected domains, found in a name by look-ups: exact ones by their first characters at every place of the
/// text, misspelt ones by what is left when characters are taken away. Immutable and thread-safe.
/// </summary>
internal sealed class WordIndex
{
    private const int ShortLength = 4, MiddleLength = 7;
    private const ulong FirstFive = 0xFF_FFFF_FFFF, FirstSix = 0xFFFF_FFFF_FFFF, FirstSeven = 0xFF_FFFF_FFFF_FFFF;

    /// <summary>Places of a text whose looks overlap.</summary>
    private const int AtOnce = 32;

    /// <summary>Words that fuzzy look-ups take: longer ones are no single word.</summary>
    private const int LongestSlipped = 40;

    private readonly BrandWord[] _words;

    // Of words of up to sixteen letters: as they are drawn, and then as they are, beside each other.
    private const int Near = 16;
    private readonly byte[] _letters;
    private readonly byte[] _lengths;

    private readonly PrefixTable<int> _short;
    private readonly PrefixTable<int> _middle;
    private readonly PrefixTable<int> _five;
    private readonly PrefixTable<int> _six;
    private readonly PrefixTable<int> _seven;
    private readonly PrefixTable<int> _long;
    private readonly SlipTable _slips;
    private readonly bool _hasDigits;

    /// <param name="areFew">Two slips are borne as among few words, however many there are.</param>
    public WordIndex(BrandWord[] words, bool areFew = false)
    {
        _words = words;
        _letters = new byte[words.Length * Near * 2];
        _lengths = new byte[words.Length];
        for (int i = 0; i < words.Length; i++)
        {
            int length = words[i].Length, near = Math.Min(length, Near);
            words[i].Fold.AsSpan(0, near).CopyTo(_letters.AsSpan(i * Near * 2));
            words[i].Raw.AsSpan(0, near).CopyTo(_letters.AsSpan((i * 2 + 1) * Near));
            _lengths[i] = (byte)length;
        }
        _short = Table(word => word.Length <= ShortLength, word => SlipTable.Pack(word.Fold));
        _middle = Table(word => word.Length is > ShortLength and <= MiddleLength, word => SlipTable.Pack(word.Fold) & FirstFive);
        _five = Table(word => word.Length == 5, word => SlipTable.Pack(word.Fold));
        _six = Table(word => word.Length == 6, word => SlipTable.Pack(word.Fold));
        _seven = Table(word => word.Length == 7, word => SlipTable.Pack(word.Fold));
        _long = Table(word => word.Length > MiddleLength, word => SlipTable.Pack(word.Fold));
        _slips = new SlipTable(words, areFew);
        _hasDigits = words.Any(word => word.Raw.Any(b => char.IsAsciiDigit((char)b)));
    }

    public ReadOnlySpan<BrandWord> Words => _words;

    /// <summary>As <see cref="BrandWord.Raw"/>.</summary>
    public ReadOnlySpan<byte> RawOf(int word, int length) => length <= Near ? _letters.AsSpan((word * 2 + 1) * Near, length) : _words[word].Raw;

    /// <summary>Everything that may imitate. At most as many as fit: names with more say nothing more.</summary>
    /// <param name="ofName">What speaks for imitations by the name.</param>
    /// <param name="least">What cannot reach it by two slips is not looked for.</param>
    public void Find(NameText name, Evidence ofName, int least, Hits hits)
    {
        FindExact(name.Fold, name.Length, name, isSecond: false, hits);
        if (name.HasSecond) FindExact(name.Second, name.SecondLength, name, isSecond: true, hits);

        for (int start = 0; start < name.Length;)
        {
            int end = start + 1;
            while (name.Before[end] == Gap.None) end++;
            FindSlipped(name, ofName, least, start, end, hits);
            start = end;
        }
        // A label of several words, as one.
        for (int start = 0; start < name.Length;)
        {
            int end = start + 1, words = 1;
            while (name.Before[end] != Gap.Dot) if (name.Before[end++] == Gap.Hyphen) words++;
            if (words == 2) FindSlipped(name, ofName, least, start, end, hits);
            start = end;
        }
    }

    private void FindExact(byte[] text, int length, NameText name, bool isSecond, Hits hits)
    {
        Span<ulong> packed = stackalloc ulong[AtOnce], five = stackalloc ulong[AtOnce];
        for (int first = 0; first + ShortLength < length; first += AtOnce)
        {
            int count = Math.Min(AtOnce, length - ShortLength - first);
            for (int i = 0; i < count; i++)
            {
                packed[i] = BinaryPrimitives.ReadUInt64LittleEndian(text.AsSpan(first + i, 8));
                five[i] = packed[i] & FirstFive;
            }
            ulong middle = _middle.MayHoldOf(five[..count]), over = _long.MayHoldOf(packed[..count]);
            for (ulong may = middle | over; may != 0; may &= may - 1)
            {
                int i = BitOperations.TrailingZeroCount(may);
                if ((middle >> i & 1) != 0) FindMiddle(packed[i], length, first + i, name, isSecond, hits);
                if ((over >> i & 1) != 0) TakeExact(_long.Find(packed[i]), text, length, first + i, name, isSecond, hits);
            }
        }
        // Short words as a word of the name; those of four letters where one begins or ends.
        for (int start = 0; start < length;)
        {
            int end = start + 1;
            while (name.Before[isSecond ? name.SecondAt[end] : end] == Gap.None) end++;
            if (end - start <= ShortLength)
            {
                FindShort(text, start, end - start, name, isSecond, hits);
            }
            else
            {
                FindShort(text, start, ShortLength, name, isSecond, hits);
                FindShort(text, end - ShortLength, ShortLength, name, isSecond, hits);
            }
            start = end;
        }
    }

    private void FindMiddle(ulong packed, int length, int start, NameText name, bool isSecond, Hits hits)
    {
        if (_five.MayHold(packed & FirstFive)) TakeWhole(_five.Find(packed & FirstFive), start, 5, name, isSecond, hits);
        if (start + 6 <= length && _six.MayHold(packed & FirstSix)) TakeWhole(_six.Find(packed & FirstSix), start, 6, name, isSecond, hits);
        if (start + 7 <= length && _seven.MayHold(packed & FirstSeven)) TakeWhole(_seven.Find(packed & FirstSeven), start, 7, name, isSecond, hits);
    }

    private static void TakeWhole(ReadOnlySpan<PrefixTable<int>.Entry> found, int start, int letters, NameText name, bool isSecond, Hits hits)
    {
        foreach ((_, int index) in found)
        {
            short from = isSecond ? name.SecondAt[start] : (short)start, to = isSecond ? name.SecondAt[start + letters] : (short)(start + letters);
            // What the first reading found, the second finds again.
            if (!isSecond || !hits.Contains(index, from, to)) hits.Add(index, from, to, slips: 0);
        }
    }

    private void FindShort(byte[] text, int start, int letters, NameText name, bool isSecond, Hits hits)
    {
        ulong packed = SlipTable.Pack(text.AsSpan(start, letters));
        if (_short.MayHold(packed)) TakeWhole(_short.Find(packed), start, letters, name, isSecond, hits);
    }

    private void TakeExact(ReadOnlySpan<PrefixTable<int>.Entry> found, byte[] text, int length, int start, NameText name, bool isSecond, Hits hits)
    {
        foreach ((_, int index) in found)
        {
            ReadOnlySpan<byte> word = FoldOf(index, _lengths[index]);
            if (start + word.Length > length || !text.AsSpan(start, word.Length).SequenceEqual(word)) continue;
            short from = isSecond ? name.SecondAt[start] : (short)start, to = isSecond ? name.SecondAt[start + word.Length] : (short)(start + word.Length);
            // What the first reading found, the second finds again.
            if (!isSecond || !hits.Contains(index, from, to)) hits.Add(index, from, to, slips: 0);
        }
    }

    private void FindSlipped(NameText name, Evidence ofName, int least, int start, int end, Hits hits)
    {
        if (end - start < SlipTable.ShortestForOne || Keywords.IsEveryday(name.Raw.AsSpan(start, end - start))) return;
        // Digits at either end are no part of a word, unless words have digits.
        int from = start, to = end;
        while (from < end && char.IsAsciiDigit((char)name.Raw[from])) from++;
        while (to > from && char.IsAsciiDigit((char)name.Raw[to - 1])) to--;
        if (_hasDigits || (from, to) == (start, end)) FindSlippedWord(name, ofName, least, start, end, hits);
        if ((from, to) != (start, end)) FindSlippedWord(name, ofName, least, from, to, hits);
    }

    private void FindSlippedWord(NameText name, Evidence ofName, int least, int start, int end, Hits hits)
    {
        int length = end - start;
        if (length < SlipTable.ShortestForOne || length > LongestSlipped) return;
        ReadOnlySpan<byte> text = name.Fold.AsSpan(start, length);
        Span<ulong> rests = stackalloc ulong[SlipTable.MostRests];
        uint shape = SlipCandidate.Shape(text);
        int first = hits.Count;
        TakeSlipped(_slips.OfOne, rests[..SlipTable.RestsOfOne(text, rests)], most: 1, text, shape, start, first, hits);
        // A slip makes a word longer or shorter by one.
        if (length >= _slips.ShortestForTwo - 2 && Reach.MayWithTwoSlips(name, ofName, start, end, least)) TakeSlipped(_slips.OfTwo, rests[..SlipTable.RestsOfTwo(text, rests)], most: 2, text, shape, start, first, hits);
    }

    private void TakeSlipped(PrefixTable<SlipCandidate> table, ReadOnlySpan<ulong> rests, int most, ReadOnlySpan<byte> text, uint shape, int start, int first, Hits hits)
    {
        for (ulong may = table.MayHoldOf(rests); may != 0; may &= may - 1)
            TakeSlipped(table.Find(rests[BitOperations.TrailingZeroCount(may)]), most, text, shape, start, first, hits);
    }

    private void TakeSlipped(ReadOnlySpan<PrefixTable<SlipCandidate>.Entry> found, int most, ReadOnlySpan<byte> text, uint shape, int start, int first, Hits hits)
    {
        foreach ((_, SlipCandidate candidate) in found)
        {
            if (!candidate.MayBe(shape, most) || hits.ContainsSince(first, candidate.Word)) continue;
            ReadOnlySpan<byte> word = FoldOf(candidate.Word, candidate.Length);
            int slips = EditDistance.AtMost(text, word, most);
            // Where the first letter is another too, two slips leave nothing to recognise.
            if (slips == 0 || slips > most || (slips == 2 && text[0] != word[0])) continue;
            hits.Add(candidate.Word, (short)start, (short)(start + text.Length), slips);
        }
    }

    private ReadOnlySpan<byte> FoldOf(int word, int length) => length <= Near ? _letters.AsSpan(word * Near * 2, length) : _words[word].Fold;

    private PrefixTable<int> Table(Func<BrandWord, bool> isIn, Func<BrandWord, ulong> key)
    {
        int[] words = [.. Enumerable.Range(0, _words.Length).Where(index => isIn(_words[index]))];
        return new PrefixTable<int>([.. words.Select(index => key(_words[index]))], words);
    }
}

/// <summary>Words found in one name, before they are judged.</summary>
internal sealed class Hits
{
    private const int Most = 256;
    private readonly Hit[] _hits = new Hit[Most];

    public int Count { get; private set; }

    public Hit this[int index] => _hits[index];

    public void Clear() => Count = 0;

    public void Add(int word, short start, short end, int slips)
    {
        if (Count < Most) _hits[Count++] = new Hit(word, start, end, (byte)slips);
    }

    /// <summary>Whether a word was found here letter by letter: then this is no misspelling of another.</summary>
    public bool HasExact(int start, int end)
    {
        for (int i = 0; i < Count; i++)
            if (_hits[i].Slips == 0 && _hits[i].Start == start && _hits[i].End == end)
                return true;
        return false;
    }

    /// <summary>Whether a word is among those found since.</summary>
    public bool ContainsSince(int first, int word)
    {
        for (int i = first; i < Count; i++)
            if (_hits[i].Word == word)
                return true;
        return false;
    }

    public bool Contains(int word, int start, int end)
    {
        for (int i = 0; i < Count; i++)
            if (_hits[i].Word == word && _hits[i].Start == start && _hits[i].End == end)
                return true;
        return false;
    }
}

/// <summary>A word found.</summary>
internal readonly record struct Hit(int Word, short Start, short End, byte Slips);
