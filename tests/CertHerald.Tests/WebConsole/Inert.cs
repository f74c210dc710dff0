using System.Text.RegularExpressions;

namespace CertHerald.Tests.WebConsole;

/// <summary>That what strangers wrote stays text on a page.</summary>
internal static partial class Inert
{
    /// <summary>The only scripts on pages are files of ours.</summary>
    public static void RunsOnlyOurs(string pages) =>
        Assert.All(Scripts().Matches(pages), script => Assert.StartsWith("<script src=\"/console/assets/", script.Value, StringComparison.Ordinal));

    [GeneratedRegex("<script.{0,40}", RegexOptions.IgnoreCase | RegexOptions.Singleline)]
    private static partial Regex Scripts();
}
