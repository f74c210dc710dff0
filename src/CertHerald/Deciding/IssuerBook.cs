using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace CertHerald.Deciding;

/// <summary>A CA's owner as the CCADB discloses it.</summary>
/// <param name="Website">Empty if no report told it.</param>
/// <param name="CaaDomains">Null if no report told them.</param>
/// <param name="ProblemReporting">The CA's own words, perhaps of several lines; empty if no report told them.</param>
internal sealed record IssuerOwner(string Name, string Website, IReadOnlyList<string>? CaaDomains, string ProblemReporting);

/// <summary>A CA's key and whose it is.</summary>
/// <param name="Sha256">Lower-case hexadecimal, of the SubjectPublicKeyInfo.</param>
/// <param name="Organization">What its certificate writes as organisation; empty if nothing.</param>
/// <param name="CaaDomains">Told for this key; null if the owner's hold.</param>
internal sealed record IssuerKey(string Sha256, string Owner, string Organization, IReadOnlyList<string>? CaaDomains);

/// <summary>What a user had from the CCADB's reports; kept as <c>issuers.json</c>. The same reports give the same bytes.</summary>
internal sealed record IssuerBook(IReadOnlyList<IssuerOwner> Owners, IReadOnlyList<IssuerKey> Keys)
{
    /// <summary>Most bytes that are read: thirty times what all of the CCADB takes.</summary>
    public const int MostBytes = 64 << 20;

    private const int Format = 1;
    private static readonly JsonWriterOptions Style = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public void Write(IBufferWriter<byte> output)
    {
        using var json = new Utf8JsonWriter(output, Style);
        json.WriteStartObject();
        json.WriteNumber("format", Format);
        json.WriteString("source", "Common CA Database (CCADB), under its data usage terms");
        json.WriteStartArray("owners");
        foreach (IssuerOwner owner in Owners.OrderBy(owner => owner.Name, StringComparer.Ordinal))
        {
            json.WriteStartObject();
            json.WriteString("name", owner.Name);
            if (owner.Website.Length > 0) json.WriteString("website", owner.Website);
            WriteDomains(json, owner.CaaDomains);
            if (owner.ProblemReporting.Length > 0) json.WriteString("problem_reporting", owner.ProblemReporting);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartArray("keys");
        foreach (IssuerKey key in Keys.OrderBy(key => key.Sha256, StringComparer.Ordinal))
        {
            json.WriteStartObject();
            json.WriteString("sha256", key.Sha256);
            json.WriteString("owner", key.Owner);
            if (key.Organization.Length > 0) json.WriteString("organization", key.Organization);
            WriteDomains(json, key.CaaDomains);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Reads what <see cref="Write"/> wrote. Members that it does not know are passed over.</summary>
    /// <param name="problem">Null only if there is a book.</param>
    public static IssuerBook? TryRead(ReadOnlyMemory<byte> bytes, out string? problem)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(bytes);
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("format", out JsonElement format)) problem = "it has no \"format\"";
            else if (!format.TryGetInt32(out int number) || number != Format) problem = $"its format is {format.GetRawText()}, and this version reads {Format}";
            else
            {
                problem = null;
                return new IssuerBook(
                    [.. Objects(root, "owners").Select(OwnerOf).DistinctBy(owner => owner.Name, StringComparer.Ordinal)],
                    [.. Objects(root, "keys").Select(KeyOf).DistinctBy(key => key.Sha256, StringComparer.Ordinal)]);
            }
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            problem = failure.Message;
        }
        return null;
    }

    private static IssuerOwner OwnerOf(JsonElement owner) => new(
        Text(owner, "name"), OptionalText(owner, "website"), Domains(owner), OptionalText(owner, "problem_reporting"));

    private static IssuerKey KeyOf(JsonElement key) => new(Text(key, "sha256"), Text(key, "owner"), OptionalText(key, "organization"), Domains(key));

    private static JsonElement.ArrayEnumerator Objects(JsonElement root, string name) => root.GetProperty(name).EnumerateArray();

    private static string Text(JsonElement of, string name) => of.GetProperty(name).GetString() is { Length: > 0 } text ? text : throw new JsonException($"a \"{name}\" is empty");

    private static string OptionalText(JsonElement of, string name) => of.TryGetProperty(name, out JsonElement text) ? text.GetString() ?? "" : "";

    private static List<string>? Domains(JsonElement of) =>
        of.TryGetProperty("caa_domains", out JsonElement domains) ? [.. domains.EnumerateArray().Select(domain => domain.GetString() ?? "")] : null;

    private static void WriteDomains(Utf8JsonWriter json, IReadOnlyList<string>? domains)
    {
        if (domains is null) return;
        json.WriteStartArray("caa_domains");
        foreach (string domain in domains) json.WriteStringValue(domain);
        json.WriteEndArray();
    }
}
