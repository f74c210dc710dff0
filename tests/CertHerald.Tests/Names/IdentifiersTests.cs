using System.Net;
using System.Text;
using CertHerald.Names;

namespace CertHerald.Tests.Names;

public sealed class IdentifiersTests
{
    private static readonly Encoding Latin1 = Encoding.Latin1;

    [Theory]
    [InlineData("I1", "Example.COM.", "example.com")]
    [InlineData("I1", "example.com...", "example.com")]
    [InlineData("I2", " www.example.com ", "www.example.com")]
    [InlineData("I2", "\r\n\twww.example.com. . ", "www.example.com")]
    [InlineData("I3", "http://example.com/path", "example.com", "example.com/path")]
    [InlineData("I3", "https://example.com", "example.com")]
    [InlineData("I3", "example.com/a/b", "example.com", "example.com/a/b")]
    [InlineData("I4", "example.org\0.example.com", "example.org", "example.<unparsable>.example.com")]
    [InlineData("I6", "b\u00fccher.example", "xn--bcher-kva.example")]
    [InlineData("I7", "192.0.2.1", "ip:192.0.2.1")]
    [InlineData("I7", "2001:DB8:0:0::1", "ip:2001:db8::1")]
    [InlineData("I7", "::ffff:192.0.2.1", "ip:192.0.2.1")]
    [InlineData("I7", "[2001:db8::1]:443", "[2001:db8::1]:443", "ip:2001:db8::1")]
    [InlineData("I7", "http://192.0.2.1/", "ip:192.0.2.1", "192.0.2.1/")]
    [InlineData("I7", "192.0.2.1:443", "192.0.2.1:443", "ip:192.0.2.1")]
    [InlineData("I7", "192.0.2.1.", "ip:192.0.2.1")]
    [InlineData("I7", "192.0.2", "192.0.2")]
    [InlineData("I7", "192.0.2.256", "192.0.2.256")]
    [InlineData("I8", "ctl\u0001x.example.com", "<unparsable>.example.com")]
    [InlineData("I8", "del\u007f.example.com", "<unparsable>.example.com")]
    [InlineData("I8", "tab\tx.example.com", "tab\tx.example.com")]
    [InlineData("I9", "exa_mple.com", "exa_mple.com")]
    [InlineData("I9", "a..b.com", "a..b.com")]
    [InlineData("I9", ".example.com", ".example.com")]
    [InlineData("I9", "xn--a!\u007e.example", "xn--a!~.example")]
    [InlineData("I9", "xn--.example", "xn--.example")]
    [InlineData("I10", "")]
    [InlineData("I10", ".")]
    [InlineData("I10", " .. . ")]
    [InlineData("I10", "http://")]
    [InlineData("I11", "localhost", "localhost")]
    [InlineData("I12", "HTTP://up.example.com/x", "up.example.com", "up.example.com/x")]
    [InlineData("I12", "hTTps://up.example.com", "up.example.com")]
    [InlineData("I13", "user@example.com", "user@example.com", "example.com")]
    [InlineData("I13", "a@b@example.com", "a@b@example.com", "example.com")]
    [InlineData("I14", "example.com:443", "example.com:443", "example.com")]
    [InlineData("I14", "example.com:https", "example.com:https")]
    [InlineData("all at once", "https://u:p@Example.com:443/x?y", "u:p@example.com:443", "example.com:443", "example.com", "u:p@example.com:443/x?y")]
    [InlineData("globs stay", "f*o.*.example.com", "f*o.*.example.com")]
    public void A_value_gives_the_identifiers_of_its_row(string row, string value, params string[] expected)
    {
        foreach (NameSource source in new[] { NameSource.CommonName, NameSource.DnsName })
            Assert.True(expected.SequenceEqual(Shown(source, Latin1.GetBytes(value))), $"{row}: {string.Join(", ", Shown(source, Latin1.GetBytes(value)))}");
    }

    [Fact]
    public void I5_utf8_is_read_as_utf8_and_as_latin1() =>
        Assert.Equal(["xn--bcher-kva.example", "xn--bcher-lka6y.example"], Shown(NameSource.DnsName, "bücher.example"u8));

    [Fact]
    public void I9_a_space_inside_a_dns_name_stays() =>
        Assert.Equal(["a b.example.com"], Shown(NameSource.DnsName, "a b.example.com"u8));

