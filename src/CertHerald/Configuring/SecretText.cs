namespace CertHerald.Configuring;

/// <summary>A text that may be kept elsewhere, as the configuration and the command line take it: <c>env:NAME</c>, <c>file:PATH</c>.</summary>
internal static class SecretText
{
    private const string FileMark = "file:";

    /// <summary>The file that it is kept in; null if it is in none.</summary>
    public static string? FileOf(string text) => text.StartsWith(FileMark, StringComparison.Ordinal) ? text[FileMark.Length..] : null;

    /// <summary>The text itself; null if it cannot be had.</summary>
    /// <param name="mistake">Why not, and what to do; null if it was had. Does not repeat the text.</param>
    public static string? Read(string text, out (string Problem, string Remedy)? mistake)
    {
        mistake = null;
        if (text.StartsWith("env:", StringComparison.Ordinal))
        {
            if (Environment.GetEnvironmentVariable(text[4..]) is { Length: > 0 } value) return value;
            mistake = ($"names the environment variable {text[4..]}, which is not set", "set it for this process");
            return null;
        }
        if (FileOf(text) is not { } file) return text;

        try
        {
            return File.ReadAllText(file).Trim();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            mistake = ($"names the file {file}, which cannot be read: {failure.Message}", "correct the path, or let this user read it");
            return null;
        }
    }
}
