using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.Intrinsics;
using System.Text;

namespace CertHerald.Names.Lookalikes;

/// <summary>
/// A name taken apart for looking: the labels left of its public suffix as one text of drawn characters, without hyphens and dots,
/// and where these stood. One per thread, used again for every name.
/// </summary>
internal sealed class NameText
{
    /// <summary>Longer names are judged by their last bytes. No DNS name is that long.</summary>
    public const int MaxLength = 512;

    /// <summary>Of labels; what is left of them is not looked at.</summary>
    public const int MaxLabels = 128;

    /// <summary>Of how many characters <see cref="UrgentStarts"/> says something.</summary>
    public const int MostStarts = 64;

    private const int Padding = 32, BitsOfMask = 64;

    // What is drawn of each byte of a name, and masks of bytes: where dots are, and where no letters and digits.
    private readonly byte[] _drawn = new byte[MaxLength + Padding];
    private readonly ulong[] _dots = new ulong[MaxLength / BitsOfMask];
    private readonly ulong[] _breaks = new ulong[MaxLength / BitsOfMask];
    private readonly int[] _decoded = new int[MaxLength];
    private ulong? _urgentStarts;

    /// <summary>Lower case, without wildcard and trailing dots.</summary>
    public byte[] Name { get; } = new byte[MaxLength + Padding];

    public int NameLength { get; private set; }

    /// <summary>Where labels begin in <see cref="Name"/>, left to right.</summary>
    public short[] LabelStart { get; } = new short[MaxLabels + 1];

    public int Labels { get; private set; }

    /// <summary>Hashes of what begins at each label, to the end of the name.</summary>
    public ulong[] Below { get; } = new ulong[MaxLabels + 1];

    /// <summary>The label that somebody registered.</summary>
    public int OwnerLabel { get; private set; }

    /// <summary>Where the public suffix begins in <see cref="Name"/>, hosting services included.</summary>
    public int SuffixStart { get; private set; }

    /// <summary>The suffix belongs to a company and not to a registry: the name is a customer's.</summary>
    public bool IsHosted { get; private set; }

    /// <summary>The text, each character as it is drawn and with digits and letters of one look made one.</summary>
    public byte[] Fold { get; } = new byte[MaxLength + Padding];

    /// <summary>The text as ASCII: foreign characters replaced by what they are drawn like.</summary>
    public byte[] Raw { get; } = new byte[MaxLength + Padding];

    /// <summary>What stood before each character.</summary>
    public Gap[] Before { get; } = new Gap[MaxLength + 1];

    /// <summary>How foreign each character is.</summary>
    public Foreign[] Marks { get; } = new Foreign[MaxLength];

    /// <summary>The code point of each character that is foreign.</summary>
    public int[] Points { get; } = new int[MaxLength];

    /// <summary>Some character is none of ASCII.</summary>
    public bool HasForeign { get; private set; }

    /// <summary>Where each label that is drawn begins in the text.</summary>
    public short[] TextStart { get; } = new short[MaxLabels + 1];

    /// <summary>The label of each character.</summary>
    public byte[] LabelOf { get; } = new byte[MaxLength + 1];

    public int Length { get; private set; }

    /// <summary>Where each word of the text begins: what no gap divides. Behind the last, the end.</summary>
    public short[] WordStart { get; } = new short[MaxLength + 1];

    public int Words { get; private set; }

    /// <summary>Where the registered label begins in the text.</summary>
    public int OwnerStart { get; private set; }

    /// <summary>Some character can be read in two ways: <see cref="Second"/> is the other reading.</summary>
    public bool HasSecond { get; private set; }

    /// <summary>The text in its second reading: rn as m, vv as w, cl as d.</summary>
    public byte[] Second { get; } = new byte[MaxLength + Padding];

    /// <summary>Where each character of the second reading stands in the first.</summary>
    public short[] SecondAt { get; } = new short[MaxLength + 1];

    public int SecondLength { get; private set; }

    /// <summary>Where urgent words may begin: bit i for character i, of the first ones. Found out when first asked for.</summary>
    public ulong UrgentStarts => _urgentStarts ??= Keywords.UrgentStarts.In(Raw.AsSpan(0, Math.Min(Length, MostStarts) + 1));

    /// <summary>The code point of a character, foreign or not.</summary>
    public int CharacterAt(int at) => Marks[at] == Foreign.No ? Raw[at] : Points[at];

