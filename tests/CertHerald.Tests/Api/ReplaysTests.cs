using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using CertHerald.Access;
using CertHerald.Cli;
using CertHerald.Delivering;
using CertHerald.Storage;
using CertHerald.Tests.Delivering;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Storage;
using CertHerald.Tests.WebConsole;
using Microsoft.Extensions.DependencyInjection;

namespace CertHerald.Tests.Api;

/// <summary>Replay, cancel, hold, resume and test, as programs and people ask for them.</summary>
public sealed class ReplaysTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task E9_Rule_7_1_Rule_7_2_a_dry_run_counts_and_the_replay_sends_again_at_half_the_rate()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        rig.Webhooks.Configure([Given.Webhook(new Uri("http://127.0.0.1:9/"), "siem") with { Rate = 4 }]);
        for (int i = 0; i < 5; i++) await rig.CommitAsync(SomeFacts.Of($"{i}.example.com"), webhooks: "siem");
        await EndAsync(rig, DeliveryState.Dead, 5);

        JsonElement dry = (await SendAsync(rig, "/api/deliveries/replay", """{"state":"dead","dry_run":true}""")).Json;
        Assert.Equal((5, 0), (dry.GetProperty("count").GetInt32(), dry.GetProperty("replayed").GetInt32()));
        Assert.Equal(rig.Time.GetUtcNow(), dry.GetProperty("first").GetDateTimeOffset());
        Assert.Equal(5, (await rig.Store.CountDeliveriesAsync(Cancellation)).Dead);

        Assert.Equal(5, (await SendAsync(rig, "/api/deliveries/replay", """{"state":"dead"}""")).Json.GetProperty("replayed").GetInt32());
        IReadOnlyList<StoredDelivery> all = await rig.Store.DeliveriesAsync(new DeliveryFilter(), Cancellation);
        Assert.Equal([0, 0, 1, 1, 2], all.OrderBy(one => one.Id).Select(one => (one.Due - rig.Time.GetUtcNow()).TotalSeconds));
    }

    [Theory]
    [InlineData("{}", "Say what")]
    [InlineData("""{"state":"done"}""", "dead, held or undelivered")]
    [InlineData("""{"state":"1"}""", "dead, held or undelivered")]
    [InlineData("""{"ids":["x"]}""", "decimal digits")]
    [InlineData("""{"from":"soon"}""", "no JSON object")]
    [InlineData("null", "null")]
    [InlineData("""{"state":"dead,held"}""", "dead, held or undelivered")]
    [InlineData("""{"state":"Dead"}""", "dead, held or undelivered")]
    [InlineData("""{"state":"dead","dryRun":true}""", "dry_run")]
    public async Task What_says_not_what_to_replay_is_refused(string body, string reason)
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        (HttpStatusCode status, JsonElement json) = await SendAsync(rig, "/api/deliveries/replay", body);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(reason, json.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_is_replayed_or_called_off_by_its_id()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.CommitAsync(SomeFacts.Of("a.example.com"), webhooks: "siem");
        Assert.Equal("cancelled", (await SendAsync(rig, "/api/deliveries/1/cancel")).Json.GetProperty("state").GetString());
        Assert.Equal(HttpStatusCode.Conflict, (await SendAsync(rig, "/api/deliveries/1/cancel")).Status);
        Assert.Equal(1, (await SendAsync(rig, "/api/deliveries/1/replay")).Json.GetProperty("replayed").GetInt32());
        Assert.Equal(1, (await SendAsync(rig, "/api/deliveries/1/replay")).Json.GetProperty("hastened").GetInt32());
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(rig, "/api/deliveries/7/replay")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(rig, "/api/deliveries/7/cancel")).Status);
        await EndAsync(rig, DeliveryState.Done, 1);
        string key = (await rig.Store.DeliveriesAsync(new DeliveryFilter(), Cancellation))[0].Key;
        await SendAsync(rig, "/api/deliveries/1/replay?as_new=true");
        Assert.NotEqual(key, (await rig.Store.DeliveriesAsync(new DeliveryFilter(), Cancellation))[0].Key);
    }

    [Fact]
    public async Task A_session_alone_may_not_replay_by_API_and_the_console_needs_its_forms_token()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.CommitAsync(SomeFacts.Of("a.example.com"), webhooks: "siem");
        await EndAsync(rig, DeliveryState.Dead, 1);
        await rig.SignInAsync();

        Assert.Equal(HttpStatusCode.Forbidden, (await rig.Browser.PostAsync("/api/deliveries/1/replay")).Status);
        await rig.Browser.PostAsync("/console/deliveries/1/replay");
        Assert.Equal(1, (await rig.Store.CountDeliveriesAsync(Cancellation)).Dead);

        string page = await rig.PageAsync("/console/deliveries/1");
        Assert.Contains("Send again", page, StringComparison.Ordinal);
        WebConsole.Answer answer = await rig.Browser.PostAsync("/console/deliveries/1/replay", ("form_token", ConsoleRig.FormToken(page)));
        Assert.Equal(HttpStatusCode.SeeOther, answer.Status);
        Assert.Equal(0, (await rig.Store.CountDeliveriesAsync(Cancellation)).Dead);
    }

    [Fact]
    public async Task The_command_line_keeps_the_reason_of_a_hold_and_says_what_is_not_there()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        rig.Webhooks.Configure([Given.Webhook(new Uri("http://127.0.0.1:9/"), "siem")]);
        var service = new LocalAccess(rig.Address, rig.Services.GetRequiredService<LocalKey>().Text);

        JsonElement held = await service.SendAsync(HttpMethod.Post, "/api/webhooks/siem/hold", Cancellation, new { reason = "moves on Tuesday" });
        Assert.Equal("moves on Tuesday", held.GetProperty("reason").GetString());
        CommandFailedException refused = await Assert.ThrowsAsync<CommandFailedException>(() => service.PostAsync("/api/webhooks/a/b/c", Cancellation));
        Assert.Contains("no such thing", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api/api-keys")]
    [InlineData("/api/back-fills")]
    [InlineData("/api/deliveries/replay")]
    [InlineData("/api/secrets/rekey")]
    [InlineData("/api/webhooks")]
    [InlineData("/api/webhooks/configured/hold")]
    [InlineData("/api/webhooks/configured/rotate-secret")]
    public async Task No_body_may_hold_a_member_that_is_not_known(string path)
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        (HttpStatusCode status, JsonElement json) = await SendAsync(rig, path, """{"canary":true}""");

        Assert.Equal((HttpStatusCode.BadRequest, "bad_request"), (status, json.GetProperty("code").GetString()));
        Assert.Contains("no JSON object", json.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_is_too_large_is_refused_as_such()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/deliveries/replay") { Content = new ByteArrayContent(new byte[(1 << 20) + 1]) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", rig.Services.GetRequiredService<LocalKey>().Text);
        // The answer comes before the body is sent.
        request.Headers.ExpectContinue = true;
        WebConsole.Answer answer = await rig.Browser.SendAsync(request);

        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "bad_request"), (answer.Status, answer.Json.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task A_webhook_is_put_on_hold_and_resumed()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        rig.Webhooks.Configure([Given.Webhook(new Uri("http://127.0.0.1:9/"), "siem")]);
        await rig.CommitAsync(SomeFacts.Of("a.example.com"), webhooks: "siem");

        JsonElement held = (await SendAsync(rig, "/api/webhooks/siem/hold", """{"reason":"moving house"}""")).Json;
        Assert.Equal(("off", "moving house"), (held.GetProperty("status").GetString(), held.GetProperty("reason").GetString()));
        Assert.Equal("it is loud", (await rig.AskAsync(HttpMethod.Post, "/api/webhooks/siem/hold", new { reason = "it is loud" })).Json.GetProperty("reason").GetString());
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(rig, "/api/webhooks/siem/hold")).Status);
        Assert.Equal(DeliveryState.Held, (await rig.Store.DeliveriesAsync(new DeliveryFilter(), Cancellation))[0].State);
        Assert.Equal("active", (await SendAsync(rig, "/api/webhooks/siem/resume")).Json.GetProperty("status").GetString());
        Assert.Equal(DeliveryState.Pending, (await rig.Store.DeliveriesAsync(new DeliveryFilter(), Cancellation))[0].State);
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(rig, "/api/webhooks/nobody/hold")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(rig, "/api/webhooks/siem/hold", "[")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(rig, "/api/webhooks/siem/hold", """{"why":"x"}""")).Status);
    }

    [Theory]
    [InlineData("meta", "phishing", HttpStatusCode.OK)]
    [InlineData("meta", "canary", HttpStatusCode.BadRequest)]
    [InlineData("certspotter", "phishing", HttpStatusCode.BadRequest)]
    public async Task An_example_is_sent_by_its_name_where_the_dialect_has_it(string dialect, string example, HttpStatusCode status)
    {
        await using Receiver receiver = Receiver.Start();
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        rig.Webhooks.Configure([Given.Webhook(receiver.Url, "siem") with { Dialect = dialect }]);

        Assert.Equal(status, (await SendAsync(rig, $"/api/webhooks/siem/test?example={example}")).Status);
        Assert.Equal(status == HttpStatusCode.OK ? 1 : 0, receiver.Requests.Count(request => Encoding.UTF8.GetString(request.Body).Contains("\"field\":\"phishing\"", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("certspotter", "\"cert_der\":\"MIIGXjCC")]
    [InlineData("native", "\"type\":\"ping\"")]
    [InlineData("meta", "\"field\":\"certificate\"")]
    public async Task E9_Rule_7_3_a_test_is_sent_by_the_real_way_marked_and_at_most_every_ten_seconds(string dialect, string body)
    {
        await using Receiver receiver = Receiver.Start();
        receiver.Default = Receiver.Answer(500, "not today");
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        rig.Webhooks.Configure([Given.Webhook(receiver.Url, "siem") with { Dialect = dialect }]);

        JsonElement outcome = (await SendAsync(rig, "/api/webhooks/siem/test")).Json;
        Assert.Equal((false, 500, "status", "not today"), (
            outcome.GetProperty("delivered").GetBoolean(), outcome.GetProperty("status").GetInt32(), outcome.GetProperty("outcome").GetString(), outcome.GetProperty("answer").GetString()));
        Received request = Assert.Single(receiver.Requests);
        Assert.Contains(body, Encoding.UTF8.GetString(request.Body), StringComparison.Ordinal);
        Assert.Equal("1", request.Headers["CertHerald-Test"].Single());
        Assert.Equal(7, Guid.Parse(request.Key).Version);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await SendAsync(rig, "/api/webhooks/siem/test")).Status);
        Assert.Equal(WebhookState.New, await rig.Store.FindWebhookAsync("siem", Cancellation));

        rig.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(rig, "/api/webhooks/siem/test")).Status);
        Assert.Equal(2, receiver.Requests.Select(one => one.Key).Distinct().Count());
    }

    private static async Task EndAsync(ConsoleRig rig, DeliveryState state, int count)
    {
        DateTimeOffset now = rig.Time.GetUtcNow();
        foreach (StoredDelivery claimed in await rig.Store.ClaimDueAsync("siem", count, now, now.AddMinutes(1), Cancellation))
            await rig.Store.CompleteAsync(claimed, new StoredAttempt(claimed.Id, now, TimeSpan.Zero, 500, "status", null, []), state, now);
    }

    private static async Task<(HttpStatusCode Status, JsonElement Json)> SendAsync(ConsoleRig rig, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", rig.Services.GetRequiredService<LocalKey>().Text);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        WebConsole.Answer answer = await rig.Browser.SendAsync(request);
        return (answer.Status, answer.Json);
    }
}
