using CertHerald.Storage.Secrets;

namespace CertHerald.Storage.Postgres;

/// <summary>What is encrypted at rest, and the change of its key. Keys lie in a file of each node: all nodes must have the same.</summary>
internal sealed partial class PostgresStore
{
    private const string WebhookTable = "added_webhook";

    /// <summary>Every column that holds boxes. Their tables' ids are never given out twice.</summary>
    private static readonly (string Table, string Column)[] Boxes =
        [(WebhookTable, "url"), (WebhookTable, "headers"), (WebhookTable, "secrets"), (WebhookTable, "tls"), (AppTable, "secrets"), (AppTable, "subscription"), (AppTable, "callbacks")];

    public Task<bool> AddKeyAsync(bool besideOld, CancellationToken cancellation)
    {
        // The file is not part of the transaction: asked again, it has the key already.
        bool isAdded = false;
        return WriteAsync(
            async session =>
            {
                if (isAdded) return true;
                await LockSecretsAsync(session);
                if ((await StaleAsync(session, atMost: 1)).Count > 0 || (_secrets.Count > 1 && !besideOld)) return false;
                _secrets.Add();
                return isAdded = true;
            },
            cancellation);
    }

    public Task<int> EncryptAnewAsync(int atMost, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            await LockSecretsAsync(session);
            List<(SecretPlace Place, byte[] Box)> stale = await StaleAsync(session, atMost);
            foreach ((SecretPlace place, byte[] box) in stale)
                await session.RunAsync($"UPDATE {place.Table} SET {place.Column} = @box WHERE id = @id", ("@id", place.Row), ("@box", _secrets.Seal(place, _secrets.Open(place, box))));
            return stale.Count;
        },
        cancellation);

    public async Task<int?> DropOldKeysAsync(CancellationToken cancellation)
    {
        // Only once it is committed that nothing needs them: a transaction that is taken back would.
        (bool isNeeded, byte[]? newest) = await WriteAsync(
            async session =>
            {
                await LockSecretsAsync(session);
                return ((await StaleAsync(session, atMost: 1)).Count > 0, _secrets.Header);
            },
            cancellation);
        return isNeeded ? null : _secrets.DropOld(newest);
    }

    /// <summary>One at a time, on whichever node; and on none whose file lacks a key: what it wrote, the others could not read.</summary>
    private async Task LockSecretsAsync(PostgresSession session)
    {
        await session.LockAsync(PostgresLock.Secrets);
        await FindLostAsync(session, _secrets, forgotten: null, _time.GetUtcNow());
    }

    /// <summary>Looks for secrets whose key is not there.</summary>
    /// <param name="forgotten">Null refuses such a database; otherwise they are removed, and what they belonged to is named here.</param>
    /// <exception cref="SecretKeyException">There are some.</exception>
    private static async Task FindLostAsync(PostgresSession session, SecretKeys keys, List<string>? forgotten, DateTimeOffset now)
    {
        var lost = new List<SecretPlace>();
        foreach ((string table, string column) in Boxes)
            lost.AddRange((await session.AllAsync($"SELECT id, {column} FROM {table} WHERE {column} IS NOT NULL", row => (Place: new SecretPlace(table, column, row.GetInt64(0)), Box: row.Bytes(1))))
                .Where(one => !keys.Knows(one.Box)).Select(one => one.Place));
        if (lost.Count > 0 && forgotten is null) throw keys.Missing(lost.Count);
        foreach ((string table, long id) in lost.Select(place => (place.Table, place.Row)).Distinct())
        {
            if (table == AppTable) await RemoveOwnedAsync(session, await session.SingleAsync("SELECT number FROM app WHERE id = @id", row => row.GetInt64(0), ("@id", id)), now);
            forgotten!.Add(await session.SingleAsync($"DELETE FROM {table} WHERE id = @id RETURNING {NameIn(table)}", row => row.GetString(0), ("@id", id)));
        }
    }

    /// <summary>What a row with secrets is called: an app as its webhook is.</summary>
    private static string NameIn(string table) => table == AppTable ? "'app:' || number" : "name";

    /// <summary>Those that are not under the newest key.</summary>
    private async Task<List<(SecretPlace Place, byte[] Box)>> StaleAsync(PostgresSession session, int atMost)
    {
        var stale = new List<(SecretPlace, byte[])>();
        if (_secrets.Header is not { } header) return stale;
        foreach ((string table, string column) in Boxes)
            stale.AddRange(await session.AllAsync(
                $"SELECT id, {column} FROM {table} WHERE substr({column}, 1, 5) <> @header LIMIT @most",
                row => (new SecretPlace(table, column, row.GetInt64(0)), row.Bytes(1)), ("@header", header), ("@most", atMost - stale.Count)));
        return stale;
    }
}
