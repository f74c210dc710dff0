using System.Net;
using System.Text.Json;
using CertHerald.Api;
using CertHerald.Tests.WebConsole;

namespace CertHerald.Tests.Dialects.Meta.Graph;

/// <summary>meta.md §2.1, §2.2, §2.8: addresses, tokens, errors.</summary>
public sealed class GraphApiTests
{
    [Theory]
    [InlineData("")]
    [InlineData("/v6.0")]
    [InlineData("/v21.0")]
    public async Task M1_every_path_answers_with_any_version_before_it_or_none(string version)
    {
        await using GraphRig rig = await GraphRig.StartAsync();
        long id = await rig.StoreAsync("www.example.com");
        await rig.PostAsync($"{version}/{rig.Id}/subscribed_domains?subscribe=example.com");

        string page = (await rig.GetAsync($"{version}/certificates?query=example.com")).Body.GetProperty("data")[0].GetProperty("id").GetString()!;
        Assert.Equal(GraphRig.Text(id), page);
        Assert.Equal(page, (await rig.GetAsync($"{version}/{id}")).Body.GetProperty("id").GetString());
        Assert.Equal("bearer", (await rig.SendAsync(HttpMethod.Get, $"{version}/oauth/access_token?client_id={rig.Id}&client_secret={rig.Secret}&grant_type=client_credentials")).Body.GetProperty("token_type").GetString());
        foreach (string edge in (string[])["subscribed_domains", "subscribed_domains_phishing", "subscriptions"])
        {
            (int status, JsonElement body) = await rig.GetAsync($"{version}/{rig.Id}/{edge}");
            Assert.Equal((200, JsonValueKind.Array), (status, body.GetProperty("data").ValueKind));
        }
        GraphRig.AssertError(await rig.PostAsync($"{version}/{rig.Id}/subscriptions_sample?object=certificate_transparency&field=certificate"), 100);
    }

    [Fact]
    public async Task M2_a_token_opens_in_every_form_and_a_bad_one_is_error_190()
    {
        // Characters that addresses, forms and headers treat differently.
        await using GraphRig rig = await GraphRig.StartAsync(secret: "a+b/c=d|e%7Cf~g!*'(h)&i#");
        await rig.StoreAsync("example.com");
        string issued = (await rig.SendAsync(HttpMethod.Get, $"/oauth/access_token?client_id={rig.Id}&client_secret={Uri.EscapeDataString(rig.Secret)}&grant_type=client_credentials")).Body.GetProperty("access_token").GetString()!;
        string page = $"/v8.0/{rig.Id}/subscribed_domains";
        Assert.NotEqual(rig.Token, issued);

        (int Status, JsonElement Body)[] answers =
        [
            await rig.SendAsync(HttpMethod.Post, page + "?access_token=" + Uri.EscapeDataString(rig.Token)),
            await rig.SendAsync(HttpMethod.Post, page + $"?access_token={issued}"),
            await rig.SendAsync(HttpMethod.Post, page + "?access_token=" + Uri.EscapeDataString(issued)),
            await rig.SendAsync(HttpMethod.Post, page, bearer: rig.Token),
            await rig.SendAsync(HttpMethod.Post, page, bearer: issued),
            await rig.SendAsync(HttpMethod.Post, page, GraphRig.FormOf(("access_token", rig.Token))),
            await rig.SendAsync(HttpMethod.Post, page, GraphRig.MultipartOf(("access_token", issued))),
            await rig.SendAsync(HttpMethod.Post, page, GraphRig.JsonOf(new { access_token = rig.Token })),
        ];
        Assert.All(answers, answer => Assert.Equal((200, """{"success":true}"""), (answer.Status, answer.Body.ToString())));

        Assert.Contains("access token is required", GraphRig.AssertError(await rig.SendAsync(HttpMethod.Get, page), 190), StringComparison.Ordinal);
        foreach (string bad in (string[])[$"{rig.Id}|wrong", $"{rig.Id}|", $"0{rig.Token}", $"+{rig.Token}", $" {rig.Token} ", $"1|{rig.Secret}", rig.Secret])
            Assert.Equal("Invalid OAuth access token.", GraphRig.AssertError(await rig.SendAsync(HttpMethod.Get, page + "?access_token=" + Uri.EscapeDataString(bad)), 190));
    }

