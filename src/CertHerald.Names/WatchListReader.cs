using System.Buffers;
using System.Globalization;
using System.Text;

namespace CertHerald.Names;

/// <summary>Reads lines of a watch list: items into their tables, what is wrong into lists.</summary>
internal sealed class WatchListReader
{
    private const int LongestQuote = 80;
    private const int LongestText = 1024;

    // What keyboards write for a dot: RFC 3490 §3.1.
    private const string Dots = ".\u3002\uff0e\uff61";

    private static readonly SearchValues<char> NameChars = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-_.");
    private static readonly SearchValues<byte> NameBytes = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-_."u8);

    public NameTrieBuilder Names { get; } = new();

    public HashSet<UInt128> Addresses { get; } = [];

    public List<WatchListMistake> Mistakes { get; } = [];

    public List<WatchListMistake> Warnings { get; } = [];

    /// <summary>Reads one line: an item and perhaps a comment, or neither.</summary>
    public void Read(string place, int line, ReadOnlySpan<char> text)
    {
        ReadOnlySpan<char> rest = WithoutComment(text.TrimStart('\ufeff').Trim());
        if (rest.IsEmpty) return;

        ReadOnlySpan<char> item = NextField(ref rest);
        if (ReadItem(item) is var (problem, remedy)) Mistakes.Add(new(place, line, problem, remedy));
        while (!rest.IsEmpty)
        {
            ReadOnlySpan<char> field = NextField(ref rest);
            if (field.StartsWith("valid_at:", StringComparison.Ordinal))
                Warnings.Add(new(place, line, $"{Quote(field)} has no effect: the item is watched at all times", "remove it"));
            else
                Mistakes.Add(new(place, line, $"{Quote(field)} follows an item", "write one item a line, and comments after #"));
        }
    }

    private static ReadOnlySpan<char> WithoutComment(ReadOnlySpan<char> line)
    {
        for (int i = 0; i < line.Length; i++)
            if (line[i] == '#' && (i == 0 || char.IsWhiteSpace(line[i - 1])))
                return line[..i].TrimEnd();
        return line;
    }

    private static ReadOnlySpan<char> NextField(ref ReadOnlySpan<char> rest)
    {
        int length = 0;
        while (length < rest.Length && !char.IsWhiteSpace(rest[length])) length++;
        ReadOnlySpan<char> field = rest[..length];
        rest = rest[length..].TrimStart();
        return field;
    }

    // Null if it was an item and has been added.
    private (string Problem, string Remedy)? ReadItem(ReadOnlySpan<char> text)
    {
        Span<byte> name = stackalloc byte[DnsName.MaxLength + 2];      // a dot before and after
        int length = text.Length;
        if (length > name.Length || !Ascii.IsValid(text))
        {
            if (text.Length > LongestText) return TooLong(text);
            if (ToALabels(text) is not { } ascii) return ($"{Quote(text)} cannot be converted", "write the name in its xn-- form");
            if (WrongUnicode(text) is { } wrong) return wrong;
            if (ascii.Length > name.Length) return TooLong(text);
            length = Encoding.ASCII.GetBytes(ascii, name);
        }
        else
        {
            Ascii.ToLower(text, name, out _);
        }
        return ReadItem(text, name[..length]);
    }

    private (string Problem, string Remedy)? ReadItem(ReadOnlySpan<char> text, ReadOnlySpan<byte> name)
    {
        if (IpText.TryParse(name, out UInt128 address))
        {
            Addresses.Add(address);
            return null;
        }
        if (name is [(byte)'.']) return Add(text, [], isTree: true);

        bool isTree = name[0] == '.';
        if (isTree) name = name[1..];
        name = name.TrimEnd((byte)'.');

        if (IpText.TryParse(name, out address))
            return ($"{Quote(text)} puts a dot around an IP address", $"write {IpText.Format(address)}");
        if (name.IsEmpty || name[0] == '.' || name.IndexOf(".."u8) >= 0)
            return ($"{Quote(text)} has an empty label", $"write {(isTree ? "." : "")}{WithoutEmptyLabels(name)}");
        if (name.IndexOfAnyExcept(NameBytes) >= 0) return WrongCharacter(text, name);
        if (name.Length > DnsName.MaxLength) return TooLong(text);
        foreach (Range label in name.Split((byte)'.'))
        {
            int length = name[label].Length;
            if (length > DnsName.MaxLabelLength)
                return ($"{Quote(text)} has a label of {length} characters", $"write at most {DnsName.MaxLabelLength} between dots");
        }

        return Add(text, name, isTree);
    }

    private (string Problem, string Remedy)? Add(ReadOnlySpan<char> text, ReadOnlySpan<byte> name, bool isTree) =>
        Names.TryAdd(name, isTree)
            ? null
            : ($"{Quote(text)} is more than a watch list can hold", "watch trees, such as .example.com, instead of single names");

