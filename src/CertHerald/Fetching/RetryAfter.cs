using System.Globalization;

namespace CertHerald.Fetching;

/// <summary>
/// Reads Retry-After as logs really send it: fractions of seconds and dates in "UTC" among them, which the framework's
/// typed header drops. RFC 9110 §10.2.3.
/// </summary>
internal static class RetryAfter
{
    /// <summary>The longest that a log may send us away: a slip of the pen must not silence us for a year.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    // RFC 9110 §5.6.7: the one format to send and the two obsolete ones to read.
    private static readonly string[] DateFormats =
        ["ddd, d MMM yyyy HH:mm:ss 'GMT'", "ddd, d MMM yyyy HH:mm:ss 'UTC'", "dddd, dd-MMM-yy HH:mm:ss 'GMT'", "ddd MMM d HH:mm:ss yyyy"];

    /// <summary>The wait, from zero to an hour, fractions rounded up to whole seconds; null for no header or garbage.</summary>
    public static TimeSpan? Parse(string? header, DateTimeOffset now)
    {
        if (header is null) return null;

        ReadOnlySpan<char> text = header.AsSpan().Trim();
        if (text.IsEmpty) return null;
        if (char.IsAsciiDigit(text[0]) && double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds))
            return seconds < Longest.TotalSeconds ? TimeSpan.FromSeconds(Math.Ceiling(seconds)) : Longest;

        if (!DateTimeOffset.TryParseExact(
            text, DateFormats, CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AllowInnerWhite, out DateTimeOffset date)) return null;

        TimeSpan wait = date - now;
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait < Longest ? wait : Longest;
    }
}
