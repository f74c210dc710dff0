using CertHerald.Storage;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Storage;

/// <summary>What is sent again, called off, or forgotten; and the machine of states against a model.</summary>
public abstract partial class StoreConformance
{
    [Fact]
    public async Task E9_Rule_7_1_what_ended_is_replayed_with_its_key_and_bytes_and_a_dry_run_only_counts()
    {
        await OweAsync(3, "hook");
        DateTimeOffset created = Time.GetUtcNow();
        await EndAsync(DeliveryState.Done, DeliveryState.Dead, DeliveryState.Pending);
        StoredDelivery done = await DeliveryAsync(1), dead = await DeliveryAsync(2);
        Time.Advance(TimeSpan.FromHours(1));

        ReplayCount count = await Store.CountReplayAsync(new ReplayFilter(From: created, Until: created.AddSeconds(1)), Cancellation);
        Assert.Equal(new ReplayCount(3, created, created, 3), count);
        Assert.Equal(3, (await Store.DeliveriesAsync(new DeliveryFilter(), Cancellation)).Count);

        ReplayPart part = await ReplayAsync(new ReplayFilter(), count.LastId);
        Assert.Equal((2, 1, 0, 0), (part.Replayed, part.Hastened, part.Held, part.UnderWay));
        StoredDelivery again = await DeliveryAsync(4), reopened = await DeliveryAsync(2);
        Assert.Equal((done.Key, DeliveryState.Pending, 0, 1, created), (again.Key, again.State, again.Tries, again.Replay, again.Created));
        Assert.Equal(done.Body, again.Body!);
        Assert.Equal((dead.Key, DeliveryState.Pending, 0, null), (reopened.Key, reopened.State, reopened.Tries, reopened.FirstTried));
        Assert.Equal(dead.Body, reopened.Body!);
        Assert.Equal(Time.GetUtcNow(), (await DeliveryAsync(3)).Due);

        // 7.2: asked a second time, nothing is doubled.
        part = await ReplayAsync(new ReplayFilter(), (await Store.CountReplayAsync(new ReplayFilter(), Cancellation)).LastId);
        Assert.Equal((0, 3), (part.Replayed, part.Hastened));
        Assert.Equal((0, 1), ((await ReplayAsync(new ReplayFilter([1]), 4)).Replayed, (await ReplayAsync(new ReplayFilter([1]), 4)).Hastened));
        Assert.Equal(4, (await Store.DeliveriesAsync(new DeliveryFilter(), Cancellation)).Count);
    }

    [Fact]
    public async Task E9_Rule_7_2_what_waits_is_due_now_and_not_doubled_however_often_it_is_asked_for()
    {
        await OweAsync(1, "hook");
        await FailAsync(Assert.Single(await ClaimAsync("hook")), Time.GetUtcNow().AddHours(6));
        StoredDelivery waiting = await DeliveryAsync(1);

        for (int i = 0; i < 2; i++)
        {
            ReplayPart part = await ReplayAsync(new ReplayFilter([1]), 100);
            Assert.Equal((0, 1), (part.Replayed, part.Hastened));
        }
        StoredDelivery now = Assert.Single(await Store.DeliveriesAsync(new DeliveryFilter(), Cancellation));
        Assert.Equal((waiting.Id, waiting.Key, waiting.Tries, Time.GetUtcNow()), (now.Id, now.Key, now.Tries, now.Due));
    }

    [Fact]
    public async Task E9_Rule_7_1_as_new_has_a_new_key_and_the_same_bytes()
    {
        await OweAsync(2, "hook");
        await EndAsync(DeliveryState.Done, DeliveryState.Dead);
        ReplayPart part = await Store.ReplayAsync(new ReplayFilter(), 0, 2, 10, asNew: true, (_, _) => Time.GetUtcNow(), Cancellation);

        Assert.Equal(2, part.Replayed);
        IReadOnlyList<StoredDelivery> all = await Store.DeliveriesAsync(new DeliveryFilter(), Cancellation);
        Assert.Equal(4, all.Select(one => one.Key).Distinct().Count());
        Assert.Equal(all.Single(one => one.Id == 1).Body, all.Single(one => one.Subject == 1 && one.Id > 2).Body!);
        Assert.Equal(DeliveryState.Dead, (await DeliveryAsync(2)).State);
    }

