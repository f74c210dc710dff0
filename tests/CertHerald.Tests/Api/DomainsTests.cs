using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using CertHerald.Access;
using CertHerald.Api;
using CertHerald.Deciding;
using CertHerald.Names;
using CertHerald.Tests.Names;
using CertHerald.Tests.WebConsole;
using Microsoft.Extensions.DependencyInjection;

namespace CertHerald.Tests.Api;

public sealed class DomainsTests
{
    [Fact]
    public async Task An_item_that_is_added_is_in_force_and_kept_when_the_answer_comes()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();

        Answer answer = await SendAsync(rig, HttpMethod.Post, "/api/domains/.Example.COM.");

        Assert.Equal(HttpStatusCode.Created, answer.Status);
        Assert.Equal(".example.com", answer.Json.GetProperty("name").GetString());
        Assert.True(rig.Watched.List.MayMatch(NameSource.DnsName, "www.example.com"u8));
        Assert.Equal(".example.com", Assert.Single(await rig.Store.AddedItemsAsync(TestContext.Current.CancellationToken)).Text);
    }

    [Theory]
    [InlineData("shop.example.com", "shop.example.com")]
    [InlineData(".example.com", ".example.com")]
    [InlineData("B%C3%9CCHER.example", "xn--bcher-kva.example")]
    [InlineData("192.0.2.10", "192.0.2.10")]
    [InlineData("2001:DB8::0:1", "2001:db8::1")]
    [InlineData("2001%3Adb8%3A%3A1", "2001:db8::1")]
    public async Task Every_kind_of_item_stands_in_an_address_and_can_be_removed_by_it(string segment, string item)
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();

        await SendAsync(rig, HttpMethod.Post, "/api/domains/" + segment);
        Assert.Equal([item], rig.Watched.List.Items.Select(each => each.Text));
        Answer removed = await SendAsync(rig, HttpMethod.Delete, "/api/domains/" + segment);

        Assert.Equal(HttpStatusCode.OK, removed.Status);
        Assert.Equal(0, rig.Watched.List.Count);
        Assert.Empty(await rig.Store.AddedItemsAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("*.example.com", ".example.com")]
    [InlineData("a..b.com", "a.b.com")]
    [InlineData("https:%2F%2FExample.com:443%2Fx", "write")]
    [InlineData("a.example%20b.example", "one item a line")]
    [InlineData("%23", "write")]
    [InlineData("a%01b.example", "write")]
    public async Task What_is_no_item_is_refused_with_problem_and_remedy(string segment, string remedy)
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();

        foreach (HttpMethod method in new[] { HttpMethod.Post, HttpMethod.Delete })
        {
            Answer answer = await SendAsync(rig, method, "/api/domains/" + segment);
            Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
            Assert.Contains(remedy, answer.Json.GetProperty("message").GetString(), StringComparison.Ordinal);
        }
        Assert.Equal(0, rig.Watched.List.Count);
    }

    [Fact]
    public async Task Adding_twice_changes_nothing()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        Answer first = await SendAsync(rig, HttpMethod.Post, "/api/domains/example.com");
        rig.Time.Advance(TimeSpan.FromDays(1));

        Answer second = await SendAsync(rig, HttpMethod.Post, "/api/domains/EXAMPLE.com");

        Assert.Equal(HttpStatusCode.OK, second.Status);
        Assert.Equal(first.Text, second.Text);
        Assert.Equal(1, rig.Watched.List.Count);
    }

    [Fact]
    public async Task Adding_a_public_suffix_is_warned_of_once_there_is_a_list_of_them()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        Assert.Equal(JsonValueKind.Null, (await SendAsync(rig, HttpMethod.Post, "/api/domains/.github.io")).Json.GetProperty("warning").ValueKind);
        Assert.True(PublicSuffixes.TryRead("io\ngithub.io"u8, out PublicSuffixes? suffixes, out _));
        rig.Watched.Configure(WatchList.Empty, KnownCertificates.None, suffixes);

        Answer answer = await SendAsync(rig, HttpMethod.Post, "/api/domains/.github.io");

        Assert.StartsWith("\".github.io\" is a public suffix: every certificate below it will match", answer.Json.GetProperty("warning").GetString(), StringComparison.Ordinal);
        foreach (string harmless in new[] { "github.io", ".me.github.io" })
            Assert.Equal(JsonValueKind.Null, (await SendAsync(rig, HttpMethod.Post, "/api/domains/" + harmless)).Json.GetProperty("warning").ValueKind);
    }

    [Fact]
    public async Task What_was_never_added_cannot_be_removed()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        rig.Watched.Configure(WatchLists.Of("configured.example"), KnownCertificates.None);

        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(rig, HttpMethod.Delete, "/api/domains/example.com")).Status);
        Answer configured = await SendAsync(rig, HttpMethod.Delete, "/api/domains/configured.example");

        Assert.Equal(HttpStatusCode.Conflict, configured.Status);
        Assert.Contains("configuration", configured.Json.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(1, rig.Watched.List.Count);
    }

    [Fact]
    public async Task The_list_says_of_every_item_once_where_it_comes_from()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        rig.Watched.Configure(WatchLists.Of("both.example", "configured.example"), KnownCertificates.None);
        await SendAsync(rig, HttpMethod.Post, "/api/domains/both.example");
        await SendAsync(rig, HttpMethod.Post, "/api/domains/added.example");

        Answer answer = await SendAsync(rig, HttpMethod.Get, "/api/domains");

        Assert.Equal(
            [("added.example", false, true), ("both.example", true, true), ("configured.example", true, false)],
            answer.Json.EnumerateArray().Select(domain => (
                domain.GetProperty("name").GetString(), domain.GetProperty("configured").GetBoolean(), domain.GetProperty("added").ValueKind == JsonValueKind.String)));
    }

    [Fact]
    public async Task An_item_that_is_configured_too_stays_watched_when_it_is_removed()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        rig.Watched.Configure(WatchLists.Of("both.example"), KnownCertificates.None);
        await SendAsync(rig, HttpMethod.Post, "/api/domains/both.example");

        Answer removed = await SendAsync(rig, HttpMethod.Delete, "/api/domains/both.example");

        Assert.True(removed.Json.GetProperty("configured").GetBoolean());
        Assert.Equal(["both.example"], rig.Watched.List.Items.Select(item => item.Text));
    }

    [Fact]
    public async Task Additions_at_the_same_time_are_all_in_force()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();

        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => SendAsync(rig, HttpMethod.Post, $"/api/domains/n{i}.example")));

        Assert.Equal(20, rig.Watched.List.Count);
        Assert.Equal(20, (await rig.Store.AddedItemsAsync(TestContext.Current.CancellationToken)).Count);
    }

    [Fact]
    public async Task What_the_store_holds_is_in_force_from_the_start()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.Store.AddItemAsync(new(".example.com", rig.Time.GetUtcNow()), TestContext.Current.CancellationToken);

        await rig.Services.GetRequiredService<Domains>().LoadAsync(TestContext.Current.CancellationToken);

        Assert.Equal([".example.com"], rig.Watched.List.Items.Select(item => item.Text));
    }

    [Fact]
    public async Task A_session_may_look_and_not_change()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.SignInAsync();

        Answer post = await rig.Browser.PostAsync("/api/domains/example.com");
        Answer get = await rig.Browser.GetAsync("/api/domains");

        Assert.Equal(HttpStatusCode.Forbidden, post.Status);
        Assert.Equal("forbidden", post.Json.GetProperty("code").GetString());
        Assert.Equal("[]", get.Text);
        Assert.Equal(0, rig.Watched.List.Count);
    }

    [Fact]
    public async Task Strangers_neither_look_nor_change()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, (await rig.Browser.GetAsync("/api/domains")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await rig.Browser.PostAsync("/api/domains/example.com")).Status);
        Assert.Equal(0, rig.Watched.List.Count);
    }

    private static Task<Answer> SendAsync(ConsoleRig rig, HttpMethod method, string path) => rig.Browser.SendAsync(new HttpRequestMessage(method, path)
    {
        Headers = { Authorization = new AuthenticationHeaderValue("Bearer", rig.Services.GetRequiredService<LocalKey>().Text) },
    });
}
