namespace CertHerald.Storage;

/// <summary>Who may sign in to the console with a password, and who is signed in. A part of <see cref="IStore"/>, and kept as durably.</summary>
internal interface IUsers
{
    /// <summary>Sets a user's password and ends every session that began with the one before, together.</summary>
    /// <returns>True if the user is new.</returns>
    Task<bool> SetPasswordAsync(StoredUser user, CancellationToken cancellation);

    /// <summary>Null if there is none.</summary>
    Task<StoredUser?> FindUserAsync(string name, CancellationToken cancellation);

    /// <summary>All of them, by name.</summary>
    Task<IReadOnlyList<StoredUser>> UsersAsync(CancellationToken cancellation);

    /// <summary>Removes a user and ends the user's sessions, together.</summary>
    /// <returns>False if there is none.</returns>
    Task<bool> RemoveUserAsync(string name, CancellationToken cancellation);

    /// <summary>Remembers a console session by the hash of its id.</summary>
    Task AddSessionAsync(byte[] idHash, DateTimeOffset created, DateTimeOffset expires, CancellationToken cancellation);

    /// <summary>The same for a user who showed a password.</summary>
    /// <returns>False if that is no longer the user's: it was changed while it was being checked.</returns>
    Task<bool> AddSessionAsync(byte[] idHash, StoredUser user, DateTimeOffset created, DateTimeOffset expires, CancellationToken cancellation);

    /// <summary>The same for somebody whom others vouch for, and who is no user of ours.</summary>
    /// <param name="user">Kept as it is; never a user's name.</param>
    Task AddForeignSessionAsync(byte[] idHash, string user, DateTimeOffset created, DateTimeOffset expires, CancellationToken cancellation);

    /// <summary>A session that has been used within <paramref name="idle"/> and has not expired; else null.</summary>
    Task<StoredSession?> FindSessionAsync(byte[] idHash, DateTimeOffset now, TimeSpan idle, CancellationToken cancellation);

    /// <summary>Whether a session exists, has been used within <paramref name="idle"/>, and has not expired; marks it as used.</summary>
    Task<bool> TouchSessionAsync(byte[] idHash, DateTimeOffset now, TimeSpan idle, CancellationToken cancellation);

    /// <summary>Forgets a session.</summary>
    Task RemoveSessionAsync(byte[] idHash, CancellationToken cancellation);
}

/// <param name="Password">Its hash, with what it takes to compute it again.</param>
internal sealed record StoredUser(string Name, string Password, DateTimeOffset Changed);

/// <param name="User">A user's name, or what was kept of somebody else; null if it began with a link.</param>
internal sealed record StoredSession(string? User, DateTimeOffset Used);
