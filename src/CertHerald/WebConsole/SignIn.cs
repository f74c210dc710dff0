using System.Globalization;
using System.Net;
using CertHerald.Access;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace CertHerald.WebConsole;

/// <summary>Signing in and out. Only a POST uses a link up: mail scanners and previews fetch links, but press no buttons.</summary>
internal static class SignIn
{
    public const string TooMany = "Too many failed attempts came from your address. Wait a minute, then try again.";

    private const long MostBytes = 16 * 1024;

    public static void MapSignIn(this IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder open = routes.MapGroup("/console").AllowAnonymous().ExcludeFromDescription();
        open.MapGet("/login", (string? token, [FromQuery(Name = "return")] string? back) => Page(token, back));
        // Antiforgery is checked by hand, to answer with a page that says what to do.
        open.MapPost("/sign-in", BeginAsync).DisableAntiforgery().WithMetadata(new RequestSizeLimitAttribute(MostBytes));

        routes.MapOpenIdSignIn();
        routes.MapPost("/console/sign-out", EndAsync).RequireAuthorization().ExcludeFromDescription();
    }

    internal static async Task<IResult> BeginAsync(
        HttpContext context, [FromForm] string? token, [FromForm] string? user, [FromForm] string? password, [FromForm(Name = "return")] string? back,
        LoginLinks links, Users users, Sessions sessions, AuditTrail audit, FailedSignIns failures, IAntiforgery antiforgery)
    {
        IPAddress? address = context.Connection.RemoteIpAddress;
        if (failures.BlockedFor(address) is { } blocked) return Wait(blocked);
        if (!await antiforgery.IsRequestValidAsync(context))
            return Page(token, back, StatusCodes.Status400BadRequest,
                "This page was no longer current. Press the button once more; cookies must be allowed.");
        if (failures.Begin(address) is { } wait) return Wait(wait);

        // An empty field is what a browser sends of the form's other half.
        bool isPassword = string.IsNullOrWhiteSpace(token) && !string.IsNullOrEmpty(user);
        Caller.Session? session = null;
        if (isPassword)
        {
            var (known, isBusy) = await users.CheckAsync(user, password, context.RequestAborted);
            if (isBusy)
            {
                failures.Succeeded(address);
                context.Response.Headers.RetryAfter = "5";
                return Page(null, back, StatusCodes.Status503ServiceUnavailable, "Too many people sign in just now. Wait some seconds, then try again.");
            }
            if (known is not null) session = await sessions.BeginAsync(context, known);
        }
        else if (links.TryRedeem(TokenIn(token)))
        {
            session = await sessions.BeginAsync(context);
        }
        if (session is null)
        {
            failures.Failed(address);
            return Page(null, back, StatusCodes.Status401Unauthorized, isPassword
                ? "User name and password do not belong together. Mind capitals; 'certherald users set-password' sets a new password."
                : "This link has been used, or is older than ten minutes, or was voided by a restart.");
        }
        failures.Succeeded(address);
        await audit.RecordAsync(context, session.Name);
        return new SeeOther(ReturnPath.Safe(back));

        IResult Wait(TimeSpan left)
        {
            context.Response.Headers.RetryAfter = ((int)Math.Ceiling(left.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
            return Page(token, back, StatusCodes.Status429TooManyRequests, TooMany);
        }
    }

    internal static async Task<IResult> EndAsync(HttpContext context, Sessions sessions, IAntiforgery antiforgery)
    {
        if (!await antiforgery.IsRequestValidAsync(context))
            return ApiBadForm();
        await sessions.EndAsync(context);
        return new SeeOther("/console/login");
    }

    // People paste the whole link as often as the token.
    private static string? TokenIn(string? pasted)
    {
        const string Parameter = "token=";
        string? text = pasted?.Trim();
        int at = text?.LastIndexOf(Parameter, StringComparison.Ordinal) ?? -1;
        return at < 0 ? text : text![(at + Parameter.Length)..];
    }

    private static IResult Page(
        string? token, string? back, int status = StatusCodes.Status200OK, string? problem = null) =>
        new RazorComponentResult<LoginPage>(new { Token = token, Back = ReturnPath.Safe(back), Problem = problem }) { StatusCode = status };

    private static IResult ApiBadForm() =>
        new RazorComponentResult<MissingPage>(new { Status = StatusCodes.Status400BadRequest });
}

/// <summary>Go there with GET. The framework's redirects leave the method to the browser.</summary>
internal sealed class SeeOther(string path) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.StatusCode = StatusCodes.Status303SeeOther;
        httpContext.Response.Headers.Location = path;
        return Task.CompletedTask;
    }
}
