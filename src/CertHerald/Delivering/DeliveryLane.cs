using CertHerald.Following;

namespace CertHerald.Delivering;

/// <summary>One webhook's place in the delivery loop: what it waits for and what is under way. Nothing here is durable.</summary>
internal sealed class DeliveryLane(WebhookOptions webhook, IWebhookDialect dialect, string label, TimeProvider time)
{
    /// <summary>Requests at once.</summary>
    private const int Width = 4;

    // Read and written by the lane's own task only.
    private readonly List<(long Delivery, Task Attempt)> _underWay = [];

    private volatile bool _isHeld;
    private bool _toldToLook;
    private int _blockedInARow;
    private long _pausedUntil;

    public WebhookOptions Webhook => webhook;

    public IWebhookDialect Dialect => dialect;

    /// <summary>Its name in metrics.</summary>
    public string Label => label;

    /// <summary>Rings when deliveries may be due, or an attempt has ended.</summary>
    public OwedBell Bell { get; } = new(time);

    /// <summary>How many more attempts may begin.</summary>
    public int Room => Width - _underWay.Count;

    /// <summary>Whether the webhook was on hold when last seen.</summary>
    public bool IsHeld
    {
        get => _isHeld;
        set => _isHeld = value;
    }

    /// <summary>Whether the last claim got all it asked for: there may be more.</summary>
    public bool MayHaveMore { get; set; }

    /// <summary>What is under way, for a clean stop.</summary>
    public IEnumerable<Task> UnderWay => _underWay.Select(one => one.Attempt);

    public bool IsPausedAt(DateTimeOffset now) => now.UtcTicks < Volatile.Read(ref _pausedUntil);

    /// <summary>Lets the webhook rest. Of several wishes the longest holds.</summary>
    public void PauseUntil(DateTimeOffset until)
    {
        long ticks = until.UtcTicks;
        for (long seen = Volatile.Read(ref _pausedUntil); seen < ticks;)
        {
            long before = Interlocked.CompareExchange(ref _pausedUntil, ticks, seen);
            if (before == seen) return;
            seen = before;
        }
    }

    /// <summary>Says that deliveries may be due.</summary>
    public void TellToLook()
    {
        Volatile.Write(ref _toldToLook, true);
        Bell.Ring();
    }

    /// <summary>Whether to look for due deliveries now; asking answers it.</summary>
    public bool ShallLook() => Interlocked.Exchange(ref _toldToLook, false) || MayHaveMore;

    /// <summary>How many attempts in a row the guard has refused, this answer included.</summary>
    public int CountBlocked(Answer answer)
    {
        if (answer.Outcome == AttemptOutcome.Blocked) return Interlocked.Increment(ref _blockedInARow);
        Volatile.Write(ref _blockedInARow, 0);
        return 0;
    }

    /// <summary>Whether a delivery is under way here. Claimed again after a stall, it must not be sent twice at once.</summary>
    public bool Has(long delivery) => _underWay.Exists(one => one.Delivery == delivery);

    public void Begin(long delivery, Task attempt)
    {
        _underWay.Add((delivery, attempt));

        // After the attempt has ended, not at its end: whoever wakes up must see the room.
        _ = attempt.ContinueWith(
            static (_, bell) => ((OwedBell)bell!).Ring(), Bell, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    public void ForgetEnded() => _underWay.RemoveAll(one => one.Attempt.IsCompleted);
}
