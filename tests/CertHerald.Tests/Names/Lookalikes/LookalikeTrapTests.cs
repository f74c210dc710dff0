using System.Text;
using CertHerald.Names.Lookalikes;

namespace CertHerald.Tests.Names.Lookalikes;

/// <summary>Names that have fooled others: suffixes of every kind, parking, doorways, domains of a letter, and evidence upon evidence.</summary>
public sealed class LookalikeTrapTests
{
    private static readonly LookalikeIndex Facebook = Looking.For("facebook.com");

    // Of *.ck, each name below .ck is a suffix; www.ck is none.
    [Theory]
    [InlineData("facebook.evil.ck", LookalikeClass.TldSwap, "facebook stands under .evil.ck, not facebook.com")]
    [InlineData("facebook.www.ck", LookalikeClass.SubdomainBrand, "facebook stands below www.ck, a domain of somebody else")]
    [InlineData("facebook.a.evil.ck", LookalikeClass.SubdomainBrand, "facebook stands below a.evil.ck, a domain of somebody else")]
    [InlineData("facebook.a.www.ck", LookalikeClass.SubdomainBrand, "facebook stands below www.ck, a domain of somebody else")]
    [InlineData("facebook.ck", LookalikeClass.TldSwap, "facebook stands under .ck, not facebook.com")]
    public void Wildcard_rules_of_the_suffix_list_and_their_exceptions_say_whose_a_name_is(string name, LookalikeClass expected, string reason)
    {
        Lookalike judged = Assert.Single(Facebook.Judge(name));

        Assert.Equal((expected, reason), (judged.Class, judged.Reasons[0]));
    }

    [Fact]
    public void Own_names_below_wildcard_rules_are_own()
    {
        LookalikeIndex index = Looking.For("brandname.evil.ck", "www.ck");

        Assert.Empty(index.Judge("a.brandname.evil.ck"));
        Assert.Empty(index.Judge("brandname.www.ck"));
        Assert.Equal(LookalikeClass.TldSwap, Assert.Single(index.Judge("brandname.other.ck")).Class);
    }

    // Parking services put ww25 and the like before whatever is parked with them.
    [Theory]
    [InlineData("ww25.{0}")]
    [InlineData("ww38.{0}")]
    [InlineData("ww1.{0}")]
    public void What_parking_puts_before_a_name_changes_nothing(string form)
    {
        foreach (string name in (string[])["faceb00k.com", "facebook-login.net", "facebook.evil.net", "facebook.com.evil.net", "face.book.com", "evil.net"])
            Assert.Equal(Told(Facebook, name), Told(Facebook, form.Replace("{0}", name, StringComparison.Ordinal)));
        Assert.Empty(Facebook.Judge(form.Replace("{0}", "facebook.com", StringComparison.Ordinal)));
        Assert.Empty(Looking.For("ww25.com").Judge("ww25.evil.net"));
        Assert.True(Looking.For("ww25brand.com").Score("ww25brand-login.net") >= 50);
    }

    // A name with a wildcard answers for every brand below it, and shows none: it is judged as what stands behind the wildcard.
    [Theory]
    [InlineData("*.evil.net", "evil.net")]
    [InlineData("*.login.evil.net", "login.evil.net")]
    [InlineData("*.facebook.evil.net", "facebook.evil.net")]
    [InlineData("*.facebook.com.evil.net", "facebook.com.evil.net")]
    [InlineData("*.faceb00k.com", "faceb00k.com")]
    [InlineData("*.com", "com")]
    [InlineData("*.co.uk", "co.uk")]
    [InlineData("*.ck", "ck")]
    public void A_wildcard_doorway_is_judged_as_what_stands_behind_the_wildcard(string doorway, string name)
    {
        Assert.Equal(Told(Facebook, name), Told(Facebook, doorway));
        if (!name.Contains("faceb", StringComparison.Ordinal)) Assert.Empty(Facebook.Judge(doorway));
    }

