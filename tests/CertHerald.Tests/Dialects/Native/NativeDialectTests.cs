using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Dialects;
using CertHerald.Dialects.Native;
using CertHerald.Storage;
using CertHerald.Tests.Docs;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Dialects.Native;

public sealed partial class NativeDialectTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("Opened", 0)]
    [InlineData("Changed", 1)]
    [InlineData("Closed", 2)]
    public void A_body_is_the_documents_example(string name, int example)
    {
        IncidentChange change = Enum.Parse<IncidentChange>(name);
        Incident incident = Stale with
        {
            Severity = change == IncidentChange.Opened ? Severity.Warning : Severity.Error,
            Cases = example + 1,
            Closed = change == IncidentChange.Closed ? Noon.AddHours(30) : null,
        };
        string body = Write(Of(change, Noon.AddHours(example == 0 ? 0 : example == 1 ? 24 : 30), incident, 0));

        string[] examples = [.. Example().Matches(Repository.Text("docs/operators.md")).Select(match => match.Value)];
        Assert.Equal(3, examples.Length);
        Assert.Equal(Compact(examples[example]), body);
    }

    [Fact]
    public void Text_from_a_log_stays_text()
    {
        JsonElement body = JsonElement.Parse(Write(Of(IncidentChange.Opened, Noon, Stale with { Summary = "\"}\u0000\u001b[31m", LogDescription = "a\"b" }, 3)));

        Assert.Equal("\"}\u0000\u001b[31m", body.GetProperty("summary").GetString());
        Assert.Equal("a\"b", body.GetProperty("log").GetProperty("description").GetString());
        Assert.Equal(3, body.GetProperty("others").GetInt32());
    }

    [Fact]
    public void It_speaks_of_look_alikes_and_of_what_the_operator_must_know()
    {
        IWebhookDialect native = Assert.Single(WebhookDialects.OfWebhooks, one => one.Name == "native");
        Assert.Equal([EventKinds.Operator, EventKinds.Lookalike, EventKinds.LookalikeDigest], EventKinds.All.Where(native.Speaks));
        Assert.DoesNotContain(WebhookDialects.OfWebhooks, one => one.Name != "native" && (one.Speaks(EventKinds.Operator) || one.Speaks(EventKinds.LookalikeDigest)));
    }

    [Fact]
    public void A_delivery_is_tried_eleven_times_in_75_hours()
    {
        DeliverySchedule schedule = new NativeDialect().Rules.Schedule;
        Assert.Equal((11, TimeSpan.FromHours(75), 0.2), (schedule.Offsets.Count, schedule.Offsets[^1], schedule.Jitter));
        Assert.Equal(schedule.Offsets.Order(), schedule.Offsets);
    }

    [Fact]
    public void Every_kind_of_incident_has_an_advice_of_its_own() =>
        Assert.Equal(IncidentKinds.All.Count, IncidentKinds.All.Select(IncidentKinds.AdviceFor).Distinct().Except([IncidentKinds.AdviceFor("none")]).Count());

    private static Incident Stale { get; } = new(
        12, new LogId(MerkleHash.OfLeaf("a log"u8)), "stale_head", Severity.Warning, "",
        "the log's newest head was signed at 2026-11-20 11:54:30 UTC; it promised a new one every 24 h", "{}", Noon, Noon, 1, null)
    { LogDescription = "Example log 2026h2", LogOperator = "Example Trust" };

    private static Notice Of(IncidentChange change, DateTimeOffset at, Incident incident, int others) => new(
        7, NoticeTypes.Of(change), at,
        new IncidentFacts(
            incident.Id, NoticeLog.Of(incident.Log, incident.LogDescription, incident.LogOperator), incident.Kind, incident.Severity, incident.Summary, incident.Opened,
            incident.Closed, incident.Cases, others));

    private static string Write(Notice notice)
    {
        var body = new ArrayBufferWriter<byte>();
        new NativeDialect().Write(new DeliverySubject("https://ct.example.com", null, null, notice), body);
        return Encoding.UTF8.GetString(body.WrittenSpan);
    }

    private static string Compact(string json) => JsonNode.Parse(json)!.ToJsonString(new JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    [GeneratedRegex(@"\{\n  ""id"": ""12"",\n  ""type"": ""log\.incident\..*?\n\}", RegexOptions.Singleline)]
    private static partial Regex Example();
}
