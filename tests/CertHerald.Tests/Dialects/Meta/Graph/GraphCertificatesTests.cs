using System.Globalization;
using System.Text.Json;
using CertHerald.Api;
using CertHerald.Inspecting;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Transparency.Certificates;

namespace CertHerald.Tests.Dialects.Meta.Graph;

/// <summary>meta.md §2.3 to §2.5: certificates by name and id, and the loops in which clients read them.</summary>
public sealed class GraphCertificatesTests
{
    private static readonly string[] Members = ["id", "cert_hash_sha256", "domains", "issuer_name", "subject_name", "certificate_pem", "not_valid_before", "not_valid_after"];

    [Fact]
    public async Task The_documented_certificate_is_written_as_documented()
    {
        await using GraphRig rig = await GraphRig.StartAsync();
        CertificateFacts golden = GraphRig.FactsOf(GoldenCertificate.Der);
        await rig.Console.CommitAsync(golden);

        JsonElement item = Assert.Single((await rig.GetAsync("/certificates?query=sslmate.com")).Body.GetProperty("data").EnumerateArray());

        Assert.Equal(Members, item.EnumerateObject().Select(member => member.Name));
        Assert.Equal("69fb7252f3cd5c052db8325cf82dc40bd72ed01525f2301f804765be8d62ae43", item.GetProperty("cert_hash_sha256").GetString());
        Assert.Equal(["packages.opsmate.com", "packages.sslmate.com", "software.sslmate.com"], item.GetProperty("domains").EnumerateArray().Select(name => name.GetString()));
        Assert.Equal("/C=GB/ST=Greater Manchester/L=Salford/O=Sectigo Limited/CN=Sectigo RSA Domain Validation Secure Server CA", item.GetProperty("issuer_name").GetString());
        Assert.Equal("/CN=packages.opsmate.com", item.GetProperty("subject_name").GetString());
        Assert.Equal(("2021-07-13T00:00:00+0000", "2022-08-12T23:59:59+0000"), (item.GetProperty("not_valid_before").GetString(), item.GetProperty("not_valid_after").GetString()));
        string[] pem = item.GetProperty("certificate_pem").GetString()!.Split('\n');
        Assert.Equal(("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----", ""), (pem[0], pem[^2], pem[^1]));
        Assert.All(pem[1..^3], line => Assert.Equal(64, line.Length));
        Assert.Equal(GoldenCertificate.Der, Convert.FromBase64String(string.Concat(pem[1..^2])));
    }

    [Fact]
    public async Task M5_an_id_is_always_there_and_all_of_it_without_fields()
    {
        await using GraphRig rig = await GraphRig.StartAsync();
        long id = await rig.StoreAsync("www.example.com", "*.example.com");
        foreach ((string fields, string[] expected) in ((string, string[])[])
        [
            ("", Members), ("&fields=", Members), ("&fields=domains,issuer_name", ["id", "domains", "issuer_name"]), ("&fields=nonsense", ["id"]),
            ("&fields=id", ["id"]), ("&fields=domains&fields=subject_name", ["id", "domains", "subject_name"]), ("&fields=%5B%22domains%22%5D", ["id", "domains"]),
        ])
        {
            JsonElement found = (await rig.GetAsync("/certificates?query=example.com" + fields)).Body.GetProperty("data")[0];
            Assert.Equal(expected, found.EnumerateObject().Select(member => member.Name));
            Assert.Equal(found.ToString(), (await rig.GetAsync($"/{id}?x=1{fields}")).Body.ToString());
        }
        Assert.Equal(["*.example.com", "www.example.com"], (await rig.GetAsync($"/{id}")).Body.GetProperty("domains").EnumerateArray().Select(name => name.GetString()));
    }

    [Fact]
    public async Task M6_a_limit_is_clamped_and_never_refused()
    {
        await using GraphRig rig = await GraphRig.StartAsync();
        for (int i = 0; i < 3; i++) await rig.StoreAsync(Some.Numbered("www", i) + ".example.com");
        foreach ((string limit, int items) in ((string, int)[])
        [
            ("0", 1), ("-1", 1), ("2", 2), ("10000", 3), ("999999", 3), (new string('9', 44), 3), ("-" + new string('9', 20), 1), ("-" + new string('9', 44), 3), ("abc", 3), ("", 3), ("1e9", 3),
        ])
        {
            (int status, JsonElement body) = await rig.GetAsync($"/certificates?query=example.com&limit={limit}");
            Assert.True((status, body.GetProperty("data").GetArrayLength()) == (200, items), limit);
        }
    }

