using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Delivering.Signing;
using CertHerald.Dialects;
using CertHerald.Dialects.Meta;
using CertHerald.Inspecting;
using CertHerald.Storage;
using CertHerald.Tests.Delivering;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Dialects.Meta;

public sealed class MetaDialectTests
{
    private static readonly MetaDialect Meta = new();

    [Fact]
    public void M12_without_values_the_body_is_the_original_example_byte_for_byte()
    {
        const string Expected = """{"entry":[{"id":"1381739901945384","changed_fields":["certificate"],"time":1510160948}],"object":"certificate_transparency"}""";
        Assert.Equal(Expected, Write(Subject(1381739901945384, 1510160948) with { IsShort = true }));

        // The public page shows the same, with white space.
        string page = File.ReadAllText(SharedData.SeedPathOf("meta-webhooks-for-certificate-transparency.de.txt"));
        int begin = page.IndexOf('{', StringComparison.Ordinal), end = page.IndexOf("Zertifikatswarnungs-Payloads", StringComparison.Ordinal);
        Assert.Equal(Expected, string.Concat(page[begin..end].Where(c => !char.IsWhiteSpace(c))));
    }

    [Fact]
    public void M12_with_values_the_certificate_stands_in_the_change_in_the_originals_order()
    {
        string pem = "-----BEGIN CERTIFICATE-----\n" + string.Concat(Convert.ToBase64String(Given.GoldenFacts().CertDer).Chunk(64).Select(line => new string(line) + "\n")) + "-----END CERTIFICATE-----\n";
        string expected = """{"entry":[{"changes":[{"field":"certificate","value":{"certificate_pem":"PEM","cert_hash_sha256":"69fb7252f3cd5c052db8325cf82dc40bd72ed01525f2301f804765be8d62ae43"}}],"id":"98467385784","time":1603636648}],"object":"certificate_transparency"}"""
            .Replace("PEM", pem.Replace("\n", "\\n", StringComparison.Ordinal), StringComparison.Ordinal);

        Assert.Equal(expected, Write(Subject(98467385784, 1603636648)));
    }

    [Fact]
    public void M13_the_phishing_form_is_the_original_example_byte_for_byte_whatever_the_order_of_names()
    {
        var change = new PhishingChange(
            "-----BEGIN CERTIFICATE----- ... -----END CERTIFICATE-----\n", "f2297...", ["xn--facbook-9gg.ml", "facebook.com.evil.com", "xn--facbook-9gg.ml"], "facebook.com");
        string body = Write(new MetaEntry(123, DateTimeOffset.FromUnixTimeSeconds(1524762838), change));

        Assert.Equal(352, body.Length);
        Assert.True(AppSecret.TryParse("0123456789abcdef0123456789abcdef", out AppSecret? secret, out _));
        Assert.Equal(
            ["sha1=80871abdf0cc80e23f968241e65117d5dd46c774", "sha256=ffa7e98fbdf1ac4f93966a41a0820fe97b9c7a789be088b127a9a3a931b4f8ce"],
            new HubSigner([secret]).HeadersFor("key", default, Encoding.UTF8.GetBytes(body)).Select(header => header.Value));

        // The public page shows the same, but for a dash that it prints for two hyphens.
        string page = File.ReadAllText(SharedData.SeedPathOf("meta-webhooks-for-certificate-transparency.de.txt"));
        int begin = page.LastIndexOf("\"changes\"", StringComparison.Ordinal);
        begin = page.LastIndexOf("{\n  \"entry\"", begin, StringComparison.Ordinal);
        int end = page.LastIndexOf('}') + 1;
        Assert.Equal(body, JsonNode.Parse(page[begin..end].Replace("xn\u2014", "xn--", StringComparison.Ordinal))!.ToJsonString());
    }

    [Fact]
    public void Without_values_the_phishing_form_names_its_field_only() => Assert.Equal(
        """{"entry":[{"id":"123","changed_fields":["phishing"],"time":1524762838}],"object":"certificate_transparency"}""",
        Write(new MetaEntry(123, DateTimeOffset.FromUnixTimeSeconds(1524762838), new PhishingChange("", "", ["a.example"], "b.example"), IsShort: true)));

    [Theory]
    [InlineData("certificate", "certificate_pem")]
    [InlineData("phishing", "ct_cert")]
    public void There_is_an_example_of_each_field(string field, string firstMember)
    {
        Assert.Equal(["certificate", "phishing"], Meta.Examples);
        var body = new ArrayBufferWriter<byte>();
        Meta.WriteExample(field, isShort: false, "https://ct.example.org", DateTimeOffset.UnixEpoch, body);
        JsonElement change = JsonElement.Parse(Encoding.UTF8.GetString(body.WrittenSpan)).GetProperty("entry")[0].GetProperty("changes")[0];
        Assert.Equal((field, firstMember), (change.GetProperty("field").GetString(), change.GetProperty("value").EnumerateObject().First().Name));
    }

    [Fact]
    public void M4_ids_are_texts_and_the_time_is_a_number()
    {
        JsonElement entry = JsonElement.Parse(Write(Subject(7, 1603636648))).GetProperty("entry")[0];
        Assert.Equal((JsonValueKind.String, JsonValueKind.Number), (entry.GetProperty("id").ValueKind, entry.GetProperty("time").ValueKind));
        Assert.Equal(1603636648, entry.GetProperty("time").GetInt64());
    }

