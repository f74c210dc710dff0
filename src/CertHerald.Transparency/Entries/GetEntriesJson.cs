using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Transparency.Entries;

/// <summary>Reads the answer to <c>get-entries</c>. Unknown members are ignored. RFC 6962 §4.6.</summary>
public static class GetEntriesJson
{
    /// <summary>Decodes the entries into one pooled buffer. What an entry holds is not looked at.</summary>
    /// <param name="start">The entry asked for first.</param>
    /// <param name="atMost">How many were asked for; more are a fault, as is none.</param>
    /// <param name="batch">To be disposed of by the caller.</param>
    /// <param name="problem">What is wrong, for people; null if nothing is.</param>
    public static bool TryRead(
        ReadOnlySpan<byte> answer, EntryIndex start, int atMost,
        [NotNullWhen(true)] out RawBatch? batch, [NotNullWhen(false)] out string? problem)
    {
        (batch, problem) = (null, null);
        using var builder = new RawBatchBuilder(
            start, ExtraDataForm.Rfc6962, (int)(answer.Length * 3L / 4), Math.Min(atMost, answer.Length / 32));
        try
        {
            if (!new PlainEntries(answer).TryRead(atMost, builder))
            {
                builder.Clear();
                Read(answer, atMost, builder);
            }
        }
        catch (JsonException unreadable)
        {
            problem = unreadable.Message;
        }
        catch (InvalidOperationException)                      // a lone surrogate, escaped
        {
            problem = "a string is not Unicode";
        }

        if (problem is null) batch = builder.Build();
        return problem is null && batch is not null;
    }

    private static void Read(ReadOnlySpan<byte> answer, int atMost, RawBatchBuilder builder)
    {
        var reader = new Utf8JsonReader(answer, JsonAnswer.Options);
        JsonAnswer.Expect(reader.Read() && reader.TokenType == JsonTokenType.StartObject, "the answer is not an object");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("entries"u8)) ReadEntries(ref reader, atMost, builder);
            else reader.Skip();
        }
        while (reader.Read()) { }                              // the reader refuses what follows the object
        JsonAnswer.Expect(builder.Count > 0, "the answer holds no entries");
    }

    private static void ReadEntries(ref Utf8JsonReader reader, int atMost, RawBatchBuilder builder)
    {
        JsonAnswer.Expect(reader.Read() && reader.TokenType == JsonTokenType.StartArray, "entries is not an array");
        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            if (builder.Count >= atMost) throw new JsonException($"the answer holds more than the {atMost} entries asked for");
            ReadEntry(ref reader, builder);
        }
        JsonAnswer.Expect(reader.TokenType == JsonTokenType.EndArray, "entries holds something else than objects");
    }

    private static void ReadEntry(ref Utf8JsonReader reader, RawBatchBuilder builder)
    {
        // Copies of the reader, each standing on a value: the two may come in either order.
        Utf8JsonReader leafInput = default, extraData = default;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("leaf_input"u8))
            {
                reader.Read();
                leafInput = reader;
            }
            else if (reader.ValueTextEquals("extra_data"u8))
            {
                reader.Read();
                extraData = reader;
            }
            reader.Skip();
        }

        if (leafInput.TokenType != JsonTokenType.String) throw Fault(builder, "leaf_input is missing or not a string");
        if (extraData.TokenType != JsonTokenType.String) throw Fault(builder, "extra_data is missing or not a string");

        // As long as the text, not as its bytes: an escaped text is unescaped in place first.
        long room = (long)leafInput.ValueSpan.Length + extraData.ValueSpan.Length;
        if (!leafInput.ValueIsEscaped && !extraData.ValueIsEscaped) room = room / 4 * 3 + 3;
        if (!builder.Reserve(room, out Span<byte> target)) throw Fault(builder, "the batch grows too large");

        if (!TryDecode(leafInput, target, out int leaf)) throw Fault(builder, "leaf_input is not padded base64");
        if (!TryDecode(extraData, target[leaf..], out int extra)) throw Fault(builder, "extra_data is not padded base64");
        builder.Commit(leaf, extra);
    }

    private static bool TryDecode(in Utf8JsonReader value, Span<byte> target, out int written)
    {
        if (!value.ValueIsEscaped) return JsonAnswer.TryDecode(value.ValueSpan, target, out written);

        // Some logs write '/' as '\/' inside base64: unescape before decoding.
        return JsonAnswer.TryDecodeInPlace(target[..value.CopyString(target)], out written);
    }

    private static JsonException Fault(RawBatchBuilder builder, string what) => new($"entry {builder.Count} of the answer: {what}");
}
