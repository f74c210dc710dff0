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
    DateTimeOffset Changed, long Cases, DateTimeOffset? Closed)
{
    /// <summary>The log's name, as it was learned last; perhaps empty.</summary>
    public string LogDescription { get; init; } = "";

    /// <summary>Who runs the log; perhaps empty.</summary>
    public string LogOperator { get; init; } = "";

    /// <summary>When it was seen last.</summary>
    public DateTimeOffset LastCase { get; init; } = Opened;
}

/// <summary>What is to be known of an incident when it is opened or seen again.</summary>
/// <param name="Evidence">JSON.</param>
internal sealed record IncidentReport(string Kind, Severity Severity, string Subject, string Summary, string Evidence)
{
    /// <summary>With the severity that its kind opens with.</summary>
    public static IncidentReport Of(string kind, string subject, string summary, string evidence = "{}") =>
        new(kind, IncidentKinds.SeverityOf(kind), subject, summary, evidence);
}

/// <summary>Which incidents to list: newest first.</summary>
/// <param name="OnlyOpen">Without those that are closed.</param>
/// <param name="Log">Null: of all logs.</param>
/// <param name="WorstOfEachLog">One a log: what is open before what is closed, then the gravest, then the newest.</param>
internal sealed record IncidentFilter(bool OnlyOpen = false, LogId? Log = null, bool WorstOfEachLog = false, int Limit = 1_000);

/// <summary>What became of an incident. The names are database values.</summary>
internal enum IncidentChange { Opened, Changed, Closed }
