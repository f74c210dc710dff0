using System.Collections.Concurrent;

namespace CertHerald.Access;

/// <summary>
/// One-time links into the console. Held in memory: a restart voids them. Whoever can read the service's standard error
/// may sign in, as whoever can read it also owns the machine.
/// </summary>
internal sealed class LoginLinks(TimeProvider time)
{
    /// <summary>How long a link can be used.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    // Hexadecimal hash of the token, and when it stops working.
    private readonly ConcurrentDictionary<string, DateTimeOffset> _open = new(StringComparer.Ordinal);

    /// <summary>A new token; the link is {base}/console/login?token=….</summary>
    public string Create()
    {
        foreach ((string hash, DateTimeOffset expires) in _open)
            if (expires <= time.GetUtcNow())
                _open.TryRemove(hash, out _);

        string token = OpaqueToken.New();
        _open[KeyOf(token)] = time.GetUtcNow() + Lifetime;
        return token;
    }

    /// <summary>Uses up a token. False if it never was, has been used, or is too old; of two callers at once, one gets true.</summary>
    public bool TryRedeem(string? token) =>
        OpaqueToken.HasShape(token) && _open.TryRemove(KeyOf(token!), out DateTimeOffset expires) && time.GetUtcNow() < expires;

    private static string KeyOf(string token) => Convert.ToHexString(OpaqueToken.HashOf(token));
}