    [Fact]
    public async Task M2_a_token_is_taken_with_a_bare_bar_and_a_bare_plus_as_old_clients_write_it()
    {
        await using GraphRig rig = await GraphRig.StartAsync(secret: "0123456789+abcdef");
        using HttpResponseMessage answer = await rig.AnswerAsync(HttpMethod.Get, $"/{rig.Id}/subscriptions?access_token={rig.Id}|0123456789+abcdef");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(200, (await rig.SendAsync(HttpMethod.Get, $"/{rig.Id}/subscriptions", bearer: $"{rig.Id}%7C0123456789%2Babcdef")).Status);
    }

    [Fact]
    public async Task M3_a_token_is_issued_for_the_right_secret_only()
    {
        await using GraphRig rig = await GraphRig.StartAsync();
        (int status, JsonElement body) = await rig.SendAsync(HttpMethod.Get, $"/oauth/access_token?client_id={rig.Id}&client_secret={rig.Secret}&grant_type=client_credentials");
        Assert.Equal(200, status);
        Assert.StartsWith(rig.Id + "|", body.GetProperty("access_token").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain(rig.Secret, body.ToString(), StringComparison.Ordinal);
        Assert.Equal(200, (await rig.SendAsync(HttpMethod.Post, "/oauth/access_token", GraphRig.FormOf(("client_id", rig.Id), ("client_secret", rig.Secret)))).Status);

        foreach (string wrong in (string[])[$"client_id={rig.Id}&client_secret=0123456789abcdef", $"client_id=12&client_secret={rig.Secret}", $"client_id=x&client_secret={rig.Secret}"])
            Assert.Equal("Error validating client secret.", GraphRig.AssertError(await rig.SendAsync(HttpMethod.Get, "/oauth/access_token?" + wrong), 190));
        GraphRig.AssertError(await rig.SendAsync(HttpMethod.Get, $"/oauth/access_token?client_id={rig.Id}"), 100);
        GraphRig.AssertError(await rig.SendAsync(HttpMethod.Get, $"/oauth/access_token?client_id={rig.Id}&client_secret={rig.Secret}&grant_type=password"), 100);
    }

    [Fact]
    public async Task Two_secrets_are_valid_during_a_change_and_tokens_end_with_theirs()
    {
        await using GraphRig rig = await GraphRig.StartAsync();
        string issued = await IssueAsync(rig.Secret);
        App rotated = (await rig.Apps.RotateAsync(rig.App.Stored.Id, overlapHours: 2, secret: null)).App!;
        string latest = rotated.Stored.Secrets[0].Text;

        foreach (string token in (string[])[rig.Token, issued, $"{rig.Id}|{latest}", await IssueAsync(latest)]) Assert.Equal(200, await StatusAsync(token));
        Assert.Contains("An old secret is valid until", (await rig.Apps.RotateAsync(rig.App.Stored.Id, 2, null)).Problem, StringComparison.Ordinal);
        rig.Console.Time.Advance(TimeSpan.FromHours(2));
        foreach (string token in (string[])[rig.Token, issued]) Assert.Equal(400, await StatusAsync(token));
        Assert.Equal(200, await StatusAsync($"{rig.Id}|{latest}"));

        await rig.Apps.RotateAsync(rig.App.Stored.Id, overlapHours: 0, secret: null);
        Assert.Equal(400, await StatusAsync($"{rig.Id}|{latest}"));

        async Task<int> StatusAsync(string token) => (await rig.SendAsync(HttpMethod.Get, $"/{rig.Id}/subscriptions?access_token={Uri.EscapeDataString(token)}")).Status;
        async Task<string> IssueAsync(string secret) =>
            (await rig.SendAsync(HttpMethod.Get, $"/oauth/access_token?client_id={rig.Id}&client_secret={secret}&grant_type=client_credentials")).Body.GetProperty("access_token").GetString()!;
    }

    [Fact]
    public async Task M4_ids_are_texts_and_success_is_a_truth_value()
    {
        await using GraphRig rig = await GraphRig.StartAsync();
        await rig.StoreAsync("www.example.com");
        Assert.Equal(JsonValueKind.True, (await rig.PostAsync($"/{rig.Id}/subscribed_domains?subscribe=example.com")).Body.GetProperty("success").ValueKind);
        JsonElement certificate = (await rig.GetAsync("/certificates?query=example.com")).Body.GetProperty("data")[0], domain = (await rig.GetAsync($"/{rig.Id}/subscribed_domains")).Body.GetProperty("data")[0];
        Assert.All([certificate, domain], item => Assert.Matches("^[1-9][0-9]*$", item.GetProperty("id").GetString()));
    }

    [Fact]
    public async Task M21_one_app_cannot_read_or_change_another()
    {
        await using GraphRig rig = await GraphRig.StartAsync();
        (string other, string token) = await rig.AddAppAsync();
        await rig.PostAsync($"/{other}/subscribed_domains?subscribe=theirs.com&access_token={Uri.EscapeDataString(token)}");

        foreach (string edge in (string[])["subscribed_domains", "subscribed_domains_phishing", "subscriptions"])
        {
            string said = GraphRig.AssertError(await rig.GetAsync($"/{other}/{edge}"), 100, 33, type: "GraphMethodException");
            Assert.Equal($"Unsupported get request. Object with ID '{other}' does not exist, cannot be loaded due to missing permissions, or does not support this operation.", said);
            // Word for word as for an app that there is not.
            Assert.Equal(said.Replace(other, "42", StringComparison.Ordinal), GraphRig.AssertError(await rig.GetAsync($"/42/{edge}"), 100, 33, type: "GraphMethodException"));
            GraphRig.AssertError(await rig.PostAsync($"/{other}/{edge}", GraphRig.FormOf(("subscribe", "mine.com"), ("unsubscribe", "theirs.com"))), 100, 33, type: "GraphMethodException");
            GraphRig.AssertError(await rig.DeleteAsync($"/{other}/{edge}"), 100, 33, type: "GraphMethodException");
        }
        GraphRig.AssertError(await rig.PostAsync($"/{other}/subscriptions_sample"), 100, 33, type: "GraphMethodException");
        GraphRig.AssertError(await rig.GetAsync($"/{other}"), 100, 33, type: "GraphMethodException");
        // What another watches is not told by what is asked for, either.
        GraphRig.AssertError(await rig.GetAsync("/certificates?query=www.theirs.com"), 100);
        Assert.Empty(await rig.DomainsAsync());
        JsonElement theirs = (await rig.GetAsync($"/{other}/subscribed_domains?access_token={Uri.EscapeDataString(token)}")).Body;
        Assert.Equal("theirs.com", Assert.Single(theirs.GetProperty("data").EnumerateArray()).GetProperty("domain").GetString());
        Assert.Equal("""{"data":[]}""", (await rig.GetAsync($"/certificates?query=www.theirs.com&access_token={Uri.EscapeDataString(token)}")).Body.ToString());
    }

    [Fact]
    public async Task An_app_has_one_number_in_one_form()
    {
        await using GraphRig rig = await GraphRig.StartAsync();
        foreach (string form in (string[])
        [
            "+{0}", "-{0}", "0{0}", "{0}.0", "{0}%20", "99999999999999999999999999", "x", "me",
        ])
        {
            string id = string.Format(System.Globalization.CultureInfo.InvariantCulture, form, rig.Id);
            GraphRig.AssertError(await rig.GetAsync($"/{id}/subscribed_domains"), 100, 33, type: "GraphMethodException");
            GraphRig.AssertError(await rig.GetAsync($"/v8.0/{id}/subscriptions"), 100, 33, type: "GraphMethodException");
            GraphRig.AssertError(await rig.GetAsync($"/v8.0/{id}"), 100, 33, type: "GraphMethodException");
        }
    }

    [Fact]
    public async Task What_there_is_not_is_answered_in_the_same_form_and_our_own_addresses_stay_ours()
    {
        await using GraphRig rig = await GraphRig.StartAsync();
        foreach (string address in (string[])["/v8.0/x", "/v8.0/", "/v8.0/a/b/c", "/123456", $"/v8.0/{rig.Id}/friends", $"/{rig.Id}/friends", $"/{rig.Id}/a/b"])
            GraphRig.AssertError(await rig.GetAsync(address), 100, 33, type: "GraphMethodException");
        GraphRig.AssertError(await rig.SendAsync(HttpMethod.Get, "/v8.0/x"), 190);
        foreach (HttpMethod method in (HttpMethod[])[HttpMethod.Put, HttpMethod.Patch, HttpMethod.Options])
            GraphRig.AssertError(await rig.SendAsync(method, rig.Signed($"/{rig.Id}/subscriptions")), 100, 33, type: "GraphMethodException");
        GraphRig.AssertError(await rig.DeleteAsync($"/{rig.Id}/subscribed_domains"), 100, 33, type: "GraphMethodException");

        foreach (string ours in (string[])["/x", "/api/subscriptions", "/console/subscriptions", "/v8/certificates"])
        {
            using HttpResponseMessage answer = await rig.AnswerAsync(HttpMethod.Get, rig.Signed(ours));
            Assert.DoesNotContain("fbtrace_id", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }
        using HttpResponseMessage healthy = await rig.AnswerAsync(HttpMethod.Get, "/healthz");
        Assert.Equal(HttpStatusCode.OK, healthy.StatusCode);
        using HttpResponseMessage api = await rig.AnswerAsync(HttpMethod.Get, "/api/apps", bearer: rig.Token);
        Assert.Equal(HttpStatusCode.Unauthorized, api.StatusCode);
    }

    [Theory]
    [InlineData("application/json", "{\"a\":\"\\ud800\"}")]
    [InlineData("application/json", "{\"\\ud800\":1}")]
    [InlineData("application/json", "{\"a\":[\"\\ud800\"]}")]
    [InlineData("application/json", "{\"subscribe\":\"[\\\"\\\\ud800\\\"]\"}")]
    [InlineData("application/x-www-form-urlencoded", "subscribe=[\"\\ud800\"]")]
    [InlineData("multipart/form-data; boundary=x", "--x\r\nnonsense")]
    public async Task What_cannot_be_read_is_error_100_and_no_fault_of_ours(string type, string body)
    {
        await using GraphRig rig = await GraphRig.StartAsync();
        using var content = new StringContent(body);
        content.Headers.ContentType = System.Net.Http.Headers.MediaTypeHeaderValue.Parse(type);
        GraphRig.AssertError(await rig.PostAsync($"/{rig.Id}/subscribed_domains", content), 100);
    }

    [Fact]
    public async Task A_body_in_pieces_that_are_none_is_error_100()
    {
        await using GraphRig rig = await GraphRig.StartAsync();
        using var client = new System.Net.Sockets.TcpClient();
        await client.ConnectAsync(rig.Console.Address.Host, rig.Console.Address.Port, TestContext.Current.CancellationToken);
        await client.GetStream().WriteAsync(
            "POST /certificates HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        string answer = await new StreamReader(client.GetStream()).ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.StartsWith("HTTP/1.1 400", answer, StringComparison.Ordinal);
        Assert.Contains("\"code\":100,", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_list_is_cut_short_while_it_is_taken_apart()
    {
        await using GraphRig rig = await GraphRig.StartAsync();
        string most = string.Concat(Enumerable.Repeat("a.com,", 10_000));
        Assert.Equal(200, (await rig.PostAsync($"/{rig.Id}/subscribed_domains", GraphRig.JsonOf(new { unsubscribe = most }))).Status);
        foreach (object list in (object[])[most + "b.com", Enumerable.Repeat("a.com", 10_001), Enumerable.Repeat("", 20_001)])
            Assert.Contains("more than", GraphRig.AssertError(await rig.PostAsync($"/{rig.Id}/subscribed_domains", GraphRig.JsonOf(new { unsubscribe = list })), 100), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_asks_too_much_is_told_to_wait_and_others_are_not()
    {
        await using GraphRig rig = await GraphRig.StartAsync();
        (string other, string token) = await rig.AddAppAsync();
        var limits = (CertHerald.Dialects.Meta.Graph.GraphLimits)rig.Console.Services.GetService(typeof(CertHerald.Dialects.Meta.Graph.GraphLimits))!;
        for (int i = 0; i < 5_000; i++) Assert.Null(limits.Take(rig.App.Stored.Id));

        using HttpResponseMessage answer = await rig.AnswerAsync(HttpMethod.Get, rig.Signed($"/{rig.Id}/subscriptions"));
        JsonElement body = JsonElement.Parse(await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        Assert.Equal("(#4) Application request limit reached", GraphRig.AssertError(((int)answer.StatusCode, body), 4));
        Assert.True(body.GetProperty("error").GetProperty("is_transient").GetBoolean());
        Assert.Equal(TimeSpan.FromSeconds(1), answer.Headers.RetryAfter!.Delta);
        Assert.Equal(200, (await rig.GetAsync($"/{other}/subscriptions?access_token={Uri.EscapeDataString(token)}")).Status);
        rig.Console.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(200, (await rig.GetAsync($"/{rig.Id}/subscriptions")).Status);
    }

    [Fact]
    public async Task Whoever_guesses_tokens_is_slowed_down_and_who_shares_the_address_is_not()
    {
        await using GraphRig rig = await GraphRig.StartAsync();
        for (int i = 0; i < 10; i++) GraphRig.AssertError(await rig.GetAsync($"/certificates?query=a.com&access_token={rig.Id}|{i}"), 190);
        GraphRig.AssertError(await rig.GetAsync($"/certificates?query=a.com&access_token={rig.Id}|x"), 4);
        GraphRig.AssertError(await rig.SendAsync(HttpMethod.Get, $"/oauth/access_token?client_id={rig.Id}&client_secret=x"), 4);
        Assert.Equal(200, (await rig.GetAsync($"/{rig.Id}/subscriptions")).Status);
    }

    [Fact]
    public async Task Changes_are_in_the_audit_trail_under_the_app_and_without_its_token()
    {
        await using GraphRig rig = await GraphRig.StartAsync();
        await rig.PostAsync($"/v8.0/{rig.Id}/subscribed_domains?subscribe=example.com");
        await rig.PostAsync($"/{rig.Id}/subscribed_domains?subscribe=x..y");
        await rig.PostAsync($"/{rig.Id}/subscribed_domains?subscribe=b.com&access_token={rig.Id}|no");

        string[] lines = [.. (await rig.Console.Store.AuditAsync(null, 10, TestContext.Current.CancellationToken)).Select(line => $"{line.Who} {line.Method} {line.Resource} {line.Outcome}")];

        Assert.Equal([$"app {rig.Id} POST /{rig.Id}/subscribed_domains refused 400", $"app {rig.Id} POST /v8.0/{rig.Id}/subscribed_domains done"], lines);
        Assert.Equal(["example.com"], await rig.DomainsAsync());
        Answer trail = await rig.Console.AskAsync(HttpMethod.Get, "/api/audit");
        Assert.DoesNotContain(rig.Secret, trail.Text, StringComparison.Ordinal);
    }
}
