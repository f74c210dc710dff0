using CertHerald.Deciding;
using CertHerald.Inspecting;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Batches;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Storage;

/// <summary>What every store promises of weak look-alikes: kept in the batch's transaction, one for each pair of domains, told once.</summary>
public abstract partial class StoreConformance
{
    [Fact]
    public async Task A_weak_look_alike_is_kept_once_and_counts_each_certificate_once_in_whatever_log()
    {
        PaperLog log = await BeginAsync(entries: 4), other = await BeginAsync("other", entries: 1);
        DateTimeOffset first = Time.GetUtcNow();
        Assert.Equal(1, (await KeepAsync(log, 0, Weak("evil.test", 40, "a"), Weak("evil.test", 35, "a", name: "x.evil.test"))).Weak);
        Time.Advance(TimeSpan.FromHours(1));

        Assert.Equal(0, (await KeepAsync(other, 0, Weak("evil.test", 40, "a"))).Weak);
        Assert.Equal(first, (await WeakAsync()).Single().LastSeen);
        await KeepAsync(log, 1, Weak("evil.test", 30, "b", name: "weaker.evil.test"));
        await KeepAsync(log, 2, Weak("evil.test", 45, "c", name: "stronger.evil.test"));
        await ReopenAsync();

        StoredWeakLookalike kept = Assert.Single(await WeakAsync());
        Assert.Equal(("facebook.com", "evil.test", 3, first, Time.GetUtcNow()), (kept.Domain, kept.Registrable, kept.Certificates, kept.FirstSeen, kept.LastSeen));
        Assert.Equal(("stronger.evil.test", 45, "combo_concat"), (kept.Best.Name, kept.Best.Score, kept.Best.Class));
        Assert.Equal(["it says so a little"], kept.Best.Reasons);
        Assert.Empty(await Store.IssuancesAsync(null, 10, Cancellation));
    }

    [Fact]
    public async Task A_batch_that_is_read_again_keeps_no_weak_look_alike_twice_and_one_that_is_not_committed_none()
    {
        PaperLog log = await BeginAsync(entries: 3);
        Batch disputed = log.Read(0, 3, log.Lie());
        LogLane lane = (await Store.LanesAsync(log.Id, Cancellation))[^1];
        await Store.CommitAsync(lane, disputed, [], [], [Weak("evil.test", 40, "a")], Time.GetUtcNow(), Cancellation);

        CommitOutcome again = await Store.CommitAsync((await Store.LanesAsync(log.Id, Cancellation))[^1], log.Read(0, 3), [], [], [Weak("evil.test", 40, "a")], Time.GetUtcNow(), Cancellation);
        await Assert.ThrowsAsync<StoreException>(() => Store.CommitAsync(again.Lane, log.Read(1, 3), [], [], [Weak("never.test", 40, "b")], Time.GetUtcNow(), Cancellation));

        Assert.Equal(0, again.Weak);
        Assert.Equal(("evil.test", 1), (Assert.Single(await WeakAsync()).Registrable, (await WeakAsync())[0].Certificates));
    }

    [Fact]
    public async Task What_reaches_the_threshold_leaves_the_weak_ones_and_comes_back_to_them_no_more()
    {
        PaperLog log = await BeginAsync(entries: 4);
        await KeepAsync(log, 0, Weak("evil.test", 40, "a"), Weak("evil.test", 40, "a", domain: "other.example"), Weak("left.test", 40, "a"));

        Batch batch = log.Read(1, 2);
        CommitOutcome outcome = await Store.CommitAsync(
            (await Store.LanesAsync(log.Id, Cancellation))[^1], batch, [Lookalike(log, 1, "b", Imitating("facebook.com", "evil.test", "facebook.com.evil.test"))], [], [Weak("evil.test", 40, "c")], Time.GetUtcNow(), Cancellation);
        await KeepAsync(log, 2, Weak("evil.test", 40, "d"));

        Assert.Equal((1, 0), (outcome.Alerted.Count, outcome.Weak));
        Assert.Equal([("facebook.com", "left.test"), ("other.example", "evil.test")], (await WeakAsync()).Select(one => (one.Domain, one.Registrable)).Order());
        // An app's alert is the app's.
        await CommitAsync(log, log.Read(3, 4), Lookalike(log, 3, "e", Imitating("facebook.com", "left.test", "facebook.com.left.test") with { Owner = SomeApp }));
        Assert.Equal(2, (await WeakAsync()).Count);
    }

