using System.Text;
using CertHerald.Inspecting;
using CertHerald.Names;
using CertHerald.Names.Lookalikes;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Transparency.Entries;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Merkle;
using FsCheck;
using FsCheck.Fluent;

namespace CertHerald.Tests.Inspecting;

/// <summary>Look-alikes in what a log shows. M19: the acceptance set of meta.md §5.2, by name.</summary>
public sealed class LookalikeInspectionTests : IDisposable
{
    private readonly TestCa _ca = new();

    public void Dispose() => _ca.Dispose();

    [Theory]
    [InlineData("faceb00k.com")]
    [InlineData("xn--facebk-0qfa.com")]
    [InlineData("xn--facbook-9gg.ml")]
    [InlineData("helpdesk-facebook.com")]
    [InlineData("facebook.com-legit.com")]
    [InlineData("facebook.com.long.subdomain.that.will.not.be.fully.shown.on.mobile.devices.com")]
    [InlineData("facebook.com.evil.com")]
    [InlineData("faecbook.com")]
    [InlineData("faceboook.com")]
    [InlineData("*.facebook.com.evil.com")]
    [InlineData("FACEB00K.com")]
    public void M19_must_be_found(string name)
    {
        LookalikeMatch match = Assert.Single(Look(Facebook, name));
        Assert.Equal(("", "facebook.com", name.ToLowerInvariant()), (match.Owner, match.Domain, Assert.Single(match.Names).Name));
        Assert.True(match.Names[0].Score >= ProtectedDomain.DefaultThreshold);
        Assert.NotEmpty(match.Names[0].Reasons);
    }

    [Theory]
    [InlineData("facbook.com")]
    [InlineData("facenook.com")]
    [InlineData("face-book.com")]
    [InlineData("xn--fcebook-hwa.com")]
    [InlineData("xn--facebok-fjg.com")]
    [InlineData("facebook.ml")]
    public void M19_should_be_found_and_is(string name) => Assert.Single(Look(Facebook, name));

    [Theory]
    [InlineData("facebook.com")]
    [InlineData("www.facebook.com")]
    [InlineData("*.facebook.com")]
    [InlineData("fb.com")]
    [InlineData("facebook.login.fb.com")]
    [InlineData("facebook-fans.example")]
    [InlineData("login.facebook-fans.example")]
    [InlineData("notebook.com")]
    [InlineData("example.com")]
    public void M19_must_not_be_found(string name) => Assert.Empty(Look(Facebook, name));

    [Theory]
    [InlineData("fa.com", false)]
    [InlineData("fb.com.evil.com", true)]
    public void M19_of_a_short_name_only_what_holds_all_of_it_is_found(string name, bool isFound) =>
        Assert.Equal(isFound, Look(Protecting("", new ProtectedDomain { Name = "fb.com" }), name).Count > 0);

    [Fact]
    public void M19_two_offending_names_of_one_certificate_are_one_match_that_lists_both()
    {
        LookalikeMatch match = Assert.Single(Look(Facebook, "login.facebook.com.evil.com", "example.com", "facebook.com.evil.com", "www.facebook.com"));
        Assert.Equal(["facebook.com.evil.com", "login.facebook.com.evil.com"], match.Names.Select(name => name.Name).Order(StringComparer.Ordinal));
        Assert.Equal("evil.com", match.Registrable);
    }

    [Fact]
    public void What_one_owner_owns_or_allows_is_a_look_alike_to_another_all_the_same()
    {
        var protection = new Protection(
            [
                Owned("app:1", new ProtectedDomain { Name = "facebook.com" }),
                Owned("app:2", new ProtectedDomain { Name = "faceb00k.com", Allowed = ["facebook.com.evil.com"] }),
            ], null);

        Assert.Equal(["app:1"], Look(protection, "www.faceb00k.com").Select(match => match.Owner));
        Assert.Contains("app:1", Look(protection, "facebook.com.evil.com").Select(match => match.Owner));
    }

    [Fact]
    public void A_watched_name_is_no_look_alike_to_whoever_runs_the_service_and_is_one_to_an_app()
    {
        var protection = new Protection([Owned("", new ProtectedDomain { Name = "facebook.com" }), Owned("app:1", new ProtectedDomain { Name = "facebook.com" })], null);
        WatchList watch = Tests.Names.WatchLists.Of(".faceb00k.com");

        MatchFinding finding = Assert.IsType<MatchFinding>(Assert.Single(Inspect(protection, watch, "www.faceb00k.com")));
        Assert.Equal("app:1", Assert.Single(finding.Lookalikes).Owner);
        Assert.Single(finding.Matches);
    }

