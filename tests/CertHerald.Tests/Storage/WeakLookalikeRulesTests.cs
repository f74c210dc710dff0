using CertHerald.Inspecting;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Storage;

public sealed class WeakLookalikeRulesTests
{
    [Fact]
    public void A_certificate_counts_once_and_of_many_the_last_ones_are_remembered()
    {
        byte[] certificates = [];
        for (int i = 0; i < WeakCertificates.Most + 3; i++) certificates = WeakCertificates.With(certificates, Some.Hash(Some.Numbered("c", i)));

        Assert.Equal(WeakCertificates.Most, WeakCertificates.Count(certificates.Length));
        Assert.Same(certificates, WeakCertificates.With(certificates, Some.Hash("c3")));
        Assert.NotSame(certificates, WeakCertificates.With(certificates, Some.Hash("c2")));
    }

    [Fact]
    public void What_one_batch_shows_of_a_pair_is_one_change_by_its_strongest_name()
    {
        WeakPlan plan = WeakLookalikeRules.Plan(
            [Weak("a.test", 30, "1"), Weak("a.test", 40, "2"), Weak("known.test", 20, "1"), Weak("seen.test", 20, "1")],
            new Dictionary<(string, string), WeakRow>
            {
                [("facebook.com", "known.test")] = new(7, WeakCertificates.With([], Some.Hash("0"))),
                [("facebook.com", "seen.test")] = new(8, WeakCertificates.With([], Some.Hash("1"))),
            },
            new Dictionary<string, (int, int)>());

        WeakChange added = Assert.Single(plan.Added), changed = Assert.Single(plan.Changed);
        Assert.Equal((null, "a.test", 40, 2, false), (added.Row, added.Registrable, added.Best.Score, WeakCertificates.Count(added.Certificates.Length), added.IsSilent));
        Assert.Equal((7L, 2), (changed.Row, WeakCertificates.Count(changed.Certificates.Length)));
    }

    [Theory]
    [InlineData(999, 1, true)]
    [InlineData(1_000, 39, true)]
    [InlineData(1_000, 40, false)]
    public void Where_there_is_no_room_only_what_is_stronger_than_the_weakest_gets_in(int count, int weakest, bool isAdded) => Assert.Equal(
        isAdded, WeakLookalikeRules.Plan([Weak("a.test", 40, "1")], new Dictionary<(string, string), WeakRow>(), new Dictionary<string, (int, int)> { ["facebook.com"] = (count, weakest) }).Added.Count > 0);

    [Fact]
    public void Only_what_is_silent_in_all_of_its_certificates_is_told_by_no_digest()
    {
        WeakPlan plan = WeakLookalikeRules.Plan(
            [Weak("a.test", 40, "1") with { IsSilent = true }, Weak("a.test", 40, "2"), Weak("b.test", 40, "1") with { IsSilent = true }], new Dictionary<(string, string), WeakRow>(), new Dictionary<string, (int, int)>());

        Assert.Equal([("a.test", false), ("b.test", true)], plan.Added.Select(one => (one.Registrable, one.IsSilent)));
    }

    private static WeakLookalike Weak(string registrable, int score, string certificate) =>
        new(new EntryIndex(0), "facebook.com", registrable, new LookalikeName(registrable, score, "typo", []), Some.Hash(certificate));
}
