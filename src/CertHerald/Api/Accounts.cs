using System.Text.Json.Serialization;
using CertHerald.Access;
using CertHerald.Storage;

namespace CertHerald.Api;

/// <summary>Who may sign in to the console with a password.</summary>
internal sealed class Accounts(Users users)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder group = routes.MapGroup("/api/users").WithTags("Access").Needs(Scope.Admin);

        group.MapGet("", async (Accounts accounts, CancellationToken cancellation) =>
            TypedResults.Json(await accounts.ListAsync(cancellation), ApiJson.Default.IReadOnlyListUserJson)).Produces<IReadOnlyList<UserJson>>();

        group.MapPut("/{name}/password", async (string name, HttpRequest request, Accounts accounts) =>
        {
            (PasswordRequest? asked, string unread) = await Body.ReadAsync(request, ApiJson.Default.PasswordRequest, "\"password\"");
            if (asked is null) return ApiError.BadRequest(unread);
            (UserJson? user, bool isNew, string problem) = await accounts.SetPasswordAsync(name, asked.Password, request.HttpContext.RequestAborted);
            return user is null
                ? ApiError.BadRequest(problem)
                : (IResult)TypedResults.Json(user, ApiJson.Default.UserJson, statusCode: isNew ? StatusCodes.Status201Created : StatusCodes.Status200OK);
        }).Takes<PasswordRequest>().Produces<UserJson>().Produces<UserJson>(StatusCodes.Status201Created);

        group.MapDelete("/{name}", async (string name, Accounts accounts) =>
            await accounts.RemoveAsync(name) ? TypedResults.NoContent() : (IResult)ApiError.NotFound("user")).Produces(StatusCodes.Status204NoContent);
    }

    public async Task<IReadOnlyList<UserJson>> ListAsync(CancellationToken cancellation) => [.. (await users.ListAsync(cancellation)).Select(UserJson.Of)];

    /// <summary>Sets a password, and makes the user if there is none of the name. Ends the sessions that began with the one before.</summary>
    /// <returns>The user, and whether it is new; else why nothing was done.</returns>
    public async Task<(UserJson? User, bool IsNew, string Problem)> SetPasswordAsync(string name, string? password, CancellationToken cancellation)
    {
        if ((Users.ProblemOfName(name) ?? Passwords.ProblemOf(password)) is { } problem) return (null, false, problem);
        (StoredUser user, bool isNew) = await users.SetPasswordAsync(name, password!, cancellation);
        return (UserJson.Of(user), isNew, "");
    }

    /// <summary>Makes a user whom there is not yet.</summary>
    /// <returns>The user; else why none was made, and whether it is because there is one of the name.</returns>
    public async Task<(UserJson? User, bool IsTaken, string Problem)> AddAsync(string name, string? password, CancellationToken cancellation)
    {
        if (await HasAsync(name, cancellation)) return (null, true, $"There is a user {name} already: give another password, or choose another name.");
        if (Users.ProblemOfName(name) is null) AuditNote.About(name);
        (UserJson? user, _, string problem) = await SetPasswordAsync(name, password, cancellation);
        return (user, false, problem);
    }

    public async Task<bool> HasAsync(string name, CancellationToken cancellation) => (await users.ListAsync(cancellation)).Any(user => user.Name == name);

    /// <summary>Removes a user and ends the user's sessions; false if there is none.</summary>
    public Task<bool> RemoveAsync(string name) => users.RemoveAsync(name);
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record PasswordRequest(string? Password);

/// <summary>A user on the wire.</summary>
/// <param name="Changed">When the password was set.</param>
internal sealed record UserJson(string Name, DateTimeOffset Changed)
{
    public static UserJson Of(StoredUser user) => new(user.Name, user.Changed);
}