    [Fact]
    public async Task An_allowed_name_ends_the_weak_ones_that_it_covers()
    {
        PaperLog log = await BeginAsync(entries: 1);
        await KeepAsync(log, 0, Weak("partner.test", 40, "a", name: "www.partner.test"), Weak("notpartner.test", 40, "b"), Weak("partner.test", 40, "a", domain: "other.example"), Weak("odd.test", 40, "a", name: "odd.test."));
        await Store.AllowNameAsync(new AllowedName(ProtectedDomainOwners.Operator, "facebook.com", "odd.test", Time.GetUtcNow()), Cancellation);
        Assert.Equal(3, (await WeakAsync()).Count);

        await Store.AllowNameAsync(new AllowedName(SomeApp, "facebook.com", "partner.test", Time.GetUtcNow()), Cancellation);
        Assert.Equal(3, (await WeakAsync()).Count);
        await Store.AllowNameAsync(new AllowedName(ProtectedDomainOwners.Operator, "facebook.com", "partner.test", Time.GetUtcNow()), Cancellation);

        Assert.Equal([("facebook.com", "notpartner.test"), ("other.example", "partner.test")], (await WeakAsync()).Select(one => (one.Domain, one.Registrable)).Order());
    }

    [Fact]
    public async Task Of_one_protected_domain_the_strongest_thousand_are_kept_of_equal_ones_the_oldest()
    {
        PaperLog log = await BeginAsync(entries: 4);
        WeakLookalike[] many = [.. Enumerable.Range(0, WeakLookalikeRules.MostOfDomain - 1).Select(i => Weak($"h{i}.test", 40, "a"))];
        Assert.Equal(many.Length, (await KeepAsync(log, 0, many)).Weak);

        CommitOutcome over = await KeepAsync(log, 1, Weak("weakest.test", 30, "b"), Weak("strong.test", 45, "c"), Weak("elsewhere.test", 20, "c", domain: "other.example"));
        CommitOutcome full = await KeepAsync(log, 2, Weak("equal.test", 40, "d"), Weak("weaker.test", 39, "d"), Weak("stronger.test", 46, "d"));

        Assert.Equal((2, 1), (over.Weak, full.Weak));
        IReadOnlyList<StoredWeakLookalike> kept = await Store.WeakLookalikesAsync(new WeakLookalikeFilter("facebook.com", 2_000), Cancellation);
        Assert.Equal(WeakLookalikeRules.MostOfDomain, kept.Count);
        Assert.Equal(["stronger.test", "strong.test"], kept.Take(2).Select(one => one.Registrable));
        Assert.DoesNotContain(kept, one => one.Registrable is "weakest.test" or "equal.test" or "weaker.test" or "h998.test");
        Assert.Contains(kept, one => one.Registrable == "h997.test");
    }

    [Fact]
    public async Task Weak_ones_are_listed_by_domain_the_strongest_first_or_the_newest_page_by_page()
    {
        PaperLog log = await BeginAsync(entries: 1);
        await KeepAsync(log, 0, Weak("a.test", 30, "a"), Weak("b.test", 45, "a"), Weak("c.test", 40, "a"), Weak("d.test", 49, "a", domain: "other.example"));

        Assert.Equal(["b.test", "c.test", "a.test"], (await Store.WeakLookalikesAsync(new WeakLookalikeFilter("facebook.com"), Cancellation)).Select(one => one.Registrable));
        IReadOnlyList<StoredWeakLookalike> page = await Store.WeakLookalikesAsync(new WeakLookalikeFilter(Limit: 2) { NewestFirst = true }, Cancellation);
        Assert.Equal(["d.test", "c.test"], page.Select(one => one.Registrable));
        Assert.Equal(["b.test", "a.test"], (await Store.WeakLookalikesAsync(new WeakLookalikeFilter(Limit: 5) { NewestFirst = true, Before = page[1].Id }, Cancellation)).Select(one => one.Registrable));
    }

