using System.Globalization;
using System.Text.Json.Serialization;
using CertHerald.Access;
using CertHerald.Delivering;
using CertHerald.Delivering.Signing;
using CertHerald.Storage;

namespace CertHerald.Api;

/// <summary>Apps for whoever administers the service: made, listed, given new secrets, removed.</summary>
internal static class AppsApi
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder group = routes.MapGroup("/api/apps").WithTags("Apps").Needs(Scope.Admin);

        group.MapGet("", IResult (Apps apps) => TypedResults.Json([.. apps.List().Select(app => AppJson.Of(app))], ApiJson.Default.IReadOnlyListAppJson)).Produces<IReadOnlyList<AppJson>>();

        group.MapPost("", async (HttpRequest request, Apps apps) =>
        {
            (AppRequest? asked, string unread) = await Body.ReadAsync(request, ApiJson.Default.AppRequest, "\"name\", and perhaps \"id\" and \"secret\"");
            if (asked is null) return ApiError.BadRequest(unread);
            if (asked.MistakeIn(out long? id) is { } mistake) return ApiError.BadRequest(mistake);
            (App? made, string problem) = await apps.CreateAsync(asked.Name!, id, asked.Secret);
            return made is null ? ApiError.Conflict(problem) : (IResult)TypedResults.Json(AppJson.Of(made, withSecret: true), ApiJson.Default.AppJson, statusCode: StatusCodes.Status201Created);
        }).Takes<AppRequest>().Produces<AppJson>(StatusCodes.Status201Created);

        group.MapPost("/{id}/rotate-secret", async (string id, HttpRequest request, Apps apps) =>
        {
            (RotateRequest? asked, string unread) = await Body.ReadAsync(request, ApiJson.Default.RotateRequest, "\"overlap_hours\" and \"secret\"", empty: new RotateRequest());
            if (asked is null) return ApiError.BadRequest(unread);
            string? wrong = null;
            if (asked.Secret is not null && !AppSecret.TryParse(asked.Secret, out _, out wrong)) return ApiError.BadRequest($"\"secret\" {wrong}.");
            if (AppRequest.Read(id) is not { } number) return ApiError.NotFound("app");
            (App? app, string problem) = await apps.RotateAsync(number, asked.OverlapHours, asked.Secret);
            return app is not null ? TypedResults.Json(AppJson.Of(app, withSecret: true), ApiJson.Default.AppJson)
                : problem.Length > 0 ? ApiError.BadRequest(problem)
                : (IResult)ApiError.NotFound("app");
        }).Takes<RotateRequest>(isRequired: false).Produces<AppJson>();

        group.MapPatch("/{id}", async (string id, HttpRequest request, Apps apps) =>
        {
            (AppChange? asked, string unread) = await Body.ReadAsync(request, ApiJson.Default.AppChange, "\"max_batch\", \"accept_any_2xx\" and \"evidence\"");
            if (asked is null) return ApiError.BadRequest(unread);
            if (asked.MaxBatch is < 1 or > WebhookOptions.MostBatched) return ApiError.BadRequest($"\"max_batch\" is a number from 1 to {WebhookOptions.MostBatched:#,0}.");
            if (AppRequest.Read(id) is not { } number) return ApiError.NotFound("app");
            (App? app, string problem) = await apps.SetAsync(number, asked.ApplyTo);
            return app is not null ? TypedResults.Json(AppJson.Of(app), ApiJson.Default.AppJson)
                : problem.Length > 0 ? ApiError.Conflict(problem)
                : (IResult)ApiError.NotFound("app");
        }).Takes<AppChange>().Produces<AppJson>();

        group.MapDelete("/{id}", async (string id, Apps apps, ProtectedList protectedList) =>
        {
            if (AppRequest.Read(id) is not { } number || await apps.RemoveAsync(number) is not { } removed) return ApiError.NotFound("app");
            // What it protected went with it.
            await protectedList.LoadAsync(CancellationToken.None);
            return (IResult)TypedResults.Json(AppJson.Of(removed), ApiJson.Default.AppJson);
        }).Produces<AppJson>();
    }
}

