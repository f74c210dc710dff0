using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using CertHerald.Access;
using CertHerald.Api;
using CertHerald.Deciding;
using CertHerald.Inspecting;
using CertHerald.Storage;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.WebConsole;
using CertHerald.Transparency.Certificates;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace CertHerald.Tests.Api;

/// <summary>certspotter.md §4.2: the calls that authorise.</summary>
public sealed class AuthorisationsTests : IDisposable
{
    private const string Keys = "/api/v3/monitoring/known_keys", Certificates = "/api/v3/monitoring/known_certificates";

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string KeyHash => Convert.ToHexStringLower(SHA256.HashData(_key.ExportSubjectPublicKeyInfo()));

    public void Dispose() => _key.Dispose();

    [Theory]
    [InlineData("application/x-pem-file")]
    [InlineData("application/x-pem-file; charset=us-ascii")]
    [InlineData("application/pkcs10")]
    [InlineData("application/json")]
    public async Task A_key_is_authorised_by_a_request_in_pem_or_der_or_by_its_hash(string type)
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        CertificateRequest request = Request("CN=WWW.example.com", "shop.example.com", "*.example.com");
        byte[] body = type switch
        {
            "application/pkcs10" => request.CreateSigningRequest(),
            "application/json" => JsonSerializer.SerializeToUtf8Bytes(new { pubkey_sha256 = KeyHash.ToUpperInvariant(), dns_names = new[] { "Shop.example.com.", "www.example.com", "*.example.com" } }),
            _ => Encoding.ASCII.GetBytes("# made by hand\n" + request.CreateSigningRequestPem()),
        };

