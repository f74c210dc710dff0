using CertHerald.Storage.Secrets;

namespace CertHerald.Storage.Sqlite;

/// <summary>What is encrypted at rest, and the change of its key.</summary>
internal sealed partial class SqliteStore
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
            session =>
            {
                if (isAdded) return true;
                if (Stale(session, atMost: 1).Count > 0 || (_secrets.Count > 1 && !besideOld)) return false;
                _secrets.Add();
                return isAdded = true;
            },
            cancellation);
    }

    public Task<int> EncryptAnewAsync(int atMost, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            List<(SecretPlace Place, byte[] Box)> stale = Stale(session, atMost);
            foreach ((SecretPlace place, byte[] box) in stale)
                session.Run($"UPDATE {place.Table} SET {place.Column} = @box WHERE id = @id", ("@id", place.Row), ("@box", _secrets.Seal(place, _secrets.Open(place, box))));
            return stale.Count;
        },
        cancellation);

    public async Task<int?> DropOldKeysAsync(CancellationToken cancellation)
    {
        // Only once it is on disk that nothing needs them: a transaction that is taken back would.
        (bool isNeeded, byte[]? newest) = await WriteAsync(session => (Stale(session, atMost: 1).Count > 0, _secrets.Header), cancellation);
        return isNeeded ? null : _secrets.DropOld(newest);
    }

    /// <summary>Looks for secrets whose key is not there.</summary>
    /// <param name="forgotten">Null refuses such a database; otherwise they are removed, and what they belonged to is named here.</param>
    /// <exception cref="SecretKeyException">There are some.</exception>
    private static void FindLost(SqliteSession session, SecretKeys keys, List<string>? forgotten, DateTimeOffset now)
    {
        List<(SecretPlace Place, byte[] Box)> lost = [.. Boxes.SelectMany(one => All(session, one)).Where(one => !keys.Knows(one.Box))];
        if (lost.Count > 0 && forgotten is null) throw keys.Missing(lost.Count);
        foreach ((string table, long id) in lost.Select(one => (one.Place.Table, one.Place.Row)).Distinct())
        {
            if (table == AppTable) RemoveOwned(session, session.Single("SELECT number FROM app WHERE id = @id", row => row.GetInt64(0), ("@id", id)), now);
            forgotten!.Add(session.Single($"SELECT {NameIn(table)} FROM {table} WHERE id = @id", row => row.GetString(0), ("@id", id)));
            session.Run($"DELETE FROM {table} WHERE id = @id", ("@id", id));
        }
    }

    /// <summary>What a row with secrets is called: an app as its webhook is.</summary>
    private static string NameIn(string table) => table == AppTable ? "'app:' || number" : "name";

    private static List<(SecretPlace Place, byte[] Box)> All(SqliteSession session, (string Table, string Column) of) => session.All(
        $"SELECT id, {of.Column} FROM {of.Table} WHERE {of.Column} IS NOT NULL", row => (new SecretPlace(of.Table, of.Column, row.GetInt64(0)), row.Bytes(1)));

    /// <summary>Those that are not under the newest key.</summary>
    private List<(SecretPlace Place, byte[] Box)> Stale(SqliteSession session, int atMost) => _secrets.Header is not { } header ? [] :
    [
        .. Boxes.SelectMany(one => session.All(
            $"SELECT id, {one.Column} FROM {one.Table} WHERE substr({one.Column}, 1, 5) <> @header LIMIT @most",
            row => (new SecretPlace(one.Table, one.Column, row.GetInt64(0)), row.Bytes(1)), ("@header", header), ("@most", atMost))).Take(atMost),
    ];
}