    [Fact]
    public async Task E9_Rule_7_1_filters_take_the_dead_the_held_and_what_was_never_delivered()
    {
        PaperLog log = await OweAsync(4, "hook");
        await EndAsync(DeliveryState.Done, DeliveryState.Dead, DeliveryState.Pending, DeliveryState.Dead);
        await ReplayAsync(new ReplayFilter([4]), 4);
        StoredDelivery replayed = (await ClaimAsync("hook")).Single(one => one.Id == 4);
        await Store.CompleteAsync(replayed, Attempt(4, 200), DeliveryState.Done, Time.GetUtcNow());
        await Store.HoldWebhookAsync("other", "off", Time.GetUtcNow(), Cancellation);
        await OweMoreAsync(log, "other");

        Assert.Equal(1, await CountAsync(new ReplayFilter(Of: ReplayOf.Dead)));
        Assert.Equal(1, await CountAsync(new ReplayFilter(Of: ReplayOf.Held)));
        Assert.Equal(3, await CountAsync(new ReplayFilter(Of: ReplayOf.Undelivered)));
        Assert.Equal(2, await CountAsync(new ReplayFilter(Webhook: "hook", Of: ReplayOf.Undelivered)));
        Assert.Equal(0, await CountAsync(new ReplayFilter(Until: Time.GetUtcNow())));
        ReplayPart part = await ReplayAsync(new ReplayFilter(Of: ReplayOf.Held), 100);
        Assert.Equal((0, 1), (part.Replayed, part.Held));
        Assert.Equal(DeliveryState.Held, (await DeliveryAsync(5)).State);

        async Task<long> CountAsync(ReplayFilter filter) => (await Store.CountReplayAsync(filter, Cancellation)).Count;
    }

    [Fact]
    public async Task T29_a_replay_in_parts_skips_none_and_repeats_none_while_rows_arrive()
    {
        PaperLog log = await OweAsync(9, "hook");
        await EndAsync([.. Enumerable.Repeat(DeliveryState.Done, 9)]);
        ReplayCount count = await Store.CountReplayAsync(new ReplayFilter(), Cancellation);
        var due = new List<DateTimeOffset>();
        int replayed = 0;
        for (long? after = 0; after is { } from;)
        {
            ReplayPart part = await Store.ReplayAsync(new ReplayFilter(), from, count.LastId, 2, false, (_, _) => { due.Add(Time.GetUtcNow()); return due[^1]; }, Cancellation);
            replayed += part.Replayed;
            after = part.After;
            await OweMoreAsync(log, "hook");
        }

        Assert.Equal(9, replayed);
        IReadOnlyList<StoredDelivery> all = await Store.DeliveriesAsync(new DeliveryFilter(Limit: 1_000), Cancellation);
        Assert.Equal(Enumerable.Range(1, 9).Select(i => (long)i), all.Where(one => one.Replay == 1).Select(one => one.Subject).Order());
        Assert.DoesNotContain(all, one => one.Replay > 1);
    }

    [Fact]
    public async Task What_waits_or_is_held_can_be_called_off_and_nothing_else()
    {
        await OweAsync(3, "hook");
        await EndAsync(DeliveryState.Done);
        StoredDelivery underWay = Assert.Single(await ClaimAsync("hook", 1));
        Assert.False(await Store.CancelDeliveryAsync(1, Cancellation));
        Assert.False(await Store.CancelDeliveryAsync(underWay.Id, Cancellation));
        Assert.False(await Store.CancelDeliveryAsync(99, Cancellation));
        Assert.True(await Store.CancelDeliveryAsync(3, Cancellation));
        Assert.Equal(DeliveryState.Cancelled, (await DeliveryAsync(3)).State);
        Assert.Empty(await ClaimAsync("hook"));
        Assert.Equal(1, (await ReplayAsync(new ReplayFilter([3]), 3)).Replayed);
        Assert.Equal([3L], (await ClaimAsync("hook")).Select(one => one.Id));
    }

