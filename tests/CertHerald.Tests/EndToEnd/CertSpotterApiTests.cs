using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.EndToEnd;

/// <summary>A client of Cert Spotter's API before the real program.</summary>
[Collection(ProgramTests.Name)]
public sealed class CertSpotterApiTests
{
    [Fact]
    public async Task A_domain_that_is_monitored_by_the_API_is_found_by_the_API_with_everything_that_is_known_of_it()
    {
        await using ServiceRig rig = await ServiceRig.StartAsync();
        rig.Configuration["public_url"] = "https://ct.example.com";
        rig.Configuration["certspotter_api"] = new JsonObject { ["requests_per_hour"] = 1000 };
        await using Certherald program = await rig.RunReadyAsync();
        string key = (await Certherald.RunAsync("api-keys", "create", "poller", "--scope", "read", "watch", "--config", rig.WriteConfiguration())).With(0).Output.Trim();
        using var client = new HttpClient { BaseAddress = new Uri(rig.Address) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.ASCII.GetBytes(key + ":")));
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        const string search = "/v1/issuances?domain=late.example&include_subdomains=true&expand=dns_names&expand=issuer.pubkey_der&expand=issuer.name_der&expand=pubkey&expand=cert";
        Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync(search, cancellation)).StatusCode);

        (await client.PostAsJsonAsync("/api/v3/monitoring/monitored_domains/.late.example", new { enabled = true }, cancellation)).EnsureSuccessStatusCode();
        TestPrecertificate precertificate = rig.Ca.IssuePrecertificate("www.late.example");
        rig.Log.AddPreChain(precertificate.Chain);
        JsonElement found = await FirstAsync(client, search, _ => true);
        Assert.Equal("precert", found.GetProperty("cert").GetProperty("type").GetString());

        rig.Log.AddChain(precertificate.Final([]).Chain);
        JsonElement final = await FirstAsync(client, search, one => one.GetProperty("cert").GetProperty("type").GetString() == "cert");

        Assert.Equal((found.GetProperty("id").GetString(), found.GetProperty("tbs_sha256").GetString()), (final.GetProperty("id").GetString(), final.GetProperty("tbs_sha256").GetString()));
        Assert.Equal("""["www.late.example"]""", final.GetProperty("dns_names").GetRawText());
        Assert.Equal("""{"type":"ecdsa","curve":"P-256"}""", final.GetProperty("pubkey").GetRawText());
        JsonElement issuer = final.GetProperty("issuer");
        Assert.Equal(rig.Ca.Intermediate.PublicKey.ExportSubjectPublicKeyInfo(), issuer.GetProperty("pubkey_der").GetBytesFromBase64());
        Assert.Equal(rig.Ca.Intermediate.SubjectName.RawData, issuer.GetProperty("name_der").GetBytesFromBase64());

        HttpResponseMessage page = await client.GetAsync(search, cancellation);
        string next = Assert.Single(page.Headers.GetValues("Link"));
        Assert.StartsWith("<https://ct.example.com/v1/issuances?domain=late.example&", next, StringComparison.Ordinal);
        Assert.Equal("[]", await client.GetStringAsync(new Uri(next.Split('<', '>')[1]).PathAndQuery, cancellation));

        Assert.Equal(HttpStatusCode.NoContent, (await client.DeleteAsync("/api/v3/monitoring/monitored_domains/.late.example", cancellation)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync(search, cancellation)).StatusCode);
    }

    private static async Task<JsonElement> FirstAsync(HttpClient client, string search, Func<JsonElement, bool> isIt)
    {
        JsonElement found = default;
        await Eventually.HappensAsync(async () =>
        {
            JsonElement[] all = [.. JsonElement.Parse(await client.GetByteArrayAsync(search, TestContext.Current.CancellationToken)).EnumerateArray()];
            if (all.Length != 1 || !isIt(all[0])) return false;
            found = all[0];
            return true;
        });
        return found;
    }
}