    [Fact]
    public async Task M7_a_wildcard_says_the_same_as_its_domain_and_an_id_finds_its_certificate()
    {
        await using GraphRig rig = await GraphRig.StartAsync();
        long below = await rig.StoreAsync("a.b.example.com", "elsewhere.net"), wildcard = await rig.StoreAsync("*.example.com"), itself = await rig.StoreAsync("example.com");
        await rig.StoreAsync("notexample.com", "example.com.evil.com", "example.org");

        string[] ids = GraphRig.IdsIn((await rig.GetAsync("/certificates?query=example.com")).Body);
        Assert.Equal([GraphRig.Text(itself), GraphRig.Text(wildcard), GraphRig.Text(below)], ids);
        foreach (string query in (string[])["*.example.com", "Example.COM", "example.com.", " example.com"])
            Assert.Equal(ids, GraphRig.IdsIn((await rig.GetAsync("/certificates?query=" + Uri.EscapeDataString(query))).Body));
        Assert.Equal(ids[2], Assert.Single(GraphRig.IdsIn((await rig.GetAsync($"/certificates?query={below}&fields=domains")).Body)));
        Assert.Equal(["a.b.example.com", "elsewhere.net"], (await rig.GetAsync($"/certificates?query={below}")).Body.GetProperty("data")[0].GetProperty("domains").EnumerateArray().Select(name => name.GetString()));
        Assert.Single(GraphRig.IdsIn((await rig.GetAsync("/certificates?query=example.com.evil.com")).Body));
        await rig.StoreAsync("xn--bcher-kva.com");
        Assert.Single(GraphRig.IdsIn((await rig.GetAsync("/certificates?query=" + Uri.EscapeDataString("BÜCHER.com"))).Body));
    }

    [Fact]
    public async Task M8_every_loop_ends_and_gives_each_certificate_once()
    {
        await using GraphRig rig = await GraphRig.StartAsync();
        await rig.PostAsync($"/{rig.Id}/subscribed_domains?subscribe=example.com");
        var expected = new List<string>();
        foreach (int items in (int[])[0, 1, 3, 4, 6, 7])
        {
            while (expected.Count < items) expected.Insert(0, GraphRig.Text(await rig.StoreAsync(Some.Numbered("www", expected.Count) + ".example.com")));
            foreach (string loop in (string[])["next", "next, then after", "after while there is one"])
                Assert.True(expected.SequenceEqual(await ReadAsync(rig, loop)), $"{items}: {loop}");
        }
    }

    private static async Task<List<string>> ReadAsync(GraphRig rig, string loop)
    {
        string first = rig.Signed("/v8.0/certificates?query=example.com&fields=domains&limit=3");
        var ids = new List<string>();
        int requests = 0;
        for (string? address = first; address is not null;)
        {
            Assert.True(++requests < 10, "it does not end");
            (int status, JsonElement page) = await rig.SendAsync(HttpMethod.Get, address);
            Assert.Equal(200, status);
            ids.AddRange(GraphRig.IdsIn(page));
            if (page.GetProperty("data").GetArrayLength() == 0) Assert.Equal("""{"data":[]}""", page.ToString());
            JsonElement paging = page.TryGetProperty("paging", out JsonElement found) ? found : default;
            string? next = paging.ValueKind == JsonValueKind.Object && paging.TryGetProperty("next", out JsonElement link) ? link.GetString() : null;
            string? after = paging.ValueKind == JsonValueKind.Object ? paging.GetProperty("cursors").GetProperty("after").GetString() : null;
            if (next is not null) Assert.Matches("^https://ct\\.example\\.com/v8\\.0/certificates\\?query=example\\.com&fields=domains&limit=[23]&after=[^&]+&access_token=", next);
            address = loop switch
            {
                // Some write another limit into it.
                "next" => next?.Replace("https://ct.example.com", "", StringComparison.Ordinal).Replace("limit=3", "limit=2", StringComparison.Ordinal),
                "next, then after" => next is null ? null : $"{first}&after={after}",
                _ => string.IsNullOrEmpty(after) ? null : $"{first}&after={after}",
            };
        }

        return ids;
    }

