namespace CertHerald.Fetching;

/// <summary>What a request is for. The earlier value goes first.</summary>
internal enum RequestPriority { Head, Tip, CatchUp }

/// <summary>
/// Spaces the requests to one host of one operator: a token bucket that holds a second's worth, and a gate that stays
/// shut for as long as the host asked. Whoever waits is let through in order of priority, then of arrival. Thread-safe.
/// </summary>
/// <param name="perSecond">Requests a second; infinity for no limit of our own.</param>
internal sealed class Pacer(TimeProvider time, double perSecond) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly PriorityQueue<TaskCompletionSource, (RequestPriority, long)> _waiting = new();
    private readonly double _capacity = Math.Max(2, perSecond);
    private double _tokens = Math.Max(2, perSecond);
    private long _filled = time.GetTimestamp();
    private long _arrivals;
    private TimeSpan _pause;
    private long _paused;
    private ITimer? _timer;

    /// <summary>Waits until a request may be sent.</summary>
    public async ValueTask WaitAsync(RequestPriority priority, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();

        TaskCompletionSource turn;
        lock (_gate)
        {
            if (_waiting.Count == 0 && TryTake(priority)) return;

            turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue(turn, (priority, _arrivals++));
            LetThrough();
        }

        using CancellationTokenRegistration registration = cancellation.Register(() => turn.TrySetCanceled(cancellation));
        await turn.Task;
    }

    /// <summary>Sends nothing to this host for a while. A longer pause under way stays.</summary>
    public void Pause(TimeSpan wait)
    {
        lock (_gate)
        {
            if (wait <= PauseLeft()) return;

            _pause = wait;
            _paused = time.GetTimestamp();
        }
    }

    public void Dispose()
    {
        lock (_gate) _timer?.Dispose();
    }

    private void OnTimer()
    {
        lock (_gate) LetThrough();
    }

    private void LetThrough()
    {
        while (_waiting.TryPeek(out TaskCompletionSource? turn, out (RequestPriority Priority, long) place))
        {
            // Who gave up waiting takes no token along.
            if (!turn.Task.IsCompleted)
            {
                if (!TryTake(place.Priority))
                {
                    _timer ??= time.CreateTimer(static pacer => ((Pacer)pacer!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                    _timer.Change(Wait(place.Priority), Timeout.InfiniteTimeSpan);
                    return;
                }

                if (!turn.TrySetResult()) _tokens++;
            }

            _waiting.Dequeue();
        }
    }

    private bool TryTake(RequestPriority priority)
    {
        if (PauseLeft() > TimeSpan.Zero) return false;
        if (double.IsPositiveInfinity(perSecond)) return true;

        long now = time.GetTimestamp();
        _tokens = Math.Min(_capacity, _tokens + time.GetElapsedTime(_filled, now).TotalSeconds * perSecond);
        _filled = now;
        if (_tokens < Needed(priority)) return false;

        _tokens--;
        return true;
    }

    // Catch-up never takes the last token: a head or the tip may want it.
    private static double Needed(RequestPriority priority) => priority == RequestPriority.CatchUp ? 2 : 1;

    private TimeSpan PauseLeft() => _pause == TimeSpan.Zero ? TimeSpan.Zero : _pause - time.GetElapsedTime(_paused);

    private TimeSpan Wait(RequestPriority priority)
    {
        TimeSpan pause = PauseLeft();
        double missing = (Needed(priority) - _tokens) / perSecond;
        // Rounded up to a whole millisecond: a timer that fires early would find the token missing by a hair and spin.
        TimeSpan refill = double.IsFinite(perSecond) ? TimeSpan.FromMilliseconds(Math.Max(1, Math.Ceiling(missing * 1000))) : TimeSpan.Zero;
        return pause > refill ? TimeSpan.FromMilliseconds(Math.Ceiling(pause.TotalMilliseconds)) : refill;
    }
}

/// <summary>One pacer for each host of each operator: an operator's logs share its patience. Thread-safe.</summary>
internal sealed class Pacers(TimeProvider time) : IDisposable
{
    /// <summary>Requests a second to a host that we know nothing about.</summary>
    public const double FirstRate = 8;

    private readonly Dictionary<(string Operator, string Host, bool Limited), Pacer> _pacers = [];

    /// <summary>The pacer of a host. Logs that the user runs or set up, and loopback addresses, have no limit but their own Retry-After.</summary>
    /// <param name="isCustom">The log is from the configuration, not from a list.</param>
    public Pacer For(string operatorName, Uri url, bool isCustom)
    {
        bool limited = !isCustom && !url.IsLoopback;
        lock (_pacers)
        {
            if (!_pacers.TryGetValue((operatorName, url.Authority, limited), out Pacer? pacer))
                _pacers.Add((operatorName, url.Authority, limited), pacer = new Pacer(time, limited ? FirstRate : double.PositiveInfinity));
            return pacer;
        }
    }

    public void Dispose()
    {
        lock (_pacers)
            foreach (Pacer pacer in _pacers.Values) pacer.Dispose();
    }
}
