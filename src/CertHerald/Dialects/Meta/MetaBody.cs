using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace CertHerald.Dialects.Meta;

/// <summary>A body, byte for byte as the original's examples: entries, up to the size that its receivers take.</summary>
/// <param name="mostBytes">A single entry may be larger: it is sent alone.</param>
internal sealed class MetaBody(int mostBytes)
{
    /// <summary>Escapes as little as JSON allows; <see cref="AsciiJson"/> does the rest.</summary>
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly ArrayBufferWriter<byte> _entries = new(4096);

    private static ReadOnlySpan<byte> Begin => "{\"entry\":["u8;

    private static ReadOnlySpan<byte> End => "],\"object\":\"certificate_transparency\"}"u8;

    /// <returns>False if the body would become too large: nothing was added. The first are always taken.</returns>
    public bool TryAdd(IReadOnlyList<MetaEntry> entries)
    {
        var ascii = new ArrayBufferWriter<byte>(4096);
        foreach (MetaEntry entry in entries)
        {
            var plain = new ArrayBufferWriter<byte>(4096);
            using (var json = new Utf8JsonWriter(plain, Plain)) Write(entry, json);
            if (_entries.WrittenCount + ascii.WrittenCount > 0) ascii.Write(","u8);
            AsciiJson.Write(plain.WrittenSpan, ascii);
        }
        if (_entries.WrittenCount > 0 && Begin.Length + _entries.WrittenCount + ascii.WrittenCount + End.Length > mostBytes) return false;
        _entries.Write(ascii.WrittenSpan);
        return true;
    }

    public void Write(IBufferWriter<byte> body)
    {
        body.Write(Begin);
        body.Write(_entries.WrittenSpan);
        body.Write(End);
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
