using System.Net;
using CertHerald.Deciding;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.WebConsole;

/// <summary>The page of what is known, and the buttons of an issuance.</summary>
public sealed class KnownPageTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_issuance_that_nobody_knows_can_be_marked_and_its_key_is_recommended()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.SignInAsync();
        await rig.CommitAsync(SomeFacts.Of("www.example.com") with { IpAddresses = [] }, webhooks: "configured");
        await rig.CommitAsync(SomeFacts.Of("mail.example.com"));
        string page = await rig.PageAsync("/console/monitoring/issuances/1"), address = await rig.PageAsync("/console/monitoring/issuances/2");
        Assert.Contains("Its key is mine", page, StringComparison.Ordinal);
        Assert.Contains("Recommended", page, StringComparison.Ordinal);
        // It has an IP address: no key can be authorised for it.
        Assert.DoesNotContain("Its key is mine", address, StringComparison.Ordinal);
        Assert.Contains("This certificate is mine", address, StringComparison.Ordinal);
        (string, string) token = ("form_token", ConsoleRig.FormToken(page));

        Answer byKey = await rig.Browser.PostAsync("/console/monitoring/issuances/1/authorize-key", token), byHand = await rig.Browser.PostAsync("/console/monitoring/issuances/2/authorize", token);
        Assert.Equal((HttpStatusCode.SeeOther, "/console/monitoring/issuances/1"), (byKey.Status, byKey.Location));
        Assert.Equal((HttpStatusCode.SeeOther, "/console/monitoring/issuances/2"), (byHand.Status, byHand.Location));

        page = await rig.PageAsync("/console/monitoring/issuances/1");
        Assert.Contains("known since", page, StringComparison.Ordinal);
        Assert.Contains(KnownCertificates.ByKey, page, StringComparison.Ordinal);
        Assert.DoesNotContain("Is it yours?", page, StringComparison.Ordinal);
        Assert.DoesNotContain("nobody was told", page, StringComparison.Ordinal);
        Assert.Contains(KnownCertificates.ByHand, await rig.PageAsync("/console/monitoring/issuances/2"), StringComparison.Ordinal);
        AddedKey key = Assert.Single((await rig.Store.AuthorisationsAsync(Cancellation)).Keys);
        Assert.Equal(["www.example.com"], key.DnsNames);
        Assert.Equal(HttpStatusCode.SeeOther, (await rig.Browser.PostAsync("/console/monitoring/issuances/2/authorize-key", token)).Status);
        Assert.Single((await rig.Store.AuthorisationsAsync(Cancellation)).Keys);
        foreach (string what in (string[])["authorize", "authorize-key"])
            Assert.Equal(HttpStatusCode.NotFound, (await rig.Browser.PostAsync($"/console/monitoring/issuances/9/{what}", token)).Status);
    }

    [Fact]
    public async Task The_page_shows_what_is_known_and_where_it_comes_from_and_removes_what_was_added()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.SignInAsync();
        Assert.Contains("No key is authorised yet", await rig.PageAsync("/console/known"), StringComparison.Ordinal);
        string key = Some.Hash("key"), tbs = Some.Hash("tbs"), configured = Some.Hash("configured");
        rig.Watched.Configure(rig.Watched.Configured, new KnownCertificates(new HashSet<string>(), new Dictionary<string, IReadOnlySet<string>> { [configured] = new HashSet<string> { "fixed.example.com" } }));
        await rig.AskAsync(HttpMethod.Post, "/api/v3/monitoring/known_keys", new { pubkey_sha256 = key, dns_names = Enumerable.Range(0, 12).Select(i => Some.Numbered("n", i) + ".example.com") });
        await rig.AskAsync(HttpMethod.Post, "/api/v3/monitoring/known_certificates", new { tbs_sha256 = tbs });

        string page = await rig.PageAsync("/console/known");
        Assert.Contains("aria-current=\"page\">Known<", page, StringComparison.Ordinal);
        Assert.Contains("2 more", page, StringComparison.Ordinal);
        Assert.Contains("fixed.example.com", page, StringComparison.Ordinal);
        Assert.DoesNotContain($"/console/known/keys/{configured}/remove", page, StringComparison.Ordinal);
        (string, string) token = ("form_token", ConsoleRig.FormToken(page));
        Answer set = await rig.Browser.PostAsync("/console/known/authorities", token, ("name", ".Example.com"), ("authorities", "letsencrypt.org, nobody.example"));
        Assert.Contains(".example.com may have certificates of letsencrypt.org, nobody.example. But no CA", set.Text, StringComparison.Ordinal);

        foreach (string path in (string[])[$"/console/known/keys/{key}/remove", $"/console/known/certificates/{tbs}/remove", "/console/known/authorities/.example.com/remove"])
        {
            Assert.Contains($"action=\"{path}\"", await rig.PageAsync("/console/known"), StringComparison.Ordinal);
            Assert.Equal(HttpStatusCode.OK, (await rig.Browser.PostAsync(path, token)).Status);
            Assert.Equal(HttpStatusCode.NotFound, (await rig.Browser.PostAsync(path, token)).Status);
        }
        StoredAuthorisations left = await rig.Store.AuthorisationsAsync(Cancellation);
        Assert.Equal((0, 0, 0), (left.Keys.Count, left.Certificates.Count, left.Authorities.Count));
        Assert.Equal(
            [$"/console/known/authorities done", $"/console/known/keys/{key}/remove done", $"/console/known/keys/{key}/remove refused 404"],
            (await rig.Store.AuditAsync(null, 100, Cancellation)).Reverse().Where(entry => entry.Resource.StartsWith("/console/known", StringComparison.Ordinal)).Take(3).Select(entry => $"{entry.Resource} {entry.Outcome}"));
    }

    [Fact]
    public async Task Of_many_the_first_are_shown_and_others_are_found_by_a_part_of_a_name_or_hash()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.SignInAsync();
        var keys = Enumerable.Range(0, 101).ToDictionary(i => Some.Hash($"key {i}"), i => (IReadOnlySet<string>)new HashSet<string> { $"n{i}.example.com" });
        rig.Watched.Configure(rig.Watched.Configured, new KnownCertificates(new HashSet<string>(), keys));
        string last = keys.Keys.Max(StringComparer.Ordinal)!, name = keys[last].Single();

        string all = await rig.PageAsync("/console/known"), byHash = await rig.PageAsync($"/console/known?q={last[..20].ToUpperInvariant()}"), byName = await rig.PageAsync($"/console/known?q=+{name}"), none = await rig.PageAsync("/console/known?q=nowhere");

        Assert.Contains("The first 100 of 101", all, StringComparison.Ordinal);
        Assert.Equal(100, keys.Keys.Count(key => all.Contains(key, StringComparison.Ordinal)));
        Assert.DoesNotContain(last, all, StringComparison.Ordinal);
        foreach (string page in (string[])[byHash, byName])
        {
            Assert.Equal([last], keys.Keys.Where(key => page.Contains(key, StringComparison.Ordinal)));
            Assert.DoesNotContain("The first 100", page, StringComparison.Ordinal);
        }
        Assert.Contains("None is like that.", none, StringComparison.Ordinal);
        Assert.DoesNotContain("No key is authorised yet", none, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_the_sessions_token_and_with_what_is_no_list_nothing_changes()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.SignInAsync();
        await rig.CommitAsync(SomeFacts.HostileOf(3) with { IpAddresses = [] });
        string page = await rig.PageAsync("/console/monitoring/issuances/1");
        Inert.RunsOnlyOurs(page);
        (string, string) token = ("form_token", ConsoleRig.FormToken(page));
        foreach (string path in (string[])["/console/known/authorities", "/console/known/keys/x/remove", "/console/monitoring/issuances/1/authorize", "/console/monitoring/issuances/1/authorize-key"])
        {
            Assert.Equal(HttpStatusCode.BadRequest, (await rig.Browser.PostAsync(path, ("name", ".example.com"), ("authorities", "letsencrypt.org"))).Status);
            using Browser stranger = rig.NewBrowser();
            Assert.Equal(HttpStatusCode.Redirect, (await stranger.PostAsync(path, token)).Status);
        }
        foreach ((string name, string authorities) in new[] { ("*.example.com", "letsencrypt.org"), (".example.com", ""), (".example.com", SomeFacts.HostileField), (SomeFacts.HostileField, "letsencrypt.org") })
        {
            Answer refused = await rig.Browser.PostAsync("/console/known/authorities", token, ("name", name), ("authorities", authorities));
            Assert.Equal(HttpStatusCode.BadRequest, refused.Status);
            Assert.Contains("role=\"alert\"", refused.Text, StringComparison.Ordinal);
            Inert.RunsOnlyOurs(refused.Text);
        }
        Assert.False((await rig.Store.FindIssuanceAsync(1, Cancellation))!.Known);

        // Its names are hostile, and shown as such on the page of what is known.
        Assert.Equal(HttpStatusCode.SeeOther, (await rig.Browser.PostAsync("/console/monitoring/issuances/1/authorize-key", token)).Status);
        page = await rig.PageAsync("/console/known");
        Inert.RunsOnlyOurs(page);
        Assert.DoesNotContain('\u202E', page);
    }
}
