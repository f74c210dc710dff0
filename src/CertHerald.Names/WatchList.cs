using System.Buffers;
using System.Text;

namespace CertHerald.Names;

/// <summary>
/// What the user watches: DNS names, trees of them, IP addresses. Immutable and safe for all threads: a change makes a new
/// list. Judging a name costs the same however long the list.
/// </summary>
public sealed class WatchList
{
    private static readonly SearchValues<byte> PlainBytes =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."u8);

    private static readonly SearchValues<byte> PrintableBytes =
        SearchValues.Create([(byte)'\t', .. Enumerable.Range(' ', '~' - ' ' + 1).Select(b => (byte)b)]);

    private readonly NameTrie _names;
    private readonly HashSet<UInt128> _addresses;
    private readonly WatchList? _more;

    private WatchList(WatchListReader read)
    {
        _names = read.Names.Build(out int names);
        _addresses = read.Addresses;
        _addresses.TrimExcess();
        Count = names + _addresses.Count;
    }

    private WatchList(WatchList list, WatchList more)
    {
        (_names, _addresses) = (list._names, list._addresses);
        _more = list._more is null ? more : list._more.With(more);
        Count = list.Count + more.Items.Count(item => !list.Holds(item));
    }

    /// <summary>The list that watches nothing.</summary>
    public static WatchList Empty { get; } = new(new WatchListReader());

    /// <summary>Different items.</summary>
    public int Count { get; }

    /// <summary>Every item once, in no order that means anything; made while enumerating, not kept.</summary>
    public IEnumerable<WatchItem> Items =>
        _more is null ? OwnItems : OwnItems.Concat(_more.Items.Where(item => !HoldsItself(item)));

    private IEnumerable<WatchItem> OwnItems => _names.Items().Select(_names.ItemOf).Concat(_addresses.Select(ItemOf));

    /// <summary>
    /// Reads items, one a line: <c>.</c>, <c>.NAME</c>, <c>NAME</c> or an IP address, and comments after <c>#</c>. No lines, or
    /// comments alone, give an empty list: whether that is a mistake, the caller knows.
    /// </summary>
    /// <param name="list"><see cref="Empty"/> if there are mistakes.</param>
    /// <param name="mistakes">All of them, in the order of the lines.</param>
    /// <param name="warnings">What is accepted and has no effect.</param>
    /// <returns>Whether there are no mistakes.</returns>
    public static bool TryParse(
        IEnumerable<(string Place, int Line, string Text)> lines,
        out WatchList list,
        out IReadOnlyList<WatchListMistake> mistakes,
        out IReadOnlyList<WatchListMistake> warnings)
    {
        ArgumentNullException.ThrowIfNull(lines);
        return TryRead(lines.Select(line => (line.Place, line.Line, line.Text.AsMemory())), out list, out mistakes, out warnings);
    }

    /// <summary>
    /// As <see cref="TryParse"/>, for lists of millions: a text is done with before the next is asked for, so that all may lie
    /// in the same memory, one after the other.
    /// </summary>
    public static bool TryRead(
        IEnumerable<(string Place, int Line, ReadOnlyMemory<char> Text)> lines,
        out WatchList list,
        out IReadOnlyList<WatchListMistake> mistakes,
        out IReadOnlyList<WatchListMistake> warnings)
    {
        ArgumentNullException.ThrowIfNull(lines);
        var reader = new WatchListReader();
        foreach ((string place, int line, ReadOnlyMemory<char> text) in lines) reader.Read(place, line, text.Span);

        mistakes = reader.Mistakes;
        warnings = reader.Warnings;
        list = reader.Mistakes.Count == 0 ? new WatchList(reader) : Empty;
        return reader.Mistakes.Count == 0;
    }

    /// <summary>
    /// This list and another as one. Neither is copied: adding a few items to a million costs what the few cost. Judging a
    /// name that nobody watches costs as much as judging it by both.
    /// </summary>
    public WatchList With(WatchList more)
    {
        ArgumentNullException.ThrowIfNull(more);
        return more.Count == 0 ? this : Count == 0 ? more : new WatchList(this, more);
    }

    /// <summary>Whether the very item is in the list: a tree does not hold the names below it.</summary>
    public bool Holds(WatchItem item)
    {
        ArgumentNullException.ThrowIfNull(item);
        return HoldsItself(item) || (_more is not null && _more.Holds(item));
    }

