using System.Diagnostics.Metrics;
using System.Text;
using CertHerald.Deciding;
using CertHerald.Dialects.Meta.Graph;
using CertHerald.Names;

namespace CertHerald.Tests.Dialects.Meta.Graph;

/// <summary>meta.md §2.3 and §2.6: bad names and unknown top-level domains are error 100.</summary>
public sealed class GraphNameTests : IDisposable
{
    private readonly Meter _meter = new("CertHerald");

    public void Dispose() => _meter.Dispose();

    [Theory]
    [InlineData("example.com", ".example.com")]
    [InlineData("*.Example.COM.", ".example.com")]
    [InlineData("com", ".com")]
    [InlineData("a.b.co.uk", ".a.b.co.uk")]
    [InlineData("shop.ck", ".shop.ck")]
    [InlineData("www.corp.internal", ".www.corp.internal")]
    [InlineData("www.unknown", null)]
    [InlineData("localhost", null)]
    [InlineData("facebook.con", null)]
    [InlineData("", null)]
    public void A_query_is_under_a_top_level_domain_that_there_is_or_that_is_watched(string query, string? item) => Assert.Equal(item, Read(() => GraphName.ReadQuery(query, Watched())));

    [Theory]
    [InlineData("example.com", ".example.com")]
    [InlineData("example.co.uk", ".example.co.uk")]
    [InlineData("a.shop.ck", ".a.shop.ck")]
    [InlineData("me.github.io", ".me.github.io")]
    [InlineData("www.corp.internal", ".www.corp.internal")]
    [InlineData("com", null)]
    [InlineData("co.uk", null)]
    [InlineData("shop.ck", null)]
    [InlineData("github.io", null)]
    [InlineData("*.example.com", null)]
    [InlineData("www.unknown", null)]
    public void Nobody_subscribes_to_what_anybody_can_register_names_below(string domain, string? item) => Assert.Equal(item, Read(() => GraphName.ReadSubscribed(domain, Watched())));

    [Fact]
    public void Without_a_list_of_suffixes_every_name_may_be()
    {
        var watched = new Watched(WatchList.Empty, KnownCertificates.None, _meter);
        Assert.Equal(".www.unknown", GraphName.ReadQuery("www.unknown", watched).Text);
        Assert.Equal(".com", GraphName.ReadSubscribed("com", watched).Text);
    }

    private static string? Read(Func<WatchItem> read)
    {
        try
        {
            return read().Text;
        }
        catch (GraphRefusal refusal)
        {
            Assert.Equal(100, refusal.Code);
            return null;
        }
    }

    private Watched Watched()
    {
        Assert.True(PublicSuffixes.TryRead(Encoding.UTF8.GetBytes("com\nuk\nco.uk\n*.ck\nio\n// ===BEGIN PRIVATE DOMAINS===\ngithub.io\n"), out PublicSuffixes? suffixes, out _));
        Assert.True(WatchList.TryParse([("", 1, ".corp.internal")], out WatchList list, out _, out _));
        return new Watched(list, KnownCertificates.None, _meter, suffixes);
    }
}
