using System.Globalization;
using System.Net;
using CertHerald.Access;
using CertHerald.Inspecting;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace CertHerald.WebConsole;

/// <summary>Signing in through the OpenID provider: out to it, and back with its answer.</summary>
internal static partial class OpenIdSignIn
{
    public const string Path = "/console/openid", CallbackPath = "/console/openid/callback";

    private const int LongestCode = 4_096;

    private const string NotBegun = "This answer is to no sign-in that this browser began in the last ten minutes. Begin anew; cookies must be allowed.";

    public static void MapOpenIdSignIn(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Path, BeginAsync).AllowAnonymous().ExcludeFromDescription();
        routes.MapGet(CallbackPath, EndAsync).AllowAnonymous().ExcludeFromDescription();
    }

    // A link and no form: the content policy lets no form of ours lead elsewhere, not even by a redirect.
    internal static async Task<IResult> BeginAsync(
        HttpContext context, [FromQuery(Name = "return")] string? back, OpenIdProvider provider, OpenIdAttempts attempts, FailedSignIns failures, ILogger<OpenIdProvider> logger)
    {
        if (provider.Options is not { } options) return new RazorComponentResult<MissingPage>();
        if (failures.BlockedFor(context.Connection.RemoteIpAddress) is { } wait) return Wait(context, wait, back);
        try
        {
            return new SeeOther(await provider.AddressForAsync(options, attempts.Begin(context, options, ReturnPath.Safe(back)), context.RequestAborted));
        }
        catch (OpenIdUnavailableException failure)
        {
            return Unavailable(failure, back, logger);
        }
    }

    internal static async Task<IResult> EndAsync(
        HttpContext context, string? code, string? state, string? iss, string? error, OpenIdProvider provider, OpenIdAttempts attempts, Sessions sessions, AuditTrail audit,
        FailedSignIns failures, ILogger<OpenIdProvider> logger)
    {
        if (provider.Options is not { } options) return new RazorComponentResult<MissingPage>();
        // Any page can lead a browser here, ten times a minute: nothing was tried, so nobody must wait for it.
        if (!OpenIdAttempts.IsBrought(context)) return Page(NotBegun, StatusCodes.Status400BadRequest, null);
        IPAddress? address = context.Connection.RemoteIpAddress;
        if (failures.Begin(address) is { } wait) return Wait(context, wait, null);
        if (attempts.Take(context, options, state) is not { } attempt)
            return Refuse(StatusCodes.Status400BadRequest, NotBegun);
        if (error is not null || code is not { Length: > 0 and <= LongestCode })
            return Refuse(StatusCodes.Status401Unauthorized, error == "access_denied" ? "The sign-in was called off there." : "The provider did not let you sign in.");
        try
        {
            if (await provider.FindUserAsync(options, attempt, code, iss, context.RequestAborted) is not { } user)
                return Refuse(StatusCodes.Status401Unauthorized, "The provider's answer could not be believed. Begin anew; the service's log says why.");
            if (!options.Admits(user))
            {
                LogUnlisted(logger, Visible.Of(user.Name), user.Email is not null);
                return Refuse(StatusCodes.Status403Forbidden, "You are known there, but not on the list of those who may sign in here. Its operator can add you.");
            }
            failures.Succeeded(address);
            Caller.Session session = await sessions.BeginAsync(context, options, user);
            await audit.RecordAsync(context, session.Name);
            return new SeeOther(ReturnPath.Safe(attempt.Back));
        }
        catch (OpenIdUnavailableException failure)
        {
            failures.Succeeded(address);
            return Unavailable(failure, attempt.Back, logger);
        }

        IResult Refuse(int status, string problem)
        {
            failures.Failed(address);
            return Page(problem, status, null);
        }
    }

    private static IResult Unavailable(OpenIdUnavailableException failure, string? back, ILogger logger)
    {
        LogUnavailable(logger, failure.Message);
        return Page("The provider cannot be reached just now. Try again in a minute, or sign in with a link or a password; the service's log says why.", StatusCodes.Status503ServiceUnavailable, back);
    }

    private static IResult Wait(HttpContext context, TimeSpan left, string? back)
    {
        context.Response.Headers.RetryAfter = ((int)Math.Ceiling(left.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        return Page(SignIn.TooMany, StatusCodes.Status429TooManyRequests, back);
    }

    private static IResult Page(string problem, int status, string? back) =>
        new RazorComponentResult<LoginPage>(new { Back = ReturnPath.Safe(back), Problem = problem }) { StatusCode = status };

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Name} signed in at the OpenID provider and is not among those who may (verified address: {IsVerified})")]
    private static partial void LogUnlisted(ILogger logger, string name, bool isVerified);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The OpenID provider cannot be asked: {Problem}")]
    private static partial void LogUnavailable(ILogger logger, string problem);
}
