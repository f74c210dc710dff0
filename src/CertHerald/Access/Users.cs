using CertHerald.Storage;

namespace CertHerald.Access;

/// <summary>Who may sign in to the console with a name and a password.</summary>
internal sealed class Users(IUsers store, TimeProvider time) : IDisposable
{
    private const int MostCharacters = 64;

    // A check is meant to be dear: one at a time, so that a flood of them leaves the other processors to the service.
    private readonly SemaphoreSlim _one = new(1, 1);

    public static string? ProblemOfName(string? name) =>
        name is { Length: > 0 and <= MostCharacters } && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or '@')
            ? null
            : $"A user's name has 1 to {MostCharacters} characters: letters a to z, digits, and . - _ @";

    public Task<IReadOnlyList<StoredUser>> ListAsync(CancellationToken cancellation) => store.UsersAsync(cancellation);

    /// <summary>Sets a password that has no problem. Whoever was signed in with the one before is not any more.</summary>
    /// <returns>The user, and whether there was none of the name.</returns>
    public async Task<(StoredUser User, bool IsNew)> SetPasswordAsync(string name, string password, CancellationToken cancellation)
    {
        string hash = await OneByOneAsync(() => Passwords.Hash(password), cancellation);
        var user = new StoredUser(name, hash, time.GetUtcNow());
        return (user, await store.SetPasswordAsync(user, CancellationToken.None));
    }

    /// <summary>The user whose name and password these are; null if they are nobody's.</summary>
    public async Task<StoredUser?> CheckAsync(string? name, string? password, CancellationToken cancellation)
    {
        StoredUser? user = ProblemOfName(name) is null ? await store.FindUserAsync(name!, cancellation) : null;
        if (password is null or { Length: > Passwords.Most }) return null;
        return await OneByOneAsync(() => Passwords.Fits(password, user?.Password), cancellation) ? user : null;
    }

    /// <returns>False if there is none.</returns>
    public Task<bool> RemoveAsync(string name) => store.RemoveUserAsync(name, CancellationToken.None);

    public void Dispose() => _one.Dispose();

    private async Task<T> OneByOneAsync<T>(Func<T> dear, CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            return await Task.Run(dear, CancellationToken.None);
        }
        finally
        {
            _one.Release();
        }
    }
}
