using System.Globalization;

namespace CertHerald.WebConsole;

/// <summary>Moments and amounts for people: always UTC, never in the server's culture.</summary>
internal static class Moment
{
    public static string Text(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    public static string Iso(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>"3 minutes ago", "in 2 days", "now".</summary>
    public static string Distance(DateTimeOffset at, DateTimeOffset now)
    {
        TimeSpan apart = (now - at).Duration();
        (long count, string unit) = apart switch
        {
            { TotalSeconds: < 1 } => (0, ""),
            { TotalMinutes: < 1 } => ((long)apart.TotalSeconds, "second"),
            { TotalHours: < 1 } => ((long)apart.TotalMinutes, "minute"),
            { TotalDays: < 1 } => ((long)apart.TotalHours, "hour"),
            _ => ((long)apart.TotalDays, "day"),
        };
        if (count == 0) return "now";
        string amount = $"{Count(count)} {unit}{(count == 1 ? "" : "s")}";
        return at <= now ? $"{amount} ago" : $"in {amount}";
    }

    /// <summary>"42 s", "3 min", "5 h", "2 days": for how long something takes, rounded up.</summary>
    public static string Span(double seconds) => seconds switch
    {
        < 120 => $"{Math.Ceiling(seconds):0} s",
        < 7_200 => $"{Math.Ceiling(seconds / 60):0} min",
        < 172_800 => $"{Math.Ceiling(seconds / 3_600):0} h",
        _ => $"{Count((decimal)Math.Ceiling(Math.Min(seconds, 1e15) / 86_400))} days",
    };

    /// <summary>"1.2/s", "12/s".</summary>
    public static string PerSecond(double rate) => rate.ToString(rate < 10 ? "0.#" : "#,0", CultureInfo.InvariantCulture) + "/s";

    /// <summary>Digits in groups of three.</summary>
    public static string Count(decimal number) => number.ToString("#,0", CultureInfo.InvariantCulture);

    /// <summary>Milliseconds below ten seconds, seconds above.</summary>
    public static string Latency(double milliseconds) => milliseconds < 10_000
        ? $"{milliseconds.ToString("0", CultureInfo.InvariantCulture)} ms"
        : $"{(milliseconds / 1000).ToString("0.0", CultureInfo.InvariantCulture)} s";
}
