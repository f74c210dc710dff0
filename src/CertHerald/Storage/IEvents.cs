using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Storage;

/// <summary>What was committed, as a stream that can be gone on with at any place. A part of <see cref="IStore"/>.</summary>
internal interface IEvents
{
    /// <summary>
    /// A place with nothing before it that is still being written: whoever reads up to there misses nothing. Behind all that is
    /// committed, or a little before its end while several nodes write.
    /// </summary>
    /// <returns>Null while it is not known: at the beginning, until what others are writing at that moment has ended.</returns>
    Task<EventCursor?> EventHorizonAsync(CancellationToken cancellation);

    /// <summary>The next events between two places, of each kind at most so many, in the order in which they were written.</summary>
    /// <param name="until">From <see cref="EventHorizonAsync"/>.</param>
    Task<EventPart> EventsAsync(EventCursor after, EventCursor until, int limit, CancellationToken cancellation);
}

/// <summary>A place in the stream: the last id of each kind before it. <c>default</c> is before everything.</summary>
internal readonly record struct EventCursor(long Issuance, long Malformed, long Incident, long Attempt);

/// <summary>A part of the stream.</summary>
internal sealed record EventPart(
    IReadOnlyList<IssuanceEvent> Issuances, IReadOnlyList<MalformedEvent> Malformed, IReadOnlyList<IncidentEvent> Incidents, IReadOnlyList<AttemptEvent> Attempts)
{
    public bool IsEmpty => Issuances.Count + Malformed.Count + Incidents.Count + Attempts.Count == 0;
}

/// <summary>An issuance was found, or decided about anew. It is shown as it stands when this is read.</summary>
/// <param name="Id">The change's: ids of issuances need not ascend, as one that was indexed before keeps its own.</param>
internal sealed record IssuanceEvent(long Id, Issuance Issuance);

/// <summary>An entry that could not be read was found. Its bytes are had by its id.</summary>
internal sealed record MalformedEvent(
    long Id, LogId Log, string LogDescription, EntryIndex Index, string Problem, bool ShowsWatchedName, DateTimeOffset Discovered);

/// <summary>An incident was opened, changed or closed; severity and summary are those of that moment.</summary>
/// <param name="Id">The change's.</param>
/// <param name="Closed">Null unless this change closed it.</param>
internal sealed record IncidentEvent(
    long Id, long Incident, LogId Log, string LogDescription, string Kind, string Subject, Severity Severity, string Summary, DateTimeOffset At, DateTimeOffset? Closed);

/// <summary>A delivery was tried.</summary>
/// <param name="Id">The attempt's.</param>
/// <param name="State">The delivery's when this is read: it may have been tried again since.</param>
internal sealed record AttemptEvent(
    long Id, long Delivery, string Webhook, string Kind, long Subject, DeliveryState State, string Outcome, int? Status, bool Counted, DateTimeOffset Started, TimeSpan Took);
