using CertHerald.Names;

namespace CertHerald.Api;

/// <summary>A name as browsers may draw it: what an A-label stands for, in its place. Hostile text: show it isolated, with what is hidden marked.</summary>
internal static class DrawnName
{
    private const string Prefix = "xn--";

    /// <summary>The name itself where nothing of it can be decoded.</summary>
    public static string Of(string name) =>
        name.Contains(Prefix, StringComparison.OrdinalIgnoreCase) ? string.Join('.', name.Split('.').Select(Label)) : name;

    private static string Label(string label) =>
        label.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) && Punycode.TryDecode(label.AsSpan(Prefix.Length), out string text) ? text : label;
}
