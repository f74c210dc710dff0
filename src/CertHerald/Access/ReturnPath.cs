namespace CertHerald.Access;

/// <summary>Where to go after signing in: a page of the console, never another site.</summary>
internal static class ReturnPath
{
    public const string Home = "/console";

    private const int MostCharacters = 2_000;

    /// <summary>The path if it leads into the console, else the console's start.</summary>
    public static string Safe(string? path) => path is not null && LeadsIntoConsole(path) ? path : Home;

    // An allow list: the prefix rules out "//host" and "scheme:", the alphabet "\" (a slash to browsers), line breaks and tabs.
    private static bool LeadsIntoConsole(string path) =>
        path.Length <= MostCharacters
        && path.StartsWith(Home, StringComparison.Ordinal)
        && (path.Length == Home.Length || path[Home.Length] is '/' or '?')
        && path.All(c => char.IsAsciiLetterOrDigit(c) || "/?&=%._~-+:".Contains(c, StringComparison.Ordinal));
}
