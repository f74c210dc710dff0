using System.Buffers;
using System.Globalization;
using System.Text;
using CertHerald.Delivering;
using CertHerald.Dialects.CertSpotter;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Storage;

namespace CertHerald.Tests.Delivering;

/// <summary>What else may go wrong around the loop: its log, its claims, and webhooks that share what there is little of.</summary>
public sealed class DeliveryTroubleTests
{
    [Fact]
    public async Task A_log_that_cannot_be_written_stops_no_delivery()
    {
        await using Receiver receiver = Receiver.Start();
        receiver.Then(Receiver.Answer(500), Receiver.Answer(200), Receiver.Answer(410));
        await using DeliveryRig rig = await DeliveryRig.OpenAsync(Given.Webhook(receiver.Url));
        rig.Log.IsFull = true;
        await rig.StartLoopAsync();

        await rig.OweAsync("hook");
        await Eventually.HappensAsync(async () => (await rig.DeliveriesAsync(DeliveryState.Pending)).Any(one => one.Tries == 1));
        await rig.AdvanceToDueAsync();
        await Eventually.HappensAsync(async () => (await rig.DeliveriesAsync(DeliveryState.Done)).Count == 1);
        await rig.OweAsync("hook");
        await Eventually.HappensAsync(async () => (await rig.DeliveriesAsync(DeliveryState.Dead)).Count == 1);

        await rig.StopLoopAsync();
        await rig.StartLoopAsync();
        Assert.Empty(await rig.DeliveriesAsync(DeliveryState.Inflight));
    }

    [Fact]
    public async Task Rule_2_3_a_body_is_fixed_only_under_the_claim_that_it_was_written_under()
    {
        await using Receiver receiver = Receiver.Start();
        await using DeliveryRig rig = await DeliveryRig.OpenAsync(Given.Webhook(receiver.Url));
        var dialect = new SlowDialect(waitsAt: 4);
        await rig.StartLoopAsync([dialect]);
        await rig.WarmAsync("hook");
        for (int i = 0; i < 3; i++) await receiver.NextAsync();

        await rig.OweAsync("hook");
        await dialect.Began.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        StoredDelivery claimed = Assert.Single(await rig.DeliveriesAsync(DeliveryState.Inflight));
        await rig.Store.ReleaseAsync([new Lease(claimed.Id, claimed.Lease!.Value)], TestContext.Current.CancellationToken);
        await Eventually.HappensAsync(async () =>
        {
            rig.Bell.Ring();
            return (await rig.DeliveriesAsync(DeliveryState.Inflight)).Any(one => one.Lease != claimed.Lease);
        });
        dialect.GoOn();

        // What the lost claim had written is not what is sent: another may have joined others to it, or sent it, meanwhile.
        Assert.Equal("body 5", Encoding.UTF8.GetString((await receiver.NextAsync()).Body).TrimEnd());
        await rig.Log.WaitForAsync("Webhook hook got", 4);
        Assert.Equal(4, receiver.Requests.Count);
    }

    [Fact]
    public async Task Rule_3_3_large_bodies_to_webhooks_that_hang_leave_room_for_those_of_others()
    {
        await using Receiver hanging = Receiver.Start();
        await using Receiver healthy = Receiver.Start();
        string[] bad = ["one", "two"];
        await using DeliveryRig rig = await DeliveryRig.OpenAsync([.. bad.Select(name => Given.Webhook(hanging.Url, name)), Given.Webhook(healthy.Url, "healthy")]);
        await rig.StartLoopAsync([new LargeDialect()]);
        await rig.WarmAsync([.. bad, "healthy"]);
        for (int i = 0; i < 3 * bad.Length; i++) await hanging.NextAsync();
        hanging.Default = Receiver.Hang();
        for (int i = 0; i < 8; i++) await rig.OweAsync(bad);
        for (int i = 0; i < 4; i++) await hanging.NextAsync();

        await rig.OweAsync("healthy");
        await rig.Log.WaitForAsync("Webhook healthy got", 4);
        Assert.Equal(3 * bad.Length + 4, hanging.Requests.Count);
    }

    [Fact]
    public async Task Rule_13_4_each_of_the_loops_is_seen_to_go_round_though_nothing_is_owed()
    {
        await using DeliveryRig rig = await DeliveryRig.StartAsync();
        for (int i = 0; i < 3; i++)
        {
            (long looks, long claims, long records) = (rig.Loop.Looks, rig.Loop.Claims, rig.Loop.Records);
            rig.Advance(TimeSpan.FromSeconds(30));
            await Eventually.HappensAsync(() => rig.Loop.Looks > looks && rig.Loop.Claims > claims && rig.Loop.Records > records);
        }
    }

    [Fact]
    public async Task Rule_6_1_a_webhook_that_was_gone_is_tried_again_after_a_restart_with_another_address_and_not_without()
    {
        await using Receiver old = Receiver.Start();
        await using Receiver moved = Receiver.Start();
        old.Default = Receiver.Answer(410);
        await using DeliveryRig rig = await DeliveryRig.StartAsync(Given.Webhook(old.Url));
        await rig.OweAsync("hook");
        await rig.Log.WaitForAsync("is on hold");
        await rig.StopLoopAsync();
        await rig.ReopenAsync();
        WebhookOptions other = Given.Webhook(moved.Url, "other");

        await rig.StartLoopAsync(webhooks: [Given.Webhook(old.Url), other]);
        await rig.OweAsync("hook", "other");
        await rig.Log.WaitForAsync("Webhook other got");
        await rig.StopLoopAsync();
        Assert.Single(old.Requests);
        Assert.Equal(WebhookStatus.Gone, (await rig.Store.FindWebhookAsync("hook", TestContext.Current.CancellationToken)).Status);

        await rig.StartLoopAsync(webhooks: [Given.Webhook(new Uri(moved.Url, "/elsewhere")), other]);
        await rig.Log.WaitForAsync("Webhook hook got");
        Assert.Equal("POST /elsewhere HTTP/1.1", moved.Requests[^1].RequestLine);
        Assert.Null((await rig.Store.FindWebhookAsync("hook", TestContext.Current.CancellationToken)).Address);
    }

    private sealed class SlowDialect(int waitsAt) : IWebhookDialect
    {
        private readonly TaskCompletionSource _began = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ManualResetEventSlim _mayGoOn = new();
        private int _written;

        public Task Began => _began.Task;

        public string Name => "certspotter";

        public DeliveryRules Rules { get; } = new CertSpotterDialect().Rules;

        public void GoOn() => _mayGoOn.Set();

        public bool Speaks(string kind) => true;

        public void Write(DeliverySubject subject, IBufferWriter<byte> body)
        {
            int number = Interlocked.Increment(ref _written);
            if (number == waitsAt)
            {
                _began.TrySetResult();
                _mayGoOn.Wait(TimeSpan.FromSeconds(60));
            }
            // Too long to be kept for other webhooks.
            body.Write(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"body {number}").PadRight(40_000)));
        }

        public void WriteTest(string baseUrl, DateTimeOffset now, IBufferWriter<byte> body) => body.Write("test"u8);
    }

    private sealed class LargeDialect : IWebhookDialect
    {
        public string Name => "certspotter";

        public DeliveryRules Rules { get; } = new CertSpotterDialect().Rules;

        public bool Speaks(string kind) => true;

        public void Write(DeliverySubject subject, IBufferWriter<byte> body) => body.Write(new byte[StoredDelivery.MostClaimedBody + 1]);

        public void WriteTest(string baseUrl, DateTimeOffset now, IBufferWriter<byte> body) => body.Write("test"u8);
    }
}