        Answer answer = await SendAsync(rig, Keys, type, body);

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal(KeyHash, answer.Json.GetProperty("pubkey_sha256").GetString());
        Assert.Equal(["*.example.com", "shop.example.com", "www.example.com"], Texts(answer.Json, "dns_names"));
        Assert.Empty(answer.Json.GetProperty("cleared").EnumerateArray());
        Assert.Equal(KnownCertificates.ByKey, rig.Watched.Known.WhyKnown(Facts("www.example.com")));
        Assert.Null(rig.Watched.Known.WhyKnown(Facts("mail.example.com")));
        JsonElement listed = Assert.Single((await rig.AskAsync(HttpMethod.Get, Keys)).Json.EnumerateArray());
        Assert.Equal((KeyHash, false, "2026-11-21T12:00:00+00:00"), (listed.GetProperty("pubkey_sha256").GetString(), listed.GetProperty("configured").GetBoolean(), listed.GetProperty("added").GetString()));
        Assert.Equal(($"{Keys}/{KeyHash}", "done"), (await rig.Store.AuditAsync(null, 1, Cancellation)).Select(entry => (entry.Resource, entry.Outcome)).Single());
    }

    [Theory]
    [InlineData("application/x-pem-file")]
    [InlineData("application/pkix-cert")]
    [InlineData("application/json")]
    public async Task A_certificate_is_authorised_with_its_precertificate(string type)
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        using var ca = new TestCa();
        using var log = new Log();
        TestPrecertificate precertificate = ca.IssuePrecertificate("www.example.com");
        TestCertificate final = precertificate.Final(log.AddPreChain(precertificate.Chain).Sct.Serialize());
        CertificateFacts facts = FactsOf(final.Der);
        byte[] body = type switch
        {
            "application/pkix-cert" => final.Der,
            "application/json" => JsonSerializer.SerializeToUtf8Bytes(new { tbs_sha256 = facts.TbsSha256 }),
            // The first block counts: what follows it are the issuers.
            _ => Encoding.ASCII.GetBytes(final.Pem + "\n" + PemEncoding.WriteString("CERTIFICATE", final.Chain[1])),
        };

        Answer answer = await SendAsync(rig, Certificates, type, body);

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal(facts.TbsSha256, answer.Json.GetProperty("tbs_sha256").GetString());
        Assert.Equal(type == "application/json" ? [] : ["www.example.com"], Texts(answer.Json, "dns_names"));
        Assert.Equal(KnownCertificates.ByCertificate, rig.Watched.Known.WhyKnown(FactsOf(precertificate.Der)));
        Assert.Null(rig.Watched.Known.WhyKnown(FactsOf(final.Chain[1])));
        Assert.Single((await rig.AskAsync(HttpMethod.Get, Certificates)).Json.EnumerateArray());
    }

    [Fact]
    public async Task What_another_node_has_just_authorised_can_be_authorised_here()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        string tbs = SomeFacts.Of("www.example.com").TbsSha256;
        await rig.Store.AddCertificateAsync(new AddedCertificate(tbs, ["www.example.com"], rig.Time.GetUtcNow()), Cancellation);
        await rig.Store.AddKeyAsync(new AddedKey(KeyHash, ["www.example.com"], rig.Time.GetUtcNow()), Cancellation);

        Answer again = await SendAsync(rig, Certificates, "application/json", JsonSerializer.SerializeToUtf8Bytes(new { tbs_sha256 = tbs }));

        Assert.Equal(HttpStatusCode.OK, again.Status);
        Assert.Equal(["www.example.com"], Texts(again.Json, "dns_names"));
        Assert.Equal(KnownCertificates.ByKey, rig.Watched.Known.WhyKnown(Facts("www.example.com") with { TbsSha256 = SomeFacts.Of("another").TbsSha256 }));
    }

    [Fact]
    public async Task A_key_is_authorised_for_no_more_names_by_many_calls_than_by_one()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.Store.AddKeyAsync(new AddedKey(KeyHash, [.. Enumerable.Range(0, Authorisations.MostNames - 1).Select(i => Some.Numbered("n", i) + ".example")], rig.Time.GetUtcNow()), Cancellation);

        Assert.Equal(HttpStatusCode.OK, (await rig.AskAsync(HttpMethod.Post, Keys, new { pubkey_sha256 = KeyHash, dns_names = new[] { "last.example", "n0.example" } })).Status);
        Answer tooMany = await rig.AskAsync(HttpMethod.Post, Keys, new { pubkey_sha256 = KeyHash, dns_names = new[] { "more.example" } });

        Assert.Equal(HttpStatusCode.BadRequest, tooMany.Status);
        Assert.Contains("2000 names at most", tooMany.Text, StringComparison.Ordinal);
        Assert.Equal(Authorisations.MostNames, Assert.Single((await rig.Store.AuthorisationsAsync(Cancellation)).Keys).DnsNames.Count);
    }

    [Fact]
    public async Task Authorising_makes_known_what_was_unknown_and_sends_nothing_and_takes_nothing_back()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.CommitAsync(Facts("www.example.com"), webhooks: "configured");
        await rig.CommitAsync(Facts("mail.example.com"), webhooks: "configured");
        await rig.CommitAsync(SomeFacts.Of("other.example.com"), webhooks: "configured");

        JsonElement added = (await rig.AskAsync(HttpMethod.Post, Keys, new { pubkey_sha256 = KeyHash, dns_names = new[] { "www.example.com" } })).Json;
        Assert.Equal(["1"], Texts(added, "cleared"));
        JsonElement widened = (await rig.AskAsync(HttpMethod.Post, Keys, new { pubkey_sha256 = KeyHash, dns_names = new[] { "mail.example.com" } })).Json;
        Assert.Equal(["mail.example.com", "www.example.com"], Texts(widened, "dns_names"));
        Assert.Equal(["2"], Texts(widened, "cleared"));
        Assert.Equal(["3"], Texts((await rig.AskAsync(HttpMethod.Post, Certificates, new { tbs_sha256 = SomeFacts.Of("other.example.com").TbsSha256 })).Json, "cleared"));

        JsonElement issuance = (await rig.AskAsync(HttpMethod.Get, "/api/issuances/1")).Json;
        Assert.Equal(
            (true, KnownCertificates.ByKey, "2026-11-21T12:00:00+00:00"),
            (issuance.GetProperty("known").GetBoolean(), issuance.GetProperty("reason").GetString(), issuance.GetProperty("known_since").GetString()));
        IReadOnlyList<StoredDelivery> owed = await rig.Store.DeliveriesAsync(new DeliveryFilter(), Cancellation);
        Assert.Equal(3, owed.Count);
        Assert.All(owed, one => Assert.Equal(DeliveryState.Pending, one.State));
    }

    [Fact]
    public async Task R5_an_issuance_is_marked_by_hand()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.CommitAsync(Facts("www.example.com"));

        Answer marked = await rig.AskAsync(HttpMethod.Post, "/api/v3/monitoring/issuances/1/authorize");

        Assert.Equal((HttpStatusCode.OK, true, KnownCertificates.ByHand), (marked.Status, marked.Json.GetProperty("known").GetBoolean(), marked.Json.GetProperty("reason").GetString()));
        Assert.Null(rig.Watched.Known.WhyKnown(Facts("www.example.com") with { TbsSha256 = Some.Hash("its renewal") }));
        Answer missing = await rig.AskAsync(HttpMethod.Post, "/api/v3/monitoring/issuances/2/authorize");
        Assert.Equal((HttpStatusCode.NotFound, "not_found"), (missing.Status, missing.Json.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task What_was_added_is_removed_and_what_stands_in_the_configuration_is_not()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        string tbs = Some.Hash("tbs");
        rig.Watched.Configure(rig.Watched.Configured, new KnownCertificates(
            new HashSet<string> { tbs }, new Dictionary<string, IReadOnlySet<string>> { [KeyHash] = new HashSet<string> { "www.example.com" } })
        {
            Authorities = new AuthorityLists(["every.example"], [KeyValuePair.Create<string, IReadOnlyList<string>>(".example.com", ["one.example"])]),
        });
        await rig.AskAsync(HttpMethod.Post, Keys, new { pubkey_sha256 = KeyHash, dns_names = new[] { "mail.example.com" } });
        await rig.AskAsync(HttpMethod.Put, "/api/authorities/.Example.NET", new { authorities = new[] { "LetsEncrypt.org.", KeyHash.ToUpperInvariant() } });

        JsonElement key = Assert.Single((await rig.AskAsync(HttpMethod.Get, Keys)).Json.EnumerateArray());
        Assert.True(key.GetProperty("configured").GetBoolean());
        Assert.Equal(["mail.example.com", "www.example.com"], Texts(key, "dns_names"));
        Assert.Equal(
            ["*: every.example", ".example.com: one.example", $".example.net: {string.Join(' ', new[] { "letsencrypt.org", KeyHash }.Order(StringComparer.Ordinal))}"],
            (await rig.AskAsync(HttpMethod.Get, "/api/authorities")).Json.EnumerateArray().Select(list => $"{list.GetProperty("name").GetString()}: {string.Join(' ', Texts(list, "authorities"))}"));

        Assert.Equal(["www.example.com"], Texts((await rig.AskAsync(HttpMethod.Delete, $"{Keys}/{KeyHash.ToUpperInvariant()}")).Json, "dns_names"));
        Assert.Equal(HttpStatusCode.OK, (await rig.AskAsync(HttpMethod.Delete, "/api/authorities/.example.net")).Status);
        foreach ((string path, HttpStatusCode status) in new[]
        {
            ($"{Keys}/{KeyHash}", HttpStatusCode.Conflict), ($"{Certificates}/{tbs}", HttpStatusCode.Conflict), ("/api/authorities/.example.com", HttpStatusCode.Conflict),
            ($"{Keys}/{Some.Hash("none")}", HttpStatusCode.NotFound), ($"{Certificates}/{Some.Hash("none")}", HttpStatusCode.NotFound), ("/api/authorities/.example.net", HttpStatusCode.NotFound),
            ($"{Keys}/none", HttpStatusCode.BadRequest), ($"{Certificates}/none", HttpStatusCode.BadRequest), ("/api/authorities/*.example.net", HttpStatusCode.BadRequest),
        })
            Assert.Equal((path, status), (path, (await rig.AskAsync(HttpMethod.Delete, path)).Status));
        Assert.Equal(HttpStatusCode.Conflict, (await rig.AskAsync(HttpMethod.Put, "/api/authorities/.example.com", new { authorities = new[] { "a.example" } })).Status);
        Assert.Null(rig.Watched.Known.WhyKnown(Facts("mail.example.com")));
    }

    [Fact]
    public async Task An_authority_that_no_known_ca_answers_to_is_warned_of()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();

        JsonElement typo = (await rig.AskAsync(HttpMethod.Put, "/api/authorities/example.com", new { authorities = new[] { "letsencrypt.com", "letsencrypt.org" } })).Json;
        Assert.StartsWith("no CA that is known by its key answers to letsencrypt.com:", typo.GetProperty("warning").GetString(), StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Null, (await rig.AskAsync(HttpMethod.Put, "/api/authorities/example.com", new { authorities = new[] { "letsencrypt.org" } })).Json.GetProperty("warning").ValueKind);
    }

    [Fact]
    public async Task What_is_none_of_these_is_refused_with_a_reason_and_changes_nothing()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        byte[] csr = Request("CN=www.example.com", "www.example.com").CreateSigningRequest(), forged = [.. csr];
        forged[^1] ^= 1;
        byte[] Json(object value) => JsonSerializer.SerializeToUtf8Bytes(value);
        foreach ((string path, string? type, byte[] body, HttpStatusCode status) in new (string, string?, byte[], HttpStatusCode)[]
        {
            (Keys, "application/pkcs10", forged, HttpStatusCode.BadRequest),
            (Keys, "application/pkcs10", [], HttpStatusCode.BadRequest),
            (Keys, "application/pkcs10", RandomNumberGenerator.GetBytes(300), HttpStatusCode.BadRequest),
            (Keys, "application/pkcs10", Request("O=Nobody").CreateSigningRequest(), HttpStatusCode.BadRequest),
            (Keys, "application/pkcs10", new byte[SigningRequest.MostBytes + 1], HttpStatusCode.RequestEntityTooLarge),
            (Keys, "application/x-pem-file", "-----BEGIN CERTIFICATE REQUEST-----\n%\n-----END CERTIFICATE REQUEST-----"u8.ToArray(), HttpStatusCode.BadRequest),
            (Keys, "application/json", Json(new { pubkey_sha256 = "12", dns_names = new[] { "a.example" } }), HttpStatusCode.BadRequest),
            (Keys, "application/json", Json(new { pubkey_sha256 = KeyHash, dns_names = Array.Empty<string>() }), HttpStatusCode.BadRequest),
            (Keys, "application/json", Json(new { pubkey_sha256 = KeyHash }), HttpStatusCode.BadRequest),
            (Keys, "application/json", Json(new { pubkey_sha256 = KeyHash, dns_names = new[] { "192.0.2.1" } }), HttpStatusCode.BadRequest),
            (Keys, "application/json", Json(new { pubkey_sha256 = KeyHash, dns_names = new[] { "https://a.example/x" } }), HttpStatusCode.BadRequest),
            (Keys, "application/json", Json(new { pubkey_sha256 = KeyHash, dns_names = new string?[] { null } }), HttpStatusCode.BadRequest),
            (Keys, "application/json", Json(new { pubkey_sha256 = KeyHash, dns_names = Enumerable.Range(0, Authorisations.MostNames + 1).Select(i => Some.Numbered("n", i) + ".example") }), HttpStatusCode.BadRequest),
            (Keys, "application/json", Json(new { pubkey_sha256 = KeyHash, dns_names = new[] { "a.example" }, more = 1 }), HttpStatusCode.BadRequest),
            (Keys, "application/json", "[]"u8.ToArray(), HttpStatusCode.BadRequest),
            (Keys, "text/plain", csr, HttpStatusCode.UnsupportedMediaType),
            (Keys, null, csr, HttpStatusCode.UnsupportedMediaType),
            (Certificates, "application/pkix-cert", csr, HttpStatusCode.BadRequest),
            (Certificates, "application/x-pem-file", Encoding.ASCII.GetBytes(PemEncoding.WriteString("CERTIFICATE REQUEST", csr)), HttpStatusCode.BadRequest),
            (Certificates, "application/json", Json(new { tbs_sha256 = (string?)null }), HttpStatusCode.BadRequest),
            (Certificates, "application/pkcs10", csr, HttpStatusCode.UnsupportedMediaType),
        })
        {
            Answer answer = await SendAsync(rig, path, type, body);
            Assert.True(status == answer.Status, $"{path} {type} {body.Length}: {answer.Status} {answer.Text}");
            Assert.Equal("bad_request", answer.Json.GetProperty("code").GetString());
        }
        foreach (object authorities in (object[])[new { }, new { authorities = Array.Empty<string>() }, new { authorities = new[] { "Let's Encrypt" } }, new { authorities = new[] { "letsencrypt.org", null } }, new { authorities = new[] { "localhost" } }, new { authorities = new[] { "a.example; x=y" } }])
            Assert.Equal(HttpStatusCode.BadRequest, (await rig.AskAsync(HttpMethod.Put, "/api/authorities/example.com", authorities)).Status);

        StoredAuthorisations stored = await rig.Store.AuthorisationsAsync(Cancellation);
        Assert.Empty(stored.Keys);
        Assert.Empty(stored.Certificates);
        Assert.Empty(stored.Authorities);
    }

    [Fact]
    public async Task Seeing_needs_the_scope_read_and_changing_the_scope_watch()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        string reader = (await rig.AskAsync(HttpMethod.Post, "/api/api-keys", new { name = "reader", scopes = new[] { "read" } })).Json.GetProperty("key").GetString()!;
        await rig.CommitAsync(Facts("www.example.com"));

        foreach (string path in (string[])[Keys, Certificates, "/api/authorities"]) Assert.Equal(HttpStatusCode.OK, (await rig.AskAsync(HttpMethod.Get, path, key: reader)).Status);
        foreach ((HttpMethod method, string path) in new[]
        {
            (HttpMethod.Post, Keys), (HttpMethod.Delete, $"{Keys}/{KeyHash}"), (HttpMethod.Post, Certificates), (HttpMethod.Delete, $"{Certificates}/{KeyHash}"),
            (HttpMethod.Post, "/api/v3/monitoring/issuances/1/authorize"), (HttpMethod.Put, "/api/authorities/example.com"), (HttpMethod.Delete, "/api/authorities/example.com"),
        })
            Assert.Equal(HttpStatusCode.Forbidden, (await rig.AskAsync(method, path, new { }, reader)).Status);
        Assert.False((await rig.Store.FindIssuanceAsync(1, Cancellation))!.Known);
    }

    [Fact]
    public async Task What_is_stored_is_in_force_after_a_start_and_clears_what_was_left()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.CommitAsync(Facts("www.example.com"));
        // As if the service had been killed between storing it and clearing by it.
        await rig.Store.AddKeyAsync(new AddedKey(KeyHash, ["www.example.com"], rig.Time.GetUtcNow()), Cancellation);
        Authorisations known = rig.Services.GetRequiredService<Authorisations>();
        using var clearing = new Clearing(known, rig.Watched, rig.Time, NullLogger<Clearing>.Instance);

        await known.LoadAsync(Cancellation);
        await clearing.StartAsync(Cancellation);
        await rig.Time.WaitForTimerAsync(Clearing.Again);

        Assert.True((await rig.Store.FindIssuanceAsync(1, Cancellation))!.Known);
        await clearing.StopAsync(Cancellation);
    }

    [Fact]
    public async Task What_was_being_decided_while_a_key_was_authorised_is_cleared_a_minute_later()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        using var clearing = new Clearing(rig.Services.GetRequiredService<Authorisations>(), rig.Watched, rig.Time, NullLogger<Clearing>.Instance);
        await rig.AskAsync(HttpMethod.Post, Keys, new { pubkey_sha256 = KeyHash, dns_names = new[] { "www.example.com" } });
        await clearing.StartAsync(Cancellation);
        await rig.Time.WaitForTimerAsync(Clearing.Again);
        await rig.CommitAsync(Facts("www.example.com"));

        rig.Time.Advance(Clearing.Again);

        await Eventually.HappensAsync(async () => (await rig.Store.FindIssuanceAsync(1, Cancellation))!.Known);
        await clearing.StopAsync(Cancellation);
    }

    private CertificateFacts Facts(string name) => SomeFacts.Of(name) with { PubkeySha256 = KeyHash, IpAddresses = [] };

    private static CertificateFacts FactsOf(byte[] der)
    {
        Assert.True(CertificateView.TryRead(der, out CertificateView certificate));
        return CertificateReading.Read(der, certificate, CertificateReading.IdentifiersOf(certificate), certificate.IsPrecertificate, null);
    }

    private CertificateRequest Request(string subject, params string[] names)
    {
        var request = new CertificateRequest(subject, _key, HashAlgorithmName.SHA256);
        if (names.Length == 0) return request;
        var alternative = new SubjectAlternativeNameBuilder();
        foreach (string name in names) alternative.AddDnsName(name);
        request.CertificateExtensions.Add(alternative.Build());
        return request;
    }

    private static IEnumerable<string?> Texts(JsonElement of, string member) => of.GetProperty(member).EnumerateArray().Select(text => text.GetString());

    private static async Task<Answer> SendAsync(ConsoleRig rig, string path, string? type, byte[] body)
    {
        using Browser program = rig.NewBrowser();
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(body) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", rig.Services.GetRequiredService<LocalKey>().Text);
        if (type is not null) request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        return await program.SendAsync(request);
    }
}
