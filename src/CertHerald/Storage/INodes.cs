using CertHerald.Transparency.Logs;

namespace CertHerald.Storage;

/// <summary>The other processes on the same database: nodes. A part of <see cref="IStore"/>.</summary>
internal interface INodes
{
    /// <summary>How long a log stays a node's that does not say that it goes on.</summary>
    static readonly TimeSpan LogLease = TimeSpan.FromSeconds(30);

    /// <summary>Whether there may be others. If not, every log is this process's, and nothing changes but by it.</summary>
    bool IsShared { get; }

    /// <summary>
    /// Takes those of these logs that no other node owns, and keeps those that this one does, for <see cref="LogLease"/>. A log
    /// has one owner; what another commits of it is refused, by the owner's epoch, in the transaction of the commit.
    /// </summary>
    /// <returns>Those that are this node's now.</returns>
    Task<IReadOnlySet<LogId>> OwnLogsAsync(IReadOnlyCollection<LogId> logs, CancellationToken cancellation);

    /// <summary>A number that is another after any change of added watch items, webhooks, protected domains or allowed names, by whichever node.</summary>
    Task<long> SettingsRevisionAsync(CancellationToken cancellation);

    /// <summary>Called, on any thread, when another node may have come to owe something. A hint: it may be lost.</summary>
    Action? OwedElsewhere { get; set; }
}

/// <summary>Another node owns the log: nothing was written.</summary>
internal sealed class LogElsewhereException(LogId log) : StoreException($"another node follows the log {log} now: it is left to that one")
{
    public LogId Log => log;
}
