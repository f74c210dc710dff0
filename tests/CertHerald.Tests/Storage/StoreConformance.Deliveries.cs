using CertHerald.Deciding;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Batches;

namespace CertHerald.Tests.Storage;

/// <summary>What is owed, claimed, tried and held.</summary>
public abstract partial class StoreConformance
{
    private static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(90);

    [Fact]
    public async Task Rule_1_3_what_is_owed_is_one_delivery_a_webhook_with_a_key_fixed_at_once()
    {
        await OweAsync(2, "left", "right");

        IReadOnlyList<StoredDelivery> deliveries = await Store.DeliveriesAsync(new DeliveryFilter(), Cancellation);

        Assert.Equal([(4L, "right", 2L), (3L, "left", 2L), (2L, "right", 1L), (1L, "left", 1L)], deliveries.Select(one => (one.Id, one.Webhook, one.Subject)));
        Assert.Equal(4, deliveries.Select(delivery => delivery.Key).Distinct().Count());
        Assert.All(deliveries, delivery =>
        {
            Assert.Equal(7, Guid.ParseExact(delivery.Key, "D").Version);
            Assert.Equal((EventKinds.UnknownCertificate, DeliveryState.Pending, 0), (delivery.Kind, delivery.State, delivery.Tries));
            Assert.Equal((Time.GetUtcNow(), Time.GetUtcNow(), Time.GetUtcNow().AddSeconds(-1)), (delivery.Due, delivery.Created, delivery.HeadSeen));
            Assert.Null(delivery.Body);
            Assert.Null(delivery.FirstTried);
        });
    }

    [Fact]
    public async Task Claims_take_what_is_due_oldest_first_as_many_as_there_is_room_for_and_of_one_webhook()
    {
        await OweAsync(4, "left", "right");
        DateTimeOffset now = Time.GetUtcNow();
        // The first delivery of "left" failed and is due last.
        await FailAsync(Assert.Single(await ClaimAsync("left", 1)), now.AddMinutes(1));

        IReadOnlyList<StoredDelivery> first = await ClaimAsync("left", 2);

        Assert.Equal([3L, 5L], first.Select(one => one.Id));
        Assert.All(first, one => Assert.Equal(("left", DeliveryState.Inflight), (one.Webhook, one.State)));
        Assert.Equal([7L], (await ClaimAsync("left", 10)).Select(one => one.Id));
        Assert.Empty(await ClaimAsync("left", 10));
        Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal([1L], (await ClaimAsync("left", 10)).Select(one => one.Id));
        Assert.Empty(await ClaimAsync("nobody", 10));
    }

    [Fact]
    public async Task Deliveries_are_listed_by_webhook_state_and_subject_newest_first()
    {
        await OweAsync(8, "left", "right", "off");
        DateTimeOffset now = Time.GetUtcNow();
        foreach (string hook in (string[])["left", "right"])
        {
            foreach (DeliveryState end in (DeliveryState[])[DeliveryState.Done, DeliveryState.Dead])
                foreach (StoredDelivery claimed in await ClaimAsync(hook, 2)) await Store.CompleteAsync(claimed, new StoredAttempt(claimed.Id, now, TimeSpan.Zero, 200, "some", null, []), end, now);
            await JoinAsync(Assert.Single(await ClaimAsync(hook, 1)), 1);
            await Store.CancelDeliveryAsync((await Store.DeliveriesAsync(new DeliveryFilter(hook, DeliveryState.Pending), Cancellation))[0].Id, Cancellation);
        }
        await Store.HoldWebhookAsync("off", "maintenance", now, Cancellation);
        IReadOnlyList<StoredDelivery> all = await Store.DeliveriesAsync(new DeliveryFilter(), Cancellation);

        Assert.Equal(Enum.GetValues<DeliveryState>().Order(), all.Select(one => one.State).Distinct().Order());
        foreach (DeliveryFilter filter in
            from state in Enum.GetValues<DeliveryState>().Cast<DeliveryState?>().Append(null)
            from webhook in (string?[])[null, "left", "off", "nobody"]
            from subject in (long?[])[null, 3]
            from before in (long?[])[null, 12]
            from limit in (int[])[1, 100]
            select new DeliveryFilter(webhook, state, subject, subject is null ? null : EventKinds.UnknownCertificate, before, limit))
        {
            Assert.Equal(
                from one in all
                where (filter.Webhook is null || one.Webhook == filter.Webhook) && (filter.State is null || one.State == filter.State) && (filter.Subject is null || one.Subject == filter.Subject)
                where filter.Before is null || one.Id < filter.Before
                orderby one.Id descending
                select one.Id,
                (await Store.DeliveriesAsync(filter with { Limit = 100 }, Cancellation)).Select(one => one.Id));
            Assert.True((await Store.DeliveriesAsync(filter, Cancellation)).Count <= filter.Limit);
        }
        IReadOnlyDictionary<DeliveryState, int> counts = await Store.CountStatesAsync(3, Cancellation);
        Assert.All(Enum.GetValues<DeliveryState>(), state => Assert.Equal(Math.Min(3, all.Count(one => one.State == state)), counts[state]));
    }

