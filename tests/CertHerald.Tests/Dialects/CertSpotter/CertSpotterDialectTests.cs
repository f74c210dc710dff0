using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Dialects.CertSpotter;
using CertHerald.Inspecting;
using CertHerald.Storage;
using CertHerald.Tests.Delivering;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Dialects.CertSpotter;

public sealed class CertSpotterDialectTests
{
    private static readonly DateTimeOffset Discovered = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void D10_the_documented_example_is_reproduced_member_for_member_in_its_order()
    {
        string page = File.ReadAllText(SharedData.SeedPathOf("certspotter-unknown-certificate-webhook.txt"));
        JsonNode expected = JsonNode.Parse(page[page.IndexOf("{ \"id\"", StringComparison.Ordinal)..])!;
        expected["html_url"] = "https://ct.example.org/console/monitoring/issuances/2715166372";

        JsonNode body = JsonNode.Parse(Write(Given.GoldenFacts()))!;
        Assert.True(JsonNode.DeepEquals(expected, body), $"expected\n{expected}\nbut got\n{body}");
        Assert.Equal(expected.ToJsonString(), body.ToJsonString());
    }

    [Fact]
    public void The_body_has_these_members_in_this_order_and_no_others()
    {
        using JsonDocument body = JsonDocument.Parse(Write(Given.GoldenFacts()));
        JsonElement issuance = body.RootElement.GetProperty("issuance");
        Assert.Equal(["id", "html_url", "endpoints", "issuance"], Members(body.RootElement));
        Assert.Equal(["dns_name", "monitored_domain", "wildcard"], Members(body.RootElement.GetProperty("endpoints")[0]));
        Assert.Equal(
            ["id", "tbs_sha256", "cert_sha256", "dns_names", "pubkey_sha256", "issuer", "not_before", "not_after", "revoked", "problem_reporting", "cert_der"],
            Members(issuance));
        Assert.Equal(["friendly_name", "website", "caa_domains", "pubkey_sha256", "name"], Members(issuance.GetProperty("issuer")));
        Assert.Equal(Given.GoldenFacts().CertDer, issuance.GetProperty("cert_der").GetBytesFromBase64());
        Assert.DoesNotContain("\\u002B", Write(Given.GoldenFacts()), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void What_is_not_known_is_null_or_empty_as_promised()
    {
        CertificateFacts facts = Given.GoldenFacts() with
        {
            IssuerPubkeySha256 = null,
            IssuerOrganization = null,
            IssuerCommonName = null,
            IssuerName = "",
            NotBefore = null,
            NotAfter = null,
            DnsNames = [],
        };
        using JsonDocument body = JsonDocument.Parse(Write(facts));
        JsonElement issuance = body.RootElement.GetProperty("issuance");
        JsonElement issuer = issuance.GetProperty("issuer");

        Assert.Equal("Unknown", issuer.GetProperty("friendly_name").GetString());
        Assert.Equal("", issuer.GetProperty("website").GetString());
        Assert.Equal(JsonValueKind.Null, issuer.GetProperty("caa_domains").ValueKind);
        Assert.Equal(JsonValueKind.Null, issuer.GetProperty("pubkey_sha256").ValueKind);
        Assert.Equal("", issuance.GetProperty("problem_reporting").GetString());
        Assert.Equal(JsonValueKind.Null, issuance.GetProperty("not_before").ValueKind);
        Assert.Equal(JsonValueKind.Null, issuance.GetProperty("not_after").ValueKind);
        Assert.Equal(0, issuance.GetProperty("dns_names").GetArrayLength());
    }

    [Fact]
    public void Hostile_names_make_valid_JSON()
    {
        CertificateFacts facts = Given.GoldenFacts() with
        {
            DnsNames = ["\ud800.example.com", "a\"b\\c\u0000\u202e.example.com", "<script>.example.com", "\u2028"],
            IssuerName = "O=\udc00",
        };
        using JsonDocument body = JsonDocument.Parse(Write(facts));
        string[] names = [.. body.RootElement.GetProperty("issuance").GetProperty("dns_names").EnumerateArray().Select(name => name.GetString()!)];
        Assert.Equal(["\ufffd.example.com", "a\"b\\c\u0000\u202e.example.com", "<script>.example.com", "\u2028"], names);
    }

    [Fact]
    public void Times_are_in_UTC_and_to_the_second()
    {
        CertificateFacts facts = Given.GoldenFacts() with { NotBefore = new DateTimeOffset(2021, 7, 13, 2, 0, 0, 999, TimeSpan.FromHours(2)) };
        using JsonDocument body = JsonDocument.Parse(Write(facts));
        Assert.Equal("2021-07-13T00:00:00Z", body.RootElement.GetProperty("issuance").GetProperty("not_before").GetString());
    }

    [Fact]
    public void A_malformed_entry_has_the_body_of_its_own_event()
    {
        var log = new LogId(MerkleHash.OfLeaf("log"u8));
        MerkleHash leaf = MerkleHash.OfLeaf("leaf"u8);
        var entry = new MalformedEntry(77, log, "Some log", "https://log.example/", new EntryIndex(123), leaf, "the TBS has no end", [1, 2, 3], true, Discovered);

        Assert.Equal(
            $$"""
            {"event":"malformed_certificate","id":"77","html_url":"https://ct.example.org/console/malformed/77","log":{"id":"{{log}}","url":"https://log.example/"},"entry_index":123,"leaf_hash":"{{leaf}}","error":"the TBS has no end","entry":"AQID"}
            """,
            Write(new DeliverySubject("https://ct.example.org", null, entry)));
    }

    [Theory]
    [InlineData(null, "}")]
    [InlineData("", ",\"certherald\":{\"proven\":false}}")]
    [InlineData("{\"version\":1,\"key\":\"a+b/\"}", ",\"certherald\":{\"proven\":true,\"evidence\":{\"version\":1,\"key\":\"a+b/\"}}}")]
    public void Evidence_is_the_last_member_of_those_who_asked_for_it_and_its_bytes_stay(string? document, string end)
    {
        DeliveryEvidence? evidence = document is null ? null : new DeliveryEvidence(document.Length == 0 ? null : Encoding.UTF8.GetBytes(document));
        var entry = new MalformedEntry(77, default, "Some log", "https://log.example/", new EntryIndex(123), default, "the TBS has no end", [1, 2, 3], true, Discovered);

        string unknown = Write(Subject(Given.GoldenFacts()) with { Evidence = evidence }), plain = Write(Given.GoldenFacts());
        string malformed = Write(new DeliverySubject("https://ct.example.org", null, entry) { Evidence = evidence });

        Assert.Equal(plain[..^1] + end, unknown);
        Assert.EndsWith("\"entry\":\"AQID\"" + end, malformed, StringComparison.Ordinal);
    }

    [Fact]
    public void It_speaks_of_unknown_certificates_malformed_ones_and_look_alikes()
    {
        var dialect = new CertSpotterDialect();
        Assert.Equal("certspotter", dialect.Name);
        Assert.True(dialect.Speaks(EventKinds.UnknownCertificate));
        Assert.True(dialect.Speaks(EventKinds.MalformedCertificate));
        Assert.True(dialect.Speaks(EventKinds.Lookalike));
        Assert.False(dialect.Speaks(EventKinds.Operator));
    }

    private static string Write(CertificateFacts facts) => Write(Subject(facts));

    private static DeliverySubject Subject(CertificateFacts facts) =>
        new("https://ct.example.org", new Issuance(2715166372, facts, Given.GoldenEndpoints(), false, "nobody knows it", Discovered), null);

    private static string Write(DeliverySubject subject)
    {
        var body = new ArrayBufferWriter<byte>();
        new CertSpotterDialect().Write(subject, body);
        return Encoding.UTF8.GetString(body.WrittenSpan);
    }

    private static IEnumerable<string> Members(JsonElement element) => element.EnumerateObject().Select(member => member.Name);
}
