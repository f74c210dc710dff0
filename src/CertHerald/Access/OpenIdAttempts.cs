using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.DataProtection;

namespace CertHerald.Access;

/// <summary>
/// Sign-ins that are under way at an OpenID provider. Each is kept by the browser that began it, encrypted, and for ten minutes:
/// nobody can fill our memory with them, and an answer that was meant for another browser opens nothing.
/// </summary>
internal sealed class OpenIdAttempts(IDataProtectionProvider protection, TimeProvider time)
{
    /// <summary>How long people may take at their provider.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    private readonly IDataProtector _protector = protection.CreateProtector("CertHerald.OpenId.Attempt.1");

    /// <summary>Begins one and hands it to the browser, in place of one that it had begun.</summary>
    /// <param name="back">Where to go afterwards; leads into the console.</param>
    public OpenIdAttempt Begin(HttpContext context, OpenIdOptions options, string back)
    {
        var attempt = new OpenIdAttempt(OpaqueToken.New(), OpaqueToken.New(), OpaqueToken.New(), back);
        string kept = string.Join('\n', attempt.State, attempt.Nonce, attempt.Verifier, time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture), options.Rules, back);
        context.Response.Cookies.Append(CookieName(context), _protector.Protect(kept), Cookie(context, Lifetime));
        return attempt;
    }

    /// <summary>Whether the browser brings an attempt, right or wrong.</summary>
    public static bool IsBrought(HttpContext context) => context.Request.Cookies.ContainsKey(CookieName(context));

    /// <summary>Takes the browser's attempt away from it: an answer is looked at once.</summary>
    /// <param name="state">As the provider gave it back.</param>
    /// <returns>Null if the browser has none, or one for another answer, or too old a one.</returns>
    public OpenIdAttempt? Take(HttpContext context, OpenIdOptions options, string? state)
    {
        if (!context.Request.Cookies.TryGetValue(CookieName(context), out string? kept)) return null;
        context.Response.Cookies.Delete(CookieName(context), Cookie(context, maxAge: null));
        if (!OpaqueToken.HasShape(state) || Read(kept) is not [string expected, string nonce, string verifier, string began, string rules, string back]) return null;

        bool isInTime = time.GetUtcNow() < DateTimeOffset.FromUnixTimeSeconds(long.Parse(began, CultureInfo.InvariantCulture)) + Lifetime;
        bool isMeant = CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(state!), Encoding.UTF8.GetBytes(expected));
        return isInTime && isMeant && rules == options.Rules ? new OpenIdAttempt(expected, nonce, verifier, back) : null;
    }

    private string[]? Read(string kept)
    {
        try
        {
            return _protector.Unprotect(kept).Split('\n', 6);
        }
        catch (CryptographicException)
        {
            // Made up, or made before our keys changed.
            return null;
        }
    }

    private static string CookieName(HttpContext context) => context.Request.IsHttps ? "__Host-certherald-openid" : "certherald-openid";

    // Lax: the provider's redirect must bring it along.
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

/// <summary>A sign-in under way.</summary>
/// <param name="State">Comes back in the address: the answer is to this browser's question.</param>
/// <param name="Nonce">Comes back in the token: it was made for this question.</param>
/// <param name="Verifier">Goes with the code: whoever catches the code alone cannot use it (RFC 7636).</param>
/// <param name="Back">Where to go afterwards.</param>
internal sealed record OpenIdAttempt(string State, string Nonce, string Verifier, string Back)
{
    /// <summary>S256 of the verifier (RFC 7636 §4.2).</summary>
    public string Challenge => Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(Verifier)));

    /// <summary>Printed by accident, it must show no secret.</summary>
    public override string ToString() => "an attempt to sign in";
}
