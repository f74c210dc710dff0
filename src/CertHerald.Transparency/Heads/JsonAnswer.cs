using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Transparency.Heads;

/// <summary>What the readers of RFC 6962's small JSON answers share. Their faults are <see cref="JsonException"/>s, caught by each reader.</summary>
internal static class JsonAnswer
{
    /// <summary>More than any proof has in a tree of 2^64 entries.</summary>
    private const int MaxHashes = 128;

    /// <summary>Deep enough for every member logs add; nesting bombs end here.</summary>
    public static readonly JsonReaderOptions Options = new() { MaxDepth = 32 };

    public static void Expect(bool condition, string otherwise)
    {
        if (!condition) throw new JsonException(otherwise);
    }

    public static ulong Number(ref Utf8JsonReader reader, string name)
    {
        Expect(reader.Read() && reader.TokenType == JsonTokenType.Number, $"{name} is not a number");
        Expect(reader.TryGetUInt64(out ulong value) && value <= SignedHead.MaxSize, $"{name} is out of range");
        return value;
    }

    public static byte[] Bytes(ref Utf8JsonReader reader, string name)
    {
        Expect(reader.Read() && reader.TokenType == JsonTokenType.String, $"{name} is not a string");
        return ReadBytes(ref reader, name);
    }

    public static MerkleHash Hash(ref Utf8JsonReader reader, string name)
    {
        byte[] bytes = Bytes(ref reader, name);
        Expect(bytes.Length == MerkleHash.Length, $"{name} is not a hash of {MerkleHash.Length} bytes");
        return new MerkleHash(bytes);
    }

    public static MerkleHash[] Hashes(ref Utf8JsonReader reader, string name)
    {
        Expect(reader.Read() && reader.TokenType == JsonTokenType.StartArray, $"{name} is not an array");
        var hashes = new List<MerkleHash>(40);
        while (reader.Read() && reader.TokenType == JsonTokenType.String)
        {
            byte[] bytes = ReadBytes(ref reader, name);
            Expect(bytes.Length == MerkleHash.Length, $"{name} holds a hash of {bytes.Length} bytes");
            Expect(hashes.Count < MaxHashes, $"{name} holds more than {MaxHashes} hashes");
            hashes.Add(new MerkleHash(bytes));
        }
        Expect(reader.TokenType == JsonTokenType.EndArray, $"{name} holds something else than strings");
        return [.. hashes];
    }

    /// <summary>Decodes padded base64 without a blank in it; false also where the target is too small.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> text, Span<byte> target, out int written)
    {
        written = 0;
        // The platform's decoder skips white space; the count shows whether it did.
        return text.Length % 4 == 0
            && Base64.DecodeFromUtf8(text, target, out int read, out written) == OperationStatus.Done
            && read == text.Length
            && written == DecodedLength(text);
    }

    /// <summary>The same, over the text itself.</summary>
    public static bool TryDecodeInPlace(Span<byte> text, out int written)
    {
        written = 0;
        int expected = DecodedLength(text);
        return text.Length % 4 == 0
            && Base64.DecodeFromUtf8InPlace(text, out written) == OperationStatus.Done
            && written == expected;
    }

    /// <summary>The bytes that padded base64 of this text's length and padding stands for.</summary>
    public static int DecodedLength(ReadOnlySpan<byte> text)
    {
        int length = text.Length / 4 * 3;
        if (text.EndsWith("=="u8)) return length - 2;
        return text.EndsWith("="u8) ? length - 1 : length;
    }

    private static byte[] ReadBytes(ref Utf8JsonReader reader, string name)
    {
        byte[] text = new byte[reader.ValueSpan.Length];
        int length = reader.CopyString(text);
        byte[] bytes = new byte[DecodedLength(text.AsSpan(0, length))];
        Expect(TryDecode(text.AsSpan(0, length), bytes, out _), $"{name} is not padded base64");
        return bytes;
    }
}
