using CertHerald.Deciding;
using CertHerald.Inspecting;
using CertHerald.Names;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Deciding;

/// <summary>certspotter.md §4.3: rules R3 and R4, and who is owed what.</summary>
public sealed class DeciderTests
{
    private static readonly CertificateFacts Certificate = Some.Facts("a.example") with { DnsNames = ["*.a.example", "a.example"] };

    [Theory]
    [InlineData("R3", "its names", "*.a.example a.example", "", true)]
    [InlineData("R3", "fewer names", "a.example", "", true)]
    [InlineData("R3", "one extra name", "*.a.example a.example b.example", "", false)]
    [InlineData("R3", "a name below a wildcard", "www.a.example", "", false)]
    [InlineData("R3", "a wildcard of names that are listed one by one", "*.example", "", false)]
    [InlineData("R3", "an IP address beside its names", "a.example", "192.0.2.1", false)]
    [InlineData("R3", "an IP address alone", "", "2001:db8::1", false)]
    public void A_key_is_known_for_its_names_literally(string rule, string what, string names, string addresses, bool isKnown)
    {
        var known = new KnownCertificates(new HashSet<string>(), Keys(("*.a.example", "a.example")));
        CertificateFacts facts = Certificate with { TbsSha256 = Some.Hash("another issuance"), DnsNames = Split(names), IpAddresses = Split(addresses) };

        Assert.True(isKnown == known.WhyKnown(facts) is not null, $"{rule}: {what}");
        Assert.Null(known.WhyKnown(facts with { PubkeySha256 = Some.Hash("another key") }));
    }

    [Fact]
    public void A_certificate_is_known_by_its_issuance_and_by_nothing_that_can_be_copied()
    {
        var known = new KnownCertificates(new HashSet<string> { Certificate.TbsSha256 }, new Dictionary<string, IReadOnlySet<string>>());

        Assert.NotNull(known.WhyKnown(Certificate));
        Assert.NotNull(known.WhyKnown(Certificate with { IpAddresses = ["192.0.2.1"], CertSha256 = Some.Hash("signed again"), PubkeySha256 = "" }));
        Assert.Null(known.WhyKnown(Certificate with { TbsSha256 = Some.Hash("another") }));
        Assert.Null(new KnownCertificates(new HashSet<string> { Certificate.CertSha256, Certificate.Serial, Certificate.PubkeySha256 }, new Dictionary<string, IReadOnlySet<string>>()).WhyKnown(Certificate));
        Assert.Null(KnownCertificates.None.WhyKnown(Certificate));
    }

    /// <summary>Nobody verifies an issuer's signature while following, so nothing may be known by its key.</summary>
    [Fact]
    public void Rule_2_4_No_issuers_key_that_verified_nothing_authorises_an_issuance()
    {
        string issuerKey = Certificate.IssuerPubkeySha256!;
        var byIssuer = new KnownCertificates(
            new HashSet<string> { issuerKey }, new Dictionary<string, IReadOnlySet<string>> { [issuerKey] = Certificate.DnsNames.ToHashSet() });
        var own = new KnownCertificates(new HashSet<string>(), Keys(("*.a.example", "a.example")));

        Decision decision = new Decider(() => byIssuer, () => [new Subscription("hook", [EventKinds.UnknownCertificate, EventKinds.MalformedCertificate])]).Decide(Finding(Certificate), _ => []);

        Assert.False(decision.Known);
        Assert.Equal(["hook"], decision.Owed);
        // Nor does a chain, which nobody signed, take away what is known by the certificate itself.
        Assert.All([issuerKey, Some.Hash("another CA"), null], key => Assert.NotNull(own.WhyKnown(Certificate with { IssuerPubkeySha256 = key })));
    }

