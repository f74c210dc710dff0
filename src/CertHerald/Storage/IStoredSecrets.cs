namespace CertHerald.Storage;

/// <summary>What is kept encrypted, and the change of its key. A part of <see cref="IStore"/>.</summary>
internal interface IStoredSecrets
{
    /// <summary>Adds a key that encrypts from now on; not while an earlier one is still being replaced.</summary>
    /// <param name="besideOld">Also if there are old keys that nothing needs any more.</param>
    /// <returns>False if none was added: go on with <see cref="EncryptAnewAsync"/>.</returns>
    Task<bool> AddKeyAsync(bool besideOld, CancellationToken cancellation);

    /// <summary>Encrypts secrets under the newest key that are under another. Killed in between, each is readable still.</summary>
    /// <returns>How many; 0 once all are.</returns>
    Task<int> EncryptAnewAsync(int atMost, CancellationToken cancellation);

    /// <summary>Forgets the keys that nothing is encrypted under.</summary>
    /// <returns>How many; null, and nothing is forgotten, while a secret needs one of them.</returns>
    Task<int?> DropOldKeysAsync(CancellationToken cancellation);
}
