using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace CertHerald.Dialects.Meta;

/// <summary>Writes bodies, byte for byte as the original's examples.</summary>
internal static class MetaBody
{
    /// <summary>Escapes as little as JSON allows; <see cref="AsciiJson"/> does the rest.</summary>
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(MetaEntry entry, IBufferWriter<byte> body)
    {
        var plain = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(plain, Plain))
        {
            json.WriteStartObject();
            json.WriteStartArray("entry"u8);
            Write(entry, json);
            json.WriteEndArray();
            json.WriteString("object"u8, "certificate_transparency"u8);
            json.WriteEndObject();
        }
        AsciiJson.Write(plain.WrittenSpan, body);
    }

    private static void Write(MetaEntry entry, Utf8JsonWriter json)
    {
        string id = entry.Id.ToString(CultureInfo.InvariantCulture);
        json.WriteStartObject();
        if (entry.IsShort)
        {
            json.WriteString("id"u8, id);
            json.WriteStartArray("changed_fields"u8);
            json.WriteStringValue(entry.Change.Field);
            json.WriteEndArray();
        }
        else
        {
            json.WriteStartArray("changes"u8);
            json.WriteStartObject();
            json.WriteString("field"u8, entry.Change.Field);
            json.WriteStartObject("value"u8);
            entry.Change.WriteValue(json, id);
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteString("id"u8, id);
        }
        json.WriteNumber("time"u8, entry.Time.ToUnixTimeSeconds());
        json.WriteEndObject();
    }
}
