using System.Net;
using System.Text.Json;
using CertHerald.Deciding;
using CertHerald.Inspecting;
using CertHerald.Names;
using CertHerald.Tests.Names;
using CertHerald.Tests.WebConsole;

namespace CertHerald.Tests.Dialects.CertSpotter.Api;

/// <summary><c>GET /v1/issuances</c>: what is found, and how it is read page by page.</summary>
public sealed class SearchTests
{
    [Fact]
    public async Task Issuances_for_the_domain_itself_come_in_the_order_of_their_discovery()
    {
        await using ConsoleRig rig = await SearchRig.StartAsync();
        await rig.FindAsync("www.example.com", "other.example.com");
        await rig.CommitAsync(SomeFacts.Of("first.example.com", "www.example.com"));

        Assert.Equal(["www.example.com", "first.example.com"], await rig.FoundAsync("domain=www.example.com"));
        Assert.Equal(["other.example.com"], await rig.FoundAsync("domain=other.example.com&include_subdomains=false&match_wildcards=false"));
        Assert.Empty(await rig.FoundAsync("domain=example.com"));
    }

    [Fact]
    public async Task Subdomains_of_any_depth_are_found_by_request_only()
    {
        await using ConsoleRig rig = await SearchRig.StartAsync();
        await rig.FindAsync("example.com", "www.example.com", "a.b.c.example.com", "*.example.com", "notexample.com", "example.com.evil.net");

        Assert.Equal(["example.com", "www.example.com", "a.b.c.example.com", "*.example.com"], await rig.FoundAsync("domain=example.com&include_subdomains=true"));
        Assert.Equal(["a.b.c.example.com"], await rig.FoundAsync("domain=b.c.example.com&include_subdomains=true"));
    }

    [Fact]
    public async Task Wildcards_that_cover_the_domain_are_found_by_request_only()
    {
        await using ConsoleRig rig = await SearchRig.StartAsync();
        await rig.FindAsync("*.example.com", "www.example.com", "*.www.example.com");

        Assert.Equal(["www.example.com"], await rig.FoundAsync("domain=www.example.com"));
        Assert.Equal(["*.example.com", "www.example.com"], await rig.FoundAsync("domain=www.example.com&match_wildcards=true"));
        Assert.Equal(["www.example.com", "*.www.example.com"], await rig.FoundAsync("domain=www.example.com&include_subdomains=true"));
        Assert.Equal(["*.example.com", "www.example.com", "*.www.example.com"], await rig.FoundAsync("domain=www.example.com&include_subdomains=true&match_wildcards=true"));
    }

    [Fact]
    public async Task What_has_expired_is_left_out_and_what_says_no_end_is_not()
    {
        await using ConsoleRig rig = await SearchRig.StartAsync();
        DateTimeOffset now = rig.Time.GetUtcNow();
        await rig.CommitAsync(SomeFacts.Of("over.example.com") with { NotAfter = now.AddSeconds(-1) });
        await rig.CommitAsync(SomeFacts.Of("open.example.com") with { NotAfter = null });
        await rig.CommitAsync(SomeFacts.Of("soon.example.com") with { NotAfter = now.AddHours(1) });

        Assert.Equal(["open.example.com", "soon.example.com"], await rig.FoundAsync("domain=example.com&include_subdomains=true"));
        rig.Time.Advance(TimeSpan.FromHours(2));
        Assert.Equal(["open.example.com"], await rig.FoundAsync("domain=example.com&include_subdomains=true"));
    }

    [Fact]
    public async Task After_an_id_come_those_that_were_discovered_later_and_an_empty_one_begins_with_the_oldest()
    {
        await using ConsoleRig rig = await SearchRig.StartAsync();
        await rig.FindAsync("a.example.com", "b.example.com", "c.example.com");
        const string all = "domain=example.com&include_subdomains=true";
        string[] ids = [.. (await rig.SearchAsync(all)).Json.EnumerateArray().Select(one => one.GetProperty("id").GetString()!)];

        Assert.Equal(["b.example.com", "c.example.com"], await rig.FoundAsync($"{all}&after={ids[0]}"));
        Assert.Equal(["a.example.com", "b.example.com", "c.example.com"], await rig.FoundAsync($"{all}&after="));
        Assert.Empty(await rig.FoundAsync($"{all}&after={ids[2]}"));
        Assert.Equal(ids.Select(long.Parse).Order().Select(id => id.ToString(System.Globalization.CultureInfo.InvariantCulture)), ids);
    }

