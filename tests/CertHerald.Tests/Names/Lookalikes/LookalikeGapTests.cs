using CertHerald.Names.Lookalikes;

namespace CertHerald.Tests.Names.Lookalikes;

/// <summary>Hyphens and dots that stand elsewhere than where the owner writes them.</summary>
public sealed class LookalikeGapTests
{
    [Theory]
    [InlineData("brand-example.com", "brandexample.com", "brandexample reads brand-example: a hyphen was left out")]
    [InlineData("brand-example.com", "brandexample.net", "brandexample reads brand-example: a hyphen was left out")]
    [InlineData("brand-example.com", "brand--example.com", "brand--example reads brand-example: a hyphen was doubled")]
    [InlineData("brand-example.com", "bran-dexample.com", "bran-dexample reads brand-example: a hyphen was moved")]
    [InlineData("brand-example.com", "brand-exam-ple.com", "brand-exam-ple reads brand-example: a hyphen was put in")]
    [InlineData("brand-example.com", "brand.example.com", "brand.example reads brand-example: a dot stands for a hyphen")]
    [InlineData("bank-of-examples.com", "bankofexamples.com", "bankofexamples reads bank-of-examples: hyphens were left out")]
    [InlineData("bank-of-examples.com", "bank-ofexamples.com", "bank-ofexamples reads bank-of-examples: a hyphen was left out")]
    [InlineData("my--brandname.com", "my-brandname.com", "my-brandname reads my--brandname: a hyphen was left out")]
    [InlineData("facebook.com", "face-book.com", "face-book reads facebook: a hyphen was put in")]
    [InlineData("facebook.com\town=face-book.com", "face-book.net", "face-book reads facebook: a hyphen was put in")]
    [InlineData("facebook.com", "face--book.com", "face--book reads facebook: a hyphen was put in")]
    [InlineData("facebook.com", "fa-ce-book.com", "fa-ce-book reads facebook: hyphens were put in")]
    [InlineData("facebook.com", "face.book.com", "face.book reads facebook: a dot was put in")]
    [InlineData("facebook.com", "faceboo.k.com", "faceboo.k reads facebook: a dot was put in")]
    [InlineData("facebook.com", "f.acebook.net", "f.acebook reads facebook: a dot was put in")]
    [InlineData("facebook.com", "fa-ce.book.com", "fa-ce.book reads facebook: a hyphen was put in, a dot was put in")]
    [InlineData("farmbrand-example.com", "farrnbrandexample.com", "farrnbrandexample reads farmbrand-example: a hyphen was left out, rn for m")]
    public void They_are_told_as_what_they_are(string domain, string name, string reason)
    {
        LookalikeIndex bare = Looking.For(domain);
        foreach (LookalikeIndex index in (LookalikeIndex[])[bare, Looking.Weighed(bare)])
        {
            Lookalike judged = Assert.Single(index.Judge(name));

            Assert.Equal((LookalikeClass.DotHyphen, reason), (judged.Class, judged.Reasons[0]));
            Assert.True(judged.IsAlert, $"{judged.Score}");
        }
    }

    [Theory]
    [InlineData("brand-example.com", "brand-example.net", LookalikeClass.TldSwap, "brand-example stands under .net, not brand-example.com")]
    [InlineData("brand-example.com\town=brandexample.com", "brandexample.net", LookalikeClass.TldSwap, "brandexample stands under .net, not brand-example.com")]
    [InlineData("my--brandname.com", "my--brandname.net", LookalikeClass.TldSwap, "my--brandname stands under .net, not my--brandname.com")]
    [InlineData("brand-example.com", "brandexample-login.net", LookalikeClass.ComboHyphen, "brandexample stands in brandexample-login.net beside other words")]
    [InlineData("brand-example.com", "brandexamplelogin.net", LookalikeClass.ComboConcat, "brandexample stands in brandexamplelogin.net, written together with other words")]
    [InlineData("brand-example.com", "brandexample.evil.net", LookalikeClass.SubdomainBrand, "brandexample stands below evil.net, a domain of somebody else")]
    [InlineData("brand-example.com", "brand-example.com.evil.net", LookalikeClass.TargetEmbedding, "brand-example.com stands inside evil.net: brand-example and what follows it")]
    [InlineData("farmbrand-example.com", "farrnbrand-example.com", LookalikeClass.AsciiHomoglyph, "farrnbrand-example is drawn like farmbrand-example: rn for m")]
    public void Where_they_are_not_the_point_the_name_is_quoted_as_it_stands(string domain, string name, LookalikeClass expected, string reason)
    {
        Lookalike judged = Assert.Single(Looking.For(domain).Judge(name));

        Assert.Equal((expected, reason), (judged.Class, judged.Reasons[0]));
    }
}
