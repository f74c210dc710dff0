using CertHerald.Storage;
using CertHerald.Storage.Postgres;
using CertHerald.Tests.Doubles;
using Npgsql;

namespace CertHerald.Tests.Storage.Postgres;

/// <summary>E15: the suite of every store, on PostgreSQL.</summary>
public sealed class PostgresStoreTests : StoreConformance
{
    private string _database = "";

    public override async ValueTask InitializeAsync()
    {
        _database = await PostgresServer.NewDatabaseAsync();
        await base.InitializeAsync();
    }

    private protected override IStore Open() => Stores.Open(_database, Folder, Time, Meter);

    [Fact]
    public async Task A_database_of_an_older_version_gets_its_names_from_what_it_holds()
    {
        await ShowAsync(("a.example.com", 20, "a"), ("b.example.com", 20, "b"));
        await ShowAsync(("*.example.com", 90, "wildcard"));
        IReadOnlyList<WatchedName> before = await NamesAsync();
        await PostgresServer.RunAsync(_database, "DELETE FROM watched_name");
        Assert.Empty(await NamesAsync());

        await using (var session = new PostgresSession(new NpgsqlConnection(_database), Cancellation))
        {
            await session.OpenAsync();
            await PostgresSchema.FillWatchedNamesAsync(session);
        }

        Assert.Equal(before.Select(name => (name.DnsName, name.Issuance, name.NotAfter)), (await NamesAsync()).Select(name => (name.DnsName, name.Issuance, name.NotAfter)));
    }

    // Other nodes may live: only time ends a claim.
    private protected override async Task ReopenAfterKillAsync()
    {
        await ReopenAsync();
        Time.Advance(TimeSpan.FromSeconds(91));
        await Store.ReleaseExpiredAsync(Time.GetUtcNow(), Cancellation);
    }

    private protected override async Task<long> CountAsync(string table) => (long)(await PostgresServer.RunAsync(_database, $"SELECT count(*) FROM {table}"))!;

    private protected override int MostMoved => PostgresStore.MostMoved;

    private protected override Task RepeatDeliveryAsync(int times) => PostgresServer.RunAsync(_database, $"""
        INSERT INTO delivery (webhook, kind, subject, key, state, due, head_seen, created)
        SELECT webhook, kind, n, gen_random_uuid(), state, due, head_seen, created FROM delivery, generate_series(2, {times}) AS n ORDER BY n
        """);

    // Its connection is cut while it waits for a lock.
    private protected override async Task<T> RunTwiceAsync<T>(Func<Task<T>> write)
    {
        await using var other = new NpgsqlConnection(_database);
        await other.OpenAsync(Cancellation);
        await using NpgsqlTransaction locking = await other.BeginTransactionAsync(Cancellation);
        await RunAsync("SELECT pg_advisory_xact_lock(@lock)");
        await RunAsync("SELECT 1 FROM webhook FOR UPDATE");

        Task<T> result = write();
        while (await RunAsync("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") is 0L)
        {
            // It has not come to its lock yet.
        }
        await locking.RollbackAsync(Cancellation);
        return await result;

        async Task<object?> RunAsync(string sql)
        {
#pragma warning disable CA2100 // A constant of this method.
            await using var command = new NpgsqlCommand(sql, other, locking);
#pragma warning restore CA2100
            if (sql.Contains("@lock", StringComparison.Ordinal)) command.Parameters.AddWithValue("@lock", (long)PostgresLock.Secrets);
            return await command.ExecuteScalarAsync(Cancellation);
        }
    }
}
