using System.Text.Json;
using System.Text.Json.Serialization;
using CertHerald.Transparency.Logs;

namespace CertHerald.Storage;

/// <summary>What operator channels are told: a picture of the moment, which no later change alters.</summary>
/// <param name="Type">One of <see cref="NoticeTypes"/> or <see cref="DeliveryNewsKinds"/>.</param>
internal sealed record Notice(long Id, string Type, DateTimeOffset At, NoticeFacts Facts);

/// <summary>A notice to be.</summary>
/// <param name="Uid">What it is about. Never told twice, whatever is killed in between.</param>
/// <param name="Subject">What the next one of its type is about, too.</param>
internal sealed record NoticeDraft(string Uid, string Type, string Subject, NoticeFacts Facts);

/// <summary>Types of notices beside <see cref="DeliveryNewsKinds"/>. The texts are database values and a contract with operator channels.</summary>
internal static class NoticeTypes
{
    /// <summary>Entries of a log that cannot be read.</summary>
    public const string Malformed = "log.malformed";

    /// <summary>An API key or an old signing secret is about to end.</summary>
    public const string SecretExpiring = "secret.expiring";

    /// <summary>Deliveries that nobody got are about to be deleted.</summary>
    public const string DeliveriesExpiring = "delivery.expiring";

    public const string Heartbeat = "heartbeat";

    /// <summary>CAA records that were not told before: new ones, changed ones, and the first that were seen.</summary>
    public const string Caa = "caa.changed";

    /// <summary>Certificates that end soon without a successor.</summary>
    public const string RenewalMissing = "renewal.missing";

    /// <summary>Weak look-alikes of the days before; of a kind of event of its own.</summary>
    public const string LookalikeDigest = "lookalike.digest";

    public static string Of(IncidentChange change) => $"log.incident.{change.ToString().ToLowerInvariant()}";
}

/// <summary>What a notice says, by type. Kept as JSON: members may be added, never renamed.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "of")]
[JsonDerivedType(typeof(IncidentFacts), "incident")]
[JsonDerivedType(typeof(WebhookFacts), "webhook")]
[JsonDerivedType(typeof(MalformedFacts), "malformed")]
[JsonDerivedType(typeof(SecretFacts), "secret")]
[JsonDerivedType(typeof(ExpiringFacts), "expiring")]
[JsonDerivedType(typeof(HeartbeatFacts), "heartbeat")]
[JsonDerivedType(typeof(CaaFacts), "caa")]
[JsonDerivedType(typeof(RenewalFacts), "renewal")]
[JsonDerivedType(typeof(DigestFacts), "digest")]
internal abstract record NoticeFacts
{
    private static readonly JsonSerializerOptions Style = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public string ToJson() => JsonSerializer.Serialize(this, Style);

    public static NoticeFacts Read(string json) => JsonSerializer.Deserialize<NoticeFacts>(json, Style)!;
}

/// <summary>A log, as notices name it.</summary>
/// <param name="Key">Its id in hexadecimal digits.</param>
/// <param name="Description">Perhaps empty, as is the operator.</param>
internal sealed record NoticeLog(string Key, string Description, string Operator)
{
    /// <summary>Its id in base64, as everywhere else.</summary>
    [JsonIgnore]
    public string Id => Convert.ToBase64String(Convert.FromHexString(Key));

    public static NoticeLog Of(LogId id, string description, string operatorName) => new(Convert.ToHexStringLower(id.Value.ToArray()), description, operatorName);
}

/// <summary>What became of incidents of one log and kind.</summary>
/// <param name="Incident">Of several, the gravest and oldest.</param>
/// <param name="Others">How many more changed in the same way, and are told of with it.</param>
internal sealed record IncidentFacts(
    long Incident, NoticeLog Log, string Kind, Severity Severity, string Summary, DateTimeOffset Opened, DateTimeOffset? Closed, long Cases, int Others) : NoticeFacts;

