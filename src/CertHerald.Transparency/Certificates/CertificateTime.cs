namespace CertHerald.Transparency.Certificates;

/// <summary>Dates as certificates hold them. RFC 5280 §4.1.2.5, read as widely as a date can be recognised.</summary>
internal static class CertificateTime
{
    /// <summary>Reads the time behind <paramref name="skip"/> others; null if there is no date in it.</summary>
    public static DateTimeOffset? Read(DerReader times, int skip)
    {
        for (; skip > 0; skip--)
            if (!times.TryRead(out _)) return null;
        return times.TryRead(out DerValue time) ? Parse(time) : null;
    }

    /// <summary>Whether it is written as RFC 5280 demands: to the second, in UTC.</summary>
    public static bool IsProper(DerValue time)
    {
        int digits = time.Tag switch { DerTag.UtcTime => 12, DerTag.GeneralizedTime => 14, _ => 0 };
        ReadOnlySpan<byte> text = time.Content;
        return digits > 0 && text.Length == digits + 1 && text[^1] == 'Z' && !text[..digits].ContainsAnyExceptInRange((byte)'0', (byte)'9')
            && TwoDigits(text, digits - 6) < 24 && TwoDigits(text, digits - 4) < 60 && TwoDigits(text, digits - 2) < 60
            && Parse(time) is not null;
    }

    private static DateTimeOffset? Parse(DerValue time)
    {
        ReadOnlySpan<byte> text = time.Content;
        int digits = text.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        if (digits < 0) digits = text.Length;

        // The tag decides, unless the digits tell that it is wrong: 14 hold a four-digit year, and so do 8 of no known tag;
        // 12 are a GeneralizedTime without seconds only if the year they then give is near.
        bool hasCentury = time.Tag switch
        {
            DerTag.UtcTime => digits == 14,
            DerTag.GeneralizedTime => digits >= 8 && (digits != 12 || TwoDigits(text, 0) is 19 or 20),
            _ => digits is 8 or 14,
        };
        int at = hasCentury ? 4 : 2;
        if (digits < at + 4) return null;
        int year = hasCentury ? TwoDigits(text, 0) * 100 + TwoDigits(text, 2) : TwoDigits(text, 0);
        if (!hasCentury) year += year < 50 ? 2000 : 1900;
        int month = TwoDigits(text, at), day = TwoDigits(text, at + 2);
        if (year is < 1 or > 9999 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month)) return null;

        var date = new DateTime(year, month, day, 0, 0, 0, DateTimeKind.Utc);
        int hour = PartOf(text, at + 4, digits, 23), minute = PartOf(text, at + 6, digits, 59), second = PartOf(text, at + 8, digits, 59);
        long ticks = date.Ticks + new TimeSpan(hour, minute, second).Ticks - OffsetIn(text[digits..]).Ticks;
        return ticks < 0 || ticks > DateTime.MaxValue.Ticks ? null : new DateTimeOffset(ticks, TimeSpan.Zero);
    }

    /// <summary>+hhmm or -hhmm behind the digits and a fraction; zero if there is none.</summary>
    private static TimeSpan OffsetIn(ReadOnlySpan<byte> text)
    {
        int sign = text.IndexOfAny((byte)'+', (byte)'-');
        if (sign < 0 || text.Length - sign < 3) return TimeSpan.Zero;
        ReadOnlySpan<byte> offset = text[(sign + 1)..];
        if (offset[..Math.Min(offset.Length, 4)].ContainsAnyExceptInRange((byte)'0', (byte)'9')) return TimeSpan.Zero;
        var span = new TimeSpan(TwoDigits(offset, 0), offset.Length >= 4 ? TwoDigits(offset, 2) : 0, 0);
        return text[sign] == '-' ? -span : span;
    }

    private static int PartOf(ReadOnlySpan<byte> text, int at, int digits, int most) =>
        at + 2 <= digits && TwoDigits(text, at) is var part && part <= most ? part : 0;

    private static int TwoDigits(ReadOnlySpan<byte> text, int at) => (text[at] - '0') * 10 + text[at + 1] - '0';
}
