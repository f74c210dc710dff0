namespace CertHerald.Fetching;

/// <summary>What a request is for. The earlier value goes first.</summary>
internal enum RequestPriority { Head, Tip, CatchUp }

/// <summary>Leave to send one request. <c>default</c> belongs to no pacer.</summary>
/// <param name="Epoch">How often the host had refused before: what was under way then is judged together.</param>
internal readonly record struct RequestTurn(long Epoch, RequestPriority Priority);

/// <summary>
/// Spaces the requests to one host of one operator: a token bucket that holds a second's worth, at a rate that
/// <see cref="HostRate"/> learns, and a gate that stays shut for as long as the host asked, or for a random while after a
/// refusal that does not say. After a refusal one request goes first to see; the others follow when it was not refused too.
/// Whoever waits is let through in order of priority, then of arrival. Every turn is given back with
/// <see cref="Answered"/>, <see cref="Refused"/> or <see cref="Abandoned"/>. Thread-safe.
/// </summary>
internal sealed class Pacer(TimeProvider time, HostRate rate, Func<double>? random = null) : IDisposable
{
    /// <summary>How long what a host refuses besides teaches nothing, once it was found to refuse something for itself: most likely its neighbours.</summary>
    private static readonly TimeSpan Doubt = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly PriorityQueue<TaskCompletionSource<RequestTurn>, (RequestPriority, long)> _waiting = new();
    private readonly long _began = time.GetTimestamp();
    private Backoff _backoff = new(random);
    private double _tokens = Math.Max(2, rate.PerSecond);
    private TimeSpan _filled, _openAt, _doubtUntil;
    private long _arrivals, _epoch, _reads;
    private Probe _probe;
    private ITimer? _timer;

    /// <param name="perSecond">Requests a second, to begin with and at most; infinity for no limit of our own.</param>
    public Pacer(TimeProvider time, double perSecond) : this(time, new HostRate(perSecond, perSecond, false)) { }

    private enum Probe { None, Due, UnderWay }

    /// <summary>Requests a second, as learned so far, and whether the host has refused any.</summary>
    public (double PerSecond, bool SlowStartOver) Rate
    {
        get { lock (_gate) return (rate.PerSecond, rate.SlowStartOver); }
    }

    /// <summary>Requests that the host has answered, heads apart.</summary>
    public long Reads => Interlocked.Read(ref _reads);

    /// <summary>Requests that wait for their turn.</summary>
    public int Waiting
    {
        get { lock (_gate) return _waiting.Count; }
    }

    private TimeSpan Now => time.GetElapsedTime(_began);

