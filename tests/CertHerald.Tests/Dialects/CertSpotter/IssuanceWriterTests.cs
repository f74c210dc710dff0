using System.Buffers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using CertHerald.Deciding;
using CertHerald.Dialects.CertSpotter;
using CertHerald.Inspecting;
using CertHerald.Storage;
using CertHerald.TestLog;
using CertHerald.Tests.Delivering;
using CertHerald.Tests.Dialects.CertSpotter.Api;
using CertHerald.Tests.Transparency.Certificates;
using CertHerald.Tests.WebConsole;

namespace CertHerald.Tests.Dialects.CertSpotter;

/// <summary>An issuance's members: which, in what order, and what stands in them.</summary>
public sealed class IssuanceWriterTests
{
    private static readonly string[] Always = ["id", "tbs_sha256", "cert_sha256", "pubkey_sha256", "not_before", "not_after", "revoked"];

    private static readonly string[] All =
    [
        "id", "tbs_sha256", "cert_sha256", "dns_names", "pubkey_sha256", "pubkey_der", "pubkey", "issuer", "not_before", "not_after", "revoked", "revocation",
        "problem_reporting", "cert_der", "cert",
    ];

    private static readonly string[] AllOfIssuer = ["friendly_name", "website", "caa_domains", "operator", "pubkey_sha256", "pubkey_der", "name", "name_der"];

    [Fact]
    public void Nothing_but_what_is_always_there_is_written_unasked() => Assert.Equal(Always, SearchRig.Members(Write(Given.GoldenFacts())));

    [Fact]
    public void All_members_stand_in_the_documented_order()
    {
        JsonElement issuance = Write(Given.GoldenFacts(), [.. Expand.All.Select(one => one.Value)]);

        Assert.Equal(All, SearchRig.Members(issuance));
        Assert.Equal(AllOfIssuer, SearchRig.Members(issuance.GetProperty("issuer")));
        Assert.Equal(["type", "sha256", "data"], SearchRig.Members(issuance.GetProperty("cert")));
    }

    [Theory]
    [InlineData("dns_names", "dns_names", "")]
    [InlineData("pubkey_der", "pubkey_der", "")]
    [InlineData("pubkey", "pubkey", "")]
    [InlineData("issuer", "issuer", "")]
    [InlineData("issuer.website", "issuer", "website")]
    [InlineData("issuer.caa_domains", "issuer", "caa_domains")]
    [InlineData("issuer.operator", "issuer", "operator")]
    [InlineData("issuer.pubkey_der", "issuer", "pubkey_der")]
    [InlineData("issuer.name_der", "issuer", "name_der")]
    [InlineData("revocation", "revocation", "")]
    [InlineData("problem_reporting", "problem_reporting", "")]
    [InlineData("cert_der", "cert_der", "")]
    [InlineData("cert", "cert", "")]
    public void Each_value_of_expand_brings_its_member_and_what_lies_in_the_issuer_brings_the_issuer(string value, string member, string inIssuer)
    {
        JsonElement issuance = Write(Given.GoldenFacts(), value);

        Assert.Equal(All.Where(name => name == member || Always.Contains(name)), SearchRig.Members(issuance));
        if (member == "issuer")
            Assert.Equal(
                AllOfIssuer.Where(name => name == inIssuer || name is "friendly_name" or "pubkey_sha256" or "name"), SearchRig.Members(issuance.GetProperty("issuer")));
    }

    [Fact]
    public void There_are_twelve_values_of_expand_and_the_deprecated_one_and_others_ask_for_nothing()
    {
        Assert.Equal(13, Expand.All.Select(one => one.Value).Distinct().Count());
        Assert.Equal(IssuanceMembers.None, Expand.Read(["", null, "DNS_NAMES", "dns_names,issuer", "issuer.", "issuer.nothing", "cert_pem"]));
        Assert.Equal(IssuanceMembers.None, Expand.Read(null));
        Assert.Equal(IssuanceMembers.Cert | IssuanceMembers.DnsNames, Expand.Read(["cert", "nothing", "dns_names", "cert"]));
    }

