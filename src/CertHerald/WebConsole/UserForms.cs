using CertHerald.Access;
using CertHerald.Api;
using CertHerald.Storage;
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
        changes.MapPost("/{name}/password", async (string name, HttpRequest request, Accounts accounts) =>
            await ExistsAsync(accounts, name, request) ? await SetAsync(name, request, accounts, "has another password. Who was signed in with the one before is not any more") : Missing());
        changes.MapPost("/{name}/remove", async (string name, Accounts accounts) =>
            await accounts.RemoveAsync(name) ? Page(done: $"{name} is removed, and signed in no more.") : Missing());
    }

    private static async Task<IResult> AddAsync(HttpRequest request, Accounts accounts)
    {
        string name = (await request.ReadFormAsync(request.HttpContext.RequestAborted))["name"].ToString().Trim();
        if (await ExistsAsync(accounts, name, request))
            return Page($"There is a user {name} already: give another password below, or choose another name.", status: StatusCodes.Status409Conflict);
        if (Users.ProblemOfName(name) is null) AuditNote.About(name);
        return await SetAsync(name, request, accounts, "may sign in");
    }

    private static async Task<IResult> SetAsync(string name, HttpRequest request, Accounts accounts, string done)
    {
        IFormCollection form = await request.ReadFormAsync(request.HttpContext.RequestAborted);
        string password = form["password"].ToString();
        if (password != form["again"].ToString()) return Page("The two passwords differ: nothing was changed.", status: StatusCodes.Status400BadRequest);
        (UserJson? user, _, string problem) = await accounts.SetPasswordAsync(name, password, request.HttpContext.RequestAborted);
        return user is null ? Page(problem, status: StatusCodes.Status400BadRequest) : Page(done: $"{user.Name} {done}.");
    }

    private static async Task<bool> ExistsAsync(Accounts accounts, string name, HttpRequest request) =>
        (await accounts.ListAsync(request.HttpContext.RequestAborted)).Any(user => user.Name == name);

    private static RazorComponentResult<UsersPage> Missing() => Page("There is no such user any more.", status: StatusCodes.Status404NotFound);

    private static RazorComponentResult<UsersPage> Page(string? problem = null, string? done = null, int status = StatusCodes.Status200OK) =>
        new(new { Problem = problem, Done = done }) { StatusCode = status };
}
