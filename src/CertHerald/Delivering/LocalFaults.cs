using System.Net.Sockets;

namespace CertHerald.Delivering;

/// <summary>Whose fault a failed attempt may be, as far as one attempt tells.</summary>
internal enum Suspect
{
    /// <summary>The receiver's.</summary>
    Receiver,

    /// <summary>A name server did not answer: the receiver's, or ours.</summary>
    NameServers,

    /// <summary>No route leads there: our network's, or that host is nowhere.</summary>
    Route,

    /// <summary>The proxy failed, or no socket was left: nobody's but ours.</summary>
    Ourselves,
}

/// <summary>
/// Tells our own network's trouble from a receiver's. While it is ours, attempts use up no try, and all webhooks wait
/// together, shortly: schedules of days must not run out because our name servers are down. What fails on the way to one host
/// alone makes that host wait, not the others. Times are of a clock that nobody sets. Thread-safe.
/// </summary>
/// <param name="hosts">How many hosts webhooks have in all.</param>
internal sealed class LocalFaults(int hosts)
{
    /// <summary>Failing within this time of each other, they fail together.</summary>
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(30);

    /// <summary>After so long it is no longer an outage but how things are: tries count again.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromHours(24);

    /// <summary>Hosts that no way led to, at most: addresses come and go.</summary>
    private const int MostLost = 10_000;

    private readonly Dictionary<string, TimeSpan> _failing = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Lost> _lost = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private TimeSpan? _since, _heard;
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

    /// <summary>What an error of a socket that could not connect suggests.</summary>
    public static Suspect SuspectOf(SocketError? error) => error switch
    {
        SocketError.NetworkUnreachable or SocketError.NetworkDown or SocketError.HostUnreachable => Suspect.Route,
        SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable or SocketError.AddressNotAvailable => Suspect.Ourselves,
        _ => Suspect.Receiver,
    };

    /// <summary>When a delivery that failed by our fault is tried again, at the soonest.</summary>
    public TimeSpan RestOf(string host)
    {
        lock (_lock) return _lost.GetValueOrDefault(host) is { IsItsOwn: false } lost && lost.Until > _restUntil ? lost.Until : _restUntil;
    }

    /// <summary>Hosts that nothing is sent to now, though others get what they are owed.</summary>
    public IReadOnlyCollection<string> RestingAt(TimeSpan now)
    {
        lock (_lock)
            return _lost.Count == 0 ? [] : _lost.Where(one => !one.Value.IsItsOwn && one.Value.Until > now).Select(one => one.Key).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>Takes note of an answer, and says whether the fault is ours: the attempt does not count then.</summary>
    public bool IsOurs(Answer answer, string host, TimeSpan now)
    {
        lock (_lock)
        {
            if (answer.Suspect == Suspect.Receiver)
            {
                _lost.Remove(host);
                if (answer.Status is not null) Forget(now);
                return false;
            }

            Lost? lost = answer.Suspect == Suspect.NameServers ? null : Lose(host, answer.Suspect, now);
            if (now - lost?.Since > Patience) return false;
            _failing[host] = now;
            int together = _failing.Values.Count(failed => now - failed <= Window);
            if (_since is null && together < Math.Min(3, Hosts)) return lost is { IsItsOwn: false };

            _since ??= now;
            if (now - _since > Patience) return false;

            if (now >= _restUntil)
            {
                _rest = Longer(_rest);
                _restUntil = now + _rest;
            }

            return true;
        }
    }

    /// <summary>A host that there is no route to, while others answer, is the one that is nowhere, until it answers itself.</summary>
    private Lost Lose(string host, Suspect suspect, TimeSpan now)
    {
        if (_lost.Count >= MostLost) _lost.Clear();
        Lost before = _lost.GetValueOrDefault(host) ?? new Lost(now, now, TimeSpan.Zero, now, IsItsOwn: false);
        TimeSpan rest = now >= before.Until ? Longer(before.Rest) : before.Rest;
        return _lost[host] = before with
        {
            Last = now,
            Rest = rest,
            Until = now >= before.Until ? now + rest : before.Until,
            IsItsOwn = suspect == Suspect.Route && (before.IsItsOwn || _heard > before.Last),
        };
    }

    private static TimeSpan Longer(TimeSpan rest) => TimeSpan.FromSeconds(Math.Clamp(rest.TotalSeconds * 2, 1, 30));

    private void Forget(TimeSpan now)
    {
        _failing.Clear();
        _heard = now;
        _since = null;
        _rest = TimeSpan.Zero;
        _restUntil = TimeSpan.Zero;
    }

    /// <summary>A host that no way leads to.</summary>
    /// <param name="Since">The first failure.</param>
    /// <param name="Last">The newest one.</param>
    /// <param name="Rest">How long it rests after the newest.</param>
    /// <param name="Until">The end of that.</param>
    /// <param name="IsItsOwn">Others were reached meanwhile: it is that host's fault.</param>
    private sealed record Lost(TimeSpan Since, TimeSpan Last, TimeSpan Rest, TimeSpan Until, bool IsItsOwn);
}