    [Fact]
    public async Task Pages_are_read_by_their_link_until_an_empty_one_and_each_issuance_comes_once()
    {
        await using ConsoleRig rig = await SearchRig.StartAsync();
        string[] names = [.. Enumerable.Range(0, 205).Select(i => $"n{i:000}.example.com")];
        await rig.FindAsync(names);

        var read = new List<string>();
        var lengths = new List<int>();
        string? next = "/v1/issuances?domain=example.com&include_subdomains=true&expand=dns_names";
        while (next is not null)
        {
            Answer page = await rig.AskAsync(HttpMethod.Get, next);
            string[] shown = [.. page.Json.EnumerateArray().Select(one => one.GetProperty("dns_names")[0].GetString()!)];
            read.AddRange(shown);
            lengths.Add(shown.Length);
            next = LinkOf(page)?.PathAndQuery;
            // Discovered while a client reads: it comes on the last page.
            if (lengths.Count == 1) await rig.FindAsync("late.example.com");
        }

        Assert.Equal([100, 100, 6, 0], lengths);
        Assert.Equal([.. names, "late.example.com"], read);
    }

    [Fact]
    public async Task The_link_repeats_what_was_asked_below_the_public_address_and_an_empty_page_has_none()
    {
        await using ConsoleRig rig = await SearchRig.StartAsync();
        await rig.FindAsync("www.example.com");

        Answer page = await rig.SearchAsync("expand=issuer&domain=WWW.Example.com.&expand=cert_der&expand=nonsense&match_wildcards=true&include_subdomains=true&expand=issuer.operator&unknown=1");
        string id = page.Json[0].GetProperty("id").GetString()!;

        Assert.Equal(
            $"<https://ct.example.com/v1/issuances?domain=www.example.com&include_subdomains=true&match_wildcards=true&expand=issuer.operator&expand=cert_der&after={id}>; rel=\"next\"",
            page.Header("Link"));
        Answer end = await rig.AskAsync(HttpMethod.Get, LinkOf(page)!.PathAndQuery);
        Assert.Equal("[]", end.Text);
        Assert.False(end.Headers.Contains("Link"));
    }

    [Fact]
    public async Task A_name_in_other_letters_is_the_same_domain()
    {
        await using ConsoleRig rig = await SearchRig.StartAsync();
        rig.Watched.Configure(WatchLists.Of(".xn--bcher-kva.example"), KnownCertificates.None);
        await rig.FindAsync("xn--bcher-kva.example");

        Assert.Equal(["xn--bcher-kva.example"], await rig.FoundAsync("domain=B%C3%9CCHER.example"));
    }

    [Fact]
    public async Task One_issuance_is_found_by_its_id_with_the_same_members_expired_or_not()
    {
        await using ConsoleRig rig = await SearchRig.StartAsync();
        await rig.CommitAsync(SomeFacts.Of("www.example.com") with { NotAfter = rig.Time.GetUtcNow().AddHours(1) });
        const string members = "expand=dns_names&expand=issuer.website&expand=cert";
        JsonElement listed = (await rig.SearchAsync("domain=www.example.com&" + members)).Json[0];
        string address = $"/v1/issuances/{listed.GetProperty("id").GetString()}?{members}";

        Assert.Equal(listed.GetRawText(), (await rig.AskAsync(HttpMethod.Get, address)).Text);
        rig.Time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(listed.GetRawText(), (await rig.AskAsync(HttpMethod.Get, address)).Text);
    }

    [Fact]
    public async Task What_is_no_issuance_is_not_found()
    {
        await using ConsoleRig rig = await SearchRig.StartAsync();
        await rig.FindAsync("www.example.com");

        foreach (string id in (string[])["99", "-1", "abc", "99999999999999999999999", "%20"])
            Assert.Equal($"{id}: 404 not_found", $"{id}: {(await rig.AskAsync(HttpMethod.Get, "/v1/issuances/" + id)).Said()}");
    }

