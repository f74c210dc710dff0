using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Configuring;

/// <summary>Public suffix lists that are long enough to be believed.</summary>
internal static class SomeSuffixes
{
    public static string List(params string[] rules) =>
        $"{string.Join('\n', rules)}\n{string.Join('\n', Enumerable.Range(0, 1_000).Select(i => Some.Numbered("n", i)))}\n// ===BEGIN PRIVATE DOMAINS===\ngithub.io\n";
}
