using CertHerald.Deciding;
using CertHerald.Inspecting;
using CertHerald.Names;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Certificates;

namespace CertHerald.Tests.Deciding;

/// <summary>certspotter.md §4.3, row by row, each with its "never"; ct.md 2.4. Certificates are real and really signed.</summary>
public sealed class KnownRulesTests : IDisposable
{
    private readonly TestCa _ca = new("Trusty CA"), _other = new("Trusty CA");
    private readonly IssuerDirectory _issuers;

    public KnownRulesTests() => _issuers = IssuerDirectory.Over(new IssuerBook(
        [new IssuerOwner("Trusty CA", "", ["trusty.example", "trusted.example"], ""), new IssuerOwner("Silent CA", "", null, "")],
        [new IssuerKey(KeyOf(_ca), "Trusty CA", "", null)]));

    public void Dispose()
    {
        _ca.Dispose();
        _other.Dispose();
    }

    [Theory]
    [InlineData("R1 the list of every name", "trusty.example", "", "www.example.com", true)]
    [InlineData("R1 another name of the same CA", "trusted.example", "", "www.example.com", true)]
    [InlineData("R1 another CA", "another.example", "", "www.example.com", false)]
    [InlineData("R1 no CA at all", "", "", "www.example.com", false)]
    [InlineData("R1 the name's own list", "", "www.example.com=trusty.example", "www.example.com", true)]
    [InlineData("R1 the list of the tree above", "", ".example.com=trusty.example", "a.b.example.com", true)]
    [InlineData("R1 an exact list is not for what is below it", "", "example.com=trusty.example", "www.example.com", false)]
    [InlineData("R1 the nearest list counts alone", "trusty.example", ".www.example.com=another.example .example.com=trusty.example", "www.example.com", false)]
    [InlineData("R1 every endpoint", "", ".example.com=trusty.example", "www.example.com www.example.org", false)]
    [InlineData("R1 every endpoint, each by its list", "", ".example.com=trusty.example .example.org=trusted.example", "www.example.com www.example.org", true)]
    [InlineData("R1 a wildcard", "", ".example.com=trusty.example", "*.example.com", true)]
    [InlineData("R1 a wildcard over a name with another list", "", ".example.com=trusty.example pay.example.com=another.example", "*.example.com", false)]
    [InlineData("R1 a wildcard over a tree with another list", "", ".example.com=trusty.example .pay.example.com=another.example", "*.example.com", false)]
    [InlineData("R1 a wildcard beside a list that it does not reach", "", ".example.com=trusty.example .a.pay.example.com=another.example", "*.example.com", true)]
    [InlineData("R1 a name that no CA may issue", "trusty.example", "", "w*w.example.com", false)]
    [InlineData("R1 an address", "", "192.0.2.1=trusty.example", "192.0.2.1", true)]
    [InlineData("R1 an address and the list of another", "", "192.0.2.2=trusty.example", "192.0.2.1", false)]
    public void R1_a_ca_of_the_list_is_known_by_its_key(string what, string general, string lists, string names, bool isKnown)
    {
        KnownCertificates known = Authorities(general, lists);
        Assert.True(isKnown == WhyKnown(known, Match(_ca, names)) is not null, what);
    }

    [Fact]
    public void R1_names_that_only_an_app_watches_need_no_authority()
    {
        KnownCertificates known = Authorities("", ".example.com=trusty.example");
        MatchFinding match = Match(_ca, "www.app.test www.example.com");
        Decider Over(WatchList? own) => new(() => known, () => [], _issuers, () => own);

        Assert.True(Over(Names.WatchLists.Of(".example.com")).Decide(match, _ => []).Known);
        Assert.False(Over(Names.WatchLists.Of(".example.com", ".app.test")).Decide(match, _ => []).Known);
        Assert.False(Over(null).Decide(match, _ => []).Known);
        Assert.False(Over(WatchList.Empty).Decide(match, _ => []).Known);
    }

