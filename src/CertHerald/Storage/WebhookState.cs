namespace CertHerald.Storage;

/// <summary>Whether a webhook gets what it is owed. The names are database values.</summary>
internal enum WebhookStatus
{
    Active,

    /// <summary>It did not take what it was sent, or may not be reached: what it is owed waits, and one is tried now and then.</summary>
    Held,

    /// <summary>It answered 410: it wants no more.</summary>
    Gone,

    /// <summary>The operator put it on hold.</summary>
    Off,
}

/// <summary>What led to <see cref="WebhookStatus.Held"/>. The names are database values.</summary>
internal enum HoldCause { Failing, Blocked, Unlisted }

/// <summary>What is durable of a webhook besides its configuration. A webhook without a row has the defaults.</summary>
internal sealed record WebhookState
{
    public static WebhookState New { get; } = new();

    public WebhookStatus Status { get; init; }

    /// <summary>Why it is not active, for people; null if it is.</summary>
    public string? Reason { get; init; }

    /// <summary>Null unless it is held.</summary>
    public HoldCause? Cause { get; init; }

    /// <summary>When it got its status; null if it never had another.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>It gets nothing before. Once that has passed: when its last pause ended.</summary>
    public DateTimeOffset? PausedUntil { get; init; }

    /// <summary>Counted failures since the last success.</summary>
    public int Failures { get; init; }

    /// <summary>When the first of them began; null without.</summary>
    public DateTimeOffset? FailingSince { get; init; }

    /// <summary>Null if it never took anything.</summary>
    public DateTimeOffset? LastSuccess { get; init; }

    /// <summary>The guard's refusals in a row.</summary>
    public int Blocked { get; init; }

    /// <summary>The five minutes in which attempts are counted for the breaker began here.</summary>
    public DateTimeOffset? WindowStart { get; init; }

    public int WindowTries { get; init; }

    public int WindowFailures { get; init; }

    /// <summary>How long the breaker waits between probes; zero if it is closed.</summary>
    public TimeSpan BreakerWait { get; init; }

    /// <summary>When the breaker opened, or its last probe failed.</summary>
    public DateTimeOffset? BreakerSince { get; init; }

    /// <summary>When a held webhook is tried next; null if it is not tried.</summary>
    public DateTimeOffset? ProbeAt { get; init; }

    /// <summary>
    /// A mark of the address that it was put on hold for; null if it is not known, or it is active. Too short to find the address by:
    /// another one has the same mark once in 65,536 times.
    /// </summary>
    public int? Address { get; init; }

    /// <summary>How much of the way to a hold operators were told of, in percent.</summary>
    public int Told { get; init; }

    /// <summary>Attempts that its rate allowed at <see cref="TokensAt"/>.</summary>
    public double Tokens { get; init; }

    /// <summary>Null: its bucket was never touched, and is full.</summary>
    public DateTimeOffset? TokensAt { get; init; }

    public bool IsBreakerOpen => BreakerWait > TimeSpan.Zero;

    /// <summary>Why what it is owed is held; null if it is not.</summary>
    public string? Hold => Status == WebhookStatus.Active ? null : Reason;

    public bool IsPausedAt(DateTimeOffset now) => now < PausedUntil;
}