    [Fact]
    public async Task A_digest_tells_the_strongest_of_what_no_digest_told_and_counts_the_rest_once_a_day()
    {
        PaperLog log = await BeginAsync(entries: 4);
        DateTimeOffset midnight = new DateTimeOffset(Time.GetUtcNow().UtcDateTime.Date, TimeSpan.Zero).AddDays(1);
        WeakLookalike[] many = [.. Enumerable.Range(0, DigestFacts.Most + 2).Select(i => Weak($"h{i:00}.test", 20, "a"))];
        await KeepAsync(log, 0, [Weak("silent.test", 49, "a") with { IsSilent = true }, .. many, Weak("strong.test", 45, "a")]);
        Assert.Null(await Store.TellDigestAsync(midnight.AddDays(-1), Wanted, ["hook"], Cancellation));
        Assert.Null(await Store.TellDigestAsync(midnight, Wanted, [], Cancellation));
        Time.Advance(midnight - Time.GetUtcNow());
        await KeepAsync(log, 1, Weak("today.test", 48, "b"), Weak("strong.test", 46, "b"));

        Task<(DigestFacts, int)?>[] nodes = [.. Enumerable.Range(0, 4).Select(_ => Store.TellDigestAsync(midnight, Wanted, ["hook", "mail"], Cancellation))];
        (DigestFacts digest, int owed) = Assert.Single(await Task.WhenAll(nodes), one => one is not null)!.Value;
        await ReopenAsync();

        Assert.Equal((2, DigestFacts.Most, 3, midnight), (owed, digest.Lookalikes.Count, digest.Others, digest.Until));
        Assert.Equal([("strong.test", 46), ("h00.test", 20)], digest.Lookalikes.Take(2).Select(one => (one.Registrable, one.Score)));
        IReadOnlyList<StoredDelivery> deliveries = await Store.DeliveriesAsync(new DeliveryFilter(), Cancellation);
        Assert.Equal([("hook", EventKinds.LookalikeDigest), ("mail", EventKinds.LookalikeDigest)], deliveries.Select(one => (one.Webhook, one.Kind)).Order());
        Notice notice = (await Store.FindNoticeAsync(deliveries[0].Subject, Cancellation))!;
        Assert.Equal((NoticeTypes.LookalikeDigest, DigestFacts.Most), (notice.Type, Assert.IsType<DigestFacts>(notice.Facts).Lookalikes.Count));
        Assert.Null(await Store.LastAlertAsync(Cancellation));

        Assert.Null(await Store.TellDigestAsync(midnight, Wanted, ["hook"], Cancellation));
        Time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(["today.test"], (await Store.TellDigestAsync(midnight.AddDays(1), Wanted, ["hook"], Cancellation))!.Value.Digest.Lookalikes.Select(one => one.Registrable));
        Assert.Null(await Store.TellDigestAsync(midnight.AddDays(2), Wanted, ["hook"], Cancellation));
        // As long as a delivery is about one, it is kept.
        Time.Advance(TimeSpan.FromDays(100));
        await Store.ForgetNoticesAsync(Time.GetUtcNow(), Cancellation);
        Assert.NotNull(await Store.FindNoticeAsync(notice.Id, Cancellation));
    }

