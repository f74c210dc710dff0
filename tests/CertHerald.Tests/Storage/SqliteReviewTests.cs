using System.Diagnostics.Metrics;
using CertHerald.Storage;
using CertHerald.Storage.Sqlite;
using CertHerald.Tests.Delivering;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Fetching;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;
using Microsoft.Data.Sqlite;

namespace CertHerald.Tests.Storage;

public sealed class SqliteReviewTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("certherald-store-").FullName;
    private readonly Meter _meter = new("CertHerald");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _meter.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task The_queue_of_look_alikes_is_read_from_its_index()
    {
        foreach ((LookalikeFilter filter, string index) in ((LookalikeFilter, string)[])
        [
            (new(State: LookalikeState.Open), "lookalike_owner_queue"), (new(Owner: null, State: LookalikeState.Open), "lookalike_queue"), (new(Domain: "a.com") { NewestFirst = true }, "lookalike_domain"),
        ])
            Assert.Contains($"USING INDEX {index} (", Assert.Single(await PlanAsync(SqliteStore.Listing(filter))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deliveries_are_listed_from_an_index_whatever_is_asked_for()
    {
        foreach ((DeliveryFilter filter, string index) in ((DeliveryFilter, string)[])
        [
            (new("a"), "delivery_webhook (webhook=? AND id<?)"), (new("a", DeliveryState.Done), "delivery_webhook (webhook=? AND id<?)"), (new(State: DeliveryState.Cancelled), "delivery_newest_cancelled (id<?)"),
            (new(Kind: "b", Subject: 1), "delivery_subject (kind=? AND subject=? AND rowid<?)"), (new("a", DeliveryState.Dead), "delivery_dead_webhook (webhook=? AND id<?)"),
        ])
            Assert.EndsWith(index, Assert.Single(await PlanAsync(SqliteStore.Listing(filter))), StringComparison.Ordinal);
        Assert.DoesNotContain(await PlanAsync(DeliveryStates.Count), step => step == "SCAN delivery");
    }

    [Fact]
    public async Task A_writer_that_loses_its_connection_fails_every_write_and_keeps_nobody_waiting()
    {
        var connection = new SqliteConnection($"Data Source={Path.Combine(_folder, "some.db")};Pooling=False");
        connection.Open();
        using var writer = new SqliteWriter(new SqliteSession(connection), _meter);

        Task<int> lost = writer.RunAsync(
            _ =>
            {
                connection.Close();
                return 1;
            },
            Cancellation);

        await Assert.ThrowsAsync<StoreException>(() => lost);
        await Assert.ThrowsAsync<StoreException>(() => writer.RunAsync(_ => 2, Cancellation));
    }

    [Fact]
    public async Task A_data_directory_that_the_store_makes_is_for_its_user_alone()
    {
        string directory = Path.Combine(_folder, "new", "data");
        await using IStore store = Stores.Open("sqlite", directory, new ManualTime(), _meter);

        if (OperatingSystem.IsWindows()) Assert.Skip("this system has no file modes");
        else Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(directory));
    }

    [Fact]
    public async Task A_log_that_forks_at_every_size_does_not_fill_the_disk_with_incidents()
    {
        await using IStore store = Stores.Open("sqlite", _folder, new ManualTime(), _meter);
        var key = new SigningKey();
        LogDescription log = LogDescription.Custom(key.Public, LogProtocol.Rfc6962, "https://log.example/");
        await store.BeginLogAsync(log, Frontier.Empty, Cancellation);

        for (ulong size = 1; size <= 110; size++)
        {
            await store.KeepHeadAsync(log.Id, key.Head(size), Cancellation);
            await store.KeepHeadAsync(log.Id, key.Head(size, MerkleHash.OfEmptyTree), Cancellation);
        }

        IReadOnlyList<Incident> incidents = await store.IncidentsAsync(1_000, Cancellation);
        Assert.Equal(100, incidents.Count);
        Assert.All(incidents, incident => Assert.Equal("fork", incident.Kind));
    }

    [Fact]
    public async Task A_list_of_deliveries_leaves_their_bodies_on_the_disk()
    {
        await using DeliveryRig rig = await DeliveryRig.OpenAsync();
        await rig.OweInSilenceAsync("hook");
        StoredDelivery owed = Assert.Single(await rig.Store.ClaimDueAsync("hook", 1, rig.Time.GetUtcNow(), rig.Time.GetUtcNow().AddMinutes(1), Cancellation));
        await rig.Store.FreezeAsync(owed, new byte[1000]);

        Assert.Equal(1000, (await rig.DeliveryAsync()).Body!.Length);
        Assert.Null(Assert.Single(await rig.Store.DeliveriesAsync(new DeliveryFilter(WithBody: false), Cancellation)).Body);
    }

    /// <summary>The steps of a statement in a new store.</summary>
    private static async Task<List<string>> PlanAsync(string sql)
    {
        using var scratch = new Scratch();
        using (var meter = new Meter("CertHerald")) await SqliteStore.Open(scratch.Folder, TimeProvider.System, meter).DisposeAsync();
        await using var connection = new SqliteConnection($"Data Source={Path.Combine(scratch.Folder, "certherald.db")};Pooling=False");
        await connection.OpenAsync(Cancellation);
        await using SqliteCommand explain = connection.CreateCommand();
        explain.CommandText = "EXPLAIN QUERY PLAN " + sql;
        foreach (string name in (string[])["@owner", "@domain", "@state", "@least", "@before", "@score", "@id", "@limit", "@webhook", "@kind", "@subject", "@withBody", "@most"]) explain.Parameters.AddWithValue(name, 1);
        var plan = new List<string>();
        await using SqliteDataReader rows = await explain.ExecuteReaderAsync(Cancellation);
        while (await rows.ReadAsync(Cancellation)) plan.Add(rows.GetString(3));
        return plan;
    }
}