    [Fact]
    public async Task The_states_of_all_webhooks_are_those_of_each()
    {
        Assert.Empty(await Store.WebhookStatesAsync(Cancellation));
        await Store.HoldWebhookAsync("off", "maintenance", Time.GetUtcNow(), Cancellation);
        await Store.ChangeWebhookAsync("paused", before => (before with { PausedUntil = Time.GetUtcNow().AddHours(1), Failures = 3 }, null), 1, Cancellation);

        IReadOnlyDictionary<string, WebhookState> states = await Store.WebhookStatesAsync(Cancellation);

        Assert.Equal(["off", "paused"], states.Keys.Order());
        foreach ((string webhook, WebhookState state) in states)
        {
            Assert.Equal(await Store.FindWebhookAsync(webhook, Cancellation), state);
            Assert.Equal(await Store.FindHoldAsync(webhook, Cancellation), state.Hold);
        }
        Assert.Equal("maintenance", states["off"].Hold);
    }

    [Fact]
    public async Task A_claim_that_expired_is_due_again_and_keeps_key_and_body()
    {
        await OweAsync(1, "hook");
        StoredDelivery claimed = Assert.Single(await ClaimAsync("hook"));
        await Store.FreezeAsync(claimed, "frozen"u8.ToArray());

        Time.Advance(LeaseTime);
        Assert.Equal(0, await Store.ReleaseExpiredAsync(Time.GetUtcNow(), Cancellation));
        Assert.Empty(await ClaimAsync("hook"));
        Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, await Store.ReleaseExpiredAsync(Time.GetUtcNow(), Cancellation));
        StoredDelivery again = Assert.Single(await ClaimAsync("hook"));