    [Fact]
    public async Task Rule_6_4_what_ended_or_is_held_is_deleted_when_it_is_old_with_its_attempts_and_nothing_else()
    {
        PaperLog log = await OweAsync(4, "hook");
        await EndAsync(DeliveryState.Done, DeliveryState.Dead, DeliveryState.Pending);
        await Store.HoldWebhookAsync("held", "off", Time.GetUtcNow(), Cancellation);
        await OweMoreAsync(log, "held");
        Time.Advance(TimeSpan.FromDays(91));
        await OweMoreAsync(log, "hook", "held");
        DateTimeOffset old = Time.GetUtcNow().AddDays(-90);

        Assert.Equal(2, await Store.CountExpiringAsync(old, Cancellation));
        Assert.Equal(2, await Store.DeleteDeliveriesAsync(old, 2, Cancellation));
        Assert.Equal(1, await Store.DeleteDeliveriesAsync(old, 2, Cancellation));
        Assert.Equal(0, await Store.DeleteDeliveriesAsync(old, 2, Cancellation));
        Assert.Equal([3L, 4, 6, 7], (await Store.DeliveriesAsync(new DeliveryFilter(), Cancellation)).Select(one => one.Id).Order());
        Assert.Empty(await Store.AttemptsAsync(1, Cancellation));
        Assert.Single(await Store.AttemptsAsync(3, Cancellation));
    }

    [Fact]
    public async Task Rule_6_4_what_is_old_and_was_replayed_into_a_hold_stays()
    {
        await OweAsync(1, "hook");
        await EndAsync(DeliveryState.Dead);
        await Store.HoldWebhookAsync("hook", "off", Time.GetUtcNow(), Cancellation);
        Time.Advance(TimeSpan.FromDays(91));
        await ReplayAsync(new ReplayFilter([1]), 1);
        Assert.Equal(DeliveryState.Held, (await DeliveryAsync(1)).State);

        DateTimeOffset old = Time.GetUtcNow().AddDays(-90);
        Assert.Equal(0, await Store.CountExpiringAsync(old, Cancellation));
        Assert.Equal(0, await Store.DeleteDeliveriesAsync(old, 10, Cancellation));
    }

    [Fact]
    public async Task What_is_taken_back_for_anothers_mistake_and_run_again_happens_once()
    {
        await OweAsync(3, "hook");
        await EndAsync(DeliveryState.Done, DeliveryState.Dead, DeliveryState.Done);
        await Store.AddWebhookAsync(Secretive(), Cancellation);
        var places = new List<int>();
        ReplayPart part = await RunTwiceAsync(() => Store.ReplayAsync(
            new ReplayFilter(), 0, 3, 10, asNew: false, (_, before) => { places.Add(before); return Time.GetUtcNow().AddSeconds(before); }, Cancellation));
        Assert.Equal([0, 1, 2], places.TakeLast(3));
        Assert.Equal((3, 3), (part.Replayed, part.Placed["hook"]));

        Assert.True(await RunTwiceAsync(() => Store.AddKeyAsync(besideOld: true, Cancellation)));
        Assert.Equal(4, await RunTwiceAsync(() => Store.EncryptAnewAsync(10, Cancellation)));
        Assert.Equal(1, await RunTwiceAsync(() => Store.DropOldKeysAsync(Cancellation)));
        Assert.Single(await Store.AddedWebhooksAsync(Cancellation));
    }

    [Fact]
    public async Task A_body_that_is_not_there_is_none() => Assert.Null(await Store.FindBodyAsync(99, Cancellation));

    [Fact]
    public async Task News_of_one_kind_are_one_row_until_they_are_told()
    {
        await OweAsync(2, "hook");
        foreach (StoredDelivery claimed in await ClaimAsync("hook"))
            await Store.CompleteAsync(
                [new Completion(
                    "hook", new Lease(claimed.Id, claimed.Lease!.Value), Attempt(claimed.Id, 500),
                    state => new Settlement(DeliveryState.Dead, Time.GetUtcNow(), true, state) { News = [new DeliveryNews(DeliveryNewsKinds.Dead, $"Delivery {claimed.Id}")] }, 1)],
                Cancellation);
        StoredNews news = Assert.Single(await Store.NewsAsync(0, 10, Cancellation));
        Assert.Equal(("hook", "delivery.dead", 1L, "Delivery 2", 2, null), (news.Webhook, news.Kind, news.Delivery, news.Detail, news.Cases, news.Told));
    }

