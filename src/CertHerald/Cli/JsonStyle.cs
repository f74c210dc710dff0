using System.Text.Encodings.Web;
using System.Text.Json;
using CertHerald.Inspecting;

namespace CertHerald.Cli;

/// <summary>JSON as the commands print it: one line an object; readable, but never a control character on a terminal.</summary>
internal static class JsonStyle
{
    // The relaxed encoder leaves '<' and '+' readable and still escapes control characters. This is not for web pages.
    public static JsonWriterOptions Plain { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A member whose text strangers wrote.</summary>
    public static void WriteText(Utf8JsonWriter json, string name, string? text)
    {
        if (text is null || Visible.IsAllShown(text)) json.WriteString(name, text);
        else json.WriteString(name, Escaped(text));
    }

    /// <summary>The same, for a list.</summary>
    public static void WriteTexts(Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (string text in texts)
        {
            if (Visible.IsAllShown(text)) json.WriteStringValue(text);
            else json.WriteStringValue(Escaped(text));
        }
        json.WriteEndArray();
    }

    public static string? Time(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture);

    // The relaxed encoder lets characters through that turn text around or hide it: a text with one is written in ASCII.
    private static JsonEncodedText Escaped(string text) => JsonEncodedText.Encode(text, JavaScriptEncoder.Default);
}