/// <summary>News of a webhook, or of several.</summary>
/// <param name="Delivery">The first it is about; null if it is about the webhook.</param>
/// <param name="Cases">How often it came to this webhook since it was last told.</param>
/// <param name="Since">When it came first.</param>
/// <param name="Others">How many more webhooks it is about.</param>
/// <param name="Names">Theirs, the first ones.</param>
internal sealed record WebhookFacts(
    string Webhook, long? Delivery, string Detail, int Cases, DateTimeOffset Since, int Others, IReadOnlyList<string> Names) : NoticeFacts
{
    /// <summary>Where they take deliveries again: how many of theirs are dead, and were not sent with what was held.</summary>
    public long Dead { get; init; }

    /// <summary>Named of those that a notice is about, at most.</summary>
    public const int MostNames = 20;
}

/// <summary>Entries of one log that cannot be read.</summary>
/// <param name="Watched">How many of them show a watched name in their bytes.</param>
/// <param name="Example">Id of one of them, such a one if there is one.</param>
/// <param name="First">Id of the oldest that is counted.</param>
/// <param name="Last">Id of the newest that is counted: the next notice begins behind it.</param>
/// <param name="Since">When the first of them was found.</param>
internal sealed record MalformedFacts(
    NoticeLog Log, long Entries, long Watched, long Example, ulong ExampleIndex, string Problem, long First, long Last, DateTimeOffset Since) : NoticeFacts;

/// <summary>Something that authenticates, and soon will not.</summary>
/// <param name="Kind"><c>api_key</c>, <c>signing_secret</c> or <c>client_certificate</c>.</param>
/// <param name="Name">The key's name, or the webhook's.</param>
/// <param name="Prefix">The key's; null for what is a webhook's.</param>
internal sealed record SecretFacts(string Kind, string Name, string? Prefix, DateTimeOffset Expires) : NoticeFacts
{
    public const string ApiKey = "api_key", SigningSecret = "signing_secret", ClientCertificate = "client_certificate";
}

/// <summary>Deliveries that are held or dead and will be deleted.</summary>
internal sealed record ExpiringFacts(long Deliveries, int Days) : NoticeFacts;

/// <summary>That the service lives, and how.</summary>
/// <param name="OldestDue">Since when the oldest delivery could have left; null if none is due.</param>
/// <param name="LastAlert">When a webhook was last owed a certificate; null if none ever was.</param>
internal sealed record HeartbeatFacts(
    string Version, int Logs, int HealthyLogs, DateTimeOffset? OldestDue, long Held, long Dead, DateTimeOffset? LastAlert, int Incidents) : NoticeFacts;

/// <summary>Names whose certificate ends soon, and that no other covers longer.</summary>
/// <param name="Names">At most <see cref="Most"/>, those that end first.</param>
/// <param name="Others">How many more.</param>
internal sealed record RenewalFacts(IReadOnlyList<MissingRenewal> Names, int Others) : NoticeFacts
{
    public const int Most = 100;
}

/// <param name="Issuer">What people call the CA. Foreign.</param>
internal sealed record MissingRenewal(string Name, string MonitoredDomain, long Issuance, DateTimeOffset NotAfter, string Issuer);

/// <summary>CAA records that nobody was told of before.</summary>
/// <param name="Changes">At most <see cref="Most"/>: what is more is another notice.</param>
internal sealed record CaaFacts(IReadOnlyList<CaaChange> Changes) : NoticeFacts
{
    public const int Most = 100;
}

/// <summary>The CAA records that are relevant for a name, as they are now.</summary>
/// <param name="Owner">The name that has them: this one, or one above it; empty if none has any.</param>
/// <param name="Records">As zone files write them. Foreign, in ASCII.</param>
/// <param name="Before">What was told of the name last; null if nothing was.</param>
internal sealed record CaaChange(string Name, string Owner, IReadOnlyList<string> Records, IReadOnlyList<string>? Before)
{
    public static CaaChange Of(string name, string? before, string now)
    {
        Deciding.CaaSet set = Deciding.CaaSet.Read(now);
        return new CaaChange(name, set.Owner, [.. set.Records.Select(record => record.ToString())], before is null ? null : [.. Deciding.CaaSet.Read(before).Records.Select(record => record.ToString())]);
    }
}
