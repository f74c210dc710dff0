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

    private static void Judge(WatchList list, (NameSource Source, byte[] Value)[] values)
    {
        foreach ((NameSource source, byte[] value) in values) list.MayMatch(source, value);
    }
}
