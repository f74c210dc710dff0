using System.Text.Json.Serialization;
using CertHerald.Access;
using CertHerald.Storage;

namespace CertHerald.Api;

/// <summary>API keys: made, listed and revoked by whoever administers the service.</summary>
internal sealed class KeyRing(ApiKeys keys, TimeProvider time)
{
    private const int MostCharacters = 100;

    public static void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder group = routes.MapGroup("/api/api-keys").WithTags("Access").Needs(Scope.Admin);

        group.MapGet("", async (KeyRing keys, CancellationToken cancellation) =>
            TypedResults.Json(await keys.ListAsync(cancellation), ApiJson.Default.IReadOnlyListApiKeyJson)).Produces<IReadOnlyList<ApiKeyJson>>();

        group.MapPost("", async (HttpRequest request, KeyRing keys) =>
        {
            (ApiKeyRequest? asked, string unread) = await Body.ReadAsync(request, ApiJson.Default.ApiKeyRequest, "\"name\", \"scopes\" and perhaps \"expires\"");
            if (asked is null) return ApiError.BadRequest(unread);
            (ApiKeyJson? made, string problem) = await keys.CreateAsync(asked.Name, asked.Scopes, asked.Expires);
            return made is null ? ApiError.BadRequest(problem) : (IResult)TypedResults.Json(made, ApiJson.Default.ApiKeyJson, statusCode: StatusCodes.Status201Created);
        }).Takes<ApiKeyRequest>().Produces<ApiKeyJson>(StatusCodes.Status201Created);

        group.MapDelete("/{prefix}", async (string prefix, KeyRing keys) =>
            await keys.RevokeAsync(prefix) is { } revoked ? TypedResults.Json(revoked, ApiJson.Default.ApiKeyJson) : (IResult)ApiError.NotFound("API key")).Produces<ApiKeyJson>();
    }

    /// <summary>All of them, revoked ones too, newest first.</summary>
    public async Task<IReadOnlyList<ApiKeyJson>> ListAsync(CancellationToken cancellation) =>
        [.. (await keys.ListAsync(cancellation)).Select(key => Shown(key))];

    /// <summary>Makes a key. The answer alone holds its text.</summary>
    public async Task<(ApiKeyJson? Key, string Problem)> CreateAsync(string? name, IReadOnlyList<string?>? scopes, DateTimeOffset? expires)
    {
        if (name is not { Length: > 0 and <= MostCharacters }) return (null, $"\"name\" says what the key is for, in 1 to {MostCharacters} characters.");
        if (scopes is not { Count: > 0 } || scopes.Any(scope => Scopes.Read(scope) is null))
            return (null, $"\"scopes\" names at least one of {string.Join(", ", Scopes.All.Select(Scopes.NameOf))}.");
        if (expires <= time.GetUtcNow()) return (null, "\"expires\" is a time to come, such as 2027-01-01T00:00:00Z, or null for a key that lasts until it is revoked.");

        (string text, StoredApiKey key) = await keys.CreateAsync(name, scopes.Select(scope => Scopes.Read(scope)!.Value), expires);
        return (Shown(key, text), "");
    }

    /// <summary>Ends a key; null if there is none.</summary>
    public async Task<ApiKeyJson?> RevokeAsync(string prefix) => await keys.RevokeAsync(prefix) is { } revoked ? Shown(revoked) : null;

    private ApiKeyJson Shown(StoredApiKey key, string? text = null) => new(
        key.Prefix, key.Name, key.Scopes, keys.StateOf(key).ToString().ToLowerInvariant(), key.Created, key.Expires, key.LastUsed, key.Revoked, text);
}

/// <summary>What key is wanted, on the wire.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ApiKeyRequest(string? Name, IReadOnlyList<string?>? Scopes, DateTimeOffset? Expires);

/// <summary>An API key on the wire.</summary>
/// <param name="Prefix">Its first twelve characters: they name it and open nothing.</param>
/// <param name="State"><c>active</c>, <c>expired</c> or <c>revoked</c>.</param>
/// <param name="LastUsed">To the minute.</param>
/// <param name="Key">The whole key, in the answer that makes it and never again; else null.</param>
internal sealed record ApiKeyJson(
    string Prefix, string Name, IReadOnlyList<string> Scopes, string State, DateTimeOffset Created, DateTimeOffset? Expires, DateTimeOffset? LastUsed,
    DateTimeOffset? Revoked, string? Key);
