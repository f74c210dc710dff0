namespace CertHerald.Resolving;

/// <summary>Whether revocation lists of CAs are asked for, and how.</summary>
internal sealed record RevocationOptions
{
    public static readonly TimeSpan LeastInterval = TimeSpan.FromHours(1);

    /// <summary>Default: they are. Each request tells a CA no more than that somebody at this address reads one of its lists.</summary>
    public bool IsEnabled { get; init; } = true;

    /// <summary>Longest time between two looks at a list; sooner if it says that a newer one is there sooner, but never sooner than <see cref="LeastInterval"/>.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromHours(6);

    /// <summary>Bytes of the largest list that is read. It is held in memory while it is.</summary>
    public int MostBytes { get; init; } = 64 << 20;

    /// <summary>For one request, from the name's look-up to the last byte.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(2);
}
