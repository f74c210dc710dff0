using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using CertHerald.Storage;
using CertHerald.Tests.Storage;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace CertHerald.Tests.WebConsole;

public sealed partial class PagesTests
{
    private static readonly string[] AllPages =
    [
        "/console", "/console/monitoring/issuances", "/console/monitoring/issuances/1", "/console/deliveries", "/console/deliveries?state=dead",
        "/console/deliveries/1", "/console/logs", "/console/malformed/1", "/console/webhooks", "/console/users", "/console/api-keys", "/console/audit",
        "/console/domains", "/console/settings", "/console/monitoring/issuances?q=example&state=unknown",
    ];

    [Fact]
    public async Task Every_page_shows_hostile_text_as_text()
    {
        await using ConsoleRig rig = await HostileRigAsync(names: 3);

        foreach (string path in AllPages)
        {
            string page = await rig.PageAsync(path);
            Inert.RunsOnlyOurs(page);
            Assert.DoesNotContain("<img src=x", page, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(WebUtility.HtmlDecode(page), c => c is '\u202E' or '\0' or '\u001B');
            Assert.All(AttributeNames().Matches(page), match => Assert.DoesNotContain("on", match.Groups[1].Value[..2]));
        }
        string issuance = await rig.PageAsync("/console/monitoring/issuances/1");
        Assert.Contains("&lt;script&gt;alert(1)&lt;/script&gt;", issuance);
        Assert.Contains(">U+202E</span>", WebUtility.HtmlDecode(issuance));
        Assert.Contains(">U+0000</span>", WebUtility.HtmlDecode(issuance));
    }

    [Fact]
    public async Task Ten_thousand_names_are_all_on_the_page()
    {
        await using ConsoleRig rig = await HostileRigAsync(names: 10_000);

        string page = await rig.PageAsync("/console/monitoring/issuances/1");

        Assert.Equal(Enumerable.Range(0, 10_000).ToHashSet(), HostileNames().Matches(page).Select(match => int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture)).ToHashSet());
    }

    [Fact]
    public async Task An_issuance_shows_every_fact()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        var facts = SomeFacts.Of("shop.example.com", "www.example.com");
        await rig.CommitAsync(facts, known: false, "issued by a CA that is not authorised", "siem");
        await rig.SignInAsync();

        string page = WebUtility.HtmlDecode(await rig.PageAsync("/console/monitoring/issuances/1"));

        Assert.All(
            new[]
            {
                "shop.example.com", "www.example.com", ".example.com", "issued by a CA that is not authorised", "192.0.2.10", facts.TbsSha256,
                facts.CertSha256, facts.PubkeySha256, facts.IssuerPubkeySha256!, facts.IssuerName, "Example Trust", facts.SubjectName, facts.Serial,
                "2026-11-20 00:00:00 UTC", "2027-02-18 23:59:59 UTC", "Example “2026”", "proven", "siem", "pending", "/api/issuances/1/certificate.pem", "/api/issuances/1/certificate.der",
            },
            fact => Assert.Contains(fact, page, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("e1ae9c3de848ece1ba72e0d991ae4d0d9ec547c6bad1dddab9d6beb0a7e0e0d8", "Somebody", "its key: nobody else can issue with it")]
    [InlineData(null, "Sectigo Limited", "name only: what the certificate says, which does not prove who issued it")]
    [InlineData(null, "Somebody", "nothing: this issuer is not in the table")]
    public async Task An_issuance_says_by_what_its_issuer_was_found(string? key, string organization, string said)
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.CommitAsync(SomeFacts.Of("shop.example.com") with { IssuerPubkeySha256 = key, IssuerOrganization = organization });
        await rig.SignInAsync();

        string page = WebUtility.HtmlDecode(await rig.PageAsync("/console/monitoring/issuances/1"));

        Assert.Contains($"<dt>Found by</dt><dd>{said}</dd>", page);
    }

    [Fact]
    public async Task A_delivery_shows_each_attempt_and_what_was_answered()
    {
        await using ConsoleRig rig = await HostileRigAsync(names: 1);

        string page = await rig.PageAsync("/console/deliveries/1");

        Assert.Contains("status 500", page);
        Assert.Contains("1234 ms", page);
        Assert.Contains("timeout", page);
        Assert.Contains("answered &lt;script&gt;", page);
        Assert.Contains("the frozen body", page);
    }