    [Theory]
    [InlineData("z.com", "z.com.evil.net", true)]
    [InlineData("z.com", "z-com.evil.net", true)]
    [InlineData("z.com", "zcom.evil.net", false)]
    [InlineData("z.com", "az.com.evil.net", false)]
    [InlineData("z.com", "z-login.net", false)]
    [InlineData("z.com", "z.net", false)]
    [InlineData("z.com", "z.evil.net", false)]
    [InlineData("z.com", "q.com", false)]
    [InlineData("zqv.com", "zqv.com.evil.net", true)]
    [InlineData("zqv.com", "zqv-login.net", true)]
    [InlineData("zqv.com", "zqvlogin.net", false)]
    [InlineData("zqv.com", "azqvb.net", false)]
    [InlineData("zqv.com", "zqw.com", false)]
    [InlineData("z-qv.com", "z-qv-login.net", true)]
    [InlineData("z-qvx.com", "z-qvx-login.net", true)]
    [InlineData("zqvx.com", "zqvx.com.evil.net", true)]
    [InlineData("zqvx.com", "zqvx-login.net", true)]
    [InlineData("zqvx.com", "zqvxlogin.net", true)]
    [InlineData("zqvx.com", "azqvxb.net", false)]
    [InlineData("zqvx.com", "zqvw.com", false)]
    public void Domains_of_one_three_and_four_letters_are_imitated_as_wholes(string domain, string name, bool isAlert)
    {
        LookalikeIndex index = Looking.Weighed(Looking.For(domain));

        Assert.Equal(isAlert, index.IsAlert(Encoding.ASCII.GetBytes(name)));
        Assert.Empty(index.Judge(domain));
        Assert.Empty(index.Judge("www." + domain));
    }

    // Of each pair, the second has what the first has and a piece of evidence more. Rates are counted, and of each rule by itself:
    // the sample holds every form of both equally often.
    [Theory]
    [InlineData("brandname.com", "brandname")]
    [InlineData("brand-name.com", "brand-name")]
    [InlineData("zmqk.com", "zmqk")]
    [InlineData("zmq.com", "zmq")]
    [InlineData("orange.com", "orange")]
    [InlineData("three.co.uk", "three")]
    [InlineData("office.com\town=zq.net", "office")]
    public void Evidence_never_lowers_what_a_name_scores_against_counted_ordinary_names(string domain, string core)
    {
        (string Less, string More)[] pairs =
        [
            ("{0}-wxv.net", "{0}-wxv.ml"),
            ("{0}-wxv.net", "login.{0}-wxv.net"),
            ("{0}-wxv.net", "{0}-wxv-login.net"),
            ("{0}-wxv.net", "{0}-login.net"),
            ("{0}wxv.net", "{0}wxv.ml"),
            ("{0}wxv.net", "{0}login.net"),
            ("{0}.net", "{0}.ml"),
            ("{0}.net", "login.{0}.net"),
            ("{0}.net", "{0}.github.io"),
            ("{0}.evil.net", "{0}.evil.ml"),
            ("{0}.evil.net", "{0}.evil-login.net"),
            ("{0}.evil.net", "{0}.xkcdqz.net"),
            ("{0}.evil.net", "{0}.com.evil.net"),
            ("{0}-wxv.evil.net", "{0}-login.evil.net"),
            ("{0}.com.evil.net", "{0}.com.evil.ml"),
            ("{0}.com.evil.net", "login.{0}.com.evil.net"),
            ("{0}.com.evil.net", "{0}.com.xkcdqz.net"),
            ("wxv-{0}.com.ar", "login.wxv-{0}.com.ar"),
        ];
        string[] names = [.. pairs.SelectMany(pair => (string[])[pair.Less, pair.More]).Distinct(StringComparer.Ordinal)];
        LookalikeIndex bare = Looking.For(domain);
        foreach (int often in (int[])[0, 1, 3, 5, 40])
        {
            IEnumerable<string> ordinary = names.SelectMany(name => Enumerable.Range(0, often).Select(i => name.Replace("{0}", core, StringComparison.Ordinal).Replace("wxv", $"wxv{i}", StringComparison.Ordinal).Replace("evil", $"evil{i}", StringComparison.Ordinal)));
            LookalikeIndex index = bare.With(bare.Count(ordinary.Concat(Enumerable.Range(0, 200_000).Select(i => $"w{i}.net")).Select(name => (ReadOnlyMemory<byte>)Encoding.ASCII.GetBytes(name))));
            foreach ((string less, string more) in pairs)
            {
                string lesser = less.Replace("{0}", core, StringComparison.Ordinal), greater = more.Replace("{0}", core, StringComparison.Ordinal);
                int lower = index.Score(lesser), higher = index.Score(greater);
                Assert.True(higher >= lower, $"{often}: {lesser} {lower}, {greater} {higher}");
            }
        }
    }

    private static string Told(LookalikeIndex index, string name) => string.Join(';', index.Judge(name).Select(one => $"{one.Domain.Name} {one.Score} {one.Class} {one.Matched} {string.Join('|', one.Reasons)}"));
}
