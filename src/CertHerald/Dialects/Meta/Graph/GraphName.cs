using System.Text;
using CertHerald.Deciding;
using CertHerald.Names;

namespace CertHerald.Dialects.Meta.Graph;

/// <summary>Domains as apps write them.</summary>
internal static class GraphName
{
    /// <summary>Reads what is looked for, or given up: <c>*.example.com</c> says the same as <c>example.com</c>.</summary>
    /// <param name="mayBeUnknown">Whether it may be under a top-level domain that there is not.</param>
    /// <exception cref="GraphRefusal">It is no name of a domain.</exception>
    public static WatchItem ReadQuery(string text, Watched watched, bool mayBeUnknown = false)
    {
        string name = text.Trim();
        return Read(text, name.StartsWith("*.", StringComparison.Ordinal) ? name[2..] : name, watched, mayBeUnknown);
    }

    /// <summary>Reads what is subscribed to: a name with all below it, as an item of the watch list.</summary>
    /// <exception cref="GraphRefusal">It is no name of a domain, or anybody can register names below it.</exception>
    public static WatchItem ReadSubscribed(string text, Watched watched)
    {
        WatchItem item = Read(text, text.Trim(), watched);
        return watched.Suffixes is { } suffixes && suffixes.IsSuffix(Encoding.ASCII.GetBytes(Of(item)))
            ? throw GraphRefusal.BadParameter($"'{GraphRefusal.Cut(text)}' is a public suffix: subscribe to the domain below it that is yours.")
            : item;
    }

    /// <summary>The name of a tree.</summary>
    public static string Of(WatchItem item) => item.Text[1..];

    /// <summary>Whether a tree lies beneath a list's trees, or is one of them.</summary>
    public static bool IsBeneath(WatchItem item, WatchList list) => list.Matches(new Identifier(IdentifierKind.Dns, Of(item))).Any(above => above.IsTree);

    private static WatchItem Read(string written, string name, Watched watched, bool mayBeUnknown = false)
    {
        bool isOneName = name.Length > 0 && name[0] is not ('.' or '#') && !name.Any(char.IsWhiteSpace);
        if (!isOneName || !WatchList.TryParse([("", 1, "." + name)], out WatchList list, out _, out _) || list.Items.ToList() is not [{ IsTree: true, Text.Length: > 1 } item])
            throw GraphRefusal.BadParameter($"'{GraphRefusal.Cut(written)}' is no domain: write example.com, or its xn-- form.");
        // Whoever runs this may watch names of a network of his own.
        if (!mayBeUnknown && watched.Suffixes is { } suffixes && !IsKnownTop(item.Text, suffixes) && !IsBeneath(item, watched.Own))
            throw GraphRefusal.BadParameter($"'{GraphRefusal.Cut(written)}' is under no top-level domain that there is.");
        return item;
    }

    /// <summary>Some top-level domains have rules for what is below them only.</summary>
    private static bool IsKnownTop(string item, PublicSuffixes suffixes)
    {
        string top = item[(item.LastIndexOf('.') + 1)..];
        return suffixes.IsSuffix(Encoding.ASCII.GetBytes(top)) || suffixes.IsSuffix(Encoding.ASCII.GetBytes("a." + top));
    }
}
