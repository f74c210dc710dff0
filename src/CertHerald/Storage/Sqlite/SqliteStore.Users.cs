namespace CertHerald.Storage.Sqlite;

/// <summary>Who may sign in with a password.</summary>
internal sealed partial class SqliteStore
{
    public Task<bool> SetPasswordAsync(StoredUser user, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            session.Run("DELETE FROM session WHERE user = @name", ("@name", user.Name));
            if (session.Run("UPDATE user SET password = @password, changed = @changed WHERE name = @name",
                ("@name", user.Name), ("@password", user.Password), ("@changed", user.Changed)) > 0) return false;
            session.Run("INSERT INTO user (name, password, changed) VALUES (@name, @password, @changed)",
                ("@name", user.Name), ("@password", user.Password), ("@changed", user.Changed));
            return true;
        },
        cancellation);

    public Task<StoredUser?> FindUserAsync(string name, CancellationToken cancellation) => ReadAsync(
        session => session.First("SELECT name, password, changed FROM user WHERE name = @name", ReadUser, ("@name", name)),
        cancellation);

    public async Task<IReadOnlyList<StoredUser>> UsersAsync(CancellationToken cancellation) => await ReadAsync(
        session => session.All("SELECT name, password, changed FROM user ORDER BY name", ReadUser),
        cancellation);

    public Task<bool> RemoveUserAsync(string name, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            session.Run("DELETE FROM session WHERE user = @name", ("@name", name));
            return session.Run("DELETE FROM user WHERE name = @name", ("@name", name)) > 0;
        },
        cancellation);

    private static StoredUser ReadUser(Microsoft.Data.Sqlite.SqliteDataReader row) => new(row.GetString(0), row.GetString(1), row.Time(2));
}