    /// <summary>
    /// The trees below which anybody can register a name, such as <c>.co.uk</c>: hardly meant. Not <c>.</c>, which says so.
    /// Costs some 100 ns for each tree of the list.
    /// </summary>
    public IEnumerable<WatchItem> PublicTrees(PublicSuffixes suffixes)
    {
        ArgumentNullException.ThrowIfNull(suffixes);
        IEnumerable<WatchItem> own = _names.Items().Where(hit => hit.IsTree && hit.Node > 0 && _names.IsSuffix(hit.Node, suffixes)).Select(_names.ItemOf);
        return _more is null ? own : own.Concat(_more.PublicTrees(suffixes).Where(item => !HoldsItself(item)));
    }

    /// <summary>
    /// Whether a raw value may give an identifier that is watched. Allocates nothing. Never false where
    /// <see cref="Identifiers.Read"/> gives an identifier that has <see cref="Matches(Identifier)"/>; true without one only for
    /// labels outside ASCII, which are not converted here, and once in 2²⁴ names by accident of a hash.
    /// </summary>
    /// <param name="value">As <see cref="Identifiers.Read"/> takes it.</param>
    public bool MayMatch(NameSource source, ReadOnlySpan<byte> value)
    {
        GlobBudget unlimited = GlobBudget.Unlimited;
        return MayMatch(source, value, ref unlimited);
    }

    /// <summary>As <see cref="MayMatch(NameSource, ReadOnlySpan{byte})"/>, at a bounded cost.</summary>
    /// <param name="budget">Where it is spent, false says nothing.</param>
    public bool MayMatch(NameSource source, ReadOnlySpan<byte> value, ref GlobBudget budget) =>
        MayMatchItself(source, value, ref budget) || (_more is not null && _more.MayMatch(source, value, ref budget));

    private bool MayMatchItself(NameSource source, ReadOnlySpan<byte> value, ref GlobBudget budget)
    {
        if (source == NameSource.IpAddress) return IpText.TryRead(value, out UInt128 address) && _addresses.Contains(address);

        bool isWildcard = value.StartsWith("*."u8);
        ReadOnlySpan<byte> name = isWildcard ? value[2..] : value;
        return IsPlain(name) ? _names.MayMatchPlain(name, isWildcard) : MayMatchOdd(source, value, ref budget);
    }

    /// <summary>
    /// Every item that matches, single names before trees, and of each the longest first. Labels are compared from the right:
    /// the identifier's <c>*</c>, <c>?</c> and <c>&lt;unparsable&gt;</c> match every label, others as globs of <c>*</c>.
    /// </summary>
    public IReadOnlyList<WatchItem> Matches(Identifier identifier)
    {
        GlobBudget unlimited = GlobBudget.Unlimited;
        return Matches(identifier, int.MaxValue, ref unlimited, out _);
    }

    /// <summary>
    /// As <see cref="Matches(Identifier)"/>, but no more than <paramref name="most"/>, at a bounded cost: of a million names that
    /// fall under <c>*.com</c>, those that come first when names are compared from the right. Always the same ones.
    /// </summary>
    /// <param name="budget">Where it is spent, items may be missing.</param>
    /// <param name="isCut">There are more.</param>
    public IReadOnlyList<WatchItem> Matches(Identifier identifier, int most, ref GlobBudget budget, out bool isCut)
    {
        isCut = false;
        if (string.IsNullOrEmpty(identifier.Text)) return [];
        List<WatchItem> items = ItselfMatching(identifier, most, ref budget, ref isCut);
        if (_more is not null)
        {
            items.AddRange(_more.Matches(identifier, most, ref budget, out bool isMoreCut).Where(item => !HoldsItself(item)));
            isCut |= isMoreCut;
        }
        items.Sort(static (a, b) =>
            a.IsTree != b.IsTree ? a.IsTree.CompareTo(b.IsTree)
            : a.Text.Length != b.Text.Length ? b.Text.Length.CompareTo(a.Text.Length)
            : string.CompareOrdinal(a.Text, b.Text));
        if (items.Count <= most) return items;
        isCut = true;
        return items.GetRange(0, most);
    }

