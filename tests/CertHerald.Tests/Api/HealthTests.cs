using System.Net;
using System.Text.Json;
using CertHerald.Access;
using CertHerald.Api;
using CertHerald.Storage;
using CertHerald.Tests.WebConsole;
using Microsoft.Extensions.DependencyInjection;

namespace CertHerald.Tests.Api;

public sealed class HealthTests
{
    [Fact]
    public async Task A_running_service_is_alive_and_ready()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();

        Assert.Equal("ok\n", (await rig.Browser.GetAsync("/healthz")).Text);
        (HttpStatusCode status, JsonElement body) = await ReadyAsync(rig);

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.True(body.GetProperty("ready").GetBoolean());
        Assert.Equal(["store", "deliveries", "incidents"], body.GetProperty("checks").EnumerateArray().Select(check => check.GetProperty("name").GetString()));
    }

    [Fact]
    public async Task A_check_that_fails_makes_it_unready_with_its_reason_and_the_others_stay_listed()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        rig.Checks.AddRange([new Check("log lists", true), new Check("logs", false, "2 logs have not advanced for an hour.")]);

        (HttpStatusCode status, JsonElement body) = await ReadyAsync(rig);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.False(body.GetProperty("ready").GetBoolean());
        Assert.Equal(5, body.GetProperty("checks").GetArrayLength());
        Assert.Equal("2 logs have not advanced for an hour.", CheckOf(body, "logs").GetProperty("reason").GetString());
        Assert.Equal(HttpStatusCode.OK, (await rig.Browser.GetAsync("/healthz")).Status);
    }

    [Fact]
    public async Task Rule_13_1_a_delivery_due_for_more_than_60_seconds_is_told_of_and_for_more_than_300_makes_it_unready()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.CommitAsync(SomeFacts.Of("shop.example.com"), webhooks: "siem");
        int passed = 0;
        foreach ((int seconds, HttpStatusCode expected, bool isTold) in ((int, HttpStatusCode, bool)[])
            [(60, HttpStatusCode.OK, false), (61, HttpStatusCode.OK, true), (300, HttpStatusCode.OK, true), (301, HttpStatusCode.ServiceUnavailable, true)])
        {
            rig.Time.Advance(TimeSpan.FromSeconds(seconds - passed));
            passed = seconds;
            (HttpStatusCode status, JsonElement body) = await ReadyAsync(rig);

            Assert.Equal(expected, status);
            Assert.Equal(isTold ? $"The oldest delivery has been due for {seconds} seconds." : null, CheckOf(body, "deliveries").GetProperty("reason").GetString());
        }
    }

    [Fact]
    public async Task A_store_that_no_longer_answers_makes_it_unready_and_hides_no_other_check()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        rig.Checks.Add(new Check("logs", true));
        await rig.Store.DisposeAsync();

        (HttpStatusCode status, JsonElement body) = await ReadyAsync(rig);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.False(CheckOf(body, "store").GetProperty("ok").GetBoolean());
        Assert.True(CheckOf(body, "logs").GetProperty("ok").GetBoolean());
    }

    [Fact]
    public async Task A_log_that_lies_is_told_of_and_takes_nothing_out_of_rotation()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.DisputeAsync();

        (HttpStatusCode status, JsonElement body) = await ReadyAsync(rig);

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.True(CheckOf(body, "incidents").GetProperty("ok").GetBoolean());
        Assert.StartsWith("Degraded by incidents of logs: root_mismatch (error) of ", CheckOf(body, "incidents").GetProperty("reason").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("stale_head", "warning")]
    [InlineData("future_head", "warning")]
    [InlineData("throttled", "warning")]
    [InlineData("pruned", "warning")]
    [InlineData("chain_mismatch", "warning")]
    [InlineData("origin_mismatch", "info")]
    public async Task Lesser_incidents_of_a_log_are_told_of_too(string kind, string severity)
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        StoredLog log = (await rig.Store.LogsAsync(TestContext.Current.CancellationToken))[0];
        await rig.Store.OpenIncidentAsync(log.Id, IncidentReport.Of(kind, "", "it is so", "{}"), TestContext.Current.CancellationToken);

        (HttpStatusCode status, JsonElement body) = await ReadyAsync(rig);

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.StartsWith($"Open incidents of logs: {kind} ({severity}) of ", CheckOf(body, "incidents").GetProperty("reason").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_only_readers_may_know_is_told_to_them_and_to_nobody_else()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        rig.Checks.Add(new Check("log_lists", false, "log list https://lists.example.net/canary.json: status 503") { OpenReason = "log list lists.example.net" });
        ApiKeys keys = rig.Services.GetRequiredService<ApiKeys>();
        string reader = (await keys.CreateAsync("reader", [Scope.Read], null)).Text, other = (await keys.CreateAsync("other", [Scope.Webhooks], null)).Text;

        (HttpStatusCode status, JsonElement body) = await ReadyAsync(rig);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "log list lists.example.net"), (status, CheckOf(body, "log_lists").GetProperty("reason").GetString()));
        Assert.Equal(["name", "ok", "reason"], CheckOf(body, "log_lists").EnumerateObject().Select(member => member.Name));
        foreach (string key in (string[])[other, "chk_nobodys"])
            Assert.DoesNotContain("canary", (await rig.AskAsync(HttpMethod.Get, "/readyz", key: key)).Text, StringComparison.Ordinal);

        Assert.Contains("canary.json: status 503", (await rig.AskAsync(HttpMethod.Get, "/readyz", key: reader)).Text, StringComparison.Ordinal);
        await rig.SignInAsync();
        Assert.Contains("canary.json: status 503", (await rig.Browser.GetAsync("/readyz")).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/healthz")]
    [InlineData("/readyz")]
    public async Task Probes_may_ask_with_HEAD(string path)
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();

        Answer answer = await rig.Browser.SendAsync(new HttpRequestMessage(HttpMethod.Head, path));

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Empty(answer.Bytes);
    }

    private static async Task<(HttpStatusCode Status, JsonElement Body)> ReadyAsync(ConsoleRig rig)
    {
        Answer answer = await rig.Browser.GetAsync("/readyz");
        return (answer.Status, answer.Json);
    }

    private static JsonElement CheckOf(JsonElement body, string name) =>
        body.GetProperty("checks").EnumerateArray().Single(check => check.GetProperty("name").GetString() == name);
}