    [Fact]
    public void The_certificate_in_a_body_reads_back_and_has_the_hash_beside_it()
    {
        JsonElement value = JsonElement.Parse(Write(Subject(7, 1))).GetProperty("entry")[0].GetProperty("changes")[0].GetProperty("value");
        byte[] der = [.. Convert.FromBase64String(string.Concat(value.GetProperty("certificate_pem").GetString()!.Split('\n').Where(line => !line.StartsWith('-'))))];
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(der)), value.GetProperty("cert_hash_sha256").GetString());
    }

    [Fact]
    public void M13_what_is_not_ascii_is_written_in_lower_case_escapes_also_within_evidence()
    {
        string body = Write(Subject(7, 1) with { Evidence = new DeliveryEvidence(Encoding.UTF8.GetBytes("""{"description":"ä-😀"}""")) });

        Assert.Contains(""""certherald":{"proven":true,"evidence":{"description":"\u00e4-\ud83d\ude00"}}}}],"id":"7"""", body, StringComparison.Ordinal);
        Assert.DoesNotContain(body, c => c > 0x7e);
    }

    [Fact]
    public void A_test_is_the_example_of_a_certificate_with_the_time_of_now()
    {
        var body = new ArrayBufferWriter<byte>();
        Meta.WriteTest("https://ct.example.org", DateTimeOffset.FromUnixTimeSeconds(1700000000), body);
        JsonElement entry = JsonElement.Parse(Encoding.UTF8.GetString(body.WrittenSpan)).GetProperty("entry")[0];
        Assert.Equal("69fb7252f3cd5c052db8325cf82dc40bd72ed01525f2301f804765be8d62ae43", entry.GetProperty("changes")[0].GetProperty("value").GetProperty("cert_hash_sha256").GetString());
        Assert.Equal(1700000000, entry.GetProperty("time").GetInt64());
    }

    [Fact]
    public void It_tells_of_certificates_and_look_alikes_and_of_nothing_else()
    {
        IWebhookDialect meta = Assert.Single(WebhookDialects.All, one => one.Name == "meta");
        Assert.Equal([EventKinds.Certificate, EventKinds.UnknownCertificate, EventKinds.Lookalike], EventKinds.All.Where(meta.Speaks));
    }

    [Fact]
    public void M18_the_schedule_has_twelve_attempts_the_second_within_5_s_and_the_last_after_36_h()
    {
        DeliverySchedule schedule = Meta.Rules.Schedule;
        Assert.Equal((12, TimeSpan.FromHours(36), 0.1), (schedule.Offsets.Count, schedule.Offsets[^1], schedule.Jitter));
        Assert.Equal([0, 1, 60, 300, 900, 2700, 7200, 14400, 28800, 50400, 79200, 129600], schedule.Offsets.Select(offset => offset.TotalSeconds));
        Assert.InRange(schedule.NextAfter(1, default, default, "key")!.Value.Ticks, 0, TimeSpan.FromSeconds(5).Ticks);
    }

    [Theory]
    [InlineData(200, "Delivered")]
    [InlineData(201, "Status")]
    [InlineData(204, "Status")]
    [InlineData(299, "Status")]
    [InlineData(302, "Status")]
    [InlineData(400, "Status")]
    [InlineData(410, "Status")]
    [InlineData(413, "Status")]
    [InlineData(429, "Status")]
    [InlineData(500, "Status")]
    [InlineData(503, "Status")]
    public void E6_Rule_4_4_in_this_dialect_200_delivers_and_everything_else_is_tried_again(int status, string outcome)
    {
        DateTimeOffset now = DateTimeOffset.UnixEpoch;
        var delivery = new StoredDelivery(1, "hook", EventKinds.Certificate, 1, "key", null, DeliveryState.Inflight, 0, null, now, now, now);
        Assert.Equal(outcome == "Delivered", Meta.Rules.Delivers(status));

        Verdict verdict = Meta.Rules.Judge(delivery, new Answer(Enum.Parse<AttemptOutcome>(outcome), status, null), now, now);

        Assert.Equal(status == 200 ? DeliveryState.Done : DeliveryState.Pending, verdict.State);
        Assert.False(verdict.IsGone);
        Assert.Equal(status == 413, verdict.Shorten);
        Assert.Equal(status is 429 or 503, verdict.PauseUntil is not null);
    }

    [Theory]
    [InlineData(199, false)]
    [InlineData(201, true)]
    [InlineData(299, true)]
    [InlineData(300, false)]
    public void E6_Rule_4_4_accept_any_2xx_takes_these_too(int status, bool delivers) =>
        Assert.Equal(delivers, Meta.Rules.For(Given.Webhook(new Uri("https://h/")) with { AcceptAny2xx = true }).Delivers(status));

    private static DeliverySubject Subject(long id, long time) => new(
        "https://ct.example.org", new Issuance(id, Given.GoldenFacts(), Given.GoldenEndpoints(), Known: false, "", DateTimeOffset.UnixEpoch), null)
    {
        At = DateTimeOffset.FromUnixTimeSeconds(time),
    };

    private static string Write(MetaEntry entry)
    {
        var whole = new MetaBody(100_000);
        Assert.True(whole.TryAdd([entry]));
        var body = new ArrayBufferWriter<byte>();
        whole.Write(body);
        return Encoding.UTF8.GetString(body.WrittenSpan);
    }

    private static string Write(DeliverySubject subject)
    {
        var body = new ArrayBufferWriter<byte>();
        Meta.Write(subject, body);
        return Encoding.UTF8.GetString(body.WrittenSpan);
    }
}
