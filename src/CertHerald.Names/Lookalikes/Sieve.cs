using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace CertHerald.Names.Lookalikes;

/// <summary>
/// Says of most names at once that <see cref="WordIndex"/> will find nothing in them, and is never wrong when it says so. It reads
/// the bytes of a name once, without its public suffix, its owner or its foreign letters: whatever depends on these it lets through.
/// Immutable and thread-safe.
/// </summary>
internal sealed class Sieve
{
    private const ulong FirstFour = 0xFFFF_FFFF;

    /// <summary>Among more words, most names hold one.</summary>
    public const int MostWords = 10_000;

    // Drawn characters are letters; what ends a word is below them, what only the index can read above.
    private const byte Hyphen = 1, Dot = 2, Foreign = 0x80;
    private static readonly byte[] Drawn = Build();

    private readonly KeyFilter _short;
    private readonly LongWords _long;
    private readonly SlipTable _slips;
    private readonly bool _hasDigits;

    /// <param name="hasDigits">Some word has digits.</param>
    public Sieve(KeyFilter shortWords, LongWords longWords, SlipTable slips, bool hasDigits)
    {
        _short = shortWords;
        _long = longWords;
        _slips = slips;
        _hasDigits = hasDigits;
    }

    /// <summary>False if nothing in the name can be a word, or one misspelt.</summary>
    public bool MayHold(ReadOnlySpan<byte> name, Scratch scratch)
    {
        if (name.StartsWith("*."u8)) name = name[2..];
        if (name.EndsWith("."u8)) name = name[..^1];
        if (name.Length > Scratch.Longest) return true;
        // The last label is a public suffix, or all of one that is judged by nobody.
        int end = name.LastIndexOf((byte)'.') + 1;

        byte[] text = scratch.Text, raw = scratch.Raw, drawn = Drawn;
        short[] starts = scratch.Starts;
        int at = 0, words = 0, label = 0, labelName = 0, labelWords = 0;
        starts[0] = 0;
        for (int i = 0; i < end; i++)
        {
            byte b = name[i], d = drawn[b];
            if (d > Dot)
            {
                if (d >= Foreign) return true;
                text[at] = d;
                raw[at++] = (byte)(b | 0x20);
                continue;
            }
            if (b == '-' && i >= 3 && name[i - 1] == '-' && (name[i - 2] | 0x20) == 'n' && (name[i - 3] | 0x20) == 'x') return true;
            if (at > starts[words])
            {
                if (MayHoldWord(scratch, starts[words], at)) return true;
                starts[++words] = (short)at;
                labelWords++;
            }
            if (d != Dot) continue;

            if (labelWords == 2 && MayHoldSlipped(scratch, label, at)) return true;
            if (labelWords == 1 && at - label == i - labelName && GenericLabels.IsGeneric(raw.AsSpan(label, at - label)))
            {
                // Left out of the text unless somebody registered it: then it ends the text.
                if (label > 0 || MayHoldLong(scratch, text, at)) return true;
                at = 0;
                words = 0;
            }
            label = at;
            labelName = i + 1;
            labelWords = 0;
        }
        return MayHoldLong(scratch, text, at) || MayHoldSecond(scratch, words, at);
    }

    /// <summary>Short words as a word of the name, or at an end of one; longer ones misspelt.</summary>
    private bool MayHoldWord(Scratch scratch, int start, int end) => MayHoldShort(scratch.Text, start, end) || MayHoldSlipped(scratch, start, end);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool MayHoldShort(byte[] text, int start, int end)
    {
        ulong packed = Read(text, start);
        return end - start <= LongWords.ShortLength
            ? _short.MayHold(packed & ((1UL << (8 * (end - start))) - 1))
            : _short.MayHold(packed & FirstFour) || _short.MayHold(Read(text, end - LongWords.ShortLength) & FirstFour);
    }

    private bool MayHoldSlipped(Scratch scratch, int start, int end)
    {
        if (end - start < SlipTable.ShortestForOne) return false;
        byte[] raw = scratch.Raw;
        int from = start, to = end;
        while (from < end && IsDigit(raw[from])) from++;
        while (to > from && IsDigit(raw[to - 1])) to--;
        bool isTrimmed = (from, to) != (start, end);
        bool isNear = ((_hasDigits || !isTrimmed) && IsNear(scratch, start, end)) || (isTrimmed && IsNear(scratch, from, to));
        return isNear && !Keywords.IsEveryday(raw.AsSpan(start, end - start));

        static bool IsDigit(byte b) => (uint)(b - '0') <= 9;
    }

    private bool IsNear(Scratch scratch, int start, int end)
    {
        ReadOnlySpan<byte> text = scratch.Text.AsSpan(start, end - start);
        if (!_slips.MayHold(text, out SlipTable.Rests rests)) return false;
        scratch.Hits.Clear();
        _slips.Find(text, rests, start, scratch.Hits);
        return scratch.Hits.Count > 0;
    }

    private bool MayHoldLong(Scratch scratch, byte[] text, int end)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(text.AsSpan(end), 0);
        if (!_long.MayHold(text, end)) return false;
        scratch.Hits.Clear();
        _long.Find(text, end, places: null, scratch.Hits);
        return scratch.Hits.Count > 0;
    }

    /// <summary>Where letters can be read in two ways, the other one.</summary>
    private bool MayHoldSecond(Scratch scratch, int words, int end)
    {
        byte[] text = scratch.Text, raw = scratch.Raw, second = scratch.Second;
        bool isAny = false;
        for (int i = 0; i + 1 < end; i++) isAny |= Glyphs.Joined(raw[i], raw[i + 1]) != 0;
        if (!isAny) return false;

        int to = 0;
        for (int word = 0; word < words; word++)
        {
            int start = to, last = scratch.Starts[word + 1] - 1;
            for (int i = scratch.Starts[word]; i <= last; i++)
            {
                byte joined = i < last ? Glyphs.Joined(raw[i], raw[i + 1]) : (byte)0;
                second[to++] = joined != 0 ? joined : text[i];
                if (joined != 0) i++;
            }
            if (MayHoldShort(second, start, to)) return true;
        }
        return MayHoldLong(scratch, second, to);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Read(byte[] text, int at) => BinaryPrimitives.ReadUInt64LittleEndian(text.AsSpan(at, 8));

    private static byte[] Build()
    {
        byte[] drawn = new byte[256];
        for (int b = 0; b < drawn.Length; b++)
        {
            drawn[b] = b == '.' ? Dot
                : char.IsAsciiLetterOrDigit((char)b) ? Glyphs.Table[char.ToLowerInvariant((char)b)]
                : b < 0x80 ? Hyphen : Foreign;
        }
        return drawn;
    }

    /// <summary>What one thread works with.</summary>
    internal sealed class Scratch
    {
        /// <summary>Of names; longer ones are the index's.</summary>
        public const int Longest = 128;

        public byte[] Text { get; } = new byte[Longest + 16];

        public byte[] Raw { get; } = new byte[Longest + 16];

        public byte[] Second { get; } = new byte[Longest + 16];

        public Hits Hits { get; } = new();

        /// <summary>Where words begin, and the last ends.</summary>
        public short[] Starts { get; } = new short[Longest + 2];
    }
}
