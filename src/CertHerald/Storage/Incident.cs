using CertHerald.Transparency.Logs;

namespace CertHerald.Storage;

/// <summary>How much an incident matters. The names are database values.</summary>
internal enum Severity { Info, Warning, Error, Critical }

/// <summary>A log's broken promise, or trouble that keeps it from being read. The names of kinds are those of the documentation.</summary>
/// <param name="Subject">Tells two of one kind apart; empty where a log has one at a time.</param>
/// <param name="Evidence">JSON, for whoever must prove it.</param>
/// <param name="Changed">When severity or summary last changed.</param>
/// <param name="Cases">How often it was seen while open.</param>
internal sealed record Incident(
    long Id, LogId Log, string Kind, Severity Severity, string Subject, string Summary, string Evidence, DateTimeOffset Opened,
    DateTimeOffset Changed, long Cases, DateTimeOffset? Closed);

/// <summary>What is to be known of an incident when it is opened or seen again.</summary>
/// <param name="Evidence">JSON.</param>
internal sealed record IncidentReport(string Kind, Severity Severity, string Subject, string Summary, string Evidence)
{
    /// <summary>With the severity that its kind opens with.</summary>
    public static IncidentReport Of(string kind, string subject, string summary, string evidence = "{}") =>
        new(kind, IncidentKinds.SeverityOf(kind), subject, summary, evidence);
}

/// <summary>The kinds of incidents: ct.md section 10.</summary>
internal static class IncidentKinds
{
    public const string Fork = "fork";
    public const string InconsistentHead = "inconsistent_head";
    public const string RootMismatch = "root_mismatch";
    public const string MissingEntry = "missing_entry";
    public const string Pruned = "pruned";
    public const string LeafIndex = "leaf_index";
    public const string BadSignature = "bad_signature";
    public const string StaleHead = "stale_head";
    public const string FutureHead = "future_head";
    public const string ChainMismatch = "chain_mismatch";
    public const string UnparsableEntry = "unparsable_entry";
    public const string OriginMismatch = "origin_mismatch";
    public const string Unreachable = "unreachable";
    public const string Throttled = "throttled";

    /// <summary>All, in the order of the documentation.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        Fork, InconsistentHead, RootMismatch, MissingEntry, Pruned, LeafIndex, BadSignature, StaleHead, FutureHead, ChainMismatch,
        UnparsableEntry, OriginMismatch, Unreachable, Throttled,
    ];

    /// <summary>What an incident of this kind opens with; some grow worse with time.</summary>
    public static Severity SeverityOf(string kind) => kind switch
    {
        Fork or InconsistentHead => Severity.Critical,
        RootMismatch or MissingEntry or LeafIndex or BadSignature => Severity.Error,
        OriginMismatch => Severity.Info,
        _ => Severity.Warning,
    };
}
