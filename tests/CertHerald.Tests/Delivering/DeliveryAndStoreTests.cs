using System.Diagnostics.Metrics;
using CertHerald.Delivering;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Delivering;

/// <summary>What a receiver may count on while it is asked, and what its slowness costs nobody.</summary>
public sealed class DeliveryAndStoreTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Rule_2_2_while_every_receiver_hangs_the_store_takes_writes()
    {
        await using Receiver receiver = Receiver.Start();
        receiver.Default = Receiver.Hang();
        await using DeliveryRig rig = await DeliveryRig.StartAsync(Given.Webhook(receiver.Url));
        await rig.OweAsync("hook");
        await receiver.NextAsync();

        await rig.OweAsync("hook");

        Assert.Equal(2, (await rig.Store.IssuancesAsync(null, 10, Cancellation)).Count);
        Assert.Single(await rig.DeliveriesAsync(DeliveryState.Inflight));
    }

    [Fact]
    public async Task Rule_2_5_a_receiver_that_asks_back_while_it_is_asked_finds_the_certificate()
    {
        await using Receiver receiver = Receiver.Start();
        await using DeliveryRig rig = await DeliveryRig.StartAsync(Given.Webhook(receiver.Url));
        var found = new List<Issuance?>();
        for (int i = 0; i < 20; i++)
        {
            long id = i + 1;
            receiver.Then(async (connection, stopping) =>
            {
                found.Add(await rig.Store.FindIssuanceAsync(id, stopping));
                await Receiver.Answer(200)(connection, stopping);
            });
            await rig.OweAsync("hook");
            await rig.Log.WaitForAsync("Webhook hook got", i + 1);
        }

        Assert.Equal(20, found.Count);
        Assert.All(found, Assert.NotNull);
    }

    [Fact]
    public async Task Rule_2_5_on_another_node_the_certificate_is_found_while_its_receiver_is_asked()
    {
        string database = await PostgresServer.NewDatabaseAsync();
        using var folder = new Scratch();
        using var meter = new Meter("CertHerald");
        await using IStore other = Stores.Open(database, folder.Folder, TimeProvider.System, meter);
        await using Receiver receiver = Receiver.Start();
        await using DeliveryRig rig = await DeliveryRig.OpenOnAsync(database, Given.Webhook(receiver.Url));
        await rig.StartLoopAsync();
        var found = new List<int>();
        for (int i = 1; i <= 10; i++)
        {
            receiver.Then(async (connection, stopping) =>
            {
                found.Add((await other.IssuancesAsync(null, 20, stopping)).Count);
                await Receiver.Answer(200)(connection, stopping);
            });
            await rig.OweAsync("hook");
            await rig.Log.WaitForAsync("Webhook hook got", i);
        }

        Assert.Equal(Enumerable.Range(1, 10), found);
    }

    [Fact]
    public async Task Rule_3_5_a_webhook_with_one_request_at_a_time_gets_the_oldest_first()
    {
        await using Receiver receiver = Receiver.Start();
        await using DeliveryRig rig = await DeliveryRig.OpenAsync(Given.Webhook(receiver.Url) with { Concurrency = 1 });
        for (int i = 0; i < 30; i++) await rig.OweInSilenceAsync("hook");
        IReadOnlyList<string> keys = [.. (await rig.DeliveriesAsync(DeliveryState.Pending)).OrderBy(one => one.Id).Select(one => one.Key)];

        await rig.StartLoopAsync();
        await rig.Log.WaitForAsync("Webhook hook got", 30);

        Assert.Equal(keys, receiver.Requests.Select(request => request.Key));
    }
}
