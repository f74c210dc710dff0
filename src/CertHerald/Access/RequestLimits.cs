using System.Runtime.InteropServices;

namespace CertHerald.Access;

/// <summary>How often each caller may ask within an hour. Its hour begins with its first request. Counted here and not shared: each node counts for itself. Thread-safe.</summary>
internal sealed class RequestLimits(TimeProvider time)
{
    public static readonly TimeSpan Window = TimeSpan.FromHours(1);

    private const int MostCallers = 10_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Hour> _callers = new(StringComparer.Ordinal);

    /// <summary>Takes one request off what a caller has left.</summary>
    /// <param name="isFirst">It is the first one of its hour that is refused.</param>
    /// <returns>How long the caller must wait; null if it may ask.</returns>
    public TimeSpan? Take(string caller, int most, out bool isFirst)
    {
        lock (_gate)
        {
            DateTimeOffset now = time.GetUtcNow();
            if (_callers.Count >= MostCallers && !_callers.ContainsKey(caller)) Forget(now);
            ref Hour hour = ref CollectionsMarshal.GetValueRefOrAddDefault(_callers, caller, out bool isKnown);
            if (!isKnown || !hour.Holds(now)) hour = new Hour(now, 0);
            if (hour.Requests <= most) hour = hour with { Requests = hour.Requests + 1 };
            isFirst = false;
            if (hour.Requests <= most) return null;
            isFirst = !hour.IsTold;
            hour = hour with { IsTold = true };
            return hour.Began + Window - now;
        }
    }

    // Memory stays bounded under a flood from many networks: then all begin anew.
    private void Forget(DateTimeOffset now)
    {
        foreach ((string caller, Hour hour) in _callers.ToArray())
            if (!hour.Holds(now))
                _callers.Remove(caller);
        if (_callers.Count >= MostCallers) _callers.Clear();
    }

    private record struct Hour(DateTimeOffset Began, int Requests, bool IsTold = false)
    {
        // A clock that was set back begins a new one, lest somebody waits for longer than an hour.
        public readonly bool Holds(DateTimeOffset now) => now >= Began && now - Began < Window;
    }
}
