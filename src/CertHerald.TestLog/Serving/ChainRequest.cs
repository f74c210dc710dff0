using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace CertHerald.TestLog.Serving;

/// <summary>add-chain and add-pre-chain, the same in both protocols. RFC 6962 §4.1, §4.2.</summary>
internal static class ChainRequest
{
    public const long MaxBytes = 4 * 1024 * 1024;

    public static async Task<Answer> AnswerAsync(Log log, LogProtocol protocol, bool isPrecertificate, HttpRequest request)
    {
        if (!HttpMethods.IsPost(request.Method)) return Answer.Refusal(405, "A chain is submitted by POST.");
        if (request.ContentLength > MaxBytes) return Answer.Refusal(413, $"A submission has at most {MaxBytes} bytes.");
        if (await ReadAsync(request) is not { } chain)
            return Answer.Refusal(400, "The body is no JSON object with a chain of base64 certificates.");
        if (!log.TryAdd(chain, isPrecertificate, protocol, out AddedEntry? added, out string refusal)) return Answer.Refusal(400, refusal);

        SignedCertificateTimestamp sct = added.Sct;
        return Answer.Json(new JsonObject
        {
            ["sct_version"] = 0,
            ["id"] = sct.LogId.ToString(),
            ["timestamp"] = sct.Timestamp,
            ["extensions"] = Convert.ToBase64String(sct.Extensions.Span),
            ["signature"] = Convert.ToBase64String(sct.Signature.Span),
        });
    }

    private static async Task<byte[][]?> ReadAsync(HttpRequest request)
    {
        try
        {
            using JsonDocument body = await JsonDocument.ParseAsync(request.Body, cancellationToken: request.HttpContext.RequestAborted);
            return body.RootElement.ValueKind == JsonValueKind.Object
                && body.RootElement.TryGetProperty("chain", out JsonElement chain) && chain.ValueKind == JsonValueKind.Array
                ? [.. chain.EnumerateArray().Select(c => c.GetBytesFromBase64())]
                : null;
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            return null;
        }
    }
}
