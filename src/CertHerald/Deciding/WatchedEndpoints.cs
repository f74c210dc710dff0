using CertHerald.Inspecting;
using CertHerald.Names;

namespace CertHerald.Deciding;

/// <summary>Which of the user's endpoints a certificate is valid for. Pure.</summary>
internal static class WatchedEndpoints
{
    /// <summary>Parents whose known endpoints decide what a wildcard under a watched tree stands for.</summary>
    public static IEnumerable<string> ParentsAsked(IEnumerable<Match> matches) =>
        from match in matches
        where match.Item.StartsWith('.') && WildcardParent(match.Identifier) is not null
        select WildcardParent(match.Identifier)!;

    /// <summary>Most endpoints of one certificate that are listed. A wildcard can stand for any number.</summary>
    public const int Most = 1_000;

    /// <summary>Sorted by name, one each: a literal name before a wildcard, an exact watch item before a tree, then the longest.</summary>
    /// <param name="matches">Where there are more than <see cref="Most"/> endpoints, the first that these give are kept.</param>
    /// <param name="knownBelow">Endpoints known from earlier issuances exactly one label below a parent.</param>
    /// <param name="isCut">There are more.</param>
    public static IReadOnlyList<WatchedEndpoint> Of(IEnumerable<Match> matches, Func<string, IReadOnlyList<string>> knownBelow, out bool isCut)
    {
        var best = new SortedDictionary<string, WatchedEndpoint>(StringComparer.Ordinal);
        isCut = false;
        foreach (Match match in matches)
            foreach (WatchedEndpoint endpoint in Of(match, knownBelow))
                if (!best.TryGetValue(endpoint.DnsName, out WatchedEndpoint? standing) && best.Count == Most)
                    isCut = true;
                else if (standing is null || Compare(endpoint, standing) < 0)
                    best[endpoint.DnsName] = endpoint with { Wildcard = endpoint.Wildcard && (standing?.Wildcard ?? true) };
                else
                    best[endpoint.DnsName] = standing with { Wildcard = endpoint.Wildcard && standing.Wildcard };
        return [.. best.Values];
    }

    private static IEnumerable<WatchedEndpoint> Of(Match match, Func<string, IReadOnlyList<string>> knownBelow)
    {
        string name = match.Identifier.Text, item = match.Item;
        bool isTree = item.StartsWith('.');
        bool isGlob = match.Identifier.Kind == IdentifierKind.Dns && name.Contains('*', StringComparison.Ordinal);

        if (IsLiteral(match.Identifier)) return [new WatchedEndpoint(name, item, Wildcard: false)];
        if (!isTree) return [new WatchedEndpoint(item, item, isGlob)];
        if (WildcardParent(match.Identifier) is not { } parent) return [new WatchedEndpoint(name, item, isGlob)];

        // "*.example.com" under ".sub.example.com" can only mean sub.example.com itself.
        string root = item[1..];
        if (root.Length > parent.Length) return [new WatchedEndpoint(root, item, Wildcard: true)];

        IReadOnlyList<string> known = knownBelow(parent);
        return known.Count > 0
            ? known.Select(endpoint => new WatchedEndpoint(endpoint, item, Wildcard: true))
            : [new WatchedEndpoint(name, item, Wildcard: true)];
    }

    /// <summary>X of <c>*.X</c>, if X is plain.</summary>
    private static string? WildcardParent(Identifier identifier) =>
        identifier.Kind == IdentifierKind.Dns && identifier.Text.StartsWith("*.", StringComparison.Ordinal) && IsLiteral(identifier.Text[2..])
            ? identifier.Text[2..]
            : null;

    private static bool IsLiteral(Identifier identifier) => identifier.Kind == IdentifierKind.Ip || IsLiteral(identifier.Text);

    private static bool IsLiteral(string name) =>
        !name.Contains('*', StringComparison.Ordinal) && !name.Contains('?', StringComparison.Ordinal) && !name.Contains("<unparsable>", StringComparison.Ordinal);

    /// <summary>Exact before tree, then the longest.</summary>
    private static int Compare(WatchedEndpoint left, WatchedEndpoint right)
    {
        int trees = left.MonitoredDomain.StartsWith('.').CompareTo(right.MonitoredDomain.StartsWith('.'));
        return trees != 0 ? trees : right.MonitoredDomain.Length.CompareTo(left.MonitoredDomain.Length);
    }
}