        Assert.Equal((claimed.Id, claimed.Key), (again.Id, again.Key));
        Assert.Equal("frozen"u8, again.Body!);
    }

    [Fact]
    public async Task Claims_made_at_once_never_share_a_delivery()
    {
        await OweAsync(40, "hook");
        IReadOnlyList<StoredDelivery>[] claims = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => ClaimAsync("hook", 3)));
        Assert.Equal(40, claims.Sum(claim => claim.Count));
        Assert.Equal(40, claims.SelectMany(claim => claim).Select(one => one.Id).Distinct().Count());
    }

    [Fact]
    public async Task A_body_is_frozen_once()
    {
        await OweAsync(1, "hook");
        StoredDelivery claimed = Assert.Single(await ClaimAsync("hook"));
        Assert.Empty(await Store.FreezeAsync(claimed, "first"u8.ToArray()));
        Assert.Equal([1L], await Store.FreezeAsync(claimed, "second"u8.ToArray()));
        Assert.Equal("first"u8.ToArray(), (await DeliveryAsync(1)).Body);
    }

    [Fact]
    public async Task Attempts_are_kept_in_order_with_all_they_say_and_only_some_count()
    {
        await OweAsync(1, "hook");
        DateTimeOffset now = Time.GetUtcNow();
        StoredAttempt[] attempts =
        [
            new(1, now, TimeSpan.FromMilliseconds(1.5), null, "dns", "no such host", []),
            new(1, now.AddSeconds(1), TimeSpan.FromSeconds(15), null, "timeout", null, []),
            new(1, now.AddSeconds(2), TimeSpan.FromMilliseconds(20), 503, "status", null, "busy"u8.ToArray())
            {
                Phases = new AttemptPhases(
                    TimeSpan.FromMilliseconds(0.5), TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(4), TimeSpan.FromMilliseconds(12), TimeSpan.FromMilliseconds(2.5), "2001:db8::1"),
            },
        ];

        await Store.CompleteAsync(Assert.Single(await ClaimAsync("hook")), attempts[0], DeliveryState.Pending, now, counted: false);
        Assert.Equal((DeliveryState.Pending, 0, now), ((await DeliveryAsync(1)).State, (await DeliveryAsync(1)).Tries, (await DeliveryAsync(1)).FirstTried!.Value));
        await Store.CompleteAsync(Assert.Single(await ClaimAsync("hook")), attempts[1], DeliveryState.Pending, now);
        await Store.CompleteAsync(Assert.Single(await ClaimAsync("hook")), attempts[2], DeliveryState.Dead, now.AddSeconds(3));

        StoredDelivery delivery = await DeliveryAsync(1);
        Assert.Equal((DeliveryState.Dead, 2, now, now.AddSeconds(3)), (delivery.State, delivery.Tries, delivery.FirstTried!.Value, delivery.Due));
        IReadOnlyList<StoredAttempt> stored = await Store.AttemptsAsync(1, Cancellation);
        Assert.Equal(attempts.Select(Plain), stored.Select(Plain));
        Assert.Equal([false, true, true], stored.Select(attempt => attempt.Counted));
        Assert.Equal("busy"u8, stored[2].Answer);
        Assert.Empty(await Store.AttemptsAsync(2, Cancellation));

        static string Plain(StoredAttempt attempt) => (attempt with { Answer = [], Counted = true }).ToString();
    }

    [Fact]
    public async Task T17_Rule_2_3_a_worker_whose_claim_was_lost_changes_nothing()
    {
        await OweAsync(1, "hook");
        StoredDelivery stale = Assert.Single(await ClaimAsync("hook"));
        Time.Advance(LeaseTime + TimeSpan.FromMilliseconds(1));
        await Store.ReleaseExpiredAsync(Time.GetUtcNow(), Cancellation);

        // Not yet claimed again, then claimed by another, then done: the claim of before never counts.
        Assert.Null(await Store.CompleteAsync(stale, Attempt(1, 500), DeliveryState.Dead, Time.GetUtcNow()));
        StoredDelivery fresh = Assert.Single(await ClaimAsync("hook"));
        Assert.NotEqual(stale.Lease, fresh.Lease);
        Assert.Null(await Store.CompleteAsync(stale, Attempt(1, 500), DeliveryState.Dead, Time.GetUtcNow()));
        Assert.Equal([1L], await Store.FreezeAsync(stale, "late"u8.ToArray()));
        await Store.RenewAsync([new Lease(1, stale.Lease!.Value)], Time.GetUtcNow().AddDays(1), Cancellation);
        await Store.ReleaseAsync([new Lease(1, stale.Lease!.Value)], Cancellation);
        Assert.Equal(DeliveryState.Inflight, (await DeliveryAsync(1)).State);
        Assert.Equal(DeliveryState.Done, (await Store.CompleteAsync(fresh, Attempt(1, 200), DeliveryState.Done, Time.GetUtcNow()))!.State);
        Assert.Null(await Store.CompleteAsync(stale, Attempt(1, 500), DeliveryState.Pending, Time.GetUtcNow()));

        Assert.Equal((DeliveryState.Done, 1), ((await DeliveryAsync(1)).State, (await DeliveryAsync(1)).Tries));
        Assert.Equal(200, Assert.Single(await Store.AttemptsAsync(1, Cancellation)).Status);
        Assert.Empty(await ClaimAsync("hook"));
    }

    [Fact]
    public async Task E4_Rule_3_4_a_claim_that_is_renewed_does_not_expire_and_one_given_back_is_due_at_once()
    {
        await OweAsync(2, "hook");
        IReadOnlyList<StoredDelivery> claimed = await ClaimAsync("hook");
        Time.Advance(TimeSpan.FromSeconds(80));
        await Store.RenewAsync([new Lease(claimed[0].Id, claimed[0].Lease!.Value)], Time.GetUtcNow() + LeaseTime, Cancellation);
        Time.Advance(TimeSpan.FromSeconds(20));

        Assert.Equal(1, await Store.ReleaseExpiredAsync(Time.GetUtcNow(), Cancellation));
        Assert.Equal([2L], (await ClaimAsync("hook")).Select(one => one.Id));
        await Store.ReleaseAsync([new Lease(claimed[0].Id, claimed[0].Lease!.Value)], Cancellation);
        Assert.Equal([1L], (await ClaimAsync("hook")).Select(one => one.Id));
    }

    [Fact]
    public async Task A_hold_stops_what_is_open_and_what_comes_until_it_is_released()
    {
        PaperLog log = await OweAsync(2, "hook", "other");
        StoredDelivery tried = Assert.Single(await ClaimAsync("hook", 1));
        await FailAsync(tried, Time.GetUtcNow().AddMinutes(1));

        await Store.HoldWebhookAsync("hook", "gone", Time.GetUtcNow(), Cancellation);
        await OweMoreAsync(log, "hook", "other");

        Assert.Equal("gone", await Store.FindHoldAsync("hook", Cancellation));
        Assert.Null(await Store.FindHoldAsync("other", Cancellation));
        Assert.Equal(3, (await Store.DeliveriesAsync(new DeliveryFilter("hook", DeliveryState.Held), Cancellation)).Count);
        Time.Advance(TimeSpan.FromDays(30));
        Assert.Empty(await ClaimAsync("hook"));
        Assert.Equal(3, (await ClaimAsync("other")).Count);

        await Store.HoldWebhookAsync("hook", null, Time.GetUtcNow(), Cancellation);

        Assert.Null(await Store.FindHoldAsync("hook", Cancellation));
        IReadOnlyList<StoredDelivery> released = await ClaimAsync("hook");
        Assert.Equal([1L, 3L, 5L], released.Select(one => one.Id));
        Assert.All(released, one => Assert.Equal((0, null, Time.GetUtcNow()), (one.Tries, one.FirstTried, one.Due)));
        Assert.Equal(tried.Key, released[0].Key);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_was_under_way_when_its_webhook_was_held_is_held_when_it_comes_back(bool byRestart)
    {
        await OweAsync(1, "hook");
        StoredDelivery underWay = Assert.Single(await ClaimAsync("hook"));
        await Store.HoldWebhookAsync("hook", "gone", Time.GetUtcNow(), Cancellation);

        if (byRestart) await ReopenAfterKillAsync();
        else await FailAsync(underWay, Time.GetUtcNow().AddSeconds(30));

        Assert.Equal(DeliveryState.Held, (await DeliveryAsync(1)).State);
        Time.Advance(TimeSpan.FromHours(1));
        Assert.Empty(await ClaimAsync("hook"));
        Assert.Null(await Store.OldestDueAsync(Cancellation));
    }

    [Fact]
    public async Task A_held_webhooks_delivery_that_arrived_after_all_is_done()
    {
        await OweAsync(1, "hook");
        StoredDelivery claimed = Assert.Single(await ClaimAsync("hook"));
        await Store.HoldWebhookAsync("hook", "gone", Time.GetUtcNow(), Cancellation);
        await Store.CompleteAsync(claimed, Attempt(1, 200), DeliveryState.Done, Time.GetUtcNow());
        Assert.Equal(DeliveryState.Done, (await DeliveryAsync(1)).State);
    }

    [Fact]
    public async Task The_oldest_due_moment_is_that_of_open_deliveries_only()
    {
        Assert.Null(await Store.OldestDueAsync(Cancellation));
        PaperLog log = await OweAsync(1, "hook");
        DateTimeOffset first = Time.GetUtcNow();
        Time.Advance(TimeSpan.FromMinutes(5));
        await OweMoreAsync(log, "hook");

        Assert.Equal(first, await Store.OldestDueAsync(Cancellation));
        StoredDelivery claimed = Assert.Single(await ClaimAsync("hook", 1));
        Assert.Equal(first, await Store.OldestDueAsync(Cancellation));
        await Store.CompleteAsync(claimed, Attempt(1, 200), DeliveryState.Done, first);
        Assert.Equal(Time.GetUtcNow(), await Store.OldestDueAsync(Cancellation));
    }

    [Fact]
    public async Task Deliveries_are_listed_by_what_is_asked_for()
    {
        PaperLog log = await OweAsync(3, "left", "right");
        Batch batch = NextBatch(log);
        await CommitAsync(log, batch, Some.Unknown(Some.Malformed(batch.Raw, 0), "left"));
        await Store.CompleteAsync(Assert.Single(await ClaimAsync("left", 1)), Attempt(1, 200), DeliveryState.Done, Time.GetUtcNow());

        Assert.Equal([7L, 5, 3, 1], await IdsAsync(new DeliveryFilter("left")));
        Assert.Equal([1L], await IdsAsync(new DeliveryFilter(State: DeliveryState.Done)));
        Assert.Equal([7L, 2, 1], await IdsAsync(new DeliveryFilter(Subject: 1)));
        Assert.Equal([7L], await IdsAsync(new DeliveryFilter(Subject: 1, Kind: EventKinds.MalformedCertificate)));
        Assert.Equal([4L, 3], await IdsAsync(new DeliveryFilter(Before: 5, Limit: 2)));
        Assert.Empty(await IdsAsync(new DeliveryFilter("left' OR 1=1 --")));

        async Task<IEnumerable<long>> IdsAsync(DeliveryFilter filter) => (await Store.DeliveriesAsync(filter, Cancellation)).Select(one => one.Id);
    }

    [Fact]
    public async Task A_restart_keeps_everything()
    {
        PaperLog log = await OweAsync(3, "hook", "gone");
        await Store.KeepHeadAsync(log.Id, log.Head(), Cancellation);
        log.Add("unproven");
        Batch disputed = log.Read(3, 4, log.Lie());
        await CommitAsync(log, disputed, Some.Unknown(Some.Malformed(disputed.Raw, 0), "hook"));
        StoredDelivery claimed = Assert.Single(await ClaimAsync("hook", 1));
        await Store.FreezeAsync(claimed, "frozen"u8.ToArray());
        await FailAsync(claimed, Time.GetUtcNow().AddMinutes(1));
        await Store.HoldWebhookAsync("gone", "410", Time.GetUtcNow(), Cancellation);
        await Store.AddSessionAsync([7], Time.GetUtcNow(), Time.GetUtcNow().AddHours(8), Cancellation);
        string before = await EverythingAsync();

        await ReopenAsync();

        Assert.Equal(before, await EverythingAsync());
        Assert.Equal(LogPosition.At(log.FrontierAt(3)), await PositionAsync(log));
        Assert.Equal("410", await Store.FindHoldAsync("gone", Cancellation));
        Assert.True(await Store.TouchSessionAsync([7], Time.GetUtcNow(), TimeSpan.FromHours(1), Cancellation));
    }

    [Fact]
    public async Task What_was_under_way_at_the_end_of_a_process_is_due_in_the_next_with_the_same_key_and_bytes()
    {
        await OweAsync(1, "hook");
        StoredDelivery underWay = Assert.Single(await ClaimAsync("hook"));
        await Store.FreezeAsync(underWay, "frozen"u8.ToArray());

        await ReopenAfterKillAsync();

        StoredDelivery again = Assert.Single(await ClaimAsync("hook"));
        Assert.Equal((underWay.Id, underWay.Key), (again.Id, again.Key));
        Assert.Equal("frozen"u8, again.Body!);
    }

    private protected async Task ReopenAsync()
    {
        await Store.DisposeAsync();
        Store = Open();
    }

    /// <summary>Opens the store anew, and does what ends the claims of a process that did not give them back.</summary>
    private protected virtual Task ReopenAfterKillAsync() => ReopenAsync();

    /// <summary>Begins a log whose entries, one after the other, are owed to these webhooks.</summary>
    private protected async Task<PaperLog> OweAsync(int issuances, params string[] webhooks)
    {
        PaperLog log = await BeginAsync();
        for (int i = 0; i < issuances; i++) await OweMoreAsync(log, webhooks);
        return log;
    }

    private protected async Task OweMoreAsync(PaperLog log, params string[] webhooks)
    {
        Batch batch = NextBatch(log);
        await CommitAsync(log, batch, Some.Unknown(Some.Match(batch.Raw, 0, Some.Facts(Some.Numbered("issuance ", (int)log.Size))), webhooks));
    }

    private static Batch NextBatch(PaperLog log)
    {
        log.Add(Some.Numbered("entry ", (int)log.Size));
        return log.Read(log.Size - 1, log.Size);
    }

    private protected Task<IReadOnlyList<StoredDelivery>> ClaimAsync(string webhook, int room = 100) =>
        Store.ClaimDueAsync(webhook, room, Time.GetUtcNow(), Time.GetUtcNow() + LeaseTime, Cancellation);

    private protected async Task<StoredDelivery> DeliveryAsync(long id) =>
        (await Store.DeliveriesAsync(new DeliveryFilter(Limit: 1_000), Cancellation)).Single(one => one.Id == id);

    private Task<Settlement?> FailAsync(StoredDelivery delivery, DateTimeOffset due) =>
        Store.CompleteAsync(delivery, Attempt(delivery.Id, 500), DeliveryState.Pending, due);

    private StoredAttempt Attempt(long delivery, int status) =>
        new(delivery, Time.GetUtcNow(), TimeSpan.FromMilliseconds(12), status, status == 200 ? "delivered" : "status", null, []);
}
