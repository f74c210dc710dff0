using CertHerald.Names;

namespace CertHerald.Deciding;

/// <summary>What is said of watched trees below which anybody can register a name.</summary>
internal static class PublicTrees
{
    /// <summary>Most that are named one by one.</summary>
    private const int Most = 10;

    /// <summary>A warning for each, without a full stop; none without a list of suffixes.</summary>
    public static IEnumerable<string> Warnings(WatchList watched, PublicSuffixes? suffixes)
    {
        if (suffixes is null) yield break;
        int found = 0;
        foreach (WatchItem item in watched.PublicTrees(suffixes))
            if (++found <= Most) yield return $"\"{item.Text}\" is a public suffix: every certificate below it will match; watch the name below it that is yours, such as .example{item.Text}";
        if (found > Most) yield return $"{found - Most} more watch items are public suffixes: every certificate below them will match";
    }
}