    [Theory]
    [InlineData("nothing is authorised", "", "", "operator app:1")]
    [InlineData("its CA, for the operator's name only", ".own.test=trusty.example", "", "app:1")]
    [InlineData("its CA, for the tenant's name only", ".app.test=trusty.example", "", "operator")]
    [InlineData("its CA, for both", ".own.test=trusty.example .app.test=trusty.example", "", "")]
    [InlineData("its key, for both", "", "www.own.test www.app.test", "")]
    [InlineData("its key, for the operator's name only", "", "www.own.test", "operator app:1")]
    public void What_is_unknown_to_a_tenant_is_judged_by_its_own_names_and_to_the_operator_by_his(string what, string lists, string keyFor, string told)
    {
        MatchFinding match = Match(_ca, "www.app.test www.own.test");
        KnownCertificates known = Authorities("", lists).With(Keys(match.Certificate.PubkeySha256, keyFor.Split(' ')));
        WatchedPart Part(string item) => new(Names.WatchLists.Of(item));
        Subscription[] hooks =
        [
            new("operator", [EventKinds.UnknownCertificate]), new("app:1", [EventKinds.UnknownCertificate], Part("www.app.test")), new("app:2", [EventKinds.UnknownCertificate], Part("other.test")),
        ];

        Decision decision = new Decider(() => known, () => hooks, _issuers, () => Names.WatchLists.Of("www.own.test")).Decide(match, _ => []);

        Assert.True(told == string.Join(' ', decision.Owed), $"{what}: {string.Join(", ", decision.Owed)}");
        Assert.Equal(!decision.Owed.Contains("operator"), decision.Known);
    }

    [Fact]
    public void R1_never_by_the_issuers_name()
    {
        // To the letter the same name, organisation and common name, and another key.
        MatchFinding forged = Match(_other, "www.example.com"), real = Match(_ca, "www.example.com");
        Assert.Equal(real.Certificate.IssuerName, forged.Certificate.IssuerName);

        KnownCertificates known = Authorities("trusty.example trusted.example", "");

        Assert.NotNull(WhyKnown(known, real));
        Assert.Null(WhyKnown(known, forged));
        Assert.Null(WhyKnown(Authorities("trusty", ""), real));
    }

    [Fact]
    public void R1_never_by_a_name_of_the_built_in_table()
    {
        // Let's Encrypt's organisation is in the table by name: good to show, never to decide by.
        using var imposter = new TestCa("Let's Encrypt");
        MatchFinding finding = Match(imposter, "www.example.com");
        Assert.Equal(IssuerBasis.Name, _issuers.Find(finding.Certificate).Basis);
        Assert.Contains("letsencrypt.org", _issuers.Find(finding.Certificate).CaaDomains!);

        Assert.Null(WhyKnown(Authorities("letsencrypt.org", ""), finding));
    }

