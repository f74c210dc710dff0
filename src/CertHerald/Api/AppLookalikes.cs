using CertHerald.Names.Lookalikes;

namespace CertHerald.Api;

/// <summary>Domains whose imitations an app is told of, with settings of their own. What one app has says nothing to another, nor to whoever runs the service.</summary>
internal static class AppLookalikes
{
    /// <summary>Each costs a place in an index that every name is looked up in.</summary>
    public const int MostDomains = 1_000;

    public static string Full { get; } = $"An app has at most {MostDomains:#,0} domains whose imitations it is told of.";

    public static void Map(RouteGroupBuilder group)
    {
        group.MapPut("/{id}/lookalikes/{domain}", async (string id, string domain, HttpRequest request, Apps apps, ProtectedList list) =>
        {
            (ProtectedDomainRequest? settings, string problem) = await Body.ReadAsync(
                request, ApiJson.Default.ProtectedDomainRequest, "\"threshold\", \"allow\", \"own\" and \"keywords\"", empty: new ProtectedDomainRequest());
            if (settings is null) return ApiError.BadRequest(problem);
            if (settings.Digest is not null) return ApiError.BadRequest("An app has no digest.");
            if (settings.Read(domain, out problem) is not { } wanted) return ApiError.BadRequest(problem);
            if (AppRequest.Read(id) is not { } number || apps.Find(number) is not { } app) return ApiError.NotFound("app");
            bool isNew = list.ListOf(app.Owner).All(stored => stored.Domain.Name != wanted.Name);
            if (isNew && list.ListOf(app.Owner).Count >= MostDomains) return ApiError.Conflict(Full);
            if (isNew && !list.HasRoom(1)) return ApiError.Conflict(ProtectedList.Full);
            await list.PutAsync(app.Owner, wanted);
            return (IResult)TypedResults.Json(AppJson.Of(app, list), ApiJson.Default.AppJson, statusCode: isNew ? StatusCodes.Status201Created : StatusCodes.Status200OK);
        }).Takes<ProtectedDomainRequest>(isRequired: false).WithSummary("Tells an app of a domain's imitations, or gives the domain new settings for this app.")
            .Produces<AppJson>().Produces<AppJson>(StatusCodes.Status201Created);

        group.MapDelete("/{id}/lookalikes/{domain}", async (string id, string domain, Apps apps, ProtectedList list) =>
        {
            if (ProtectedList.NameOf(domain, out string problem) is not { } name) return ApiError.BadRequest(problem);
            if (AppRequest.Read(id) is not { } number || apps.Find(number) is not { } app) return ApiError.NotFound("app");
            if (!await list.RemoveAsync(app.Owner, name)) return ApiError.NotFound("domain of the app");
            return (IResult)TypedResults.Json(AppJson.Of(app, list), ApiJson.Default.AppJson);
        }).WithSummary("Tells an app of a domain's imitations no more.").Produces<AppJson>();
    }
}

/// <summary>A domain whose imitations an app is told of, on the wire.</summary>
/// <param name="Threshold">From which score on.</param>
/// <param name="Allow">Names that are no look-alikes of this domain, with all below them.</param>
internal sealed record AppLookalikesJson(string Domain, int Threshold, IReadOnlyList<string> Allow, IReadOnlyList<string> Own, IReadOnlyList<string> Keywords)
{
    public static AppLookalikesJson Of(ProtectedDomain domain) => new(domain.Name, domain.Threshold, domain.Allowed, domain.Own, domain.Keywords);
}
