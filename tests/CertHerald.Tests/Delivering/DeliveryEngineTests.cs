using System.Buffers;
using CertHerald.Delivering;
using CertHerald.Dialects.CertSpotter;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Storage;

namespace CertHerald.Tests.Delivering;

/// <summary>Claims, states of webhooks and the live list, through the loop.</summary>
public sealed class DeliveryEngineTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task E4_Rule_3_4_claims_are_kept_by_a_heartbeat_also_while_a_stop_waits()
    {
        await using Receiver receiver = Receiver.Start();
        receiver.Default = Receiver.Hang();
        await using DeliveryRig rig = await DeliveryRig.OpenAsync(Given.Webhook(receiver.Url));
        await rig.StartLoopAsync([new PatientDialect()]);
        await rig.OweAsync("hook");
        await receiver.NextAsync();

        for (int i = 0; i < 10; i++)
        {
            await NextBeatAsync(rig);
            rig.Time.Advance(TimeSpan.FromSeconds(15));
            await RenewedAsync(rig);
        }

        await NextBeatAsync(rig);
        Task stopping = rig.Loop.StopAsync(None);
        rig.Time.Advance(TimeSpan.FromSeconds(15));
        await RenewedAsync(rig);
        Assert.False(stopping.IsCompleted);

        // 3.6: what is still under way after 20 s is given back at once, not when its claim expires.
        rig.Time.Advance(TimeSpan.FromSeconds(5));
        await stopping;
        StoredDelivery left = await rig.DeliveryAsync();
        Assert.Equal((DeliveryState.Pending, null, 0), (left.State, left.Lease, left.Tries));
        Assert.Single(receiver.Requests);
    }

    [Fact]
    public async Task Rule_6_1_a_pause_survives_a_restart()
    {
        await using Receiver receiver = Receiver.Start();
        receiver.Then(Receiver.Answer(503, "", "Retry-After: 3600"));
        await using DeliveryRig rig = await DeliveryRig.StartAsync(Given.Webhook(receiver.Url), Given.Webhook(receiver.Url, "other"));
        await rig.OweAsync("hook");
        await rig.Log.WaitForAsync("did not take");
        await rig.StopLoopAsync();
        await rig.ReopenAsync();

        await rig.StartLoopAsync();
        await rig.OweAsync("hook");
        rig.Advance(TimeSpan.FromSeconds(3599));
        await rig.OweAsync("other");
        await rig.Log.WaitForAsync("Webhook other got");
        Assert.Equal(2, receiver.Requests.Count);

        // Nothing could leave before the pause ended: nothing is late.
        Assert.Equal(rig.Time.GetUtcNow().AddSeconds(1), await rig.Store.OldestDueAsync(Cancellation));
        rig.Advance(TimeSpan.FromSeconds(1));
        await rig.Log.WaitForAsync("Webhook hook got", 2);
    }

    [Fact]
    public async Task E8_Rule_6_2_a_webhook_that_fails_ten_times_gets_one_probe_and_then_everything()
    {
        await using Receiver receiver = Receiver.Start();
        receiver.Default = Receiver.Answer(500);
        await using DeliveryRig rig = await DeliveryRig.OpenAsync(Given.Webhook(receiver.Url));
        for (int i = 0; i < 30; i++) await rig.OweInSilenceAsync("hook");
        await rig.StartLoopAsync();
        await rig.Log.WaitForAsync("rests until");
        Assert.Equal(10, receiver.Requests.Count);
        Assert.Null(await rig.Store.OldestDueAsync(Cancellation));

        rig.Advance(TimeSpan.FromSeconds(30));
        await rig.Log.WaitForAsync("rests until", 2);
        Assert.Equal(11, receiver.Requests.Count);

        receiver.Default = Receiver.Answer(200);
        rig.Advance(TimeSpan.FromSeconds(60));
        await rig.Log.WaitForAsync("Webhook hook got", 30);
        Assert.All(await rig.DeliveriesAsync(), delivery => Assert.Equal(DeliveryState.Done, delivery.State));
    }

    [Fact]
    public async Task T22_a_webhook_that_was_held_for_30_days_gets_everything_once_it_takes_one()
    {
        await using Receiver receiver = Receiver.Start();
        receiver.Default = Receiver.Answer(500);
        await using DeliveryRig rig = await DeliveryRig.StartAsync(Given.Webhook(receiver.Url));
        DateTimeOffset begun = rig.Time.GetUtcNow();

        // A new certificate every six hours: each fails, and after five days the webhook is held.
        for (int i = 0; i < 24; i++)
        {
            await rig.OweAsync("hook");
            await FailAfterAsync(TimeSpan.FromHours(6));
        }

        for (int i = 0; i < 40 && (await rig.Store.FindWebhookAsync("hook", Cancellation)).Status == WebhookStatus.Active; i++)
            await FailAfterAsync(TimeSpan.FromHours(6));
        Assert.Equal(HoldCause.Failing, (await rig.Store.FindWebhookAsync("hook", Cancellation)).Cause);

        await rig.OweAsync("hook");
        while (rig.Time.GetUtcNow() < begun.AddDays(36)) await FailAfterAsync(TimeSpan.FromHours(6));
        Assert.Equal(25, (await rig.DeliveriesAsync(DeliveryState.Held)).Count);
        Assert.Equal(new DeliveryCounts(25, 0), await rig.Store.CountDeliveriesAsync(Cancellation));

        receiver.Default = Receiver.Answer(200);
        rig.Advance(TimeSpan.FromHours(6));
        await rig.Log.WaitForAsync("takes deliveries again");
        rig.Advance(TimeSpan.FromSeconds(1));
        await rig.Log.WaitForAsync("Webhook hook got", 25);
        Assert.Equal(25, (await rig.DeliveriesAsync(DeliveryState.Done)).Count);
        IReadOnlyList<StoredNews> news = await rig.Store.NewsAsync(0, 100, Cancellation);
        Assert.Superset(new HashSet<string> { "endpoint.failing", "endpoint.held", "endpoint.recovered", "delivery.failing" }, news.Select(one => one.Kind).ToHashSet());

        // Some attempt fails then, perhaps of those before: the clock jumps over their limits.
        async Task FailAfterAsync(TimeSpan wait)
        {
            int before = rig.Log.All.Count(line => line.Contains("did not take", StringComparison.Ordinal));
            rig.Advance(wait);
            await rig.Log.WaitForAsync("did not take", before + 1);
        }
    }

    [Fact]
    public async Task E8_Rule_6_3_a_delivery_that_nobody_could_digest_is_not_probed_twice_while_others_were_not_tried()
    {
        await using Receiver receiver = Receiver.Start();
        await using DeliveryRig rig = await DeliveryRig.OpenAsync(Given.Webhook(receiver.Url));
        for (int i = 0; i < 3; i++) await rig.OweInSilenceAsync("hook");
        await rig.Store.ChangeWebhookAsync("hook", state => WebhookHealth.Hold(state, WebhookStatus.Held, HoldCause.Failing, "It took nothing.", rig.Time.GetUtcNow()), 50, Cancellation);
        receiver.Then(Receiver.Answer(400), Receiver.Answer(200));
        receiver.Default = Receiver.Answer(400);
        await rig.StartLoopAsync();

        rig.Advance(WebhookHealth.ProbeInterval);
        await rig.Log.WaitForAsync("did not take delivery 1:");
        rig.Advance(WebhookHealth.ProbeInterval);
        await rig.Log.WaitForAsync("takes deliveries again");
        Assert.Equal(DeliveryState.Done, (await rig.DeliveriesAsync()).Single(delivery => delivery.Id == 2).State);
    }

    [Fact]
    public async Task Rule_1_1_webhooks_come_and_go_while_the_loop_runs_and_what_is_owed_to_one_that_went_is_held()
    {
        await using Receiver receiver = Receiver.Start();
        WebhookOptions first = Given.Webhook(receiver.Url, "first"), second = Given.Webhook(receiver.Url, "second");
        await using DeliveryRig rig = await DeliveryRig.StartAsync(first);
        await rig.OweAsync("second");
        await rig.OweAsync("first");
        await rig.Log.WaitForAsync("Webhook first got");

        rig.Webhooks.Configure([second]);
        rig.Bell.Ring();
        await rig.Log.WaitForAsync("Webhook second got");
        await rig.OweAsync("first");
        rig.Webhooks.Configure([second with { Evidence = true }]);
        rig.Bell.Ring();
        await rig.Log.WaitForAsync("Webhook first is on hold: The configuration does not name it any more");
        Assert.Single(await rig.DeliveriesAsync(DeliveryState.Held));

        rig.Webhooks.Configure([first, second]);
        rig.Bell.Ring();
        await rig.Log.WaitForAsync("Webhook first got", 2);
    }

    [Fact]
    public async Task Rule_1_1_what_comes_to_be_owed_to_a_webhook_after_it_went_is_held()
    {
        await using Receiver receiver = Receiver.Start();
        await using DeliveryRig rig = await DeliveryRig.StartAsync(Given.Webhook(receiver.Url));
        await rig.OweAsync("hook");
        await rig.Log.WaitForAsync("Webhook hook got");

        await rig.OweAsync("went");
        await rig.Log.WaitForAsync("Webhook went is on hold: The configuration does not name it any more");
        Assert.Equal("went", Assert.Single(await rig.DeliveriesAsync(DeliveryState.Held)).Webhook);
        Assert.Null(await rig.Store.OldestDueAsync(Cancellation));
    }

    [Fact]
    public async Task A_clock_that_is_set_back_by_an_hour_stops_nothing()
    {
        await using Receiver receiver = Receiver.Start();
        await using DeliveryRig rig = await DeliveryRig.OpenAsync(Given.Webhook(receiver.Url) with { Rate = 1 });
        await rig.OweInSilenceAsync("hook");
        await rig.OweInSilenceAsync("hook");
        await rig.StartLoopAsync();
        await rig.Log.WaitForAsync("Webhook hook got");

        rig.Time.SetBack(TimeSpan.FromHours(1));
        await rig.OweAsync("hook");
        await SentWithinAsync(rig, receiver, 3, TimeSpan.FromMinutes(10));
    }

    [Fact]
    public async Task A_clock_that_leaps_ahead_by_an_hour_sends_nothing_again_that_is_under_way()
    {
        await using Receiver receiver = Receiver.Start();
        var signal = new TaskCompletionSource();
        receiver.Default = Receiver.After(signal.Task, Receiver.Answer(200));
        await using DeliveryRig rig = await DeliveryRig.StartAsync(Given.Webhook(receiver.Url));
        await rig.OweAsync("hook");
        await receiver.NextAsync();

        rig.Time.SetBack(TimeSpan.FromHours(-1));
        long looks = rig.Loop.Looks;
        await Eventually.HappensAsync(() =>
        {
            rig.Bell.Ring();
            return rig.Loop.Looks > looks + 1;
        });
        signal.SetResult();
        await rig.Log.WaitForAsync("Webhook hook got");
        Assert.Equal(DeliveryState.Done, (await rig.DeliveryAsync()).State);
        Assert.Single(receiver.Requests);
    }

    [Fact]
    public async Task What_came_to_be_owed_while_the_clock_was_an_hour_ahead_leaves_at_once_also_after_a_restart()
    {
        await using Receiver receiver = Receiver.Start();
        await using DeliveryRig rig = await DeliveryRig.OpenAsync(Given.Webhook(receiver.Url));
        await rig.OweInSilenceAsync("hook");
        rig.Time.SetBack(TimeSpan.FromHours(1));
        await rig.ReopenAsync();

        await rig.StartLoopAsync();
        await rig.Log.WaitForAsync("Webhook hook got");
        Assert.Equal(TimeSpan.Zero, rig.Time.Elapsed);
    }

    [Fact]
    public async Task A_breaker_that_opened_while_the_clock_was_an_hour_ahead_is_probed_within_its_own_pause()
    {
        await using Receiver receiver = Receiver.Start();
        receiver.Default = Receiver.Answer(500);
        await using DeliveryRig rig = await DeliveryRig.OpenAsync(Given.Webhook(receiver.Url));
        for (int i = 0; i < 11; i++) await rig.OweInSilenceAsync("hook");
        await rig.StartLoopAsync();
        await rig.Log.WaitForAsync("rests until");
        Assert.Equal(10, receiver.Requests.Count);

        rig.Time.SetBack(TimeSpan.FromHours(1));
        await SentWithinAsync(rig, receiver, 11, WebhookHealth.FirstPause + TimeSpan.FromSeconds(10));
    }

    /// <summary>Lets the clock go on, a second at a time and no further than this, until so many have been sent.</summary>
    private static Task SentWithinAsync(DeliveryRig rig, Receiver receiver, int requests, TimeSpan limit) => Eventually.HappensAsync(() =>
    {
        if (rig.Time.Elapsed < limit) rig.Advance(TimeSpan.FromSeconds(1));
        return receiver.Requests.Count >= requests;
    });

    [Fact]
    public async Task What_the_guard_refused_stays_held_when_something_else_changes()
    {
        await using Receiver receiver = Receiver.Start();
        WebhookOptions inside = Given.Webhook(new Uri("https://10.0.0.1/")), other = Given.Webhook(receiver.Url, "other");
        await using DeliveryRig rig = await DeliveryRig.OpenAsync(inside);
        for (int i = 0; i < WebhookHealth.MostBlocked; i++) await rig.OweInSilenceAsync("hook");
        await rig.StartLoopAsync();
        await rig.Log.WaitForAsync("Webhook hook is on hold");

        rig.Webhooks.Configure([inside with { Evidence = true }, other]);
        await rig.OweAsync("other");
        await rig.Log.WaitForAsync("Webhook other got");
        Assert.Equal(HoldCause.Blocked, (await rig.Store.FindWebhookAsync("hook", Cancellation)).Cause);

        rig.Webhooks.Configure([inside with { Url = receiver.Url }, other]);
        rig.Bell.Ring();
        await rig.Log.WaitForAsync("Webhook hook got", 3);
    }

    [Fact]
    public async Task Rule_6_1_a_webhook_that_was_gone_is_tried_again_when_its_address_changes()
    {
        await using Receiver old = Receiver.Start();
        await using Receiver moved = Receiver.Start();
        old.Default = Receiver.Answer(410);
        await using DeliveryRig rig = await DeliveryRig.StartAsync(Given.Webhook(old.Url));
        await rig.OweAsync("hook");
        await rig.Log.WaitForAsync("is on hold");
        await rig.OweAsync("hook");

        rig.Webhooks.Configure([Given.Webhook(moved.Url)]);
        rig.Bell.Ring();
        await rig.Log.WaitForAsync("Webhook hook got");
        Assert.Single(moved.Requests);
    }

    [Fact]
    public async Task Rule_1_2_after_a_413_the_attempts_that_remain_send_the_short_form()
    {
        await using Receiver receiver = Receiver.Start();
        receiver.Then(Receiver.Answer(413), Receiver.Answer(413), Receiver.Answer(200));
        await using DeliveryRig rig = await DeliveryRig.OpenAsync(Given.Webhook(receiver.Url));
        await rig.StartLoopAsync([new PatientDialect()]);
        await rig.OweAsync("hook");
        for (int i = 1; i <= 2; i++)
        {
            await rig.Log.WaitForAsync("did not take", i);
            await rig.AdvanceToDueAsync();
        }
        await rig.Log.WaitForAsync("Webhook hook got");
        Assert.Equal(["whole", "short", "short"], receiver.Requests.Select(request => System.Text.Encoding.UTF8.GetString(request.Body)));
        Assert.Single(receiver.Requests.Select(request => request.Key).Distinct());
    }

    [Fact]
    public async Task A_body_too_large_to_be_claimed_is_read_when_it_is_sent()
    {
        await using Receiver receiver = Receiver.Start();
        receiver.Then(Receiver.Answer(500));
        await using DeliveryRig rig = await DeliveryRig.OpenAsync(Given.Webhook(receiver.Url));
        await rig.StartLoopAsync([new PatientDialect(size: StoredDelivery.MostClaimedBody + 1)]);
        await rig.OweAsync("hook");
        await rig.Log.WaitForAsync("did not take");
        await rig.AdvanceToDueAsync();
        await rig.Log.WaitForAsync("Webhook hook got");
        Assert.All(receiver.Requests, request => Assert.Equal(StoredDelivery.MostClaimedBody + 1, request.Body.Length));
    }

    /// <summary>Waits until the next heartbeat is due in 15 s: other timers run too.</summary>
    private static Task NextBeatAsync(DeliveryRig rig) =>
        Eventually.HappensAsync(() => rig.Time.UntilTimerBeyond(TimeSpan.FromSeconds(14)) == TimeSpan.FromSeconds(15));

    /// <summary>Waits until the claim lasts 90 s from now.</summary>
    private static async Task RenewedAsync(DeliveryRig rig)
    {
        DateTimeOffset until = rig.Time.GetUtcNow().AddSeconds(90);
        await Eventually.HappensAsync(async () => (await rig.DeliveryAsync()).LeaseUntil == until);
    }

    private sealed class PatientDialect(int size = 0) : IWebhookDialect
    {
        public string Name => "certspotter";

        public DeliveryRules Rules { get; } = new CertSpotterDialect().Rules with { TimeLimit = TimeSpan.FromHours(1), ShortensAfter413 = true };

        public bool Speaks(string kind) => true;

        public void Write(DeliverySubject subject, IBufferWriter<byte> body)
        {
            if (size > 0) body.Write(new byte[size]);
            else body.Write(subject.IsShort ? "short"u8 : "whole"u8);
        }

        public void WriteTest(string baseUrl, DateTimeOffset now, IBufferWriter<byte> body) => body.Write("test"u8);
    }
}
