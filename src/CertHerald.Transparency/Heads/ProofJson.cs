using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Transparency.Heads;

/// <summary>Reads the answer to <c>get-sth-consistency</c>. RFC 6962 §4.4.</summary>
public static class ConsistencyJson
{
    /// <summary>Reads the hashes; they are proven by <see cref="ConsistencyProof"/> only.</summary>
    /// <param name="problem">What is wrong, for people; null if nothing is.</param>
    public static bool TryRead(
        ReadOnlySpan<byte> answer, [NotNullWhen(true)] out MerkleHash[]? proof, [NotNullWhen(false)] out string? problem)
    {
        bool read = ProofJson.TryRead(answer, out ProofJson found, out problem);
        proof = found.Consistency;
        if (read && proof is null) problem = "consistency is missing";
        return proof is not null && problem is null;
    }
}

/// <summary>Reads the answer to <c>get-proof-by-hash</c>. RFC 6962 §4.5.</summary>
public static class ProofByHashJson
{
    /// <summary>Reads index and path. Which index it is, the log says: with equal leaves it may be another than the one meant.</summary>
    /// <param name="problem">What is wrong, for people; null if nothing is.</param>
    public static bool TryRead(
        ReadOnlySpan<byte> answer, out EntryIndex index,
        [NotNullWhen(true)] out MerkleHash[]? path, [NotNullWhen(false)] out string? problem)
    {
        bool read = ProofJson.TryRead(answer, out ProofJson found, out problem);
        (index, path) = (new EntryIndex(found.LeafIndex ?? 0), found.AuditPath);
        if (read && path is null) problem = "audit_path is missing";
        else if (read && found.LeafIndex is null) problem = "leaf_index is missing";
        return path is not null && problem is null;
    }
}

/// <summary>Reads the answer to <c>get-entry-and-proof</c>. RFC 6962 §4.8.</summary>
public static class EntryAndProofJson
{
    /// <summary>Reads the entry and its path.</summary>
    /// <param name="problem">What is wrong, for people; null if nothing is.</param>
    public static bool TryRead(
        ReadOnlySpan<byte> answer, [NotNullWhen(true)] out byte[]? leafInput, [NotNullWhen(true)] out byte[]? extraData,
        [NotNullWhen(true)] out MerkleHash[]? path, [NotNullWhen(false)] out string? problem)
    {
        bool read = ProofJson.TryRead(answer, out ProofJson found, out problem);
        (leafInput, extraData, path) = (found.LeafInput, found.ExtraData, found.AuditPath);
        if (read && leafInput is null) problem = "leaf_input is missing";
        else if (read && extraData is null) problem = "extra_data is missing";
        else if (read && path is null) problem = "audit_path is missing";
        return leafInput is not null && extraData is not null && path is not null && problem is null;
    }
}

/// <summary>The members that answers about proofs have, each where it occurs.</summary>
internal struct ProofJson
{
    public MerkleHash[]? Consistency, AuditPath;
    public ulong? LeafIndex;
    public byte[]? LeafInput, ExtraData;

    public static bool TryRead(ReadOnlySpan<byte> answer, out ProofJson found, out string? problem)
    {
        (found, problem) = (default, null);
        try
        {
            found = Read(answer);
        }
        catch (JsonException unreadable)
        {
            problem = unreadable.Message;
        }
        catch (InvalidOperationException)                      // a lone surrogate, escaped
        {
            problem = "a string is not Unicode";
        }
        return problem is null;
    }

    private static ProofJson Read(ReadOnlySpan<byte> answer)
    {
        var found = new ProofJson();
        var reader = new Utf8JsonReader(answer, JsonAnswer.Options);
        JsonAnswer.Expect(reader.Read() && reader.TokenType == JsonTokenType.StartObject, "the answer is not an object");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("consistency"u8)) found.Consistency = JsonAnswer.Hashes(ref reader, "consistency");
            else if (reader.ValueTextEquals("audit_path"u8)) found.AuditPath = JsonAnswer.Hashes(ref reader, "audit_path");
            else if (reader.ValueTextEquals("leaf_index"u8)) found.LeafIndex = JsonAnswer.Number(ref reader, "leaf_index");
            else if (reader.ValueTextEquals("leaf_input"u8)) found.LeafInput = JsonAnswer.Bytes(ref reader, "leaf_input");
            else if (reader.ValueTextEquals("extra_data"u8)) found.ExtraData = JsonAnswer.Bytes(ref reader, "extra_data");
            else reader.Skip();
        }
        while (reader.Read()) { }                              // the reader refuses what follows the object
        return found;
    }
}
