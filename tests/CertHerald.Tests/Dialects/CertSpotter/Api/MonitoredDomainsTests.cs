using System.Net;
using System.Text.Json;
using CertHerald.Deciding;
using CertHerald.Names;
using CertHerald.Tests.Names;
using CertHerald.Tests.WebConsole;

namespace CertHerald.Tests.Dialects.CertSpotter.Api;

/// <summary><c>/api/v3/monitoring/monitored_domains</c>.</summary>
public sealed class MonitoredDomainsTests
{
    private const string Domains = "/api/v3/monitoring/monitored_domains";

    [Fact]
    public async Task A_domain_that_is_posted_is_in_force_when_the_answer_comes()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();

        Answer answer = await rig.AskAsync(HttpMethod.Post, Domains + "/.Example.COM.", new { });

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal("""{"name":".example.com","enabled":true}""", answer.Text);
        Assert.True(rig.Watched.List.MayMatch(NameSource.DnsName, "www.example.com"u8));
    }

    [Fact]
    public async Task The_body_may_be_left_out_and_may_repeat_the_name()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();

        Assert.Equal("""{"name":"example.com","enabled":true}""", (await rig.AskAsync(HttpMethod.Post, Domains + "/example.com")).Text);
        Assert.Equal("""{"name":"example.com","enabled":false}""", (await rig.AskAsync(HttpMethod.Post, Domains + "/example.com", new { name = "EXAMPLE.com", enabled = false })).Text);
    }

    [Fact]
    public async Task A_member_that_is_left_out_stays_as_it_was()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.AskAsync(HttpMethod.Post, Domains + "/example.com", new { enabled = false });

        Assert.Equal("""{"name":"example.com","enabled":false}""", (await rig.AskAsync(HttpMethod.Post, Domains + "/example.com", new { })).Text);
        Assert.Equal("""{"name":"example.com","enabled":true}""", (await rig.AskAsync(HttpMethod.Post, Domains + "/example.com", new { enabled = true })).Text);
        Assert.Equal("""{"name":"example.com","enabled":true}""", (await rig.AskAsync(HttpMethod.Post, Domains + "/example.com", new { })).Text);
    }

    [Fact]
    public async Task What_is_disabled_is_kept_and_shown_and_matches_nothing()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.AskAsync(HttpMethod.Post, Domains + "/.example.com");

        await rig.AskAsync(HttpMethod.Post, Domains + "/.example.com", new { enabled = false });

        Assert.False(rig.Watched.List.MayMatch(NameSource.DnsName, "www.example.com"u8));
        Assert.Equal("""[{"name":".example.com","enabled":false}]""", (await rig.AskAsync(HttpMethod.Get, Domains)).Text);
        JsonElement shown = (await rig.AskAsync(HttpMethod.Get, "/api/domains")).Json[0];
        Assert.Equal((".example.com", false), (shown.GetProperty("name").GetString(), shown.GetProperty("enabled").GetBoolean()));
        Assert.True((await rig.AskAsync(HttpMethod.Post, "/api/domains/.example.com")).Json.GetProperty("enabled").GetBoolean());
        Assert.True(rig.Watched.List.MayMatch(NameSource.DnsName, "www.example.com"u8));
    }

    [Fact]
    public async Task A_domain_is_read_by_its_name_in_any_writing_and_others_are_not_found()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.AskAsync(HttpMethod.Post, Domains + "/b%C3%BCcher.example");

        Assert.Equal("""{"name":"xn--bcher-kva.example","enabled":true}""", (await rig.AskAsync(HttpMethod.Get, Domains + "/XN--BCHER-KVA.example")).Text);
        // The tree is another domain than its root.
        Answer other = await rig.AskAsync(HttpMethod.Get, Domains + "/.xn--bcher-kva.example");
        Assert.Equal((HttpStatusCode.NotFound, "not_found"), (other.Status, other.Code()));
    }

    [Fact]
    public async Task Deleting_answers_204_without_a_body_and_a_second_time_404()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.AskAsync(HttpMethod.Post, Domains + "/.example.com");

        Answer deleted = await rig.AskAsync(HttpMethod.Delete, Domains + "/.example.com"), again = await rig.AskAsync(HttpMethod.Delete, Domains + "/.example.com");

        Assert.Equal((HttpStatusCode.NoContent, ""), (deleted.Status, deleted.Text));
        Assert.Equal((HttpStatusCode.NotFound, "not_found"), (again.Status, again.Code()));
        Assert.Equal(0, rig.Watched.List.Count);
        Assert.Equal("[]", (await rig.AskAsync(HttpMethod.Get, Domains)).Text);
    }

    [Fact]
    public async Task What_is_configured_or_was_added_elsewhere_is_among_them()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        rig.Watched.Configure(WatchLists.Of("configured.example", "192.0.2.10"), KnownCertificates.None);
        await rig.AskAsync(HttpMethod.Post, "/api/domains/added.example");

        JsonElement all = (await rig.AskAsync(HttpMethod.Get, Domains)).Json;

        Assert.Equal(["192.0.2.10", "added.example", "configured.example"], all.EnumerateArray().Select(one => one.GetProperty("name").GetString()!).Order(StringComparer.Ordinal));
        Assert.All(all.EnumerateArray(), one => Assert.Equal(["name", "enabled"], SearchRig.Members(one)));
        Assert.Equal("""{"name":"configured.example","enabled":true}""", (await rig.AskAsync(HttpMethod.Get, Domains + "/configured.example")).Text);
    }

    [Fact]
    public async Task What_stands_in_the_configuration_is_neither_disabled_nor_deleted_here()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        rig.Watched.Configure(WatchLists.Of("configured.example"), KnownCertificates.None);

        foreach (Answer answer in new[]
        {
            await rig.AskAsync(HttpMethod.Post, Domains + "/configured.example", new { enabled = false }),
            await rig.AskAsync(HttpMethod.Delete, Domains + "/configured.example"),
        })
            Assert.Equal((HttpStatusCode.Conflict, "conflict"), (answer.Status, answer.Code()));
        Assert.Equal(1, rig.Watched.List.Count);

        // Added here too, it stays watched when that is taken back.
        Assert.Equal("""{"name":"configured.example","enabled":true}""", (await rig.AskAsync(HttpMethod.Post, Domains + "/configured.example", new { })).Text);
        Assert.Equal(HttpStatusCode.NoContent, (await rig.AskAsync(HttpMethod.Delete, Domains + "/configured.example")).Status);
        Assert.Equal(1, rig.Watched.List.Count);
    }

    [Fact]
    public async Task What_is_disabled_here_and_configured_later_matches()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.AskAsync(HttpMethod.Post, Domains + "/both.example", new { enabled = false });
        rig.Watched.Configure(WatchLists.Of("both.example"), KnownCertificates.None);

        Assert.Equal("""[{"name":"both.example","enabled":true}]""", (await rig.AskAsync(HttpMethod.Get, Domains)).Text);
        Assert.Equal(1, rig.Watched.List.Count);
    }

    [Fact]
    public async Task What_is_no_name_is_refused_by_every_call()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        string[] names =
        [
            "*.example.com",
            "..example.com",
            "a..b.com",
            "https:%2F%2FExample.com:443%2Fx",
            "a.example%20b.example",
            "a.example%20%23%20comment",
            "a.example%09valid_at:2026-01-01",
            "a.example%23comment",
            "%23",
            "a%01b.example",
            "a%0Ab.example",
            "...",
            new string('a', 7_000),
        ];
        foreach (string name in names)
            foreach (HttpMethod method in new[] { HttpMethod.Get, HttpMethod.Post, HttpMethod.Delete })
                Assert.Equal($"{method} {name}: 400 bad_request", $"{method} {name}: {(await rig.AskAsync(method, $"{Domains}/{name}")).Said()}");

        Assert.Empty(await rig.Store.AddedItemsAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_body_that_cannot_be_used_changes_nothing()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        string key = await rig.KeyAsync(CertHerald.Access.Scope.Watch);
        string[] bodies =
        [
            """{"enabled":"yes"}""",
            """{"enabled":1}""",
            """{"enabld":false}""",
            """{"name":"other.example"}""",
            """{"name":".example.com"}""",
            """["enabled"]""",
            "null",
            "{",
            "enabled=false",
        ];
        foreach (string body in bodies)
        {
            using Browser program = rig.NewBrowser();
            var request = new HttpRequestMessage(HttpMethod.Post, Domains + "/example.com") { Content = new StringContent(body) };
            request.Headers.Authorization = SearchRig.Basic(key);
            Assert.Equal($"{body}: 400 bad_request", $"{body}: {(await program.SendAsync(request)).Said()}");
        }
        Assert.Empty(await rig.Store.AddedItemsAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Every_name_cannot_be_watched_by_an_address()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();

        // A client takes the dot away; one that does not meets a server that does.
        foreach (string dot in (string[])["/.", "/%2E", "/%2e"])
            Assert.Equal(HttpStatusCode.MethodNotAllowed, (await rig.AskAsync(HttpMethod.Post, Domains + dot)).Status);
        Assert.Equal(0, rig.Watched.List.Count);
    }

    [Fact]
    public async Task Changes_are_in_the_audit_trail()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.AskAsync(HttpMethod.Post, Domains + "/example.com");
        await rig.AskAsync(HttpMethod.Post, Domains + "/example.com", new { enabled = false });
        await rig.AskAsync(HttpMethod.Delete, Domains + "/example.com");

        var trail = await rig.Store.AuditAsync(null, 10, TestContext.Current.CancellationToken);

        Assert.Equal(["DELETE", "POST", "POST"], trail.Select(entry => entry.Method));
        Assert.All(trail, entry => Assert.Equal(("local", Domains + "/example.com", "done"), (entry.Who, entry.Resource, entry.Outcome)));
    }
}
