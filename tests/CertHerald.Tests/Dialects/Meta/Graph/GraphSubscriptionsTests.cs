using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CertHerald.Delivering;
using CertHerald.Tests.Delivering;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Dialects.Meta.Graph;

/// <summary>meta.md §2.7: where an app is told, and the question that its receiver is asked first.</summary>
public sealed class GraphSubscriptionsTests
{
    [Fact]
    public async Task M10_a_subscription_is_made_by_the_right_echo_and_shown_as_documented()
    {
        await using Receiver receiver = Echoing();
        await using GraphRig rig = await GraphRig.StartAsync();
        Assert.Equal("""{"data":[]}""", (await rig.GetAsync($"/{rig.Id}/subscriptions")).Body.ToString());

        (int status, JsonElement made) = await SubscribeAsync(rig, receiver.Url.ToString(), "certificate", "/v21.0");

        Assert.Equal((200, """{"success":true}"""), (status, made.ToString()));
        Assert.Equal(
            $$"""{"data":[{"object":"certificate_transparency","callback_url":"{{receiver.Url}}","active":true,"fields":[{"name":"certificate","version":"v21.0"}]}]}""",
            (await rig.GetAsync($"/{rig.Id}/subscriptions")).Body.ToString());
        Assert.Contains("hub.verify_token=meaty%20ham&", receiver.Requests[0].RequestLine.Replace(" HTTP", "& HTTP", StringComparison.Ordinal), StringComparison.Ordinal);
        WebhookOptions webhook = Assert.Single(rig.Console.Webhooks.OfApps);
        Assert.Equal(("app:" + rig.Id, "meta", true, 1), (webhook.Name, webhook.Dialect, webhook.IncludeValues, webhook.MaxBatch));

        // Again, with another address and the other field: it is replaced.
        await SubscribeAsync(rig, receiver.Url + "?x=1", "phishing,certificate");
        JsonElement one = Assert.Single((await rig.GetAsync($"/{rig.Id}/subscriptions")).Body.GetProperty("data").EnumerateArray());
        Assert.Equal(receiver.Url + "?x=1", one.GetProperty("callback_url").GetString());
        Assert.Equal(["certificate v2.10", "phishing v2.10"], one.GetProperty("fields").EnumerateArray().Select(field => $"{field.GetProperty("name").GetString()} {field.GetProperty("version").GetString()}"));
        Assert.StartsWith("GET /hook?x=1&hub.mode=subscribe&", receiver.Requests[^1].RequestLine, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a wrong body", 200, "nonsense")]
    [InlineData("a redirect", 302, null)]
    [InlineData("201", 201, null)]
    [InlineData("an error", 500, null)]
    public async Task M10_anything_else_fails_and_the_old_subscription_stays(string what, int answer, string? body)
    {
        await using Receiver receiver = Echoing();
        await using GraphRig rig = await GraphRig.StartAsync();
        await SubscribeAsync(rig, receiver.Url.ToString());
        string before = (await rig.GetAsync($"/{rig.Id}/subscriptions")).Body.ToString();
        WebhookHandshakeTests.Challenged(receiver, challenge => Receiver.Answer(answer, body ?? challenge));

        string said = GraphRig.AssertError(await SubscribeAsync(rig, receiver.Url + "?new"), 2200);

        Assert.StartsWith("(#2200) Callback verification failed: ", said, StringComparison.Ordinal);
        Assert.True(before == (await rig.GetAsync($"/{rig.Id}/subscriptions")).Body.ToString(), what);
    }

    [Fact]
    public async Task M10_a_receiver_that_does_not_answer_and_an_address_that_may_not_be_reached_fail()
    {
        await using Receiver receiver = Echoing();
        await using GraphRig rig = await GraphRig.StartAsync();
        receiver.Default = Receiver.Hang();
        Task<(int Status, JsonElement Body)> asking = SubscribeAsync(rig, receiver.Url.ToString());
        await receiver.NextAsync();
        rig.Console.Time.Advance(TimeSpan.FromSeconds(15));
        Assert.Contains("15 s", GraphRig.AssertError(await asking, 2200), StringComparison.Ordinal);

        // Without TLS, and within.
        foreach (string url in (string[])["http://192.0.2.1/hook", "https://10.0.0.1/hook", "https://[::1]/hook"]) GraphRig.AssertError(await SubscribeAsync(rig, url), 2200);
        Assert.Empty(rig.Console.Webhooks.OfApps);
    }

    [Fact]
    public async Task What_is_missing_or_wrong_is_error_100_and_nobody_is_asked()
    {
        await using GraphRig rig = await GraphRig.StartAsync();
        foreach (string form in (string[])
        [
            "object=page&callback_url=https://h.example/&fields=certificate", "callback_url=https://h.example/&fields=certificate",
            "object=certificate_transparency&fields=certificate", "object=certificate_transparency&callback_url=ftp://h.example/&fields=certificate",
            "object=certificate_transparency&callback_url=nonsense&fields=certificate",
            "object=certificate_transparency&callback_url=https://h.example/",
            "object=certificate_transparency&callback_url=https://h.example/&fields=feed",
            "object=certificate_transparency&callback_url=https://h.example/&fields=certificate,feed",
            "object=certificate_transparency&callback_url=https://h.example/&fields=certificate&include_values=perhaps",
        ])
        {
            GraphRig.AssertError(await rig.PostAsync($"/{rig.Id}/subscriptions", new StringContent(form, Encoding.UTF8, "application/x-www-form-urlencoded")), 100);
            Assert.Equal("""{"data":[]}""", (await rig.GetAsync($"/{rig.Id}/subscriptions")).Body.ToString());
        }
    }

    [Fact]
    public async Task M12_values_are_included_unless_it_says_no_also_in_the_JSON_that_n8n_sends()
    {
        await using Receiver receiver = Echoing();
        await using GraphRig rig = await GraphRig.StartAsync();
        foreach ((object? given, bool expected) in ((object?, bool)[])[(null, true), (false, false), (true, true), ("false", false), (0, false)])
        {
            var body = new Dictionary<string, object?> { ["object"] = "certificate_transparency", ["callback_url"] = receiver.Url.ToString(), ["fields"] = (string[])["certificate"], ["verify_token"] = "t" };
            if (given is not null) body.Add("include_values", given);
            Assert.Equal(200, (await rig.PostAsync($"/v8.0/{rig.Id}/subscriptions", GraphRig.JsonOf(body))).Status);
            Assert.Equal(expected, Assert.Single(rig.Console.Webhooks.OfApps).IncludeValues);
        }
    }

    [Fact]
    public async Task A_subscription_is_removed_by_field_or_whole_and_again_changes_nothing()
    {
        await using Receiver receiver = Echoing();
        await using GraphRig rig = await GraphRig.StartAsync();
        string address = $"/{rig.Id}/subscriptions";
        await SubscribeAsync(rig, receiver.Url.ToString(), "certificate,phishing");

        GraphRig.AssertError(await rig.DeleteAsync(address + "?object=page"), 100);
        Assert.Equal("""{"success":true}""", (await rig.DeleteAsync(address + "?object=certificate_transparency&fields=phishing")).Body.ToString());
        Assert.Equal(["certificate"], Assert.Single(rig.Console.Webhooks.OfApps).Events);
        for (int i = 0; i < 2; i++) Assert.Equal("""{"success":true}""", (await rig.DeleteAsync(address)).Body.ToString());
        Assert.Empty(rig.Console.Webhooks.OfApps);
    }

    [Theory]
    [InlineData("certificate")]
    [InlineData("phishing")]
    public async Task A_sample_is_sent_signed_with_the_apps_secret(string field)
    {
        await using Receiver receiver = Echoing();
        await using GraphRig rig = await GraphRig.StartAsync();
        await SubscribeAsync(rig, receiver.Url.ToString());
        receiver.Default = Receiver.Answer(200);

        (int status, JsonElement answer) = await rig.PostAsync($"/{rig.Id}/subscriptions_sample", GraphRig.FormOf(("object", "certificate_transparency"), ("field", field)));

        Assert.Equal((200, """{"success":true}"""), (status, answer.ToString()));
        Received sent = receiver.Requests[^1];
        Assert.Equal(field, JsonElement.Parse(sent.Body).GetProperty("entry")[0].GetProperty("changes")[0].GetProperty("field").GetString());
        Assert.Equal("sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(rig.Secret), sent.Body)), sent.Headers["X-Hub-Signature-256"].Single());
        GraphRig.AssertError(await rig.PostAsync($"/{rig.Id}/subscriptions_sample?field={field}"), 4);
        rig.Console.Time.Advance(TimeSpan.FromSeconds(10));
        receiver.Default = Receiver.Answer(500);
        Assert.Equal("""{"success":false}""", (await rig.PostAsync($"/{rig.Id}/subscriptions_sample?field={field}")).Body.ToString());
        GraphRig.AssertError(await rig.PostAsync($"/{rig.Id}/subscriptions_sample?field=feed"), 100);
    }

    [Theory]
    [InlineData("certificate")]
    [InlineData("phishing")]
    public async Task A_sample_is_as_short_as_what_the_subscription_is_sent(string field)
    {
        await using Receiver receiver = Echoing();
        await using GraphRig rig = await GraphRig.StartAsync();
        await rig.PostAsync($"/{rig.Id}/subscriptions", GraphRig.FormOf(
            ("object", "certificate_transparency"), ("callback_url", receiver.Url.ToString()), ("fields", "certificate,phishing"), ("verify_token", "t"), ("include_values", "false")));
        receiver.Default = Receiver.Answer(200);

        await rig.PostAsync($"/{rig.Id}/subscriptions_sample", GraphRig.FormOf(("field", field)));

        JsonElement entry = JsonElement.Parse(receiver.Requests[^1].Body).GetProperty("entry")[0];
        Assert.Equal(["id", "changed_fields", "time"], entry.EnumerateObject().Select(member => member.Name));
        Assert.Equal(field, Assert.Single(entry.GetProperty("changed_fields").EnumerateArray()).GetString());
    }

    [Fact]
    public async Task A_change_undoes_nothing_that_another_node_has_changed_meanwhile()
    {
        await using Receiver receiver = Echoing();
        await using GraphRig rig = await GraphRig.StartAsync();
        await SubscribeAsync(rig, receiver.Url.ToString(), "certificate,phishing");
        CertHerald.Storage.StoredApp known = Assert.Single(await rig.Console.Store.AppsAsync(TestContext.Current.CancellationToken));
        Assert.True(await rig.Console.Store.ReplaceAppAsync(known with { Secrets = [new("rotated-elsewhere-0", null), .. known.Secrets.Select(old => old with { Until = rig.Console.Time.GetUtcNow().AddHours(1) })] }, TestContext.Current.CancellationToken));

        await rig.DeleteAsync($"/{rig.Id}/subscriptions?fields=phishing");
        CertHerald.Storage.StoredApp now = Assert.Single(await rig.Console.Store.AppsAsync(TestContext.Current.CancellationToken));
        Assert.Equal((2, "rotated-elsewhere-0", 1), (now.Secrets.Count, now.Secrets[0].Text, now.Subscription!.Events.Count));
        // The rule is applied to what is there, and not to what was.
        Assert.Contains("An old secret is valid until", (await rig.Apps.RotateAsync(rig.App.Stored.Id, null, null)).Problem, StringComparison.Ordinal);

        await rig.Console.Store.ReplaceAppAsync(now with { Options = new() { MaxBatch = 5 } }, TestContext.Current.CancellationToken);
        Assert.Equal(200, (await rig.GetAsync($"/{rig.Id}/subscriptions")).Status);
        Assert.True((await rig.Apps.SetAsync(rig.App.Stored.Id, options => options with { AcceptAny2xx = true })).App!.Webhook is { MaxBatch: 5, AcceptAny2xx: true });
    }

    [Fact]
    public async Task An_apps_webhook_is_listed_with_the_others_and_changed_by_the_app_alone()
    {
        await using Receiver receiver = Echoing();
        await using GraphRig rig = await GraphRig.StartAsync();
        await SubscribeAsync(rig, $"http://user:canary@127.0.0.1:{receiver.Port}/canary");

        CertHerald.Tests.WebConsole.Answer list = await rig.Console.AskAsync(HttpMethod.Get, "/api/webhooks");
        JsonElement mine = list.Json.EnumerateArray().Single(webhook => webhook.GetProperty("name").GetString() == $"app:{rig.Id}");
        Assert.Equal(rig.Id, mine.GetProperty("app").GetString());
        Assert.DoesNotContain("canary", list.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(rig.Secret, list.Text, StringComparison.Ordinal);
        Assert.Equal(System.Net.HttpStatusCode.Conflict, (await rig.Console.AskAsync(HttpMethod.Delete, $"/api/webhooks/app:{rig.Id}")).Status);
        Assert.Equal(System.Net.HttpStatusCode.OK, (await rig.Console.AskAsync(HttpMethod.Post, $"/api/webhooks/app:{rig.Id}/hold")).Status);
        Assert.Equal(System.Net.HttpStatusCode.BadRequest, (await rig.Console.AskAsync(HttpMethod.Post, "/api/webhooks", new { name = $"app:{rig.Id}", url = "https://h.example/" })).Status);
    }

    private static Task<(int Status, JsonElement Body)> SubscribeAsync(GraphRig rig, string url, string fields = "certificate", string version = "") => rig.PostAsync(
        $"{version}/{rig.Id}/subscriptions", GraphRig.FormOf(("object", "certificate_transparency"), ("callback_url", url), ("fields", fields), ("verify_token", "meaty ham")));

    private static Receiver Echoing()
    {
        Receiver receiver = Receiver.Start();
        WebhookHandshakeTests.Challenged(receiver, challenge => Receiver.Answer(200, challenge));
        return receiver;
    }
}