    public ReadOnlySpan<byte> NameSpan => Name.AsSpan(0, NameLength);

    public ReadOnlySpan<byte> Registrable => Name.AsSpan(LabelStart[OwnerLabel], NameLength - LabelStart[OwnerLabel]);

    public ReadOnlySpan<byte> Suffix => Name.AsSpan(SuffixStart, NameLength - SuffixStart);

    public ReadOnlySpan<byte> LabelSpan(int label) => Name.AsSpan(LabelStart[label], LabelStart[label + 1] - 1 - LabelStart[label]);

    /// <summary>Takes a name; false if nothing of it is left of a public suffix.</summary>
    public bool Read(ReadOnlySpan<byte> name, NameTables tables)
    {
        if (!Split(name)) return false;
        FindOwner(tables);
        Draw(tables);
        _urgentStarts = null;
        return Length > 0;
    }

    /// <summary>Finds labels and their hashes.</summary>
    private bool Split(ReadOnlySpan<byte> name)
    {
        if (name.StartsWith("*."u8)) name = name[2..];
        name = name.TrimEnd((byte)'.');
        if (name.Length > MaxLength) name = name[^MaxLength..];
        NameLength = name.Length;
        if (NameLength == 0) return false;

        ReadClasses(name);
        int labels = 1;
        LabelStart[0] = 0;
        for (int at = 0; at < NameLength; at += BitsOfMask)
            for (ulong dots = _dots[at / BitsOfMask]; dots != 0 && labels < MaxLabels; dots &= dots - 1)
                LabelStart[labels++] = (short)(at + BitOperations.TrailingZeroCount(dots) + 1);
        Labels = labels;
        LabelStart[labels] = (short)(NameLength + 1);

        ulong hash = LabelHash.OfRoot;
        for (int label = labels - 1; label >= 0; label--) Below[label] = hash = LabelHash.Extend(hash, LabelSpan(label));
        return labels > 1;
    }

    private void FindOwner(NameTables tables)
    {
        int registry = LabelStart[Labels - 1];
        int suffix = tables.Suffixes is { } list ? list.SuffixStart(NameSpan, LabelStart, Below, Labels, out registry) : registry = CommonSuffixes.Start(this);
        bool isPrivate = suffix != registry;
        if (suffix <= 0 || suffix > NameLength)
        {
            // The name is itself a suffix: somebody holds it all the same.
            suffix = LabelStart[Labels - 1];
            isPrivate = false;
        }
        int owner = Labels - 1;
        while (owner > 0 && LabelStart[owner] >= suffix) owner--;
        if (owner > 0 && tables.IsHosting(Below[owner], Name.AsSpan(LabelStart[owner], NameLength - LabelStart[owner])))
        {
            suffix = LabelStart[owner];
            isPrivate = true;
            owner--;
        }
        OwnerLabel = owner;
        SuffixStart = suffix;
        IsHosted = isPrivate;
    }

    /// <summary>Takes the bytes, in lower case, and finds dots, and where letters and digits end.</summary>
    private void ReadClasses(ReadOnlySpan<byte> name)
    {
        for (int at = 0; at < name.Length; at += BitsOfMask)
        {
            ulong dots = 0, breaks = 0;
            for (int i = 0; i < BitsOfMask && at + i < name.Length; i += Vector128<byte>.Count)
            {
                Vector128<byte> bytes = SixteenOf(name[(at + i)..]);
                bytes |= Within(bytes, 'A', 'Z') & Vector128.Create((byte)0x20);
                bytes.CopyTo(Name.AsSpan(at + i));
                dots |= (ulong)Vector128.Equals(bytes, Vector128.Create((byte)'.')).ExtractMostSignificantBits() << i;
                breaks |= (ulong)(~(Within(bytes, '0', '9') | Within(bytes, 'a', 'z'))).ExtractMostSignificantBits() << i;
                Glyphs.Of(bytes).CopyTo(_drawn.AsSpan(at + i));
            }
            _dots[at / BitsOfMask] = dots;
            _breaks[at / BitsOfMask] = breaks;
        }

        static Vector128<byte> Within(Vector128<byte> bytes, char first, char last) => Vector128.LessThanOrEqual(bytes - Vector128.Create((byte)first), Vector128.Create((byte)(last - first)));
    }