    [Fact]
    public async Task When_the_certificate_replaces_its_precertificate_the_id_and_the_TBS_hash_stay()
    {
        await using ConsoleRig rig = await SearchRig.StartAsync();
        CertificateFacts final = SomeFacts.Of("www.example.com") with { IsPrecertificate = false, CertSha256 = new string('f', 64), CertDer = [0x30, 0x00] };
        const string query = "domain=www.example.com&expand=cert_der&expand=cert";
        await rig.FindAsync("www.example.com");
        JsonElement before = Assert.Single((await rig.SearchAsync(query)).Json.EnumerateArray());

        await rig.CommitAsync(final);
        JsonElement after = Assert.Single((await rig.SearchAsync(query)).Json.EnumerateArray());

        foreach (string stays in (string[])["id", "tbs_sha256"]) Assert.Equal(before.GetProperty(stays).GetString(), after.GetProperty(stays).GetString());
        Assert.Equal((final.CertSha256, "MAA="), (after.GetProperty("cert_sha256").GetString(), after.GetProperty("cert_der").GetString()));
        Assert.Equal(("precert", "cert"), (before.GetProperty("cert").GetProperty("type").GetString(), after.GetProperty("cert").GetProperty("type").GetString()));
    }

    [Fact]
    public async Task A_parameter_that_cannot_be_used_is_said()
    {
        await using ConsoleRig rig = await SearchRig.StartAsync();
        (string Query, string Problem)[] rows =
        [
            ("", "domain is missing"),
            ("domain=", "domain is missing"),
            ("domain=.example.com", "include_subdomains=true"),
            ("domain=*.example.com", "no DNS name"),
            ("domain=192.0.2.1", "no DNS name"),
            ("domain=https://www.example.com/", "no DNS name"),
            ("domain=www.example.com&domain=www.example.com", "no DNS name"),
            ("domain=www.example.com&include_subdomains=yes", "include_subdomains is true or false"),
            ("domain=www.example.com&include_subdomains=TRUE", "include_subdomains is true or false"),
            ("domain=www.example.com&include_subdomains=", "include_subdomains is true or false"),
            ("domain=www.example.com&include_subdomains=true&include_subdomains=true", "include_subdomains is true or false"),
            ("domain=www.example.com&match_wildcards=1", "match_wildcards is true or false"),
            ("domain=www.example.com&after=abc", "after is no id"),
            ("domain=www.example.com&after=-1", "after is no id"),
            ("domain=www.example.com&after=%2B1", "after is no id"),
            ("domain=www.example.com&after=1.5", "after is no id"),
            ("domain=www.example.com&after=9223372036854775808", "after is no id"),
            ("domain=www.example.com&after=1&after=2", "after is no id"),
        ];
        foreach ((string query, string problem) in rows)
        {
            Answer answer = await rig.SearchAsync(query);
            Assert.Equal($"{query}: 400 bad_request", $"{query}: {answer.Said()}");
            Assert.Contains(problem, answer.Json.GetProperty("message").GetString(), StringComparison.Ordinal);
            Assert.Equal(["code", "message"], SearchRig.Members(answer.Json));
        }
    }

    [Fact]
    public async Task Public_suffixes_are_refused_even_below_everything()
    {
        await using ConsoleRig rig = await SearchRig.StartAsync();
        Assert.True(PublicSuffixes.TryRead("com\nuk\nco.uk\nio\ngithub.io"u8, out PublicSuffixes? suffixes, out _));
        rig.Watched.Configure(WatchLists.Of("."), KnownCertificates.None, suffixes);

        foreach (string suffix in (string[])["com", "co.uk", "github.io", "unlisted"])
        {
            Answer answer = await rig.SearchAsync($"domain={suffix}&include_subdomains=true");
            Assert.Equal($"{suffix}: 403 not_allowed_by_plan", $"{suffix}: {answer.Said()}");
            Assert.Contains("public suffix", answer.Json.GetProperty("message").GetString(), StringComparison.Ordinal);
            Assert.Equal("[]", (await rig.SearchAsync($"domain=example.{suffix}")).Text);
        }
    }

