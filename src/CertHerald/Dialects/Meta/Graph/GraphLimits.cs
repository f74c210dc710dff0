using System.Collections.Concurrent;

namespace CertHerald.Dialects.Meta.Graph;

/// <summary>How much one app may ask, so that it leaves room for the others. Thread-safe.</summary>
internal sealed class GraphLimits(TimeProvider time)
{
    /// <summary>Requests that may come at once, and how many a second after that. A page of a hundred certificates counts as one more.</summary>
    public const double Burst = 5_000, PerSecond = 100;

    private readonly ConcurrentDictionary<long, Bucket> _apps = new();

    /// <summary>Takes one request.</summary>
    /// <returns>How long to wait; null if it may go on.</returns>
    public TimeSpan? Take(long app) => _apps.GetOrAdd(app, _ => new Bucket(time.GetTimestamp())).Take(time, 1, mayOwe: false);

    /// <summary>Takes what a request turned out to cost beyond one: the next one waits for it.</summary>
    public void TakeMore(long app, int requests) => _apps.GetOrAdd(app, _ => new Bucket(time.GetTimestamp())).Take(time, requests, mayOwe: true);

    private sealed class Bucket(long at)
    {
        private readonly Lock _lock = new();
        private double _left = Burst;
        private long _at = at;

        public TimeSpan? Take(TimeProvider time, int requests, bool mayOwe)
        {
            lock (_lock)
            {
                long now = time.GetTimestamp();
                _left = Math.Min(Burst, _left + time.GetElapsedTime(_at, now).TotalSeconds * PerSecond);
                _at = now;
                if (_left < requests && !mayOwe) return TimeSpan.FromSeconds((requests - _left) / PerSecond);
                _left -= requests;
                return null;
            }
        }
    }
}
