namespace CertHerald.Tests.Doubles;

/// <summary>A clock that stands still until told. Timers fire, on the caller's thread, as <see cref="Advance"/> passes them.</summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<ManualTimer> _timers = [];
    private readonly DateTimeOffset _start;
    private TaskCompletionSource _timerSet = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TimeSpan _elapsed, _setBack;

    public ManualTime(DateTimeOffset? start = null) => _start = start ?? new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>How far it has been moved.</summary>
    public TimeSpan Elapsed
    {
        get { lock (_lock) return _elapsed; }
    }

    /// <summary>How long until the next timer fires; null if none is set.</summary>
    public TimeSpan? UntilNextTimer
    {
        get { lock (_lock) return _timers.Count == 0 ? null : _timers.Min(timer => timer.Due) - _elapsed; }
    }

    /// <summary>How long until the next timer fires that is at least so far away; null if none is set.</summary>
    public TimeSpan? UntilTimerBeyond(TimeSpan least)
    {
        lock (_lock) return _timers.Where(timer => timer.Due - _elapsed >= least).Select(timer => (TimeSpan?)(timer.Due - _elapsed)).Min();
    }

    public override DateTimeOffset GetUtcNow()
    {
        _asked.TrySetResult();
        lock (_lock) return _start + _elapsed - _setBack;
    }

    /// <summary>Sets the clock back; what measures by timestamps, as timers do, does not notice.</summary>
    public void SetBack(TimeSpan by)
    {
        lock (_lock) _setBack += by;
    }

    public override long GetTimestamp() => Elapsed.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves on; every timer due on the way fires at its own moment, earliest first.</summary>
    public void Advance(TimeSpan by)
    {
        TimeSpan until = Elapsed + by;
        while (NextBefore(until) is { } timer) timer.Fire();
        lock (_lock) _elapsed = until;
    }

    /// <summary>Waits until somebody has asked for the time.</summary>
    public Task WaitUntilAskedAsync() => _asked.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

    /// <summary>Waits until some timer is set to fire within this time: whoever is tested has begun to wait.</summary>
    public async Task WaitForTimerAsync(TimeSpan within)
    {
        while (true)
        {
            Task set;
            lock (_lock)
            {
                if (_timers.Exists(timer => timer.Due <= _elapsed + within)) return;
                set = _timerSet.Task;
            }

            await set.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Waits until the next timer is due no sooner than this: whoever is tested has nothing under way, and rests.</summary>
    public async Task WaitForRestAsync(TimeSpan atLeast)
    {
        while (true)
        {
            Task set;
            lock (_lock)
            {
                if (_timers.Count > 0 && _timers.TrueForAll(timer => timer.Due >= _elapsed + atLeast)) return;
                set = _timerSet.Task;
            }

            await set.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        }
    }

    private ManualTimer? NextBefore(TimeSpan until)
    {
        lock (_lock)
        {
            ManualTimer? next = _timers.Where(timer => timer.Due <= until).MinBy(timer => timer.Due);
            if (next is null) return null;
            if (next.Due > _elapsed) _elapsed = next.Due;
            if (next.Period > TimeSpan.Zero) next.Due = _elapsed + next.Period;
            else _timers.Remove(next);
            return next;
        }
    }

    private sealed class ManualTimer(ManualTime time, TimerCallback callback, object? state) : ITimer
    {
        public TimeSpan Due { get; set; }

        public TimeSpan Period { get; private set; }

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._lock)
            {
                time._timers.Remove(this);
                if (dueTime >= TimeSpan.Zero)
                {
                    Due = time._elapsed + dueTime;
                    Period = period;
                    time._timers.Add(this);
                    time._timerSet.SetResult();
                    time._timerSet = new(TaskCreationOptions.RunContinuationsAsynchronously);
                }
            }

            return true;
        }

        public void Dispose()
        {
            lock (time._lock) time._timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