/// <summary>An app that is to be made, on the wire.</summary>
/// <param name="Id">Its number in digits; one is made if it is not given.</param>
/// <param name="Secret">One is made if it is not given.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record AppRequest(string? Name, string? Id = null, string? Secret = null)
{
    /// <param name="id">The number; null if one is to be made.</param>
    /// <returns>What is wrong; null if nothing is.</returns>
    public string? MistakeIn(out long? id)
    {
        id = Id is null ? null : Read(Id);
        string? wrong = null;
        return Name is not { Length: > 0 and <= Apps.MostNameCharacters } ? $"\"name\" says whose the app is, in 1 to {Apps.MostNameCharacters} characters."
            : Id is not null && id is null ? "\"id\" is a number of 1 to 18 digits, without a sign or zeros before it, in quotation marks; or leave it out."
            : Secret is not null && !AppSecret.TryParse(Secret, out _, out wrong) ? $"\"secret\" {wrong}."
            : null;
    }

    /// <summary>An app's number in its only form; null if it is none.</summary>
    public static long? Read(string text) =>
        text.Length is > 0 and <= 18 && text[0] is >= '1' and <= '9' && text.AsSpan().IndexOfAnyExceptInRange('0', '9') < 0 ? long.Parse(text, CultureInfo.InvariantCulture) : null;

    public override string ToString() => Name ?? "an app";
}

/// <summary>What of an app's options is to be changed, on the wire. What is null stays.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record AppChange(int? MaxBatch = null, [property: JsonPropertyName("accept_any_2xx")] bool? AcceptAny2xx = null, bool? Evidence = null)
{
    public AppOptions ApplyTo(AppOptions before) => before with
    {
        MaxBatch = MaxBatch ?? before.MaxBatch,
        AcceptAny2xx = AcceptAny2xx ?? before.AcceptAny2xx,
        Evidence = Evidence ?? before.Evidence,
    };
}

/// <summary>An app on the wire.</summary>
/// <param name="Domains">What it has subscribed to, each with all below it.</param>
/// <param name="Webhook">The name by which its deliveries are listed, replayed and held; null: it is not told.</param>
/// <param name="Url">Scheme and host of where it is told: the rest can be a secret.</param>
/// <param name="OldSecretsUntil">When each of the old secrets ends.</param>
/// <param name="Secret">In the answer that makes it and never again; else null.</param>
internal sealed record AppJson(
    string Id, string Name, DateTimeOffset Created, IReadOnlyList<string> Domains, string? Webhook, string? Url, IReadOnlyList<string> Events,
    IReadOnlyList<DateTimeOffset> OldSecretsUntil, string? Secret = null)
{
    /// <summary>Events in one body, at most.</summary>
    public int MaxBatch { get; init; } = 1;

    /// <summary>Whether 201 to 299 count as delivered too.</summary>
    [JsonPropertyName("accept_any_2xx")]
    public bool AcceptAny2xx { get; init; }

    /// <summary>Whether bodies carry the inclusion proof.</summary>
    public bool Evidence { get; init; }

    public static AppJson Of(App app, bool withSecret = false) => new(
        app.Stored.ToString(), app.Stored.Name, app.Stored.Created, [.. app.Domains.Select(domain => domain.Item.TrimStart('.')).Order(StringComparer.Ordinal)],
        app.Webhook?.Name, app.Webhook is { } webhook ? WebhookOptions.Shown(webhook.Url) : null, app.Webhook?.Events ?? [],
        [.. app.Stored.Secrets.Where(secret => secret.Until is not null).Select(secret => secret.Until!.Value)],
        withSecret ? app.Stored.Secrets[0].Text : null)
    {
        MaxBatch = app.Stored.Options.MaxBatch,
        AcceptAny2xx = app.Stored.Options.AcceptAny2xx,
        Evidence = app.Stored.Options.Evidence,
    };

    public override string ToString() => Id;
}
