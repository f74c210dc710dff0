using Microsoft.AspNetCore.Authorization;

namespace CertHerald.Access;

/// <summary>Asks of every endpoint that is not anonymous whether its caller may use it.</summary>
internal sealed class ScopeRule : AuthorizationHandler<ScopeRule>, IAuthorizationRequirement
{
    /// <summary>Addresses whose changes carry an antiforgery token.</summary>
    private const string Console = "/console";

    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, ScopeRule requirement)
    {
        if (context.Resource is HttpContext http && Caller.Of(http) is { } caller && caller.May(NeededBy(http), IsPage(http))) context.Succeed(requirement);
        return Task.CompletedTask;
    }

    /// <summary>The scope that the request's endpoint states; null if none.</summary>
    public static Scope? NeededBy(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<NeededScope>()?.Scope;

    private static bool IsPage(HttpContext context) => context.Request.Path.StartsWithSegments(Console, StringComparison.Ordinal);
}
