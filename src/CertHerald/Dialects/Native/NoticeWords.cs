using System.Diagnostics;
using System.Globalization;
using CertHerald.Storage;

namespace CertHerald.Dialects.Native;

/// <summary>What people read of a notice, in every channel the same.</summary>
internal static class NoticeWords
{
    /// <summary>How much it matters.</summary>
    public static Severity SeverityOf(Notice notice) => notice.Facts switch
    {
        IncidentFacts incident => incident.Severity,
        MalformedFacts malformed => malformed.Watched > 0 ? Severity.Error : Severity.Warning,
        SecretFacts or ExpiringFacts or RenewalFacts => Severity.Warning,
        CaaFacts caa => caa.Changes.Any(change => change.Before is not null) ? Severity.Warning : Severity.Info,
        _ => notice.Type switch
        {
            DeliveryNewsKinds.Failing or DeliveryNewsKinds.EndpointFailing => Severity.Warning,
            DeliveryNewsKinds.Dead or DeliveryNewsKinds.EndpointHeld or DeliveryNewsKinds.EndpointGone => Severity.Error,
            _ => Severity.Info,
        },
    };

    /// <summary>What happened. May hold text from a log or a receiver: foreign.</summary>
    public static string SummaryOf(Notice notice) => notice.Facts switch
    {
        IncidentFacts incident => incident.Summary,
        WebhookFacts { Others: > 0 } webhook => string.Create(CultureInfo.InvariantCulture, $"Webhook {webhook.Webhook} and {webhook.Others} more: {webhook.Detail}"),
        WebhookFacts { Cases: > 1 } webhook => string.Create(CultureInfo.InvariantCulture, $"Webhook {webhook.Webhook}, {webhook.Cases} times, the last: {webhook.Detail}"),
        WebhookFacts webhook => $"Webhook {webhook.Webhook}: {webhook.Detail}",
        MalformedFacts malformed => string.Create(
            CultureInfo.InvariantCulture,
            $"{Count(malformed.Entries, "entry", "entries")} cannot be read to the end{(malformed.Watched > 0 ? $", and {malformed.Watched} of them show a watched name" : "")}; for example entry {malformed.ExampleIndex}: {malformed.Problem}"),
        SecretFacts { Kind: SecretFacts.ApiKey } secret => string.Create(CultureInfo.InvariantCulture, $"API key {secret.Prefix} ({secret.Name}) expires at {secret.Expires:yyyy-MM-dd HH:mm} UTC."),
        SecretFacts { Kind: SecretFacts.ClientCertificate } secret => string.Create(CultureInfo.InvariantCulture, $"The client certificate of webhook {secret.Name} ends at {secret.Expires:yyyy-MM-dd HH:mm} UTC."),
        SecretFacts secret => string.Create(CultureInfo.InvariantCulture, $"An old secret of webhook {secret.Name} signs until {secret.Expires:yyyy-MM-dd HH:mm} UTC, and not after."),
        ExpiringFacts expiring => string.Create(CultureInfo.InvariantCulture, $"{Count(expiring.Deliveries, "delivery that is held or dead is", "deliveries that are held or dead are")} deleted within {expiring.Days} days."),
        CaaFacts caa => $"{Describe(caa.Changes[0])}{(caa.Changes.Count > 1 ? $" And of {Count(caa.Changes.Count - 1, "more name", "more names")}." : "")}",
        RenewalFacts renewal => $"{Describe(renewal.Names[0])}{(renewal.Names.Count + renewal.Others > 1 ? $" And of {Count(renewal.Names.Count + renewal.Others - 1, "more name", "more names")}." : "")}",
        DigestFacts digest => string.Create(
            CultureInfo.InvariantCulture,
            $"{Count(digest.Lookalikes.Count + digest.Others, "weak look-alike was", "weak look-alikes were")} found before {digest.Until:yyyy-MM-dd}; the strongest is {Describe(digest.Lookalikes[0])}."),
        HeartbeatFacts heartbeat => string.Create(
            CultureInfo.InvariantCulture,
            $"CertHerald {heartbeat.Version} follows {heartbeat.Logs} logs, {heartbeat.HealthyLogs} of them healthy; {heartbeat.Incidents} open incidents, {heartbeat.Held} held and {heartbeat.Dead} dead deliveries."),
        _ => throw new UnreachableException(),
    };

