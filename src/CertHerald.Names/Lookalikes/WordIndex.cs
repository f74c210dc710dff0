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
    private const ulong FirstFive = 0xFF_FFFF_FFFF;

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
    private readonly PrefixTable<MiddleWord> _middle;
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
        _short = Table(word => word.Length <= ShortLength, word => SlipTable.Pack(word.Fold), index => index);
        _middle = Table(word => word.Length is > ShortLength and <= MiddleLength, word => SlipTable.Pack(word.Fold) & FirstFive, index => new MiddleWord(index, SlipTable.Pack(words[index].Fold)));
        _long = Table(word => word.Length > MiddleLength, word => SlipTable.Pack(word.Fold), index => index);
        _slips = new SlipTable(words, areFew);
        _hasDigits = words.Any(word => word.Raw.Any(b => char.IsAsciiDigit((char)b)));
    }

    public ReadOnlySpan<BrandWord> Words => _words;

    /// <summary>As <see cref="BrandWord.Raw"/>.</summary>
    public ReadOnlySpan<byte> RawOf(int word, int length) => length <= Near ? _letters.AsSpan((word * 2 + 1) * Near, length) : _words[word].Raw;

    /// <summary>Reads a word's letters, to have them near.</summary>
    public ulong Touch(int word) => _letters[word * Near * 2];

    /// <summary>Everything that may imitate. At most as many as fit: names with more say nothing more.</summary>
    /// <param name="ofName">What speaks for imitations by the name.</param>
    /// <param name="least">What cannot reach it by two slips is not looked for.</param>
    public void Find(NameText name, Evidence ofName, int least, Hits hits)
    {
        AskExact(name.Fold, name.Length, name, isSecond: false, hits);
        if (name.HasSecond) AskExact(name.Second, name.SecondLength, name, isSecond: true, hits);

        short[] starts = name.WordStart;
        for (int i = 0; i < name.Words; i++) AskSlipped(name, ofName, least, starts[i], starts[i + 1], hits);
        // A label of two words, as one.
        for (int i = 0; i + 1 < name.Words; i++)
            if (name.Before[starts[i]] == Gap.Dot && name.Before[starts[i + 1]] is Gap.Hyphen or Gap.Hyphens && name.Before[starts[i + 2]] == Gap.Dot)
                AskSlipped(name, ofName, least, starts[i], starts[i + 2], hits);
        Follow(name, hits);
    }

    private void AskExact(byte[] text, int length, NameText name, bool isSecond, Hits hits)
    {
        for (int first = 0; first + ShortLength < length; first += AtOnce)
        {
            int count = Math.Min(AtOnce, length - ShortLength - first);
            Span<ulong> keys = RoomFor(count, name, hits, out int at);
            for (int i = 0; i < keys.Length; i++) keys[i] = BinaryPrimitives.ReadUInt64LittleEndian(text.AsSpan(first + i, 8));
            hits.Looks.Add(new Look(isSecond ? LookKind.SecondReading : LookKind.FirstReading, (short)first, 0, at, _middle.MayHoldOf(keys, FirstFive), _long.MayHoldOf(keys)));
        }
        // Short words as a word of the name, or several; those of four letters where one begins or ends.
        for (int start = 0, word = 1; start < length; word++)
        {
            int end = isSecond ? start + 1 : name.WordStart[word];
            while (isSecond && name.Before[name.SecondAt[end]] == Gap.None) end++;
            if (end - start <= ShortLength)
            {
                FindShort(text, start, end - start, name, isSecond, hits);
            }
            else
            {
                FindShort(text, start, ShortLength, name, isSecond, hits);
                FindShort(text, end - ShortLength, ShortLength, name, isSecond, hits);
            }
            // Across words, what is a word of each: z.com, a-bcd.
            for (int next = word + 1; !isSecond && next <= name.Words && name.WordStart[next] - start <= ShortLength; next++) FindShort(text, start, name.WordStart[next] - start, name, isSecond, hits);
            start = end;
        }
    }

    private void FindShort(byte[] text, int start, int letters, NameText name, bool isSecond, Hits hits)
    {
        ulong packed = SlipTable.Pack(text.AsSpan(start, letters));
        if (!_short.MayHold(packed)) return;
        foreach ((_, int index) in _short.Find(packed)) AddExact(index, start, letters, name, isSecond, hits);
    }

    private static void AddExact(int word, int start, int letters, NameText name, bool isSecond, Hits hits)
    {
        short from = isSecond ? name.SecondAt[start] : (short)start, to = isSecond ? name.SecondAt[start + letters] : (short)(start + letters);
        // What the first reading found, the second finds again.
        if (!isSecond || !hits.Contains(word, from, to)) hits.Add(word, from, to, slips: 0);
    }

    private void AskSlipped(NameText name, Evidence ofName, int least, int start, int end, Hits hits)
    {
        if (end - start < SlipTable.ShortestForOne || Keywords.IsEveryday(name.Raw.AsSpan(start, end - start))) return;
        // Digits at either end are no part of a word, unless words have digits.
        int from = start, to = end;
        while (from < end && char.IsAsciiDigit((char)name.Raw[from])) from++;
        while (to > from && char.IsAsciiDigit((char)name.Raw[to - 1])) to--;
        if (_hasDigits || (from, to) == (start, end)) AskSlippedWord(name, ofName, least, start, end, hits);
        if ((from, to) != (start, end)) AskSlippedWord(name, ofName, least, from, to, hits);
    }

    private void AskSlippedWord(NameText name, Evidence ofName, int least, int start, int end, Hits hits)
    {
        int length = end - start;
        if (length < SlipTable.ShortestForOne || length > LongestSlipped) return;
        ReadOnlySpan<byte> text = name.Fold.AsSpan(start, length);
        Span<ulong> keys = RoomFor(SlipTable.MostRestsOfOne + SlipTable.MostRests, name, hits, out int at), ofTwo = keys[SlipTable.MostRestsOfOne..];
        ulong one = _slips.OfOne.MayHoldOf(keys[..SlipTable.RestsOfOne(text, keys)]), two = 0;
        // A slip makes a word longer or shorter by one.
        if (length >= _slips.ShortestForTwo - 2 && Reach.MayWithTwoSlips(name, ofName, start, end, least)) two = _slips.OfTwo.MayHoldOf(ofTwo[..SlipTable.RestsOfTwo(text, ofTwo)]);
        hits.Looks.Add(new Look(LookKind.Slips, (short)start, (short)end, at, one, two));
    }

    private Span<ulong> RoomFor(int keys, NameText name, Hits hits, out int at)
    {
        if (!hits.Looks.HasRoom(keys)) Follow(name, hits);
        return hits.Looks.Take(keys, out at);
    }

    /// <summary>Goes from filters to entries, and from entries to words: each for all looks before the next, so that far memory is waited for together.</summary>
    private void Follow(NameText name, Hits hits)
    {
        Looks looks = hits.Looks;
        ulong touched = 0;
        foreach (ref readonly Look look in looks.All)
        {
            for (ulong may = look.May; may != 0; may &= may - 1)
            {
                ulong key = looks.Key(look.FirstKey + BitOperations.TrailingZeroCount(may));
                touched += look.Kind == LookKind.Slips ? _slips.OfOne.Touch(key) : _middle.Touch(key & FirstFive);
            }
            for (ulong may = look.MayOther; may != 0; may &= may - 1)
                touched += look.Kind == LookKind.Slips
                    ? _slips.OfTwo.Touch(looks.Key(look.FirstKey + SlipTable.MostRestsOfOne + BitOperations.TrailingZeroCount(may)))
                    : _long.Touch(looks.Key(look.FirstKey + BitOperations.TrailingZeroCount(may)));
        }
        foreach (ref readonly Look look in looks.All)
        {
            if (look.Kind == LookKind.Slips)
            {
                FollowSlips(name, look, hits, ref touched);
                continue;
            }
            bool isSecond = look.Kind == LookKind.SecondReading;
            for (ulong may = look.May; may != 0; may &= may - 1)
            {
                int i = BitOperations.TrailingZeroCount(may);
                ulong key = looks.Key(look.FirstKey + i);
                foreach ((_, MiddleWord word) in _middle.Find(key & FirstFive))
                    if (word.Begins(key))
                        AddExact(word.Word, look.Start + i, word.Length, name, isSecond, hits);
            }
            for (ulong may = look.MayOther; may != 0; may &= may - 1)
            {
                int i = BitOperations.TrailingZeroCount(may);
                foreach ((_, int word) in _long.Find(looks.Key(look.FirstKey + i)))
                    AddCandidate(word, _lengths[word], most: 0, look.Start + i, 0, isSecond, hits, ref touched);
            }
        }
        foreach (ref readonly Candidate candidate in looks.Candidates) Check(candidate, name, hits);
        looks.Clear(touched);
    }

    private void FollowSlips(NameText name, in Look look, Hits hits, ref ulong touched)
    {
        if ((look.May | look.MayOther) == 0) return;
        ReadOnlySpan<byte> text = name.Fold.AsSpan(look.Start, look.End - look.Start);
        Span<byte> letters = stackalloc byte[OneSlip.MostLetters];
        for (ulong may = look.May; may != 0; may &= may - 1)
        {
            ulong key = hits.Looks.Key(look.FirstKey + BitOperations.TrailingZeroCount(may));
            foreach ((_, OneSlip word) in _slips.OfOne.Find(key))
            {
                if (Math.Abs(word.Length - text.Length) > 1) continue;
                if (!word.IsWhole) AddCandidate(word.Word, word.Length, most: 1, look.Start, look.End, isSecond: false, hits, ref touched);
                else if (EditDistance.AtMost(text, word.Letters(key, letters), most: 1) == 1) hits.Looks.Add(new Candidate(word.Word, word.Length, MostSlips: 1, IsSure: true, look.Start, look.End, IsSecond: false));
            }
        }
        if (look.MayOther == 0) return;
        uint shape = SlipCandidate.Shape(text);
        for (ulong may = look.MayOther; may != 0; may &= may - 1)
            foreach ((_, SlipCandidate word) in _slips.OfTwo.Find(hits.Looks.Key(look.FirstKey + SlipTable.MostRestsOfOne + BitOperations.TrailingZeroCount(may))))
                if (word.MayBe(shape, slips: 2))
                    AddCandidate(word.Word, word.Length, most: 2, look.Start, look.End, isSecond: false, hits, ref touched);
    }

    private void AddCandidate(int word, int length, int most, int start, int end, bool isSecond, Hits hits, ref ulong touched)
    {
        touched += Touch(word);
        hits.Looks.Add(new Candidate(word, (byte)length, (byte)most, IsSure: false, (short)start, (short)end, isSecond));
    }

    private void Check(in Candidate candidate, NameText name, Hits hits)
    {
        int slips = candidate.MostSlips;
        if (!candidate.IsSure)
        {
            ReadOnlySpan<byte> word = FoldOf(candidate.Word, candidate.Length);
            if (slips == 0)
            {
                (byte[] whole, int length) = candidate.IsSecond ? (name.Second, name.SecondLength) : (name.Fold, name.Length);
                if (candidate.Start + word.Length <= length && whole.AsSpan(candidate.Start, word.Length).SequenceEqual(word)) AddExact(candidate.Word, candidate.Start, word.Length, name, candidate.IsSecond, hits);
                return;
            }
            ReadOnlySpan<byte> text = name.Fold.AsSpan(candidate.Start, candidate.End - candidate.Start);
            slips = EditDistance.AtMost(text, word, candidate.MostSlips);
            // Where the first letter is another too, two slips leave nothing to recognise.
            if (slips == 0 || slips > candidate.MostSlips || (slips == 2 && text[0] != word[0])) return;
        }
        if (!hits.ContainsSlipped(candidate.Word, candidate.Start, candidate.End)) hits.Add(candidate.Word, candidate.Start, candidate.End, slips);
    }

    private ReadOnlySpan<byte> FoldOf(int word, int length) => length <= Near ? _letters.AsSpan(word * Near * 2, length) : _words[word].Fold;

    private PrefixTable<T> Table<T>(Func<BrandWord, bool> isIn, Func<BrandWord, ulong> key, Func<int, T> value)
    {
        int[] words = [.. Enumerable.Range(0, _words.Length).Where(index => isIn(_words[index]))];
        return new PrefixTable<T>([.. words.Select(index => key(_words[index]))], [.. words.Select(value)]);
    }
}

