using System.Globalization;

namespace CertHerald.Fetching;

/// <summary>
/// Reads Retry-After as servers really send it: fractions of seconds and dates in "UTC" among them, which the framework's
/// typed header drops. RFC 9110 §10.2.3.
/// </summary>
internal static class RetryAfter
{
    /// <summary>The longest that a log may send us away: a slip of the pen must not silence us for a year.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    private static readonly TimeSpan Year = TimeSpan.FromDays(365);

    // RFC 9110 §5.6.7: the one format to send and the two obsolete ones to read.
    private static readonly string[] DateFormats =
        ["ddd, d MMM yyyy HH:mm:ss 'GMT'", "ddd, d MMM yyyy HH:mm:ss 'UTC'", "dddd, dd-MMM-yy HH:mm:ss 'GMT'", "ddd MMM d HH:mm:ss yyyy"];

    /// <summary>The wait, from zero to an hour, fractions rounded up to whole seconds; null for no header or garbage.</summary>
    public static TimeSpan? Parse(string? header, DateTimeOffset now)
    {
        if (Read(header, now, NumberStyles.AllowDecimalPoint) is not { } wait) return null;
        TimeSpan whole = TimeSpan.FromSeconds(Math.Ceiling(wait.TotalSeconds));
        return whole < TimeSpan.Zero ? TimeSpan.Zero : whole < Longest ? whole : Longest;
    }

    /// <summary>The wait as it stands there, at most a year; negative for a date that has passed; null for no header or garbage.</summary>
    /// <param name="numbers">The forms of a number that count.</param>
    public static TimeSpan? Read(string? header, DateTimeOffset now, NumberStyles numbers)
    {
        ReadOnlySpan<char> text = header.AsSpan().Trim();
        if (text.IsEmpty) return null;

        if (char.IsAsciiDigit(text[0]) && double.TryParse(text, numbers, CultureInfo.InvariantCulture, out double seconds))
            return TimeSpan.FromSeconds(Math.Min(seconds, Year.TotalSeconds));

        const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AllowInnerWhite;
        return DateTimeOffset.TryParseExact(text, DateFormats, CultureInfo.InvariantCulture, Utc, out DateTimeOffset date) ? date - now : null;
    }
}
