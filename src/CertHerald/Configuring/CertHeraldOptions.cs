using System.Net;
using CertHerald.Access;
using CertHerald.Api.Feeds;
using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Delivering.Operators;
using CertHerald.Dialects.CertSpotter.Api;
using CertHerald.Fetching;
using CertHerald.Inspecting;
using CertHerald.Names;
using CertHerald.Names.Lookalikes;
using CertHerald.Resolving;
using CertHerald.Storage;

namespace CertHerald.Configuring;

/// <summary>Everything that can be configured, checked. Each feature gets its own part; none reads files.</summary>
internal sealed record CertHeraldOptions
{
    /// <summary>Where the service listens. Default: this machine only.</summary>
    public Uri Listen { get; init; } = new("http://127.0.0.1:8470");

    /// <summary>How people and receivers reach it: the start of every link. No trailing slash.</summary>
    public string PublicUrl { get; init; } = "http://127.0.0.1:8470";

    /// <summary>Proxies whose word on a caller's address and protocol is believed. Default: none.</summary>
    public IReadOnlyList<IPNetwork> TrustedProxies { get; init; } = [];

    /// <summary>Database, caches and keys. One process at a time.</summary>
    public string Data { get; init; } = "./data";

    /// <summary><c>sqlite</c>, or a connection string for PostgreSQL: with a password, so that nothing shows it.</summary>
    public string Store { get; init; } = Stores.Sqlite;

    public LogOptions Logs { get; init; } = new();

    public WatchList Watch { get; init; } = WatchList.Empty;

    /// <summary>Domains whose imitations are looked for.</summary>
    public IReadOnlyList<ProtectedDomain> Lookalikes { get; init; } = [];

    /// <summary>What <see cref="Watch"/> was checked against; null if the data directory holds no list.</summary>
    public PublicSuffixes? Suffixes { get; init; }

    public KnownCertificates Known { get; init; } = KnownCertificates.None;

    /// <summary>Whether what logs hold when the service first runs is recorded and told to nobody. Default: it is told.</summary>
    public bool IsBaselineSilent { get; init; }

    /// <summary>The mail server's channel among them, if there is one.</summary>
    public IReadOnlyList<WebhookOptions> Webhooks { get; init; } = [];

    public OperatorOptions Operator { get; init; } = new();

    public OutboundOptions Outbound { get; init; } = new();

    public RetentionOptions Retention { get; init; } = new();

    public IndexOptions Index { get; init; } = new();

    /// <summary>Cert Spotter's API.</summary>
    public CertSpotterApiOptions CertSpotterApi { get; init; } = new();

    /// <summary>Where people with accounts elsewhere sign in to the console; null: nowhere.</summary>
    public OpenIdOptions? OpenId { get; init; }

    public CertStreamOptions CertStream { get; init; } = new();

    /// <summary>When a renewal is missing.</summary>
    public RenewalOptions Renewal { get; init; } = new();

    /// <summary>Revocation lists of CAs.</summary>
    public RevocationOptions Revocation { get; init; } = new();

    /// <summary>The files that <see cref="Watch"/>, <see cref="Known"/>, <see cref="Suffixes"/> and secrets come from, the configuration's own among them, as they stood.</summary>
    public FileStamps Files { get; init; } = FileStamps.None;

    /// <summary>Everything that a reload leaves as it is: each section and its text, to tell whether it was changed.</summary>
    public IReadOnlyDictionary<string, string> UntilRestart { get; init; } = new Dictionary<string, string>();

    /// <summary>What is allowed but probably not meant.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Where it listens: printed by accident, it must not show its secrets.</summary>
    public override string ToString() => $"CertHerald on {Listen}";
}