    private List<WatchItem> ItselfMatching(Identifier identifier, int most, ref GlobBudget budget, ref bool isCut)
    {
        byte[] text = Encoding.Latin1.GetBytes(identifier.Text);
        if (identifier.Kind == IdentifierKind.Ip) return IpText.TryParse(text, out UInt128 address) && _addresses.Contains(address) ? [ItemOf(address)] : [];
        NameTrie.HitList hits = HitsOf(text, most, ref budget);
        isCut |= hits.IsCut;
        return [.. hits.Hits.Select(_names.ItemOf)];
    }

    private NameTrie.HitList HitsOf(ReadOnlySpan<byte> name, int most, ref GlobBudget budget)
    {
        var hits = new NameTrie.HitList(most);
        byte[] key = new byte[name.Length];
        _ = _names.Match(key.AsSpan(0, WriteKey(name, key)), hits, ref budget);
        return hits;
    }

    private bool HoldsItself(WatchItem item)
    {
        byte[] text = Encoding.ASCII.GetBytes(item.Text);
        if (item.IsIp) return IpText.TryParse(text, out UInt128 address) && _addresses.Contains(address);
        GlobBudget none = default;                         // an item holds no glob
        return HitsOf(text.AsSpan(item.IsTree ? 1 : 0), int.MaxValue, ref none).Hits.Any(hit => hit.IsTree == item.IsTree && _names.ItemOf(hit) == item);
    }

    // One DNS name for sure, to be taken as it stands: no IPv4 address, nothing to cut or trim, no label but itself.
    private static bool IsPlain(ReadOnlySpan<byte> name) =>
        name.Length is > 0 and <= DnsName.MaxLength
        && name[^1] != '.' && !char.IsAsciiDigit((char)name[^1])
        && !name.ContainsAnyExcept(PlainBytes);

    private bool MayMatchOdd(NameSource source, ReadOnlySpan<byte> value, ref GlobBudget budget)
    {
        Span<Range> pieces = stackalloc Range[RawName.MaxPieces];
        int count = RawName.Cut(value, pieces);
        foreach (Range range in pieces[..count])
        {
            ReadOnlySpan<byte> piece = value[range];
            if (IpText.TryParse(piece, out UInt128 address))
            {
                if (_addresses.Contains(address)) return true;
            }
            else if (!RawName.IsTitle(source, piece) && MayMatchOddName(piece, ref budget))
            {
                return true;
            }
        }
        return false;
    }

    private bool MayMatchOddName(ReadOnlySpan<byte> piece, ref GlobBudget budget)
    {
        ReadOnlySpan<byte> name = RawName.Bound(piece, out bool isCut);

        // Blanks outside ASCII are trimmed in text, and only there: where they may be all of the last label, there may be none.
        ReadOnlySpan<byte> last = name[(name.LastIndexOf((byte)'.') + 1)..];
        bool mayVanish = last.ContainsAnyInRange((byte)0x80, (byte)0xff) && !last.ContainsAnyInRange((byte)'!', (byte)'~');
        if (mayVanish && _names.Nodes > 1) return true;

        Span<byte> key = stackalloc byte[RawName.MaxLength + 2];
        int length = name.IsEmpty ? 0 : WriteKey(name, key);
        if (isCut)
        {
            if (length > 0) key[length++] = 0;
            key[length++] = (byte)'*';
        }
        return _names.Match(key[..length], hits: null, ref budget);
    }

    // The key of a name: labels from the right, zeros between, lower case, '*' for labels that match all and for several '*' in a
    // row, which mean no more and would cost more. Never longer.
    private static int WriteKey(ReadOnlySpan<byte> name, Span<byte> key)
    {
        int length = 0;
        while (true)
        {
            int dot = name.LastIndexOf((byte)'.');
            ReadOnlySpan<byte> label = name[(dot + 1)..];
            if (MatchesAll(label)) label = "*"u8;
            byte before = 0;
            foreach (byte b in label)
            {
                if (b != '*' || before != '*') key[length++] = b is >= (byte)'A' and <= (byte)'Z' ? (byte)(b | 0x20) : b;
                before = b;
            }
            if (dot < 0) return length;
            key[length++] = 0;
            name = name[..dot];
        }
    }

    private static bool MatchesAll(ReadOnlySpan<byte> label) =>
        label is [(byte)'?'] || label.ContainsAnyExcept(PrintableBytes) || Ascii.EqualsIgnoreCase(label, "<unparsable>"u8);

    private static WatchItem ItemOf(UInt128 address) => new(IpText.Format(address), isTree: false, isIp: true);
}