    private static (string Problem, string Remedy) WrongCharacter(ReadOnlySpan<char> text, ReadOnlySpan<byte> name)
    {
        if (name.ContainsAny("/@:"u8)) return ($"{Quote(text)} is more than a name", $"write {HostIn(text)}");
        if (name.Contains((byte)'*'))
        {
            bool isWildcard = name.StartsWith("*."u8) && name[2..].IndexOfAnyExcept(NameBytes) < 0;
            string tree = isWildcard ? Encoding.ASCII.GetString(name[1..]) : ".example.com";
            return ($"{Quote(text)} is a pattern, which would match nothing", $"write {tree} or a single name");
        }
        char wrong = (char)name[name.IndexOfAnyExcept(NameBytes)];
        return ($"{Quote(text)} holds {Quote([wrong])}", "write letters, digits, '-', '_' and dots");
    }

    // Looks from the last piece, which is the nearest to a host of its own; only one with a path comes after it.
    private static string HostIn(ReadOnlySpan<char> text)
    {
        byte[] value = Encoding.UTF8.GetBytes(text.ToString());
        Span<Range> pieces = stackalloc Range[RawName.MaxPieces];
        int count = RawName.Cut(value, pieces);
        for (int i = count - 1; i >= 0; i--)
        {
            ReadOnlySpan<byte> piece = value.AsSpan(pieces[i]);
            if (IpText.TryParse(piece, out UInt128 address)) return IpText.Format(address);
            if (ToALabels(Encoding.UTF8.GetString(piece)) is { } host && !host.AsSpan().ContainsAnyExcept(NameChars)) return host;
        }
        return "the name alone, such as example.com";
    }

    private static (string Problem, string Remedy) TooLong(ReadOnlySpan<char> text) =>
        ($"{Quote(text)} is longer than a name can be", $"write at most {DnsName.MaxLength} characters");

    private static string WithoutEmptyLabels(ReadOnlySpan<byte> name) =>
        string.Join('.', Encoding.ASCII.GetString(name).Split('.', StringSplitOptions.RemoveEmptyEntries));

    // Null if a label has no A-label. Labels are checked as ASCII afterwards.
    private static string? ToALabels(ReadOnlySpan<char> text)
    {
        var ascii = new StringBuilder(text.Length);
        foreach (Range label in text.SplitAny(Dots))
        {
            if (DnsName.ToALabel(text[label]) is not { } read) return null;
            if (label.Start.Value > 0) ascii.Append('.');
            ascii.Append(read);
        }
        return ascii.ToString();
    }

    private static (string Problem, string Remedy)? WrongUnicode(ReadOnlySpan<char> text)
    {
        if (text.Contains('\ufffd'))
            return ($"{Quote(text)} holds bytes that are not UTF-8", "save the list as UTF-8, or write the xn-- form");
        if (InvisibleIn(text) is { } invisible)
            return ($"{Quote(text)} holds the invisible U+{(int)invisible:X4}", "type the name instead of pasting it");
        if (PlainFormOf(text) is { } plain)
            return ($"{Quote(text)} holds variants of characters, which would match nothing", $"write {plain}");
        return null;
    }

    // Pasted text brings zero-width characters and soft hyphens along. The joiners are spelling: RFC 5892, appendix A.
    private static char? InvisibleIn(ReadOnlySpan<char> text)
    {
        foreach (char c in text)
        {
            if (c is '\u200c' or '\u200d') continue;
            if (c >= '\ufffe' || char.GetUnicodeCategory(c) is UnicodeCategory.Format or UnicodeCategory.Control) return c;
        }
        return null;
    }

    // Full-width letters, ligatures and the like: no A-label is made of them (RFC 5891 §5.3). Null if there are none.
    private static string? PlainFormOf(ReadOnlySpan<char> text)
    {
        string composed = text.ToString().Normalize(NormalizationForm.FormC).ToLowerInvariant();
        string plain = WithAsciiDots(composed.Normalize(NormalizationForm.FormKC));
        return plain == WithAsciiDots(composed.Normalize(NormalizationForm.FormC)) ? null : plain;
    }

    private static string WithAsciiDots(string text) => text.Replace('\u3002', '.').Replace('\uff0e', '.').Replace('\uff61', '.');

    private static string Quote(ReadOnlySpan<char> text)
    {
        var quoted = new StringBuilder("\"");
        foreach (char c in text[..Math.Min(text.Length, LongestQuote)])
            quoted.Append(char.IsControl(c) || char.IsSurrogate(c) ? '\ufffd' : c);
        return quoted.Append(text.Length > LongestQuote ? "…\"" : "\"").ToString();
    }
}