    [Fact]
    public async Task A_domain_beneath_no_monitored_one_is_refused_and_never_answered_with_nothing()
    {
        await using ConsoleRig rig = await SearchRig.StartAsync();

        foreach (string domain in (string[])["example.com", "a.b.example.com", "only.example.net"])
            Assert.Equal("[]", (await rig.SearchAsync($"domain={domain}")).Text);
        foreach (string domain in (string[])["example.net", "below.only.example.net", "com.example", "notexample.com"])
            foreach (string below in (string[])["", "&include_subdomains=true"])
                Assert.Equal($"{domain}: 403 not_allowed_by_plan", $"{domain}: {(await rig.SearchAsync($"domain={domain}{below}")).Said()}");
    }

    [Fact]
    public async Task Where_everything_is_indexed_any_domain_is_answered_but_for_public_suffixes()
    {
        await using ConsoleRig rig = await SearchRig.StartAsync(index: new IndexOptions { TakesAll = true });
        await rig.FindAsync("www.example.org");

        Assert.Equal(["www.example.org"], await rig.FoundAsync("domain=example.org&include_subdomains=true"));
        Assert.Equal("[]", (await rig.SearchAsync("domain=nowhere.example")).Text);
        Assert.Equal("403 not_allowed_by_plan", (await rig.SearchAsync("domain=org&include_subdomains=true")).Said());
    }

    [Fact]
    public async Task A_domain_is_searched_from_the_moment_it_is_monitored_until_it_is_disabled()
    {
        await using ConsoleRig rig = await SearchRig.StartAsync();
        await rig.FindAsync("www.example.org");
        Assert.Equal(HttpStatusCode.Forbidden, (await rig.SearchAsync("domain=www.example.org")).Status);

        await rig.AskAsync(HttpMethod.Post, "/api/v3/monitoring/monitored_domains/.example.org");
        Assert.Equal(["www.example.org"], await rig.FoundAsync("domain=www.example.org"));
        await rig.AskAsync(HttpMethod.Post, "/api/v3/monitoring/monitored_domains/.example.org", new { enabled = false });

        Assert.Equal(HttpStatusCode.Forbidden, (await rig.SearchAsync("domain=www.example.org")).Status);
    }

    [Fact]
    public async Task Version_0_is_discontinued_whatever_is_asked_of_it()
    {
        await using ConsoleRig rig = await SearchRig.StartAsync();

        foreach ((string method, string address) in ((string, string)[])[("GET", "/v0/certs?domain=example.com"), ("GET", "/v0/"), ("POST", "/v0"), ("DELETE", "/v0/a/b/c")])
            Assert.Equal($"{address}: 410 api_discontinued", $"{address}: {(await rig.AskAsync(address, authorization: null, HttpMethod.Parse(method))).Said()}");
    }

    [Fact]
    public async Task Requests_are_counted_by_call_and_status()
    {
        await using ConsoleRig rig = await SearchRig.StartAsync();
        await rig.FindAsync("www.example.com");
        await rig.SearchAsync("domain=www.example.com");
        await rig.SearchAsync("domain=www.example.com");
        await rig.SearchAsync("domain=www.example.net");
        await rig.AskAsync("/v1/issuances?domain=www.example.com", authorization: null);
        await rig.AskAsync(HttpMethod.Get, "/v1/issuances/1");
        await rig.AskAsync(HttpMethod.Get, "/api/v3/monitoring/monitored_domains");

        string metrics = (await rig.Browser.GetAsync("/metrics")).Text;

        foreach (string line in (string[])
            [
                "{call=\"issuances\",status=\"200\"} 2", "{call=\"issuances\",status=\"403\"} 1", "{call=\"issuances\",status=\"401\"} 1",
                "{call=\"issuance\",status=\"200\"} 1", "{call=\"monitored_domains\",status=\"200\"} 1",
            ])
            Assert.Contains("certherald_certspotter_requests_total" + line + "\n", metrics, StringComparison.Ordinal);
    }

    private static Uri? LinkOf(Answer page) =>
        page.Headers.TryGetValues("Link", out IEnumerable<string>? links) ? new Uri(Assert.Single(links).Split('<', '>')[1]) : null;
}
