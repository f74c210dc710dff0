namespace CertHerald.Storage;

/// <summary>Copies of the whole store. A part of <see cref="IStore"/>.</summary>
internal interface IBackup
{
    /// <summary>
    /// Everything as it stands at one moment, while others write. The key of secrets is not in it: whoever finds a backup must not
    /// find both.
    /// </summary>
    /// <returns>Null where the store's own server makes better copies.</returns>
    Task<Stream?> BackUpAsync(CancellationToken cancellation);
}
