namespace CertHerald.Storage;

/// <summary>Copies of the whole store. A part of <see cref="IStore"/>.</summary>
internal interface IBackup
{
    /// <summary>
    /// Everything as it stands at one moment, while others write. The key of secrets is not in it: whoever finds a backup must not
    /// find both.
    /// </summary>
    /// <returns>Null where the store's own server makes better copies. To be closed: until then there is no other.</returns>
    /// <exception cref="BackupUnderWayException">Another copy was not closed yet.</exception>
    Task<Stream?> BackUpAsync(CancellationToken cancellation);
}
