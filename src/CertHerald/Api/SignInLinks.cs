using CertHerald.Access;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CertHerald.Api;

/// <summary>New links into the console, for whoever owns this machine or administers the service.</summary>
internal static class SignInLinks
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/api/sign-in-links", Create).WithTags("Access").Needs(Scope.Admin).Produces<SignInLinkJson>();

    internal static JsonHttpResult<SignInLinkJson> Create(LoginLinks links) =>
        TypedResults.Json(new SignInLinkJson(links.Create()), ApiJson.Default.SignInLinkJson);
}

/// <summary>What makes a link: {public URL}/console/login?token=….</summary>
internal sealed record SignInLinkJson(string Token);
