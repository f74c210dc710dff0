using System.Security.Claims;
using CertHerald.Access;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CertHerald.Api;

/// <summary>New links into the console, for whoever owns this machine: only its local key asks for one.</summary>
internal static class SignInLinks
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/api/sign-in-links", Create).WithTags("Access").RequireAuthorization();

    internal static Results<JsonHttpResult<SignInLinkJson>, ForbidHttpResult> Create(ClaimsPrincipal caller, LoginLinks links) =>
        caller.FindFirstValue(ClaimTypes.NameIdentifier) == LocalKey.CallerName
            ? TypedResults.Json(new SignInLinkJson(links.Create()), ApiJson.Default.SignInLinkJson)
            : TypedResults.Forbid();
}

/// <summary>What makes a link: {public URL}/console/login?token=….</summary>
internal sealed record SignInLinkJson(string Token);
