using System.Text;
using CertHerald.Names.Lookalikes;
using FsCheck;
using FsCheck.Fluent;

namespace CertHerald.Tests.Names.Lookalikes;

public sealed class LookalikePropertyTests
{
    private static readonly string[] Domains = ["facebook.com\town=fb.com", "paypal.com\tkeywords=venmo", "bank-of-examples.co.uk", "hp.com", "b\u00fccher.net"];
    private static readonly LookalikeIndex Index = Looking.For(Domains);

    private static readonly string[] Pieces =
    [
        "facebook", "faceb00k", "paypal", "hp", "com", "co.uk", ".", "-", "xn--", "xn--facbook-9gg", "www", "login", "a", "\u0435", "evil", "*", "rn", "vv", "_", "1", "github.io", "..",
    ];

    private static Arbitrary<string> Names => Gen.Elements(Pieces).ListOf().Select(pieces => string.Concat(pieces.Take(40))).ToArbitrary();

    [Fact]
    public void No_bytes_make_it_throw_and_scores_stay_in_range() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(2_000),
        Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes => Index.Judge(bytes).All(judged => judged.Score is >= 1 and <= 100)));

    [Fact]
    public void Names_of_its_own_pieces_never_make_it_throw() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(2_000),
        Prop.ForAll(Names, name => Index.Judge(name).All(judged => judged.Score is >= 1 and <= 100 && judged.Reasons.Count > 0)));

    [Fact]
    public void Nothing_below_an_own_domain_is_ever_judged() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(500),
        Prop.ForAll(Names, name => Index.Judge($"{name.Trim('.')}.fb.com").Count == 0 && Index.Judge($"{name.Trim('.')}.hp.com").Count == 0));

    // Where certificates write them so: a resolver takes one, and the rest say nothing.
    [Fact]
    public void Own_names_are_own_with_any_number_of_dots_behind_them() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(500),
        Prop.ForAll(
            Gen.Elements("facebook.com", "www.facebook.com", "*.facebook.com", "FACEBOOK.com", "login-facebook.fb.com", "paypal.com", "hp.com", "www.bank-of-examples.co.uk", "xn--bcher-kva.net").ToArbitrary(),
            Gen.Choose(0, 600).ToArbitrary(),
            (name, dots) => Index.Judge(name + new string('.', dots)).Count == 0 && !Index.IsAlert(Encoding.UTF8.GetBytes(name + new string('.', dots)))));

    [Fact]
    public void Neither_the_order_of_domains_nor_of_names_matters()
    {
        LookalikeIndex turned = Looking.For([.. Domains.Reverse()]);
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(500),
            Prop.ForAll(Names, name => Told(Index.Judge(name)) == Told(turned.Judge(name))));

        static string Told(IEnumerable<Lookalike> judged) => string.Join(';', judged.Select(one => $"{one.Domain.Name} {one.Score} {one.Class} {one.Matched}"));
    }

    [Fact]
    public void Asking_for_the_higher_scores_gives_those_of_all_that_are_as_high() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(500),
        Prop.ForAll(Names, name =>
            Index.Judge(Encoding.UTF8.GetBytes(name), 50).Select(one => (one.Domain.Name, one.Score)).SequenceEqual(Index.Judge(name).Where(one => one.Score >= 50).Select(one => (one.Domain.Name, one.Score)))));

    [Fact]
    public void A_raised_threshold_never_adds_an_alert()
    {
        LookalikeIndex strict = Looking.For("facebook.com\tthreshold=90");
        LookalikeIndex plain = Looking.For("facebook.com");
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(500), Prop.ForAll(Names, name => !strict.IsAlert(Encoding.UTF8.GetBytes(name)) || plain.IsAlert(Encoding.UTF8.GetBytes(name))));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(30)]
    public void With_a_digest_all_is_kept_that_scores_as_much_and_nothing_else(int digest)
    {
        string[] names = ["facebook.com", "paypal.com", "hp.com"];
        LookalikeIndex index = LookalikeIndex.Build(names.Select(name => new ProtectedDomain { Name = name, DigestFrom = digest }), Looking.Few), none = Looking.For(names);
        var gate = new LookalikeGate([index, none]);
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(1_000), Prop.ForAll(Names, name =>
        {
            byte[] bytes = Encoding.UTF8.GetBytes(name);
            bool isKept = none.Judge(bytes).Any(one => one.Score >= digest);
            return index.IsKept(bytes) == isKept && none.IsKept(bytes) == none.IsAlert(bytes) && index.IsAlert(bytes) == none.IsAlert(bytes) && (!isKept || gate.MayImitate(bytes));
        }));
    }

    // Evidence is weighed in one place, and each piece by itself.
    [Fact]
    public void No_piece_of_evidence_lowers_a_score()
    {
        foreach (bool isBelow in (bool[])[false, true])
            for (int with = 0; with < 1 << 14; with++)
                for (int bit = 1; bit < 1 << 14; bit <<= 1)
                    Assert.True(LookalikeScores.Of((Evidence)(with | bit), isBelow) >= LookalikeScores.Of((Evidence)with, isBelow));
    }

    [Fact]
    public void No_piece_of_evidence_takes_points_of_the_strongest_detector()
    {
        var word = new BrandWord(0, "facebook", BrandWordKind.Core) { Fold = new byte[8] };
        // What detectors look at; the rest is weighed apart from them.
        Evidence[] looked = [Evidence.OwnSuffix, Evidence.ReadsOn, Evidence.Hosted, Evidence.Foreign, Evidence.Www, Evidence.TldInside];
        foreach (Place place in Enum.GetValues<Place>())
            foreach (Change change in Enum.GetValues<Change>())
                for (int chosen = 0; chosen < 1 << looked.Length; chosen++)
                {
                    Evidence with = looked.Where((_, at) => (chosen >> at & 1) != 0).Aggregate(Evidence.None, (all, one) => all | one);
                    (int less, _) = PointsTable.Of(new Sighting(word, 0, place, change, with, 0, 8), 8);
                    foreach (Evidence added in looked)
                    {
                        (int more, _) = PointsTable.Of(new Sighting(word, 0, place, change, with | added, 0, 8), 8);
                        Assert.True(more >= less, $"{place} {change}: {with} and {added}");
                    }
                }
    }
}
