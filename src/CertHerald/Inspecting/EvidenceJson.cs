using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Inspecting;

/// <summary>
/// Evidence as one JSON document, which has one spelling: what was read is written again, and must give the same bytes. Its
/// last member is the SHA-256 of everything before it, for the few members that no signature covers.
/// </summary>
internal static class EvidenceJson
{
    /// <summary>Longer than an alert with the largest certificate that a log can hold, its leaf, and itself, in base64.</summary>
    public const int MostBytes = 96 << 20;

    private const int Version = 1;
    private const int MostHashes = 64;

    // As plain as JSON can be, so that a document that went through a JSON tool can be brought back to it.
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonDocumentOptions Reading = new() { MaxDepth = 16, AllowDuplicateProperties = false };

    public static byte[] Write(Evidence evidence)
    {
        var bytes = new ArrayBufferWriter<byte>(8192);
        using var json = new Utf8JsonWriter(bytes, Plain);
        json.WriteStartObject();
        json.WriteNumber("version"u8, Version);

        json.WriteStartObject("log"u8);
        json.WriteString("id"u8, evidence.Log.Id.ToString());
        json.WriteBase64String("key"u8, evidence.Log.Key.Span);
        json.WriteString("description"u8, evidence.Log.Description);
        json.WriteString("protocol"u8, NameOf(evidence.Log.Protocol));
        json.WriteString("origin"u8, evidence.Log.Origin);
        json.WriteEndObject();

        json.WriteStartObject("entry"u8);
        json.WriteNumber("index"u8, evidence.Entry.Index.Value);
        json.WriteBase64String("leaf_input"u8, evidence.Entry.LeafInput.Span);
        json.WriteString("leaf_hash"u8, evidence.Entry.LeafHash.ToBase64());
        if (evidence.Entry.Timestamp is { } timestamp) json.WriteNumber("timestamp"u8, timestamp);
        else json.WriteNull("timestamp"u8);
        json.WriteEndObject();

        if (evidence.Certificate is { } certificate)
        {
            json.WriteStartObject("certificate"u8);
            json.WriteString("kind"u8, NameOf(certificate.Kind));
            json.WriteBase64String("der"u8, certificate.Der.Span);
            json.WriteString("tbs_sha256"u8, certificate.TbsSha256);
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("certificate"u8);
        }

        json.WriteStartObject("inclusion"u8);
        json.WriteNumber("tree_size"u8, evidence.Inclusion.TreeSize.Value);
        json.WriteString("root"u8, evidence.Inclusion.Root.ToBase64());
        json.WriteStartArray("audit_path"u8);
        foreach (MerkleHash hash in evidence.Inclusion.AuditPath) json.WriteStringValue(hash.ToBase64());
        json.WriteEndArray();
        json.WriteEndObject();

        json.WriteStartObject("head"u8);
        json.WriteNumber("timestamp"u8, evidence.Head.Timestamp);
        json.WriteBase64String("verbatim"u8, evidence.Head.Verbatim.Span);
        json.WriteEndObject();

        json.Flush();
        json.WriteString("sha256"u8, Convert.ToHexStringLower(SHA256.HashData(bytes.WrittenSpan)));
        json.WriteEndObject();
        json.Flush();
        return bytes.WrittenSpan.ToArray();
    }

