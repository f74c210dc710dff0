using System.Globalization;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace CertHerald.Access;

/// <summary>Authenticates a request by the key that it shows, or by its console session. People without one are led to the login page, programs get a 401.</summary>
internal sealed class SessionAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder, Sessions sessions, LocalKey localKey,
    ApiKeys keys, FailedSignIns failures)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    public const string SchemeName = "session";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (KeyOf(Request) is { } key) return await AuthenticateAsync(key);
        return await sessions.FindAsync(Context) is { } session ? Success(session) : AuthenticateResult.NoResult();
    }

    /// <summary>What a request shows as a key, whatever it is; null if it shows none.</summary>
    // Other schemes are not for us, but where clients know no other: a proxy before us may ask people for a password of its own.
    // Nor is an app's token, the only one with this character: it opens nothing here, and is judged where apps ask.
    public static string? KeyOf(HttpRequest request)
    {
        string shown = request.Headers.Authorization.ToString();
        if (!shown.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)) return TakesUserName(request.HttpContext) ? KeyAsUserName.Read(shown) : null;
        bool isOfApp = shown.Contains('|', StringComparison.Ordinal) || shown.Contains("%7C", StringComparison.OrdinalIgnoreCase);
        return isOfApp ? null : shown[7..].Trim();
    }

    private static bool TakesUserName(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<KeyAsUserName>() is not null;

    // Programs only: a page that somebody was lured to cannot send this header, so it needs no antiforgery token.
    private async Task<AuthenticateResult> AuthenticateAsync(string key)
    {
        // Right keys first: nobody guesses 256 bits, and whoever shares an address with one that tries must not be shut out.
        if (localKey.Opens(key)) return Success(new Caller.Local());
        if (await keys.FindAsync(key, Context.RequestAborted) is { } found) return Success(found);

        if (failures.Begin(Context.Connection.RemoteIpAddress) is null) failures.Failed(Context.Connection.RemoteIpAddress);
        return AuthenticateResult.NoResult();
    }

    private static AuthenticateResult Success(Caller caller) => AuthenticateResult.Success(new AuthenticationTicket(caller.ToPrincipal(), SchemeName));

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties)
    {
        Response.StatusCode = StatusCodes.Status403Forbidden;
        return Response.WriteAsJsonAsync(new { code = "forbidden", message = WhyForbidden() }, Context.RequestAborted);
    }

    private string WhyForbidden() => (Caller.Of(Context), ScopeRule.NeededBy(Context)) switch
    {
        (Caller.Key, { } needed) => $"This key lacks the scope \"{Scopes.NameOf(needed)}\": make one that has it with 'certherald api-keys create'.",
        (Caller.Key, null) => "No API key may use this address.",
        _ => "A session may read only: to change something, use the commands of certherald, or show a key.",
    };

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        if (!Request.Path.StartsWithSegments("/console", StringComparison.Ordinal))
        {
            if (KeyOf(Request) is not null && failures.BlockedFor(Context.Connection.RemoteIpAddress) is { } wait)
            {
                Response.Headers.RetryAfter = ((int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
                Response.StatusCode = StatusCodes.Status429TooManyRequests;
                return Response.WriteAsJsonAsync(
                    new { code = "rate_limited", message = "Too many wrong keys came from your address. Wait a minute, then try again." }, Context.RequestAborted);
            }
            Response.Headers.Append(HeaderNames.WWWAuthenticate, "Bearer realm=\"CertHerald\"");
            if (TakesUserName(Context)) Response.Headers.Append(HeaderNames.WWWAuthenticate, "Basic realm=\"CertHerald\"");
            Response.StatusCode = StatusCodes.Status401Unauthorized;
            return Response.WriteAsJsonAsync(
                new { code = "unauthorized", message = "Show an API key as 'Authorization: Bearer chk_…', or sign in to the console first: the session's cookie lets you read." }, Context.RequestAborted);
        }

        string wanted = HttpMethods.IsGet(Request.Method) ? Request.Path + Request.QueryString : ReturnPath.Home;
        string back = ReturnPath.Safe(wanted);
        Response.Redirect(back == ReturnPath.Home ? "/console/login" : $"/console/login?return={Uri.EscapeDataString(back)}");
        return Task.CompletedTask;
    }
}
