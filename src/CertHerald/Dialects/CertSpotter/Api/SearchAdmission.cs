using System.Globalization;
using CertHerald.Access;
using CertHerald.Api;
using Microsoft.AspNetCore.Authentication;

namespace CertHerald.Dialects.CertSpotter.Api;

/// <summary>Lets callers search: those with a key as often as keys may, anybody a few times an hour if that is allowed at all.</summary>
internal sealed partial class SearchAdmission(CertSpotterApiOptions options, RequestLimits limits, ILogger<SearchAdmission> logger) : IEndpointFilter
{
    /// <summary>States who may use these endpoints.</summary>
    public static void Guard(RouteGroupBuilder routes)
    {
        // Unless anybody may search, whoever shows nothing is refused before he comes to this filter.
        bool isOpen = ((IEndpointRouteBuilder)routes).ServiceProvider.GetRequiredService<CertSpotterApiOptions>().Anonymous;
        if (isOpen) routes.AllowAnonymous().WithMetadata(new NeededScope(Scope.Read));
        else routes.Needs(Scope.Read);
        routes.AddEndpointFilter<RouteGroupBuilder, SearchAdmission>();
    }

    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        HttpContext http = context.HttpContext;
        Caller? caller = Caller.Of(http);
        if (caller is null && SessionAuthentication.KeyOf(http.Request) is not null)
        {
            // A wrong key is told: its owner would wonder why he is limited.
            await http.ChallengeAsync();
            return Results.Empty;
        }
        if (caller is not null && !caller.May(Scope.Read, isPage: false))
        {
            await http.ForbidAsync();
            return Results.Empty;
        }

        (string name, int? most) = caller switch
        {
            null => (FailedSignIns.NetworkOf(http.Connection.RemoteIpAddress).ToString(), CertSpotterApiOptions.AnonymousRequests),
            Caller.Key key => (key.Name, options.KeyRequests),
            _ => (caller.Name, (int?)null),
        };
        if (most is not { } allowed || limits.Take(name, allowed, out bool isFirst) is not { } wait) return await next(context);

        if (isFirst) LogLimited(name, allowed);
        http.Response.Headers.RetryAfter = ((int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        http.Response.Headers["X-Ratelimit-Limit"] = allowed.ToString(CultureInfo.InvariantCulture);
        return TypedResults.Json(
            new ApiError("rate_limited", caller is null
                ? $"Without an API key, {allowed} requests an hour are answered. Show a key, or wait for Retry-After seconds."
                : $"This key may ask {allowed} times an hour. Wait for Retry-After seconds."),
            ApiJson.Default.ApiError, statusCode: StatusCodes.Status429TooManyRequests);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Caller} has searched more than {Allowed} times within an hour, and must wait until it is over")]
    private partial void LogLimited(string caller, int allowed);
}
