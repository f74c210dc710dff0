using System.Text;
using System.Text.Json;
using CertHerald.Names;

namespace CertHerald.Tests.Dialects.Meta.Graph;

/// <summary>meta.md §2.6: what an app subscribes to, in every form that clients write it.</summary>
public sealed class GraphDomainsTests
{
    [Theory]
    [InlineData("subscribed_domains")]
    [InlineData("subscribed_domains_phishing")]
    public async Task M9_a_list_is_read_however_it_is_written(string edge)
    {
        await using GraphRig rig = await GraphRig.StartAsync();
        string address = $"/{rig.Id}/{edge}";
        const string array = "[\"a.com\", \"b.com\"]", csv = "a.com, b.com";
        (string Form, string Query, HttpContent? Body)[] forms =
        [
            ("query, commas", "?subscribe=a.com,b.com", null),
            ("query, repeated", "?subscribe=a.com&subscribe=b.com", null),
            ("query, JSON array", "?subscribe=" + Uri.EscapeDataString(array), null),
            ("form, commas", "", GraphRig.FormOf(("subscribe", csv))),
            ("form, repeated", "", GraphRig.FormOf(("subscribe", "a.com"), ("subscribe", "b.com"))),
            ("form, JSON array", "", GraphRig.FormOf(("subscribe", array))),
            ("multipart, commas", "", GraphRig.MultipartOf(("subscribe", csv))),
            ("multipart, repeated", "", GraphRig.MultipartOf(("subscribe", "a.com"), ("subscribe", "b.com"))),
            ("multipart, JSON array", "", GraphRig.MultipartOf(("subscribe", array))),
            ("JSON, array", "", GraphRig.JsonOf(new { subscribe = (string[])["a.com", "b.com"] })),
            ("JSON, commas", "", GraphRig.JsonOf(new { subscribe = csv })),
            ("JSON, array in a text", "", GraphRig.JsonOf(new { subscribe = array })),
            ("JSON, repeated", "", new StringContent("""{"subscribe":"a.com","subscribe":"b.com"}""", Encoding.UTF8, "application/json")),
            ("query and body", "?subscribe=a.com", GraphRig.FormOf(("subscribe", "b.com"))),
        ];
        foreach ((string form, string query, HttpContent? body) in forms)
        {
            (int status, JsonElement answer) = await rig.PostAsync(address + query, body);
            Assert.True((status, answer.ToString()) == (200, """{"success":true}"""), $"{form}: {answer}");
            Assert.True((await rig.DomainsAsync(edge)).Order(StringComparer.Ordinal).SequenceEqual(["a.com", "b.com"]), form);
            Assert.Equal(200, (await rig.PostAsync(address + "?unsubscribe=a.com,b.com,*.c.com")).Status);
            Assert.Empty(await rig.DomainsAsync(edge));
        }
    }

    [Fact]
    public async Task The_list_is_as_documented()
    {
        await using GraphRig rig = await GraphRig.StartAsync();
        Assert.Equal("""{"data":[]}""", (await rig.GetAsync($"/{rig.Id}/subscribed_domains")).Body.ToString());
        await rig.PostAsync($"/{rig.Id}/subscribed_domains?subscribe=fb.com");
        await rig.PostAsync($"/{rig.Id}/subscribed_domains?subscribe=FaceBook.com.,fb.com,B%C3%9CCHER.com");

        JsonElement list = (await rig.GetAsync($"/{rig.Id}/subscribed_domains?fields=domain")).Body;

        Assert.Equal(["fb.com", "facebook.com", "xn--bcher-kva.com"], list.GetProperty("data").EnumerateArray().Select(domain => domain.GetProperty("domain").GetString()));
        Assert.All(list.GetProperty("data").EnumerateArray(), domain => Assert.Equal(["domain", "id"], domain.EnumerateObject().Select(member => member.Name)));
        Assert.Equal(["cursors"], list.GetProperty("paging").EnumerateObject().Select(member => member.Name));
        string after = list.GetProperty("paging").GetProperty("cursors").GetProperty("after").GetString()!;
        Assert.Equal("""{"data":[]}""", (await rig.GetAsync($"/{rig.Id}/subscribed_domains?after={after}")).Body.ToString());
        Assert.Equal(["id"], (await rig.GetAsync($"/{rig.Id}/subscribed_domains?fields=id")).Body.GetProperty("data")[0].EnumerateObject().Select(member => member.Name));
    }

    [Fact]
    public async Task A_change_is_made_whole_or_not_at_all_and_again_changes_nothing()
    {
        await using GraphRig rig = await GraphRig.StartAsync();
        string address = $"/{rig.Id}/subscribed_domains";
        await rig.PostAsync(address + "?subscribe=a.com");
        string[] before = GraphRig.IdsIn((await rig.GetAsync(address)).Body);

        GraphRig.AssertError(await rig.PostAsync(address + "?unsubscribe=a.com&subscribe=b.com,192.0.2.1"), 100);
        Assert.Equal(200, (await rig.PostAsync(address + "?subscribe=a.com")).Status);
        Assert.Equal(200, (await rig.PostAsync(address + "?unsubscribe=never.com")).Status);
        Assert.Equal(200, (await rig.PostAsync(address)).Status);
        Assert.Equal(before, GraphRig.IdsIn((await rig.GetAsync(address)).Body));

        // What is given up and subscribed to in one request is there.
        await rig.PostAsync(address + "?subscribe=a.com&unsubscribe=a.com");
        Assert.Equal(["a.com"], await rig.DomainsAsync());
    }

