using System.Diagnostics.Metrics;
using CertHerald.Storage;
using CertHerald.Storage.Postgres;
using CertHerald.Tests.Delivering;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Merkle;
using Npgsql;

namespace CertHerald.Tests.Storage.Postgres;

/// <summary>A database that is not there, comes back, is another program's, or gives no hints.</summary>
public sealed class PostgresTroubleTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly Meter _meter = new("CertHerald");
    private readonly Scratch _left = new(), _right = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _meter.Dispose();
        _left.Dispose();
        _right.Dispose();
    }

    [Fact]
    public async Task A_database_that_crashes_and_comes_back_has_all_that_was_committed_and_the_store_goes_on()
    {
        await using PostgresServer server = await PostgresServer.OwnAsync();
        string database = await server.AddDatabaseAsync();
        await using IStore store = Stores.Open(database, _left.Folder, _time, _meter);
        using var log = new PaperLog("log", entries: 2);
        LogLane lane = (await store.BeginLogAsync(log.Description, Frontier.Empty, Cancellation))[^1];
        // Several connections, which all break.
        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => store.AddItemAsync(new AddedItem($"{i}.example", _time.GetUtcNow()), Cancellation)));

        await server.RestartAsync();

        Assert.Equal(8, (await store.AddedItemsAsync(Cancellation)).Count);
        Assert.Equal(2UL, (await store.CommitAsync(lane, log.Read(0, 2), [], _time.GetUtcNow(), Cancellation)).Lane.Position.Read.Size.Value);

        await server.StopAsync();
        var failure = await Assert.ThrowsAsync<StoreException>(() => store.AddItemAsync(new AddedItem("9.example", _time.GetUtcNow()), Cancellation));
        Assert.StartsWith("the database could not be written: ", failure.Message, StringComparison.Ordinal);
        Assert.False(await store.IsWritableAsync(Cancellation));
        await Assert.ThrowsAsync<StoreException>(() => PostgresStore.OpenAsync(database, _right.Folder, _time, _meter));

        await server.ListenAsync();
        Assert.True(await store.AddItemAsync(new AddedItem("9.example", _time.GetUtcNow()), Cancellation));
        Assert.Equal(9, (await store.AddedItemsAsync(Cancellation)).Count);
        Assert.Equal(LogPosition.At(log.FrontierAt(2)), await store.FindPositionAsync(log.Id, Cancellation));
    }

    [Fact]
    public async Task Two_nodes_that_start_at_once_on_an_empty_database_make_its_tables_once()
    {
        string database = await PostgresServer.NewEmptyDatabaseAsync();

        PostgresStore[] both = await Task.WhenAll(PostgresStore.OpenAsync(database, _left.Folder, _time, _meter), PostgresStore.OpenAsync(database, _right.Folder, _time, _meter));

        bool[] added = await Task.WhenAll(both.Select(store => store.AddItemAsync(new AddedItem("example.com", _time.GetUtcNow()), Cancellation)));
        Assert.Single(added, isNew => isNew);
        foreach (PostgresStore store in both) await store.DisposeAsync();
    }

    [Fact]
    public async Task A_database_of_a_newer_program_is_refused_and_not_touched()
    {
        string database = await PostgresServer.NewDatabaseAsync();
        await PostgresServer.RunAsync(database, "UPDATE certherald SET version = 99");

        var refused = await Assert.ThrowsAsync<StoreException>(() => PostgresStore.OpenAsync(database, _left.Folder, _time, _meter));

        Assert.StartsWith("the database is of version 99, this program knows up to ", refused.Message, StringComparison.Ordinal);
        Assert.EndsWith(": start the newer certherald again, or restore the backup made before it", refused.Message, StringComparison.Ordinal);
        Assert.Equal(99, await PostgresServer.RunAsync(database, "SELECT version FROM certherald"));
    }

    [Fact]
    public async Task A_database_that_may_not_be_used_is_refused_without_showing_the_password()
    {
        string database = await PostgresServer.NewDatabaseAsync();
        string strangers = new NpgsqlConnectionStringBuilder(database) { Username = "nobody_here", Password = "canary" }.ConnectionString;

        var refused = await Assert.ThrowsAsync<StoreException>(() => PostgresStore.OpenAsync(strangers, _left.Folder, _time, _meter));

        Assert.Contains("nobody_here", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_several_servers_the_one_that_is_there_and_takes_writes_is_used()
    {
        string database = await PostgresServer.NewDatabaseAsync();
        var address = new NpgsqlConnectionStringBuilder(database);
        address.Host = $"{_right.PathOf("nothing")},{address.Host}";
        address.TargetSessionAttributes = "any";

        await using PostgresStore store = await PostgresStore.OpenAsync(address.ConnectionString, _left.Folder, _time, _meter);

        Assert.True(await store.IsWritableAsync(Cancellation));
    }

    [Fact]
    public async Task A_role_without_the_right_to_create_runs_on_tables_that_another_made()
    {
        string database = await PostgresServer.NewDatabaseAsync(), role = $"app_{Guid.NewGuid():N}";
        await PostgresServer.RunAsync(
            database,
            $"CREATE ROLE {role} LOGIN; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}; REVOKE CREATE ON SCHEMA public FROM PUBLIC");

        await using PostgresStore store = await PostgresStore.OpenAsync(
            new NpgsqlConnectionStringBuilder(database) { Username = role }.ConnectionString, _left.Folder, _time, _meter);

        Assert.True(await store.IsWritableAsync(Cancellation));
        Assert.True(await store.AddItemAsync(new AddedItem("example.com", _time.GetUtcNow()), Cancellation));
    }

    [Fact]
    public async Task The_audit_trail_can_neither_be_changed_nor_deleted()
    {
        string database = await PostgresServer.NewDatabaseAsync();
        foreach (string sql in (string[])["UPDATE audit SET who = 'nobody'", "DELETE FROM audit", "TRUNCATE audit"])
            Assert.Contains("only added to", (await Assert.ThrowsAsync<PostgresException>(() => PostgresServer.RunAsync(database, sql))).MessageText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task T20_without_any_notification_what_is_owed_is_sent_within_a_second()
    {
        await using Receiver receiver = Receiver.Start();
        // Nobody hears the hints of this database: the loop's own look must find it.
        await using DeliveryRig rig = await DeliveryRig.OpenOnAsync(await PostgresServer.NewDatabaseAsync(), Given.Webhook(receiver.Url));
        await rig.StartLoopAsync();
        await rig.Time.WaitForTimerAsync(TimeSpan.FromMilliseconds(500));

        await rig.OweInSilenceAsync("hook");
        rig.Time.Advance(TimeSpan.FromMilliseconds(500));

        await receiver.NextAsync();
        await rig.Log.WaitForAsync("Webhook hook got");
        Assert.Equal(DeliveryState.Done, (await rig.DeliveryAsync()).State);
    }

    [Fact]
    public async Task A_webhook_that_this_node_does_not_know_is_held_after_a_minute_and_operators_told_and_never_if_it_was_added()
    {
        await using Receiver receiver = Receiver.Start();
        await using DeliveryRig rig = await DeliveryRig.OpenOnAsync(await PostgresServer.NewDatabaseAsync(), Given.Webhook(receiver.Url));
        await rig.Store.AddWebhookAsync(
            new StoredWebhook { Name = "added", Dialect = "certspotter", Events = ["unknown_certificate"], Added = rig.Time.GetUtcNow(), Url = "https://siem.example.com/" }, Cancellation);
        await rig.OweAsync("added", "elsewhere");
        await rig.StartLoopAsync();

        await LookAsync(0);
        await LookAsync(59);
        Assert.Empty(await rig.DeliveriesAsync(DeliveryState.Held));

        await LookAsync(62);
        await rig.Log.WaitForAsync("Webhook elsewhere is on hold");
        await LookAsync(70);
        Assert.Equal("elsewhere", Assert.Single(await rig.DeliveriesAsync(DeliveryState.Held)).Webhook);
        StoredNews news = Assert.Single(await rig.Store.NewsAsync(0, 10, Cancellation));
        Assert.Equal(("elsewhere", DeliveryNewsKinds.EndpointHeld), (news.Webhook, news.Kind));

        // What the loop has sent meanwhile proves that it has looked.
        async Task LookAsync(int seconds)
        {
            rig.Advance(TimeSpan.FromSeconds(seconds) - rig.Time.Elapsed);
            int before = rig.Log.All.Count(line => line.Contains("Webhook hook got", StringComparison.Ordinal));
            await rig.OweAsync("hook");
            await rig.Log.WaitForAsync("Webhook hook got", before + 1);
            long looks = rig.Loop.Looks;
            await Eventually.HappensAsync(() =>
            {
                rig.Bell.Ring();
                return rig.Loop.Looks > looks + 1;
            });
        }
    }

    [Fact]
    public async Task The_clock_is_the_databases_whatever_this_machines_says()
    {
        string database = await PostgresServer.NewDatabaseAsync();
        var time = new DatabaseTime();
        await using PostgresStore store = await PostgresStore.OpenAsync(database, _left.Folder, time, _meter);

        // One machine, one clock: what differs is the time of the question.
        TimeSpan apart = time.GetUtcNow() - DateTimeOffset.FromUnixTimeMilliseconds((long)(await PostgresServer.RunAsync(database, "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint"))!);
        Assert.InRange(apart.Duration(), TimeSpan.Zero, TimeSpan.FromMinutes(1));

        time.Set(DateTimeOffset.UnixEpoch, time.GetTimestamp());
        Assert.Equal(1970, time.GetUtcNow().Year);
    }
}