    [Fact]
    public void What_only_an_app_subscribes_to_is_a_look_alike_to_whoever_runs_the_service()
    {
        using var meter = new System.Diagnostics.Metrics.Meter("CertHerald");
        var watched = new CertHerald.Deciding.Watched(Tests.Names.WatchLists.Of(".own.example"), CertHerald.Deciding.KnownCertificates.None, meter);
        watched.Add(Tests.Names.WatchLists.Of(".faceb00k.com"));
        watched.AddOfApps(Tests.Names.WatchLists.Of(".facebook.com.evil.com", ".faceb00k.com"));
        var inspector = new Inspector(() => watched.List, () => Facebook, owned: () => watched.Own);
        using RawBatch batch = BatchOf(_ca.Issue("www.facebook.com.evil.com", "www.faceb00k.com"));

        var finding = Assert.IsType<MatchFinding>(Assert.Single(inspector.Inspect(batch)));

        Assert.Equal("www.facebook.com.evil.com", Assert.Single(Assert.Single(finding.Lookalikes).Names).Name);
        Assert.Equal(2, finding.Matches.Count);
    }

    [Fact]
    public void Whoever_watches_a_top_level_domain_does_not_own_what_lies_below()
    {
        var finding = Assert.IsType<MatchFinding>(Assert.Single(Inspect(Facebook, Tests.Names.WatchLists.Of(".com"), "faceb00k.com")));
        Assert.Single(finding.Lookalikes);
    }

    [Fact]
    public void Ten_thousand_names_of_one_certificate_are_judged_once_each_and_a_thousand_are_kept()
    {
        string[] names = [.. Enumerable.Range(0, 10_000).Select(i => $"facebook.com.h{i}.evil.com")];

        LookalikeMatch match = Assert.Single(Look(Facebook, names));

        Assert.Equal(LookalikeMatch.MostNames, match.Names.Count);
        Assert.Equal(match.Names.Count, match.Names.Select(name => name.Name).Distinct().Count());
    }

    [Fact]
    public void Own_domains_and_what_lies_below_them_are_never_found()
    {
        string[] labels = ["facebook", "login", "faceb00k", "www", "xn--facebk-0qfa", "com", "secure", "a"];
        string[] own = ["facebook.com", "fb.com", "facebook-dev.net"];
        var protection = Protecting("", new ProtectedDomain { Name = "facebook.com", Own = ["facebook-dev.net"] }, new ProtectedDomain { Name = "fb.com" });
        var names = Gen.Elements(labels).ListOf().SelectMany(left => Gen.Elements(own).Select(end => string.Join('.', left.Take(5).Append(end))));

        Check.One(Config.QuickThrowOnFailure.WithMaxTest(500), Prop.ForAll(names.ToArbitrary(), name =>
            protection.Judge([new Identifier(IdentifierKind.Dns, name), new Identifier(IdentifierKind.Dns, "*." + name)], WatchList.Empty).Count == 0
            && !protection.MayAlert(NameSource.DnsName, Encoding.ASCII.GetBytes(name))));
    }

    [Fact]
    public void What_is_too_weak_for_an_alert_is_kept_for_the_digest_only_where_that_is_wanted()
    {
        var wanted = Protecting("", new ProtectedDomain { Name = "facebook.com", DigestFrom = 30 });
        WeakLookalike weak = Assert.Single(WeakIn(wanted, out IReadOnlyList<Finding> findings, "xfacebookx.org", "www.xfacebookx.org", "notebook.com"));

        Assert.Empty(findings);
        Assert.Equal(("facebook.com", "xfacebookx.org", 64, false), (weak.Domain, weak.Registrable, weak.TbsSha256.Length, weak.IsSilent));
        Assert.InRange(weak.Best.Score, 30, 49);
        Assert.Single(weak.Best.Reasons);
        Assert.Empty(WeakIn(Facebook, out _, "xfacebookx.org"));
        Assert.Empty(WeakIn(Protecting("", new ProtectedDomain { Name = "facebook.com", DigestFrom = 49 }), out _, "xfacebookx.org"));
        Assert.Empty(WeakIn(Protecting("app:1", new ProtectedDomain { Name = "facebook.com", DigestFrom = 30 }), out _, "xfacebookx.org"));
        Assert.Empty(WeakIn(Protecting("", new ProtectedDomain { Name = "facebook.com", DigestFrom = 30, Allowed = ["xfacebookx.org"] }), out _, "xfacebookx.org"));
    }

    [Fact]
    public void A_registrable_domain_with_an_alert_is_not_weak_and_one_beside_it_is()
    {
        var protection = Protecting("", new ProtectedDomain { Name = "facebook.com", DigestFrom = 30 });

        WeakLookalike weak = Assert.Single(WeakIn(protection, out IReadOnlyList<Finding> findings, "xfacebookx.org", "facebook.com.xfacebookx.org", "thefacebooks.org"));

        Assert.Equal("thefacebooks.org", weak.Registrable);
        var finding = Assert.IsType<MatchFinding>(Assert.Single(findings));
        Assert.Equal("xfacebookx.org", Assert.Single(finding.Lookalikes).Registrable);
        Assert.Equal(finding.Certificate.TbsSha256, weak.TbsSha256);
    }