/// <summary>A word of five to seven letters, beside those that its key has not.</summary>
internal readonly struct MiddleWord(int word, ulong packed)
{
    private const int InKey = 5;

    // The sixth and the seventh letter; zero for none.
    private readonly ushort _behind = (ushort)(packed >> 8 * InKey);

    public int Word { get; } = word;

    public int Length => _behind == 0 ? InKey : _behind < 0x100 ? InKey + 1 : InKey + 2;

    /// <summary>Whether a text with the same key begins with it.</summary>
    /// <param name="packed">Its first eight characters.</param>
    public bool Begins(ulong packed)
    {
        ushort behind = (ushort)(packed >> 8 * InKey);
        return _behind == (_behind == 0 ? 0 : _behind < 0x100 ? behind & 0xFF : behind);
    }
}

/// <summary>Words found in one name, before they are judged.</summary>
internal sealed class Hits
{
    public const int Most = 256;
    private readonly Hit[] _hits = new Hit[Most];

    public int Count { get; private set; }

    /// <summary>What is looked up to find them.</summary>
    public Looks Looks { get; } = new();

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

    public bool ContainsSlipped(int word, int start, int end)
    {
        for (int i = 0; i < Count; i++)
            if (_hits[i].Slips > 0 && _hits[i].Word == word && _hits[i].Start == start && _hits[i].End == end)
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