    [Fact]
    public void The_values_of_a_link_ask_for_the_same()
    {
        foreach (IEnumerable<string> asked in from one in Expand.All from other in Expand.All select (string[])[one.Value, other.Value])
            Assert.Equal(Expand.Read(asked), Expand.Read(Expand.ValuesOf(Expand.Read(asked))));
        Assert.Equal(["issuer"], Expand.ValuesOf(Expand.Read(["issuer"])));
        Assert.Equal(["issuer.website"], Expand.ValuesOf(Expand.Read(["issuer", "issuer.website"])));
        Assert.Empty(Expand.ValuesOf(IssuanceMembers.None));
    }

    [Fact]
    public void The_golden_certificate_says_what_its_page_and_its_bytes_say()
    {
        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(GoldenCertificate.Der);
        JsonElement issuance = Write(Given.GoldenFacts(), [.. Expand.All.Select(one => one.Value)]), issuer = issuance.GetProperty("issuer");

        Assert.Equal("2715166372", issuance.GetProperty("id").GetString());
        Assert.Equal("""{"type":"rsa","bit_length":2048}""", issuance.GetProperty("pubkey").GetRawText());
        Assert.Equal(certificate.PublicKey.ExportSubjectPublicKeyInfo(), issuance.GetProperty("pubkey_der").GetBytesFromBase64());
        Assert.Equal(issuance.GetProperty("pubkey_sha256").GetString(), Convert.ToHexStringLower(SHA256.HashData(issuance.GetProperty("pubkey_der").GetBytesFromBase64())));
        Assert.Equal(certificate.IssuerName.RawData, issuer.GetProperty("name_der").GetBytesFromBase64());
        Assert.Equal("Sectigo", issuer.GetProperty("friendly_name").GetString());
        Assert.Equal(GoldenCertificate.Der, issuance.GetProperty("cert").GetProperty("data").GetBytesFromBase64());
        Assert.Equal(("2021-07-13T00:00:00Z", "2022-08-12T23:59:59Z"), (issuance.GetProperty("not_before").GetString(), issuance.GetProperty("not_after").GetString()));
    }

    [Fact]
    public void The_issuers_key_is_written_where_a_chain_has_shown_it_and_else_null()
    {
        byte[] spki = [1, 2, 3];

        Assert.Equal("AQID", Write(Given.GoldenFacts(), spki, "issuer.pubkey_der").GetProperty("issuer").GetProperty("pubkey_der").GetString());
        Assert.Equal(JsonValueKind.Null, Write(Given.GoldenFacts(), "issuer.pubkey_der").GetProperty("issuer").GetProperty("pubkey_der").ValueKind);
    }

    [Theory]
    [InlineData("nistP256", """{"type":"ecdsa","curve":"P-256"}""")]
    [InlineData("nistP384", """{"type":"ecdsa","curve":"P-384"}""")]
    [InlineData("nistP521", """{"type":"ecdsa","curve":"P-521"}""")]
    public void A_key_on_a_curve_names_it(string curve, string expected)
    {
        using var ca = new TestCa();
        using ECDsa key = ECDsa.Create(ECCurve.CreateFromFriendlyName(curve));

        Assert.Equal(expected, Write(SearchRig.FactsOf(ca.Issue(new IssueRequest("www.example.com") { SubjectKey = key }).Der), "pubkey").GetProperty("pubkey").GetRawText());
    }

    [Fact]
    public void An_RSA_key_says_how_long_it_is()
    {
        using var ca = new TestCa();
        using RSA key = RSA.Create(3072);

        Assert.Equal("""{"type":"rsa","bit_length":3072}""", Write(SearchRig.FactsOf(ca.Issue(new IssueRequest("www.example.com") { SubjectKey = key }).Der), "pubkey").GetProperty("pubkey").GetRawText());
    }

    [Fact]
    public void A_precertificate_that_another_signs_does_not_show_the_signers_name_as_the_issuers()
    {
        using var ca = new TestCa();
        TestPrecertificate precertificate = ca.IssuePrecertificate(new IssueRequest("www.example.com") { ThroughSigningCertificate = true });
        CertificateFacts final = SearchRig.FactsOf(precertificate.Final([]).Der), bySigner = final with { CertDer = precertificate.Der, IsPrecertificate = true };

        Assert.Equal(ca.Intermediate.SubjectName.RawData, Write(final, "issuer.name_der").GetProperty("issuer").GetProperty("name_der").GetBytesFromBase64());
        Assert.Equal(JsonValueKind.Null, Write(bySigner, "issuer.name_der").GetProperty("issuer").GetProperty("name_der").ValueKind);
    }

