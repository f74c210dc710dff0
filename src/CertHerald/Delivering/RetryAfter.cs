using System.Globalization;

namespace CertHerald.Delivering;

/// <summary>Reads <c>Retry-After</c>: seconds, also with decimals, or an HTTP date. RFC 9110 §10.2.3.</summary>
internal static class RetryAfter
{
    // The three forms of RFC 9110 §5.6.7.
    private static readonly string[] DateFormats =
        ["ddd, dd MMM yyyy HH:mm:ss 'GMT'", "dddd, dd-MMM-yy HH:mm:ss 'GMT'", "ddd MMM d HH:mm:ss yyyy"];

    /// <returns>How long from <paramref name="now"/>; null for what is negative, past or not understood.</returns>
    public static TimeSpan? Read(string? value, DateTimeOffset now)
    {
        value = value?.Trim();
        if (string.IsNullOrEmpty(value)) return null;

        const NumberStyles Number = NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        if (char.IsAsciiDigit(value[0]) && double.TryParse(value, Number, CultureInfo.InvariantCulture, out double seconds))
            return TimeSpan.FromSeconds(Math.Min(seconds, TimeSpan.FromDays(365).TotalSeconds));

        const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AllowInnerWhite;
        bool isDate = DateTimeOffset.TryParseExact(value, DateFormats, CultureInfo.InvariantCulture, Utc, out DateTimeOffset date);
        return isDate && date > now ? date - now : null;
    }
}
