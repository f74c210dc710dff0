using CertHerald.Storage.Secrets;

namespace CertHerald.Storage.Sqlite;

/// <summary>What is encrypted at rest, and the change of its key.</summary>
internal sealed partial class SqliteStore
{
    private const string WebhookTable = "added_webhook";

    /// <summary>Every column that holds boxes. Their tables' ids are never given out twice.</summary>
    private static readonly (string Table, string Column)[] Boxes = [(WebhookTable, "url"), (WebhookTable, "headers"), (WebhookTable, "secrets")];

    public Task<bool> AddKeyAsync(CancellationToken cancellation) => WriteAsync(
        session =>
        {
            if (AllBoxes(session).Any(one => _secrets.IsStale(one.Box))) return false;
            _secrets.Add();
            return true;
        },
        cancellation);

    public Task<int> EncryptAnewAsync(int atMost, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            List<(SecretPlace Place, byte[] Box)> stale = [.. AllBoxes(session).Where(one => _secrets.IsStale(one.Box)).Take(atMost)];
            foreach ((SecretPlace place, byte[] box) in stale)
                session.Run($"UPDATE {place.Table} SET {place.Column} = @box WHERE id = @id", ("@id", place.Row), ("@box", _secrets.Seal(place, _secrets.Open(place, box))));
            return stale.Count;
        },
        cancellation);

    public Task<int?> DropOldKeysAsync(CancellationToken cancellation) => WriteAsync<int?>(
        session => AllBoxes(session).Any(one => _secrets.IsStale(one.Box)) ? null : _secrets.DropOld(),
        cancellation);

    private static IEnumerable<(SecretPlace Place, byte[] Box)> AllBoxes(SqliteSession session) =>
        Boxes.SelectMany(box => session.All($"SELECT id, {box.Column} FROM {box.Table}", row => (new SecretPlace(box.Table, box.Column, row.GetInt64(0)), row.Bytes(1))));
}
