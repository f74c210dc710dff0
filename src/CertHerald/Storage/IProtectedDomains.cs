using CertHerald.Names.Lookalikes;

namespace CertHerald.Storage;

/// <summary>
/// Domains whose imitations are looked for, as far as they were set through an API, and names that somebody allowed. Those of the
/// configuration stand there only. A part of <see cref="IStore"/>, and kept as durably.
/// </summary>
internal interface IProtectedDomains
{
    /// <summary>Those of one owner, or of all, by owner and name.</summary>
    /// <param name="owner">See <see cref="StoredProtectedDomain.Owner"/>; null: all.</param>
    Task<IReadOnlyList<StoredProtectedDomain>> ProtectedDomainsAsync(string? owner, CancellationToken cancellation);

    /// <summary>Protects a domain, or gives one that is protected new settings: it keeps its id and time.</summary>
    /// <returns>Whether it is new.</returns>
    Task<bool> PutProtectedDomainAsync(string owner, ProtectedDomain domain, CancellationToken cancellation);

    /// <summary>
    /// Removes some of an owner's domains, then adds others, all or nothing. What is there already keeps its settings, id and time;
    /// what is not there need not be removed.
    /// </summary>
    Task ChangeProtectedDomainsAsync(string owner, IReadOnlyCollection<string> remove, IReadOnlyCollection<ProtectedDomain> add, CancellationToken cancellation);

    /// <returns>False if it was not there.</returns>
    Task<bool> RemoveProtectedDomainAsync(string owner, string name, CancellationToken cancellation);

    /// <summary>Names that were allowed by hand, by owner, domain and name: also for domains of the configuration.</summary>
    Task<IReadOnlyList<AllowedName>> AllowedNamesAsync(CancellationToken cancellation);

    /// <summary>Allows names with all below them, and closes the look-alikes that they cover: all of it or nothing.</summary>
    /// <returns>False if all were allowed: they keep their times.</returns>
    Task<bool> AllowNamesAsync(IReadOnlyCollection<AllowedName> allowed, CancellationToken cancellation);

    /// <inheritdoc cref="AllowNamesAsync"/>
    Task<bool> AllowNameAsync(AllowedName allowed, CancellationToken cancellation) => AllowNamesAsync([allowed], cancellation);

    /// <summary>Allows a name no more, and opens again the look-alikes that only it had closed: both or neither.</summary>
    /// <returns>False if it was not there.</returns>
    Task<bool> DisallowNameAsync(string owner, string domain, string name, CancellationToken cancellation);
}

/// <summary>A protected domain that was set through an API.</summary>
/// <param name="Id">Given once, never again: what Meta's <c>subscribed_domains_phishing</c> shows.</param>
/// <param name="Owner">Whose it is: <see cref="ProtectedDomainOwners"/>. What one owner has says nothing to another.</param>
internal sealed record StoredProtectedDomain(long Id, string Owner, ProtectedDomain Domain, DateTimeOffset Added);

/// <summary>A name that is no look-alike of a domain, by somebody's word, with all below it.</summary>
/// <param name="Domain">The protected domain's name.</param>
internal sealed record AllowedName(string Owner, string Domain, string Name, DateTimeOffset Added);

/// <summary>Owners of protected domains. The texts are database values: never change one.</summary>
internal static class ProtectedDomainOwners
{
    /// <summary>Whoever runs the service: by configuration, command line and API.</summary>
    public const string Operator = "";

    /// <summary>A Meta app, by its <c>subscribed_domains_phishing</c>.</summary>
    public static string App(string id) => "app:" + id;
}
