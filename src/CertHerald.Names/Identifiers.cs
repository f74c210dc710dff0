using System.Text;
using System.Text.Unicode;

namespace CertHerald.Names;

/// <summary>Reads names out of raw certificate values: generously, since a name that is not read cannot be watched.</summary>
public static class Identifiers
{
    /// <summary>
    /// Adds every identifier that one raw value gives, none twice. Never throws on any bytes. Of a name above 1,024 bytes the
    /// rightmost labels are kept, behind one <c>&lt;unparsable&gt;</c> label.
    /// </summary>
    /// <param name="source">Common names with a space in them are titles and give nothing.</param>
    /// <param name="value">
    /// The string's bytes, read both as UTF-8 and as Latin-1 where that differs; for <see cref="NameSource.IpAddress"/> 4 or
    /// 16 octets: other lengths give nothing.
    /// </param>
    public static void Read(NameSource source, ReadOnlySpan<byte> value, ICollection<Identifier> into)
    {
        ArgumentNullException.ThrowIfNull(into);
        if (source == NameSource.IpAddress)
        {
            if (IpText.TryRead(value, out UInt128 octets)) into.Add(new(IdentifierKind.Ip, IpText.Format(octets)));
            return;
        }

        var found = new List<Identifier>(2);
        Span<Range> pieces = stackalloc Range[RawName.MaxPieces];
        int count = RawName.Cut(value, pieces);
        foreach (Range range in pieces[..count])
        {
            ReadOnlySpan<byte> piece = value[range];
            if (IpText.TryParse(piece, out UInt128 address)) AddNew(found, new(IdentifierKind.Ip, IpText.Format(address)));
            else if (!RawName.IsTitle(source, piece)) ReadDns(piece, found);
        }
        foreach (Identifier identifier in found) into.Add(identifier);
    }

    private static void ReadDns(ReadOnlySpan<byte> piece, List<Identifier> found)
    {
        ReadOnlySpan<byte> name = RawName.Bound(piece, out bool isCut);
        if (!Ascii.IsValid(name) && Utf8.IsValid(name)) AddName(Encoding.UTF8.GetString(name), isCut, found);
        AddName(Encoding.Latin1.GetString(name), isCut, found);
    }

    private static void AddName(string text, bool isCut, List<Identifier> found)
    {
        ReadOnlySpan<char> rest = text.AsSpan().TrimStart();
        while (rest.Length > 0 && (rest[^1] == '.' || char.IsWhiteSpace(rest[^1]))) rest = rest[..^1];

        var name = new StringBuilder(text.Length);
        if (isCut) name.Append(RawName.Unparsable);
        if (rest.Length > 0)
        {
            foreach (Range label in rest.Split('.'))
            {
                if (label.Start.Value > 0 || isCut) name.Append('.');
                name.Append(ReadLabel(rest[label]));
            }
        }
        if (name.Length > 0) AddNew(found, new(IdentifierKind.Dns, name.ToString()));
    }

    private static string ReadLabel(ReadOnlySpan<char> label) =>
        DnsName.ToALabel(label) is { } read && IsPrintable(read) ? read : RawName.Unparsable;

    private static bool IsPrintable(string label)
    {
        foreach (char c in label)
            if (c is not ('\t' or (>= ' ' and <= '~')))
                return false;
        return true;
    }

    private static void AddNew(List<Identifier> found, Identifier identifier)
    {
        if (!found.Contains(identifier)) found.Add(identifier);
    }
}