    [Fact]
    public void A_TBSCertificate_in_a_precertificates_place_is_read_as_what_it_is()
    {
        CertificateFacts facts = Given.GoldenFacts() with { CertDer = GoldenCertificate.Der[4..(4 + 1354)], IsPrecertificate = true };

        JsonElement issuance = Write(facts, "pubkey", "issuer.name_der");

        Assert.Equal(2048, issuance.GetProperty("pubkey").GetProperty("bit_length").GetInt32());
        Assert.Equal(JsonValueKind.String, issuance.GetProperty("issuer").GetProperty("name_der").ValueKind);
    }

    [Fact]
    public void What_is_not_kept_is_null()
    {
        JsonElement issuance = Write(Given.GoldenFacts() with { CertDer = [] }, "pubkey", "pubkey_der", "cert_der", "cert", "issuer.name_der");

        foreach (string member in (string[])["pubkey", "pubkey_der", "cert_der"]) Assert.Equal(JsonValueKind.Null, issuance.GetProperty(member).ValueKind);
        Assert.Equal(JsonValueKind.Null, issuance.GetProperty("cert").GetProperty("data").ValueKind);
        Assert.Equal(JsonValueKind.Null, issuance.GetProperty("issuer").GetProperty("name_der").ValueKind);
    }

    [Fact]
    public void An_operator_is_named_where_it_is_another_than_the_brand()
    {
        (string name, string website) = IssuerTable.All.Select(row => row.Facts.Operator).OfType<(string, string)>().First();
        IssuerRow branded = IssuerTable.All.First(row => row.Facts.Operator is not null);
        CertificateFacts facts = Given.GoldenFacts() with { IssuerPubkeySha256 = null, IssuerOrganization = branded.Organizations[0] };

        JsonElement operated = Write(facts, "issuer.operator").GetProperty("issuer").GetProperty("operator");

        Assert.Equal((name, website), (operated.GetProperty("name").GetString(), operated.GetProperty("website").GetString()));
        Assert.Equal(["name", "website"], SearchRig.Members(operated));
        Assert.Equal(JsonValueKind.Null, Write(SomeFacts.Of("a.example"), "issuer.operator").GetProperty("issuer").GetProperty("operator").ValueKind);
    }

    [Fact]
    public void Revocation_is_null_while_nobody_has_looked_for_it()
    {
        Assert.Equal("null", Write(Given.GoldenFacts(), "revocation").GetProperty("revocation").GetRawText());
        Assert.False(Write(Given.GoldenFacts()).GetProperty("revoked").GetBoolean());
    }

    [Fact]
    public void What_a_revocation_list_says_is_written_with_the_time_of_the_look()
    {
        var checkedAt = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
        JsonElement good = Write(Given.GoldenFacts(), new Revocation(false, null, null, checkedAt, ""), "revocation");
        JsonElement revoked = Write(Given.GoldenFacts(), new Revocation(true, checkedAt.AddDays(-1), 1, checkedAt, ""), "revocation");

        Assert.Equal((false, """{"time":null,"reason":null,"checked_at":"2026-03-01T12:00:00Z"}"""), (good.GetProperty("revoked").GetBoolean(), good.GetProperty("revocation").GetRawText()));
        Assert.Equal((true, """{"time":"2026-02-28T12:00:00Z","reason":1,"checked_at":"2026-03-01T12:00:00Z"}"""), (revoked.GetProperty("revoked").GetBoolean(), revoked.GetProperty("revocation").GetRawText()));
    }

    private static JsonElement Write(CertificateFacts facts, params string[] expand) => Write(facts, null, null, expand);

    private static JsonElement Write(CertificateFacts facts, byte[]? issuerSpki, params string[] expand) => Write(facts, issuerSpki, null, expand);

    private static JsonElement Write(CertificateFacts facts, Revocation revocation, params string[] expand) => Write(facts, null, revocation, expand);

    private static JsonElement Write(CertificateFacts facts, byte[]? issuerSpki, Revocation? revocation, params string[] expand)
    {
        var body = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(body, IssuanceWriter.Style))
            new IssuanceWriter(IssuerDirectory.BuiltIn).Write(json, 2715166372, facts, revocation ?? Revocation.Unknown, Expand.Read(expand), issuerSpki);
        return JsonElement.Parse(body.WrittenSpan);
    }
}