    /// <summary>Waits until a request may be sent.</summary>
    public async ValueTask<RequestTurn> WaitAsync(RequestPriority priority, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();

        TaskCompletionSource<RequestTurn> turn;
        lock (_gate)
        {
            if (_waiting.Count == 0 && TryTake(priority)) return Turn(priority);

            turn = new TaskCompletionSource<RequestTurn>(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue(turn, (priority, _arrivals++));
            LetThrough();
        }

        using CancellationTokenRegistration registration = cancellation.Register(() => turn.TrySetCanceled(cancellation));
        return await turn.Task;
    }

    /// <summary>The host answered: the request was not too much for it.</summary>
    public void Answered(RequestTurn turn)
    {
        if (turn.Priority != RequestPriority.Head) Interlocked.Increment(ref _reads);
        lock (_gate)
        {
            if (turn.Epoch != _epoch) return;
            TimeSpan now = Now;
            Fill(now);
            rate.Answered(now);
            _backoff = new Backoff(random);
            EndProbe();
        }
    }

    /// <summary>The host refused because of how much it is asked. It is left alone for as long as it said, or for a random while.</summary>
    /// <param name="retryAfter">What it said; null for nothing.</param>
    public void Refused(RequestTurn turn, TimeSpan? retryAfter)
    {
        lock (_gate)
        {
            TimeSpan now = Now;
            if (turn.Epoch == _epoch)
            {
                Fill(now);
                TimeSpan pause = retryAfter ?? _backoff.Next();
                if (now >= _doubtUntil) rate.Refused(now, pause);
                _epoch++;
                _probe = Probe.Due;
                Shut(now, pause);
            }
            else if (retryAfter is { } asked)
            {
                Shut(now, asked);
            }

            LetThrough();
        }
    }

    /// <summary>The host refused, and not because of how much it is asked: it always refuses this, and answers the rest.</summary>
    /// <param name="retryAfter">What it said is obeyed all the same; null for nothing.</param>
    public void RefusedForItself(RequestTurn turn, TimeSpan? retryAfter)
    {
        lock (_gate)
        {
            TimeSpan now = Now;
            _doubtUntil = now + Doubt;
            if (retryAfter is { } asked) Shut(now, asked);
            if (turn.Epoch == _epoch) EndProbe();
        }
    }

    /// <summary>The request came to nothing that says anything about pace.</summary>
    public void Abandoned(RequestTurn turn)
    {
        lock (_gate)
            if (turn.Epoch == _epoch) EndProbe();
    }

    /// <summary>Sends nothing to this host for a while. A longer pause under way stays.</summary>
    public void Pause(TimeSpan wait)
    {
        lock (_gate) Shut(Now, wait);
    }

    /// <summary>Allows up to this rate, if that is more than before.</summary>
    public void RaiseCeiling(double ceiling)
    {
        lock (_gate) rate.Ceiling = Math.Max(rate.Ceiling, ceiling);
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
        while (_waiting.TryPeek(out TaskCompletionSource<RequestTurn>? turn, out (RequestPriority Priority, long) place))
        {
            // Who gave up waiting takes no token along.
            if (!turn.Task.IsCompleted)
            {
                if (!TryTake(place.Priority))
                {
                    // Whoever went first to see lets the others through.
                    if (_probe == Probe.UnderWay) return;
                    _timer ??= time.CreateTimer(static pacer => ((Pacer)pacer!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                    _timer.Change(Wait(place.Priority), Timeout.InfiniteTimeSpan);
                    return;
                }

                if (turn.TrySetResult(new RequestTurn(_epoch, place.Priority))) Turn(place.Priority);
                else _tokens++;
            }

            _waiting.Dequeue();
        }
    }

    private RequestTurn Turn(RequestPriority priority)
    {
        if (_probe == Probe.Due) _probe = Probe.UnderWay;
        return new RequestTurn(_epoch, priority);
    }

    private void EndProbe()
    {
        _probe = Probe.None;
        LetThrough();
    }

    private bool TryTake(RequestPriority priority)
    {
        TimeSpan now = Now;
        if (now < _openAt || _probe == Probe.UnderWay) return false;
        Fill(now);
        if (_tokens < Needed(priority)) return false;

        _tokens--;
        return true;
    }

    private void Fill(TimeSpan now)
    {
        if (now <= _filled) return;
        double most = Math.Max(2, rate.PerSecond);
        _tokens = double.IsPositiveInfinity(most) ? most : Math.Min(most, _tokens + (now - _filled).TotalSeconds * rate.PerSecond);
        _filled = now;
    }

    private void Shut(TimeSpan now, TimeSpan wait)
    {
        if (now + wait <= _openAt) return;
        _openAt = now + wait;
        // Nothing is saved up meanwhile: a burst would be refused again.
        _tokens = double.IsPositiveInfinity(rate.PerSecond) ? _tokens : Math.Min(_tokens, 1);
        if (_filled < _openAt && double.IsFinite(rate.PerSecond)) _filled = _openAt;
    }

    // Catch-up never takes the last token: a head or the tip may want it.
    private static double Needed(RequestPriority priority) => priority == RequestPriority.CatchUp ? 2 : 1;

    private TimeSpan Wait(RequestPriority priority)
    {
        TimeSpan now = Now, shut = _openAt > now ? _openAt - now : TimeSpan.Zero;
        double missing = double.IsFinite(rate.PerSecond) ? Math.Max(0, (Needed(priority) - _tokens) / rate.PerSecond) : 0;
        // Rounded up to a whole millisecond: a timer that fires early would find the token missing by a hair and spin.
        return TimeSpan.FromMilliseconds(Math.Max(1, Math.Ceiling(shut.TotalMilliseconds + missing * 1000)));
    }
}
