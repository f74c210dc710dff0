namespace CertHerald.Delivering;

/// <summary>
/// Tells our own network's trouble from a receiver's. While it is ours, attempts use up no try, and all webhooks wait
/// together, shortly: schedules of days must not run out because our name servers are down. Times are of a clock that nobody
/// sets. Thread-safe.
/// </summary>
/// <param name="hosts">How many hosts webhooks have in all.</param>
internal sealed class LocalFaults(int hosts)
{
    /// <summary>Failing within this time of each other, they fail together.</summary>
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(30);

    /// <summary>After so long it is no longer an outage but how things are: tries count again.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromHours(24);

    private readonly Dictionary<string, TimeSpan> _failing = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private TimeSpan? _since;
    private TimeSpan _rest = TimeSpan.Zero;
    private TimeSpan _restUntil = TimeSpan.Zero;

    /// <summary>How many hosts webhooks have now.</summary>
    public int Hosts
    {
        get => Volatile.Read(ref hosts);
        set => Volatile.Write(ref hosts, value);
    }

    /// <summary>No webhook is tried before.</summary>
    public TimeSpan RestUntil
    {
        get { lock (_lock) return _restUntil; }
    }

    /// <summary>Takes note of an answer, and says whether the fault is ours: the attempt does not count then.</summary>
    public bool IsOurs(Answer answer, string host, TimeSpan now)
    {
        lock (_lock)
        {
            if (!answer.MayBeLocal)
            {
                if (answer.Status is not null) Forget();
                return false;
            }

            _failing[host] = now;
            int together = _failing.Values.Count(failed => now - failed <= Window);
            if (_since is null && together < Math.Min(3, Hosts)) return false;

            _since ??= now;
            if (now - _since > Patience) return false;

            if (now >= _restUntil)
            {
                _rest = TimeSpan.FromSeconds(Math.Clamp(_rest.TotalSeconds * 2, 1, 30));
                _restUntil = now + _rest;
            }

            return true;
        }
    }

    private void Forget()
    {
        _failing.Clear();
        _since = null;
        _rest = TimeSpan.Zero;
        _restUntil = TimeSpan.Zero;
    }
}
