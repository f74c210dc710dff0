using System.Text.Json.Serialization;

namespace CertHerald.Storage;

/// <summary>
/// Apps: tenants with a number, secrets, domains and callbacks of their own, secrets and callbacks encrypted. A
/// part of <see cref="IStore"/>, and kept as durably.
/// </summary>
internal interface IApps
{
    /// <summary>All of them, by number.</summary>
    /// <exception cref="Secrets.SecretKeyException">One cannot be decrypted.</exception>
    Task<IReadOnlyList<StoredApp>> AppsAsync(CancellationToken cancellation);

    /// <returns>False if the number is taken: nothing was changed.</returns>
    Task<bool> AddAppAsync(StoredApp app, CancellationToken cancellation);

    /// <summary>Puts its secrets, callbacks and options in place of those of its number, as the next revision.</summary>
    /// <returns>False if there is none, or it is of another revision by now: nothing was changed.</returns>
    Task<bool> ReplaceAppAsync(StoredApp app, CancellationToken cancellation);

    /// <summary>
    /// Removes an app with all that is its own: domains, look-alikes, what it allowed. What its webhook is owed is called off: whoever
    /// gets its number later must not be sent it.
    /// </summary>
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
/// <param name="Subscription">The first callback, which its owner changes by its own API; null: there is none. Encrypted.</param>
internal sealed record StoredApp(long Id, string Name, DateTimeOffset Created, IReadOnlyList<StoredSecret> Secrets, AppSubscription? Subscription)
{
    public AppOptions Options { get; init; } = new();

    /// <summary>Where it is told besides, each under a name of its own. Encrypted.</summary>
    public IReadOnlyList<AppSubscription> Callbacks { get; init; } = [];

    /// <summary>How often it was changed. A change says which one it was made from: nobody's is undone unseen.</summary>
    public long Revision { get; init; }

    /// <summary>The number: printed by accident, it must not show its secrets.</summary>
    public override string ToString() => Id.ToString(System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>What an app has by choice. Kept as JSON: members may be added, never renamed.</summary>
internal sealed record AppOptions
{
    /// <summary>Events in one body, at most.</summary>
    public int MaxBatch { get; init; } = 1;

    /// <summary>Whether every status from 200 to 299 counts as delivered.</summary>
    public bool AcceptAny2xx { get; init; }

    /// <summary>Whether bodies carry evidence.</summary>
    public bool Evidence { get; init; }

    /// <summary>Bytes of a body about several events, at most.</summary>
    public int MaxBatchBytes { get; init; } = 100_000;

    /// <summary>Whether it hears only of certificates that nobody authorised.</summary>
    public bool UnknownOnly { get; init; }

    /// <summary>Whether what was logged before it subscribed to the domain is told to nobody.</summary>
    public bool SilentBaseline { get; init; }

    /// <summary>Names that are no look-alikes to it, with all below them.</summary>
    public IReadOnlyList<string> Allow { get; init; } = [];
}

/// <summary>Where an app is told, and of what.</summary>
/// <param name="Url">Whole: it may hold a secret.</param>
/// <param name="Events">Kinds of event; empty: <see cref="IsInForce"/>.</param>
/// <param name="Version">Of the protocol, as its owner wrote it in front of the address: told back to him.</param>
internal sealed record AppSubscription(string Url, string Dialect, IReadOnlyList<string> Events, bool IncludeValues, string Version)
{
    /// <summary>Not so when its owner has taken it away: what whoever runs the service gave it waits for him to come back to the same place.</summary>
    [JsonIgnore]
    public bool IsInForce => Events.Count > 0;

    /// <summary>Empty for the first one.</summary>
    public string Name { get; init; } = "";

    /// <summary>What its receiver knows us by, and we it; null: nothing of its own.</summary>
    public StoredTls? Tls { get; init; }

    /// <summary>What its requests are signed with beside the app's secret, newest first; empty: nothing.</summary>
    public IReadOnlyList<StoredSecret> Secrets { get; init; } = [];

    /// <summary>The record's own equality compares lists by identity.</summary>
    public static bool AreSame(AppSubscription? one, AppSubscription? other) => one is null || other is null
        ? one is null && other is null
        : one with { Events = other.Events, Secrets = other.Secrets } == other && one.Events.SequenceEqual(other.Events) && one.Secrets.SequenceEqual(other.Secrets);

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