    /// <summary>The first sixteen bytes, with zeros behind the last. Not by way of a copy: what was just written in pieces cannot be read as one without waiting.</summary>
    private static Vector128<byte> SixteenOf(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length >= 16) return Vector128.Create(bytes);
        ulong behind = bytes.Length > 8 ? BinaryPrimitives.ReadUInt64LittleEndian(bytes[^8..]) >> 8 * (16 - bytes.Length) : 0;
        return Vector128.Create(SlipTable.Pack(bytes), behind).AsByte();
    }

    /// <summary>The next place, from here on, where neither a letter nor a digit stands; or the end.</summary>
    private int BreakFrom(int at, int end)
    {
        ulong breaks = _breaks[at / BitsOfMask] >> (at % BitsOfMask);
        while (breaks == 0)
        {
            at = (at / BitsOfMask + 1) * BitsOfMask;
            if (at >= end) return end;
            breaks = _breaks[at / BitsOfMask];
        }
        return Math.Min(end, at + BitOperations.TrailingZeroCount(breaks));
    }

    private void Draw(NameTables tables)
    {
        int at = 0;
        bool mayReadTwice = false, mayBeForeign = NameSpan.IndexOf("xn--"u8) >= 0 || NameSpan.ContainsAnyInRange((byte)0x80, (byte)0xFF);
        OwnerStart = 0;
        Words = 0;
        HasForeign = false;
        for (int label = 0; label <= OwnerLabel; label++)
        {
            ReadOnlySpan<byte> text = LabelSpan(label);
            if (label < OwnerLabel && GenericLabels.IsGeneric(text)) continue;
            TextStart[label] = (short)at;
            if (label == OwnerLabel) OwnerStart = at;
            if (mayBeForeign && (text.IndexOf("xn--"u8) >= 0 || text.ContainsAnyInRange((byte)0x80, (byte)0xFF)) && DrawForeign(text, label, tables.Folds, ref at, ref mayReadTwice)) continue;
            DrawPlain(LabelStart[label], LabelStart[label + 1] - 1, label, ref at, ref mayReadTwice);
        }
        Length = at;
        WordStart[Words] = (short)at;
        Before[at] = Gap.Dot;
        LabelOf[at] = byte.MaxValue;
        Fold.AsSpan(at, Padding).Clear();
        Raw.AsSpan(at, Padding).Clear();
        HasSecond = mayReadTwice;
        if (mayReadTwice) DrawSecond();
    }

    private void DrawPlain(int from, int to, int label, ref int at, ref bool mayReadTwice)
    {
        Gap gap = Gap.Dot;
        while (from < to)
        {
            int end = BreakFrom(from, to), length = end - from;
            if (length > 0)
            {
                // Sixteen at once: what is too much is overwritten by what follows, or cleared at the end.
                for (int i = 0; i < length; i += Vector128<byte>.Count)
                {
                    Vector128.Create(Name.AsSpan(from + i, Vector128<byte>.Count)).CopyTo(Raw.AsSpan(at + i));
                    Vector128.Create(_drawn.AsSpan(from + i, Vector128<byte>.Count)).CopyTo(Fold.AsSpan(at + i));
                }
                Before.AsSpan(at, length).Clear();
                Before[at] = gap;
                WordStart[Words++] = (short)at;
                Marks.AsSpan(at, length).Clear();
                LabelOf.AsSpan(at, length).Fill((byte)label);
                mayReadTwice |= MayJoin(from, end);
                at += length;
                gap = Gap.None;
            }
            else if (gap == Gap.Hyphen)
            {
                gap = Gap.Hyphens;
            }
            if (gap == Gap.None) gap = Gap.Hyphen;
            from = end + 1;
        }
    }

    /// <summary>Whether two letters side by side are drawn like one.</summary>
    private bool MayJoin(int from, int end)
    {
        uint joined = 0;
        for (int i = from; i + 1 < end; i += Vector128<byte>.Count)
        {
            Vector128<byte> left = Vector128.Create(Name.AsSpan(i, Vector128<byte>.Count)), right = Vector128.Create(Name.AsSpan(i + 1, Vector128<byte>.Count));
            uint pairs = ((Is(left, 'r') & Is(right, 'n')) | (Is(left, 'v') & Is(right, 'v')) | (Is(left, 'c') & Is(right, 'l'))).ExtractMostSignificantBits();
            joined |= pairs & (uint)((1UL << Math.Min(end - 1 - i, Vector128<byte>.Count)) - 1);
        }
        return joined != 0;

        static Vector128<byte> Is(Vector128<byte> bytes, char letter) => Vector128.Equals(bytes, Vector128.Create((byte)letter));
    }

    private bool DrawForeign(ReadOnlySpan<byte> label, int number, CharacterFolds folds, ref int at, ref bool mayReadTwice)
    {
        int count = 0, prefix = label.IndexOf("xn--"u8);
        if (prefix >= 0)
        {
            // Some write what stands before the A-label as it is: foo-xn--bar is no label of IDNA, and is drawn all the same.
            if (prefix > 0 && label[prefix - 1] != '-') return false;
            if (!Punycode.TryDecode(label[(prefix + 4)..], _decoded.AsSpan(prefix), out count)) return false;
            for (int i = 0; i < prefix; i++) _decoded[i] = label[i];
            count += prefix;
        }
        else
        {
            while (!label.IsEmpty)
            {
                if (Rune.DecodeFromUtf8(label, out Rune rune, out int taken) != System.Buffers.OperationStatus.Done) return false;
                _decoded[count++] = Rune.ToLowerInvariant(rune).Value;
                label = label[taken..];
            }
        }
        Gap gap = Gap.Dot;
        foreach (int point in _decoded.AsSpan(0, count))
        {
            byte first, second = 0;
            Foreign mark;
            if (point < 0x80)
            {
                first = (byte)char.ToLowerInvariant((char)point);
                mark = Foreign.No;
            }
            else if (folds.TryFold(point, out first, out second))
            {
                mark = CharacterFolds.IsLatin(point) ? Foreign.Accent : Foreign.Script;
                if (first == CharacterFolds.Invisible)
                {
                    if (at > 0 && gap == Gap.None) Marks[at - 1] = (Foreign)Math.Max((byte)Marks[at - 1], (byte)mark);
                    continue;
                }
                mayReadTwice |= second != 0;
            }
            else
            {
                // Nothing in ASCII: only the same character is like it.
                first = (byte)(0x80 | (point * 31 & 0x7F));
                mark = Foreign.Unlike;
            }
            if (first < 0x80 && !char.IsAsciiLetterOrDigit((char)first))
            {
                gap = gap switch { Gap.None => Gap.Hyphen, Gap.Hyphen => Gap.Hyphens, _ => gap };
                continue;
            }
            Raw[at] = first;
            Fold[at] = Glyphs.Table[first];
            Second[at] = second;
            Before[at] = gap;
            Marks[at] = mark;
            Points[at] = point;
            HasForeign |= mark != Foreign.No;
            if (gap != Gap.None) WordStart[Words++] = (short)at;
            LabelOf[at++] = (byte)number;
            gap = Gap.None;
        }
        return true;
    }

    private void DrawSecond()
    {
        // What was drawn of foreign labels lies in Second already, at the place of the first reading.
        int to = 0;
        for (int i = 0; i < Length; i++)
        {
            byte drawn = Fold[i];
            if (Marks[i] is Foreign.Accent or Foreign.Script && Second[i] != 0) drawn = Glyphs.Table[Second[i]];
            SecondAt[to] = (short)i;
            if (i + 1 < Length && Before[i + 1] == Gap.None && Glyphs.Joined(Raw[i], Raw[i + 1]) is var joined and not 0)
            {
                drawn = joined;
                i++;
            }
            Second[to++] = drawn;
        }
        SecondLength = to;
        SecondAt[to] = (short)Length;
        Second.AsSpan(to, Padding).Clear();
    }
}

/// <summary>What stands between two characters of a name.</summary>
internal enum Gap : byte
{
    None,
    Hyphen,

    /// <summary>Two or more.</summary>
    Hyphens,
    Dot,
}

/// <summary>How foreign a character is.</summary>
internal enum Foreign : byte
{
    No,

    /// <summary>A Latin letter with marks, or a variant of it.</summary>
    Accent,

    /// <summary>Of another script.</summary>
    Script,

    /// <summary>Like nothing in ASCII.</summary>
    Unlike,
}

/// <summary>What reading a name needs besides the name.</summary>
internal sealed class NameTables(PublicSuffixes? suffixes, CharacterFolds folds, HashSet<ulong> hosting)
{
    public PublicSuffixes? Suffixes { get; } = suffixes;

    public CharacterFolds Folds { get; } = folds;

    public bool IsHosting(ulong hash, ReadOnlySpan<byte> name) => name.Length > 0 && hosting.Contains(hash);
}
