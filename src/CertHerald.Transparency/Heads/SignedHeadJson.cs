using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Transparency.Heads;

/// <summary>Reads the answer to <c>get-sth</c>. Unknown members are ignored. RFC 6962 §4.3.</summary>
public static class SignedHeadJson
{
    /// <summary>Reads, and keeps the answer itself as evidence: the memory must stay as it is. Checks no signature.</summary>
    /// <param name="problem">What is wrong, for people; null if nothing is.</param>
    public static bool TryRead(
        ReadOnlyMemory<byte> answer, [NotNullWhen(true)] out SignedHead? head, [NotNullWhen(false)] out string? problem)
    {
        (head, problem) = (null, null);
        try
        {
            head = Read(answer);
        }
        catch (JsonException unreadable)
        {
            problem = unreadable.Message;
        }
        catch (InvalidOperationException)                      // a lone surrogate, escaped
        {
            problem = "a string is not Unicode";
        }
        return head is not null && problem is null;
    }

    private static SignedHead Read(ReadOnlyMemory<byte> answer)
    {
        ulong? size = null, timestamp = null;
        MerkleHash? root = null;
        byte[]? signature = null;

        var reader = new Utf8JsonReader(answer.Span, JsonAnswer.Options);
        JsonAnswer.Expect(reader.Read() && reader.TokenType == JsonTokenType.StartObject, "the answer is not an object");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("tree_size"u8)) size = JsonAnswer.Number(ref reader, "tree_size");
            else if (reader.ValueTextEquals("timestamp"u8)) timestamp = JsonAnswer.Number(ref reader, "timestamp");
            else if (reader.ValueTextEquals("sha256_root_hash"u8)) root = JsonAnswer.Hash(ref reader, "sha256_root_hash");
            else if (reader.ValueTextEquals("tree_head_signature"u8)) signature = JsonAnswer.Bytes(ref reader, "tree_head_signature");
            else reader.Skip();
        }
        while (reader.Read()) { }                              // the reader refuses what follows the object

        JsonAnswer.Expect(size is not null, "tree_size is missing");
        JsonAnswer.Expect(timestamp is not null, "timestamp is missing");
        JsonAnswer.Expect(root is not null, "sha256_root_hash is missing");
        JsonAnswer.Expect(signature is not null, "tree_head_signature is missing");
        return new SignedHead
        {
            Size = new TreeSize(size!.Value),
            Timestamp = timestamp!.Value,
            Root = root!.Value,
            Signature = signature,
            Verbatim = answer,
        };
    }
}
