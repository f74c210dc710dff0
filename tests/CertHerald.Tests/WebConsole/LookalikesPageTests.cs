using System.Net;
using System.Text.Json;
using CertHerald.Inspecting;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.WebConsole;

public sealed class LookalikesPageTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Without_a_protected_domain_the_page_says_what_to_do()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.SignInAsync();

        Assert.Contains("certherald domains add example.com --lookalikes", await rig.PageAsync("/console/lookalikes"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_queue_shows_the_strongest_first_as_browsers_draw_it_and_what_hides_in_it()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.SignInAsync();
        await ProtectAsync(rig);
        await rig.CommitLookalikeAsync(Some.Facts("a"), Imitating("weak.test", 55, "weak.test"));
        await rig.CommitLookalikeAsync(Some.Facts("b"), Imitating("xn--facbook-9gg.ml", 95, "xn--facbook-9gg.ml"));
        await rig.CommitLookalikeAsync(Some.Facts("c"), Imitating("evil.test", 70, "<b>\u202e.evil.test"));

        string page = await rig.PageAsync("/console/lookalikes"), text = WebUtility.HtmlDecode(page);

        Assert.InRange(text.IndexOf("fac\u0435book.ml", StringComparison.Ordinal), 1, text.IndexOf("weak.test", StringComparison.Ordinal));
        Assert.Contains("xn--facbook-9gg.ml", page, StringComparison.Ordinal);
        Assert.Contains("U+202E", text, StringComparison.Ordinal);
        Assert.DoesNotContain("<b>", page, StringComparison.Ordinal);
        Assert.DoesNotContain('\u202e', text);
        StoredLookalike hostile = (await rig.Store.LookalikesAsync(new LookalikeFilter(Least: 60), Cancellation)).Single(one => one.Best.Score == 70);
        Assert.Contains("U+202E", WebUtility.HtmlDecode(await rig.PageAsync($"/console/lookalikes/{hostile.Id}")), StringComparison.Ordinal);
        Assert.Contains("Look-alikes", await rig.PageAsync($"/console/monitoring/issuances/{hostile.Issuance}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_click_allows_or_dismisses_and_stands_in_the_audit_trail_and_a_form_of_others_changes_nothing()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.SignInAsync();
        await ProtectAsync(rig);
        await rig.CommitLookalikeAsync(Some.Facts("a"), Imitating("one.test", 90, "facebook.one.test"));
        await rig.CommitLookalikeAsync(Some.Facts("b"), Imitating("two.test", 80, "facebook.two.test"));
        (string, string) token = ("form_token", ConsoleRig.FormToken(await rig.PageAsync("/console/lookalikes")));
        IReadOnlyList<StoredLookalike> found = await rig.Store.LookalikesAsync(new LookalikeFilter(), Cancellation);

        Assert.Equal(HttpStatusCode.BadRequest, (await rig.Browser.PostAsync($"/console/lookalikes/{found[0].Id}/allow", ("form_token", "stolen"))).Status);
        Assert.Equal(2, (await rig.Store.LookalikesAsync(new LookalikeFilter(State: LookalikeState.Open), Cancellation)).Count);
        Assert.Contains("one.test is allowed", (await rig.Browser.PostAsync($"/console/lookalikes/{found[0].Id}/allow", token)).Text, StringComparison.Ordinal);
        Assert.Contains("two.test was dismissed", (await rig.Browser.PostAsync($"/console/lookalikes/{found[1].Id}/dismiss", token)).Text, StringComparison.Ordinal);

        Assert.Equal([LookalikeState.Allowed, LookalikeState.Dismissed], (await rig.Store.LookalikesAsync(new LookalikeFilter(), Cancellation)).Select(one => one.State));
        Assert.Equal(("facebook.com", "one.test"), (await rig.Store.AllowedNamesAsync(Cancellation)).Select(one => (one.Domain, one.Name)).Single());
        Assert.Contains("Nothing is open", await rig.PageAsync("/console/lookalikes"), StringComparison.Ordinal);
        Assert.Contains(await rig.Store.AuditAsync(null, 100, Cancellation), entry => entry.Resource == $"/console/lookalikes/{found[0].Id}/allow" && entry.Outcome == "done");
        Assert.Equal(HttpStatusCode.NotFound, (await rig.Browser.PostAsync("/console/lookalikes/99/dismiss", token)).Status);
    }

    [Fact]
    public async Task Of_many_names_the_strongest_are_shown_and_more_are_to_be_had()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.SignInAsync();
        await ProtectAsync(rig);
        LookalikeName[] names = [.. Enumerable.Range(0, 201).Select(i => new LookalikeName($"n{i}.many.test", i == 7 ? 60 : 90, "target_embedding", ["it says so"]))];
        await rig.CommitLookalikeAsync(Some.Facts("a"), Imitating("many.test", 90, "n0.many.test") with { Names = names });

        string page = await rig.PageAsync("/console/lookalikes/1"), all = (await rig.Browser.GetAsync("/api/lookalikes/1")).Text;

        Assert.Equal([7], Enumerable.Range(0, 201).Where(i => !page.Contains($">n{i}.many.test<", StringComparison.Ordinal)));
        Assert.Contains("The strongest 200 of 201", page, StringComparison.Ordinal);
        Assert.Contains("href=\"/api/lookalikes/1\"", page, StringComparison.Ordinal);
        Assert.Contains("\"n7.many.test\"", all, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_API_protects_previews_lists_and_allows()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        Assert.Equal(HttpStatusCode.BadRequest, (await rig.AskAsync(HttpMethod.Put, "/api/lookalikes/domains/no%20domain")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await rig.AskAsync(HttpMethod.Put, "/api/lookalikes/domains/facebook.com", new { threshold = 101 })).Status);
        Assert.Equal(HttpStatusCode.Created, (await rig.AskAsync(HttpMethod.Put, "/api/lookalikes/domains/Facebook.com", new { own = new[] { "fb.com" }, threshold = 60 })).Status);
        Assert.Equal(HttpStatusCode.OK, (await rig.AskAsync(HttpMethod.Put, "/api/lookalikes/domains/facebook.com")).Status);
        await rig.CommitLookalikeAsync(Some.Facts("faceb00k.com"), Imitating("faceb00k.com", 90, "faceb00k.com"));

        JsonElement preview = JsonElement.Parse((await rig.AskAsync(HttpMethod.Get, "/api/lookalikes/domains/facebook.com/preview?own=example.net")).Text);
        Assert.Equal(1, preview.GetProperty("alerts").GetInt32());
        Assert.Contains("faceb00k.com", from tier in preview.GetProperty("tiers").EnumerateArray() from example in tier.GetProperty("examples").EnumerateArray() select example.GetProperty("name").GetString());

        JsonElement listed = JsonElement.Parse((await rig.AskAsync(HttpMethod.Get, "/api/lookalikes?state=open")).Text).GetProperty("items")[0];
        string id = listed.GetProperty("id").GetString()!;
        Assert.Equal("facebook.com", listed.GetProperty("protected_domain").GetString());
        Assert.Equal("faceb00k.com", JsonElement.Parse((await rig.AskAsync(HttpMethod.Get, $"/api/lookalikes/{id}")).Text).GetProperty("names")[0].GetProperty("name").GetString());
        Assert.Equal("allowed", JsonElement.Parse((await rig.AskAsync(HttpMethod.Post, $"/api/lookalikes/{id}/allow")).Text).GetProperty("state").GetString());
        Assert.Equal(HttpStatusCode.NoContent, (await rig.AskAsync(HttpMethod.Delete, "/api/lookalikes/domains/facebook.com/allowed/faceb00k.com")).Status);
        Assert.Equal("open", JsonElement.Parse((await rig.AskAsync(HttpMethod.Get, $"/api/lookalikes/{id}")).Text).GetProperty("state").GetString());
        Assert.Equal(HttpStatusCode.OK, (await rig.AskAsync(HttpMethod.Delete, "/api/lookalikes/domains/facebook.com")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await rig.AskAsync(HttpMethod.Delete, "/api/lookalikes/domains/facebook.com")).Status);
    }

    private static async Task ProtectAsync(ConsoleRig rig) =>
        Assert.Equal(HttpStatusCode.Created, (await rig.AskAsync(HttpMethod.Put, "/api/lookalikes/domains/facebook.com")).Status);

    private static LookalikeMatch Imitating(string registrable, int score, string name) =>
        new(ProtectedDomainOwners.Operator, "facebook.com", registrable, [new LookalikeName(name, score, "target_embedding", ["it says so"])]);
}