    [Fact]
    public async Task Empty_pages_say_what_will_appear_there()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.SignInAsync();

        Assert.Contains("No certificate for a watched name has been found yet", await rig.PageAsync("/console"));
        Assert.Contains("No certificate for a watched name has been found yet", await rig.PageAsync("/console/monitoring/issuances"));
        Assert.Contains("Nothing was owed to a webhook yet", await rig.PageAsync("/console/deliveries"));
        Assert.Contains("Widen the filter", await rig.PageAsync("/console/deliveries?state=dead"));
        Assert.Contains("No log has broken a promise", await rig.PageAsync("/console/logs"));
    }

    [Fact]
    public async Task The_overview_says_what_does_not_hold()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.SignInAsync();
        rig.Checks.Add(new("logs", false, "Example “2026” has not advanced for an hour."));

        Assert.Contains("Example “2026” has not advanced for an hour.", WebUtility.HtmlDecode(await rig.PageAsync("/console")));
    }

    [Fact]
    public async Task Older_issuances_are_on_the_next_page()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        for (int i = 1; i <= 103; i++) await rig.CommitAsync(SomeFacts.Of($"n{i}.example.com"));
        await rig.SignInAsync();

        string first = await rig.PageAsync("/console/monitoring/issuances");
        Assert.Contains("n103.example.com", first);
        Assert.DoesNotContain(">n3.example.com<", first);
        string older = await rig.PageAsync(WebUtility.HtmlDecode(NextLink().Match(first).Groups[1].Value));
        Assert.Contains(">n3.example.com<", older);
        Assert.DoesNotMatch(NextLink(), older);
    }

    [Theory]
    [InlineData("/console/monitoring/issuances/99")]
    [InlineData("/console/monitoring/issuances/0")]
    [InlineData("/console/deliveries/9223372036854775807")]
    [InlineData("/console/malformed/99")]
    [InlineData("/console/nowhere")]
    public async Task What_is_not_there_is_a_404_with_a_page(string path)
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.SignInAsync();

        Answer answer = await rig.Browser.GetAsync(path);

        Assert.Equal(HttpStatusCode.NotFound, answer.Status);
        Assert.Contains("There is nothing here", answer.Text);
    }

    [Fact]
    public async Task A_slip_in_a_pages_query_is_explained()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.SignInAsync();

        Answer answer = await rig.Browser.GetAsync("/console/monitoring/issuances?before=yesterday");

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Contains("before must be an id", answer.Text);
    }

    [Fact]
    public async Task Without_a_session_pages_lead_to_the_login_page()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();

        foreach (string path in AllPages)
        {
            Answer answer = await rig.Browser.GetAsync(path);
            Assert.Equal(HttpStatusCode.Redirect, answer.Status);
            Assert.StartsWith("/console/login", answer.Location);
        }
    }

    [Fact]
    public async Task Every_address_is_guarded_but_for_those_listed_here()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();

        IEnumerable<string> open = rig.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null || endpoint.Metadata.GetMetadata<IAuthorizeData>() is null)
            .Select(endpoint => VersionInPath().Replace(endpoint.RoutePattern.RawText!, "HASH"));

        // Meta's API asks for an app's token by itself, in four forms.
        string[] edges = ["subscribed_domains", "subscribed_domains_phishing", "subscriptions", "subscriptions_sample"];
        const string version = @"/{version:regex(^v[0-9]{{1,3}}\.[0-9]{{1,3}}$)}";
        IEnumerable<string> meta =
        [
            "/oauth/access_token", "/certificates", "/{id:regex(^[0-9]+$)}", "/{id:regex(^[0-9]+$)}/{**rest}", .. edges.Select(edge => "/{id:regex(^(?!(api|console|openapi)$))}/" + edge),
            version + "/oauth/access_token", version + "/certificates", version + "/{id}", .. edges.Select(edge => version + "/{id}/" + edge), version + "/{**id}",
        ];
        Assert.Equal(
            [
                "/", "/console/assets/HASH/console.css", "/console/assets/HASH/console.js", "/console/assets/HASH/icon.svg", "/console/login", "/console/openid", "/console/openid/callback", "/console/sign-in", "/favicon.ico",
                "/healthz", "/metrics", "/openapi/{documentName}.json", "/readyz", "/v0/{**rest}",
            ],
            open.Except(meta).Order(StringComparer.Ordinal));
        Assert.Subset(open.ToHashSet(), meta.ToHashSet());
    }

    [Fact]
    public async Task Every_answer_tells_browsers_to_run_nothing_but_ours_and_to_frame_and_keep_nothing()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.SignInAsync();

        foreach (string path in new[] { "/console", "/console/login", "/console/nowhere", "/api/logs", "/healthz", "/metrics", "/nowhere", "/" })
        {
            Answer answer = await rig.Browser.GetAsync(path);
            Assert.Equal(
                "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
                answer.Headers.GetValues("Content-Security-Policy").Single());
            Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
            Assert.Equal("no-referrer", answer.Headers.GetValues("Referrer-Policy").Single());
            Assert.Equal("DENY", answer.Headers.GetValues("X-Frame-Options").Single());
            Assert.True(answer.Headers.CacheControl!.NoStore, path);
        }
    }

    [Fact]
    public async Task Pages_need_no_script_and_no_inline_style_and_their_assets_are_served()
    {
        await using ConsoleRig rig = await HostileRigAsync(names: 1);

        foreach (string path in AllPages)
        {
            string page = await rig.PageAsync(path);
            Assert.DoesNotContain("_framework", page);
            Assert.DoesNotContain("style=", page);
            foreach (Match asset in AssetLink().Matches(page))
            {
                Answer answer = await rig.NewBrowser().GetAsync(asset.Groups[1].Value);
                Assert.Equal(HttpStatusCode.OK, answer.Status);
                Assert.Contains("immutable", answer.Headers.CacheControl!.ToString());
            }
        }
    }

    /// <summary>An issuance, a malformed entry, attempts and an incident, each as hostile as its field allows.</summary>
    private static async Task<ConsoleRig> HostileRigAsync(int names)
    {
        ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.CommitAsync(SomeFacts.HostileOf(names), known: false, SomeFacts.Hostile, "siem");
        await rig.CommitMalformedAsync(SomeFacts.Hostile, "\0\u0001<script>"u8.ToArray(), "siem");
        await rig.DisputeAsync();

        DateTimeOffset now = rig.Time.GetUtcNow();
        StoredDelivery delivery = (await rig.Store.ClaimDueAsync("siem", 1, now, now.AddMinutes(1), default)).Single();
        await rig.Store.FreezeAsync(delivery, "the frozen body <script>"u8.ToArray());
        await rig.Store.CompleteAsync(
            delivery,
            new StoredAttempt(delivery.Id, now, TimeSpan.FromMilliseconds(1234), 500, "status", SomeFacts.Hostile, "answered <script>\u202E\0\xFF"u8.ToArray()),
            DeliveryState.Pending, now);
        await rig.Store.CompleteAsync(
            (await rig.Store.ClaimDueAsync("siem", 1, now, now.AddMinutes(1), default)).Single(),
            new StoredAttempt(delivery.Id, now.AddSeconds(5), TimeSpan.FromSeconds(15), null, "timeout", null, []),
            DeliveryState.Dead, now);
        await rig.SignInAsync();
        return rig;
    }

    [GeneratedRegex(@"<[a-z0-9]+\s+([a-z-]{2,})=")]
    private static partial Regex AttributeNames();

    [GeneratedRegex("href=\"([^\"]+)\" rel=\"next\"")]
    private static partial Regex NextLink();

    [GeneratedRegex("(?:href|src)=\"(/console/assets/[^\"]+)\"")]
    private static partial Regex AssetLink();

    [GeneratedRegex(">([0-9]+)\\.&lt;script")]
    private static partial Regex HostileNames();

    [GeneratedRegex("[0-9a-f]{16}")]
    private static partial Regex VersionInPath();
}