    /// <summary>
    /// Reads a document, or what carries one as <c>certherald</c>: an alert, or the API's answer about an issuance. Never
    /// throws. What it read is not yet checked.
    /// </summary>
    /// <param name="problem">Why it is none, for people; null if it is.</param>
    public static bool TryRead(ReadOnlyMemory<byte> text, [NotNullWhen(true)] out Evidence? evidence, [NotNullWhen(false)] out string? problem)
    {
        (evidence, problem) = (null, null);
        if (text.Length > MostBytes)
        {
            problem = $"it is longer than {MostBytes} bytes: no evidence is";
            return false;
        }
        // A line's end is no part of it.
        if (text.Span.EndsWith("\n"u8)) text = text[..^1];
        try
        {
            using JsonDocument document = JsonDocument.Parse(text, Reading);
            ReadOnlyMemory<byte> written = text;
            JsonElement root = document.RootElement;
            if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty("certherald", out JsonElement member))
            {
                if (member.ValueKind == JsonValueKind.Object && member.TryGetProperty("proven", out JsonElement proven) && proven.ValueKind == JsonValueKind.False)
                    Expect(false, "it was not yet proven when this was written: ask the API for the evidence");
                root = Member(member, "evidence");
                written = System.Runtime.InteropServices.JsonMarshal.GetRawUtf8Value(root).ToArray();
            }
            Evidence read = Read(root);
            Expect(Write(read).AsSpan().SequenceEqual(written.Span), "it is not as CertHerald wrote it: something in it, white space and escapes included, was changed");
            evidence = read;
        }
        catch (JsonException unreadable)
        {
            problem = unreadable.Path is null && unreadable.LineNumber is null ? unreadable.Message : $"it is not JSON: {unreadable.Message}";
        }
        catch (InvalidOperationException)                      // a lone surrogate, escaped
        {
            problem = "it holds text that is not Unicode";
        }
        return evidence is not null;
    }

    private static Evidence Read(JsonElement root)
    {
        Expect(root.ValueKind == JsonValueKind.Object && root.TryGetProperty("version", out _), "it is no evidence, and carries none as \"certherald\"");
        Expect(Number(root, "version") == Version, "its version is none that this program knows");
        JsonElement log = Member(root, "log"), entry = Member(root, "entry"), certificate = Member(root, "certificate"), inclusion = Member(root, "inclusion"), head = Member(root, "head");
        _ = Text(root, "sha256");
        return new Evidence
        {
            Log = new EvidenceLog(
                new LogId(Hash(Member(log, "id"), "id")), Bytes(log, "key"), Text(log, "description"), Protocol(Text(log, "protocol")),
                Member(log, "origin").ValueKind == JsonValueKind.Null ? null : Text(log, "origin")),
            Entry = new EvidenceEntry(
                new EntryIndex(Number(entry, "index")), Bytes(entry, "leaf_input"), Hash(Member(entry, "leaf_hash"), "leaf_hash"),
                Member(entry, "timestamp").ValueKind == JsonValueKind.Null ? null : Number(entry, "timestamp")),
            Certificate = certificate.ValueKind == JsonValueKind.Null
                ? null
                : new EvidenceCertificate(Kind(Text(certificate, "kind")), Bytes(certificate, "der"), Text(certificate, "tbs_sha256")),
            Inclusion = new EvidenceInclusion(new TreeSize(Number(inclusion, "tree_size")), Hash(Member(inclusion, "root"), "root"), Hashes(inclusion, "audit_path")),
            Head = new EvidenceHead(Number(head, "timestamp"), Bytes(head, "verbatim")),
        };
    }

    private static JsonElement Member(JsonElement of, string name)
    {
        JsonElement found = default;
        Expect(of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out found), $"{name} is missing");
        return found;
    }

    private static string Text(JsonElement of, string name)
    {
        JsonElement text = Member(of, name);
        Expect(text.ValueKind == JsonValueKind.String, $"{name} is no text");
        return text.GetString()!;
    }

    private static ulong Number(JsonElement of, string name)
    {
        JsonElement number = Member(of, name);
        Expect(number.ValueKind == JsonValueKind.Number && number.TryGetUInt64(out _), $"{name} is no whole number in range");
        return number.GetUInt64();
    }

    private static byte[] Bytes(JsonElement of, string name)
    {
        JsonElement text = Member(of, name);
        Expect(text.ValueKind == JsonValueKind.String && text.TryGetBytesFromBase64(out _), $"{name} is not base64");
        return text.GetBytesFromBase64();
    }

    private static MerkleHash Hash(JsonElement text, string name)
    {
        MerkleHash hash = default;
        Expect(text.ValueKind == JsonValueKind.String && MerkleHash.TryParseBase64(text.GetString(), out hash), $"{name} is not a hash in base64");
        return hash;
    }

    private static MerkleHash[] Hashes(JsonElement of, string name)
    {
        JsonElement list = Member(of, name);
        Expect(list.ValueKind == JsonValueKind.Array && list.GetArrayLength() <= MostHashes, $"{name} is no list of at most {MostHashes} hashes");
        return [.. list.EnumerateArray().Select(hash => Hash(hash, name))];
    }

    private static LogProtocol Protocol(string name)
    {
        LogProtocol? known = Enum.GetValues<LogProtocol>().Cast<LogProtocol?>().FirstOrDefault(one => NameOf(one!.Value) == name);
        Expect(known is not null, "protocol is neither rfc6962 nor staticct");
        return known!.Value;
    }

    private static EvidenceKind Kind(string name)
    {
        EvidenceKind? known = Enum.GetValues<EvidenceKind>().Cast<EvidenceKind?>().FirstOrDefault(one => NameOf(one!.Value) == name);
        Expect(known is not null, "kind is neither certificate nor precertificate nor tbs");
        return known!.Value;
    }

    private static string NameOf<T>(T value) where T : struct, Enum => value.ToString().ToLowerInvariant();

    private static void Expect([DoesNotReturnIf(false)] bool condition, string otherwise)
    {
        if (!condition) throw new JsonException(otherwise);
    }
}
