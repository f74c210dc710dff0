using CertHerald.Inspecting;

namespace CertHerald.Deciding;

/// <summary>What is to be done about a finding. Stored with it, so that every silence and every alert can be explained later.</summary>
/// <param name="Endpoints">The user's endpoints it is valid for, sorted by name, one each; empty for a malformed entry.</param>
/// <param name="Known">Every endpoint of whoever runs the service is authorised: he is not told.</param>
/// <param name="Reason">Why, in words for people.</param>
/// <param name="Owed">Names of the webhooks that get it; of a known one those of tenants to whom it is unknown.</param>
internal sealed record Decision(
    Finding Finding, IReadOnlyList<WatchedEndpoint> Endpoints, bool Known, string Reason, IReadOnlyList<string> Owed)
{
    /// <summary>Names of the webhooks that get <see cref="EventKinds.Certificate"/>, known or not; none of them is among <see cref="Owed"/>.</summary>
    public IReadOnlyList<string> OwedEvery { get; init; } = [];

    /// <summary>
    /// Webhooks that get <see cref="EventKinds.Lookalike"/> of what their owner protects. Whether there is something to tell, the store
    /// knows: an imitation is told of once, and not with each certificate.
    /// </summary>
    public IReadOnlyList<Subscription> OwedLookalikes { get; init; } = [];

    /// <summary>The same, told to nobody: it was there before anybody watched.</summary>
    public Decision Silenced() => this with { Owed = [], OwedEvery = [], OwedLookalikes = [], Reason = Reason + "; it was logged before this service first ran, and is told to nobody (baseline)" };
}

/// <summary>One of the user's names for which a certificate is valid.</summary>
/// <param name="MonitoredDomain">The watch item, with its leading dot if it is a tree.</param>
/// <param name="Wildcard">Covered by a wildcard of the certificate, not by its literal name.</param>
internal sealed record WatchedEndpoint(string DnsName, string MonitoredDomain, bool Wildcard);

/// <summary>Kinds of event that a webhook can be owed. The texts are configuration and database values: never change one.</summary>
internal static class EventKinds
{
    /// <summary>Every new certificate, known or not.</summary>
    public const string Certificate = "certificate";

    /// <summary>Those that are not known.</summary>
    public const string UnknownCertificate = "unknown_certificate";
    public const string MalformedCertificate = "malformed_certificate";

    /// <summary>What whoever runs the service must know: incidents of logs. No certificate is its subject.</summary>
    public const string Operator = "operator";

    /// <summary>A certificate for names that imitate a protected domain.</summary>
    public const string Lookalike = "lookalike";

    /// <summary>Once a day, what imitates a protected domain too little for an alert. No certificate is its subject.</summary>
    public const string LookalikeDigest = "lookalike.digest";

    public static IReadOnlyList<string> All { get; } = [Certificate, UnknownCertificate, MalformedCertificate, Operator, Lookalike, LookalikeDigest];

    /// <summary>Whether what is told is a notice, and no certificate.</summary>
    public static bool IsNotice(string kind) => kind is Operator or LookalikeDigest;
}
