namespace CertHerald.Following;

/// <summary>How many a second, over the last minute. Thread-safe.</summary>
internal sealed class RateMeter(TimeProvider time)
{
    private const int Seconds = 60;

    private readonly Lock _lock = new();
    private readonly long[] _counts = new long[Seconds];
    private readonly long _begin = time.GetTimestamp();
    private long _now;

    public void Add(long count)
    {
        lock (_lock)
        {
            MoveOn();
            _counts[_now % Seconds] += count;
        }
    }

    /// <summary>Over less than a minute, if it is younger than that.</summary>
    public double PerSecond
    {
        get
        {
            lock (_lock)
            {
                MoveOn();
                return (double)_counts.Sum() / Math.Min(Seconds, _now + 1);
            }
        }
    }

    /// <summary>Seconds that have passed since the last look begin at zero.</summary>
    private void MoveOn()
    {
        long now = (long)time.GetElapsedTime(_begin).TotalSeconds;
        for (long second = Math.Max(_now + 1, now - Seconds + 1); second <= now; second++) _counts[second % Seconds] = 0;
        _now = now;
    }
}
