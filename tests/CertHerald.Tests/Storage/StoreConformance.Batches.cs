using CertHerald.Deciding;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Batches;

namespace CertHerald.Tests.Storage;

/// <summary>Deliveries that the body of another one carries.</summary>
public abstract partial class StoreConformance
{
    [Fact]
    public async Task M16_what_is_joined_is_due_untried_and_of_the_same_webhook_and_is_not_claimed()
    {
        await OweAsync(4, "left", "right");
        StoredDelivery tried = Assert.Single(await ClaimAsync("left", 1)), carrier = Assert.Single(await ClaimAsync("left", 1));
        await FailAsync(tried, Time.GetUtcNow());

        IReadOnlyList<JoinedDelivery> joined = await JoinAsync(carrier, 100);

        Assert.Equal([1L, 3L, 5L, 7L], joined.Select(one => one.Id).Append(carrier.Id).Append(tried.Id).Distinct().Order());
        Assert.DoesNotContain(joined, one => one.Id == tried.Id || one.Id == carrier.Id);
        Assert.Equal(joined.OrderBy(one => one.Id), await Store.JoinedAsync(carrier.Id, Cancellation));
        Assert.Equal(tried.Id, Assert.Single(await ClaimAsync("left", 10)).Id);
        Assert.Empty(await JoinAsync(carrier with { Lease = 7 }, 100));
        Assert.Equal(4, (await ClaimAsync("right", 10)).Count);
    }

    [Fact]
    public async Task Deliveries_are_counted_by_state_each_up_to_a_bound()
    {
        await OweAsync(5, "left", "right");
        StoredDelivery done = Assert.Single(await ClaimAsync("left", 1)), carrier = Assert.Single(await ClaimAsync("left", 1));
        await Store.CompleteAsync(done, Attempt(done.Id, 200), DeliveryState.Done, Time.GetUtcNow());
        await JoinAsync(carrier, 2);

        foreach (int most in (int[])[1, 3, 100])
        {
            IReadOnlyDictionary<DeliveryState, int> counts = await Store.CountStatesAsync(most, Cancellation);
            Assert.Equal(
                [(DeliveryState.Pending, Math.Min(6, most)), (DeliveryState.Inflight, 1), (DeliveryState.Done, 1), (DeliveryState.Dead, 0), (DeliveryState.Held, 0), (DeliveryState.Cancelled, 0), (DeliveryState.Joined, Math.Min(2, most))],
                counts.OrderBy(one => one.Key).Select(one => (one.Key, one.Value)));
        }
    }

    [Theory]
    [InlineData("done")]
    [InlineData("dead")]
    public async Task M16_what_is_joined_ends_with_its_carrier(string name)
    {
        DeliveryState end = Enum.Parse<DeliveryState>(name, ignoreCase: true);
        StoredDelivery carrier = await CarryAsync(3);
        await Store.FreezeAsync(carrier, "all three"u8.ToArray());

        await Store.CompleteAsync(carrier, Attempt(carrier.Id, 500), end, Time.GetUtcNow().AddSeconds(5));

        Assert.All(await Store.DeliveriesAsync(new DeliveryFilter(), Cancellation), one => Assert.Equal((end, 1, Time.GetUtcNow().AddSeconds(5)), (one.State, one.Tries, one.Due)));
    }

    [Fact]
    public async Task M16_while_its_carrier_waits_what_is_joined_waits_and_stays_with_it_over_a_restart()
    {
        StoredDelivery carrier = await CarryAsync(3);
        await Store.FreezeAsync(carrier, "all three"u8.ToArray());
        await FailAsync(carrier, Time.GetUtcNow());
        await ReopenAsync();

        StoredDelivery again = Assert.Single(await ClaimAsync("hook", 10));

        Assert.Equal((carrier.Id, true), (again.Id, again.IsFrozen));
        Assert.Equal(2, (await Store.JoinedAsync(carrier.Id, Cancellation)).Count);
    }

    [Fact]
    public async Task M16_killed_before_the_body_is_fixed_nothing_is_joined_any_more()
    {
        await CarryAsync(3);
        await ReopenAfterKillAsync();
        Assert.Equal(3, (await ClaimAsync("hook", 10)).Count);
    }

    [Fact]
    public async Task M16_a_claim_that_expires_before_the_body_is_fixed_joins_nothing_either()
    {
        await CarryAsync(3);
        Time.Advance(LeaseTime + TimeSpan.FromSeconds(1));
        Assert.Equal(1, await Store.ReleaseExpiredAsync(Time.GetUtcNow(), Cancellation));
        Assert.Equal(3, (await ClaimAsync("hook", 10)).Count);
    }