    [Fact]
    public async Task Pages_lead_back_as_they_led_on()
    {
        await using GraphRig rig = await GraphRig.StartAsync();
        for (int i = 0; i < 5; i++) await rig.StoreAsync(Some.Numbered("www", i) + ".example.com");
        JsonElement first = (await rig.GetAsync("/certificates?query=example.com&limit=2")).Body;
        Assert.False(first.GetProperty("paging").TryGetProperty("previous", out _));

        JsonElement second = await FollowAsync(first, "next"), third = await FollowAsync(second, "next");
        Assert.False(third.GetProperty("paging").TryGetProperty("next", out _));
        JsonElement back = await FollowAsync(third, "previous"), start = await FollowAsync(back, "previous");

        Assert.Equal(["5", "4", "3", "2", "1"], GraphRig.IdsIn(first).Concat(GraphRig.IdsIn(second)).Concat(GraphRig.IdsIn(third)));
        Assert.Equal(GraphRig.IdsIn(second), GraphRig.IdsIn(back));
        Assert.Equal(GraphRig.IdsIn(first), GraphRig.IdsIn(start));
        Assert.False(start.GetProperty("paging").TryGetProperty("previous", out _));
        Assert.True(start.GetProperty("paging").TryGetProperty("next", out _));

        async Task<JsonElement> FollowAsync(JsonElement page, string link) =>
            (await rig.GetAsync(page.GetProperty("paging").GetProperty(link).GetString()!.Replace("https://ct.example.com", "", StringComparison.Ordinal))).Body;
    }

