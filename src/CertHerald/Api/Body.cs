using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace CertHerald.Api;

/// <summary>Reads what a request brings.</summary>
internal static class Body
{
    /// <summary>A request's JSON, or what is wrong with it.</summary>
    /// <param name="members">What it should hold, for the message.</param>
    public static async Task<(T? Value, string Problem)> ReadAsync<T>(HttpRequest request, JsonTypeInfo<T> type, string members) where T : class
    {
        try
        {
            return await JsonSerializer.DeserializeAsync(request.Body, type, request.HttpContext.RequestAborted) is { } value
                ? (value, "")
                : (null, "The body is null.");
        }
        catch (JsonException failure)
        {
            // Where, not what: the text may hold a password.
            return (null, $"The body is no JSON object with {members}: see line {(failure.LineNumber ?? 0) + 1}, {failure.Path ?? "$"}.");
        }
    }
}
