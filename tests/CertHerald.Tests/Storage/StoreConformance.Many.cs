using CertHerald.Delivering;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Storage;

/// <summary>Much at once: attempts of one transaction, bodies with their claims, a backlog in parts, heads that contradict each other.</summary>
public abstract partial class StoreConformance
{
    private protected abstract int MostMoved { get; }

    /// <summary>The one delivery that is owed, so many times in all.</summary>
    private protected abstract Task RepeatDeliveryAsync(int times);

    [Fact]
    public async Task Rule_6_3_what_is_more_than_one_transaction_takes_is_held_and_released_in_parts_also_after_a_start()
    {
        int owed = 2 * MostMoved + 7;
        await OweAsync(1, "hook");
        await RepeatDeliveryAsync(owed);

        await Store.HoldWebhookAsync("hook", "maintenance", Time.GetUtcNow(), Cancellation);
        Assert.Equal(MostMoved, (await Store.CountDeliveriesAsync(Cancellation)).Held);
        // On hold is on hold: what is not moved yet is not claimed either.
        Assert.Empty(await ClaimAsync("hook"));
        Assert.Empty(await Store.OpenWebhooksAsync(Time.GetUtcNow(), Cancellation));

        await ReopenAsync();
        Assert.True(await Store.MoveOnAsync(Cancellation));
        Assert.False(await Store.MoveOnAsync(Cancellation));
        Assert.Equal(owed, (await Store.CountDeliveriesAsync(Cancellation)).Held);

        DateTimeOffset now = Time.GetUtcNow();
        await Store.ChangeWebhookAsync("hook", state => (WebhookHealth.Released(state, now), null), perSecond: 10, Cancellation);
        await ReopenAsync();
        while (await Store.MoveOnAsync(Cancellation)) { }
        Assert.Equal(0, (await Store.CountDeliveriesAsync(Cancellation)).Held);
        IReadOnlyList<StoredDelivery> all = await Store.DeliveriesAsync(new DeliveryFilter(Limit: owed), Cancellation);
        Assert.Equal(Enumerable.Range(0, owed).Select(i => now.AddSeconds(i / 10)), all.Reverse().Select(one => one.Due));
    }

    [Fact]
    public async Task Attempts_of_one_call_are_recorded_in_their_order_each_as_if_it_were_alone()
    {
        await OweAsync(4, "hook");
        IReadOnlyList<StoredDelivery> claimed = await ClaimAsync("hook", 3);
        DateTimeOffset now = Time.GetUtcNow(), later = now.AddMinutes(1);
        var phases = new AttemptPhases(TimeSpan.FromMilliseconds(1.5), null, TimeSpan.FromMilliseconds(2), null, TimeSpan.Zero, "192.0.2.1");

        IReadOnlyList<Settlement?> settled = await Store.CompleteAsync(
            [
                Complete(claimed[0], state => new Settlement(DeliveryState.Pending, later, true, state with { Failures = state.Failures + 1 })),
                Complete(claimed[0], state => new Settlement(DeliveryState.Done, later, true, state with { Failures = 100 })), // its claim is lost by then
                Complete(claimed[1] with { Lease = 7 }, state => new Settlement(DeliveryState.Done, later, true, state with { Failures = 100 })),
                Complete(claimed[2], state => new Settlement(DeliveryState.Pending, later, false, WebhookHealth.Hold(state with { Failures = state.Failures + 1 }, WebhookStatus.Off, null, "gone", now).State)
                {
                    News = [new DeliveryNews(DeliveryNewsKinds.EndpointHeld, "gone")],
                }),
            ],
            Cancellation);

        Assert.Equal([DeliveryState.Pending, null, null, DeliveryState.Held], settled.Select(one => one?.State));
        WebhookState webhook = await Store.FindWebhookAsync("hook", Cancellation);
        Assert.Equal((WebhookStatus.Off, 2), (webhook.Status, webhook.Failures));
        Assert.Equal(
            [(DeliveryState.Held, 1), (DeliveryState.Inflight, 0), (DeliveryState.Held, 0), (DeliveryState.Held, 0)],
            (await Store.DeliveriesAsync(new DeliveryFilter(), Cancellation)).Reverse().Select(one => (one.State, one.Tries)));
        StoredAttempt attempt = Assert.Single(await Store.AttemptsAsync(claimed[0].Id, Cancellation));
        Assert.Equal((phases, true, 500), (attempt.Phases, attempt.Counted, attempt.Status));
        Assert.False(Assert.Single(await Store.AttemptsAsync(claimed[2].Id, Cancellation)).Counted);
        Assert.Empty(await Store.AttemptsAsync(claimed[1].Id, Cancellation));
        Assert.Equal(claimed[2].Id, Assert.Single(await Store.NewsAsync(0, 10, Cancellation)).Delivery);

        Completion Complete(StoredDelivery one, Func<WebhookState, Settlement> settle) =>
            new(one.Webhook, new Lease(one.Id, one.Lease!.Value), Attempt(one.Id, 500) with { Phases = phases }, settle, PerSecond: 1);
    }

    [Fact]
    public async Task A_body_that_is_known_is_fixed_with_the_claim_and_the_others_after_it()
    {
        await OweAsync(2, "hook");
        DateTimeOffset now = Time.GetUtcNow();

        IReadOnlyList<StoredDelivery> claimed = await Store.ClaimAsync(
            [new ClaimRequest("hook", state => WebhookHealth.GrantTo(state, now, underWay: 0, 10, rate: 1e6)) { BodyOf = one => one.Id == 1 ? [1, 2, 3] : null }],
            10, now, now + LeaseTime, Cancellation);

        if (claimed[0].IsFrozen) Assert.Equal([1, 2, 3], claimed[0].Body!);
        Assert.False(claimed[1].IsFrozen);
        Assert.Equal(claimed[0].IsFrozen ? [1L] : [], await Store.FreezeAsync(claimed[0], new byte[] { 1, 2, 3 }));
        Assert.Empty(await Store.FreezeAsync(claimed[1], new byte[] { 4 }));
        Assert.Equal([1, 2, 3], (await Store.FindBodyAsync(1, Cancellation))!);
        Assert.Equal([4], (await Store.FindBodyAsync(2, Cancellation))!);
    }

    [Fact]
    public async Task A_log_that_forks_at_each_look_does_not_fill_the_disk()
    {
        PaperLog log = await BeginAsync(entries: 5);
        await Store.KeepHeadAsync(log.Id, log.Head(1), Cancellation);
        for (int i = 0; i < 80; i++) await Store.KeepHeadAsync(log.Id, log.Lie(5, Some.Numbered("tree ", i)), Cancellation);

        // The smallest, the first four of the fork, and as many as are kept of any.
        Assert.Equal(1 + 4 + 63, (await Store.UnprovenHeadsAsync(log.Id, default, Cancellation)).Count);
    }

    [Fact]
    public async Task A_session_of_somebody_whom_others_vouch_for_keeps_who_it_is()
    {
        DateTimeOffset now = Time.GetUtcNow();
        await Store.AddForeignSessionAsync([1], "https://issuer.example#42", now, now.AddHours(8), Cancellation);
        await ReopenAsync();
        Assert.Equal(new StoredSession("https://issuer.example#42", now), await Store.FindSessionAsync([1], now, TimeSpan.FromHours(1), Cancellation));
    }
}
