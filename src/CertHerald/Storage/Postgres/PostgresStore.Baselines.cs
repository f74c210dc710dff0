using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Storage.Postgres;

/// <summary>What logs held when the service first ran.</summary>
internal sealed partial class PostgresStore
{
    public Task<DateTimeOffset?> BeginFirstRunAsync(DateTimeOffset now, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            await session.RunAsync("INSERT INTO first_run (at) SELECT @now WHERE NOT EXISTS (SELECT 1 FROM log) ON CONFLICT DO NOTHING", ("@now", now));
            return await session.FirstAsync("SELECT at FROM first_run", row => row.TimeOrNull(0));
        },
        cancellation);

    public Task DrawBaselineAsync(LogId log, TreeSize size, CancellationToken cancellation) => WriteAsync(
        session => session.RunAsync("INSERT INTO baseline (log_id, size) VALUES (@log, @size) ON CONFLICT DO NOTHING", ("@log", log.Value.ToArray()), ("@size", size.Value)), cancellation);

    public Task<TreeSize> FindBaselineAsync(LogId log, CancellationToken cancellation) => ReadAsync(
        session => session.FirstAsync("SELECT size FROM baseline WHERE log_id = @log", row => new TreeSize(row.Size(0)), ("@log", log.Value.ToArray())), cancellation);
}
