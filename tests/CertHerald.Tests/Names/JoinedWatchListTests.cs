using System.Text;
using CertHerald.Names;

namespace CertHerald.Tests.Names;

/// <summary>Two lists as one must answer as one list of all their lines does.</summary>
public sealed class JoinedWatchListTests
{
    private static readonly string[] First = ["a.example.com", ".example.com", "192.0.2.1", "only.first.example"];
    private static readonly string[] More = [".a.example.com", ".example.com", "192.0.2.1", "2001:db8::1", "b\u00fccher.example"];

    [Theory]
    [InlineData("a.example.com")]
    [InlineData("x.a.example.com")]
    [InlineData("*.example.com")]
    [InlineData("*.first.example")]
    [InlineData("*.example")]
    [InlineData("b\u00fccher.example")]
    [InlineData("192.0.2.1")]
    [InlineData("2001:db8::1")]
    [InlineData("nobody.example.net")]
    [InlineData("com")]
    [InlineData("")]
    public void They_match_what_one_list_of_all_lines_matches(string name)
    {
        byte[] value = Encoding.UTF8.GetBytes(name);
        WatchList one = WatchLists.Of([.. First, .. More]);

        foreach (WatchList joined in new[] { WatchLists.Of(First).With(WatchLists.Of(More)), WatchLists.Of(More).With(WatchLists.Of(First[..2])).With(WatchLists.Of(First)) })
        {
            Assert.Equal(one.Matched(NameSource.DnsName, value), joined.Matched(NameSource.DnsName, value));
            Assert.Equal(one.MayMatch(NameSource.DnsName, value), joined.MayMatch(NameSource.DnsName, value));
            Assert.Equal(one.Count, joined.Count);
            Assert.Equal(one.Items.Select(item => item.Text).Order(StringComparer.Ordinal), joined.Items.Select(item => item.Text).Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void W17_items_of_both_are_reported_each_once()
    {
        WatchList joined = WatchLists.Of("a.example.com", ".example.com").With(WatchLists.Of(".a.example.com", "a.example.com"));

        Assert.Equal(["a.example.com", ".a.example.com", ".example.com"], joined.Matched(NameSource.DnsName, "a.example.com"u8));
    }

    [Fact]
    public void A_list_holds_its_very_items_and_not_what_they_match()
    {
        WatchList list = WatchLists.Of(".example.com", "192.0.2.1", ".").With(WatchLists.Of("a.example.net"));

        foreach (string held in new[] { ".example.com", "192.0.2.1", ".", "a.example.net" }) Assert.True(list.Holds(Item(held)), held);
        foreach (string other in new[] { "example.com", "a.example.com", ".a.example.com", "192.0.2.2", "2001:db8::1", ".a.example.net", "example.net" }) Assert.False(list.Holds(Item(other)), other);
    }

    [Fact]
    public void Joining_with_nothing_gives_the_list_itself()
    {
        WatchList list = WatchLists.Of("example.com");

        Assert.Same(list, list.With(WatchList.Empty));
        Assert.Same(list, WatchList.Empty.With(list));
    }

    private static WatchItem Item(string text) => Assert.Single(WatchLists.Of(text).Items);
}
