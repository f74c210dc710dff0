using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CertHerald.Delivering;
using CertHerald.Dialects.CertSpotter;
using CertHerald.Dialects.Mail;
using CertHerald.Dialects.Meta;
using CertHerald.Dialects.Native;
using CertHerald.Inspecting;
using CertHerald.Names.Lookalikes;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Dialects;

/// <summary>What each dialect says of a look-alike.</summary>
public sealed class LookalikeBodiesTests
{
    private static readonly DateTimeOffset At = DateTimeOffset.FromUnixTimeSeconds(1524762838);

    [Fact]
    public void Meta_gets_the_phishing_change_of_its_own_example()
    {
        var issuance = new Issuance(123, Some.Facts("facebook.com.evil.com"), [], false, "", At);
        LookalikeAlert alert = Alert(issuance, Names("facebook.com", "xn--facbook-9gg.ml", "facebook.com.evil.com"));

        string body = Encoding.ASCII.GetString(Write(new MetaDialect(), alert));

        string pem = MetaChange.PemOf(issuance.Certificate.CertDer).Replace("\n", "\\n", StringComparison.Ordinal);
        Assert.Equal(
            $$$"""{"entry":[{"changes":[{"field":"phishing","value":{"ct_cert":{"id":"123","certificate_pem":"{{{pem}}}","cert_hash_sha256":"{{{issuance.Certificate.CertSha256}}}"},"phishing_domains":["facebook.com.evil.com","xn--facbook-9gg.ml"],"phished_domain":"facebook.com"}}],"id":"123","time":1524762838}],"object":"certificate_transparency"}""",
            body);
    }

    [Fact]
    public void Meta_loses_nothing_of_what_was_owed_before_in_another_dialect_and_adds_all_of_it_or_none()
    {
        var issuance = new Issuance(123, Some.Facts("a.example") with { CertDer = new byte[20_000] }, [], false, "", At);
        var subject = new DeliverySubject("https://ct.example", null, null) { At = At, Lookalike = Alert(issuance, Names("a.com", "a.com.evil.com"), Names("b.com", "b.com.evil.com")) };
        IWebhookBatch batch = new MetaDialect().BeginBatch(100_000)!;

        Assert.True(batch.TryAdd(subject));
        Assert.False(batch.TryAdd(subject));

        var body = new ArrayBufferWriter<byte>();
        batch.Write(body);
        Assert.Equal(["a.com", "b.com"], JsonElement.Parse(body.WrittenSpan).GetProperty("entry").EnumerateArray()
            .Select(entry => entry.GetProperty("changes")[0].GetProperty("value").GetProperty("phished_domain").GetString()));
    }

