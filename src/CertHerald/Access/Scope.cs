namespace CertHerald.Access;

/// <summary>What an API key may do. One with <see cref="Admin"/> may do everything: it could make itself a key for the rest.</summary>
internal enum Scope
{
    /// <summary>See everything but keys, users and the audit trail.</summary>
    Read,

    /// <summary>Change what is watched, search the past, close incidents.</summary>
    Watch,

    /// <summary>Change webhooks, and test them.</summary>
    Webhooks,

    /// <summary>Send again, hold and resume.</summary>
    Replay,

    /// <summary>Keys, users and the audit trail.</summary>
    Admin,

    /// <summary>Listen to CertStream, which is public, and nothing else: some clients can show a key only in an address.</summary>
    CertStream,
}

/// <summary>On an endpoint: the scope that a key needs for it. The last one counts, so a route may ask for more than its group.</summary>
internal sealed record NeededScope(Scope Scope);

internal static class Scopes
{
    public static IReadOnlyList<Scope> All { get; } = Enum.GetValues<Scope>();

    /// <summary>States who may use these endpoints: the local key, API keys with this scope, and if it is <see cref="Scope.Read"/>, sessions.</summary>
    public static T Needs<T>(this T routes, Scope scope) where T : IEndpointConventionBuilder =>
        routes.RequireAuthorization().WithMetadata(new NeededScope(scope));

    public static string NameOf(Scope scope) => scope.ToString().ToLowerInvariant();

    /// <summary>Reads a scope's name; null if it is none.</summary>
    public static Scope? Read(string? name)
    {
        foreach (Scope scope in All)
            if (string.Equals(NameOf(scope), name, StringComparison.Ordinal))
                return scope;
        return null;
    }
}
