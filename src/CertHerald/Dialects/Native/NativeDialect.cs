using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Inspecting;
using CertHerald.Names.Lookalikes;
using CertHerald.Storage;

namespace CertHerald.Dialects.Native;

/// <summary>Our own words, for what no other dialect has any: notices for whoever runs the service, and look-alikes in full.</summary>
internal sealed class NativeDialect : IWebhookDialect
{
    // Not meant for HTML: base64 keeps its plus signs.
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>When a notice is tried, by whichever channel.</summary>
    public static DeliverySchedule Schedule { get; } = new(
        [
            TimeSpan.Zero, TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30),
            TimeSpan.FromHours(2), TimeSpan.FromHours(7), TimeSpan.FromHours(17), TimeSpan.FromHours(31), TimeSpan.FromHours(51), TimeSpan.FromHours(75),
        ],
        Jitter: 0.2);

    public string Name => "native";

    public DeliveryRules Rules { get; } = new()
    {
        Schedule = Schedule,
        RetryAfterCap = TimeSpan.FromHours(24),
        LastDeliveringStatus = 299,
        GoneEnds = true,
    };

    public bool SignsByDefault => true;

    public bool Speaks(string kind) => kind is EventKinds.Operator or EventKinds.Lookalike or EventKinds.LookalikeDigest;

    public void Write(DeliverySubject subject, IBufferWriter<byte> body)
    {
        using var json = new Utf8JsonWriter(body, Plain);
        if (subject.Lookalike is { } lookalike) Write(json, subject, lookalike);
        else Write(json, subject.BaseUrl, subject.Notice ?? throw new UnreachableException("A delivery in this dialect is about a look-alike or a notice."));
    }

    public void WriteTest(string baseUrl, DateTimeOffset now, IBufferWriter<byte> body)
    {
        using var json = new Utf8JsonWriter(body, Plain);
        json.WriteStartObject();
        json.WriteString("type"u8, "ping");
        WriteTime(json, "time"u8, now);
        json.WriteString("url"u8, $"{baseUrl}/console");
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string baseUrl, Notice notice)
    {
        json.WriteStartObject();
        // An incident's notices bear its id, so that they are known to belong together; each other notice its own.
        json.WriteString("id"u8, IdOf(notice.Facts is IncidentFacts { Incident: var incident } ? incident : notice.Id));
        json.WriteString("type"u8, notice.Type);
        WriteTime(json, "time"u8, notice.At);
        switch (notice.Facts)
        {
            case IncidentFacts facts: Write(json, baseUrl, facts); break;
            case WebhookFacts facts: Write(json, baseUrl, notice, facts); break;
            case MalformedFacts facts: Write(json, baseUrl, notice, facts); break;
            case SecretFacts facts: Write(json, baseUrl, notice, facts); break;
            case ExpiringFacts facts: Write(json, baseUrl, notice, facts); break;
            case CaaFacts facts: Write(json, baseUrl, notice, facts); break;
            case RenewalFacts facts: Write(json, baseUrl, notice, facts); break;
            case HeartbeatFacts facts: Write(json, baseUrl, facts); break;
            case DigestFacts facts: Write(json, baseUrl, notice, facts); break;
            default: throw new UnreachableException();
        }
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, DeliverySubject subject, LookalikeAlert lookalike)
    {
        CertificateFacts certificate = lookalike.Issuance.Certificate;
        json.WriteStartObject();
        json.WriteString("type"u8, EventKinds.Lookalike);
        WriteTime(json, "time"u8, lookalike.At);
        LookalikeMembers.Write(json, subject.BaseUrl, lookalike);
        json.WriteString("summary"u8, LookalikeMembers.SummaryOf(lookalike));
        json.WriteStartObject("certificate"u8);
        json.WriteString("id"u8, IdOf(lookalike.Issuance.Id));
        json.WriteString("cert_sha256"u8, certificate.CertSha256);
        json.WriteString("tbs_sha256"u8, certificate.TbsSha256);
        json.WriteStartArray("dns_names"u8);
        foreach (string name in certificate.DnsNames) json.WriteStringValue(name);
        json.WriteEndArray();
        json.WriteString("issuer_name"u8, certificate.IssuerName);
        WriteTime(json, "not_before"u8, certificate.NotBefore);
        WriteTime(json, "not_after"u8, certificate.NotAfter);
        json.WriteBoolean("precertificate"u8, certificate.IsPrecertificate);
        json.WriteBase64String("cert_der"u8, certificate.CertDer);
        json.WriteEndObject();
        subject.Evidence?.WriteTo(json);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string baseUrl, IncidentFacts facts)
    {
        Write(json, facts.Log);
        json.WriteString("kind"u8, facts.Kind);
        json.WriteString("severity"u8, facts.Severity.ToString().ToLowerInvariant());
        json.WriteString("summary"u8, facts.Summary);
        json.WriteString("advice"u8, IncidentKinds.AdviceFor(facts.Kind));
        json.WriteNumber("cases"u8, facts.Cases);
        json.WriteNumber("others"u8, facts.Others);
        WriteTime(json, "opened"u8, facts.Opened);
        WriteTime(json, "closed"u8, facts.Closed);
        json.WriteString("url"u8, $"{baseUrl}/console/logs#incident-{IdOf(facts.Incident)}");
    }

    private static void Write(Utf8JsonWriter json, string baseUrl, Notice notice, WebhookFacts facts)
    {
        WriteWords(json, notice);
        json.WriteString("webhook"u8, facts.Webhook);
        if (facts.Delivery is { } delivery) json.WriteString("delivery"u8, IdOf(delivery));
        else json.WriteNull("delivery"u8);
        json.WriteNumber("cases"u8, facts.Cases);
        json.WriteNumber("others"u8, facts.Others);
        json.WriteStartArray("other_webhooks"u8);
        foreach (string name in facts.Names) json.WriteStringValue(name);
        json.WriteEndArray();
        WriteTime(json, "since"u8, facts.Since);
        json.WriteString("url"u8, NoticeWords.UrlOf(notice, baseUrl));
    }

    private static void Write(Utf8JsonWriter json, string baseUrl, Notice notice, MalformedFacts facts)
    {
        Write(json, facts.Log);
        WriteWords(json, notice);
        json.WriteNumber("entries"u8, facts.Entries);
        json.WriteNumber("watched"u8, facts.Watched);
        json.WriteStartObject("example"u8);
        json.WriteString("id"u8, IdOf(facts.Example));
        json.WriteNumber("entry_index"u8, facts.ExampleIndex);
        json.WriteString("error"u8, facts.Problem);
        json.WriteEndObject();
        WriteTime(json, "since"u8, facts.Since);
        json.WriteString("url"u8, NoticeWords.UrlOf(notice, baseUrl));
    }

    private static void Write(Utf8JsonWriter json, string baseUrl, Notice notice, SecretFacts facts)
    {
        WriteWords(json, notice);
        json.WriteString("kind"u8, facts.Kind);
        json.WriteString("name"u8, facts.Name);
        json.WriteString("prefix"u8, facts.Prefix);
        WriteTime(json, "expires"u8, facts.Expires);
        json.WriteString("url"u8, NoticeWords.UrlOf(notice, baseUrl));
    }

    private static void Write(Utf8JsonWriter json, string baseUrl, Notice notice, ExpiringFacts facts)
    {
        WriteWords(json, notice);
        json.WriteNumber("deliveries"u8, facts.Deliveries);
        json.WriteNumber("days"u8, facts.Days);
        json.WriteString("url"u8, NoticeWords.UrlOf(notice, baseUrl));
    }

    private static void Write(Utf8JsonWriter json, string baseUrl, Notice notice, CaaFacts facts)
    {
        WriteWords(json, notice);
        json.WriteStartArray("changes"u8);
        foreach (CaaChange change in facts.Changes)
        {
            json.WriteStartObject();
            json.WriteString("name"u8, change.Name);
            json.WriteString("owner"u8, change.Owner);
            WriteTexts(json, "records"u8, change.Records);
            WriteTexts(json, "before"u8, change.Before);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteString("url"u8, NoticeWords.UrlOf(notice, baseUrl));
    }

    private static void Write(Utf8JsonWriter json, string baseUrl, Notice notice, RenewalFacts facts)
    {
        WriteWords(json, notice);
        json.WriteStartArray("names"u8);
        foreach (MissingRenewal one in facts.Names)
        {
            json.WriteStartObject();
            json.WriteString("dns_name"u8, one.Name);
            json.WriteString("monitored_domain"u8, one.MonitoredDomain);
            json.WriteString("issuance"u8, IdOf(one.Issuance));
            WriteTime(json, "not_after"u8, one.NotAfter);
            json.WriteString("issuer"u8, one.Issuer);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteNumber("others"u8, facts.Others);
        json.WriteString("url"u8, NoticeWords.UrlOf(notice, baseUrl));
    }

    private static void Write(Utf8JsonWriter json, string baseUrl, Notice notice, DigestFacts facts)
    {
        json.WriteString("summary"u8, NoticeWords.SummaryOf(notice));
        WriteTime(json, "until"u8, facts.Until);
        json.WriteStartArray("lookalikes"u8);
        foreach (DigestedLookalike one in facts.Lookalikes)
        {
            json.WriteStartObject();
            json.WriteString("dns_name"u8, one.Name);
            json.WriteString("registrable_domain"u8, one.Registrable);
            json.WriteString("protected_domain"u8, one.Domain);
            json.WriteNumber("score"u8, one.Score);
            json.WriteString("tier"u8, Lookalike.TierOf(one.Score).Name());
            json.WriteString("class"u8, one.Class);
            json.WriteString("reason"u8, one.Reason);
            json.WriteNumber("certificates"u8, one.Certificates);
            WriteTime(json, "first_seen"u8, one.FirstSeen);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteNumber("others"u8, facts.Others);
        json.WriteString("url"u8, NoticeWords.UrlOf(notice, baseUrl));
    }

    private static void WriteTexts(Utf8JsonWriter json, ReadOnlySpan<byte> name, IReadOnlyList<string>? texts)
    {
        if (texts is null)
        {
            json.WriteNull(name);
            return;
        }
        json.WriteStartArray(name);
        foreach (string text in texts) json.WriteStringValue(text);
        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, string baseUrl, HeartbeatFacts facts)
    {
        json.WriteString("version"u8, facts.Version);
        json.WriteNumber("logs"u8, facts.Logs);
        json.WriteNumber("healthy_logs"u8, facts.HealthyLogs);
        json.WriteNumber("open_incidents"u8, facts.Incidents);
        WriteTime(json, "oldest_due"u8, facts.OldestDue);
        json.WriteNumber("held"u8, facts.Held);
        json.WriteNumber("dead"u8, facts.Dead);
        WriteTime(json, "last_alert"u8, facts.LastAlert);
        json.WriteString("url"u8, $"{baseUrl}/console");
    }

    private static void WriteWords(Utf8JsonWriter json, Notice notice)
    {
        json.WriteString("severity"u8, NoticeWords.SeverityOf(notice).ToString().ToLowerInvariant());
        json.WriteString("summary"u8, NoticeWords.SummaryOf(notice));
        json.WriteString("advice"u8, NoticeWords.AdviceFor(notice));
    }

    private static void Write(Utf8JsonWriter json, NoticeLog log)
    {
        json.WriteStartObject("log"u8);
        json.WriteString("id"u8, log.Id);
        json.WriteString("description"u8, log.Description);
        json.WriteString("operator"u8, log.Operator);
        json.WriteEndObject();
    }

    private static string IdOf(long id) => id.ToString(CultureInfo.InvariantCulture);

    private static void WriteTime(Utf8JsonWriter json, ReadOnlySpan<byte> name, DateTimeOffset? time)
    {
        if (time is { } known) json.WriteString(name, known.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        else json.WriteNull(name);
    }
}
