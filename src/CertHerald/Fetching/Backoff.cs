namespace CertHerald.Fetching;

/// <summary>How long a log is left alone after failures in a row. Counts; a success begins a new one. Never gives up.</summary>
/// <param name="random">From 0 to below 1; null for chance.</param>
internal sealed class Backoff(Func<double>? random = null)
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);

    private readonly Func<double> _random = random ?? Random.Shared.NextDouble;
    private int _failures;

    /// <summary>
    /// How long to wait after one more failure. Full jitter: anything up to a second after the first, up to twice as long
    /// after each further one, never above five minutes. Many who fail together then do not return together.
    /// </summary>
    public TimeSpan Next() => After(++_failures, _random());

    /// <param name="failures">In a row, from 1.</param>
    /// <param name="random">From 0 to below 1.</param>
    public static TimeSpan After(int failures, double random)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(failures, 1);

        // Past the ninth doubling the cap holds; a shift by more would overflow.
        TimeSpan most = First * (1L << Math.Min(failures - 1, 9));
        return (most < Longest ? most : Longest) * random;
    }
}
