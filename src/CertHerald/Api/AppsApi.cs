using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using CertHerald.Access;
using CertHerald.Delivering;
using CertHerald.Delivering.Signing;
using CertHerald.Names;
using CertHerald.Storage;

namespace CertHerald.Api;

/// <summary>Apps for whoever administers the service: made, listed, given new secrets, removed.</summary>
internal static class AppsApi
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder group = routes.MapGroup("/api/apps").WithTags("Apps").Needs(Scope.Admin);

        group.MapGet("", IResult (Apps apps, ProtectedList list) => TypedResults.Json([.. apps.List().Select(app => AppJson.Of(app, list))], ApiJson.Default.IReadOnlyListAppJson)).Produces<IReadOnlyList<AppJson>>();

        group.MapPost("", async (HttpRequest request, Apps apps, ProtectedList list) =>
        {
            (AppRequest? asked, string unread) = await Body.ReadAsync(request, ApiJson.Default.AppRequest, "\"name\", and perhaps \"id\" and \"secret\"");
            if (asked is null) return ApiError.BadRequest(unread);
            if (asked.MistakeIn(out long? id) is { } mistake) return ApiError.BadRequest(mistake);
            (App? made, string problem) = await apps.CreateAsync(asked.Name!, id, asked.Secret);
            return made is null ? ApiError.Conflict(problem) : (IResult)TypedResults.Json(AppJson.Of(made, list, withSecret: true), ApiJson.Default.AppJson, statusCode: StatusCodes.Status201Created);
        }).Takes<AppRequest>().Produces<AppJson>(StatusCodes.Status201Created);

        group.MapPost("/{id}/rotate-secret", async (string id, HttpRequest request, Apps apps, ProtectedList list) =>
        {
            (RotateRequest? asked, string unread) = await Body.ReadAsync(request, ApiJson.Default.RotateRequest, "\"overlap_hours\" and \"secret\"", empty: new RotateRequest());
            if (asked is null) return ApiError.BadRequest(unread);
            string? wrong = null;
            if (asked.Secret is not null && !AppSecret.TryParse(asked.Secret, out _, out wrong)) return ApiError.BadRequest($"\"secret\" {wrong}.");
            if (AppRequest.Read(id) is not { } number) return ApiError.NotFound("app");
            (App? app, string problem) = await apps.RotateAsync(number, asked.OverlapHours, asked.Secret);
            return app is not null ? TypedResults.Json(AppJson.Of(app, list, withSecret: true), ApiJson.Default.AppJson)
                : problem.Length > 0 ? ApiError.BadRequest(problem)
                : (IResult)ApiError.NotFound("app");
        }).Takes<RotateRequest>(isRequired: false).Produces<AppJson>();

        group.MapPatch("/{id}", async (string id, HttpRequest request, Apps apps, ProtectedList list) =>
        {
            (AppChange? asked, string unread) = await Body.ReadAsync(request, ApiJson.Default.AppChange, "the members that docs/api.md names");
            if (asked is null) return ApiError.BadRequest(unread);
            if (asked.MistakeIn(list.Suffixes, out IReadOnlyList<string>? allowed) is { } mistake) return ApiError.BadRequest(mistake);
            if (AppRequest.Read(id) is not { } number) return ApiError.NotFound("app");
            (App? app, string problem) = await apps.SetAsync(number, before => asked.ApplyTo(before, allowed));
            return app is not null ? TypedResults.Json(AppJson.Of(app, list), ApiJson.Default.AppJson)
                : problem.Length > 0 ? ApiError.Conflict(problem)
                : (IResult)ApiError.NotFound("app");
        }).Takes<AppChange>().Produces<AppJson>();

        group.MapDelete("/{id}", async (string id, Apps apps, ProtectedList protectedList) =>
        {
            if (AppRequest.Read(id) is not { } number || await apps.RemoveAsync(number) is not { } removed) return ApiError.NotFound("app");
            AppJson was = AppJson.Of(removed, protectedList);
            // What it protected went with it.
            await protectedList.LoadAsync(CancellationToken.None);
            return (IResult)TypedResults.Json(was, ApiJson.Default.AppJson);
        }).Produces<AppJson>();

        AppLookalikes.Map(group);
        AppCallbacks.Map(group);
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
/// <param name="UnknownOnly">It hears only of certificates that nobody authorised.</param>
/// <param name="SilentBaseline">What was logged before it subscribed to the domain is told to nobody.</param>
/// <param name="Allow">Names that are no look-alikes to it, all of them: those from before are not kept.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record AppChange(
    int? MaxBatch = null, [property: JsonPropertyName("accept_any_2xx")] bool? AcceptAny2xx = null, bool? Evidence = null, int? MaxBatchBytes = null,
    bool? UnknownOnly = null, bool? SilentBaseline = null, IReadOnlyList<string>? Allow = null)
{
    private const int MostAllowed = 1_000;

    /// <param name="allowed">The names in canonical form; null: as they were.</param>
    /// <returns>What is wrong; null if nothing is.</returns>
    public string? MistakeIn(PublicSuffixes? suffixes, out IReadOnlyList<string>? allowed)
    {
        allowed = null;
        if (MaxBatch is < 1 or > WebhookOptions.MostBatched) return $"\"max_batch\" is a number from 1 to {WebhookOptions.MostBatched:#,0}.";
        if (MaxBatchBytes is < WebhookOptions.LeastBatchBytes or > WebhookOptions.MostBatchBytes)
            return $"\"max_batch_bytes\" is a number from {WebhookOptions.LeastBatchBytes:#,0} to {WebhookOptions.MostBatchBytes:#,0}.";
        if (Allow is null) return null;
        if (Allow.Count > MostAllowed) return $"\"allow\" has at most {MostAllowed:#,0} names.";
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (string text in Allow)
        {
            if (ProtectedList.NameOf(text ?? "", out string problem) is not { } name) return problem;
            // Strangers' names lie below it.
            if (suffixes is not null && suffixes.IsSuffix(Encoding.ASCII.GetBytes(name))) return $"\"allow\": {name} is a public suffix: allow it for single domains, or name what lies below it.";
            names.Add(name);
        }
        allowed = [.. names];
        return null;
    }

    /// <param name="allowed">From <see cref="MistakeIn"/>.</param>
    public AppOptions ApplyTo(AppOptions before, IReadOnlyList<string>? allowed) => before with
    {
        MaxBatch = MaxBatch ?? before.MaxBatch,
        MaxBatchBytes = MaxBatchBytes ?? before.MaxBatchBytes,
        AcceptAny2xx = AcceptAny2xx ?? before.AcceptAny2xx,
        Evidence = Evidence ?? before.Evidence,
        UnknownOnly = UnknownOnly ?? before.UnknownOnly,
        SilentBaseline = SilentBaseline ?? before.SilentBaseline,
        Allow = allowed ?? before.Allow,
    };
}

