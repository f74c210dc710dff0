using CertHerald.Deciding;
using CertHerald.Inspecting;
using CertHerald.Names;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Deciding;

/// <summary>Webhooks that are told of a part of the watch list only.</summary>
public sealed class WatchedPartTests
{
    private static readonly string[] Every = [EventKinds.Certificate, EventKinds.UnknownCertificate, EventKinds.MalformedCertificate];

    [Fact]
    public void A_webhook_of_a_part_is_owed_what_falls_under_it_and_nothing_of_others()
    {
        var decider = new Decider(() => KnownCertificates.None, () =>
        [
            new Subscription("all", [EventKinds.Certificate]), new Subscription("mine", Every, Part(".mine.com")), new Subscription("theirs", Every, Part(".theirs.com", ".x.com")),
            new Subscription("nothing", Every, Part()),
        ]);

        Assert.Equal(["all", "mine"], decider.Decide(Finding(".mine.com"), _ => []).OwedEvery);
        Assert.Equal(["all", "mine", "theirs"], decider.Decide(Finding(".mine.com", ".x.com"), _ => []).OwedEvery);
        Assert.Equal(["all"], decider.Decide(Finding(".elsewhere.com"), _ => []).OwedEvery);
    }

    [Fact]
    public void What_only_an_app_watches_is_told_to_no_other_webhook()
    {
        WatchList own = Names.WatchLists.Of(".example.com");
        Subscription[] hooks = [new("unknown", [EventKinds.UnknownCertificate]), new("every", [EventKinds.Certificate]), new("app:1", [EventKinds.Certificate], Part(".app.test"))];
        var decider = new Decider(() => KnownCertificates.None, () => hooks, owned: () => own);

        MatchFinding both = Finding(".example.com", ".app.test");
        both = both with { Certificate = both.Certificate with { DnsNames = ["a.example.com", "a.app.test"] } };

        Decision shared = decider.Decide(both, _ => []), apps = decider.Decide(Finding(".app.test"), _ => []), cut = decider.Decide(Finding(".app.test") with { HasMoreMatches = true, Certificate = both.Certificate }, _ => []);

        Assert.All([shared, cut], decision => Assert.Equal(["every", "app:1", "unknown"], decision.OwedEvery.Concat(decision.Owed)));
        Assert.Equal(2, shared.Endpoints.Count);
        Assert.False(apps.Known);
        Assert.Equal(["app:1"], apps.OwedEvery);
        Assert.Empty(apps.Owed);
        // Looked for in the past it is as if all were whoever's that asked.
        Assert.Equal(["every", "app:1"], decider.ForSearch().Decide(Finding(".app.test"), _ => []).OwedEvery);
    }

    [Fact]
    public void Of_what_cannot_be_read_only_those_are_told_who_are_told_of_all()
    {
        var decider = new Decider(() => KnownCertificates.None, () => [new Subscription("all", Every), new Subscription("mine", Every, Part(".mine.com"))]);

        Decision malformed = decider.Decide(new MalformedFinding(new(1), default, DateTimeOffset.UnixEpoch, "no end", [], ShowsWatchedName: true), _ => []);

        Assert.Equal(["all"], malformed.Owed);
    }

    [Fact]
    public void A_certificate_under_more_than_is_listed_is_judged_by_its_names()
    {
        MatchFinding cut = Finding(".other.com") with { HasMoreMatches = true };

        Assert.True(Part(".mine.com").Concerns(cut with { Certificate = cut.Certificate with { DnsNames = ["a.other.com", "www.mine.com"] } }));
        Assert.True(Part(".mine.com").Concerns(cut with { Certificate = cut.Certificate with { DnsNames = ["*.com"] } }));
        Assert.False(Part(".mine.com").Concerns(cut with { Certificate = cut.Certificate with { DnsNames = ["a.other.com"] } }));
    }

    private static WatchedPart Part(params string[] items)
    {
        Assert.True(WatchList.TryParse(items.Select((item, at) => ("", at, item)), out WatchList list, out _, out _));
        return new WatchedPart(list);
    }

    private static MatchFinding Finding(params string[] items) => new(
        new(1), default, DateTimeOffset.UnixEpoch, Some.Facts("a.example"), [.. items.Select(item => new Match(new Identifier(IdentifierKind.Dns, "a" + item), item))], null);
}
