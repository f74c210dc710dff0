using CertHerald.Deciding;
using CertHerald.Inspecting;

namespace CertHerald.Storage;

/// <summary>
/// The user's names that certificates have shown, each with the certificate that covers it longest. Written with the findings that
/// show them. A part of <see cref="IStore"/>, and kept as durably.
/// </summary>
internal interface IWatchedNames
{
    /// <summary>Names by name; or those whose certificate ends soon without another, by its end.</summary>
    Task<IReadOnlyList<WatchedName>> WatchedNamesAsync(WatchedNameQuery query, CancellationToken cancellation);

    Task<WatchedNameCounts> CountWatchedNamesAsync(DateTimeOffset now, TimeSpan window, CancellationToken cancellation);

    /// <summary>Completes what a wildcard covers, where it covers more names than its commit changed. Again, it changes nothing.</summary>
    /// <returns>Names that are covered longer now, at most as many as asked for.</returns>
    Task<int> CoverNamesAsync(int most, CancellationToken cancellation);

    /// <summary>Owes channels one notice, and notes which ends were told: of one name and certificate once. One transaction.</summary>
    /// <param name="untold">Names as they were found. Those that were told or renewed meanwhile are left out.</param>
    /// <param name="draft">What is told of the others; pure, for it may be asked twice. Null: they are noted, and nobody is told.</param>
    /// <returns>Deliveries that are now owed.</returns>
    Task<int> TellRenewalsAsync(IReadOnlyList<WatchedName> untold, Func<IReadOnlyList<WatchedName>, NoticeDraft?> draft, IReadOnlyList<string> channels, CancellationToken cancellation);
}

/// <summary>A name, and the certificate that covers it longest, literally or by a wildcard.</summary>
/// <param name="MonitoredDomain">What it is watched as.</param>
/// <param name="Discovered">When the first certificate for it was found.</param>
/// <param name="Issuance">The certificate's issuance.</param>
internal sealed record WatchedName(string DnsName, string MonitoredDomain, DateTimeOffset Discovered, long Issuance, DateTimeOffset NotAfter, CertificateFacts Certificate)
{
    public Revocation Revocation { get; init; } = Revocation.Unknown;

    /// <summary>By a wildcard, and not by its own name.</summary>
    public bool IsByWildcard => !Certificate.DnsNames.Contains(DnsName, StringComparer.Ordinal) && !Certificate.IpAddresses.Contains(DnsName, StringComparer.Ordinal);
}

/// <summary>Which names are asked for.</summary>
/// <param name="Limit">At most this many; at least 1.</param>
internal sealed record WatchedNameQuery(int Limit)
{
    /// <summary>Only those that are watched as this; null: all.</summary>
    public string? MonitoredDomain { get; init; }

    /// <summary>Only those behind this one, in the order that is asked for; null: from the first.</summary>
    public (DateTimeOffset NotAfter, string DnsName)? After { get; init; }

    /// <summary>Only those whose renewal is missing, soonest end first; null: all, by name.</summary>
    public RenewalWindow? Missing { get; init; }
}

/// <summary>Which renewals are missing.</summary>
/// <param name="Window">How long before its end a certificate should have a successor. One that is valid for less altogether should have it in the last third of its life.</param>
/// <param name="IsUntold">Only those of which no channel was told.</param>
internal sealed record RenewalWindow(DateTimeOffset Now, TimeSpan Window, bool IsUntold = false);

/// <param name="Missing">Of them, those whose certificate ends soon without another.</param>
/// <param name="Expired">Of them, those without a certificate that is still valid.</param>
internal readonly record struct WatchedNameCounts(long Names, long Missing, long Expired);

/// <summary>What a certificate writes of a name.</summary>
internal sealed record WatchedNameRow(string DnsName, string Parent, string MonitoredDomain, long Issuance, DateTimeOffset NotAfter, TimeSpan Lifetime)
{
    /// <summary>Longest name that DNS has, in characters.</summary>
    private const int Longest = 253;

    /// <summary>Names that one wildcard, or one commit, changes at once: other commits wait for it.</summary>
    public const int MostCovered = 200;

    /// <summary>Whether it stands for the names one label below <see cref="Parent"/>.</summary>
    public bool IsWildcard => DnsName.StartsWith("*.", StringComparison.Ordinal);

    /// <summary>
    /// Of a certificate: its endpoints, and the wildcards that lie in a watched tree, which cover names that are found later. None
    /// for what says not until when it is valid.
    /// </summary>
    public static IReadOnlyList<WatchedNameRow> Of(long issuance, CertificateFacts facts, IReadOnlyList<WatchedEndpoint> endpoints)
    {
        if (facts.NotAfter is not { } end || endpoints.Count == 0) return [];
        TimeSpan lifetime = facts.NotBefore is { } start && start < end ? end - start : TimeSpan.MaxValue;
        string[] trees = [.. endpoints.Select(endpoint => endpoint.MonitoredDomain).Where(domain => domain.StartsWith('.')).Distinct(StringComparer.Ordinal)];
        IEnumerable<(string Name, string Domain)> wildcards =
            from name in facts.DnsNames
            where name.StartsWith("*.", StringComparison.Ordinal)
            let tree = trees.FirstOrDefault(tree => name.AsSpan(1).EndsWith(tree, StringComparison.Ordinal))
            where tree is not null
            select (name, tree);
        return
        [
            .. endpoints.Select(endpoint => (Name: endpoint.DnsName, Domain: endpoint.MonitoredDomain)).Concat(wildcards).Where(one => IsName(one.Name)).DistinctBy(one => one.Name, StringComparer.Ordinal)
                .Select(one => new WatchedNameRow(one.Name, CertificateKeys.ParentOf(one.Name).ToString(), one.Domain, issuance, end, lifetime)),
        ];
    }

    /// <summary>What could be renewed: no pattern but a wildcard for one label, and nothing that is unreadable in part.</summary>
    private static bool IsName(string name) =>
        name.Length is > 0 and <= Longest && !(name.StartsWith("*.", StringComparison.Ordinal) ? name.AsSpan(2) : name).ContainsAny("*?<");
}
