using System.Text;
using CertHerald.Names;
using CertHerald.Names.Lookalikes;

namespace CertHerald.Tests.Names.Lookalikes;

public sealed class LookalikeIndexTests
{
    private static readonly LookalikeIndex Facebook = Looking.For("facebook.com\town=fb.com\tallow=facebook-fans.org");

    // The minimum set that users of the retired service rely on, watching facebook.com.
    [Theory]
    [InlineData("faceb00k.com", LookalikeClass.AsciiHomoglyph)]
    [InlineData("xn--facebk-0qfa.com", LookalikeClass.IdnHomograph)]
    [InlineData("xn--facbook-9gg.ml", LookalikeClass.IdnHomograph)]
    [InlineData("helpdesk-facebook.com", LookalikeClass.ComboHyphen)]
    [InlineData("facebook.com-legit.com", LookalikeClass.TargetEmbedding)]
    [InlineData("facebook.com.long.subdomain.that.will.not.be.fully.shown.on.mobile.devices.com", LookalikeClass.TargetEmbedding)]
    [InlineData("facebook.com.evil.com", LookalikeClass.TargetEmbedding)]
    [InlineData("faecbook.com", LookalikeClass.Typo)]
    [InlineData("faceboook.com", LookalikeClass.Typo)]
    [InlineData("*.facebook.com.evil.com", LookalikeClass.TargetEmbedding)]
    [InlineData("FACEB00K.com", LookalikeClass.AsciiHomoglyph)]
    [InlineData("facbook.com", LookalikeClass.Typo)]
    [InlineData("facenook.com", LookalikeClass.Typo)]
    [InlineData("face-book.com", LookalikeClass.DotHyphen)]
    [InlineData("xn--fcebook-hwa.com", LookalikeClass.IdnHomograph)]
    [InlineData("facebook.ml", LookalikeClass.TldSwap)]
    [InlineData("facebook.github.io", LookalikeClass.PrivateSuffixBrand)]
    [InlineData("wwwfacebook.net", LookalikeClass.Doppelganger)]
    [InlineData("facebookcom.net", LookalikeClass.Doppelganger)]
    [InlineData("facebooklogin.net", LookalikeClass.ComboConcat)]
    [InlineData("facebok-login.net", LookalikeClass.ComboTypo)]
    [InlineData("facebook-login.evil.net", LookalikeClass.SubdomainBrand)]
    public void What_imitates_is_an_alert_and_of_its_class(string name, LookalikeClass expected)
    {
        Lookalike judged = Assert.Single(Facebook.Judge(name));

        Assert.True(judged.IsAlert, $"{judged.Score}");
        Assert.Equal(expected, judged.Class);
    }

    [Theory]
    [InlineData("facebook.com")]
    [InlineData("www.facebook.com")]
    [InlineData("*.facebook.com")]
    [InlineData("FACEBOOK.COM.")]
    [InlineData("login-facebook.fb.com")]
    [InlineData("fb.com")]
    [InlineData("facebook-fans.org")]
    [InlineData("www.facebook-fans.org")]
    [InlineData("facebook.com.google.fb.com")]
    [InlineData("notebook.com")]
    [InlineData("example.com")]
    public void Own_allowed_and_other_names_are_never_judged(string name) => Assert.Empty(Facebook.Judge(name));

    [Fact]
    public void A_domain_of_two_letters_is_imitated_only_as_a_whole()
    {
        LookalikeIndex index = Looking.For("fb.com");

        Assert.Empty(index.Judge("fa.com"));
        Assert.Empty(index.Judge("f8.com"));
        Assert.True(Assert.Single(index.Judge("fb.com.evil.com")).IsAlert);
    }

    [Fact]
    public void Another_domain_of_the_same_user_is_no_look_alike()
    {
        LookalikeIndex index = Looking.For("facebook.com", "facebook-login.com");

        Assert.Empty(index.Judge("www.facebook-login.com"));
    }

