namespace CertHerald.Names.Lookalikes;

/// <summary>
/// All words of all protected domains, found in a name by look-ups: exact ones by their first characters at every place of the
/// text, misspelt ones by what is left when characters are taken away. Immutable and thread-safe.
/// </summary>
internal sealed class WordIndex
{
    private readonly BrandWord[] _words;
    private readonly PrefixTable<int> _short;
    private readonly LongWords _long;
    private readonly SlipTable _slips;
    private readonly Sieve? _sieve;
    private readonly bool _hasDigits;

    public WordIndex(BrandWord[] words)
    {
        _words = words;
        int[] few = [.. Enumerable.Range(0, words.Length).Where(index => words[index].Length <= LongWords.ShortLength)];
        _short = new PrefixTable<int>([.. few.Select(index => SlipTable.Pack(words[index].Fold))], few);
        var folds = new WordFolds(words);
        _long = new LongWords(words, folds);
        _slips = new SlipTable(words, folds);
        _hasDigits = words.Any(word => word.Raw.Any(b => char.IsAsciiDigit((char)b)));
        if (words.Length <= Sieve.MostWords) _sieve = new Sieve(_short.Filter, _long, _slips, _hasDigits);
    }

    public ReadOnlySpan<BrandWord> Words => _words;

    /// <summary>False if <see cref="Find"/> will find nothing in a name, which nobody has read by then.</summary>
    public bool MayFind(ReadOnlySpan<byte> name, Sieve.Scratch scratch) => _sieve is null || _sieve.MayHold(name, scratch);

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
            if (words == 2) FindSlipped(name, start, end, hits);
            start = end;
        }
    }

    private void FindExact(byte[] text, int length, NameText name, bool isSecond, Hits hits)
    {
        short[]? places = isSecond ? name.SecondAt : null;
        _long.Find(text, length, places, hits);
        // Short words as a word of the name; those of four letters where one begins or ends.
        for (int start = 0; start < length;)
        {
            int end = start + 1;
            while (name.Before[isSecond ? name.SecondAt[end] : end] == Gap.None) end++;
            if (end - start <= LongWords.ShortLength)
            {
                FindShort(text, start, end - start, places, hits);
            }
            else
            {
                FindShort(text, start, LongWords.ShortLength, places, hits);
                FindShort(text, end - LongWords.ShortLength, LongWords.ShortLength, places, hits);
            }
            start = end;
        }
    }

    private void FindShort(byte[] text, int start, int letters, short[]? places, Hits hits)
    {
        ulong packed = SlipTable.Pack(text.AsSpan(start, letters));
        if (_short.MayHold(packed)) LongWords.Take(_short.Find(packed), start, letters, places, hits);
    }

    private void FindSlipped(NameText name, int start, int end, Hits hits)
    {
        if (end - start < SlipTable.ShortestForOne) return;
        // Digits at either end are no part of a word, unless words have digits.
        int from = start, to = end;
        while (from < end && char.IsAsciiDigit((char)name.Raw[from])) from++;
        while (to > from && char.IsAsciiDigit((char)name.Raw[to - 1])) to--;
        bool isTrimmed = (from, to) != (start, end);
        ReadOnlySpan<byte> whole = name.Fold.AsSpan(start, end - start), trimmed = name.Fold.AsSpan(from, to - from);
        SlipTable.Rests rests = default, trimmedRests = default;
        bool mayBe = (_hasDigits || !isTrimmed) && _slips.MayHold(whole, out rests), mayBeTrimmed = isTrimmed && _slips.MayHold(trimmed, out trimmedRests);
        // Asked last: words that are near another are few, and those of every day many.
        if ((!mayBe && !mayBeTrimmed) || Keywords.IsEveryday(name.Raw.AsSpan(start, end - start))) return;
        if (mayBe) _slips.Find(whole, rests, start, hits);
        if (mayBeTrimmed) _slips.Find(trimmed, trimmedRests, from, hits);
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
