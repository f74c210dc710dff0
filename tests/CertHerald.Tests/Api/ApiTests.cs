using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using CertHerald.Inspecting;
using CertHerald.Tests.WebConsole;
using CertHerald.Tests.Storage;

namespace CertHerald.Tests.Api;

public sealed class ApiTests
{
    [Theory]
    [InlineData("/api/issuances")]
    [InlineData("/api/issuances/1")]
    [InlineData("/api/issuances/1/certificate.der")]
    [InlineData("/api/issuances/1/evidence")]
    [InlineData("/api/malformed/1/evidence")]
    [InlineData("/api/deliveries")]
    [InlineData("/api/deliveries/1")]
    [InlineData("/api/logs")]
    [InlineData("/api/incidents")]
    [InlineData("/api/malformed/1")]
    public async Task Without_a_session_programs_get_a_401_that_says_what_is_missing(string path)
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();

        Answer answer = await rig.Browser.GetAsync(path);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.Status);
        Assert.NotEmpty(answer.Headers.WwwAuthenticate);
        Assert.Equal("unauthorized", answer.Json.GetProperty("code").GetString());
    }

    [Fact]
    public async Task An_issuance_is_told_with_its_sightings_and_deliveries()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.CommitAsync(SomeFacts.Of("shop.example.com"), known: false, "no rule authorises it", "pager", "siem");

        JsonElement issuance = await GetAsync(rig, "/api/issuances/1");

        Assert.Equal("1", issuance.GetProperty("id").GetString());
        Assert.False(issuance.GetProperty("known").GetBoolean());
        Assert.Equal("shop.example.com", issuance.GetProperty("endpoints")[0].GetProperty("dns_name").GetString());
        Assert.Equal(".example.com", issuance.GetProperty("endpoints")[0].GetProperty("monitored_domain").GetString());
        Assert.Equal("MAMCASo=", issuance.GetProperty("cert_der").GetString());
        JsonElement sighting = issuance.GetProperty("sightings")[0];
        Assert.Equal(rig.Log.ToString(), sighting.GetProperty("log").GetString());
        Assert.True(sighting.GetProperty("proven").GetBoolean());
        Assert.Equal(["pager", "siem"], issuance.GetProperty("deliveries").EnumerateArray().Select(each => each.GetProperty("webhook").GetString()));
    }

    [Fact]
    public async Task A_certificate_is_served_as_DER_and_as_PEM()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 certificate = new CertificateRequest("CN=shop.example.com", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(rig.Time.GetUtcNow(), rig.Time.GetUtcNow().AddDays(1));
        await rig.CommitAsync(SomeFacts.Of("shop.example.com") with { CertDer = certificate.RawData });
        await rig.SignInAsync();

        Answer der = await rig.Browser.GetAsync("/api/issuances/1/certificate.der");
        Answer pem = await rig.Browser.GetAsync("/api/issuances/1/certificate.pem");

        Assert.Equal(certificate.RawData, der.Bytes);
        Assert.Equal("application/pkix-cert", der.ContentHeaders.ContentType!.MediaType);
        Assert.Equal("attachment", der.ContentHeaders.ContentDisposition!.DispositionType);
        using var read = X509Certificate2.CreateFromPem(pem.Text);
        Assert.Equal(certificate.RawData, read.RawData);
    }

    [Fact]
    public async Task Evidence_is_served_and_stands_in_the_answer_as_it_must_be_to_be_verified()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.CommitAsync(SomeFacts.Of("shop.example.com"));
        await rig.CommitMalformedAsync("no end", [1, 2, 3]);
        await rig.SignInAsync();

        Answer first = await rig.Browser.GetAsync("/api/issuances/1/evidence");
        Answer chosen = await rig.Browser.GetAsync($"/api/issuances/1/evidence?log={Uri.EscapeDataString(rig.Log.ToString())}&index=0");
        Answer malformed = await rig.Browser.GetAsync("/api/malformed/1/evidence");

        Assert.Equal(first.Text, chosen.Text);
        Assert.Equal("attachment", first.ContentHeaders.ContentDisposition!.DispositionType);
        foreach (byte[] document in new[] { first.Bytes, malformed.Bytes, (await rig.Browser.GetAsync("/api/issuances/1")).Bytes, (await rig.Browser.GetAsync("/api/malformed/1")).Bytes })
        {
            Assert.True(EvidenceJson.TryRead(document, out Evidence? evidence, out string? problem), problem);
            Assert.Null(EvidenceCheck.Refusal(evidence));
        }
        JsonElement proof = (await GetAsync(rig, "/api/issuances/1")).GetProperty("sightings")[0].GetProperty("proof");
        Assert.Equal((1UL, 0), (proof.GetProperty("tree_size").GetUInt64(), proof.GetProperty("hashes").GetInt32()));
        Assert.Equal(HttpStatusCode.NotFound, (await rig.Browser.GetAsync($"/api/issuances/1/evidence?log={Uri.EscapeDataString(rig.Log.ToString())}&index=7")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await rig.Browser.GetAsync("/api/issuances/7/evidence")).Status);

        string page = await rig.PageAsync("/console/monitoring/issuances/1");
        Assert.Contains("in the tree of 1 entries signed", page, StringComparison.Ordinal);
        Assert.Contains("/api/issuances/1/evidence?log=", page, StringComparison.Ordinal);
        Assert.Contains("/api/malformed/1/evidence", await rig.PageAsync("/console/malformed/1"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lists_are_read_to_their_end_by_following_next()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        for (int i = 1; i <= 7; i++) await rig.CommitAsync(SomeFacts.Of($"n{i}.example.com"), webhooks: "siem");

        foreach (string list in new[] { "issuances", "deliveries" })
        {
            var ids = new List<string>();
            string? next = "";
            do
            {
                JsonElement page = await GetAsync(rig, $"/api/{list}?limit=3&before={next}");
                ids.AddRange(page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("id").GetString()!));
                next = page.GetProperty("next").GetString();
            }
            while (next is not null);
            Assert.Equal(["7", "6", "5", "4", "3", "2", "1"], ids);
        }
    }

    [Theory]
    [InlineData("/api/issuances?limit=0", "limit")]
    [InlineData("/api/issuances?limit=1001", "limit")]
    [InlineData("/api/issuances?limit=many", "limit")]
    [InlineData("/api/issuances/1/evidence?log=none", "log")]
    [InlineData("/api/issuances/1/evidence?index=1", "log")]
    [InlineData("/api/issuances/1/evidence?log=EcBaM1/tsCHcOy1QVUmYKPwMH1V8DRNTzE0dCk2ygH4=&index=-1", "index")]
    [InlineData("/api/deliveries?before=-1", "before")]
    [InlineData("/api/deliveries?state=lost", "state")]
    public async Task A_bad_query_is_a_400_that_names_the_parameter(string path, string parameter)
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.SignInAsync();

        Answer answer = await rig.Browser.GetAsync(path);

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.StartsWith(parameter, answer.Json.GetProperty("message").GetString());
    }

    [Fact]
    public async Task Deliveries_are_filtered_by_webhook_and_state()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.CommitAsync(SomeFacts.Of("shop.example.com"), known: false, "", "pager", "siem");
        await rig.Store.HoldWebhookAsync("pager", "it answered 410", rig.Time.GetUtcNow(), TestContext.Current.CancellationToken);

        JsonElement held = await GetAsync(rig, "/api/deliveries?state=held");
        JsonElement siem = await GetAsync(rig, "/api/deliveries?webhook=siem");
        JsonElement one = await GetAsync(rig, $"/api/deliveries/{held.GetProperty("items")[0].GetProperty("id").GetString()}");

        Assert.Equal("pager", Assert.Single(held.GetProperty("items").EnumerateArray()).GetProperty("webhook").GetString());
        Assert.Equal("pending", Assert.Single(siem.GetProperty("items").EnumerateArray()).GetProperty("state").GetString());
        Assert.Equal("it answered 410", one.GetProperty("held_because").GetString());
    }

    [Fact]
    public async Task Logs_say_how_far_they_are_and_what_they_broke()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.CommitAsync(SomeFacts.Of("shop.example.com"));
        await rig.DisputeAsync();

        JsonElement log = (await GetAsync(rig, "/api/logs"))[0];
        JsonElement incident = (await GetAsync(rig, "/api/incidents"))[0];

        Assert.Equal((1, 1, 0), (log.GetProperty("position").GetInt32(), log.GetProperty("proven").GetInt32(), log.GetProperty("lag").GetInt32()));
        Assert.Equal("root_mismatch", incident.GetProperty("kind").GetString());
        Assert.Equal(log.GetProperty("description").GetString(), incident.GetProperty("log_description").GetString());
        Assert.Equal(JsonValueKind.Object, incident.GetProperty("evidence").ValueKind);
    }

    [Fact]
    public async Task A_malformed_entry_is_told_and_served_byte_for_byte()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        byte[] entry = [0, 1, 2, 0xFF];
        await rig.CommitMalformedAsync("the leaf ends within the timestamp", entry, "siem");

        JsonElement malformed = await GetAsync(rig, "/api/malformed/1");

        Assert.Equal("the leaf ends within the timestamp", malformed.GetProperty("problem").GetString());
        Assert.Equal(entry, malformed.GetProperty("entry").GetBytesFromBase64());
        Assert.Equal("malformed_certificate", malformed.GetProperty("deliveries")[0].GetProperty("kind").GetString());
        Assert.Equal(entry, (await rig.Browser.GetAsync("/api/malformed/1/entry.bin")).Bytes);
    }

    [Theory]
    [InlineData("/api/issuances/99")]
    [InlineData("/api/deliveries/99")]
    [InlineData("/api/malformed/99")]
    public async Task What_is_not_there_is_a_404_in_JSON(string path)
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.SignInAsync();

        Answer answer = await rig.Browser.GetAsync(path);

        Assert.Equal(HttpStatusCode.NotFound, answer.Status);
        Assert.Equal("not_found", answer.Json.GetProperty("code").GetString());
    }

    private static async Task<JsonElement> GetAsync(ConsoleRig rig, string path)
    {
        if (rig.SessionCookie is null) await rig.SignInAsync();
        return (await rig.Browser.GetAsync(path)).Json;
    }
}
