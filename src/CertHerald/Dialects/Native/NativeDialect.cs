using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Storage;

namespace CertHerald.Dialects.Native;

/// <summary>Our own words, for what no other dialect has any: notices for whoever runs the service.</summary>
internal sealed class NativeDialect : IWebhookDialect
{
    // Not meant for HTML: base64 keeps its plus signs.
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public string Name => "native";

    public DeliveryRules Rules { get; } = new()
    {
        Schedule = new DeliverySchedule(
            [
                TimeSpan.Zero, TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30),
                TimeSpan.FromHours(2), TimeSpan.FromHours(7), TimeSpan.FromHours(17), TimeSpan.FromHours(31), TimeSpan.FromHours(51), TimeSpan.FromHours(75),
            ],
            Jitter: 0.2),
        RetryAfterCap = TimeSpan.FromHours(24),
        LastDeliveringStatus = 299,
        GoneEnds = true,
    };

    public bool SignsByDefault => true;

    public bool Speaks(string kind) => kind == EventKinds.Operator;

    public void Write(DeliverySubject subject, IBufferWriter<byte> body)
    {
        using var json = new Utf8JsonWriter(body, Plain);
        Write(json, subject.BaseUrl, subject.Notice ?? throw new UnreachableException("A delivery in this dialect is about a notice."));
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
        Incident incident = notice.Incident;
        string id = incident.Id.ToString(CultureInfo.InvariantCulture);

        json.WriteStartObject();
        json.WriteString("id"u8, id);
        json.WriteString("type"u8, $"log.incident.{notice.Change.ToString().ToLowerInvariant()}");
        WriteTime(json, "time"u8, notice.At);
        json.WriteStartObject("log"u8);
        json.WriteString("id"u8, incident.Log.ToString());
        json.WriteString("description"u8, incident.LogDescription);
        json.WriteString("operator"u8, incident.LogOperator);
        json.WriteEndObject();
        json.WriteString("kind"u8, incident.Kind);
        json.WriteString("severity"u8, incident.Severity.ToString().ToLowerInvariant());
        json.WriteString("summary"u8, incident.Summary);
        json.WriteString("advice"u8, IncidentKinds.AdviceFor(incident.Kind));
        json.WriteNumber("cases"u8, incident.Cases);
        json.WriteNumber("others"u8, notice.Others);
        WriteTime(json, "opened"u8, incident.Opened);
        WriteTime(json, "closed"u8, incident.Closed);
        json.WriteString("url"u8, $"{baseUrl}/console/logs#incident-{id}");
        json.WriteEndObject();
    }

    private static void WriteTime(Utf8JsonWriter json, ReadOnlySpan<byte> name, DateTimeOffset? time)
    {
        if (time is { } known) json.WriteString(name, known.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        else json.WriteNull(name);
    }
}
