using CertHerald.Storage;

namespace CertHerald.Delivering;

/// <summary>How an attempt ended. Names in lower case are database and metric values: never change one.</summary>
internal enum AttemptOutcome { Delivered, Status, Timeout, Dns, Connect, Tls, Blocked, Protocol, Internal }

/// <summary>What came back from one attempt.</summary>
/// <param name="Status">The final status; null if none came in time.</param>
/// <param name="Detail">Shown to users of the API: nothing about our network, and never a secret.</param>
internal sealed record Answer(AttemptOutcome Outcome, int? Status, string? Detail)
{
    /// <summary>The first bytes of the body; empty if there were none.</summary>
    public byte[] Body { get; init; } = [];

    /// <summary>How long the receiver asked to be left alone; null if it did not, or not understandably.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Whose fault a failure may be. Whether it was ours, <see cref="LocalFaults"/> judges.</summary>
    public Suspect Suspect { get; init; }

    public AttemptPhases Phases { get; init; } = AttemptPhases.None;

    /// <summary>The outcome as it is stored and counted.</summary>
    public static string NameOf(AttemptOutcome outcome) => outcome switch
    {
        AttemptOutcome.Delivered => "delivered",
        AttemptOutcome.Status => "status",
        AttemptOutcome.Timeout => "timeout",
        AttemptOutcome.Dns => "dns",
        AttemptOutcome.Connect => "connect",
        AttemptOutcome.Tls => "tls",
        AttemptOutcome.Blocked => "blocked",
        AttemptOutcome.Protocol => "protocol",
        _ => "internal",
    };
}
