using CertHerald.Storage;

namespace CertHerald.Access;

/// <summary>What sign-in depends on.</summary>
internal sealed record AccessOptions
{
    /// <summary>
    /// People reach the service by HTTPS although this process may speak plain HTTP behind a proxy: set if the public address
    /// is HTTPS. Default: false, and cookies are marked secure only where the request itself came by HTTPS.
    /// </summary>
    public bool AlwaysSecure { get; init; }

    /// <summary>Proxies whose word on a caller's address and protocol is believed. Default: none, and their address counts as everybody's.</summary>
    public IReadOnlyList<System.Net.IPNetwork> TrustedProxies { get; init; } = [];

    /// <summary>Folder for the keys that protect forms. Default: none, and forms opened before a restart must be opened again.</summary>
    public string? KeyFolder { get; init; }
}

/// <summary>Who is signed in to the console. The browser holds a random id in a cookie, the store only its hash.</summary>
internal sealed partial class Sessions(IUsers store, OpenIdProvider openId, TimeProvider time, ILogger<Sessions> logger)
{
    // No user's name has a space: these are told apart from theirs.
    private const string OpenIdMark = "openid ";

    /// <summary>A session unused for this long is over.</summary>
    public static readonly TimeSpan Idle = TimeSpan.FromHours(12);

    /// <summary>A session is over after this long, however much it is used.</summary>
    public static readonly TimeSpan Absolute = TimeSpan.FromDays(7);

    /// <summary>Use is noted this often: not every page costs a durable write.</summary>
    public static readonly TimeSpan NotedEvery = TimeSpan.FromMinutes(1);

    /// <summary>Starts a session and hands its id to the browser.</summary>
    /// <param name="user">Whose password was shown; null if it was a link.</param>
    /// <returns>Null if the password was changed while it was checked.</returns>
    public async Task<Caller.Session?> BeginAsync(HttpContext context, StoredUser? user = null)
    {
        string id = OpaqueToken.New();
        byte[] hash = OpaqueToken.HashOf(id);
        DateTimeOffset now = time.GetUtcNow();
        if (user is null) await store.AddSessionAsync(hash, now, now + Absolute, context.RequestAborted);
        else if (!await store.AddSessionAsync(hash, user, now, now + Absolute, context.RequestAborted)) return null;
        context.Response.Cookies.Append(CookieName(context), id, Cookie(context, Absolute));
        return CallerOf(hash, user?.Name);
    }

    /// <summary>Starts a session of somebody whom the OpenID provider named. It ends, too, when other options come in force.</summary>
    public async Task<Caller.Session> BeginAsync(HttpContext context, OpenIdOptions options, OpenIdUser user)
    {
        string id = OpaqueToken.New();
        byte[] hash = OpaqueToken.HashOf(id);
        DateTimeOffset now = time.GetUtcNow();
        await store.AddForeignSessionAsync(hash, $"{OpenIdMark}{options.Rules} {user.Name}", now, now + Absolute, context.RequestAborted);
        context.Response.Cookies.Append(CookieName(context), id, Cookie(context, Absolute));
        return new Caller.Session(Convert.ToHexStringLower(hash), user.Name, IsOpenId: true);
    }

    /// <summary>Whose session the request's is, if that is alive, and marks it as used if somebody asked, not a page by itself; else null.</summary>
    public async Task<Caller.Session?> FindAsync(HttpContext context)
    {
        if (!context.Request.Cookies.TryGetValue(CookieName(context), out string? id) || !OpaqueToken.HasShape(id)) return null;
        byte[] hash = OpaqueToken.HashOf(id);
        DateTimeOffset now = time.GetUtcNow();
        if (await store.FindSessionAsync(hash, now, Idle, context.RequestAborted) is not { } session || CallerOf(hash, session.User) is not { } caller) return null;
        if (now - session.Used >= NotedEvery && !IsOfPageItself(context.Request)) await NoteUseAsync(hash, now, context.RequestAborted);
        return caller;
    }

    /// <summary>Ends the request's session, here and in the browser.</summary>
    public async Task EndAsync(HttpContext context)
    {
        if (context.Request.Cookies.TryGetValue(CookieName(context), out string? id) && OpaqueToken.HasShape(id))
            await store.RemoveSessionAsync(OpaqueToken.HashOf(id), context.RequestAborted);
        context.Response.Cookies.Delete(CookieName(context), Cookie(context, maxAge: null));
    }

    /// <summary>Null if the rules that let its user in are not in force any more.</summary>
    private Caller.Session? CallerOf(byte[] hash, string? user)
    {
        string text = Convert.ToHexStringLower(hash);
        if (user?.StartsWith(OpenIdMark, StringComparison.Ordinal) != true) return new Caller.Session(text, user);
        string mark = $"{OpenIdMark}{openId.Options?.Rules} ";
        return user.StartsWith(mark, StringComparison.Ordinal) ? new Caller.Session(text, user[mark.Length..], IsOpenId: true) : null;
    }

    // An open page that renews its parts would keep a session alive that nobody uses. The script that asks so says it.
    private static bool IsOfPageItself(HttpRequest request) =>
        request.Headers.ContainsKey("X-Live") || string.Equals(request.Headers.Accept, "text/event-stream", StringComparison.OrdinalIgnoreCase);

    private async Task NoteUseAsync(byte[] hash, DateTimeOffset now, CancellationToken cancellation)
    {
        try
        {
            await store.TouchSessionAsync(hash, now, Idle, cancellation);
        }
        catch (StoreException failure)
        {
            // A full disk must not shut out whoever comes to see what is wrong.
            LogUnnoted(failure);
        }
    }

    // The prefix makes browsers refuse the cookie from another host or by plain HTTP; without HTTPS they would not take it.
    private static string CookieName(HttpContext context) => context.Request.IsHttps ? "__Host-certherald" : "certherald";

    private static CookieOptions Cookie(HttpContext context, TimeSpan? maxAge) => new()
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Lax,
        Secure = context.Request.IsHttps,
        Path = "/",
        MaxAge = maxAge,
        IsEssential = true,
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "The use of a console session could not be noted")]
    private partial void LogUnnoted(Exception failure);
}
