using System.Diagnostics.Metrics;
using Npgsql;

namespace CertHerald.Storage.Postgres;

/// <summary>Looks at the database now and then: at its clock, and at what makes it slow by and by.</summary>
internal sealed class PostgresHealth : IAsyncDisposable
{
    /// <summary>How often the clock is compared: a machine's counter goes wrong by less than a millisecond in that time.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _closing = new();
    private readonly Task _looking;
    private IReadOnlyList<Measurement<long>> _deadRows = [];
    private long _oldestSnapshot;

    public PostgresHealth(NpgsqlDataSource database, TimeProvider time, Meter meter)
    {
        meter.CreateObservableGauge("certherald_store_dead_rows", () => Volatile.Read(ref _deadRows), description: "Dead rows that PostgreSQL has not cleared away.");
        meter.CreateObservableGauge("certherald_store_oldest_snapshot_transactions", () => Volatile.Read(ref _oldestSnapshot), description: "Age of the oldest snapshot that keeps PostgreSQL from clearing dead rows away, in transactions.");
        _looking = LookAsync(database, time);
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _looking;
        _closing.Dispose();
    }

    /// <summary>Sets a <see cref="DatabaseTime"/> by the database's clock.</summary>
    public static async Task SetAsync(PostgresSession session, TimeProvider time)
    {
        if (time is not DatabaseTime clock) return;
        // The first answer may have waited for a connection.
        for (int i = 0; i < 2; i++)
        {
            long asked = clock.GetTimestamp();
            clock.Set(await session.SingleAsync("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint", row => row.Time(0)), asked);
        }
    }

    private async Task LookAsync(NpgsqlDataSource database, TimeProvider time)
    {
        // By this machine's clock: what it looks at is the other one.
        using var timer = new PeriodicTimer(Interval);
        try
        {
            while (await timer.WaitForNextTickAsync(_closing.Token)) await TryLookAsync(database, time);
        }
        catch (OperationCanceledException)
        {
            // Closing.
        }
    }

    private async Task TryLookAsync(NpgsqlDataSource database, TimeProvider time)
    {
        try
        {
            await using var session = new PostgresSession(database.CreateConnection(), _closing.Token);
            await session.OpenAsync();
            await SetAsync(session, time);
            Volatile.Write(ref _deadRows, await session.AllAsync(
                "SELECT relname, n_dead_tup FROM pg_stat_user_tables WHERE relid IN ('delivery'::regclass, 'webhook'::regclass, 'lane'::regclass)",
                row => new Measurement<long>(row.GetInt64(1), new KeyValuePair<string, object?>("table", row.GetString(0)))));
            Volatile.Write(ref _oldestSnapshot, await session.SingleAsync(
                """
                SELECT GREATEST(
                    (SELECT COALESCE(MAX(age(backend_xmin)), 0) FROM pg_stat_activity WHERE datname = current_database()),
                    (SELECT COALESCE(MAX(age(xmin)), 0) FROM pg_replication_slots))
                """,
                row => (long)row.GetInt32(0)));
        }
        catch (Exception failure) when (PostgresStore.IsOfDatabase(failure))
        {
            // Whoever needs the database says so; the clock goes on by the counter.
        }
    }
}
