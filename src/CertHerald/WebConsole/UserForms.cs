using CertHerald.Api;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CertHerald.WebConsole;

/// <summary>Who signs in with a password: seen, added, given another password, removed.</summary>
internal static class UserForms
{
    public static void MapUsers(this IEndpointRouteBuilder pages)
    {
        pages.MapGet("/users", () => Page());
        RouteGroupBuilder changes = pages.MapChanges("/users");
        changes.MapPost("", AddAsync);
        changes.MapPost("/{name}/password", SetAsync);
        changes.MapPost("/{name}/remove", async (string name, Accounts accounts) =>
            await accounts.RemoveAsync(name) ? Page(done: $"{name} is removed, and signed in no more.") : Missing());
    }

    private static async Task<IResult> AddAsync(HttpRequest request, Accounts accounts)
    {
        IFormCollection form = await request.ReadFormAsync(request.HttpContext.RequestAborted);
        if (PasswordIn(form) is not { } password) return Differing();
        (UserJson? user, bool isTaken, string problem) = await accounts.AddAsync(form["name"].ToString().Trim(), password, request.HttpContext.RequestAborted);
        return user is not null ? Page(done: $"{user.Name} may sign in.") : Page(problem, status: isTaken ? StatusCodes.Status409Conflict : StatusCodes.Status400BadRequest);
    }

    private static async Task<IResult> SetAsync(string name, HttpRequest request, Accounts accounts)
    {
        CancellationToken gone = request.HttpContext.RequestAborted;
        if (!await accounts.HasAsync(name, gone)) return Missing();
        if (PasswordIn(await request.ReadFormAsync(gone)) is not { } password) return Differing();
        (UserJson? user, _, string problem) = await accounts.SetPasswordAsync(name, password, gone);
        return user is null
            ? Page(problem, status: StatusCodes.Status400BadRequest)
            : Page(done: $"{user.Name} has another password. Who was signed in with the one before is not any more.");
    }

    /// <summary>Null if it was not typed twice the same.</summary>
    private static string? PasswordIn(IFormCollection form) => form["password"] == form["again"] ? form["password"].ToString() : null;

    private static IResult Differing() => Page("The two passwords differ: nothing was changed.", status: StatusCodes.Status400BadRequest);

    private static IResult Missing() => Page("There is no such user any more.", status: StatusCodes.Status404NotFound);

    private static IResult Page(string? problem = null, string? done = null, int status = StatusCodes.Status200OK) =>
        new RazorComponentResult<UsersPage>(new { Problem = problem, Done = done }) { StatusCode = status };
}
