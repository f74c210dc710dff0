using CertHerald.Transparency.Logs;

namespace CertHerald.Storage.Sqlite;

/// <summary>There are no other nodes: the file is one process's.</summary>
internal sealed partial class SqliteStore
{
    public bool IsShared => false;

    public Action? OwedElsewhere { get; set; }

    public Task<IReadOnlySet<LogId>> OwnLogsAsync(IReadOnlyCollection<LogId> logs, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlySet<LogId>>(logs.ToHashSet());

    public Task<long> SettingsRevisionAsync(CancellationToken cancellation) => Task.FromResult(0L);
}
