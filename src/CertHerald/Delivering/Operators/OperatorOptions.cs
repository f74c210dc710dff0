namespace CertHerald.Delivering.Operators;

/// <summary>What whoever runs the service hears besides trouble.</summary>
internal sealed record OperatorOptions
{
    /// <summary>When channels get the daily heartbeat, UTC. Default: 06:00.</summary>
    public TimeOnly HeartbeatAt { get; init; } = new(6, 0);

    /// <summary>
    /// Asked each minute while logs are followed and deliveries are sent; null: nothing is. Somebody else notices when it is not
    /// asked any more. May hold a secret in its path: never logged whole.
    /// </summary>
    public Uri? DeadManUrl { get; init; }
}
