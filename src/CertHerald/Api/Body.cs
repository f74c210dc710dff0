using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.Features;

namespace CertHerald.Api;

/// <summary>Reads what a request brings.</summary>
internal static class Body
{
    /// <summary>A request's JSON, or what is wrong with it.</summary>
    /// <param name="members">What it should hold, for the message.</param>
    /// <param name="empty">What a request without a body asks for; null if it needs one.</param>
    public static async Task<(T? Value, string Problem)> ReadAsync<T>(HttpRequest request, JsonTypeInfo<T> type, string members, T? empty = null) where T : class
    {
        if (empty is not null && request.HttpContext.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false }) return (empty, "");
        try
        {
            return await JsonSerializer.DeserializeAsync(request.Body, type, request.HttpContext.RequestAborted) is { } value
                ? (value, "")
                : (null, $"The body is null, and no JSON object with {members}.");
        }
        catch (JsonException failure)
        {
            // Where, not what: the text, a member's name too, may hold a password.
            return (null, $"The body is no JSON object with {members}, or holds more: see line {(failure.LineNumber ?? 0) + 1}, byte {(failure.BytePositionInLine ?? 0) + 1}.");
        }
    }
}
