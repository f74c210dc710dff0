using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Storage;

namespace CertHerald.Dialects.CertSpotter;

/// <summary>
/// Cert Spotter's "Unknown Certificate" webhook, member for member and in its order, and our own events for entries that
/// cannot be read, and for look-alikes: only webhooks that ask for them get those, since receivers of the original do not expect them.
/// </summary>
/// <param name="issuers">Who issued: null for the table that the program carries.</param>
internal sealed class CertSpotterDialect(IssuerDirectory? issuers = null) : IWebhookDialect
{
    private readonly IssuanceWriter _issuance = new(issuers ?? IssuerDirectory.BuiltIn);

    public string Name => "certspotter";

    public DeliveryRules Rules { get; } = new()
    {
        // The original retries by hand only. Ours goes on for three days less an attempt.
        Schedule = new DeliverySchedule(
            [
                TimeSpan.Zero, TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(30),
                TimeSpan.FromHours(1), TimeSpan.FromHours(2), TimeSpan.FromHours(4), .. EverySixHours(from: 10, until: 70),
            ],
            Jitter: 0.1),
        RetryAfterCap = TimeSpan.FromHours(6),
        LastDeliveringStatus = 299,
        GoneEnds = true,
    };

    public bool Speaks(string kind) => kind is EventKinds.UnknownCertificate or EventKinds.MalformedCertificate or EventKinds.Lookalike;

    public void Write(DeliverySubject subject, IBufferWriter<byte> body)
    {
        using var json = new Utf8JsonWriter(body, IssuanceWriter.Style);
        if (subject.Issuance is { } issuance) WriteUnknown(json, subject, issuance);
        else if (subject.Malformed is { } entry) WriteMalformed(json, subject, entry);
        else if (subject.Lookalike is { } lookalike) WriteLookalike(json, subject, lookalike);
        else throw new UnreachableException("A delivery is about an issuance or an entry.");
    }

    /// <summary>The example of the original's own page: the members are all there, and no certificate of the user's is meant.</summary>
    public void WriteTest(string baseUrl, DateTimeOffset now, IBufferWriter<byte> body) => Write(new DeliverySubject(baseUrl, SampleIssuance.Of(now), null), body);

    private static IEnumerable<TimeSpan> EverySixHours(int from, int until)
    {
        for (int hour = from; hour <= until; hour += 6) yield return TimeSpan.FromHours(hour);
    }

    private void WriteUnknown(Utf8JsonWriter json, DeliverySubject subject, Issuance issuance)
    {
        string id = issuance.Id.ToString(CultureInfo.InvariantCulture);

        json.WriteStartObject();
        json.WriteString("id"u8, id);
        json.WriteString("html_url"u8, $"{subject.BaseUrl}/console/monitoring/issuances/{id}");
        json.WriteStartArray("endpoints"u8);
        foreach (WatchedEndpoint endpoint in issuance.Endpoints)
        {
            json.WriteStartObject();
            json.WriteString("dns_name"u8, endpoint.DnsName);
            json.WriteString("monitored_domain"u8, endpoint.MonitoredDomain);
            json.WriteBoolean("wildcard"u8, endpoint.Wildcard);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        WriteIssuance(json, issuance);
        subject.Evidence?.WriteTo(json);                       // only for those who asked: the original has no such member
        json.WriteEndObject();
    }

    /// <summary>The original's <c>issuance</c>, and what is imitated in place of <c>endpoints</c>: no name of it is the user's.</summary>
    private void WriteLookalike(Utf8JsonWriter json, DeliverySubject subject, LookalikeAlert lookalike)
    {
        json.WriteStartObject();
        json.WriteString("event"u8, EventKinds.Lookalike);
        LookalikeMembers.Write(json, subject.BaseUrl, lookalike);
        WriteIssuance(json, lookalike.Issuance);
        subject.Evidence?.WriteTo(json);
        json.WriteEndObject();
    }

    private void WriteIssuance(Utf8JsonWriter json, Issuance issuance)
    {
        json.WritePropertyName("issuance"u8);
        _issuance.Write(json, issuance.Id, issuance.Certificate, issuance.Revocation, IssuanceMembers.OfWebhook, issuerSpki: null);
    }

    private static void WriteMalformed(Utf8JsonWriter json, DeliverySubject subject, MalformedEntry entry)
    {
        string id = entry.Id.ToString(CultureInfo.InvariantCulture);

        json.WriteStartObject();
        json.WriteString("event"u8, EventKinds.MalformedCertificate);
        json.WriteString("id"u8, id);
        json.WriteString("html_url"u8, $"{subject.BaseUrl}/console/malformed/{id}");
        json.WriteStartObject("log"u8);
        json.WriteString("id"u8, entry.Log.ToString());
        json.WriteString("url"u8, entry.LogUrl);
        json.WriteEndObject();
        json.WriteNumber("entry_index"u8, entry.Index.Value);
        json.WriteString("leaf_hash"u8, entry.LeafHash.ToBase64());
        json.WriteString("error"u8, entry.Problem);
        json.WriteBase64String("entry"u8, entry.Entry);
        subject.Evidence?.WriteTo(json);
        json.WriteEndObject();
    }
}
