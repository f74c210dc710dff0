using System.Diagnostics;
using CertHerald.Inspecting;

namespace CertHerald.Deciding;

/// <summary>A webhook, as far as deciding needs it: its name and what it wants.</summary>
/// <param name="Only">What of the watch list it is told of; null: all.</param>
internal sealed record Subscription(string Webhook, IReadOnlyList<string> Events, WatchedPart? Only = null)
{
    /// <summary>Whose protected domains it hears of, as <see cref="LookalikeMatch.Owner"/>.</summary>
    public string Owner { get; init; } = "";

    public bool Takes(string kind, MatchFinding about) => Events.Contains(kind) && (Only is null || Only.Concerns(about));
}

/// <summary>Judges findings: known or not, and who is owed what. Pure; what it needs from the store is handed in.</summary>
/// <param name="issuers">Whose keys they are; null: the table that the program carries.</param>
internal sealed class Decider(Func<KnownCertificates> known, Func<IEnumerable<Subscription>> subscriptions, IssuerDirectory? issuers = null)
{
    /// <param name="knownBelow">Endpoints known from earlier issuances exactly one label below a parent.</param>
    public Decision Decide(Finding finding, Func<string, IReadOnlyList<string>> knownBelow) => finding switch
    {
        MatchFinding { Matches.Count: 0 } lookalike => new Decision(lookalike, [], Known: false, "no name of yours; it has names that imitate a protected domain", []) { OwedLookalikes = OwedLookalikes() },
        MatchFinding { Lookalikes.Count: > 0 } both => Decide(both, knownBelow) with { OwedLookalikes = OwedLookalikes() },
        MatchFinding match => Decide(match, knownBelow),
        MalformedFinding => new Decision(finding, [], Known: false, "the entry could not be read to its end: a watched name may hide in it", Owed(EventKinds.MalformedCertificate)),
        _ => throw new UnreachableException(),
    };

    private Decision Decide(MatchFinding match, Func<string, IReadOnlyList<string>> knownBelow)
    {
        IReadOnlyList<WatchedEndpoint> endpoints = WatchedEndpoints.Of(match.Matches, knownBelow, out bool isCut);
        string more = isCut || match.HasMoreMatches ? $"; it is valid for more that is watched than the {endpoints.Count} endpoints listed" : "";
        List<string> every = Owed(EventKinds.Certificate, match);
        return known().WhyKnown(match, isWhole: !isCut && !match.HasMoreMatches, issuers ?? IssuerDirectory.BuiltIn) is { } reason
            ? new Decision(match, endpoints, Known: true, reason + more, []) { OwedEvery = every }
            : new Decision(match, endpoints, Known: false, "no rule authorises this certificate for these names" + more, [.. Owed(EventKinds.UnknownCertificate, match).Except(every)]) { OwedEvery = every };
    }

    private List<Subscription> OwedLookalikes() => [.. subscriptions().Where(subscription => subscription.Events.Contains(EventKinds.Lookalike))];

    private List<string> Owed(string kind, MatchFinding match) =>
        [.. from subscription in subscriptions() where subscription.Takes(kind, match) select subscription.Webhook];

    /// <summary>Of what concerns the whole watch list.</summary>
    private List<string> Owed(string kind) =>
        [.. from subscription in subscriptions() where subscription.Only is null && subscription.Events.Contains(kind) select subscription.Webhook];
}
