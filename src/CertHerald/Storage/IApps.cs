namespace CertHerald.Storage;

/// <summary>
/// Apps: tenants with a number, secrets, domains and at most one subscription of their own, secrets and callback encrypted. A
/// part of <see cref="IStore"/>, and kept as durably.
/// </summary>
internal interface IApps
{
    /// <summary>All of them, by number.</summary>
    /// <exception cref="Secrets.SecretKeyException">One cannot be decrypted.</exception>
    Task<IReadOnlyList<StoredApp>> AppsAsync(CancellationToken cancellation);

    /// <returns>False if the number is taken: nothing was changed.</returns>
    Task<bool> AddAppAsync(StoredApp app, CancellationToken cancellation);

    /// <returns>False if there is no such app.</returns>
    Task<bool> ReplaceAppSecretsAsync(long app, IReadOnlyList<StoredSecret> secrets, CancellationToken cancellation);

    /// <param name="subscription">Null removes it.</param>
    /// <returns>False if there is no such app.</returns>
    Task<bool> ReplaceAppSubscriptionAsync(long app, AppSubscription? subscription, CancellationToken cancellation);

    /// <summary>Removes an app with all that is its own.</summary>
    /// <returns>False if it was not there.</returns>
    Task<bool> RemoveAppAsync(long app, CancellationToken cancellation);

    /// <summary>The domains of all apps, by id.</summary>
    Task<IReadOnlyList<DomainOfApp>> AppDomainsAsync(CancellationToken cancellation);

    /// <summary>Changes an app's domains: all that is asked, or nothing. One that is there already keeps its id.</summary>
    /// <param name="without">Taken away first.</param>
    /// <param name="most">So many it may have afterwards.</param>
    Task<AppDomainsChange> ChangeAppDomainsAsync(
        long app, IReadOnlyList<string> without, IReadOnlyList<string> with, int most, DateTimeOffset now, CancellationToken cancellation);
}

/// <summary>A tenant.</summary>
/// <param name="Id">Its number, which its owner and its receivers know; positive.</param>
/// <param name="Name">For people.</param>
/// <param name="Secrets">Newest first; the newest has no end. Encrypted.</param>
/// <param name="Subscription">Null: nobody is told. Encrypted.</param>
internal sealed record StoredApp(long Id, string Name, DateTimeOffset Created, IReadOnlyList<StoredSecret> Secrets, AppSubscription? Subscription)
{
    /// <summary>The number: printed by accident, it must not show its secrets.</summary>
    public override string ToString() => Id.ToString(System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>Where an app is told, and of what.</summary>
/// <param name="Url">Whole: it may hold a secret.</param>
/// <param name="Events">Kinds of event.</param>
/// <param name="Version">Of the protocol, as its owner wrote it in front of the address: told back to him.</param>
internal sealed record AppSubscription(string Url, string Dialect, IReadOnlyList<string> Events, bool IncludeValues, string Version)
{
    public override string ToString() => Dialect;
}

/// <summary>A domain that an app has subscribed to.</summary>
/// <param name="Id">Its own: one that is given up and subscribed to again has another.</param>
/// <param name="Item">The watch item, in canonical form.</param>
internal sealed record DomainOfApp(long Id, long App, string Item, DateTimeOffset Added);

/// <summary>What became of a change of an app's domains.</summary>
internal enum AppDomainsChange
{
    Done,
    NoSuchApp,
    TooMany,
}
