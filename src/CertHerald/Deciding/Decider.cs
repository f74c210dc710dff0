using System.Diagnostics;
using CertHerald.Inspecting;

namespace CertHerald.Deciding;

/// <summary>A webhook, as far as deciding needs it: its name and what it wants.</summary>
internal sealed record Subscription(string Webhook, IReadOnlyList<string> Events)
{
    /// <summary>Whose protected domains it hears of, as <see cref="Inspecting.LookalikeMatch.Owner"/>.</summary>
    public string Owner { get; init; } = "";
}

/// <summary>Judges findings: known or not, and who is owed what. Pure; what it needs from the store is handed in.</summary>
internal sealed class Decider(Func<KnownCertificates> known, Func<IEnumerable<Subscription>> subscriptions)
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
        List<string> every = Owed(EventKinds.Certificate);
        return known().WhyKnown(match.Certificate) is { } reason
            ? new Decision(match, endpoints, Known: true, reason + more, []) { OwedEvery = every }
            : new Decision(match, endpoints, Known: false, "no rule authorises this certificate for these names" + more, [.. Owed(EventKinds.UnknownCertificate).Except(every)]) { OwedEvery = every };
    }

    private List<Subscription> OwedLookalikes() => [.. subscriptions().Where(subscription => subscription.Events.Contains(EventKinds.Lookalike))];

    private List<string> Owed(string kind) =>
        [.. from subscription in subscriptions() where subscription.Events.Contains(kind) select subscription.Webhook];
}
