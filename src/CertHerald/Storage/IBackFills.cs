using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Storage;

/// <summary>Searches of the past for items that are watched since later. A part of <see cref="IStore"/>, and kept as durably.</summary>
internal interface IBackFills
{
    /// <summary>All of them, newest first, with how far each log was read.</summary>
    Task<IReadOnlyList<BackFill>> BackFillsAsync(CancellationToken cancellation);

    /// <param name="items">Watch items in canonical form.</param>
    /// <param name="logs">Which logs to search.</param>
    Task<BackFill> AddBackFillAsync(IReadOnlyList<string> items, DateTimeOffset since, IReadOnlyList<LogId> logs, CancellationToken cancellation);

    /// <returns>False if there is none of this id.</returns>
    Task<bool> PauseBackFillAsync(long id, bool paused, CancellationToken cancellation);

    /// <summary>Forgets a search, done or not. What it found stays.</summary>
    /// <returns>False if there is none of this id.</returns>
    Task<bool> RemoveBackFillAsync(long id, CancellationToken cancellation);

    /// <summary>Begins to search a log, unless that was begun before.</summary>
    /// <param name="until">Where it ends: what comes behind is read by the log's followers, who know the items.</param>
    /// <returns>The first lane of it; null if the search was removed.</returns>
    Task<LogLane?> BeginBackFillAsync(long id, LogId log, Frontier start, TreeSize until, CancellationToken cancellation);
}

/// <summary>A search of the past.</summary>
/// <param name="Since">Entries older than this are not read.</param>
/// <param name="Logs">Those to search.</param>
/// <param name="Lanes">Those begun, by log and start.</param>
internal sealed record BackFill(
    long Id, IReadOnlyList<string> Items, DateTimeOffset Since, DateTimeOffset Added, bool Paused, IReadOnlyList<LogId> Logs, IReadOnlyList<(LogId Log, LogLane Lane)> Lanes)
{
    /// <summary>Whether every log was searched to its end, and all of that is proven.</summary>
    public bool IsDone => Logs.All(IsDoneIn);

    /// <summary>Whether a log was searched to its end, in one piece, and all of that is proven.</summary>
    public bool IsDoneIn(LogId log) =>
        Lanes.Where(one => one.Log == log).ToList() is [(_, var lane)] && lane.Position.Read.Size == lane.Until && lane.Position.Proven.Size == lane.Until;
}