    [Fact]
    public async Task What_an_app_subscribes_to_is_watched_with_all_below_it_until_no_app_does()
    {
        await using GraphRig rig = await GraphRig.StartAsync();
        (string other, string token) = await rig.AddAppAsync();
        await rig.PostAsync($"/{rig.Id}/subscribed_domains?subscribe=example.com");
        await rig.PostAsync($"/{other}/subscribed_domains?subscribe=example.com,other.net&access_token={Uri.EscapeDataString(token)}");
        Assert.Equal(([".example.com", ".other.net"], true), (Items(), IsWatched("a.b.example.com")));

        await rig.PostAsync($"/{rig.Id}/subscribed_domains?unsubscribe=example.com");
        Assert.True(IsWatched("example.com"));
        await rig.Apps.RemoveAsync(long.Parse(other, System.Globalization.CultureInfo.InvariantCulture));
        Assert.Empty(Items());

        string[] Items() => [.. rig.Console.Watched.List.Items.Select(item => item.Text).Order(StringComparer.Ordinal)];
        bool IsWatched(string name) => rig.Console.Watched.List.Matches(new Identifier(IdentifierKind.Dns, name)).Count > 0;
    }

    [Fact]
    public async Task Apps_are_in_force_again_after_a_restart()
    {
        await using GraphRig rig = await GraphRig.StartAsync();
        await rig.PostAsync($"/{rig.Id}/subscribed_domains?subscribe=example.com");
        await rig.Console.Store.RemoveAppAsync(rig.App.Stored.Id, TestContext.Current.CancellationToken);
        await rig.Apps.RefreshAsync(TestContext.Current.CancellationToken);
        Assert.Equal((0, 400), (rig.Console.Watched.List.Count, (await rig.GetAsync($"/{rig.Id}/subscribed_domains")).Status));

        await rig.Console.Store.AddAppAsync(rig.App.Stored, TestContext.Current.CancellationToken);
        await rig.Console.Store.ChangeAppDomainsAsync(rig.App.Stored.Id, [], [".example.net"], 10, DateTimeOffset.UnixEpoch, TestContext.Current.CancellationToken);
        await rig.Apps.RefreshAsync(TestContext.Current.CancellationToken);
        Assert.Equal([".example.net"], rig.Console.Watched.List.Items.Select(item => item.Text));
        Assert.Equal(["example.net"], await rig.DomainsAsync());
    }

    [Fact]
    public async Task Parameters_that_cannot_be_read_are_error_100_and_of_several_the_last_counts()
    {
        await using GraphRig rig = await GraphRig.StartAsync();
        string address = $"/{rig.Id}/subscribed_domains";
        HttpContent[] bodies =
        [
            Raw("subscribe=a.com", "text/plain"), Raw("subscribe=a.com", null), Raw("{}", "application/octet-stream"), Raw("[]", "application/json"), Raw("\"a.com\"", "application/json"),
            Raw("{\"subscribe\":{\"0\":\"a.com\"}}", "application/json"), Raw("{\"subscribe\":[[\"a.com\"]]}", "application/json"), Raw("{\"subscribe\":", "application/json"),
            Raw("", "application/json"), Raw(new string('[', 10_000), "application/json"), Raw("x", "multipart/form-data"), Raw("--b\r\nContent-Disposition: form-data; name=subscribe\r\n\r\na.com", "multipart/form-data; boundary=b"),
            Raw("subscribe=[\"a.com\"", "application/x-www-form-urlencoded"), Raw("subscribe=[{}]", "application/x-www-form-urlencoded"),
            Raw(string.Join('&', Enumerable.Repeat("x=", 30_000)), "application/x-www-form-urlencoded"),
        ];
        foreach (HttpContent body in bodies)
        {
            string sent = (await body.ReadAsStringAsync(TestContext.Current.CancellationToken))[..Math.Min(60, (int)body.Headers.ContentLength!)];
            (int status, JsonElement answer) = await rig.PostAsync(address, body);
            Assert.True(status == 400, $"{sent} ({body.Headers.ContentType}): {answer}");
            GraphRig.AssertError((status, answer), 100);
        }
        Assert.Empty(await rig.DomainsAsync());

        Assert.Equal(200, (await rig.PostAsync(address + "?access_token=x&subscribe=a.com&access_token=" + Uri.EscapeDataString(rig.Token))).Status);
        GraphRig.AssertError(await rig.PostAsync(address + "?access_token=" + Uri.EscapeDataString(rig.Token) + "&access_token=x"), 190);
        Assert.Equal(200, (await rig.PostAsync(address + "?access_token=x&subscribe=b.com", GraphRig.FormOf(("access_token", rig.Token)))).Status);
        Assert.Equal(["a.com", "b.com"], await rig.DomainsAsync());

        static ByteArrayContent Raw(string text, string? type)
        {
            var content = new ByteArrayContent(Encoding.UTF8.GetBytes(text));
            if (type is not null) content.Headers.TryAddWithoutValidation("Content-Type", type);
            return content;
        }
    }

    [Theory]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("application/json")]
    [InlineData("multipart/form-data; boundary=b")]
    [InlineData("text/plain")]
    public async Task A_body_of_ten_megabytes_is_refused_in_the_same_form(string type)
    {
        await using GraphRig rig = await GraphRig.StartAsync();
        using var content = new ByteArrayContent(new byte[10 << 20]);
        content.Headers.TryAddWithoutValidation("Content-Type", type);
        try
        {
            GraphRig.AssertError(await rig.PostAsync($"/{rig.Id}/subscribed_domains", content), 100);
        }
        catch (HttpRequestException)
        {
            // The server closed while we were still sending: that is a refusal as well.
        }
        Assert.Empty(await rig.DomainsAsync());
    }
}
