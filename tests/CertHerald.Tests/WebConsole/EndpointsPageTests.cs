using System.Net;
using System.Text.Json;
using CertHerald.Storage;
using CertHerald.Tests.Names;

namespace CertHerald.Tests.WebConsole;

/// <summary>The page and the API of the user's names, and what revocation lists say of an issuance.</summary>
public sealed class EndpointsPageTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Names_are_shown_with_their_certificates_and_those_that_nobody_renewed_first()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.SignInAsync();
        Assert.Contains("No certificate for a watched name", await rig.PageAsync("/console/endpoints"), StringComparison.Ordinal);
        rig.Watched.Add(WatchLists.Of(".example.com"));
        await rig.CommitAsync(SomeFacts.Of("fine.example.com"));
        await rig.CommitAsync(SomeFacts.Of("soon.example.com") with { NotBefore = rig.Time.GetUtcNow().AddDays(-80), NotAfter = rig.Time.GetUtcNow().AddDays(10) });
        await rig.CommitAsync(SomeFacts.Of("gone.example.com") with { NotBefore = rig.Time.GetUtcNow().AddDays(-80), NotAfter = rig.Time.GetUtcNow().AddDays(-1) });

        string page = await rig.PageAsync("/console/endpoints");
        int missing = page.IndexOf("<h2 id=\"missing\">", StringComparison.Ordinal), all = page.IndexOf("<h2 id=\"all\">", StringComparison.Ordinal);
        Assert.Equal((1, 3), (Count(page[missing..all], "class=\"name\""), Count(page[all..], "class=\"name\"")));
        Assert.Contains("soon.example.com", page[missing..all], StringComparison.Ordinal);
        Assert.Contains("renewal missing", page, StringComparison.Ordinal);

        JsonElement list = JsonElement.Parse((await rig.Browser.GetAsync("/api/endpoints?limit=2")).Bytes);
        Assert.Equal(["fine.example.com valid", "gone.example.com expired"], list.GetProperty("items").EnumerateArray().Select(Described));
        Assert.Equal("gone.example.com", list.GetProperty("next").GetString());
        JsonElement rest = JsonElement.Parse((await rig.Browser.GetAsync("/api/endpoints?limit=2&after=gone.example.com")).Bytes), soon = rest.GetProperty("items")[0];
        Assert.Equal((JsonValueKind.Null, "soon.example.com renewal_missing"), (rest.GetProperty("next").ValueKind, Described(soon)));
        Assert.Equal(("2", "Example Trust", false, false), (
            soon.GetProperty("certificate").GetProperty("id").GetString(), soon.GetProperty("certificate").GetProperty("issuer").GetProperty("friendly_name").GetString(),
            soon.GetProperty("certificate").GetProperty("wildcard").GetBoolean(), soon.GetProperty("certificate").GetProperty("revoked").GetBoolean()));
        Assert.Equal(["soon.example.com renewal_missing"], JsonElement.Parse((await rig.Browser.GetAsync("/api/endpoints?state=renewal_missing")).Bytes).GetProperty("items").EnumerateArray().Select(Described));
        Assert.Equal(0, JsonElement.Parse((await rig.Browser.GetAsync("/api/endpoints?domain=.example.org")).Bytes).GetProperty("items").GetArrayLength());
        foreach (string bad in (string[])["state=odd", "limit=0", "state=renewal_missing&after=odd"]) Assert.Equal(HttpStatusCode.BadRequest, (await rig.Browser.GetAsync($"/api/endpoints?{bad}")).Status);
        Assert.DoesNotContain("<h2 id=\"missing\">", await rig.PageAsync("/console/endpoints?after=fine.example.com"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_watched_no_more_is_left_out_and_hostile_names_stay_text()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.SignInAsync();
        rig.Watched.Add(WatchLists.Of(".example.com"));
        await rig.CommitAsync(SomeFacts.HostileOf(3));
        await rig.CommitAsync(SomeFacts.Of("a.example.com"));
        await rig.CommitAsync(SomeFacts.Of("a.example.net"));

        string page = await rig.PageAsync("/console/endpoints");

        Assert.DoesNotContain("<script>", page, StringComparison.Ordinal);
        Assert.Contains("a.example.com", page, StringComparison.Ordinal);
        Assert.DoesNotContain("a.example.net", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_revoked_certificate_that_is_unknown_is_shown_as_both_on_its_page_in_lists_and_in_the_API()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.SignInAsync();
        rig.Watched.Add(WatchLists.Of(".example.com"));
        await rig.CommitAsync(SomeFacts.Of("a.example.com"));
        Assert.Contains("not known", await rig.PageAsync("/console/monitoring/issuances/1"), StringComparison.Ordinal);
        DateTimeOffset now = rig.Time.GetUtcNow();
        await rig.Store.KeepPointsAsync([new RevocationPoint(1, "2A", now.AddDays(30), new CrlAddress(["http://crl.example/a.crl"], "CN=x", "00"), "")], TimeSpan.FromHours(1), Cancellation);
        StoredCrl crl = Assert.Single(await rig.Store.DueCrlsAsync(now, 1, Cancellation));
        await rig.Store.KeepFindingsAsync([new CrlFinding(1, true, now.AddDays(-1), 1)], now, Cancellation);
        await rig.Store.KeepCrlAsync(new CrlLook(crl.Id, now, now.AddHours(6), now, ""), Cancellation);

        foreach (string path in (string[])["/console/monitoring/issuances/1", "/console/monitoring/issuances", "/console/endpoints"])
            Assert.Contains("<span class=\"state revoked\">revoked</span>", await rig.PageAsync(path), StringComparison.Ordinal);
        Assert.Equal("a.example.com revoked", Described(JsonElement.Parse((await rig.Browser.GetAsync("/api/endpoints")).Bytes).GetProperty("items")[0]));
        Assert.Contains("keyCompromise", await rig.PageAsync("/console/monitoring/issuances/1"), StringComparison.Ordinal);
        JsonElement issuance = JsonElement.Parse((await rig.Browser.GetAsync("/api/issuances/1")).Bytes), revocation = issuance.GetProperty("revocation");
        Assert.False(issuance.GetProperty("known").GetBoolean());
        Assert.Equal((true, 1, "keyCompromise", now, JsonValueKind.Null), (
            revocation.GetProperty("revoked").GetBoolean(), revocation.GetProperty("reason").GetInt32(), revocation.GetProperty("reason_name").GetString(), revocation.GetProperty("checked_at").GetDateTimeOffset(),
            revocation.GetProperty("problem").ValueKind));
    }

    private static string Described(JsonElement name) => $"{name.GetProperty("dns_name").GetString()} {name.GetProperty("state").GetString()}";

    private static int Count(string text, string part) => text.Split(part).Length - 1;
}