/// <summary>An app on the wire.</summary>
/// <param name="Domains">What it has subscribed to, each with all below it.</param>
/// <param name="Webhook">Of its first callback: the name by which its deliveries are listed, replayed and held; null: it has none.</param>
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

    /// <summary>Bytes of a body about several events, at most.</summary>
    public int MaxBatchBytes { get; init; } = WebhookOptions.DefaultBatchBytes;

    /// <summary>Whether it hears only of certificates that nobody authorised.</summary>
    public bool UnknownOnly { get; init; }

    /// <summary>Whether what was logged before it subscribed to the domain is told to nobody.</summary>
    public bool SilentBaseline { get; init; }

    /// <summary>Names that are no look-alikes to it, with all below them.</summary>
    public IReadOnlyList<string> Allow { get; init; } = [];

    /// <summary>Domains whose imitations it is told of.</summary>
    public IReadOnlyList<AppLookalikesJson> Lookalikes { get; init; } = [];

    /// <summary>Everywhere it is told, the first one first.</summary>
    public IReadOnlyList<CallbackJson> Callbacks { get; init; } = [];

    public static AppJson Of(App app, ProtectedList list, bool withSecret = false) => new(
        app.Stored.ToString(), app.Stored.Name, app.Stored.Created, [.. app.Domains.Select(domain => domain.Item.TrimStart('.')).Order(StringComparer.Ordinal)],
        app.Webhook?.Name, app.Webhook is { } webhook ? WebhookOptions.Shown(webhook.Url) : null, app.Webhook is null ? [] : app.Stored.Subscription!.Events,
        [.. app.Stored.Secrets.Where(secret => secret.Until is not null).Select(secret => secret.Until!.Value)],
        withSecret ? app.Stored.Secrets[0].Text : null)
    {
        MaxBatch = app.Stored.Options.MaxBatch,
        MaxBatchBytes = app.Stored.Options.MaxBatchBytes,
        AcceptAny2xx = app.Stored.Options.AcceptAny2xx,
        Evidence = app.Stored.Options.Evidence,
        UnknownOnly = app.Stored.Options.UnknownOnly,
        SilentBaseline = app.Stored.Options.SilentBaseline,
        Allow = app.Stored.Options.Allow,
        Lookalikes = [.. list.ListOf(app.Owner).Select(stored => AppLookalikesJson.Of(stored.Domain)).OrderBy(domain => domain.Domain, StringComparer.Ordinal)],
        Callbacks = [.. app.Webhooks.Select(told => CallbackJson.Of(told, app))],
    };

    /// <summary>The same, with a secret that was made for a callback.</summary>
    public AppJson Showing(string callback, string? made) => this with { Callbacks = [.. Callbacks.Select(one => one.Name == callback ? one with { Secret = made } : one)] };

    public override string ToString() => Id;
}
