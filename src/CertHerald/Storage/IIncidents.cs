using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Logs;

namespace CertHerald.Storage;

/// <summary>What logs did wrong. A part of <see cref="IStore"/>.</summary>
internal interface IIncidents
{
    /// <summary>
    /// Opens an incident, or counts one more case of an open one, which takes over severity and summary. Of a log that was not
    /// begun it opens none.
    /// </summary>
    Task OpenIncidentAsync(LogId log, IncidentReport report, CancellationToken cancellation);

    /// <summary>The same for a log that may not have been begun: one that never gave a usable head.</summary>
    Task OpenIncidentAsync(LogDescription log, IncidentReport report, CancellationToken cancellation);

    /// <summary>Closes what is open of a kind.</summary>
    /// <param name="subject">Null: all of them.</param>
    Task CloseIncidentsAsync(LogId log, string kind, string? subject, CancellationToken cancellation);

    /// <summary>Closes one, as an operator does who has dealt with it.</summary>
    /// <returns>It, closed; null if there is none. One that was closed before stays as it was.</returns>
    Task<Incident?> CloseIncidentAsync(long id, CancellationToken cancellation);

    /// <summary>Closes those of <see cref="IncidentKinds.OfEvents"/> whose last case lies before a moment.</summary>
    /// <returns>How many.</returns>
    Task<int> CloseQuietIncidentsAsync(DateTimeOffset before, CancellationToken cancellation);

    /// <summary>Incidents, newest first.</summary>
    Task<IReadOnlyList<Incident>> IncidentsAsync(IncidentFilter filter, CancellationToken cancellation);
}

internal static class IncidentLists
{
    /// <summary>The newest incidents, open and closed, of all logs.</summary>
    public static Task<IReadOnlyList<Incident>> IncidentsAsync(this IIncidents incidents, int limit, CancellationToken cancellation) =>
        incidents.IncidentsAsync(new IncidentFilter(Limit: limit), cancellation);
}
