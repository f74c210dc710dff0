namespace CertHerald.Fetching;

/// <summary>How long a log is left alone after failures in a row. Never gives up.</summary>
internal static class Backoff
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);

    /// <summary>
    /// What the log asked for; without a word from it, full jitter: anything up to a second after the first failure,
    /// up to twice as long after each further one, never above five minutes.
    /// </summary>
    /// <param name="failures">In a row, from 1.</param>
    /// <param name="retryAfter">What the log asked for; null if it did not say.</param>
    /// <param name="random">From 0 to below 1.</param>
    public static TimeSpan After(int failures, TimeSpan? retryAfter, double random)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(failures, 1);
        if (retryAfter is { } asked) return asked;

        // Past the ninth doubling the cap holds; a shift by more would overflow.
        TimeSpan most = First * (1L << Math.Min(failures - 1, 9));
        return (most < Longest ? most : Longest) * random;
    }
}
