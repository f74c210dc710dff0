using System.Text.Encodings.Web;
using System.Text.Json;

namespace CertHerald.Cli;

/// <summary>JSON as the commands print it: one line an object; readable, but never a control character on a terminal.</summary>
internal static class JsonStyle
{
    // The relaxed encoder leaves '<' and '+' readable and still escapes control characters. This is not for web pages.
    public static JsonWriterOptions Plain { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void WriteTexts(Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (string text in texts) json.WriteStringValue(text);
        json.WriteEndArray();
    }

    public static string? Time(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture);
}