    /// <summary>What to do about it, in a sentence or two.</summary>
    public static string AdviceFor(Notice notice) => notice.Facts switch
    {
        IncidentFacts incident => IncidentKinds.AdviceFor(incident.Kind),
        MalformedFacts => "Look at the entries in the console. If a watched name stands in one's bytes, find out who issued it.",
        SecretFacts { Kind: SecretFacts.ApiKey } => "Make another key and give it to whoever uses this one, before it ends.",
        SecretFacts { Kind: SecretFacts.ClientCertificate } => "Give it another one before that: its receiver will take nothing afterwards.",
        SecretFacts => "See that the receiver has the new secret.",
        WebhookFacts { Dead: > 0 } webhook => string.Create(
            CultureInfo.InvariantCulture,
            $"{Count(webhook.Dead, "delivery was", "deliveries were")} given up before: 'certherald deliveries replay --state dead{(webhook.Others == 0 ? $" --webhook {webhook.Webhook}" : "")}' sends {(webhook.Dead == 1 ? "it" : "them")}."),
        ExpiringFacts => "Replay them with 'certherald deliveries replay', or raise retention.deliveries.",
        RenewalFacts => "Renew what you still need. A name that you let go is not told of again.",
        DigestFacts => "Most mean nothing: allow what you know, and look at what is left when you have time.",
        CaaFacts => "If you did not change them, find out who did: from now on they authorise the CAs that they name.",
        _ => notice.Type switch
        {
            DeliveryNewsKinds.Failing => "Nothing if its receiver is being repaired: the delivery is tried again by itself. Else look at what it answers.",
            DeliveryNewsKinds.Dead => "Repair the receiver, then send what it missed with 'certherald deliveries replay'.",
            DeliveryNewsKinds.EndpointFailing => "Repair its receiver: otherwise what it is owed is held, and tried every few hours only.",
            DeliveryNewsKinds.EndpointHeld => "Repair its receiver. Nothing is lost: what it is owed waits, and leaves once it takes one delivery.",
            DeliveryNewsKinds.EndpointGone => "If its receiver is gone for good, remove the webhook. Else resume it with 'certherald webhooks resume'.",
            _ => "Nothing.",
        },
    };

    /// <summary>Its place in the console.</summary>
    public static string UrlOf(Notice notice, string baseUrl) => notice.Facts switch
    {
        IncidentFacts incident => string.Create(CultureInfo.InvariantCulture, $"{baseUrl}/console/logs#incident-{incident.Incident}"),
        WebhookFacts { Delivery: { } delivery } => string.Create(CultureInfo.InvariantCulture, $"{baseUrl}/console/deliveries/{delivery}"),
        WebhookFacts or SecretFacts { Kind: SecretFacts.SigningSecret } => $"{baseUrl}/console/webhooks",
        MalformedFacts malformed => string.Create(CultureInfo.InvariantCulture, $"{baseUrl}/console/malformed/{malformed.Example}"),
        SecretFacts => $"{baseUrl}/console/api-keys",
        ExpiringFacts => $"{baseUrl}/console/deliveries?state=held",
        CaaFacts => $"{baseUrl}/console/known",
        RenewalFacts => $"{baseUrl}/console/endpoints",
        DigestFacts => $"{baseUrl}/console/lookalikes/weak",
        _ => $"{baseUrl}/console",
    };

    /// <summary>One name's records, whole: what is not said of them is not known to who hears it.</summary>
    public static string Describe(CaaChange change)
    {
        string what = change.Records.Count == 0 ? "no CAA records" : string.Join(", ", change.Records);
        string where = change.Owner.Length > 0 && change.Owner != change.Name ? $" (from {change.Owner})" : "";
        string before = change.Before switch { null => "seen for the first time", { Count: 0 } => "before: none", var records => $"before: {string.Join(", ", records)}" };
        return $"{change.Name} has {what}{where}; {before}.";
    }

    /// <summary>One name's certificate.</summary>
    public static string Describe(MissingRenewal renewal) => string.Create(
        CultureInfo.InvariantCulture, $"The certificate for {renewal.Name} ends at {renewal.NotAfter:yyyy-MM-dd HH:mm} UTC, and no log has shown a successor (issued by {renewal.Issuer}).");

    /// <summary>One of a digest, without its reason.</summary>
    public static string Describe(DigestedLookalike one) => string.Create(CultureInfo.InvariantCulture, $"{one.Name}, which looks a little like {one.Domain} ({one.Score})");

    private static string Count(long number, string one, string many) => number == 1 ? $"1 {one}" : string.Create(CultureInfo.InvariantCulture, $"{number} {many}");
}