    [Fact]
    public void A_public_suffix_that_one_domain_owns_leaves_its_customers_strangers_to_the_others()
    {
        LookalikeIndex index = Looking.For("github.com\town=github.io", "facebook.com");

        Assert.Equal("facebook.com", Assert.Single(index.Judge("facebook.github.io")).Domain.Name);
        Assert.Empty(index.Judge("github-pages.github.io"));
    }

    [Theory]
    [InlineData("www.www.www.")]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("*")]
    [InlineData("com")]
    [InlineData("co.uk")]
    [InlineData("xn--")]
    [InlineData("xn--a")]
    [InlineData("xn--\u0080.com")]
    [InlineData("xn--99999999999999999999.com")]
    public void Odd_names_are_judged_without_harm(string name) => Assert.Empty(Facebook.Judge(name));

    [Fact]
    public void The_longest_labels_and_names_are_judged_like_others()
    {
        string label = new('a', 63);

        Assert.True(Facebook.Score($"facebook.com.{label}.com") >= 50);
        Assert.True(Facebook.Score($"facebook.com.{string.Join('.', Enumerable.Repeat(label, 3))}.net") >= 50);
        Assert.Empty(Facebook.Judge(new string('x', 100_000)));
        Assert.Empty(Facebook.Judge(string.Join('.', Enumerable.Repeat("a", 5_000))));
    }

    [Fact]
    public void Windows_of_an_embedding_end_left_of_the_registry_suffix()
    {
        foreach (LookalikeIndex index in (LookalikeIndex[])[Looking.For("office.com", "brandname.com"), Looking.Weighed(Looking.For("office.com", "brandname.com"))])
        {
            foreach (string core in (string[])["office", "brandname"])
            {
                Lookalike judged = Assert.Single(index.Judge($"gc-{core}.com.ar"));
                Assert.Equal(LookalikeClass.ComboHyphen, judged.Class);
                Assert.DoesNotContain(judged.Reasons, reason => reason.Contains($"{core}.com ", StringComparison.Ordinal) || reason.Contains("a suffix follows", StringComparison.Ordinal));
            }
        }
        Assert.NotEqual(LookalikeClass.TargetEmbedding, Looking.For("google.com").Judge("google.com.mx").Select(judged => judged.Class).FirstOrDefault());
        Assert.Equal(LookalikeClass.TldSwap, Looking.For("google.com").Judge("google.com.mx").Select(judged => judged.Class).FirstOrDefault());
    }

    [Theory]
    [InlineData("pineapple.com", "apple.com")]
    [InlineData("purchase.com", "chase.com")]
    [InlineData("hank.com", "tank.com")]
    [InlineData("three-online.com", "three.co.uk")]
    public void Ordinary_words_that_hold_a_protected_one_raise_no_alert(string name, string domain) =>
        Assert.True(Looking.For(domain).Score(name) < 50);

    [Fact]
    public void An_international_domain_can_be_protected()
    {
        LookalikeIndex index = Looking.For("bücher.com");

        Assert.Empty(index.Judge("xn--bcher-kva.com"));
        Assert.True(index.Score("bucher.ml") > 0);
        Assert.True(index.Score("bucher-login.net") > 0);
    }

    [Fact]
    public void Two_protected_domains_with_one_label_are_both_named()
    {
        LookalikeIndex index = Looking.For("example.com", "example.co.uk");

        Assert.Equal(["example.co.uk", "example.com"], index.Judge("example-login.net").Select(judged => judged.Domain.Name).Order(StringComparer.Ordinal));
        Assert.Empty(index.Judge("www.example.co.uk"));
    }

    [Fact]
    public void A_protected_name_below_a_registrable_one_is_imitated_by_its_registrable_label()
    {
        LookalikeIndex index = Looking.For("login.example.com");

        Assert.Empty(index.Judge("login.example.com"));
        Assert.Empty(index.Judge("a.login.example.com"));
        Assert.True(index.Score("example-login.net") >= 50);
    }

    [Fact]
    public void Keywords_stand_for_the_domain_like_its_label()
    {
        LookalikeIndex index = Looking.For("apple.com\tkeywords=icloud,itunes");

        Assert.True(index.Score("icloud-verify.net") >= 50);
        Assert.Contains("icloud", Assert.Single(index.Judge("icloud-verify.net")).Reasons[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Reasons_say_what_was_matched_and_how_it_was_changed()
    {
        Lookalike drawn = Assert.Single(Facebook.Judge("xn--facbook-9gg.ml"));
        Assert.Equal("xn--facbook-9gg.ml is drawn as fac\u0435book.ml: \u0435 (Cyrillic) for e; imitates facebook.com", drawn.Reasons[0]);
        Assert.Equal("fac\u0435book", drawn.Matched);

        Assert.Equal("faceb00k is drawn like facebook: 0 for o, twice", Assert.Single(Facebook.Judge("faceb00k.com")).Reasons[0]);
        Assert.Contains("ce turned round", Assert.Single(Facebook.Judge("faecbook.com")).Reasons[0], StringComparison.Ordinal);
        Assert.Contains("o twice", Assert.Single(Facebook.Judge("faceboook.com")).Reasons[0], StringComparison.Ordinal);
        Assert.Contains("c left out", Assert.Single(Facebook.Judge("faebook.com")).Reasons[0], StringComparison.Ordinal);
        Assert.Contains("neighbour on a keyboard", Assert.Single(Facebook.Judge("facenook.com")).Reasons[0], StringComparison.Ordinal);
        Assert.Contains("facebook.com stands inside evil.com", Assert.Single(Facebook.Judge("facebook.com.evil.com")).Reasons[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_below_a_content_network_is_no_alert()
    {
        Assert.InRange(Facebook.Score("facebook.com.edgekey.net"), 1, 49);
        // Anybody can register what is only called so.
        foreach (string name in (string[])["some-cdn.net", "akaevil.net", "edge-evil.net", "msedge-evil.net", "gslb.net"]) Assert.True(Facebook.Score($"facebook.com.{name}") >= 80);
    }

    [Fact]
    public void What_fires_on_many_ordinary_names_weighs_less()
    {
        LookalikeIndex bare = Looking.For("example.com");
        int before = bare.Score("examplestore.net");
        LookalikeIndex judged = bare.With(bare.Count(Enumerable.Range(0, 10_000).Select(i => (ReadOnlyMemory<byte>)Encoding.ASCII.GetBytes(i % 100 == 0 ? $"example{(char)('a' + i / 100 % 26)}{(char)('a' + i / 2600)}qz.net" : $"other{i}.net"))));

        Assert.True(judged.Score("examplestore.net") < before);
        Assert.True(judged.Score("examplestore.net") < 50);
        Assert.True(judged.Score("example.com.evil.net") >= 80);
    }

    [Fact]
    public void A_benign_name_allocates_nothing()
    {
        byte[][] names = [.. ((string[])["www.notebook.com", "mail.shop-online.co.uk", "xn--bcher-kva.net", "*.a.b.c.example.org", "cornvvall-clinic.com"]).Select(Encoding.ASCII.GetBytes)];
        foreach (byte[] name in names) Assert.False(Facebook.IsAlert(name));
        foreach (byte[] name in names) Assert.Empty(Facebook.Judge(name, 50));
        long before = GC.GetAllocatedBytesForCurrentThread();

        foreach (byte[] name in names)
        {
            _ = Facebook.IsAlert(name);
            _ = Facebook.Judge(name, 50);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void A_name_of_the_built_in_suffixes_is_judged_without_a_list()
    {
        LookalikeIndex index = LookalikeIndex.Build([Looking.Domain("facebook.com")], suffixes: null);

        Assert.Equal(LookalikeClass.TldSwap, Assert.Single(index.Judge("facebook.co.uk")).Class);
        Assert.Equal(LookalikeClass.PrivateSuffixBrand, Assert.Single(index.Judge("facebook.vercel.app")).Class);
        Assert.Equal(LookalikeClass.TargetEmbedding, Assert.Single(index.Judge("facebook.com.evil.co.uk")).Class);
    }
}
