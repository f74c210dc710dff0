using CertHerald.Deciding;
using CertHerald.Inspecting;
using CertHerald.Names;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Deciding;

/// <summary>certspotter.md §1.2, row by row.</summary>
public sealed class WatchedEndpointsTests
{
    [Theory]
    [InlineData("literal, exact", "www.example.com", "www.example.com", "www.example.com/www.example.com/-")]
    [InlineData("literal, tree", "www.example.com", ".example.com", "www.example.com/.example.com/-")]
    [InlineData("literal, the tree's root", "example.com", ".example.com", "example.com/.example.com/-")]
    [InlineData("*.X, exact w.X", "*.example.com", "w.example.com", "w.example.com/w.example.com/*")]
    [InlineData("*.X and w.X, exact w.X", "*.example.com w.example.com", "w.example.com", "w.example.com/w.example.com/-")]
    [InlineData("w.X and *.X, exact w.X", "w.example.com *.example.com", "w.example.com", "w.example.com/w.example.com/-")]
    [InlineData("*.X, tree over X, none known", "*.example.com", ".example.com", "*.example.com/.example.com/*")]
    [InlineData("*.X, tree over X, some known", "*.known.example", ".known.example", "a.known.example/.known.example/* b.known.example/.known.example/*")]
    [InlineData("*.X and a known name, tree", "*.known.example a.known.example", ".known.example", "a.known.example/.known.example/- b.known.example/.known.example/*")]
    [InlineData("*.X, tree over everything", "*.known.example", ".", "a.known.example/./* b.known.example/./*")]
    [InlineData("*.X, tree below X", "*.example.com", ".sub.example.com", "sub.example.com/.sub.example.com/*")]
    [InlineData("*.com, exact and tree below", "*.com", "example.com .example.com", "example.com/example.com/*")]
    [InlineData("* under everything", "*", ".", "*/./*")]
    [InlineData("glob, exact", "f*o.example.com", "foo.example.com", "foo.example.com/foo.example.com/*")]
    [InlineData("glob, tree", "f*o.example.com", ".example.com", "f*o.example.com/.example.com/*")]
    [InlineData("two globs, tree", "*.*.example.com", ".example.com", "*.*.example.com/.example.com/*")]
    [InlineData("?, exact", "?.example.com", "www.example.com", "www.example.com/www.example.com/-")]
    [InlineData("?, tree", "?.example.com", ".example.com", "?.example.com/.example.com/-")]
    [InlineData("unparsable, exact", "<unparsable>.example.com", "www.example.com", "www.example.com/www.example.com/-")]
    [InlineData("unparsable, tree", "<unparsable>.example.com", ".example.com", "<unparsable>.example.com/.example.com/-")]
    [InlineData("wildcard over unparsable, tree", "*.<unparsable>.example.com", ".example.com", "*.<unparsable>.example.com/.example.com/*")]
    [InlineData("IPv4", "192.0.2.1", "192.0.2.1", "192.0.2.1/192.0.2.1/-")]
    [InlineData("IPv6", "2001:db8::1", "2001:db8::1", "2001:db8::1/2001:db8::1/-")]
    [InlineData("several items: exact before tree", "a.example.com", ".example.com a.example.com", "a.example.com/a.example.com/-")]
    [InlineData("several items: the longest", "a.b.example.com", ".example.com .b.example.com .", "a.b.example.com/.b.example.com/-")]
    [InlineData("several names, sorted ordinally", "b.example.com a.example.com B-.example.com", ".example.com", "a.example.com/.example.com/- b-.example.com/.example.com/- b.example.com/.example.com/-")]
    [InlineData("only what is watched", "a.example.com www.example.org", ".example.com", "a.example.com/.example.com/-")]
    public void Endpoints_are_those_of_the_specification(string row, string names, string watched, string expected)
    {
        WatchList watch = Tests.Names.WatchLists.Of(watched.Split(' '));
        Match[] matches = [.. names.Split(' ').SelectMany(IdentifiersOf).SelectMany(identifier => watch.Matches(identifier).Select(item => new Match(identifier, item.Text)))];

        IReadOnlyList<WatchedEndpoint> endpoints = WatchedEndpoints.Of(matches, KnownBelow, out bool isCut);

        Assert.True(expected == string.Join(' ', endpoints.Select(one => $"{one.DnsName}/{one.MonitoredDomain}/{(one.Wildcard ? '*' : '-')}")), row);
        Assert.False(isCut);
        Assert.Equal(
            matches.Any(match => match.Item[0] == '.' && match.Identifier.Text == "*.known.example"),
            WatchedEndpoints.ParentsAsked(matches).Contains("known.example"));
    }

    [Fact]
    public void A_match_stays_the_same_endpoint_in_whatever_order_matches_come()
    {
        Match[] matches =
        [
            new(Dns("*.example.com"), "w.example.com"), new(Dns("*.example.com"), ".example.com"), new(Dns("w.example.com"), ".example.com"),
            new(Dns("w.example.com"), "w.example.com"), new(Dns("*.*.com"), "w.example.com"),
        ];
        IReadOnlyList<WatchedEndpoint> first = WatchedEndpoints.Of(matches, _ => ["w.example.com"], out _);

        Assert.Equal([new WatchedEndpoint("w.example.com", "w.example.com", Wildcard: false)], first);
        foreach (int[] order in Permutations(5)) Assert.Equal(first, WatchedEndpoints.Of(order.Select(i => matches[i]), _ => ["w.example.com"], out _));
    }

    [Fact]
    public void Of_endless_endpoints_a_thousand_are_listed_and_it_is_said_that_there_are_more()
    {
        Match[] matches = [.. Enumerable.Range(0, 5).Select(i => new Match(Dns(Some.Numbered("*.zone", i) + ".example"), ".example"))];
        IReadOnlyList<string> Below(string parent) => [.. Enumerable.Range(0, 300).Select(i => Some.Numbered("host", i) + "." + parent)];

        IReadOnlyList<WatchedEndpoint> endpoints = WatchedEndpoints.Of(matches, Below, out bool isCut);

        Assert.Equal(WatchedEndpoints.Most, endpoints.Count);
        Assert.True(isCut);
        Assert.Equal(900, WatchedEndpoints.Of(matches.Take(3), Below, out isCut).Count);
        Assert.False(isCut);
    }

    private static IReadOnlyList<string> KnownBelow(string parent) => parent == "known.example" ? ["a.known.example", "b.known.example"] : [];

    // Names of a table are identifiers already, but for the labels that no raw name gives.
    private static IEnumerable<Identifier> IdentifiersOf(string name) =>
        name.Contains('<', StringComparison.Ordinal) || name.Contains('?', StringComparison.Ordinal)
            ? [Dns(name)]
            : Tests.Names.WatchLists.Read(NameSource.DnsName, System.Text.Encoding.ASCII.GetBytes(name));

    private static Identifier Dns(string name) => new(IdentifierKind.Dns, name);

    private static IEnumerable<int[]> Permutations(int count) => count == 0
        ? [[]]
        : from rest in Permutations(count - 1) from at in Enumerable.Range(0, count) select (int[])[.. rest[..at], count - 1, .. rest[at..]];
}