    [Fact]
    public async Task A_link_to_a_page_repeats_every_field()
    {
        await using GraphRig rig = await GraphRig.StartAsync();
        for (int i = 0; i < 2; i++) await rig.StoreAsync(Some.Numbered("www", i) + ".example.com");

        foreach (string fields in (string[])["fields=domains&fields=id", "fields=domains,id", "fields=%5B%22domains%22,%22id%22%5D"])
        {
            string next = (await rig.GetAsync($"/certificates?query=example.com&limit=1&{fields}")).Body.GetProperty("paging").GetProperty("next").GetString()!;
            Assert.Contains("&fields=domains%2Cid&", next, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_only_the_index_has_is_shown_with_its_issuer_and_subject()
    {
        await using GraphRig rig = await GraphRig.StartAsync();
        await rig.Console.CommitAsync(GraphRig.FactsOf(GoldenCertificate.Der) with { CertDer = [] });

        JsonElement item = Assert.Single((await rig.GetAsync("/certificates?query=sslmate.com&fields=issuer_name,subject_name,certificate_pem")).Body.GetProperty("data").EnumerateArray());

        Assert.Equal(["id", "issuer_name", "subject_name"], item.EnumerateObject().Select(member => member.Name));
        Assert.Equal("/C=GB/ST=Greater Manchester/L=Salford/O=Sectigo Limited/CN=Sectigo RSA Domain Validation Secure Server CA", item.GetProperty("issuer_name").GetString());
        Assert.Equal("/CN=packages.opsmate.com", item.GetProperty("subject_name").GetString());
    }

    [Fact]
    public async Task A_page_grows_no_larger_than_memory_bears_and_none_is_lost()
    {
        await using GraphRig rig = await GraphRig.StartAsync();
        CertificateFacts facts = GraphRig.FactsOf(GoldenCertificate.Der);
        for (int i = 0; i < 12; i++)
            await rig.Console.CommitAsync(facts with { TbsSha256 = Some.Hash(Some.Numbered("", i)), CertDer = new byte[600_000], DnsNames = ["example.com"] });

        JsonElement first = (await rig.GetAsync("/certificates?query=example.com&limit=1000")).Body;
        Assert.InRange(GraphRig.IdsIn(first).Length, 1, 11);
        JsonElement second = (await rig.GetAsync(first.GetProperty("paging").GetProperty("next").GetString()!.Replace("https://ct.example.com", "", StringComparison.Ordinal))).Body;

        Assert.Equal(Enumerable.Range(1, 12).Reverse().Select(id => id.ToString(CultureInfo.InvariantCulture)), GraphRig.IdsIn(first).Concat(GraphRig.IdsIn(second)));
    }

    [Fact]
    public async Task M20_a_certificate_takes_its_precertificates_place_under_the_same_id()
    {
        await using GraphRig rig = await GraphRig.StartAsync();
        CertificateFacts pre = Some.Facts("www.example.com", isPrecertificate: true), final = Some.Facts("www.example.com");
        await rig.Console.CommitAsync(pre);
        JsonElement before = Assert.Single((await rig.GetAsync("/certificates?query=example.com")).Body.GetProperty("data").EnumerateArray());
        await rig.Console.CommitAsync(final);
        JsonElement after = Assert.Single((await rig.GetAsync("/certificates?query=example.com")).Body.GetProperty("data").EnumerateArray());

        Assert.Equal((pre.CertSha256, final.CertSha256), (before.GetProperty("cert_hash_sha256").GetString(), after.GetProperty("cert_hash_sha256").GetString()));
        Assert.NotEqual(before.GetProperty("certificate_pem").GetString(), after.GetProperty("certificate_pem").GetString());
        Assert.Equal(before.GetProperty("id").GetString(), after.GetProperty("id").GetString());
        Assert.Equal(after.ToString(), (await rig.GetAsync($"/{after.GetProperty("id").GetString()}")).Body.ToString());
    }

    [Fact]
    public async Task What_is_nowhere_watched_and_not_stored_is_an_error_and_what_is_watched_an_empty_list()
    {
        await using GraphRig rig = await GraphRig.StartAsync();
        foreach (string query in (string[])["nowhere.com", "com", "12345", "0", "00", "9999999999999999999999"]) GraphRig.AssertError(await rig.GetAsync($"/certificates?query={query}"), 100);
        GraphRig.AssertError(await rig.GetAsync("/certificates"), 100);
        GraphRig.AssertError(await rig.GetAsync("/certificates?query="), 100);

        await rig.PostAsync($"/{rig.Id}/subscribed_domains?subscribe=example.com");
        foreach (string query in (string[])["example.com", "*.example.com", "a.b.example.com"]) Assert.Equal("""{"data":[]}""", (await rig.GetAsync($"/certificates?query={query}")).Body.ToString());
        await rig.Console.Services.GetDomains().AddAsync(Domains.Read(".operator.net", out _)!);
        Assert.Equal("""{"data":[]}""", (await rig.GetAsync("/certificates?query=www.operator.net")).Body.ToString());
    }

    [Fact]
    public async Task What_is_no_domain_is_error_100()
    {
        await using GraphRig rig = await GraphRig.StartAsync();
        foreach (string query in (string[])
        [
            "a..b.com", "..com", ".example.com", "exa mple.com", "example.com # x", "https://example.com/", "192.0.2.1", "2001:db8::1", "*", "*.", ".",
            "a.*.com", "<script>", "a\0b.com", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.com",
        ])
        {
            GraphRig.AssertError(await rig.GetAsync("/certificates?query=" + Uri.EscapeDataString(query)), 100);
            GraphRig.AssertError(await rig.PostAsync($"/{rig.Id}/subscribed_domains", GraphRig.FormOf(("subscribe", "good.com," + query))), 100);
            Assert.Empty(await rig.DomainsAsync());
        }
    }

    [Fact]
    public async Task A_cursor_that_is_none_of_ours_is_error_100()
    {
        await using GraphRig rig = await GraphRig.StartAsync();
        await rig.StoreAsync("example.com");
        foreach (string cursor in (string[])["x", "MQ", "Yy0x", "Y+8=", new string('A', 76)])
            foreach (string name in (string[])["after", "before"]) GraphRig.AssertError(await rig.GetAsync($"/certificates?query=example.com&{name}={Uri.EscapeDataString(cursor)}"), 100);
    }
}

internal static class Provided
{
    public static Domains GetDomains(this IServiceProvider services) => (Domains)services.GetService(typeof(Domains))!;
}
