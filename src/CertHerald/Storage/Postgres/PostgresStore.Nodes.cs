using System.Collections.Concurrent;
using CertHerald.Transparency.Logs;

namespace CertHerald.Storage.Postgres;

/// <summary>Which logs are this node's, and what other nodes change.</summary>
internal sealed partial class PostgresStore
{
    // A lease that ended and was taken by nobody is still ours: no other epoch has begun.
    private const string Take = """
        INSERT INTO log_lease (log_id, node, epoch, until) SELECT id, @node, 1, @until FROM unnest(@logs) AS id ORDER BY id
        ON CONFLICT (log_id) DO UPDATE SET node = @node, until = @until, epoch = log_lease.epoch + CASE WHEN log_lease.node = @node THEN 0 ELSE 1 END
            WHERE log_lease.node = @node OR log_lease.until < @now
        RETURNING log_id, epoch
        """;

    private readonly Guid _node = Guid.NewGuid();

    // As it was last heard; the database knows better.
    private readonly ConcurrentDictionary<LogId, long> _epochs = new();

    public bool IsShared => true;

    public Action? OwedElsewhere { get; set; }

    public async Task<IReadOnlySet<LogId>> OwnLogsAsync(IReadOnlyCollection<LogId> logs, CancellationToken cancellation)
    {
        List<(LogId Log, long Epoch)> taken = await WriteAsync(session => TakeAsync(session, logs), cancellation);
        var owned = taken.Select(one => one.Log).ToHashSet();
        foreach ((LogId log, long epoch) in taken) _epochs[log] = epoch;
        foreach (LogId log in logs.Where(log => !owned.Contains(log))) _epochs.TryRemove(log, out _);
        return owned;
    }

    public Task<long> SettingsRevisionAsync(CancellationToken cancellation) =>
        ReadAsync(session => session.SingleAsync("SELECT revision FROM settings", row => row.GetInt64(0)), cancellation);

    private Task<List<(LogId Log, long Epoch)>> TakeAsync(PostgresSession session, IEnumerable<LogId> logs) => session.AllAsync(
        Take, row => (Id(row.Bytes(0)), row.GetInt64(1)), ("@logs", logs.Select(log => log.Value.ToArray()).ToArray()), ("@node", _node),
        ("@now", _time.GetUtcNow()), ("@until", _time.GetUtcNow() + INodes.LogLease));

    /// <summary>
    /// Refuses to go on with a log that another node owns. Until this transaction ends nobody can take it: its row is shared.
    /// A log that nobody owns becomes this node's.
    /// </summary>
    private async Task OwnAsync(PostgresSession session, LogId log)
    {
        if (_epochs.TryGetValue(log, out long known))
        {
            bool isOurs = await session.FirstAsync(
                "SELECT epoch = @epoch AND node = @node FROM log_lease WHERE log_id = @log FOR SHARE", row => row.GetBoolean(0),
                ("@log", log.Value.ToArray()), ("@epoch", known), ("@node", _node));
            if (isOurs) return;
            _epochs.TryRemove(log, out _);
            throw new LogElsewhereException(log);
        }

        if (await TakeAsync(session, [log]) is not [(_, var epoch)]) throw new LogElsewhereException(log);
        // If this transaction fails, the row may say otherwise: then the next commit is refused, and the one after asks anew.
        _epochs[log] = epoch;
    }

    /// <summary>The next node need not wait for the leases to end.</summary>
    private async Task DisownLogsAsync()
    {
        try
        {
            await WriteAsync(async session =>
            {
                await session.RunAsync("UPDATE caa_lease SET until = 0 WHERE node = @node", ("@node", _node));
                return await session.RunAsync("UPDATE log_lease SET until = 0 WHERE node = @node", ("@node", _node));
            }, CancellationToken.None);
        }
        catch (StoreException)
        {
            // They end by themselves.
        }
    }
}
