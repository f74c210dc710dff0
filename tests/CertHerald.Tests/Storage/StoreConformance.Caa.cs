using CertHerald.Deciding;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Batches;

namespace CertHerald.Tests.Storage;

/// <summary>CAA records: found, told, heard.</summary>
public abstract partial class StoreConformance
{
    private static readonly CaaSet Ours = CaaSet.Of("example.com", [new CaaRecord(0, "issue", "ours.example")]), Theirs = CaaSet.Of("example.com", [new CaaRecord(0, "issue", "theirs.example")]);

    [Fact]
    public async Task R2_a_set_may_authorise_only_while_it_is_what_somebody_has_heard_of()
    {
        Assert.Equal(1, await KeepAsync(Ours));
        Assert.False((await CaaAsync()).IsTrusted, "nobody has heard of it yet");
        await HearAsync("ops");
        Assert.True((await CaaAsync()).IsTrusted);

        Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(0, await KeepAsync(Ours));
        Assert.Equal((true, Time.GetUtcNow()), ((await CaaAsync()).IsTrusted, (await CaaAsync()).Looked));

        Assert.Equal(1, await KeepAsync(Theirs));
        Assert.False((await CaaAsync()).IsTrusted, "the change is told, and not heard of");
        // Back before anybody heard: that is a change, too.
        Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(1, await KeepAsync(Ours));
        Assert.False((await CaaAsync()).IsTrusted);
        await HearAsync("ops");
        await ReopenAsync();
        Assert.True((await CaaAsync()).IsTrusted);
        Notice last = (await Store.LastNoticeAsync(NoticeTypes.Caa, "www.example.com", Cancellation))!;
        CaaChange change = Assert.Single(Assert.IsType<CaaFacts>(last.Facts).Changes);
        Assert.Equal(("www.example.com", "example.com"), (change.Name, change.Owner));
        Assert.Equal(["0 issue \"ours.example\""], change.Records);
        Assert.Equal(["0 issue \"theirs.example\""], change.Before!);
    }

    [Fact]
    public async Task R2_a_failed_look_authorises_nothing_and_forgets_nothing()
    {
        await KeepAsync(Ours);
        await HearAsync("ops");

        Assert.Equal(0, await Store.KeepCaaAsync([new CaaLook("www.example.com", null, "SERVFAIL")], isWhole: true, ["ops"], Cancellation));
        StoredCaa failed = await CaaAsync();
        Assert.Equal((false, null, "SERVFAIL"), (failed.IsTrusted, failed.Found, failed.Problem));
        Assert.Equal(0, await KeepAsync(Ours));
        Assert.True((await CaaAsync()).IsTrusted);
    }

    [Fact]
    public async Task R2_without_anybody_to_tell_nothing_is_told_and_later_all_of_it_is()
    {
        Assert.Equal(0, await Store.KeepCaaAsync([new CaaLook("www.example.com", Ours, ""), new CaaLook("a.example.com", CaaSet.Absent, "")], isWhole: true, [], Cancellation));
        Assert.All(await Store.CaaSetsAsync(Cancellation), one => Assert.Equal((false, null), (one.IsTrusted, one.Told)));

        Assert.Equal(2, await Store.KeepCaaAsync([new CaaLook("www.example.com", Ours, ""), new CaaLook("a.example.com", CaaSet.Absent, "")], isWhole: true, ["ops", "mail"], Cancellation));
        CaaFacts facts = Assert.IsType<CaaFacts>((await Store.LastNoticeAsync(NoticeTypes.Caa, null, Cancellation))!.Facts);
        Assert.Equal([("a.example.com", "", true), ("www.example.com", "example.com", true)], facts.Changes.Select(change => (change.Name, change.Owner, change.Before is null)));
        // One that takes it is enough.
        await HearAsync("mail");
        Assert.All(await Store.CaaSetsAsync(Cancellation), one => Assert.True(one.IsHeard));
    }

    [Fact]
    public async Task R2_a_notice_that_nobody_took_is_told_again_and_names_that_are_watched_no_more_are_forgotten()
    {
        await KeepAsync(Ours);
        StoredDelivery owed = Assert.Single(await Store.DeliveriesAsync(new DeliveryFilter(), Cancellation));
        Assert.Equal(0, await KeepAsync(Ours));
        Assert.True(await Store.CancelDeliveryAsync(owed.Id, Cancellation));

        Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1, await KeepAsync(Ours));
        Assert.Equal(0, await Store.KeepCaaAsync([], isWhole: true, ["ops"], Cancellation));
        Assert.Empty(await Store.CaaSetsAsync(Cancellation));
    }

    [Fact]
    public async Task More_sets_than_one_notice_shows_are_told_by_several()
    {
        CaaLook[] looks = [.. Enumerable.Range(0, CaaFacts.Most + 1).Select(i => new CaaLook(Some.Numbered("n", 1_000 + i) + ".example.com", Ours, ""))];

        Assert.Equal(2, await Store.KeepCaaAsync(looks, isWhole: true, ["ops"], Cancellation));

        Assert.Equal(looks.Length, (await Store.CaaSetsAsync(Cancellation)).Count(one => one.Told is not null));
        Assert.Equal(0, await Store.KeepCaaAsync(looks, isWhole: true, ["ops"], Cancellation));
    }

    [Fact]
    public async Task The_newest_endpoints_are_named_once()
    {
        PaperLog log = await BeginAsync(entries: 3);
        Batch batch = log.Read(0, 3);
        await CommitAsync(
            log, batch, Some.Unknown(Some.Match(batch.Raw, 0, Some.Facts("old.example"))), Some.Unknown(Some.Match(batch.Raw, 1, Some.Facts("new.example"))),
            Some.Unknown(Some.Match(batch.Raw, 2, Some.Facts("new.example") with { TbsSha256 = Some.Hash("renewed") })));

        Assert.Equal(["new.example"], await Store.NewestEndpointsAsync(2, Cancellation));
        Assert.Equal(["new.example", "old.example"], (await Store.NewestEndpointsAsync(10, Cancellation)).Order());
    }

    private Task<int> KeepAsync(CaaSet set) => Store.KeepCaaAsync([new CaaLook("www.example.com", set, "")], isWhole: true, ["ops"], Cancellation);

    private async Task<StoredCaa> CaaAsync() => (await Store.CaaSetsAsync(Cancellation)).Single(one => one.Name == "www.example.com");

    /// <summary>A channel takes all that it is owed.</summary>
    private async Task HearAsync(string channel)
    {
        foreach (StoredDelivery claimed in await Store.ClaimDueAsync(channel, 100, Time.GetUtcNow(), Time.GetUtcNow().AddMinutes(1), Cancellation))
            await Store.CompleteAsync(claimed, Attempt(claimed.Id, 200), DeliveryState.Done, Time.GetUtcNow());
    }
}
