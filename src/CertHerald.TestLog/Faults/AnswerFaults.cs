using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CertHerald.TestLog.Serving;
using CertHerald.Transparency.Merkle;

namespace CertHerald.TestLog.Faults;

/// <summary>F9: JSON that is right, richer than expected, or too deep.</summary>
internal sealed class JsonFault(string form) : ActiveFault
{
    private const int Depth = 10_000;

    private static readonly byte[] Deep = Encoding.ASCII.GetBytes($"\"deep\":{new string('[', Depth)}{new string(']', Depth)},");

    public static ActiveFault? Of(string argument) => argument is "slash" or "members" or "deep" ? new JsonFault(argument) : null;

    public override async ValueTask<Answer> ChangeAsync(Question question, Answer answer)
    {
        if (answer.Status != 200 || !Concerns(question) || !Take()) return answer;
        byte[] body = await answer.BodyAsync(question.Gone);
        return answer.WithBody(form switch
        {
            "slash" => Encoding.ASCII.GetBytes(Encoding.ASCII.GetString(body).Replace("/", "\\/", StringComparison.Ordinal)),
            "deep" => [body[0], .. Deep, .. body.AsSpan(1)],
            _ => WithMembers(body),
        });
    }

    private static byte[] WithMembers(byte[] body)
    {
        JsonObject json = JsonNode.Parse(body)!.AsObject();
        Enrich(json);
        if (json["entries"] is JsonArray entries)
            foreach (JsonNode? entry in entries) Enrich(entry!.AsObject());
        return JsonSerializer.SerializeToUtf8Bytes(json);
    }

    private static void Enrich(JsonObject json)
    {
        json.Insert(0, "comment", "\u2603 \" ] } \\");
        json.Add("more", new JsonObject { ["list"] = new JsonArray(1, 2.5e300, null, "x"), ["tree_size"] = "no number" });
    }
}

/// <summary>F25: proofs that prove nothing.</summary>
internal sealed class ProofFault(string form) : ActiveFault
{
    public static ActiveFault? Of(string argument) => argument is "wrong" or "short" or "long" or "31" ? new ProofFault(argument) : null;

    public override async ValueTask<Answer> ChangeAsync(Question question, Answer answer)
    {
        if (answer.Status != 200 || !Concerns(question)) return answer;
        JsonObject json = JsonNode.Parse(await answer.BodyAsync(question.Gone))!.AsObject();
        JsonArray hashes = (json["consistency"] ?? json["audit_path"])!.AsArray();
        if (!Take()) return answer;

        string hash = Convert.ToBase64String(new byte[MerkleHash.Length]);
        switch (form)
        {
            // Where there is nothing to spoil there is now something too much.
            case var _ when hashes.Count == 0: hashes.Add(hash); break;
            case "long": hashes.Add(hash); break;
            case "short": hashes.RemoveAt(hashes.Count - 1); break;
            case "31": hashes[^1] = Convert.ToBase64String(new byte[MerkleHash.Length - 1]); break;
            default:
                byte[] wrong = Convert.FromBase64String(hashes[^1]!.GetValue<string>());
                wrong[0] ^= 1;
                hashes[^1] = Convert.ToBase64String(wrong);
                break;
        }
        return Answer.Json(json);
    }
}
