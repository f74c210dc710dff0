using System.Globalization;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace CertHerald.Access;

/// <summary>Authenticates a request by its console session. People without one are led to the login page, programs get a 401.</summary>
internal sealed class SessionAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder, Sessions sessions, LocalKey localKey,
    FailedSignIns failures)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    public const string SchemeName = "session";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (Request.Headers.Authorization.ToString() is { Length: > 0 } authorization) return AuthenticateByKey(authorization);
        if (await sessions.FindAsync(Context) is not { } hash) return AuthenticateResult.NoResult();

        return Success(new Caller.Session(Convert.ToHexStringLower(hash), User: null));
    }

    // Programs only: a page that somebody was lured to cannot send this header, so it needs no antiforgery token.
    private AuthenticateResult AuthenticateByKey(string authorization)
    {
        if (failures.BlockedFor(Context.Connection.RemoteIpAddress) is not null) return AuthenticateResult.NoResult();
        if (localKey.Opens(authorization)) return Success(new Caller.Local());

        failures.Record(Context.Connection.RemoteIpAddress);
        return AuthenticateResult.NoResult();
    }

    private static AuthenticateResult Success(Caller caller) => AuthenticateResult.Success(new AuthenticationTicket(caller.ToPrincipal(), SchemeName));

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties)
    {
        Response.StatusCode = StatusCodes.Status403Forbidden;
        return Response.WriteAsJsonAsync(
            new { code = "forbidden", message = "A session may read only: to change something, use the commands of certherald, or show a key." }, Context.RequestAborted);
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        if (!Request.Path.StartsWithSegments("/console", StringComparison.Ordinal))
        {
            if (Request.Headers.Authorization.Count > 0 && failures.BlockedFor(Context.Connection.RemoteIpAddress) is { } wait)
            {
                Response.Headers.RetryAfter = ((int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
                Response.StatusCode = StatusCodes.Status429TooManyRequests;
                return Response.WriteAsJsonAsync(
                    new { code = "rate_limited", message = "Too many wrong keys came from your address. Wait a minute, then try again." }, Context.RequestAborted);
            }
            Response.Headers.WWWAuthenticate = "Bearer realm=\"CertHerald\"";
            Response.StatusCode = StatusCodes.Status401Unauthorized;
            return Response.WriteAsJsonAsync(
                new { code = "unauthorized", message = "Sign in to the console first: the session's cookie is the key." }, Context.RequestAborted);
        }

        string wanted = HttpMethods.IsGet(Request.Method) ? Request.Path + Request.QueryString : ReturnPath.Home;
        string back = ReturnPath.Safe(wanted);
        Response.Redirect(back == ReturnPath.Home ? "/console/login" : $"/console/login?return={Uri.EscapeDataString(back)}");
        return Task.CompletedTask;
    }
}
