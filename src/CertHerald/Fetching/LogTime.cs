namespace CertHerald.Fetching;

/// <summary>A log's clock: milliseconds since 1970 in 64 bits, of which logs may write anything.</summary>
internal static class LogTime
{
    private static readonly long Last = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    /// <summary>The time a log states; the last possible one for what lies beyond.</summary>
    public static DateTimeOffset Of(ulong milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds((long)Math.Min(milliseconds, (ulong)Last));
}
