namespace CertHerald.Api;

/// <summary>SHA-256 as the API takes and gives it.</summary>
internal static class Hash
{
    /// <summary>Whether a text is one in its canonical form: 64 digits, in lower case.</summary>
    public static bool IsOne(string text) => text.Length == 64 && text.All(char.IsAsciiHexDigitLower);

    /// <summary>Reads one in either case, perhaps with colons between its bytes; null if it is none.</summary>
    public static string? Read(string? text)
    {
        string? plain = text?.Replace(":", "", StringComparison.Ordinal).ToLowerInvariant();
        return plain is not null && IsOne(plain) ? plain : null;
    }
}
