using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Following;

/// <summary>
/// How long to wait before looking for a new head. Tiled logs every 5 s: the answer is small and cached. RFC 6962 logs half as
/// long as it usually takes until there is one, from 5 to 60 s. Finished logs daily. A configured log may fix it. Never before the
/// log's own answer has grown old. Not thread-safe.
/// </summary>
internal sealed class HeadPace(LogProtocol protocol, TimeSpan? configured)
{
    /// <summary>For a log that has come to its end.</summary>
    public static readonly TimeSpan Daily = TimeSpan.FromDays(1);

    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(5), Longest = TimeSpan.FromSeconds(60);

    /// <summary>Gaps between new heads that are remembered.</summary>
    private const int Remembered = 8;

    private readonly Queue<TimeSpan> _gaps = new();
    private TreeSize? _size;
    private DateTimeOffset _since, _asked;

    /// <summary>The log ended, and was read to its end: only a change of mind would be news.</summary>
    public bool IsFinished { get; set; }

    /// <summary>The log is asked now, whatever comes of it.</summary>
    public void Asked(DateTimeOffset now) => _asked = now;

    /// <summary>Learns from a head that was seen. Older ones, from front ends that lag, say nothing.</summary>
    public void Saw(TreeSize size, DateTimeOffset now)
    {
        _asked = now;
        if (size <= _size) return;
        if (_size is not null) _gaps.Enqueue(now - _since);
        if (_gaps.Count > Remembered) _gaps.Dequeue();
        (_size, _since) = (size, now);
    }

    /// <param name="freshFor">How long the log says that its answer stays good.</param>
    public TimeSpan Next(TimeSpan freshFor)
    {
        TimeSpan wanted = IsFinished ? Daily : configured ?? (protocol == LogProtocol.StaticCt || _gaps.Count == 0 ? Shortest : Clamp(Median() / 2));
        return freshFor > wanted ? freshFor : wanted;
    }

    /// <summary>As <see cref="Next(TimeSpan)"/>, counted from when the last head was seen: time spent on reading is part of it.</summary>
    public TimeSpan Next(TimeSpan freshFor, DateTimeOffset now) => Left(Next(freshFor), now);

    /// <summary>How long to wait after an ask that failed, at least.</summary>
    public TimeSpan Soonest(DateTimeOffset now) => Left(configured ?? Shortest, now);

    private TimeSpan Left(TimeSpan whole, DateTimeOffset now)
    {
        TimeSpan left = whole - (now - _asked);
        // A clock that was set back must not make it longer.
        return left < TimeSpan.Zero ? TimeSpan.Zero : left < whole ? left : whole;
    }

    private TimeSpan Median() => _gaps.Order().ElementAt(_gaps.Count / 2);

    private static TimeSpan Clamp(TimeSpan gap) => gap < Shortest ? Shortest : gap > Longest ? Longest : gap;
}
