namespace CertHerald.Storage.Secrets;

/// <summary>The change of the key for secrets at rest, from its beginning or from where it was killed.</summary>
internal static class Rekey
{
    /// <summary>Secrets in one transaction: others who write wait no longer than for that.</summary>
    private const int Batch = 50;

    /// <summary>Encrypts everything under a new key; or ends a change that has begun.</summary>
    /// <param name="dropOld">Whether the old keys are forgotten afterwards. If there are old ones already, no further one is added.</param>
    public static async Task<RekeyOutcome> RunAsync(IStoredSecrets store, bool dropOld, CancellationToken cancellation)
    {
        bool added = await store.AddKeyAsync(besideOld: !dropOld, cancellation);
        int encrypted = await FinishAsync(store, cancellation);
        int? dropped = null;
        // Null while something was stored under an old key meanwhile; nothing is, once the new one stands first.
        while (dropOld && (dropped = await store.DropOldKeysAsync(cancellation)) is null) encrypted += await FinishAsync(store, cancellation);
        return new RekeyOutcome(added, encrypted, dropped);
    }

    /// <summary>Encrypts what a change of keys that was killed left under an old one.</summary>
    /// <returns>How many secrets.</returns>
    public static async Task<int> FinishAsync(IStoredSecrets store, CancellationToken cancellation)
    {
        int all = 0;
        while (await store.EncryptAnewAsync(Batch, cancellation) is > 0 and int some) all += some;
        return all;
    }
}

/// <summary>What a change of keys did.</summary>
/// <param name="Added">A key was added; false: an earlier change was brought to its end.</param>
/// <param name="Encrypted">Secrets that were encrypted anew.</param>
/// <param name="Dropped">Keys that were forgotten; null if that was not asked for.</param>
internal sealed record RekeyOutcome(bool Added, int Encrypted, int? Dropped);
