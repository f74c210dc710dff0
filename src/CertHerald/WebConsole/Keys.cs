using System.Globalization;
using CertHerald.Api;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CertHerald.WebConsole;

/// <summary>API keys: seen, made and revoked.</summary>
internal static class Keys
{
    public static void MapKeys(this IEndpointRouteBuilder pages)
    {
        pages.MapGet("/api-keys", IResult () => new RazorComponentResult<KeysPage>());

        RouteGroupBuilder changes = pages.MapChanges("/api-keys");
        changes.MapPost("", CreateAsync);
        changes.MapPost("/{prefix}/revoke", async (string prefix, KeyRing keys) =>
            await keys.RevokeAsync(prefix) is null ? new RazorComponentResult<MissingPage>() : (IResult)new SeeOther("/console/api-keys"));
    }

    // The answer shows the key, this once: it is no redirect, so that the key stands in no address and no store.
    private static async Task<IResult> CreateAsync(HttpRequest request, KeyRing keys)
    {
        IFormCollection form = await request.ReadFormAsync(request.HttpContext.RequestAborted);
        string expires = form["expires"].ToString();
        DateTimeOffset? until = null;
        if (expires.Length > 0)
        {
            if (!DateOnly.TryParseExact(expires, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out DateOnly day))
                return Refusal("The last day is a date such as 2027-01-31.");
            until = new DateTimeOffset(day, TimeOnly.MaxValue, TimeSpan.Zero);
        }
        (ApiKeyJson? made, string problem) = await keys.CreateAsync(form["name"].ToString().Trim(), [.. form["scopes"]], until);
        return made is null ? Refusal(problem) : new RazorComponentResult<KeysPage>(new { NewKey = made.Key }) { StatusCode = StatusCodes.Status201Created };
    }

    private static IResult Refusal(string problem) => new RazorComponentResult<KeysPage>(new { Problem = problem }) { StatusCode = StatusCodes.Status400BadRequest };
}
