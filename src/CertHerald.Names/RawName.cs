using System.Buffers;

namespace CertHerald.Names;

/// <summary>
/// What a raw value of a certificate may mean, worked out on its bytes. Both the hot path and <see cref="Identifiers"/>
/// read values through this class alone, so that the one never misses what the other finds.
/// </summary>
internal static class RawName
{
    /// <summary>What stands for a label that cannot be read; it matches every label.</summary>
    public const string Unparsable = "<unparsable>";

    /// <summary>Most pieces that <see cref="Cut"/> finds: two readings of a NUL, four stretches each.</summary>
    public const int MaxPieces = 8;

    /// <summary>Bytes of a name that are looked at, from its right end: four times what DNS allows.</summary>
    public const int MaxLength = 1024;

    private static readonly SearchValues<byte> Blank = SearchValues.Create(" \t\r\n\v\f"u8);
    private static readonly SearchValues<byte> BlankOrDot = SearchValues.Create(" \t\r\n\v\f."u8);

    /// <summary>
    /// The stretches of a value that may be a name, trimmed, never empty: without scheme, up to a NUL and whole; of each the
    /// host without path, then without user, then without port, and last the whole with its path.
    /// </summary>
    /// <param name="pieces">Room for <see cref="MaxPieces"/>.</param>
    /// <returns>How many there are.</returns>
    public static int Cut(ReadOnlySpan<byte> value, Span<Range> pieces)
    {
        int count = 0, start = SkipBlank(value, 0);
        while (SchemeLength(value[start..]) is > 0 and int scheme) start = SkipBlank(value, start + scheme);

        int nul = value[start..].IndexOf((byte)0);
        if (nul >= 0) CutHost(value, start, start + nul, pieces, ref count);
        CutHost(value, start, value.Length, pieces, ref count);
        return count;
    }

    /// <summary>Whether a piece of a common name is a title such as "Example Inc".</summary>
    public static bool IsTitle(NameSource source, ReadOnlySpan<byte> piece) =>
        source == NameSource.CommonName && piece.Contains((byte)' ');

    /// <summary>The rightmost labels that fit <see cref="MaxLength"/>. What is cut off counts as one unparsable label.</summary>
    public static ReadOnlySpan<byte> Bound(ReadOnlySpan<byte> piece, out bool isCut)
    {
        isCut = piece.Length > MaxLength;
        if (!isCut) return piece;
        ReadOnlySpan<byte> end = piece[^MaxLength..];
        int dot = end.IndexOf((byte)'.');
        return dot < 0 ? [] : end[(dot + 1)..];
    }

    private static void CutHost(ReadOnlySpan<byte> value, int start, int end, Span<Range> pieces, ref int count)
    {
        int slash = value[start..end].IndexOf((byte)'/');
        int hostStart = start, hostEnd = slash < 0 ? end : start + slash;
        Add(value, hostStart, hostEnd, pieces, ref count);

        int at = value[hostStart..hostEnd].LastIndexOf((byte)'@');
        if (at >= 0)
        {
            hostStart += at + 1;
            Add(value, hostStart, hostEnd, pieces, ref count);
        }

        int port = PortStart(value[hostStart..hostEnd]);
        if (port >= 0) Add(value, hostStart, hostStart + port, pieces, ref count);

        if (slash >= 0) Add(value, start, end, pieces, ref count);
    }

    private static void Add(ReadOnlySpan<byte> value, int start, int end, Span<Range> pieces, ref int count)
    {
        start = Math.Min(SkipBlank(value, start), end);
        int length = value[start..end].LastIndexOfAnyExcept(BlankOrDot) + 1;
        if (length > 0) pieces[count++] = start..(start + length);
    }

    private static int SkipBlank(ReadOnlySpan<byte> value, int start)
    {
        int blanks = value[start..].IndexOfAnyExcept(Blank);
        return blanks < 0 ? value.Length : start + blanks;
    }

    private static int SchemeLength(ReadOnlySpan<byte> value)
    {
        if (StartsWith(value, "http://"u8)) return "http://"u8.Length;
        return StartsWith(value, "https://"u8) ? "https://"u8.Length : 0;
    }

    private static bool StartsWith(ReadOnlySpan<byte> value, ReadOnlySpan<byte> prefix) =>
        value.Length >= prefix.Length && System.Text.Ascii.EqualsIgnoreCase(value[..prefix.Length], prefix);

    // Where ":port" begins; -1 without one, and in an IPv6 address, whose last group is no port.
    private static int PortStart(ReadOnlySpan<byte> host)
    {
        int colon = host.LastIndexOf((byte)':');
        if (colon < 0 || host[(colon + 1)..].IndexOfAnyExceptInRange((byte)'0', (byte)'9') >= 0) return -1;
        return IpText.TryParse(host, out _) ? -1 : colon;
    }
}
