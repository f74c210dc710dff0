using System.Text;

namespace CertHerald.Names;

/// <summary>DNS names as text: A-labels in lower case, no trailing dot, as <see cref="Identifier"/> holds them.</summary>
public static class DnsName
{
    /// <summary>Characters in the longest name, dots included. RFC 1035 §2.3.4.</summary>
    public const int MaxLength = 253;

    /// <summary>Characters in the longest label. RFC 1035 §2.3.4.</summary>
    public const int MaxLabelLength = 63;

    private const string ALabelPrefix = "xn--";

    /// <summary>
    /// Whether a certificate for the wildcard is valid for the name: <c>*.example.com</c> covers <c>www.example.com</c>, but
    /// neither <c>example.com</c> nor <c>a.www.example.com</c> nor another wildcard. RFC 9525 §6.3.
    /// </summary>
    public static bool IsCoveredBy(string name, string wildcard)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(wildcard);
        int dot = name.IndexOf('.');
        return dot > 0
            && wildcard.Length > 2 && wildcard.StartsWith("*.", StringComparison.Ordinal)
            && name.AsSpan(dot).Equals(wildcard.AsSpan(1), StringComparison.OrdinalIgnoreCase)
            && !name.AsSpan(0, dot).Contains('*');
    }

    /// <summary>
    /// The A-label of one label in lower case and NFC, or the label in lower case if it is ASCII.
    /// Null if there is none: unpaired surrogates, or more code points than a label can hold.
    /// Never throws. ASCII is not checked: what certificates hold comes out as it is.
    /// </summary>
    internal static string? ToALabel(ReadOnlySpan<char> label)
    {
        if (Ascii.IsValid(label)) return ToLowerAscii(label);
        if (label.Length > 2 * MaxLabelLength) return null;   // before normalising, whose cost grows with the length

        string text = label.ToString();
        if (IsNormalizable(text))
        {
            // Twice: some capitals are composed only (K, the Kelvin sign), some small letters decomposed only.
            text = text.Normalize(NormalizationForm.FormC).ToLowerInvariant().Normalize(NormalizationForm.FormC);
        }
        if (Ascii.IsValid(text)) return ToLowerAscii(text);
        return Punycode.TryEncode(text, out string encoded) ? ALabelPrefix + encoded : null;
    }

    private static string ToLowerAscii(ReadOnlySpan<char> text) =>
        string.Create(text.Length, text, static (lower, from) => Ascii.ToLower(from, lower, out _));

    // Normalize throws on these. U+FFFE is a scalar value that UTF-8 may hold; unpaired surrogates are none.
    private static bool IsNormalizable(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '\ufffe') return false;
            if (!char.IsSurrogate(text[i])) continue;
            if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1])) return false;
            i++;
        }
        return true;
    }
}