    [Theory]
    [InlineData("Example Inc")]
    [InlineData("Müller GmbH")]
    [InlineData("Example Inc./CA 1:2@x y")]
    [InlineData("Example Inc:1 a")]
    public void I11_a_common_name_with_a_space_is_ignored(string value) =>
        Assert.Empty(Shown(NameSource.CommonName, Encoding.UTF8.GetBytes(value)));

    [Fact]
    public void I11_a_space_in_the_path_does_not_hide_the_host() =>
        Assert.Equal(["example.com"], Shown(NameSource.CommonName, "http://example.com/our site"u8));

    [Theory]
    [InlineData("192.0.2.1")]
    [InlineData("2001:db8::1")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("1::")]
    [InlineData("2001:db8:0:1:1:1:1:1")]
    [InlineData("2001:0:0:1::1")]
    [InlineData("2001:db8::1:0:0:1")]
    [InlineData("fe80::ffff:1")]
    public void Octets_give_canonical_text_which_reads_back(string text)
    {
        byte[] octets = IPAddress.Parse(text).GetAddressBytes();

        Assert.Equal(["ip:" + text], Shown(NameSource.IpAddress, octets));
        Assert.Equal(["ip:" + text], Shown(NameSource.DnsName, Encoding.ASCII.GetBytes(text)));
    }

    [Fact]
    public void A_mapped_address_is_the_ipv4_address() =>
        Assert.Equal(["ip:192.0.2.1"], Shown(NameSource.IpAddress, IPAddress.Parse("::ffff:192.0.2.1").GetAddressBytes()));

    [Theory]
    [InlineData("1:2:3:4:5:6:7")]
    [InlineData("1:2:3:4:5:6:7:8:9")]
    [InlineData("1::2::3")]
    [InlineData(":::")]
    [InlineData(":1::")]
    [InlineData("1:2:3:4:5:6:7::8")]
    [InlineData("12345::")]
    [InlineData("::g")]
    [InlineData("fe80::1%eth0")]
    [InlineData("::1.2.3")]
    [InlineData("1.2.3.4::")]
    [InlineData("1.2.3.4.5")]
    [InlineData("01.2.3.4")]
    [InlineData("1..2.3")]
    [InlineData("0x7f.0.0.1")]
    [InlineData("1")]
    public void What_is_no_address_stays_a_name(string text) =>
        Assert.Equal(text, Shown(NameSource.DnsName, Encoding.ASCII.GetBytes(text))[0]);

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(17)]
    public void Octets_of_another_length_give_nothing(int length) => Assert.Empty(Shown(NameSource.IpAddress, new byte[length]));

    [Fact]
    public void Letters_that_normalise_to_ascii_become_ascii() =>
        Assert.Contains("k.example", Shown(NameSource.DnsName, "\u212a.example"u8));

    [Fact]
    public void A_noncharacter_that_normalisation_refuses_is_still_read() =>
        Assert.Contains(Shown(NameSource.DnsName, "a\ufffeb.example"u8), text => text.StartsWith("xn--", StringComparison.Ordinal) && text.EndsWith(".example", StringComparison.Ordinal));

    [Fact]
    public void A_label_too_long_for_an_A_label_is_unparsable() =>
        Assert.All(Shown(NameSource.DnsName, Encoding.UTF8.GetBytes(new string('ü', 200) + ".example")), text => Assert.Equal("<unparsable>.example", text));

    [Fact]
    public void Of_an_endless_name_the_right_end_is_kept()
    {
        string text = Assert.Single(Shown(NameSource.DnsName, Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("abc.", 100_000)) + "example.com")));

        Assert.StartsWith("<unparsable>.abc.", text, StringComparison.Ordinal);
        Assert.EndsWith(".abc.example.com", text, StringComparison.Ordinal);
        Assert.True(text.Length < 1_100);
        Assert.Equal(["<unparsable>"], Shown(NameSource.DnsName, Latin1.GetBytes(new string('a', 5_000))));
    }

    private static string[] Shown(NameSource source, ReadOnlySpan<byte> value) =>
        [.. WatchLists.Read(source, value).Select(read => read.Kind == IdentifierKind.Ip ? "ip:" + read.Text : read.Text)];
}