    [Fact]
    public async Task M16_what_does_not_fit_goes_its_own_way_unless_the_claim_is_lost()
    {
        StoredDelivery carrier = await CarryAsync(3);
        long parted = (await Store.JoinedAsync(carrier.Id, Cancellation))[^1].Id;

        await Store.PartAsync(new Lease(carrier.Id, 7), [parted], Cancellation);
        Assert.Empty(await ClaimAsync("hook", 10));
        await Store.PartAsync(new Lease(carrier.Id, carrier.Lease!.Value), [parted], Cancellation);
        Assert.Equal(parted, Assert.Single(await ClaimAsync("hook", 10)).Id);
    }

    [Fact]
    public async Task M16_when_its_carrier_is_revived_what_was_joined_is_so_again_and_replays_count_both_once()
    {
        StoredDelivery carrier = await CarryAsync(3);
        await Store.FreezeAsync(carrier, "all three"u8.ToArray());
        await Store.CompleteAsync(carrier, Attempt(carrier.Id, 500), DeliveryState.Dead, Time.GetUtcNow());

        Assert.Equal(1, (await Store.CountReplayAsync(new ReplayFilter(Of: ReplayOf.Dead), Cancellation)).Count);
        await Store.ReplayAsync(new ReplayFilter(Of: ReplayOf.Dead), 0, long.MaxValue, 10, false, (_, _) => Time.GetUtcNow(), Cancellation);
        StoredDelivery again = Assert.Single(await ClaimAsync("hook", 10));
        await Store.CompleteAsync(again, Attempt(again.Id, 200), DeliveryState.Done, Time.GetUtcNow());

        Assert.All(await Store.DeliveriesAsync(new DeliveryFilter(), Cancellation), one => Assert.Equal(DeliveryState.Done, one.State));
    }

    [Fact]
    public async Task Rule_7_1_a_range_takes_what_another_ones_body_carried_by_when_it_was_owed_itself_also_once_it_was_replayed()
    {
        PaperLog log = await OweAsync(1, "hook");
        Time.Advance(TimeSpan.FromHours(1));
        await OweMoreAsync(log, "hook");
        StoredDelivery carrier = Assert.Single(await ClaimAsync("hook", 1));
        Assert.Single(await JoinAsync(carrier, 100));
        await Store.FreezeAsync(carrier, "both"u8.ToArray());
        await Store.CompleteAsync(carrier, Attempt(carrier.Id, 200), DeliveryState.Done, Time.GetUtcNow());
        var late = new ReplayFilter(From: Time.GetUtcNow());

        for (int replay = 1; replay <= 2; replay++)
        {
            Assert.Equal(1, (await Store.CountReplayAsync(late, Cancellation)).Count);
            Assert.Equal(1, (await Store.ReplayAsync(late, 0, long.MaxValue, 10, false, (_, _) => Time.GetUtcNow(), Cancellation)).Replayed);
            StoredDelivery again = Assert.Single(await ClaimAsync("hook", 10));
            Assert.Equal("both"u8, again.Body!);
            await Store.CompleteAsync(again, Attempt(again.Id, 200), DeliveryState.Done, Time.GetUtcNow());
        }
        Assert.Equal(0, (await Store.CountReplayAsync(new ReplayFilter(From: Time.GetUtcNow().AddSeconds(1)), Cancellation)).Count);
    }

    [Fact]
    public async Task M20_a_webhook_that_takes_every_certificate_is_owed_one_delivery_of_a_known_one_with_its_precertificate()
    {
        PaperLog log = await BeginAsync(entries: 2);
        Batch batch = log.Read(0, 2);
        Decision precertificate = Every(Some.Match(batch.Raw, 0, Some.Facts("a.example", isPrecertificate: true))), certificate = Every(Some.Match(batch.Raw, 1, Some.Facts("a.example")));

        CommitOutcome outcome = await CommitAsync(log, batch, precertificate, certificate);

        Assert.Equal((1, 1), (outcome.Discovered, outcome.Owed));
        StoredDelivery delivery = Assert.Single(await Store.DeliveriesAsync(new DeliveryFilter(), Cancellation));
        Assert.Equal(("app", EventKinds.Certificate, 1L), (delivery.Webhook, delivery.Kind, delivery.Subject));

        static Decision Every(CertHerald.Inspecting.Finding finding) => new(finding, [], Known: true, "its key is authorised", []) { OwedEvery = ["app"] };
    }

    private async Task<StoredDelivery> CarryAsync(int count)
    {
        await OweAsync(count, "hook");
        StoredDelivery carrier = Assert.Single(await ClaimAsync("hook", 1));
        Assert.Equal(count - 1, (await JoinAsync(carrier, 100)).Count);
        return carrier;
    }

    private Task<IReadOnlyList<JoinedDelivery>> JoinAsync(StoredDelivery carrier, int atMost) =>
        Store.JoinAsync(new Lease(carrier.Id, carrier.Lease!.Value), atMost, Time.GetUtcNow(), Cancellation);
}
