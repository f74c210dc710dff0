using System.Text;
using CertHerald.Names;

namespace CertHerald.Tests.Names;

/// <summary>What is promised of the hot path and can be asserted without a clock.</summary>
public sealed class WatchListSpeedTests
{
    [Fact]
    public void Judging_a_value_allocates_nothing_whatever_it_holds()
    {
        WatchList list = WatchLists.Of(Enumerable.Range(0, 1_000).Select(i => $"site{i}.example.com").Append(".example.org").Append("192.0.2.1"));
        (NameSource Source, byte[] Value)[] values =
        [
            .. new[]
            {
                "www.example.net", "*.example.net", "Example Inc", "Müller GmbH", "MixedCase.Example.Net", "_x.xn--bcher-kva.example", "192.0.2.9", "2001:db8::9",
                "site1.example.com", "*.example.com", "a.b.example.org", "192.0.2.1",
                "f*o.example.com", "*.*.com", "bücher.example", "http://user@example.net:443/path", "example.org\0.example.net", " a b.example.net. ", "<unparsable>.net", "",
                string.Concat(Enumerable.Repeat("a.", 5_000)) + "com", new string('/', 2_000), new string('*', 900) + ".example.com",
            }.SelectMany(text => new[] { (NameSource.DnsName, Encoding.UTF8.GetBytes(text)), (NameSource.CommonName, Encoding.UTF8.GetBytes(text)) }),
            (NameSource.IpAddress, [192, 0, 2, 1]), (NameSource.IpAddress, new byte[16]), (NameSource.IpAddress, new byte[5]),
        ];
        Judge(list, values);                               // warm
        long before = GC.GetAllocatedBytesForCurrentThread();

        Judge(list, values);

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Theory]
    [InlineData("www.example.net")]
    [InlineData("*.example.net")]
    [InlineData("*.Site1.Example.COM")]
    [InlineData("site1000.example.com")]
    [InlineData("_x.xn--bcher-kva.example")]
    [InlineData("Example Inc")]
    [InlineData("Müller GmbH")]
    [InlineData("localhost")]
    [InlineData("192.0.2.2")]
    [InlineData("2001:db8::2")]
    [InlineData("bücher.example.net")]
    [InlineData("user@example.net:443")]
    public void An_ordinary_name_that_nobody_watches_is_denied_at_once(string name)
    {
        WatchList list = WatchLists.Of(Enumerable.Range(0, 1_000).Select(i => $"site{i}.example.com").Append("192.0.2.1"));

        Assert.False(list.MayMatch(NameSource.CommonName, Encoding.UTF8.GetBytes(name)));
        Assert.True(name.Contains(' ', StringComparison.Ordinal) || !list.MayMatch(NameSource.DnsName, Encoding.UTF8.GetBytes(name)));
    }

    [Fact]
    public void Whatever_the_globs_of_a_certificate_ask_for_costs_no_more_comparisons_than_are_granted()
    {
        WatchList list = WatchLists.Of(Enumerable.Range(0, 10_000).Select(i => $"watched{i}.com"));
        byte[][] hostile = [.. Enumerable.Range(0, 1_000).Select(i => Encoding.ASCII.GetBytes($"*q{i}*.com"))];

        var unbounded = GlobBudget.Unlimited;
        foreach (byte[] name in hostile) Assert.False(list.MayMatch(NameSource.DnsName, name, ref unbounded));
        Assert.Equal(10_000_000, long.MaxValue - unbounded.Left);

        var budget = new GlobBudget(25_000);
        foreach (byte[] name in hostile) Assert.False(list.MayMatch(NameSource.DnsName, name, ref budget));
        Assert.True(budget.IsSpent);
        Assert.Equal(0, budget.Left);
        // What costs no comparison is judged as ever.
        Assert.True(list.MayMatch(NameSource.DnsName, "watched77.com"u8, ref budget));
        Assert.True(list.MayMatch(NameSource.DnsName, "*.com"u8, ref budget));
    }

    [Theory]
    [InlineData("watched77.com", 0)]
    [InlineData("*.com", 10_000)]
    [InlineData("*.example.com", 0)]
    [InlineData("bücher.*.org", 0)]
    [InlineData("watched99*.com", 111)]
    [InlineData("watched9999*x.com", 1)]
    [InlineData("x.watched99*.com", 111)]
    [InlineData("*9.com", 10_000)]
    [InlineData("**********9.com", 10_000)]
    public void A_glob_is_compared_with_the_labels_that_begin_as_it_does(string name, long comparisons)
    {
        WatchList list = WatchLists.Of(Enumerable.Range(0, 10_000).Select(i => $"watched{i}.com"));
        var budget = GlobBudget.Unlimited;

        _ = list.Matches(new(IdentifierKind.Dns, name), int.MaxValue, ref budget, out _);

        Assert.Equal(comparisons, long.MaxValue - budget.Left);
    }

    [Fact]
    public void Of_many_matches_the_first_are_listed_always_the_same_ones_and_no_more_are_looked_for()
    {
        string[] items = [.. Enumerable.Range(0, 10_000).Select(i => $"{i:00000}.com"), ".com"];
        var anyName = new Identifier(IdentifierKind.Dns, "?.com");
        string[]? first = null;
        foreach (WatchList list in new[] { WatchLists.Of(items), WatchLists.Of(items.Reverse()) })
        {
            var budget = GlobBudget.Unlimited;
            string[] listed = [.. list.Matches(anyName, 100, ref budget, out bool isCut).Select(item => item.Text)];

            Assert.True(isCut);
            Assert.Equal([.. Enumerable.Range(0, 99).Select(i => $"{i:00000}.com"), ".com"], listed);
            Assert.InRange(long.MaxValue - budget.Left, 100, 101);
            Assert.Equal(first ??= listed, listed);
        }
        WatchList both = WatchLists.Of(items[..150]).With(WatchLists.Of(items[100..]));
        GlobBudget unlimited = GlobBudget.Unlimited;
        Assert.Equal(100, both.Matches(anyName, 100, ref unlimited, out bool isBothCut).Count);
        Assert.True(isBothCut);
        Assert.Equal(10_001, both.Matches(anyName, 10_001, ref unlimited, out isBothCut).Count);
        Assert.False(isBothCut);
        Assert.Empty(both.Matches(anyName, 0, ref unlimited, out isBothCut));
        Assert.True(isBothCut);
    }

    private static void Judge(WatchList list, (NameSource Source, byte[] Value)[] values)
    {
        foreach ((NameSource source, byte[] value) in values) list.MayMatch(source, value);
    }
}