    [Fact]
    public void What_was_there_before_the_first_run_is_told_to_nobody_whatever_it_is()
    {
        var finding = Finding(Certificate) with { Lookalikes = [new LookalikeMatch("", "b.example", "a.example", [])] };
        var decider = new Decider(() => KnownCertificates.None, () => [new Subscription("hook", EventKinds.All)]);
        Decision decision = decider.Decide(finding, _ => []);
        Assert.NotEmpty(decision.OwedLookalikes);

        Decision silenced = decision.Silenced();

        Assert.Equal((0, 0, 0), (silenced.Owed.Count, silenced.OwedEvery.Count, silenced.OwedLookalikes.Count));
        Assert.Contains("(baseline)", silenced.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_unknown_is_owed_to_every_webhook_that_takes_its_kind()
    {
        var decider = new Decider(() => KnownCertificates.None,
        () => [
            new Subscription("both", [EventKinds.UnknownCertificate, EventKinds.MalformedCertificate]), new Subscription("unknown", [EventKinds.UnknownCertificate]),
            new Subscription("malformed", [EventKinds.MalformedCertificate]), new Subscription("none", []),
        ]);

        Decision unknown = decider.Decide(Finding(Certificate), _ => []), malformed = decider.Decide(Malformed, _ => []);

        Assert.False(unknown.Known);
        Assert.Equal(["both", "unknown"], unknown.Owed);
        Assert.Equal([new WatchedEndpoint("a.example", ".example", Wildcard: false)], unknown.Endpoints);
        Assert.False(malformed.Known);
        Assert.Equal(["both", "malformed"], malformed.Owed);
        Assert.Empty(malformed.Endpoints);
        Assert.All([unknown, malformed], decision => Assert.NotEmpty(decision.Reason));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_certificate_known_or_not_is_owed_once_to_who_takes_every(bool isKnown)
    {
        KnownCertificates known = isKnown ? new(new HashSet<string> { Certificate.TbsSha256 }, new Dictionary<string, IReadOnlySet<string>>()) : KnownCertificates.None;
        var decider = new Decider(() => known,
            () => [new Subscription("every", [EventKinds.Certificate]), new Subscription("unknown", [EventKinds.UnknownCertificate]), new Subscription("both", [EventKinds.Certificate, EventKinds.UnknownCertificate])]);

        Decision decision = decider.Decide(Finding(Certificate), _ => []);

        Assert.Equal(isKnown, decision.Known);
        Assert.Equal(["every", "both"], decision.OwedEvery);
        Assert.Equal(isKnown ? [] : ["unknown"], decision.Owed);
        Assert.Empty(decider.Decide(Malformed, _ => []).OwedEvery);
    }

    [Fact]
    public void What_is_known_is_owed_to_nobody_and_keeps_its_endpoints_and_reason()
    {
        var known = new KnownCertificates(new HashSet<string> { Certificate.TbsSha256 }, new Dictionary<string, IReadOnlySet<string>>());
        var decider = new Decider(() => known, () => [new Subscription("hook", [EventKinds.UnknownCertificate, EventKinds.MalformedCertificate])]);

        Decision decision = decider.Decide(Finding(Certificate), _ => []);

        Assert.True(decision.Known);
        Assert.Empty(decision.Owed);
        Assert.Equal("this certificate is authorised", decision.Reason);
        Assert.Single(decision.Endpoints);
    }

    [Fact]
    public void What_is_authorised_is_asked_for_at_every_decision()
    {
        KnownCertificates known = KnownCertificates.None;
        var decider = new Decider(() => known, () => []);
        Assert.False(decider.Decide(Finding(Certificate), _ => []).Known);

        known = new KnownCertificates(new HashSet<string> { Certificate.TbsSha256 }, new Dictionary<string, IReadOnlySet<string>>());

        Assert.True(decider.Decide(Finding(Certificate), _ => []).Known);
    }

    [Theory]
    [InlineData(true, 1, true)]
    [InlineData(false, 1, false)]
    [InlineData(false, 2_000, true)]
    public void A_decision_says_when_it_lists_only_part_of_the_endpoints(bool inspectorCut, int knownBelow, bool says)
    {
        var decider = new Decider(() => KnownCertificates.None, () => []);
        MatchFinding finding = Finding(Certificate) with { HasMoreMatches = inspectorCut, Matches = [new Match(new Identifier(IdentifierKind.Dns, "*.example"), ".example")] };

        Decision decision = decider.Decide(finding, parent => [.. Enumerable.Range(0, knownBelow).Select(i => Some.Numbered("n", i) + "." + parent)]);

        Assert.Equal(Math.Min(knownBelow, WatchedEndpoints.Most), decision.Endpoints.Count);
        Assert.Equal(says, decision.Reason.Contains("more that is watched", StringComparison.Ordinal));
    }

    private static MalformedFinding Malformed => new(default, default, default, "it has no end", [], false);

    private static MatchFinding Finding(CertificateFacts facts) =>
        new(default, default, default, facts, [new Match(new Identifier(IdentifierKind.Dns, "a.example"), ".example")], null);

    private static Dictionary<string, IReadOnlySet<string>> Keys((string, string) names) =>
        new() { [Certificate.PubkeySha256] = new HashSet<string> { names.Item1, names.Item2 } };

    private static string[] Split(string words) => words.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
