using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace CertHerald.Names.Lookalikes;

/// <summary>Words of five letters and more, found anywhere in a text by how they begin. Immutable and thread-safe.</summary>
internal sealed class LongWords
{
    /// <summary>The longest that are not here.</summary>
    public const int ShortLength = 4;

    private const int WindowLength = 8;
    private const ulong FirstFive = 0xFF_FFFF_FFFF, FirstSix = 0xFFFF_FFFF_FFFF, FirstSeven = 0xFF_FFFF_FFFF_FFFF;

    private readonly WordFolds _folds;

    // The first five letters choose a word of memory; they, or the first eight of longer words, choose bits in it.
    private readonly KeyFilter _starts;
    private readonly PrefixTable<int> _five;
    private readonly PrefixTable<int> _six;
    private readonly PrefixTable<int> _seven;
    private readonly PrefixTable<int> _longer;

    public LongWords(BrandWord[] words, WordFolds folds)
    {
        _folds = folds;
        _five = Table(words, word => word.Length == 5);
        _six = Table(words, word => word.Length == 6);
        _seven = Table(words, word => word.Length == 7);
        _longer = Table(words, word => word.Length >= WindowLength);
        BrandWord[] all = [.. words.Where(word => word.Length > ShortLength)];
        _starts = new KeyFilter(all.Length);
        foreach (BrandWord word in all)
        {
            ulong packed = SlipTable.Pack(word.Fold);
            _starts.Add(KeyFilter.Mix(packed & FirstFive), KeyFilter.Mix(word.Length < WindowLength ? packed & FirstFive : packed));
        }
    }

    /// <summary>False if none stands in a text.</summary>
    /// <param name="text">With at least eight bytes behind it.</param>
    public bool MayHold(byte[] text, int length)
    {
        bool any = false;
        for (int i = 0; i + ShortLength < length; i++)
        {
            ulong packed = Read(text, i), five = KeyFilter.Mix(packed & FirstFive), word = _starts.WordOf(five);
            any |= KeyFilter.IsIn(word, five) | KeyFilter.IsIn(word, KeyFilter.Mix(packed));
        }
        return any;
    }

    /// <summary>Adds all that stand in a text.</summary>
    /// <param name="text">With eight zeros behind it.</param>
    /// <param name="places">Where each character and the end stand in the first reading; null if this is it.</param>
    public void Find(byte[] text, int length, short[]? places, Hits hits)
    {
        for (int i = 0; i + ShortLength < length; i++)
        {
            ulong packed = Read(text, i), five = KeyFilter.Mix(packed & FirstFive), word = _starts.WordOf(five);
            if (KeyFilter.IsIn(word, five))
            {
                if (_five.MayHold(packed & FirstFive)) Take(_five.Find(packed & FirstFive), i, 5, places, hits);
                if (i + 6 <= length && _six.MayHold(packed & FirstSix)) Take(_six.Find(packed & FirstSix), i, 6, places, hits);
                if (i + 7 <= length && _seven.MayHold(packed & FirstSeven)) Take(_seven.Find(packed & FirstSeven), i, 7, places, hits);
            }
            if (!KeyFilter.IsIn(word, KeyFilter.Mix(packed)) || !_longer.MayHold(packed)) continue;
            foreach (int index in _longer.Find(packed))
            {
                ReadOnlySpan<byte> fold = _folds[index];
                if (i + fold.Length <= length && text.AsSpan(i, fold.Length).SequenceEqual(fold)) Take([index], i, fold.Length, places, hits);
            }
        }
    }

    /// <summary>Adds words that stand at a place.</summary>
    public static void Take(ReadOnlySpan<int> found, int start, int letters, short[]? places, Hits hits)
    {
        foreach (int index in found)
        {
            short from = places is null ? (short)start : places[start], to = places is null ? (short)(start + letters) : places[start + letters];
            // What the first reading found, the second finds again.
            if (places is null || !hits.Contains(index, from, to)) hits.Add(index, from, to, slips: 0);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Read(byte[] text, int at) => BinaryPrimitives.ReadUInt64LittleEndian(text.AsSpan(at, WindowLength));

    private static PrefixTable<int> Table(BrandWord[] words, Func<BrandWord, bool> isIn)
    {
        int[] chosen = [.. Enumerable.Range(0, words.Length).Where(index => isIn(words[index]))];
        return new PrefixTable<int>([.. chosen.Select(index => SlipTable.Pack(words[index].Fold))], chosen);
    }
}