    [Fact]
    public void Of_a_certificate_with_ten_thousand_weak_names_a_thousand_are_kept_the_strongest()
    {
        var protection = Protecting("", new ProtectedDomain { Name = "facebook.com", DigestFrom = 30 });
        string[] names = [.. Enumerable.Range(0, 3_000).Select(i => $"myfacebookpage.h{i}.org")];

        List<WeakLookalike> weak = WeakIn(protection, out _, [.. names, "xfacebookx.xyz"]);

        Assert.Equal(WeakLookalike.MostOfBatch, weak.Count);
        Assert.Equal(weak.Max(one => one.Best.Score), weak[0].Best.Score);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(30)]
    public void A_batch_without_look_alikes_allocates_nothing(int? digest)
    {
        var corpus = new SyntheticCorpus();
        using RawBatch batch = BatchOf(corpus.Entries(new EntryIndex(0), 1_000).Select(entry => (entry.LeafInput.ToArray(), entry.ExtraData.ToArray())));
        var protection = Protecting("", new ProtectedDomain { Name = "certherald.invalid", DigestFrom = digest });
        var weak = new List<WeakLookalike>();
        var inspector = new Inspector(() => WatchList.Empty, () => protection, new NameSample(100, 1));
        for (int i = 0; i < 20; i++) Assert.Empty(inspector.Inspect(batch, weak: weak));
        long before = GC.GetAllocatedBytesForCurrentThread();

        inspector.Inspect(batch, weak: weak);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void A_common_name_that_the_other_names_repeat_is_judged_once()
    {
        var sample = new NameSample(100, 1);
        var inspector = new Inspector(() => WatchList.Empty, () => Facebook, sample);

        inspector.Inspect(BatchOf(_ca.Issue("example.org", "www.example.org")));

        Assert.Equal(2, sample.NamesJudged);
    }

    [Fact]
    public void Many_owners_find_what_each_finds_alone()
    {
        string[] brands = ["facebook.com", "example-bank.de", "github.com", "orange.fr", "instagram.com", "paypal.com", "xn--mnchen-3ya.de", "m3u8.net"];
        OwnerProtection[] owners = [.. brands.Select((brand, at) => Owned($"app:{at}", new ProtectedDomain { Name = brand, Keywords = ["quokka"] }))];
        var all = new Protection(owners, null);
        string[] names =
        [
            .. from brand in brands
               from name in (string[])[brand, "login-" + brand, brand.Replace("o", "0", StringComparison.Ordinal), brand[1..], "x" + brand, brand.Replace('.', '-') + ".evil.example", "a" + brand[..^1], brand.Replace("b", "", StringComparison.Ordinal) + "s"]
               select name,
            "quokka-login.example", "quokkka.example", "harmless.example",
        ];

        foreach (byte[] name in names.Select(System.Text.Encoding.UTF8.GetBytes))
            Assert.Equal(owners.Any(owner => owner.Index.IsAlert(name)), all.MayAlert(NameSource.DnsName, name));
        Assert.True(all.MayAlert(NameSource.DnsName, "faceb00k-login.example"u8));
        Assert.False(all.MayAlert(NameSource.DnsName, "harmless.example"u8));

        long before = GC.GetAllocatedBytesForCurrentThread();
        all.MayAlert(NameSource.DnsName, "harmless.example"u8);
        all.MayAlert(NameSource.DnsName, "quokka-login.example"u8);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static Protection Facebook { get; } = Protecting("", new ProtectedDomain { Name = "facebook.com", Allowed = ["facebook-fans.example"] }, new ProtectedDomain { Name = "fb.com" });

    private static Protection Protecting(string owner, params ProtectedDomain[] domains) => new([Owned(owner, domains)], null);

    private static OwnerProtection Owned(string owner, params ProtectedDomain[] domains) => new(owner, LookalikeIndex.Build(domains, suffixes: null));

    private IReadOnlyList<LookalikeMatch> Look(Protection protection, params string[] names) =>
        Inspect(protection, WatchList.Empty, names) is [MatchFinding finding] ? finding.Lookalikes : [];

    private List<WeakLookalike> WeakIn(Protection protection, out IReadOnlyList<Finding> findings, params string[] names)
    {
        using RawBatch batch = BatchOf(_ca.Issue(names));
        var weak = new List<WeakLookalike>();
        findings = new Inspector(() => WatchList.Empty, () => protection).Inspect(batch, weak: weak);
        return weak;
    }

    private IReadOnlyList<Finding> Inspect(Protection protection, WatchList watch, params string[] names)
    {
        using RawBatch batch = BatchOf(_ca.Issue(names));
        return new Inspector(() => watch, () => protection).Inspect(batch);
    }

    private static RawBatch BatchOf(TestCertificate certificate)
    {
        using var log = new Log(new LogOptions { PublishOnAdd = true });
        log.AddChain(certificate.Chain);
        return BatchOf([log.ReadEntry(new EntryIndex(0))]);
    }

    private static RawBatch BatchOf(IEnumerable<(byte[] LeafInput, byte[] ExtraData)> entries)
    {
        using var builder = new RawBatchBuilder(new EntryIndex(0), ExtraDataForm.Rfc6962);
        foreach ((byte[] leafInput, byte[] extraData) in entries) Assert.True(builder.Add(leafInput, extraData));
        return builder.Build();
    }
}
