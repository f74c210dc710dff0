namespace CertHerald.Storage.Postgres;

/// <summary>Watch items that were added through the API.</summary>
internal sealed partial class PostgresStore
{
    public async Task<IReadOnlyList<AddedItem>> AddedItemsAsync(CancellationToken cancellation) => await ReadAsync(
        session => session.AllAsync("SELECT text, added, enabled FROM watch_item ORDER BY text", row => new AddedItem(row.GetString(0), row.Time(1), row.GetBoolean(2))),
        cancellation);

    public Task<bool> AddItemAsync(AddedItem item, CancellationToken cancellation) => WriteAsync(
        async session => await session.RunAsync("INSERT INTO watch_item (text, added, enabled) VALUES (@text, @added, @enabled) ON CONFLICT DO NOTHING",
            ("@text", item.Text), ("@added", item.Added), ("@enabled", item.Enabled)) > 0,
        cancellation);

    public Task<bool> EnableItemAsync(string text, bool enabled, CancellationToken cancellation) => WriteAsync(
        async session => await session.RunAsync("UPDATE watch_item SET enabled = @enabled WHERE text = @text", ("@text", text), ("@enabled", enabled)) > 0,
        cancellation);

    public Task<bool> RemoveItemAsync(string text, CancellationToken cancellation) => WriteAsync(
        async session => await session.RunAsync("DELETE FROM watch_item WHERE text = @text", ("@text", text)) > 0,
        cancellation);
}
