using System.Buffers;
using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Dialects.Meta;
using CertHerald.Inspecting;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Storage;

/// <summary>Which look-alikes are told of, to whom, and in which parts.</summary>
public sealed class LookalikeRulesTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly Subscription ByFinding = new("native", [EventKinds.Lookalike]), ByDomain = new("meta", [EventKinds.Lookalike]) { TellsByDomain = true };

    [Fact]
    public void Two_registrable_domains_are_two_tellings_by_finding_and_one_by_protected_domain()
    {
        LookalikeMatch evil = Imitating("facebook.com", "evil.com", 70, "facebook.com.evil.com"), drawn = Imitating("facebook.com", "xn--facbook-9gg.ml", 95, "xn--facbook-9gg.ml");

        List<LookalikeTelling> tellings = Tell([new(1, LookalikeChanges.New, [evil]), new(2, LookalikeChanges.Again, [drawn])], [evil, drawn]);

        Assert.Equal(["native 1 new: facebook.com.evil.com", "native 2 again: xn--facbook-9gg.ml", "meta 2 again: xn--facbook-9gg.ml facebook.com.evil.com"], tellings.Select(TextOf));
    }

    [Fact]
    public void By_protected_domain_all_open_names_stand_though_one_alone_is_new_and_closed_ones_never()
    {
        LookalikeMatch old = Imitating("a.com", "old.test", 90, "a.com.old.test"), fresh = Imitating("a.com", "new.test", 60, "a.com.new.test"), other = Imitating("b.com", "new.test", 60, "b.com.new.test");

        Assert.Equal(["meta 7 new: a.com.old.test a.com.new.test"], Tell([new(7, LookalikeChanges.New, [fresh])], [old, fresh, other]).Where(one => one.Webhooks.Contains("meta")).Select(TextOf));
        Assert.DoesNotContain(Tell([new(8, LookalikeChanges.Bulk, [old, other])], [other]), one => one.Webhooks.Contains("meta") && one.Names[0].Domain == "a.com");
    }

    [Fact]
    public void A_bulk_finding_is_one_telling_of_all_and_one_by_each_protected_domain()
    {
        LookalikeMatch[] matches = [.. "abcde".Select(brand => Imitating($"{brand}.com", "evil.com", 80, $"{brand}.com.evil.com"))];

        List<LookalikeTelling> tellings = Tell([new(1, LookalikeChanges.Bulk, matches)], matches);

        Assert.Equal(5, Assert.Single(tellings, one => one.Webhooks.Contains("native")).Names.Count);
        Assert.Equal(["a.com", "b.com", "c.com", "d.com", "e.com"], tellings.Where(one => one.Webhooks.Contains("meta")).Select(one => Assert.Single(one.Names).Domain));
    }

    [Theory]
    [InlineData(200, 240, 50_000, 2)]
    [InlineData(200, 10, 1_000, 1)]
    [InlineData(201, 10, 1_000, 2)]
    [InlineData(3, 240, 90_000, 3)]
    public void M15_a_list_is_split_so_that_no_body_is_too_large_and_no_name_is_lost(int names, int length, int derLength, int bodies)
    {
        string[] all = [.. Enumerable.Range(0, names).Select(i => $"{i:000}.{new string('x', length - 4)}")];
        LookalikeMatch match = Imitating("facebook.com", "evil.com", 90, all);
        CertificateFacts facts = Some.Facts("evil.com") with { CertDer = new byte[derLength] };

        LookalikeTelling[] tellings = [.. LookalikeRules.Tellings([new ToldLookalike(1, LookalikeChanges.New, [match])], [match], [ByDomain], derLength)];

        Assert.Equal(bodies, tellings.Length);
        Assert.Equal(all, tellings.SelectMany(one => one.Names).SelectMany(one => one.Names).Select(one => one.Name).Order(StringComparer.Ordinal));
        foreach (LookalikeTelling telling in tellings)
        {
            var body = new ArrayBufferWriter<byte>();
            var alert = new LookalikeAlert(1, 1, "", "evil.com", telling.Change, Now, telling.Names, new Issuance(long.MaxValue, facts, [], false, "", Now));
            new MetaDialect().Write(new DeliverySubject("https://ct.example", null, null) { Lookalike = alert, At = Now }, body);
            // A certificate that is too large by itself goes with one name.
            Assert.True(body.WrittenCount <= WebhookOptions.DefaultBatchBytes || telling.Names[0].Names.Count == 1, $"{body.WrittenCount} bytes");
        }
    }

    [Fact]
    public void Nobody_hears_of_what_another_owner_protects()
    {
        LookalikeMatch match = Imitating("a.com", "evil.com", 90, "a.com.evil.com") with { Owner = "app:1" };
        Assert.Empty(LookalikeRules.Tellings([new ToldLookalike(1, LookalikeChanges.New, [match])], [match], [ByFinding, ByDomain], 100));
        Assert.Single(LookalikeRules.Tellings([new ToldLookalike(1, LookalikeChanges.New, [match])], [match], [ByDomain with { Owner = "app:1" }], 100));
    }

    [Theory]
    [InlineData(LookalikeState.Open, true)]
    [InlineData(LookalikeState.Dismissed, false)]
    [InlineData(LookalikeState.Allowed, false)]
    public void What_is_closed_is_open_no_more_also_under_a_bulk_finding(object state, bool isOpen)
    {
        LookalikeMatch match = Imitating("a.com", "evil.com", 90, "a.com.evil.com");
        LookalikeRow alone = new(1, "a.com", (LookalikeState)state, Now), bulk = new(2, "", (LookalikeState)state, Now);

        Assert.Equal(isOpen, LookalikeRules.Plan([match], [alone], Now).Open.Count > 0);
        Assert.Equal(isOpen, LookalikeRules.Plan([match], [bulk], Now).Open.Count > 0);
        Assert.Equal(isOpen, LookalikeRules.Plan([match], [bulk, alone with { State = LookalikeState.Bulk }], Now).Open.Count > 0);
        Assert.Single(LookalikeRules.Plan([match], [], Now).Open);
    }

    private static List<LookalikeTelling> Tell(ToldLookalike[] told, LookalikeMatch[] open) => [.. LookalikeRules.Tellings(told, open, [ByFinding, ByDomain], 1_000)];

    private static string TextOf(LookalikeTelling telling) =>
        $"{string.Join(' ', telling.Webhooks)} {telling.Lookalike} {telling.Change}: {string.Join(' ', telling.Names.SelectMany(one => one.Names).Select(name => name.Name))}";

    private static LookalikeMatch Imitating(string domain, string registrable, int score, params string[] names) =>
        new("", domain, registrable, [.. names.Select(name => new LookalikeName(name, score, "target_embedding", ["it says so"]))]);
}
