using System.Net;
using System.Text;
using CertHerald.Names;

namespace CertHerald.Tests.Names;

public sealed class WatchListTests
{
    [Theory]
    [InlineData("W1", "example.com", "www.example.com", false)]
    [InlineData("W2", ".example.com", "example.com", true)]
    [InlineData("W2", ".example.com", "a.b.example.com", true)]
    [InlineData("W2", ".example.com", "notexample.com", false)]
    [InlineData("W3", "sub.example.com", "*.example.com", true)]
    [InlineData("W4", "a.sub.example.com", "*.example.com", false)]
    [InlineData("W5", ".sub.example.com", "*.example.com", true)]
    [InlineData("W5", ".a.sub.example.com", "*.example.com", false)]
    [InlineData("W6", "example.com", "*.com", true)]
    [InlineData("W6", ".example.com", "*.com", true)]
    [InlineData("W7", "foo.example.com", "f*o.example.com", true)]
    [InlineData("W7", "foo.example.com", "*.*.com", true)]
    [InlineData("W7", "foo.example.com", "f*x.example.com", false)]
    [InlineData("W7", "foo.example.com", "f*.com", false)]
    [InlineData("W8", "example.com", "exam*.com", true)]
    [InlineData("W8", "example.com", "*ple.com", true)]
    [InlineData("W8", "example.com", "*x**p*e*.com", true)]
    [InlineData("W9", "www.example.com", "?.example.com", true)]
    [InlineData("W9", "www.example.com", "<unparsable>.example.com", true)]
    [InlineData("W9", "www.example.com", "w?w.example.com", false)]
    [InlineData("W9", "www.example.com", "www.\u0001.com", true)]
    [InlineData("W10", "example.com", "*", false)]
    [InlineData("W10", ".example.com", "*", false)]
    [InlineData("W11", ".", "*", true)]
    [InlineData("W11", ".", "anything.at.all", true)]
    [InlineData("W11", ".", "192.0.2.1", false)]
    [InlineData("W12", "BÜCHER.example", "xn--bcher-kva.example", true)]
    [InlineData("W12", "BU\u0308CHER.example", "xn--bcher-kva.example", true)]
    [InlineData("W12", "xn--bcher-kva.example", "bücher.example", true)]
    [InlineData("W12", "BÜCHER。example", "xn--bcher-kva.example", true)]
    [InlineData("a blank that only text shows", "example.com", "\u00a0example.com.\u00a0", true)]
    [InlineData("a blank that only text shows", "example.com", "example.com.\u00a0.", true)]
    [InlineData("W15", "192.0.2.1", "192.0.2.1", true)]
    [InlineData("W15", "2001:DB8::1", "2001:db8:0::1", true)]
    [InlineData("W15", "192.0.2.1", "192.0.2.10", false)]
    public void A_name_matches_as_the_row_says(string row, string watch, string name, bool matches)
    {
        WatchList list = WatchLists.Of(watch);
        byte[] value = Encoding.UTF8.GetBytes(name);

        foreach (NameSource source in new[] { NameSource.CommonName, NameSource.DnsName })
        {
            Assert.True(matches == list.Matched(source, value).Length > 0, row);
            Assert.True(matches == list.MayMatch(source, value), row);
        }
    }

    [Theory]
    [InlineData("W13", "*.example.com", "write .example.com or a single name")]
    [InlineData("W13", "www.*.com", "write .example.com or a single name")]
    [InlineData("W14", "..example.com", "write .example.com")]
    [InlineData("W14", "a..b.com", "write a.b.com")]
    [InlineData("W14", "..", "write .")]
    [InlineData("W18", "https://Example.com:443/x", "write example.com")]
    [InlineData("W18", "HTTPS://user@BÜCHER.example/", "write xn--bcher-kva.example")]
    [InlineData("W18", "example.com/", "write example.com")]
    [InlineData("W18", "http://[2001:db8::1]:80/", "write 2001:db8::1")]
    [InlineData("W18", "192.0.2.0/24", "write 192.0.2.0")]
    [InlineData("W18", "https://", "write the name alone, such as example.com")]
    [InlineData("a dot before an address", ".192.0.2.1", "write 192.0.2.1")]
    [InlineData("a character", "exa!mple.com", "write letters, digits, '-', '_' and dots")]
    [InlineData("a comment without a space", "example.com#mine", "write letters, digits, '-', '_' and dots")]
    [InlineData("a second field", "example.com example.org", "write one item a line, and comments after #")]
    [InlineData("a full-width letter", "ｅxample.com", "write example.com")]
    [InlineData("an ideographic full stop", "ｅxample。com", "write example.com")]
    [InlineData("text beside an item", "a b\U0001F4A9", "write one item a line, and comments after #")]
    [InlineData("a zero-width space", "exam\u200bple.com", "type the name instead of pasting it")]
    [InlineData("a noncharacter", "exam\ufffeple.com", "type the name instead of pasting it")]
    [InlineData("what was not UTF-8", "b\ufffdcher.example", "save the list as UTF-8, or write the xn-- form")]
    public void What_cannot_be_watched_is_refused_with_a_remedy(string row, string line, string remedy) =>
        Assert.True(remedy == WatchLists.MistakeIn(line).Remedy, $"{row}: {WatchLists.MistakeIn(line)}");

