namespace CertHerald.Storage;

/// <summary>Watch items that were added through the API. A part of <see cref="IStore"/>, and kept as durably.</summary>
internal interface IWatchItems
{
    /// <summary>All of them, by text.</summary>
    Task<IReadOnlyList<AddedItem>> AddedItemsAsync(CancellationToken cancellation);

    /// <returns>False if it was there: it stays as it was.</returns>
    Task<bool> AddItemAsync(AddedItem item, CancellationToken cancellation);

    /// <summary>Begins or ends that an item matches. It keeps its time.</summary>
    /// <returns>False if it is not there.</returns>
    Task<bool> EnableItemAsync(string text, bool enabled, CancellationToken cancellation);

    /// <returns>False if it was not there.</returns>
    Task<bool> RemoveItemAsync(string text, CancellationToken cancellation);
}

/// <summary>A watch item and when it was added.</summary>
/// <param name="Text">In canonical form: one item has one text.</param>
/// <param name="Enabled">Whether it matches. One that does not is kept, and no certificate falls under it.</param>
internal sealed record AddedItem(string Text, DateTimeOffset Added, bool Enabled = true);