    [Fact]
    public async Task A_digest_tells_nothing_of_what_was_given_up_meanwhile_not_even_later()
    {
        PaperLog log = await BeginAsync(entries: 1);
        DateTimeOffset midnight = new DateTimeOffset(Time.GetUtcNow().UtcDateTime.Date, TimeSpan.Zero).AddDays(1);
        await KeepAsync(log, 0, Weak("a.test", 40, "a"), Weak("weaker.test", 29, "a"), Weak("gone.test", 45, "a", domain: "given-up.example"));
        Time.Advance(midnight - Time.GetUtcNow());

        DigestFacts digest = (await Store.TellDigestAsync(midnight, new Dictionary<string, int> { ["facebook.com"] = 30, ["other.example"] = 1 }, ["hook"], Cancellation))!.Value.Digest;

        Assert.Equal(["a.test"], digest.Lookalikes.Select(one => one.Registrable));
        Assert.Equal(0, digest.Others);
        Assert.Null(await Store.TellDigestAsync(midnight.AddDays(1), Wanted, ["hook"], Cancellation));
        Assert.Equal(3, (await WeakAsync()).Count);
    }

    [Fact]
    public async Task Where_all_was_given_up_no_digest_is_made_and_the_next_one_tells_what_came_since()
    {
        PaperLog log = await BeginAsync(entries: 2);
        DateTimeOffset midnight = new DateTimeOffset(Time.GetUtcNow().UtcDateTime.Date, TimeSpan.Zero).AddDays(1);
        await KeepAsync(log, 0, Weak("gone.test", 45, "a", domain: "given-up.example"));
        Time.Advance(midnight - Time.GetUtcNow());
        Assert.Null(await Store.TellDigestAsync(midnight, Wanted, ["hook"], Cancellation));
        Assert.Empty(await Store.DeliveriesAsync(new DeliveryFilter(), Cancellation));

        await KeepAsync(log, 1, Weak("new.test", 40, "b"));
        Assert.Equal(["new.test"], (await Store.TellDigestAsync(midnight.AddDays(1), Wanted, ["hook"], Cancellation))!.Value.Digest.Lookalikes.Select(one => one.Registrable));
    }

    [Fact]
    public async Task What_nobody_has_seen_for_long_and_the_weakest_of_too_many_are_deleted_in_parts()
    {
        PaperLog log = await BeginAsync(entries: 3);
        await KeepAsync(log, 0, Weak("old.test", 49, "a"), Weak("renewed.test", 20, "a"), Weak("gone.test", 30, "a"));
        Time.Advance(WeakLookalikeRules.Kept);
        await KeepAsync(log, 1, Weak("renewed.test", 20, "b"), Weak("new.test", 30, "b"), Weak("newer.test", 40, "b"));
        DateTimeOffset before = Time.GetUtcNow() - WeakLookalikeRules.Kept + TimeSpan.FromSeconds(1);

        int deleted = 0, parts = 0;
        for (int some = 1; some > 0; parts++) deleted += some = await Store.DeleteWeakLookalikesAsync(before, most: 2, limit: 1, Cancellation);

        Assert.Equal((3, 4), (deleted, parts));
        Assert.Equal(["newer.test", "new.test"], (await WeakAsync()).Select(one => one.Registrable));
    }

    [Fact]
    public async Task Hostile_names_are_kept_as_they_are()
    {
        PaperLog log = await BeginAsync(entries: 1);
        await KeepAsync(log, 0, Weak("e%vil_'.test", 40, "a", name: "<b>\u202e\"$1.e%vil_'.test"));
        Assert.Equal("<b>\u202e\"$1.e%vil_'.test", Assert.Single(await WeakAsync()).Best.Name);
    }

    private static Dictionary<string, int> Wanted => new() { ["facebook.com"] = 1 };

    private async Task<CommitOutcome> KeepAsync(PaperLog log, ulong at, params WeakLookalike[] weak) => await Store.CommitAsync(
        (await Store.LanesAsync(log.Id, Cancellation))[^1], log.Read(at, at + 1), [], [], weak, Time.GetUtcNow(), Cancellation);

    private Task<IReadOnlyList<StoredWeakLookalike>> WeakAsync() => Store.WeakLookalikesAsync(new WeakLookalikeFilter(), Cancellation);

    private static WeakLookalike Weak(string registrable, int score, string certificate, string? name = null, string domain = "facebook.com") =>
        new(new EntryIndex(0), domain, registrable, new LookalikeName(name ?? registrable, score, "combo_concat", ["it says so a little"]), Some.Hash(certificate));
}
