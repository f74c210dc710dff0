using CertHerald.Deciding;
using CertHerald.Inspecting;
using CertHerald.Names;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Deciding;

/// <summary>meta.md §7.5: what a tenant hears of by its own choice, and that nobody else hears more or less by it.</summary>
public sealed class TenantsTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);
    private static readonly CertificateFacts Certificate = Some.Facts("a.example") with { DnsNames = ["www.app.test", "www.own.test"] };

    [Fact]
    public void A_tenant_that_wants_all_is_told_of_what_is_known_too()
    {
        var known = new KnownCertificates(new HashSet<string> { Certificate.TbsSha256 }, new Dictionary<string, IReadOnlySet<string>>());
        var decider = new Decider(() => known, () => [new("all", [EventKinds.Certificate], Part(".app.test")), new("unknown", [EventKinds.UnknownCertificate], Part(".app.test"))]);

        Decision decision = decider.Decide(Finding(Noon, ".app.test"), _ => []);

        Assert.Equal(["all"], decision.OwedEvery);
        Assert.Empty(decision.Owed);
    }

    [Theory]
    [InlineData(-1, false)]
    [InlineData(0, true)]
    [InlineData(1, true)]
    public void What_was_logged_before_a_tenant_took_a_domain_is_silent_to_it_if_it_wants_that_and_to_nobody_else(int minutes, bool isTold)
    {
        Subscription[] hooks =
        [
            new("operator", [EventKinds.Certificate]), new("silent", [EventKinds.Certificate], Part(Noon, ".app.test")), new("told", [EventKinds.Certificate], Part(".app.test")),
        ];
        MatchFinding finding = Finding(Noon.AddMinutes(minutes), ".app.test"), cut = Finding(Noon.AddMinutes(minutes), ".elsewhere.test") with { HasMoreMatches = true };

        foreach (MatchFinding one in (MatchFinding[])[finding, cut])
            Assert.Equal(isTold ? ["operator", "silent", "told"] : ["operator", "told"], new Decider(() => KnownCertificates.None, () => hooks).Decide(one, _ => []).OwedEvery);
    }

    [Fact]
    public void A_certificate_for_an_old_domain_and_a_new_one_is_told()
    {
        var part = new WatchedPart(Names.WatchLists.Of(".app.test", ".own.test"), new Dictionary<string, DateTimeOffset> { [".app.test"] = Noon, [".own.test"] = Noon.AddDays(-1) });

        Assert.True(part.Concerns(Finding(Noon.AddHours(-1), ".app.test", ".own.test")));
        Assert.False(part.Concerns(Finding(Noon.AddHours(-1), ".app.test")));
    }

    [Theory]
    [InlineData(-1, false)]
    [InlineData(1, true)]
    public void So_are_imitations_of_what_a_tenant_protects(int minutes, bool isTold)
    {
        Subscription[] hooks =
        [
            new("operator", [EventKinds.Lookalike]),
            new("silent", [EventKinds.Lookalike], Part()) { Owner = "app:1", ProtectedSince = domain => domain == "app.test" ? Noon : DateTimeOffset.MaxValue },
            new("told", [EventKinds.Lookalike], Part()) { Owner = "app:1" },
        ];
        MatchFinding finding = Finding(Noon.AddMinutes(minutes)) with { Lookalikes = [new LookalikeMatch("", "own.test", "evil.test", []), new LookalikeMatch("app:1", "app.test", "evil.test", [])] };

        Decision decision = new Decider(() => KnownCertificates.None, () => hooks).Decide(finding, _ => []);

        Assert.Equal(isTold ? ["operator", "silent", "told"] : ["operator", "told"], decision.OwedLookalikes.Select(one => one.Webhook));
    }

    [Fact]
    public void What_all_of_an_owner_want_silent_is_not_found_at_all()
    {
        Subscription silent = new("silent", [EventKinds.Lookalike], Part()) { Owner = "app:1", ProtectedSince = domain => domain == "old.test" ? Noon.AddDays(-1) : Noon };
        LookalikeMatch old = new("app:1", "old.test", "evil.test", []), recent = new("app:1", "new.test", "evil.test", []), others = new("app:2", "new.test", "evil.test", []);
        var decider = new Decider(() => KnownCertificates.None, () => [silent]);

        Assert.Null(decider.WithoutSilent(Before(recent)));
        Assert.Equal([old, others], Left(decider, Before(old, recent, others)));
        Assert.Empty(Left(decider, Before(recent) with { Matches = Finding(Noon, ".app.test").Matches }));
        Assert.Equal([recent], Left(decider, Before(recent) with { Logged = Noon }));
        Assert.Equal([recent], Left(new Decider(() => KnownCertificates.None, () => [silent, silent with { Webhook = "told", ProtectedSince = null }]), Before(recent)));
        Assert.Equal([recent], Left(new Decider(() => KnownCertificates.None, () => [silent with { Events = [EventKinds.Certificate] }]), Before(recent)));

        static MatchFinding Before(params LookalikeMatch[] lookalikes) => Finding(Noon.AddMinutes(-1)) with { Lookalikes = lookalikes };
        static IReadOnlyList<LookalikeMatch> Left(Decider decider, MatchFinding finding) => Assert.IsType<MatchFinding>(decider.WithoutSilent(finding)).Lookalikes;
    }

    [Fact]
    public void The_baseline_of_whoever_runs_the_service_silences_tenants_too()
    {
        var decider = new Decider(() => KnownCertificates.None, () => [new("every", [EventKinds.Certificate], Part(".app.test")), new("unknown", [EventKinds.UnknownCertificate], Part(".app.test"))]);
        Decision decision = decider.Decide(Finding(Noon, ".app.test"), _ => []);
        Assert.Equal((1, 1), (decision.Owed.Count, decision.OwedEvery.Count));

        Assert.Equal((0, 0), decision.Silenced() is var silenced ? (silenced.Owed.Count, silenced.OwedEvery.Count) : default);
    }

    private static WatchedPart Part(params string[] items) => new(Names.WatchLists.Of(items));

    private static WatchedPart Part(DateTimeOffset since, params string[] items) => new(Names.WatchLists.Of(items), items.ToDictionary(item => item, _ => since));

    private static MatchFinding Finding(DateTimeOffset logged, params string[] items) =>
        new(default, default, logged, Certificate, [.. items.Select(item => new Match(new Identifier(IdentifierKind.Dns, "www" + item), item))], null);
}
