using CertHerald.Storage;

namespace CertHerald.Access;

/// <summary>Who may sign in to the console with a name and a password.</summary>
internal sealed class Users(IUsers store, TimeProvider time) : IDisposable
{
    private const int MostCharacters = 64;

    /// <summary>Checks that may wait for the one under way. Beyond them nobody would still be there for the answer.</summary>
    private const int MostWaiting = 8;

    // A check is meant to be dear: one at a time, so that a flood of them leaves the other processors to the service.
    private readonly SemaphoreSlim _one = new(1, 1);
    private int _checks;

    public static string? ProblemOfName(string? name) =>
        name is { Length: > 0 and <= MostCharacters } && char.IsAsciiLetterOrDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or '@')
            ? null
            : $"A user's name has 1 to {MostCharacters} characters: letters a to z, digits, and . - _ @. It begins with a letter or digit.";

    public Task<IReadOnlyList<StoredUser>> ListAsync(CancellationToken cancellation) => store.UsersAsync(cancellation);

    /// <summary>Sets a password that has no problem. Whoever was signed in with the one before is not any more.</summary>
    /// <returns>The user, and whether there was none of the name.</returns>
    public async Task<(StoredUser User, bool IsNew)> SetPasswordAsync(string name, string password, CancellationToken cancellation)
    {
        string hash = await OneByOneAsync(() => Passwords.Hash(password), cancellation);
        var user = new StoredUser(name, hash, time.GetUtcNow());
        return (user, await store.SetPasswordAsync(user, CancellationToken.None));
    }

    /// <summary>The user whose name and password these are; null if they are nobody's, or if too many others wait to be checked.</summary>
    public async Task<(StoredUser? User, bool IsBusy)> CheckAsync(string? name, string? password, CancellationToken cancellation)
    {
        if (Interlocked.Increment(ref _checks) > 1 + MostWaiting)
        {
            Interlocked.Decrement(ref _checks);
            return (null, IsBusy: true);
        }
        try
        {
            StoredUser? user = ProblemOfName(name) is null ? await store.FindUserAsync(name!, cancellation) : null;
            if (password is null or { Length: > Passwords.Most }) return (null, IsBusy: false);
            return (await OneByOneAsync(() => Passwords.Fits(password, user?.Password), cancellation) ? user : null, IsBusy: false);
        }
        finally
        {
            Interlocked.Decrement(ref _checks);
        }
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
