using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using CertHerald.Delivering;
using CertHerald.Dialects.Mail;
using CertHerald.Dialects.Native;
using CertHerald.Storage;
using CertHerald.Tests.Architecture;
using CertHerald.Tests.Docs;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Dialects.Native;

/// <summary>Bodies of every notice, as documented; and what mails make of them.</summary>
public sealed partial class NoticeBodiesTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    private static readonly NoticeLog Log = NoticeLog.Of(new LogId(MerkleHash.OfLeaf("a log"u8)), "Example log 2026h2", "Example Trust");

    private static readonly Notice[] Documented =
    [
        News(20, DeliveryNewsKinds.Failing, "Delivery 812 failed 4 times: status 500.", 812) with { Facts = Facts("Delivery 812 failed 4 times: status 500.", 812) with { Others = 2, Names = ["chat", "archive"] } },
        News(21, DeliveryNewsKinds.Recovered, "Delivery 812 has arrived, after 4 failed tries.", 812),
        News(22, DeliveryNewsKinds.Dead, "", 812) with { Facts = Facts("Delivery 812 was given up: status 500.", 812) with { Cases = 3 } },
        News(23, DeliveryNewsKinds.EndpointFailing, "It has taken nothing for 60 h: 50 % of the way to a hold.", null),
        News(24, DeliveryNewsKinds.EndpointHeld, "It took nothing for 5 days, in 47 attempts. One is tried every 6 h.", null),
        News(25, DeliveryNewsKinds.EndpointGone, "It answered 410 Gone: its receiver wants no more deliveries.", null),
        News(26, DeliveryNewsKinds.EndpointRecovered, "It takes deliveries again: what was held is sent now.", null),
        new(27, NoticeTypes.DeliveriesExpiring, Noon, new ExpiringFacts(14, 7)),
        new(28, NoticeTypes.Malformed, Noon, new MalformedFacts(Log, 31, 2, 77, 123456, "the certificate could not be read", 47, 77, Noon.AddMinutes(-59))),
        new(29, NoticeTypes.SecretExpiring, Noon, new SecretFacts(SecretFacts.ApiKey, "dashboard", "chk_a1b2c3d4", Noon.AddDays(7))),
        new(31, NoticeTypes.Caa, Noon, new CaaFacts(
        [
            new CaaChange("www.example.com", "example.com", ["0 issue \"letsencrypt.org\"", "0 issue \"pki.goog\""], ["0 issue \"letsencrypt.org\""]),
            new CaaChange("example.org", "", [], null),
        ])),
        new(32, NoticeTypes.RenewalMissing, Noon, new RenewalFacts(
            [new MissingRenewal("www.example.com", ".example.com", 4812, Noon.AddDays(30), "Let's Encrypt"), new MissingRenewal("mail.example.com", ".example.com", 4700, Noon.AddDays(30), "Sectigo")], 3)),
        new(30, NoticeTypes.Heartbeat, Noon.AddHours(-6), new HeartbeatFacts("0.1.0", 38, 37, null, 14, 0, new(2026, 11, 20, 22, 10, 4, TimeSpan.Zero), 1)),
    ];

    public static TheoryData<long> Ids => [.. Documented.Select(notice => notice.Id)];

    [Theory]
    [MemberData(nameof(Ids))]
    public void Rule_13_3_a_body_is_the_documents_example(long id)
    {
        Notice notice = Documented.Single(one => one.Id == id);
        string example = Example().Matches(Repository.Text("docs/operators.md")).Select(match => match.Groups[1].Value).Single(text => JsonNode.Parse(text)!["id"]?.GetValue<string>() == $"{id}");
        Assert.Equal(JsonNode.Parse(example)!.ToJsonString(new JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }), Write(new NativeDialect(), notice));
    }

    [Fact]
    public void Every_notice_leads_to_a_page_that_there_is()
    {
        string console = string.Concat(SourceFile.All("src/CertHerald/WebConsole").Select(file => file.Text));
        foreach (string path in Documented.Select(notice => new Uri(NoticeWords.UrlOf(notice, "https://ct.example.com")).AbsolutePath))
            Assert.Contains(path == "/console" ? "pages.MapGet(\"\"" : $"pages.MapGet(\"/{path.Split('/')[2]}", console, StringComparison.Ordinal);
    }

    [Fact]
    public void The_document_has_every_type_of_notice() => Assert.All(
        (string[])[
            DeliveryNewsKinds.Failing, DeliveryNewsKinds.Recovered, DeliveryNewsKinds.Dead, DeliveryNewsKinds.EndpointFailing, DeliveryNewsKinds.EndpointHeld,
            DeliveryNewsKinds.EndpointGone, DeliveryNewsKinds.EndpointRecovered, NoticeTypes.DeliveriesExpiring, NoticeTypes.Malformed, NoticeTypes.SecretExpiring,
            NoticeTypes.Heartbeat, NoticeTypes.Caa, NoticeTypes.RenewalMissing, .. Enum.GetValues<IncidentChange>().Select(NoticeTypes.Of),
        ],
        type => Assert.Contains($"\n### `{type}`\n", Repository.Text("docs/operators.md"), StringComparison.Ordinal));

    [Theory]
    [MemberData(nameof(Ids))]
    public void Facts_survive_being_stored(long id)
    {
        NoticeFacts facts = Documented.Single(one => one.Id == id).Facts;
        Assert.Equal(facts.ToJson(), NoticeFacts.Read(facts.ToJson()).ToJson());
        Assert.IsType(facts.GetType(), NoticeFacts.Read(facts.ToJson()));
    }

    [Theory]
    [InlineData(20, "[CertHerald] warning: Webhook siem and 2 more: Delivery 812 failed 4 times: status 500.", "Also: chat, archive\nSee: https://ct.example.com/console/deliveries/812")]
    [InlineData(24, "[CertHerald] error: Webhook siem: It took nothing for 5 days, in 47 attempts. One is tried every 6 h.", "What to do: Repair its receiver.")]
    [InlineData(28, "[CertHerald] error: entries of Example log 2026h2 cannot be read", "Log: Example log 2026h2, of Example Trust")]
    [InlineData(31, "[CertHerald] warning: CAA records of 2 names", "example.org has no CAA records; seen for the first time.")]
    [InlineData(30, "[CertHerald] alive, with something to look at", "Oldest delivery: none is due\nLast alert: 2026-11-20 22:10 UTC")]
    public void A_mail_says_the_same(long id, string subject, string part)
    {
        string draft = Write(new MailDialect(), Documented.Single(one => one.Id == id));
        Assert.StartsWith($"Date: Sat, 21 Nov 2026 {(id == 30 ? "06" : "12")}:00:00 +0000\nSubject: {subject}\n\n", draft, StringComparison.Ordinal);
        Assert.Contains(part, draft, StringComparison.Ordinal);
    }

    [Fact]
    public void Foreign_text_adds_no_line_to_a_mail_and_hides_nothing()
    {
        const string Foreign = "a\r\nBcc: x@evil.example\n\n\u202Etxt\0";
        foreach (Notice notice in (Notice[])[
            new(1, NoticeTypes.Malformed, Noon, new MalformedFacts(Log with { Description = Foreign, Operator = Foreign }, 1, 0, 1, 1, Foreign, 1, 1, Noon)),
            new(2, NoticeTypes.Of(IncidentChange.Opened), Noon, new IncidentFacts(1, Log with { Description = Foreign }, "fork", Severity.Critical, Foreign, Noon, null, 1, 0)),
            News(3, DeliveryNewsKinds.Dead, Foreign, 1),
            new(4, NoticeTypes.SecretExpiring, Noon, new SecretFacts(SecretFacts.ApiKey, Foreign, "chk_aaaaaaaa", Noon)),
        ])
        {
            string draft = Write(new MailDialect(), notice);
            Assert.DoesNotContain("\nBcc", draft, StringComparison.Ordinal);
            Assert.Equal(2, draft[..draft.IndexOf("\n\n", StringComparison.Ordinal)].Split('\n').Length);
            Assert.DoesNotContain(draft, c => c is '\r' or '\0' or '\u202E');
            Assert.Contains(@"\u{202E}", draft, StringComparison.Ordinal);
        }
    }

    private static Notice News(long id, string kind, string detail, long? delivery) => new(id, kind, Noon, Facts(detail, delivery));

    private static WebhookFacts Facts(string detail, long? delivery) => new("siem", delivery, detail, 1, Noon.AddMinutes(-1), 0, []);

    private static string Write(IWebhookDialect dialect, Notice notice)
    {
        var body = new ArrayBufferWriter<byte>();
        dialect.Write(new DeliverySubject("https://ct.example.com", null, null, notice), body);
        return Encoding.UTF8.GetString(body.WrittenSpan);
    }

    [GeneratedRegex(@"^```json\n(\{.*?^\})\n```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Example();
}
