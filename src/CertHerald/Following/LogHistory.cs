namespace CertHerald.Following;

/// <summary>How a log stood at a moment.</summary>
/// <param name="Rate">Entries read a second.</param>
/// <param name="Backlog">Entries still to read; null while no head was known.</param>
/// <param name="HeadAge">Seconds since its newest head was signed; null while none was known.</param>
internal readonly record struct LogSample(DateTimeOffset At, double Rate, double? Backlog, double? HeadAge);

/// <summary>
/// How a log has done lately, in memory only: a sample each 10 seconds of the last hour, and each 5 minutes of the last day. At most
/// 648 samples, 40 KB. Written by <see cref="LogSampler"/>, read by anyone.
/// </summary>
internal sealed class LogHistory
{
    /// <summary>Between two samples of the last hour.</summary>
    public static readonly TimeSpan Fine = TimeSpan.FromSeconds(10);

    /// <summary>Between two samples of the last day.</summary>
    public static readonly TimeSpan Coarse = TimeSpan.FromMinutes(5);

    private const int FineSamples = 360, CoarseSamples = 288;

    private readonly Lock _lock = new();
    private readonly Queue<LogSample> _hour = [], _day = [];
    private readonly List<LogSample> _part = [];

    /// <summary>The last hour, oldest first.</summary>
    public IReadOnlyList<LogSample> Hour
    {
        get { lock (_lock) return [.. _hour]; }
    }

    /// <summary>The last day, oldest first: mean rates, and the worst of the rest, so that a short trouble is not smoothed away.</summary>
    public IReadOnlyList<LogSample> Day
    {
        get { lock (_lock) return [.. _day]; }
    }

    public void Add(LogSample sample)
    {
        lock (_lock)
        {
            Put(_hour, sample, FineSamples);
            _part.Add(sample);
            if (sample.At - _part[0].At < Coarse - Fine) return;
            Put(_day, new LogSample(sample.At, _part.Average(one => one.Rate), _part.Max(one => one.Backlog), _part.Max(one => one.HeadAge)), CoarseSamples);
            _part.Clear();
        }
    }

    private static void Put(Queue<LogSample> samples, LogSample sample, int most)
    {
        if (samples.Count == most) samples.Dequeue();
        samples.Enqueue(sample);
    }
}