    [Fact]
    public void R1_never_by_a_key_that_did_not_sign()
    {
        KnownCertificates known = Authorities("trusty.example", "");
        MatchFinding forged = Match(_other, "www.example.com"), real = Match(_ca, "www.example.com");

        // A log may serve any chain beside an entry: here the trusted CA's, with its key's hash.
        Assert.Null(WhyKnown(known, forged with { IssuerDer = _ca.Intermediate.RawData, Certificate = forged.Certificate with { IssuerPubkeySha256 = KeyOf(_ca) } }));
        Assert.Null(WhyKnown(known, forged with { Certificate = forged.Certificate with { IssuerPubkeySha256 = KeyOf(_ca) } }));
        Assert.Null(WhyKnown(known, real with { IssuerDer = null }));
        Assert.Null(WhyKnown(known, real with { Certificate = real.Certificate with { IssuerPubkeySha256 = null } }));
        Assert.Null(WhyKnown(known, real.Contradicted("the chain is another's")));
        byte[] broken = [.. real.Certificate.CertDer];
        broken[^1] ^= 1;
        Assert.Null(WhyKnown(known, real with { Certificate = real.Certificate with { CertDer = broken } }));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void R1_holds_for_precertificates_through_their_signing_certificate_if_there_is_one(bool throughSigner)
    {
        TestPrecertificate precertificate = _ca.IssuePrecertificate(new IssueRequest("www.example.com") { ThroughSigningCertificate = throughSigner });
        MatchFinding finding = Match(precertificate.Der, precertificate.Chain[1], throughSigner ? precertificate.Chain[2] : null, isPrecertificate: true, KeyOf(_ca), "www.example.com");
        KnownCertificates known = Authorities("trusty.example", "");

        Assert.NotNull(WhyKnown(known, finding));
        // A signing certificate that the trusted key did not sign vouches for nothing.
        TestPrecertificate foreign = _other.IssuePrecertificate(new IssueRequest("www.example.com") { ThroughSigningCertificate = true });
        Assert.Null(WhyKnown(known, Match(foreign.Der, foreign.Chain[1], _ca.Intermediate.RawData, isPrecertificate: true, KeyOf(_ca), "www.example.com")));
    }

    [Fact]
    public void R1_takes_the_hash_of_an_issuing_key_too()
    {
        Assert.NotNull(WhyKnown(Authorities(KeyOf(_ca), ""), Match(_ca, "www.example.com")));
        Assert.Null(WhyKnown(Authorities(KeyOf(_ca), ""), Match(_other, "www.example.com")));
        // One that nobody has on record.
        Assert.NotNull(WhyKnown(Authorities(KeyOf(_other), ""), Match(_other, "www.example.com")));
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void R1_and_R2_never_where_not_every_match_is_listed(bool isCut, bool hasMore)
    {
        KnownCertificates known = Authorities("trusty.example", "");
        MatchFinding match = Match(_ca, "*.example.com") with { HasMoreMatches = hasMore };

        Decision decision = new Decider(() => known, () => [], _issuers).Decide(match, parent => [.. Enumerable.Range(0, isCut ? 2_000 : 1).Select(i => Some.Numbered("n", i) + "." + parent)]);

        Assert.False(decision.Known);
    }

    [Theory]
    [InlineData("R2 the CA is named", "www.example.com", "0 issue trusty.example", true)]
    [InlineData("R2 by another of its names, in capitals", "www.example.com", "0 issue TRUSTED.example", true)]
    [InlineData("R2 beside others", "www.example.com", "0 issue another.example|0 issue trusty.example", true)]
    [InlineData("R2 with parameters, which bind the CA", "www.example.com", "0 issue trusty.example; accounturi=https://ca.example/1; validationmethods=dns-01", true)]
    [InlineData("R2 with a semicolon and nothing behind it", "www.example.com", "0 issue  trusty.example ; ", true)]
    [InlineData("R2 another CA", "www.example.com", "0 issue another.example", false)]
    [InlineData("R2 nobody may", "www.example.com", "0 issue ;", false)]
    [InlineData("R2 never by an absent set", "www.example.com", "", false)]
    [InlineData("R2 never by a set that restricts nobody", "www.example.com", "0 iodef mailto:a@example.com", false)]
    [InlineData("R2 a critical tag that nobody understands", "www.example.com", "0 issue trusty.example|128 tbs Unknown", false)]
    [InlineData("R2 a critical tag that is understood", "www.example.com", "128 issue trusty.example", true)]
    [InlineData("R2 a tag that nobody understands and may pass over", "www.example.com", "0 issue trusty.example|0 tbs Unknown", true)]
    [InlineData("R2 a value that breaks the grammar", "www.example.com", "0 issue trusty.example;bad parameter", false)]
    [InlineData("R2 a label that is none", "www.example.com", "0 issue trusty-.example", false)]
    [InlineData("R2 two names in one value", "www.example.com", "0 issue trusty.example another.example", false)]
    [InlineData("R2 issuewild is not for a plain name", "www.example.com", "0 issuewild trusty.example", false)]
    [InlineData("R2 issuewild for a wildcard", "*.www.example.com", "0 issuewild trusty.example", true)]
    [InlineData("R2 issuewild first for a wildcard", "*.www.example.com", "0 issue trusty.example|0 issuewild another.example", false)]
    [InlineData("R2 issuewild that lets nobody", "*.www.example.com", "0 issue trusty.example|0 issuewild ;", false)]
    [InlineData("R2 issue for a wildcard without issuewild", "*.www.example.com", "0 issue trusty.example", true)]
    [InlineData("R2 a name that no look-up was made for", "*.example.com", "0 issue trusty.example", false)]
    [InlineData("R2 every endpoint", "www.example.com shop.example.com", "0 issue trusty.example", false)]
    [InlineData("R2 never for an address", "192.0.2.1", "0 issue trusty.example", false)]
    public void R2_a_ca_that_the_trusted_set_names_is_known(string what, string names, string records, bool isKnown)
    {
        var set = CaaSet.Of("example.com", records.Split('|', StringSplitOptions.RemoveEmptyEntries).Select(record => record.Split(' ', 3)).Select(parts => new CaaRecord(byte.Parse(parts[0], System.Globalization.CultureInfo.InvariantCulture), parts[1], parts[2])));
        KnownCertificates known = KnownCertificates.None.With(new CaaTrust([KeyValuePair.Create("www.example.com", set), KeyValuePair.Create("192.0.2.1", set)]));

        Assert.True(isKnown == WhyKnown(known, Match(_ca, names)) is not null, what);
        Assert.Null(WhyKnown(known, Match(_other, names)));
    }

    [Fact]
    public void R1_and_R2_together_cover_each_name_by_one_of_them_and_the_reason_says_so()
    {
        KnownCertificates known = Authorities("", "shop.example.org=trusty.example")
            .With(new CaaTrust([KeyValuePair.Create("www.example.com", CaaSet.Of("example.com", [new CaaRecord(0, "issue", "trusty.example")]))]));

        Assert.Equal(
            "Trusty CA is authorised to issue for some of your names in it, and allowed by the CAA records, as you were told of them, of the others",
            WhyKnown(known, Match(_ca, "www.example.com shop.example.org")));
        Assert.Equal("Trusty CA is authorised to issue for all your names in it", WhyKnown(known, Match(_ca, "shop.example.org")));
        Assert.Equal("Trusty CA is allowed by the CAA records, as you were told of them, of all your names in it", WhyKnown(known, Match(_ca, "www.example.com")));
        Assert.Null(WhyKnown(known, Match(_ca, "www.example.com shop.example.org third.example")));
    }

    [Fact]
    public void R3_never_with_a_name_more_or_an_address_or_by_a_wildcard_that_is_not_listed()
    {
        MatchFinding match = Match(_ca, "www.example.com");
        KnownCertificates known = Keys(match.Certificate.PubkeySha256, "www.example.com", "shop.example.com");

        Assert.Equal(KnownCertificates.ByKey, WhyKnown(known, match));
        Assert.Null(WhyKnown(known, With(match, ["www.example.com", "mail.example.com"], [])));
        Assert.Null(WhyKnown(known, With(match, ["www.example.com"], ["192.0.2.1"])));
        Assert.Null(WhyKnown(known, With(match, ["*.example.com"], [])));
        Assert.Null(WhyKnown(Keys(match.Certificate.PubkeySha256, "*.example.com"), match));
        Assert.Null(WhyKnown(Keys(Some.Hash("another key"), "www.example.com"), match));
    }

    [Fact]
    public void R4_never_by_serial_fingerprint_key_or_subject()
    {
        CertificateFacts facts = Match(_ca, "www.example.com").Certificate;
        foreach (string copyable in (string[])[facts.Serial, facts.CertSha256, facts.PubkeySha256, facts.SubjectName, facts.IssuerPubkeySha256!])
            Assert.Null(new KnownCertificates(new HashSet<string> { copyable }, new Dictionary<string, IReadOnlySet<string>>()).WhyKnown(facts));
        Assert.Equal(KnownCertificates.ByCertificate, new KnownCertificates(new HashSet<string> { facts.TbsSha256 }, new Dictionary<string, IReadOnlySet<string>>()).WhyKnown(facts));
    }

    [Fact]
    public void Two_sources_of_what_is_known_join_and_a_key_of_both_is_for_the_names_of_both()
    {
        string key = Some.Hash("key");
        KnownCertificates both = Keys(key, "a.example").With(Keys(key, "b.example")).With(Authorities("x.example", "a.example=y.example")).With(Authorities("z.example", "a.example=z.example b.example=z.example"));

        Assert.Equal(["a.example", "b.example"], both.Keys[key].Order());
        Assert.Equal(["x.example", "z.example"], both.Authorities.General);
        Assert.Equal([("a.example", "y.example"), ("b.example", "z.example")], both.Authorities.Lists.Select(list => (list.Key, list.Value.Single())).Order());
    }

    [Fact]
    public void A_set_of_records_is_the_same_in_any_order_and_comes_back_from_its_text()
    {
        CaaRecord[] records = [new(0, "issue", "a \"quoted\" one"), new(128, "issuewild", ";"), new(0, "iodef", "")];
        CaaSet set = CaaSet.Of("example.com", records), other = CaaSet.Of("example.com", records.Reverse().Concat(records));

        Assert.Equal(set.ToText(), other.ToText());
        Assert.Equal(set.Records, CaaSet.Read(set.ToText()).Records);
        Assert.Equal(("example.com", ""), (CaaSet.Read(set.ToText()).Owner, CaaSet.Read(CaaSet.Absent.ToText()).Owner));
        Assert.NotEqual(set.ToText(), CaaSet.Of("www.example.com", records).ToText());
    }

    private string? WhyKnown(KnownCertificates known, MatchFinding match)
    {
        Decision decision = new Decider(() => known, () => [new Subscription("hook", [EventKinds.UnknownCertificate])], _issuers).Decide(match, _ => []);
        // What is not known is told, with every endpoint.
        Assert.Equal(decision.Known ? [] : ["hook"], decision.Owed);
        Assert.Equal(match.Matches.Count, decision.Endpoints.Count);
        return decision.Known ? decision.Reason : null;
    }

    private static MatchFinding With(MatchFinding match, string[] names, string[] addresses) =>
        match with { Certificate = match.Certificate with { DnsNames = names, IpAddresses = addresses } };

    private static MatchFinding Match(TestCa ca, string names)
    {
        TestCertificate certificate = ca.Issue(names.Split(' '));
        return Match(certificate.Der, ca.Intermediate.RawData, null, isPrecertificate: false, KeyOf(ca), names);
    }

    private static MatchFinding Match(byte[] der, byte[] issuer, byte[]? next, bool isPrecertificate, string issuerKey, string names)
    {
        Assert.True(CertificateView.TryRead(der, out CertificateView certificate));
        IReadOnlyCollection<Identifier> identifiers = CertificateReading.IdentifiersOf(certificate);
        CertificateFacts facts = CertificateReading.Read(der, certificate, identifiers, isPrecertificate, issuerKey);
        Assert.Equal(names.Split(' ').Order(StringComparer.Ordinal), identifiers.Select(one => one.Text).Order(StringComparer.Ordinal));
        return new MatchFinding(default, default, default, facts, [.. identifiers.Select(one => new Match(one, one.Text.Contains('*', StringComparison.Ordinal) ? "." + one.Text[(one.Text.IndexOf('.', StringComparison.Ordinal) + 1)..] : one.Text))], null)
        {
            IssuerDer = issuer,
            NextDer = next,
        };
    }

    private static KnownCertificates Keys(string key, params string[] names) =>
        new(new HashSet<string>(), new Dictionary<string, IReadOnlySet<string>> { [key] = names.ToHashSet() });

    private static KnownCertificates Authorities(string general, string lists) => new(new HashSet<string>(), new Dictionary<string, IReadOnlySet<string>>())
    {
        Authorities = new AuthorityLists(
            general.Split(' ', StringSplitOptions.RemoveEmptyEntries),
            lists.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(list => list.Split('=')).Select(parts => KeyValuePair.Create<string, IReadOnlyList<string>>(parts[0], [parts[1]]))),
    };

    private static string KeyOf(TestCa ca) => CertificateReading.PubkeySha256Of(ca.Intermediate.RawData)!;
}
