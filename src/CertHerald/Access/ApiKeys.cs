using System.Buffers;
using System.Security.Cryptography;
using CertHerald.Storage;

namespace CertHerald.Access;

/// <summary>
/// Keys of programs: <c>chk_</c>, eight characters that tell keys apart, <c>_</c>, and 256 random bits. Shown when made and never
/// again: the store holds their hash.
/// </summary>
internal sealed partial class ApiKeys(IApiKeys store, TimeProvider time, ILogger<ApiKeys> logger)
{
    /// <summary>Use is noted this often: not every request costs a durable write.</summary>
    public static readonly TimeSpan NotedEvery = TimeSpan.FromMinutes(1);

    private const string Start = "chk_", Alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
    private static readonly SearchValues<char> Letters = SearchValues.Create(Alphabet);
    private const int NameLength = 8, PrefixLength = 12, SecretLength = 43;

    // Compared with where no key is found, so that an unknown one takes as long as a wrong one.
    private static readonly byte[] NoHash = new byte[SHA256.HashSizeInBytes];

    /// <summary>Makes a key.</summary>
    /// <returns>The key's text, which exists only here, and what is kept.</returns>
    public async Task<(string Text, StoredApiKey Key)> CreateAsync(string name, IEnumerable<Scope> scopes, DateTimeOffset? expires)
    {
        while (true)
        {
            string prefix = Start + RandomNumberGenerator.GetString(Alphabet, NameLength);
            string text = $"{prefix}_{OpaqueToken.New()}";
            var key = new StoredApiKey(prefix, OpaqueToken.HashOf(text), name, [.. scopes.Distinct().Order().Select(Scopes.NameOf)], time.GetUtcNow(), expires);
            AuditNote.About(prefix);
            if (await store.AddApiKeyAsync(key, CancellationToken.None)) return (text, key);
        }
    }

    /// <summary>Who shows this key; null if it is none, or has been revoked, or has expired.</summary>
    public async Task<Caller.Key?> FindAsync(string? text, CancellationToken cancellation)
    {
        if (!HasShape(text)) return null;
        DateTimeOffset now = time.GetUtcNow();
        StoredApiKey? key = await store.FindApiKeyAsync(text![..PrefixLength], cancellation);
        bool fits = CryptographicOperations.FixedTimeEquals(OpaqueToken.HashOf(text), key?.Hash ?? NoHash);
        if (key is null || !fits || StateOf(key, now) != ApiKeyState.Active) return null;

        if (key.LastUsed is not { } used || now - used >= NotedEvery) await NoteUseAsync(key, now, cancellation);
        // A scope that a newer version gave is none that this one knows: the key has the others.
        return new Caller.Key(key.Prefix, [.. key.Scopes.Select(Scopes.Read).OfType<Scope>()]);
    }

    public Task<IReadOnlyList<StoredApiKey>> ListAsync(CancellationToken cancellation) => store.ApiKeysAsync(cancellation);

    /// <summary>Ends a key: the next request with it is refused.</summary>
    /// <returns>What is kept of it; null if there is none.</returns>
    public async Task<StoredApiKey?> RevokeAsync(string prefix)
    {
        await store.RevokeApiKeyAsync(prefix, time.GetUtcNow(), CancellationToken.None);
        return await store.FindApiKeyAsync(prefix, CancellationToken.None);
    }

    public ApiKeyState StateOf(StoredApiKey key) => StateOf(key, time.GetUtcNow());

    private static ApiKeyState StateOf(StoredApiKey key, DateTimeOffset now) =>
        key.Revoked is not null ? ApiKeyState.Revoked : key.Expires <= now ? ApiKeyState.Expired : ApiKeyState.Active;

    private static bool HasShape(string? text) =>
        text is { Length: PrefixLength + 1 + SecretLength } && text.StartsWith(Start, StringComparison.Ordinal) && text[PrefixLength] == '_'
        && text.AsSpan(Start.Length, NameLength).IndexOfAnyExcept(Letters) < 0 && OpaqueToken.HasShape(text[(PrefixLength + 1)..]);

    private async Task NoteUseAsync(StoredApiKey key, DateTimeOffset now, CancellationToken cancellation)
    {
        try
        {
            await store.UseApiKeyAsync(key.Prefix, now, cancellation);
        }
        catch (StoreException failure)
        {
            // A full disk must not shut out whoever asks what is wrong.
            LogUnnoted(failure, key.Prefix);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The use of API key {Prefix} could not be noted")]
    private partial void LogUnnoted(Exception failure, string prefix);
}

internal enum ApiKeyState { Active, Expired, Revoked }
