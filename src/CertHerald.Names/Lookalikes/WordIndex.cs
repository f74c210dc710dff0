namespace CertHerald.Names.Lookalikes;

/// <summary>
/// All words of all protected domains, found in a name by look-ups: exact ones by their first characters at every place of the
/// text, misspelt ones by what is left when characters are taken away. Immutable and thread-safe.
/// </summary>
internal sealed class WordIndex
{
    private const int ShortLength = 4, MiddleLength = 7;
    private const ulong FirstFive = 0xFF_FFFF_FFFF;

    /// <summary>Words that fuzzy look-ups take: longer ones are no single word.</summary>
    private const int LongestSlipped = 40;

    private readonly BrandWord[] _words;
    private readonly PrefixTable _short;
    private readonly PrefixTable _middle;
    private readonly PrefixTable _long;
    private readonly SlipTable _slips;

    public WordIndex(BrandWord[] words)
    {
        _words = words;
        _short = Table(word => word.Length <= ShortLength, word => SlipTable.Pack(word.Fold));
        _middle = Table(word => word.Length is > ShortLength and <= MiddleLength, word => SlipTable.Pack(word.Fold) & FirstFive);
        _long = Table(word => word.Length > MiddleLength, word => SlipTable.Pack(word.Fold));
        _slips = new SlipTable(words);
    }

    public ReadOnlySpan<BrandWord> Words => _words;

    /// <summary>Everything that may imitate. At most as many as fit: names with more say nothing more.</summary>
    public void Find(NameText name, Hits hits)
    {
        FindExact(name.Fold, name.Length, name, isSecond: false, hits);
        if (name.HasSecond) FindExact(name.Second, name.SecondLength, name, isSecond: true, hits);

        for (int start = 0; start < name.Length;)
        {
            int end = start + 1;
            while (name.Before[end] == Gap.None) end++;
            FindSlipped(name, start, end, hits);
            start = end;
        }
        // A label of several words, as one.
        for (int start = 0; start < name.Length;)
        {
            int end = start + 1, words = 1;
            while (name.Before[end] != Gap.Dot) if (name.Before[end++] == Gap.Hyphen) words++;
            if (words is > 1 and <= 4) FindSlipped(name, start, end, hits);
            start = end;
        }
    }

    private void FindExact(byte[] text, int length, NameText name, bool isSecond, Hits hits)
    {
        for (int i = 0; i + ShortLength < length; i++)
        {
            ulong packed = System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(text.AsSpan(i, 8));
            if (_middle.MayHold(packed & FirstFive)) TakeExact(_middle.Find(packed & FirstFive), text, length, i, name, isSecond, hits);
            if (_long.MayHold(packed)) TakeExact(_long.Find(packed), text, length, i, name, isSecond, hits);
        }
        // Short words only where a word begins or ends.
        for (int i = 0; i < length; i++)
        {
            int at = isSecond ? name.SecondAt[i] : i;
            if (name.Before[at] != Gap.None)
            {
                for (int letters = 2; letters <= ShortLength && i + letters <= length; letters++) FindShort(text, i, letters, length, name, isSecond, hits);
            }
            int next = isSecond ? name.SecondAt[i + 1] : i + 1;
            if (name.Before[next] == Gap.None) continue;
            for (int letters = 3; letters <= ShortLength && i + 1 - letters >= 0; letters++)
            {
                int start = i + 1 - letters;
                if (name.Before[isSecond ? name.SecondAt[start] : start] == Gap.None) FindShort(text, start, letters, length, name, isSecond, hits);
            }
        }
    }

    private void FindShort(byte[] text, int start, int letters, int length, NameText name, bool isSecond, Hits hits)
    {
        ulong packed = SlipTable.Pack(text.AsSpan(start, letters));
        if (_short.MayHold(packed)) TakeExact(_short.Find(packed), text, length, start, name, isSecond, hits);
    }

    private void TakeExact(ReadOnlySpan<int> found, byte[] text, int length, int start, NameText name, bool isSecond, Hits hits)
    {
        foreach (int index in found)
        {
            byte[] word = _words[index].Fold;
            if (start + word.Length > length || !text.AsSpan(start, word.Length).SequenceEqual(word)) continue;
            short from = isSecond ? name.SecondAt[start] : (short)start, to = isSecond ? name.SecondAt[start + word.Length] : (short)(start + word.Length);
            hits.Add(index, from, to, slips: 0);
        }
    }

    private void FindSlipped(NameText name, int start, int end, Hits hits)
    {
        FindSlippedWord(name, start, end, hits);
        // Digits at either end are no part of a word; what is taken off may be a keyword too.
        int from = start, to = end;
        while (from < end && char.IsAsciiDigit((char)name.Raw[from])) from++;
        while (to > from && char.IsAsciiDigit((char)name.Raw[to - 1])) to--;
        if ((from, to) != (start, end)) FindSlippedWord(name, from, to, hits);
        if (end - start < 8) return;

        ReadOnlySpan<byte> raw = name.Raw.AsSpan(start, end - start);
        for (int letters = 3; letters <= 8 && raw.Length - letters >= SlipTable.ShortestForOne; letters++)
        {
            if (Keywords.Urgent.Contains(raw[..letters]) || Keywords.Common.Contains(raw[..letters])) FindSlippedWord(name, start + letters, end, hits);
            if (Keywords.Urgent.Contains(raw[^letters..]) || Keywords.Common.Contains(raw[^letters..])) FindSlippedWord(name, start, end - letters, hits);
        }
    }

    private void FindSlippedWord(NameText name, int start, int end, Hits hits)
    {
        int length = end - start;
        if (length < SlipTable.ShortestForOne - 1 || length > LongestSlipped) return;
        ReadOnlySpan<byte> text = name.Fold.AsSpan(start, length);
        Span<ulong> rests = stackalloc ulong[SlipTable.MostRests];
        int count = SlipTable.Rests(text, length >= SlipTable.ShortestForTwo - 2 ? 2 : 1, rests);
        foreach (ulong rest in rests[..count])
        {
            if (!_slips.MayHold(rest)) continue;
            foreach (int index in _slips.Find(rest))
            {
                BrandWord word = _words[index];
                int most = SlipTable.Slips(word.Length);
                if (Math.Abs(word.Length - length) > most || hits.Contains(index, start, end)) continue;
                int slips = EditDistance.AtMost(text, word.Fold, most);
                if (slips > 0 && slips <= most) hits.Add(index, (short)start, (short)end, slips);
            }
        }
    }

    private PrefixTable Table(Func<BrandWord, bool> isIn, Func<BrandWord, ulong> key)
    {
        int[] words = [.. Enumerable.Range(0, _words.Length).Where(index => isIn(_words[index]))];
        return new PrefixTable([.. words.Select(index => key(_words[index]))], words);
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
        if (Count < Most && !Contains(word, start, end)) _hits[Count++] = new Hit(word, start, end, (byte)slips);
    }

    /// <summary>Whether a word was found here letter by letter: then this is no misspelling of another.</summary>
    public bool HasExact(int start, int end)
    {
        for (int i = 0; i < Count; i++)
            if (_hits[i].Slips == 0 && _hits[i].Start == start && _hits[i].End == end)
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
