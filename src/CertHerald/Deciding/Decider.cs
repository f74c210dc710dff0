using System.Diagnostics;
using CertHerald.Inspecting;
using CertHerald.Names;

namespace CertHerald.Deciding;

/// <summary>A webhook, as far as deciding needs it: its name and what it wants.</summary>
/// <param name="Only">What of the watch list it is told of; null: all that is not tenants'.</param>
internal sealed record Subscription(string Webhook, IReadOnlyList<string> Events, WatchedPart? Only = null)
{
    /// <summary>Whose protected domains it hears of, as <see cref="LookalikeMatch.Owner"/>.</summary>
    public string Owner { get; init; } = "";

    /// <summary>Its dialect tells of one protected domain at a time, and of all that imitates it in one certificate.</summary>
    public bool TellsByDomain { get; init; }

    /// <summary>By protected domain of its owner, what was logged before is told to nobody; null: it is told whenever it was logged.</summary>
    public Func<string, DateTimeOffset>? ProtectedSince { get; init; }

    /// <param name="isOwn">Something that the certificate is for is no tenant's alone.</param>
    public bool Takes(string kind, MatchFinding about, bool isOwn) => Events.Contains(kind) && (Only is null ? isOwn : Only.Concerns(about));

    /// <summary>Whether something that the certificate imitates is new enough for it.</summary>
    public bool HearsOfLookalikesIn(MatchFinding match) => Events.Contains(EventKinds.Lookalike)
        && (ProtectedSince is null || match.Lookalikes.Any(one => one.Owner == Owner && IsNew(one, match.Logged)));

    /// <summary>Whether an imitation of a domain of its owner was logged since that domain was protected, or it is told of older ones too.</summary>
    public bool IsNew(LookalikeMatch lookalike, DateTimeOffset logged) => ProtectedSince is not { } since || since(lookalike.Domain) <= logged;
}

/// <summary>Judges findings: known or not, and who is owed what. Pure; what it needs from the store is handed in.</summary>
/// <param name="issuers">Whose keys they are; null: the table that the program carries.</param>
/// <param name="owned">The part of the watch list that is no tenant's; without one, or where it gives null, all of it is.</param>
internal sealed class Decider(Func<KnownCertificates> known, Func<IEnumerable<Subscription>> subscriptions, IssuerDirectory? issuers = null, Func<WatchList?>? owned = null)
{
    /// <summary>The same for what is looked for in the past: whoever asked for it watches it.</summary>
    public Decider ForSearch() => new(known, subscriptions, issuers);

    /// <summary>
    /// The finding without the imitations that all who listen for their owner want silent: whatever is kept of them would make the next
    /// certificate of the same domain no news.
    /// </summary>
    /// <returns>Null if nothing is left of it.</returns>
    public Finding? WithoutSilent(Finding finding)
    {
        if (finding is not MatchFinding { Lookalikes.Count: > 0 } match) return finding;
        ILookup<string, Subscription> listeners = subscriptions().Where(subscription => subscription.Events.Contains(EventKinds.Lookalike)).ToLookup(subscription => subscription.Owner, StringComparer.Ordinal);
        LookalikeMatch[] heard = [.. match.Lookalikes.Where(one => !listeners.Contains(one.Owner) || listeners[one.Owner].Any(listener => listener.IsNew(one, match.Logged)))];
        return heard.Length == match.Lookalikes.Count ? match
            : heard.Length > 0 || match.Matches.Count > 0 ? match with { Lookalikes = heard }
            : null;
    }

    /// <param name="knownBelow">Endpoints known from earlier issuances exactly one label below a parent.</param>
    public Decision Decide(Finding finding, Func<string, IReadOnlyList<string>> knownBelow) => finding switch
    {
        MatchFinding { Matches.Count: 0 } lookalike => new Decision(lookalike, [], Known: false, "no name of yours; it has names that imitate a protected domain", []) { OwedLookalikes = OwedLookalikes(lookalike) },
        MatchFinding { Lookalikes.Count: > 0 } both => Decide(both, knownBelow) with { OwedLookalikes = OwedLookalikes(both) },
        MatchFinding match => Decide(match, knownBelow),
        MalformedFinding => new Decision(finding, [], Known: false, "the entry could not be read to its end: a watched name may hide in it", Owed(EventKinds.MalformedCertificate)),
        _ => throw new UnreachableException(),
    };

    private Decision Decide(MatchFinding match, Func<string, IReadOnlyList<string>> knownBelow)
    {
        IReadOnlyList<WatchedEndpoint> endpoints = WatchedEndpoints.Of(match.Matches, knownBelow, out bool isCut);
        string more = isCut || match.HasMoreMatches ? $"; it is valid for more that is watched than the {endpoints.Count} endpoints listed" : "";
        MatchFinding own = OwnOf(match);
        bool isOwn = own.Matches.Count > 0;
        if (own != match) WatchedEndpoints.Of(own.Matches, knownBelow, out isCut);
        List<string> every = Owed(EventKinds.Certificate, match, isOwn);
        string? reason = isOwn ? WhyKnown(own, isCut) : null;
        return new Decision(
            match, endpoints, Known: reason is not null,
            (reason ?? (isOwn ? "no rule authorises this certificate for these names" : "no name of yours; apps have subscribed to names of it")) + more,
            [.. OwedUnknown(match, knownBelow, isOwn: isOwn && reason is null).Except(every)])
        {
            OwedEvery = every,
        };
    }

    private string? WhyKnown(MatchFinding match, bool isCut) => known().WhyKnown(match, isWhole: !isCut && !match.HasMoreMatches, issuers ?? IssuerDirectory.BuiltIn);

    /// <summary>Who hears of certificates that nobody authorised. For a tenant's webhook the names count that the tenant watches, and no others.</summary>
    /// <param name="isOwn">It is unknown to whoever runs the service.</param>
    private List<string> OwedUnknown(MatchFinding match, Func<string, IReadOnlyList<string>> knownBelow, bool isOwn)
    {
        return
        [
            .. from subscription in subscriptions()
               where subscription.Takes(EventKinds.UnknownCertificate, match, isOwn) && (subscription.Only is null || !IsKnown(subscription.Only.Of(match)))
               select subscription.Webhook,
        ];

        bool IsKnown(MatchFinding theirs)
        {
            WatchedEndpoints.Of(theirs.Matches, knownBelow, out bool isCut);
            return WhyKnown(theirs, isCut) is not null;
        }
    }

    /// <summary>The same, without what only tenants watch: what they subscribe to changes neither what is known nor who is told.</summary>
    // Judged again, and not picked out: matches that were cut may be theirs alone.
    private MatchFinding OwnOf(MatchFinding match) => owned?.Invoke() is not { } list
        ? match
        : match with { Matches = CertificateReading.Matches(match.Certificate, list, out bool isCut, out bool isSpent), HasMoreMatches = isCut || isSpent };

    private List<Subscription> OwedLookalikes(MatchFinding match) => [.. subscriptions().Where(subscription => subscription.HearsOfLookalikesIn(match))];

    private List<string> Owed(string kind, MatchFinding match, bool isOwn) =>
        [.. from subscription in subscriptions() where subscription.Takes(kind, match, isOwn) select subscription.Webhook];

    /// <summary>Of what concerns the whole watch list.</summary>
    private List<string> Owed(string kind) =>
        [.. from subscription in subscriptions() where subscription.Only is null && subscription.Events.Contains(kind) select subscription.Webhook];
}
