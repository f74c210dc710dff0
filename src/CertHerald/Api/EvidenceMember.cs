using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using CertHerald.Inspecting;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Api;

/// <summary>Evidence inside an answer, as alerts carry it, so that the answer can be verified as it is.</summary>
internal sealed record EvidenceJsonMember(bool Proven, [property: JsonConverter(typeof(WrittenJson))] byte[]? Evidence)
{
    public static EvidenceJsonMember Of(Evidence? evidence) => new(evidence is not null, evidence is null ? null : EvidenceJson.Write(evidence));
}

/// <summary>JSON that is written already: it goes out as it is, since one other escape would not be what is verified.</summary>
internal sealed class WrittenJson : JsonConverter<byte[]>
{
    public override byte[] Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException();

    public override void Write(Utf8JsonWriter writer, byte[] value, JsonSerializerOptions options) => writer.WriteRawValue(value, skipInputValidation: true);
}

/// <summary>The query that chooses one of an issuance's sightings.</summary>
internal static class EvidencePlace
{
    /// <param name="log">Log id in base64, or nothing.</param>
    /// <param name="index">The entry's index in it, or nothing: both or none.</param>
    /// <param name="place">Null: the first that is proven.</param>
    public static bool TryRead(string? log, string? index, out (LogId Log, EntryIndex Index)? place, [NotNullWhen(false)] out string? problem)
    {
        (place, problem) = (null, null);
        if (string.IsNullOrEmpty(log) && string.IsNullOrEmpty(index)) return true;

        MerkleHash id = default;
        // Some clients leave the plus signs of base64 as they are, and they arrive as blanks.
        if (log is null || !MerkleHash.TryParseBase64(log.Replace(' ', '+'), out id)) problem = "log must be a log's id in base64, and index beside it.";
        else if (!long.TryParse(index, NumberStyles.None, CultureInfo.InvariantCulture, out long at)) problem = "index must be an entry's index, in decimal digits.";
        else place = (new LogId(id), new EntryIndex((ulong)at));
        return problem is null;
    }
}
