using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Storage;

/// <summary>What logs held when the service first ran. A part of <see cref="IStore"/>, and kept as durably.</summary>
internal interface IBaselines
{
    /// <summary>Notes that this database is used for the first time, if no log was ever begun in it.</summary>
    /// <returns>When it was first used; null for one that was in use before anybody noted that.</returns>
    Task<DateTimeOffset?> BeginFirstRunAsync(DateTimeOffset now, CancellationToken cancellation);

    /// <summary>Draws the line under what a log holds. It is drawn once: a second one changes nothing.</summary>
    Task DrawBaselineAsync(LogId log, TreeSize size, CancellationToken cancellation);

    /// <summary>Entries below it were there before anybody watched; 0 if no line was drawn.</summary>
    Task<TreeSize> FindBaselineAsync(LogId log, CancellationToken cancellation);
}
