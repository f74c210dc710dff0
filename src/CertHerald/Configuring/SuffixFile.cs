using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using CertHerald.Names;

namespace CertHerald.Configuring;

/// <summary>The Public Suffix List in the data directory. It is there once <c>certherald data refresh</c> has put it there.</summary>
internal static class SuffixFile
{
    public const string Name = "public_suffix_list.dat";

    /// <summary>Longer than it has ever been.</summary>
    public const int MostBytes = 16 << 20;

    private const int FewestRules = 1_000;

    public static string PathIn(string data) => Path.Combine(data, Name);

    /// <summary>Null if there is none, or none that can be used.</summary>
    /// <param name="warning">Why it cannot be used; else null.</param>
    public static PublicSuffixes? Read(string data, out string? warning)
    {
        string path = PathIn(data);
        warning = null;
        try
        {
            var written = new FileInfo(path);
            if (!written.Exists) return null;
            string? problem = "it is too long to be it";
            if (written.Length <= MostBytes && TryRead(File.ReadAllBytes(path), out PublicSuffixes? suffixes, out problem)) return suffixes;
            warning = $"{path} cannot be used, so watch items are not checked against it: {problem}";
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            warning = $"{path} cannot be read: {failure.Message}";
        }
        return null;
    }

    /// <summary>Reads the whole list, and nothing less.</summary>
    public static bool TryRead(ReadOnlySpan<byte> file, [NotNullWhen(true)] out PublicSuffixes? suffixes, [NotNullWhen(false)] out string? problem)
    {
        if (!PublicSuffixes.TryRead(file, out suffixes, out problem)) return false;
        // Half a list would call strangers' domains one: better none.
        if (suffixes.IcannRules >= FewestRules && suffixes.PrivateRules > 0) return true;
        problem = $"it has {Count(suffixes.IcannRules)} rules of registries and {Count(suffixes.PrivateRules)} private ones: the list has thousands of both";
        suffixes = null;
        return false;
    }

    /// <summary>For people.</summary>
    public static string Describe(PublicSuffixes suffixes) => $"{Count(suffixes.IcannRules)} rules of registries, {Count(suffixes.PrivateRules)} private";

    private static string Count(int number) => number.ToString("#,0", CultureInfo.InvariantCulture);
}
