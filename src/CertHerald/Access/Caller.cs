using System.Security.Claims;

namespace CertHerald.Access;

/// <summary>Who asks, as authentication found out.</summary>
/// <param name="Name">For the audit trail: <c>local</c>, a key's prefix, <c>user NAME</c>, <c>openid NAME</c>, or a session that began with a link.</param>
/// <param name="Id">Differs between callers: forms are tied to it.</param>
internal abstract record Caller(string Name, string Id)
{
    /// <summary>Whoever owns this machine.</summary>
    public sealed record Local() : Caller(LocalKey.CallerName, LocalKey.CallerName);

    public sealed record Key(string Prefix, IReadOnlyList<Scope> Scopes) : Caller($"key {Prefix}", Prefix);

    /// <param name="User">Null if it began with a link.</param>
    /// <param name="IsOpenId">The OpenID provider named the user, who is none of <see cref="Users"/>.</param>
    public sealed record Session(string Hash, string? User, bool IsOpenId = false)
        : Caller(User is null ? $"session {Hash[..8]}" : IsOpenId ? $"openid {User}" : $"user {User}", Hash);

    /// <summary>Whether this caller may use an endpoint.</summary>
    /// <param name="needed">The scope that it states; null if it states none.</param>
    /// <param name="isPage">It is a page of the console, or an action that a page offers.</param>
    public bool May(Scope? needed, bool isPage) => this switch
    {
        Local => true,
        // What states nothing is shut to keys: nothing is open by omission.
        Key key => needed is { } scope && (key.Scopes.Contains(scope) || key.Scopes.Contains(Scope.Admin)),
        // A cookie comes along by itself wherever a page was lured to: beside pages, whose forms carry a token, it may only read.
        _ => isPage || needed == Scope.Read,
    };

    public ClaimsPrincipal ToPrincipal() => new(new CallerIdentity(this));

    /// <summary>Null for somebody who is not signed in.</summary>
    public static Caller? Of(HttpContext context) => (context.User.Identity as CallerIdentity)?.Caller;

    private sealed class CallerIdentity(Caller caller) : ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, caller.Id)], SessionAuthentication.SchemeName)
    {
        public Caller Caller { get; } = caller;
    }
}
