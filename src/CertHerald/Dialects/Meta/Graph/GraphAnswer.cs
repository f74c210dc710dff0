using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace CertHerald.Dialects.Meta.Graph;

/// <summary>Bodies of answers.</summary>
internal static class GraphAnswer
{
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>True as a truth value: clients compare it with one.</summary>
    public static ReadOnlyMemory<byte> Success { get; } = "{\"success\":true}"u8.ToArray();

    public static ReadOnlyMemory<byte> Of(Action<Utf8JsonWriter> write)
    {
        var body = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(body, Plain)) write(json);
        return body.WrittenMemory;
    }

    /// <summary>A page of a list. One without items has no paging: some clients go on until they meet it.</summary>
    /// <param name="next">Where the next page is; null after the last.</param>
    /// <param name="previous">Likewise; null before the first.</param>
    public static ReadOnlyMemory<byte> Page(IReadOnlyList<GraphItem> items, string? next, string? previous) => Of(json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("data"u8);
        // Each was written whole by the same options.
        foreach (GraphItem item in items) json.WriteRawValue(item.Json.Span, skipInputValidation: true);
        json.WriteEndArray();
        if (items.Count > 0)
        {
            json.WriteStartObject("paging"u8);
            json.WriteStartObject("cursors"u8);
            json.WriteString("before"u8, CursorOf(items[0].Id));
            json.WriteString("after"u8, CursorOf(items[^1].Id));
            json.WriteEndObject();
            if (previous is not null) json.WriteString("previous"u8, previous);
            if (next is not null) json.WriteString("next"u8, next);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    });

    /// <summary>Opaque to clients: the id in a form that nobody counts in.</summary>
    public static string CursorOf(long id) => Base64Url.EncodeToString("c"u8.ToArray().Concat(IdOf(id).Select(digit => (byte)digit)).ToArray());

    /// <exception cref="GraphRefusal">It is none of ours.</exception>
    public static long? ReadCursor(GraphParameters parameters, string name)
    {
        if (parameters.Text(name) is not { } text) return null;
        var bytes = new byte[24];
        return text.Length <= 28 && Base64Url.IsValid(text) && Base64Url.TryDecodeFromChars(text, bytes, out int length) && length > 1 && bytes[0] == 'c'
            && long.TryParse(bytes.AsSpan(1, length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out long id)
            ? id
            : throw GraphRefusal.BadParameter($"The parameter {name} is no cursor of an answer.");
    }

    public static string IdOf(long id) => id.ToString(CultureInfo.InvariantCulture);
}

/// <summary>One item of a list.</summary>
/// <param name="Id">By which the list is ordered.</param>
internal readonly record struct GraphItem(long Id, ReadOnlyMemory<byte> Json);