    [Fact]
    public async Task Rule_3_1_claims_are_shared_by_webhooks_in_their_order_and_each_gets_no_more_than_it_is_granted()
    {
        await OweAsync(5, "left", "right");
        DateTimeOffset now = Time.GetUtcNow();
        IReadOnlyList<StoredDelivery> claimed = await Store.ClaimAsync(
            [Asking("left", 2), Asking("nobody", 2), Asking("right", 9)], 6, now, now + LeaseTime, Cancellation);
        Assert.Equal(["left", "left", "right", "right", "right", "right"], claimed.Select(one => one.Webhook));
        Assert.Single(claimed.Select(one => one.Lease).Distinct());
        Assert.Equal([("left", false), ("right", false)], (await Store.OpenWebhooksAsync(now, Cancellation)).Select(one => (one.Webhook, one.IsProbe)));

        static ClaimRequest Asking(string webhook, int atMost) => new(webhook, state => new Grant(atMost, _ => state));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task E20_any_sequence_of_operations_leaves_every_delivery_in_the_state_that_a_model_says(int seed)
    {
        var random = new Random(seed);
        PaperLog log = await BeginAsync();
        string[] webhooks = ["left", "right"];
        var isHeld = new Dictionary<string, bool> { ["left"] = false, ["right"] = false };
        var model = new SortedDictionary<long, Row>();
        var claims = new List<StoredDelivery>();
        var keys = new Dictionary<long, string>();
        for (int step = 0; step < 250; step++)
        {
            string webhook = webhooks[random.Next(2)];
            DateTimeOffset now = Time.GetUtcNow();
            switch (random.Next(12))
            {
                case 0 or 1:
                    await OweMoreAsync(log, webhooks);
                    foreach (StoredDelivery owed in (await Store.DeliveriesAsync(new DeliveryFilter(Limit: 2), Cancellation)).Reverse())
                        model[owed.Id] = new Row(owed.Webhook, isHeld[owed.Webhook] ? DeliveryState.Held : DeliveryState.Pending, now);
                    break;
                case 2 or 3 or 4:
                    IReadOnlyList<StoredDelivery> claimed = await Store.ClaimAsync(
                        [new ClaimRequest(webhook, state => state.Status == WebhookStatus.Active ? new Grant(2, _ => state) : Grant.None)], 2, now, now + LeaseTime, Cancellation);
                    long[] expected = [.. model.Where(row => row.Value.Webhook == webhook && row.Value.State == DeliveryState.Pending && row.Value.Due <= now)
                        .OrderBy(row => row.Value.Due).ThenBy(row => row.Key).Take(2).Select(row => row.Key)];
                    Assert.Equal(expected, claimed.Select(one => one.Id));
                    foreach (StoredDelivery one in claimed) model[one.Id] = model[one.Id] with { State = DeliveryState.Inflight, Lease = one.Lease, Until = now + LeaseTime };
                    claims.AddRange(claimed);
                    break;
                case 5 or 6 or 7 when claims.Count > 0:
                    StoredDelivery claim = claims[random.Next(claims.Count)];
                    DeliveryState to = (DeliveryState[])[DeliveryState.Done, DeliveryState.Pending, DeliveryState.Dead] is var ends ? ends[random.Next(3)] : default;
                    bool isOurs = model[claim.Id] is { State: DeliveryState.Inflight } row && row.Lease == claim.Lease;
                    Settlement? settled = await Store.CompleteAsync(claim, Attempt(claim.Id, 500), to, now.AddSeconds(30));
                    Assert.Equal(isOurs, settled is not null);
                    if (isOurs)
                        model[claim.Id] = model[claim.Id] with
                        {
                            State = to == DeliveryState.Pending && isHeld[claim.Webhook] ? DeliveryState.Held : to,
                            Tries = model[claim.Id].Tries + 1,
                            Lease = null,
                            Due = now.AddSeconds(30),
                        };
                    break;
                case 8:
                    bool hold = !isHeld[webhook];
                    await Store.HoldWebhookAsync(webhook, hold ? "off" : null, now, Cancellation);
                    isHeld[webhook] = hold;
                    foreach ((long id, Row one) in model.Where(row => row.Value.Webhook == webhook).ToList())
                        if (hold && one.State == DeliveryState.Pending) model[id] = one with { State = DeliveryState.Held };
                        else if (!hold && one.State == DeliveryState.Held) model[id] = one with { State = DeliveryState.Pending, Tries = 0, Due = now };
                    break;
                case 9:
                    Time.Advance(TimeSpan.FromSeconds(random.Next(1, 60)));
                    int expired = await Store.ReleaseExpiredAsync(Time.GetUtcNow(), Cancellation);
                    Assert.Equal(expired, ReleaseInModel(one => one.Until < Time.GetUtcNow()));
                    break;
                case 10 when model.Count > 0:
                    long chosen = model.Keys.ElementAt(random.Next(model.Count));
                    bool canCancel = model[chosen].State is DeliveryState.Pending or DeliveryState.Held;
                    if (random.Next(2) == 0)
                    {
                        Assert.Equal(canCancel, await Store.CancelDeliveryAsync(chosen, Cancellation));
                        if (canCancel) model[chosen] = model[chosen] with { State = DeliveryState.Cancelled, Due = now };
                    }
                    else if (model[chosen].State is DeliveryState.Dead or DeliveryState.Cancelled)
                    {
                        await ReplayAsync(new ReplayFilter([chosen]), long.MaxValue);
                        model[chosen] = model[chosen] with { State = isHeld[model[chosen].Webhook] ? DeliveryState.Held : DeliveryState.Pending, Tries = 0, Due = now };
                    }
                    break;
                case 11 when random.Next(4) == 0:
                    await ReopenAfterKillAsync();
                    ReleaseInModel(_ => true);
                    break;
            }

            IReadOnlyList<StoredDelivery> all = await Store.DeliveriesAsync(new DeliveryFilter(Limit: 1_000), Cancellation);
            Assert.Equal(
                model.Select(row => (row.Key, row.Value.Webhook, row.Value.State, row.Value.Tries, row.Value.Due, row.Value.Lease)),
                all.OrderBy(one => one.Id).Select(one => (one.Id, one.Webhook, one.State, one.Tries, one.Due, one.Lease)));
            foreach (StoredDelivery one in all)
                if (!keys.TryAdd(one.Id, one.Key))
                    Assert.Equal(keys[one.Id], one.Key);
        }
        Assert.True(model.Count > 10, "the sequence did something");

        int ReleaseInModel(Func<Row, bool> which)
        {
            List<KeyValuePair<long, Row>> released = [.. model.Where(row => row.Value.State == DeliveryState.Inflight && which(row.Value))];
            foreach ((long id, Row one) in released)
                model[id] = one with { State = isHeld[one.Webhook] ? DeliveryState.Held : DeliveryState.Pending, Lease = null };
            return released.Count;
        }
    }

    /// <summary>Freezes and ends the oldest deliveries of "hook", each in its way.</summary>
    private async Task EndAsync(params DeliveryState[] states)
    {
        foreach (DeliveryState state in states)
        {
            StoredDelivery claimed = Assert.Single(await ClaimAsync("hook", 1));
            await Store.FreezeAsync(claimed, System.Text.Encoding.UTF8.GetBytes($"body {claimed.Id}"));
            await Store.CompleteAsync(claimed, Attempt(claimed.Id, 500), state, state == DeliveryState.Pending ? Time.GetUtcNow().AddDays(200) : Time.GetUtcNow());
        }
    }

    /// <summary>Runs a write whose transaction is taken back once, through no mistake of its own.</summary>
    private protected abstract Task<T> RunTwiceAsync<T>(Func<Task<T>> write);

    private Task<ReplayPart> ReplayAsync(ReplayFilter filter, long last) =>
        Store.ReplayAsync(filter, 0, last, 1_000, asNew: false, (_, _) => Time.GetUtcNow(), Cancellation);

    private sealed record Row(string Webhook, DeliveryState State, DateTimeOffset Due)
    {
        public int Tries { get; init; }

        public long? Lease { get; init; }

        public DateTimeOffset Until { get; init; }
    }
}
