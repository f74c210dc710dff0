using System.Globalization;

namespace CertHerald.Delivering;

/// <summary>What a receiver's <c>Retry-After</c> asks for.</summary>
internal static class RetryAfter
{
    /// <returns>How long from <paramref name="now"/>; null for what is negative, past or not understood.</returns>
    public static TimeSpan? Read(string? value, DateTimeOffset now) =>
        Fetching.RetryAfter.Read(value, now, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent) is { } wait && wait >= TimeSpan.Zero ? wait : null;
}