    [Fact]
    public void Half_a_surrogate_pair_is_refused_and_not_thrown_at() =>
        Assert.Equal("write the name in its xn-- form", WatchLists.MistakeIn("exam\ud800ple.com").Remedy);

    [Fact]
    public void A_mistake_quotes_the_text_without_its_control_characters() =>
        Assert.Equal("\"a\ufffd[31mb\" holds \"\ufffd\"", WatchLists.MistakeIn("a\u001b[31mb").Problem);

    [Fact]
    public void A_label_of_63_characters_is_watched_and_one_of_64_is_refused()
    {
        Assert.Equal(1, WatchLists.Of(new string('a', 63) + ".com").Count);
        Assert.Contains("a label of 64 characters", WatchLists.MistakeIn(new string('a', 64) + ".com").Problem, StringComparison.Ordinal);
        Assert.Contains("a label of ", WatchLists.MistakeIn(new string('a', 58) + "ü.com").Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_of_253_characters_is_watched_and_one_of_254_is_refused()
    {
        string longest = string.Concat(Enumerable.Repeat("a.", 126)) + "b";

        Assert.Equal(253, longest.Length);
        Assert.Equal(["." + longest], WatchLists.Of("." + longest + ".").Items.Select(item => item.Text));
        Assert.True(WatchLists.Of(longest).MayMatch(NameSource.DnsName, Encoding.UTF8.GetBytes("*" + longest[1..])));
        foreach (int more in new[] { 1, 2, 100, 10_000 })
            Assert.Contains("longer than a name", WatchLists.MistakeIn(longest + new string('b', more)).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void W16_an_empty_list_has_no_items_and_matches_nothing()
    {
        WatchList list = WatchLists.Of("", "   ", "# nothing", "\t# indented", "\r");

        Assert.Equal(0, list.Count);
        Assert.Empty(list.Items);
        Assert.False(list.MayMatch(NameSource.DnsName, "example.com"u8));
        Assert.False(list.MayMatch(NameSource.DnsName, "*"u8));
        Assert.False(list.MayMatch(NameSource.IpAddress, [192, 0, 2, 1]));
        Assert.Empty(WatchList.Empty.Matches(new(IdentifierKind.Dns, "example.com")));
    }

    [Fact]
    public void W17_all_items_that_match_are_reported_single_names_first_then_the_longest()
    {
        WatchList list = WatchLists.Of(".", ".com", ".example.com", "a.example.com", "b.example.com", ".a.example.com", "example.com");

        Assert.Equal(["a.example.com", ".a.example.com", ".example.com", ".com", "."], list.Matched(NameSource.DnsName, "a.example.com"u8));
        Assert.Equal(["a.example.com", "b.example.com", ".a.example.com", ".example.com", ".com", "."], list.Matched(NameSource.DnsName, "*.example.com"u8));
    }

    [Fact]
    public void Lines_may_hold_a_byte_order_mark_white_space_comments_and_a_carriage_return()
    {
        WatchList list = WatchLists.Of("\ufeffEXAMPLE.com.\r", "  .Example.ORG..  # ours", "\texample.net\t#", "192.0.2.1 # an address", "[::FFFF:192.0.2.2]", "#", "example.com");

        Assert.Equal([".example.org", "192.0.2.1", "192.0.2.2", "example.com", "example.net"], list.Items.Select(item => item.Text).Order(StringComparer.Ordinal));
        Assert.Equal(5, list.Count);
    }

    [Fact]
    public void An_item_knows_what_it_is()
    {
        Dictionary<string, WatchItem> items = WatchLists.Of(".", ".example.com", "example.com", "2001:db8::1").Items.ToDictionary(item => item.Text);

        Assert.All([".", ".example.com"], text => Assert.True(items[text] is { IsTree: true, IsIp: false }));
        Assert.True(items["example.com"] is { IsTree: false, IsIp: false });
        Assert.True(items["2001:db8::1"] is { IsTree: false, IsIp: true });
    }

    [Fact]
    public void All_mistakes_come_at_once_and_warnings_apart()
    {
        string[] lines = ["*.example.com", "example.com valid_at:2020-01-01T00:00:00Z", "", "a..b", "example.org twice http://x"];

        Assert.False(WatchList.TryParse(WatchLists.Numbered(lines), out _, out IReadOnlyList<WatchListMistake> mistakes, out IReadOnlyList<WatchListMistake> warnings));

        Assert.Equal([1, 4, 5, 5], mistakes.Select(mistake => mistake.Line));
        WatchListMistake warning = Assert.Single(warnings);
        Assert.Equal((2, "remove it"), (warning.Line, warning.Remedy));
    }

    [Fact]
    public void A_warning_alone_does_not_refuse_the_list()
    {
        Assert.True(WatchList.TryParse([("watchlist", 1, "example.com valid_at:2020-01-01T00:00:00Z")], out WatchList list, out _, out _));
        Assert.Equal(1, list.Count);
    }

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1")]
    [InlineData("192.0.2.1", "::ffff:192.0.2.1")]
    [InlineData("2001:db8::1", "2001:0DB8:0:0:0:0:0:1")]
    public void W15_an_address_is_found_in_octets_in_text_and_behind_a_port(string watch, string address)
    {
        WatchList list = WatchLists.Of(watch);
        byte[] octets = IPAddress.Parse(address).GetAddressBytes();
        string host = address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address;

        foreach ((NameSource source, byte[] value) in new[]
        {
            (NameSource.IpAddress, octets), (NameSource.DnsName, Encoding.ASCII.GetBytes(address)),
            (NameSource.CommonName, Encoding.ASCII.GetBytes($"https://{host}:443/")),
        })
        {
            Assert.Equal([watch], list.Matched(source, value));
            Assert.True(list.MayMatch(source, value));
            value[^1]++;
            Assert.Equal(list.Matched(source, value).Length > 0, list.MayMatch(source, value));
        }
    }

    [Fact]
    public void Addresses_of_other_lengths_match_nothing_even_in_a_list_of_every_name()
    {
        WatchList list = WatchLists.Of(".", "192.0.2.1");

        foreach (int length in new[] { 0, 1, 3, 5, 8, 15, 17, 32 }) Assert.False(list.MayMatch(NameSource.IpAddress, new byte[length]));
        Assert.False(list.MayMatch(NameSource.IpAddress, [192, 0, 2, 2]));
    }

    [Fact]
    public void An_identifier_that_nobody_read_matches_nothing()
    {
        WatchList list = WatchLists.Of(".", "192.0.2.1");

        Assert.Empty(list.Matches(default));
        Assert.Empty(list.Matches(new(IdentifierKind.Dns, "")));
        Assert.Empty(list.Matches(new(IdentifierKind.Ip, "example.com")));
    }

    [Fact]
    public void A_list_of_100_000_items_matches_its_names_and_no_others()
    {
        WatchList list = WatchLists.Of(Enumerable.Range(0, 100_000).Select(i => i % 10 == 0 ? $".site{i}.example{i % 100}.com" : $"site{i}.example{i % 100}.com"));

        Assert.Equal(100_000, list.Count);
        Assert.Equal(100_000, list.Items.Distinct().Count());
        for (int i = 0; i < 100_000; i++)
        {
            byte[] name = Encoding.ASCII.GetBytes($"site{i}.example{i % 100}.com"), below = Encoding.ASCII.GetBytes($"a.site{i}.example{i % 100}.com");
            bool isTree = i % 10 == 0;
            if (!list.MayMatch(NameSource.DnsName, name) || list.MayMatch(NameSource.DnsName, below) != isTree) Assert.Fail($"site{i}");
        }
        Assert.Equal([".site50.example50.com"], list.Matched(NameSource.DnsName, "b.a.site50.example50.com"u8));
        Assert.Empty(list.Matched(NameSource.DnsName, "site50.example51.com"u8));
        Assert.Equal(1_000, list.Matched(NameSource.DnsName, "*.example7.com"u8).Length);
        Assert.Equal(["site10707.example7.com", "site107.example7.com"], list.Matched(NameSource.DnsName, "site107*.example7.com"u8));
    }

    [Theory]
    [InlineData("*.example.com", "www.example.com", true)]
    [InlineData("*.example.com", "WWW.Example.com", true)]
    [InlineData("*.example.com", "example.com", false)]
    [InlineData("*.example.com", ".example.com", false)]
    [InlineData("*.example.com", "a.www.example.com", false)]
    [InlineData("*.example.com", "*.example.com", false)]
    [InlineData("*.example.com", "www.notexample.com", false)]
    [InlineData("www.example.com", "www.example.com", false)]
    [InlineData("*.", "www.", false)]
    [InlineData("*", "www", false)]
    public void A_wildcard_covers_one_label(string wildcard, string name, bool isCovered) =>
        Assert.Equal(isCovered, DnsName.IsCoveredBy(name, wildcard));
}
