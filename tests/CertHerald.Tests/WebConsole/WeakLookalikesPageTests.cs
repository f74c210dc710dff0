using System.Net;
using System.Text.Json;
using CertHerald.Inspecting;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.WebConsole;

public sealed class WeakLookalikesPageTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Where_nothing_is_kept_the_page_says_what_to_do_and_where_nothing_came_yet_that()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.SignInAsync();
        await ProtectAsync(rig, new { });
        Assert.Contains("--lookalikes --digest 30", await rig.PageAsync("/console/lookalikes/weak"), StringComparison.Ordinal);
        Assert.Contains("href=\"/console/lookalikes/weak\"", await rig.PageAsync("/console/lookalikes"), StringComparison.Ordinal);

        await ProtectAsync(rig, new { digest = 30 });
        Assert.Contains("None is kept.", await rig.PageAsync("/console/lookalikes/weak"), StringComparison.Ordinal);
        Assert.Contains("<a href=\"/console/lookalikes/weak?domain=facebook.com\">30</a>", await rig.PageAsync("/console/lookalikes"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Weak_ones_stand_with_the_strongest_first_as_browsers_draw_them_by_domain_and_in_pages()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.SignInAsync();
        await ProtectAsync(rig, new { digest = 30 });
        await rig.CommitWeakAsync([.. Enumerable.Range(0, 120).Select(i => Weak($"h{i}.test", 31)), Weak("weak.test", 30), Weak("xn--facbook-9gg.ml", 47), Weak("evil.test", 40, "<b>\u202e.evil.test"), Weak("other.test", 35, domain: "other.example")]);

        string page = await rig.PageAsync("/console/lookalikes/weak"), text = WebUtility.HtmlDecode(page);
        Assert.InRange(text.IndexOf("fac\u0435book.ml", StringComparison.Ordinal), 1, text.IndexOf("weak.test", StringComparison.Ordinal));
        Assert.Contains("U+202E", text, StringComparison.Ordinal);
        Assert.DoesNotContain("<b>", page, StringComparison.Ordinal);
        Assert.DoesNotContain('\u202e', text);
        Assert.Contains("other.test", page, StringComparison.Ordinal);
        Assert.DoesNotContain("other.test", await rig.PageAsync("/console/lookalikes/weak?domain=facebook.com"), StringComparison.Ordinal);

        rig.Time.Advance(TimeSpan.FromHours(3));
        await rig.CommitWeakAsync(Weak("weak.test", 30) with { TbsSha256 = Some.Hash("renewed") });
        Assert.Matches(@"weak\.test[\s\S]*ago</time>\s*<span class=""aside"">\s*2 certificates, the last\s*<time", await rig.PageAsync("/console/lookalikes/weak?domain=facebook.com"));

        string newest = await rig.PageAsync("/console/lookalikes/weak?order=new");
        Assert.DoesNotContain("h3.test", newest, StringComparison.Ordinal);
        string older = newest.Split("rel=\"next\"")[0].Split("href=\"")[^1].Split('"')[0];
        Assert.Contains("h3.test", await rig.PageAsync(WebUtility.HtmlDecode(older)), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, (await rig.Browser.GetAsync("/console/lookalikes/weak?before=x")).Status);

        await rig.CommitWeakAsync([.. Enumerable.Range(0, 120).Select(i => Weak($"i{i}.test", 31))]);
        string strongest = await rig.PageAsync("/console/lookalikes/weak?domain=facebook.com");
        Assert.DoesNotContain("weak.test", strongest, StringComparison.Ordinal);
        string weaker = strongest.Split("rel=\"next\"")[0].Split("href=\"")[^1].Split('"')[0];
        Assert.Contains("weak.test", await rig.PageAsync(WebUtility.HtmlDecode(weaker)), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, (await rig.Browser.GetAsync("/console/lookalikes/weak?after=x")).Status);
    }

    [Fact]
    public async Task One_click_allows_a_weak_one_and_a_form_of_others_changes_nothing()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.SignInAsync();
        await ProtectAsync(rig, new { digest = 30 });
        await rig.CommitWeakAsync(Weak("partner.test", 40, "facebook.partner.test"), Weak("other.test", 40));
        StoredWeakLookalike partner = (await WeakAsync(rig)).Single(one => one.Registrable == "partner.test");
        (string, string) token = ("form_token", ConsoleRig.FormToken(await rig.PageAsync("/console/lookalikes/weak")));

        Assert.Equal(HttpStatusCode.BadRequest, (await rig.Browser.PostAsync($"/console/lookalikes/weak/{partner.Id}/allow", ("form_token", "stolen"))).Status);
        Assert.Equal(2, (await WeakAsync(rig)).Count);
        Assert.Contains("partner.test is allowed", (await rig.Browser.PostAsync($"/console/lookalikes/weak/{partner.Id}/allow", token)).Text, StringComparison.Ordinal);

        Assert.Equal("other.test", Assert.Single(await WeakAsync(rig)).Registrable);
        Assert.Equal(("facebook.com", "partner.test"), (await rig.Store.AllowedNamesAsync(Cancellation)).Select(one => (one.Domain, one.Name)).Single());
        Assert.Equal(HttpStatusCode.NotFound, (await rig.Browser.PostAsync($"/console/lookalikes/weak/{partner.Id}/allow", token)).Status);
    }

    [Fact]
    public async Task The_API_lists_them_by_domain_and_page_and_allows()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        Assert.Equal(HttpStatusCode.BadRequest, (await rig.AskAsync(HttpMethod.Put, "/api/lookalikes/domains/facebook.com", new { digest = 50 })).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await rig.AskAsync(HttpMethod.Put, "/api/lookalikes/domains/facebook.com", new { digest = 0 })).Status);
        Assert.Equal(30, JsonElement.Parse((await rig.AskAsync(HttpMethod.Put, "/api/lookalikes/domains/facebook.com", new { digest = 30 })).Text).GetProperty("digest").GetInt32());
        await rig.CommitWeakAsync(Weak("a.test", 30), Weak("b.test", 40), Weak("c.test", 35, domain: "other.example"));

        JsonElement page = await ListAsync("?limit=2");
        Assert.Equal(["c.test", "b.test"], Domains(page));
        Assert.Equal(["a.test"], Domains(await ListAsync($"?before={page.GetProperty("next").GetString()}")));
        Assert.Equal(["b.test", "a.test"], Domains(page = await ListAsync("?domain=Facebook.com")));
        JsonElement one = page.GetProperty("items")[0];
        Assert.Equal(("facebook.com", 40, "low", "combo_concat", "it says so a little", 1), (one.GetProperty("protected_domain").GetString(), one.GetProperty("score").GetInt32(), one.GetProperty("tier").GetString(),
            one.GetProperty("class").GetString(), one.GetProperty("reason").GetString(), one.GetProperty("certificates").GetInt32()));
        Assert.Equal(HttpStatusCode.BadRequest, (await rig.AskAsync(HttpMethod.Get, "/api/lookalikes/weak?limit=x")).Status);

        string allow = $"/api/lookalikes/weak/{one.GetProperty("id").GetString()}/allow";
        Assert.Equal("b.test", JsonElement.Parse((await rig.AskAsync(HttpMethod.Post, allow)).Text).GetProperty("registrable_domain").GetString());
        Assert.Equal(HttpStatusCode.NotFound, (await rig.AskAsync(HttpMethod.Post, allow)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await rig.AskAsync(HttpMethod.Post, $"/api/lookalikes/weak/{long.MaxValue}/allow")).Status);
        Assert.Equal(["c.test", "a.test"], Domains(await ListAsync("")));

        async Task<JsonElement> ListAsync(string query) => JsonElement.Parse((await rig.AskAsync(HttpMethod.Get, "/api/lookalikes/weak" + query)).Text);
        static IEnumerable<string?> Domains(JsonElement page) => page.GetProperty("items").EnumerateArray().Select(one => one.GetProperty("registrable_domain").GetString());
    }

    private static async Task ProtectAsync(ConsoleRig rig, object settings) =>
        Assert.InRange((await rig.AskAsync(HttpMethod.Put, "/api/lookalikes/domains/facebook.com", settings)).Status, HttpStatusCode.OK, HttpStatusCode.Created);

    private static Task<IReadOnlyList<StoredWeakLookalike>> WeakAsync(ConsoleRig rig) => rig.Store.WeakLookalikesAsync(new WeakLookalikeFilter(), Cancellation);

    private static WeakLookalike Weak(string registrable, int score, string? name = null, string domain = "facebook.com") =>
        new(new EntryIndex(0), domain, registrable, new LookalikeName(name ?? registrable, score, "combo_concat", ["it says so a little"]), Some.Hash(registrable));
}
