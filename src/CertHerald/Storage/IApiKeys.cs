namespace CertHerald.Storage;

/// <summary>API keys, by hash. A part of <see cref="IStore"/>, and kept as durably.</summary>
internal interface IApiKeys
{
    /// <returns>False if the prefix is taken.</returns>
    Task<bool> AddApiKeyAsync(StoredApiKey key, CancellationToken cancellation);

    /// <summary>Null if there never was one.</summary>
    Task<StoredApiKey?> FindApiKeyAsync(string prefix, CancellationToken cancellation);

    /// <summary>All of them, revoked ones too, newest first.</summary>
    Task<IReadOnlyList<StoredApiKey>> ApiKeysAsync(CancellationToken cancellation);

    /// <summary>Ends a key for good.</summary>
    /// <returns>False if there is none, or it was revoked before.</returns>
    Task<bool> RevokeApiKeyAsync(string prefix, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>Notes that a key was used.</summary>
    Task UseApiKeyAsync(string prefix, DateTimeOffset now, CancellationToken cancellation);
}

/// <summary>A key as it is kept. Its text is not.</summary>
/// <param name="Prefix">The part that may be shown: it tells keys apart and opens nothing.</param>
/// <param name="Hash">SHA-256 of the whole key.</param>
/// <param name="Scopes">Names, in the order of their rank.</param>
internal sealed record StoredApiKey(
    string Prefix, byte[] Hash, string Name, IReadOnlyList<string> Scopes, DateTimeOffset Created, DateTimeOffset? Expires,
    DateTimeOffset? LastUsed = null, DateTimeOffset? Revoked = null);
