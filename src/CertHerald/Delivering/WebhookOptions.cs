using CertHerald.Deciding;
using CertHerald.Delivering.Operators;
using CertHerald.Delivering.Signing;
using CertHerald.Storage;

namespace CertHerald.Delivering;

/// <summary>A destination, as configured or added through the API. Immutable; credentials are already cut out of the URL.</summary>
internal sealed record WebhookOptions
{
    /// <summary>Unique; shown everywhere in place of the URL.</summary>
    public required string Name { get; init; }

    /// <summary>Name of an <see cref="IWebhookDialect"/>.</summary>
    public required string Dialect { get; init; }

    /// <summary>Without user information. May hold a secret in its path or query: never logged whole.</summary>
    public required Uri Url { get; init; }

    /// <summary>User name and password of HTTP Basic, percent-decoded; null without.</summary>
    public (string User, string Password)? Credentials { get; init; }

    /// <summary>Kinds of event it gets.</summary>
    public required IReadOnlyList<string> Events { get; init; }

    /// <summary>What of the watch list it is told of; null: all. Set for those of apps.</summary>
    public WatchedPart? Only { get; init; }

    /// <summary>Whose protected domains it is told about: whoever runs the service, or an app.</summary>
    public string Owner { get; init; } = ProtectedDomainOwners.Operator;

    /// <summary>By protected domain of its owner, what was logged before is told to nobody; null: it is told whenever it was logged.</summary>
    public Func<string, DateTimeOffset>? ProtectedSince { get; init; }

    /// <summary>Whether bodies carry the inclusion proof, as one more member at their end. Default: no, as receivers of the originals expect.</summary>
    public bool Evidence { get; init; }

    /// <summary>Whether bodies carry what changed, beside that it did. Default: yes. Only for dialects that have a shorter form.</summary>
    public bool IncludeValues { get; init; } = true;

    /// <summary>Whether every status from 200 to 299 counts as delivered, where the dialect takes 200 only. Default: no.</summary>
    public bool AcceptAny2xx { get; init; }

    /// <summary>Events in one body, at most. Default: 1. Only for dialects that have bodies about several.</summary>
    public int MaxBatch { get; init; } = 1;

    /// <summary>Bytes of a body about several events, at most. Default: 100,000.</summary>
    public int MaxBatchBytes { get; init; } = DefaultBatchBytes;

    /// <summary>What signs its requests; null: they are not signed.</summary>
    public IWebhookSigner? Signer { get; init; }

    /// <summary>Sent beside ours. Their values may be secrets.</summary>
    public IReadOnlyList<WebhookHeader> Headers { get; init; } = [];

    /// <summary>What its receiver knows us by, and we it; null: nothing, and what everybody is known by.</summary>
    public WebhookTls? Tls { get; init; }

    /// <summary>Requests at once, at most. With 1, deliveries come one after the other.</summary>
    public int Concurrency { get; init; } = DefaultConcurrency;

    /// <summary>Requests a second, at most, on average; so many may also come together.</summary>
    public double Rate { get; init; } = DefaultRate;

    /// <summary>How to send to it if it is a mail server's channel; null: it is a webhook.</summary>
    public MailOptions? Mail { get; init; }

    public const int MostBatched = 1_000;

    /// <summary>"Under 100 kB", as receivers of the original were promised; and what a receiver may ask for, in bytes.</summary>
    public const int DefaultBatchBytes = 100_000, LeastBatchBytes = 10_000, MostBatchBytes = 5_000_000;

    public const int DefaultConcurrency = 8, MostConcurrency = 256;

    public const double DefaultRate = 50, LeastRate = 0.01, MostRate = 10_000;

    public const string NameForm = "1 to 64 letters, digits, dots, hyphens and underscores, a letter or digit first";

    /// <summary>Whether a webhook may have this name, configured or added: it stands in addresses of the API.</summary>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= 64 && char.IsAsciiLetterOrDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');

    /// <summary>An address as people may see it: what follows the host can be a secret.</summary>
    public static string Shown(Uri url) => $"{url.Scheme}://{url.Authority}/…";

    /// <summary>The name: printed by accident, it must show neither address nor password.</summary>
    public override string ToString() => Name;
}

/// <summary>What webhooks may reach.</summary>
internal sealed record OutboundOptions
{
    /// <summary>Opens 10/8, 172.16/12, 192.168/16, 100.64/10 and fc00::/7. Default: false.</summary>
    public bool AllowPrivateNetworks { get; init; }

    /// <summary>
    /// Further networks that webhooks may reach, loopback included. Default: none.
    /// Whoever can edit this list can make CertHerald call internal systems.
    /// </summary>
    public IReadOnlyList<System.Net.IPNetwork> Allow { get; init; } = [];

    /// <summary>Ports that public addresses may be reached on, by HTTPS. Default: 443 and 8443.</summary>
    public IReadOnlyList<int> Ports { get; init; } = [443, 8443];

    /// <summary>The way to public addresses; null to call them directly. What is opened is always called directly.</summary>
    public OutboundProxy? Proxy { get; init; }

    /// <summary>Private CAs that are believed beside those that this machine trusts; null: none.</summary>
    public PrivateTrust? Trust { get; init; }

    /// <summary>Whether the other has the same values: the record's own equality compares lists by identity.</summary>
    public bool AllowsTheSameAs(OutboundOptions other) =>
        AllowPrivateNetworks == other.AllowPrivateNetworks && Allow.SequenceEqual(other.Allow) && Ports.SequenceEqual(other.Ports) && Proxy == other.Proxy && Trust?.Mark == other.Trust?.Mark;
}
