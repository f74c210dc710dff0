namespace CertHerald.Storage.Sqlite;

/// <summary>Watch items that were added through the API.</summary>
internal sealed partial class SqliteStore
{
    public async Task<IReadOnlyList<AddedItem>> AddedItemsAsync(CancellationToken cancellation) => await ReadAsync(
        session => session.All("SELECT text, added, enabled FROM watch_item ORDER BY text", row => new AddedItem(row.GetString(0), row.Time(1), row.GetBoolean(2))),
        cancellation);

    public Task<bool> AddItemAsync(AddedItem item, CancellationToken cancellation) => WriteAsync(
        session => session.Run("INSERT INTO watch_item (text, added, enabled) VALUES (@text, @added, @enabled) ON CONFLICT DO NOTHING",
            ("@text", item.Text), ("@added", item.Added), ("@enabled", item.Enabled)) > 0,
        cancellation);

    public Task<bool> EnableItemAsync(string text, bool enabled, CancellationToken cancellation) => WriteAsync(
        session => session.Run("UPDATE watch_item SET enabled = @enabled WHERE text = @text", ("@text", text), ("@enabled", enabled)) > 0,
        cancellation);

    public Task<bool> RemoveItemAsync(string text, CancellationToken cancellation) => WriteAsync(
        session => session.Run("DELETE FROM watch_item WHERE text = @text", ("@text", text)) > 0,
        cancellation);
}