    [Fact]
    public void Meta_tells_class_and_score_of_the_strongest_name_to_those_who_ask_for_evidence()
    {
        var body = new ArrayBufferWriter<byte>();
        LookalikeAlert alert = Alert(new Issuance(123, Some.Facts("a.example"), [], false, "", At), Names("a.com", "weak.test") with { Names = [new("weak.test", 51, "typo", []), new("strong.test", 95, "idn_homograph", [])] });
        new MetaDialect().Write(new DeliverySubject("https://ct.example", null, null) { At = At, Lookalike = alert, Evidence = new DeliveryEvidence(null) }, body);
        Assert.Contains(""""phished_domain":"a.com","certherald":{"proven":false,"class":"idn_homograph","score":95}}}]"""", Encoding.ASCII.GetString(body.WrittenSpan), StringComparison.Ordinal);
    }

    [Fact]
    public void Meta_without_values_says_which_field_changed()
    {
        var issuance = new Issuance(123, Some.Facts("facebook.com.evil.com"), [], false, "", At);
        Assert.Equal(
            """{"entry":[{"id":"123","changed_fields":["phishing"],"time":1524762838}],"object":"certificate_transparency"}""",
            Encoding.ASCII.GetString(Write(new MetaDialect(), Alert(issuance, Names("facebook.com", "facebook.com.evil.com")), isShort: true)));
    }

    [Fact]
    public void Cert_Spotter_and_native_say_what_is_imitated_and_why_beside_the_certificate()
    {
        LookalikeAlert alert = Alert(new Issuance(7, Some.Facts("faceb00k.com"), [], false, "", At), Names("facebook.com", "faceb00k.com"));

        JsonElement spotter = JsonElement.Parse(Write(new CertSpotterDialect(), alert)), native = JsonElement.Parse(Write(new NativeDialect(), alert));

        foreach (JsonElement body in (JsonElement[])[spotter, native])
        {
            JsonElement imitated = body.GetProperty("imitates")[0];
            Assert.Equal(("17", "new", "evil.com", 90, "high"), (Text(body, "id"), Text(body, "change"), Text(body, "registrable_domain"), body.GetProperty("score").GetInt32(), Text(body, "tier")));
            Assert.Equal("facebook.com", Text(imitated, "protected_domain"));
            Assert.Equal("it says so", imitated.GetProperty("names")[0].GetProperty("reasons")[0].GetString());
            Assert.Equal("https://ct.example/console/lookalikes/17", Text(body, "html_url"));
        }
        Assert.Equal(("lookalike", "7"), (Text(spotter, "event"), Text(spotter.GetProperty("issuance"), "id")));
        Assert.Equal(("lookalike", "7"), (Text(native, "type"), Text(native.GetProperty("certificate"), "id")));
        Assert.DoesNotContain("phish", native.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_mail_shows_what_hides_in_a_hostile_name()
    {
        LookalikeAlert alert = Alert(new Issuance(7, Some.Facts("faceb00k.com"), [], false, "", At), Names("facebook.com", "face\u202ebook.evil.com"));

        string mail = Encoding.UTF8.GetString(Write(new MailDialect(), alert));

        Assert.Contains(@"face\u{202E}book.evil.com", mail, StringComparison.Ordinal);
        Assert.DoesNotContain('\u202e', mail);
    }

    [Fact]
    public void A_look_alike_is_the_documents_example_with_the_reasons_that_are_found()
    {
        Lookalike judged = Assert.Single(LookalikeIndex.Build([new ProtectedDomain { Name = "example.com" }], suffixes: null).Judge("login.examp1e.com"u8));
        var alert = Alert(new Issuance(4711, Some.Facts("login.examp1e.com"), [], false, "", At), new AlertedNames("example.com", [new("login.examp1e.com", judged.Score, judged.Class.Name(), judged.Reasons)])) with { Registrable = "examp1e.com" };
        var body = new ArrayBufferWriter<byte>();

        new CertSpotterDialect().Write(new DeliverySubject("https://ct.example.com", null, null) { Lookalike = alert, At = At }, body);

        string example = Docs.Repository.Text("docs/webhooks.md").Split("```json\n").Single(part => part.Contains("\"event\": \"lookalike\"", StringComparison.Ordinal) && part.StartsWith('{')).Split("\n```")[0];
        JsonObject written = JsonNode.Parse(body.WrittenSpan)!.AsObject(), shown = JsonNode.Parse(example)!.AsObject();
        Assert.Equal((string?)shown["issuance"]!["id"], (string?)written["issuance"]!["id"]);
        shown.Remove("issuance");
        written.Remove("issuance");
        Assert.True(JsonNode.DeepEquals(shown, written), written.ToString());
    }

    [Fact]
    public void A_digest_is_the_documents_example_in_native_and_lists_the_same_in_a_mail()
    {
        var midnight = new DateTimeOffset(2026, 11, 22, 0, 0, 0, TimeSpan.Zero);
        DigestFacts facts = new(midnight, [new("thefacebooks.org", "thefacebooks.org", "facebook.com", 47, "combo_concat", "facebook stands in thefacebooks.org, written together with other words", 2, midnight.AddHours(-10))], 12);
        var subject = new DeliverySubject("https://ct.example.com", null, null, new Notice(73, NoticeTypes.LookalikeDigest, midnight.AddSeconds(21), facts)) { At = At };
        var body = new ArrayBufferWriter<byte>();

        new NativeDialect().Write(subject, body);
        string example = Docs.Repository.Text("docs/webhooks.md").Split("```json\n").Single(part => part.Contains("\"lookalike.digest\"", StringComparison.Ordinal) && part.StartsWith('{')).Split("\n```")[0];
        Assert.True(JsonElement.DeepEquals(JsonElement.Parse(example), JsonElement.Parse(body.WrittenSpan)), Encoding.UTF8.GetString(body.WrittenSpan));

        body.Clear();
        new MailDialect().Write(subject, body);
        string mail = Encoding.UTF8.GetString(body.WrittenSpan);
        Assert.Contains("Subject: [CertHerald] 13 weak look-alikes\n", mail, StringComparison.Ordinal);
        Assert.Contains("  47  thefacebooks.org of facebook.com: facebook stands in thefacebooks.org", mail, StringComparison.Ordinal);
        Assert.Contains("  and 12 more\n", mail, StringComparison.Ordinal);
        Assert.Contains("https://ct.example.com/console/lookalikes/weak", mail, StringComparison.Ordinal);
        Assert.Equal(facts.Lookalikes, Assert.IsType<DigestFacts>(NoticeFacts.Read(facts.ToJson())).Lookalikes);
    }

    private static string? Text(JsonElement json, string member) => json.GetProperty(member).GetString();

    private static byte[] Write(IWebhookDialect dialect, LookalikeAlert alert, bool isShort = false)
    {
        var body = new ArrayBufferWriter<byte>();
        dialect.Write(new DeliverySubject("https://ct.example", null, null) { Lookalike = alert, At = At, IsShort = isShort }, body);
        return body.WrittenSpan.ToArray();
    }

    private static LookalikeAlert Alert(Issuance issuance, params AlertedNames[] names) =>
        new(5, 17, ProtectedDomainOwners.Operator, "evil.com", LookalikeChanges.New, At, names, issuance);

    private static AlertedNames Names(string domain, params string[] names) => new(domain, [.. names.Select(name => new LookalikeName(name, 90, "target_embedding", ["it says so"]))]);
}
