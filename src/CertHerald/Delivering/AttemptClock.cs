using System.Net;
using CertHerald.Storage;

namespace CertHerald.Delivering;

/// <summary>
/// Takes the times of one attempt. It travels with the request to where connections are made. A connection that was opened for
/// the request but came too late for it counts as long as the answer is not there. Thread-safe.
/// </summary>
internal sealed class AttemptClock(TimeProvider time)
{
    public static readonly HttpRequestOptionsKey<AttemptClock> Key = new("certherald.clock");

    private readonly Lock _lock = new();
    private AttemptPhases _phases = AttemptPhases.None;
    private long _last = time.GetTimestamp();
    private bool _isAnswered;

    /// <summary>Of the attempt that a new connection is made for; null if it is made for something else.</summary>
    public static AttemptClock? Of(HttpRequestMessage request) => request.Options.TryGetValue(Key, out AttemptClock? clock) ? clock : null;

    public void Resolved() => Connecting(static (phases, took) => phases with { Dns = took });

    public void Connected(IPAddress? peer) => Connecting((phases, took) => phases with { Connect = took, Peer = peer?.ToString() });

    public void Secured() => Connecting(static (phases, took) => phases with { Tls = took });

    /// <summary>The answer's headers have come.</summary>
    /// <param name="peer">Where the connections to its host lead, for a request that went over one that was open.</param>
    public void Answered(string? peer)
    {
        lock (_lock)
        {
            _isAnswered = true;
            _phases = _phases with { Headers = Lap(), Peer = _phases.Peer ?? peer };
        }
    }

    /// <summary>What was taken so far. With headers there, the time since was the body's.</summary>
    public AttemptPhases Stop()
    {
        lock (_lock)
        {
            bool hasBody = _isAnswered;
            _isAnswered = true;
            return hasBody ? _phases with { Body = Lap() } : _phases;
        }
    }

    private void Connecting(Func<AttemptPhases, TimeSpan, AttemptPhases> note)
    {
        lock (_lock)
            if (!_isAnswered)
                _phases = note(_phases, Lap());
    }

    private TimeSpan Lap()
    {
        long now = time.GetTimestamp();
        TimeSpan lap = time.GetElapsedTime(_last, now);
        _last = now;
        return lap;
    }
}
