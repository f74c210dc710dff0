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

    /// <summary>Folder for the keys that protect forms. Default: none, and forms opened before a restart must be opened again.</summary>
    public string? KeyFolder { get; init; }
}

/// <summary>Who is signed in to the console. The browser holds a random id in a cookie, the store only its hash.</summary>
internal sealed class Sessions(IStore store, TimeProvider time)
{
    /// <summary>A session unused for this long is over.</summary>
    public static readonly TimeSpan Idle = TimeSpan.FromHours(12);

    /// <summary>A session is over after this long, however much it is used.</summary>
    public static readonly TimeSpan Absolute = TimeSpan.FromDays(7);

    /// <summary>Starts a session and hands its id to the browser.</summary>
    public async Task BeginAsync(HttpContext context)
    {
        string id = OpaqueToken.New();
        DateTimeOffset now = time.GetUtcNow();
        await store.AddSessionAsync(OpaqueToken.HashOf(id), now, now + Absolute, context.RequestAborted);
        context.Response.Cookies.Append(CookieName(context), id, Cookie(context, Absolute));
    }

    /// <summary>The hash of the request's session if that is alive, and marks it as used; else null.</summary>
    public async Task<byte[]?> FindAsync(HttpContext context)
    {
        if (!context.Request.Cookies.TryGetValue(CookieName(context), out string? id) || !OpaqueToken.HasShape(id)) return null;
        byte[] hash = OpaqueToken.HashOf(id);
        return await store.TouchSessionAsync(hash, time.GetUtcNow(), Idle, context.RequestAborted) ? hash : null;
    }

    /// <summary>Ends the request's session, here and in the browser.</summary>
    public async Task EndAsync(HttpContext context)
    {
        if (context.Request.Cookies.TryGetValue(CookieName(context), out string? id) && OpaqueToken.HasShape(id))
            await store.RemoveSessionAsync(OpaqueToken.HashOf(id), context.RequestAborted);
        context.Response.Cookies.Delete(CookieName(context), Cookie(context, maxAge: null));
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
}
