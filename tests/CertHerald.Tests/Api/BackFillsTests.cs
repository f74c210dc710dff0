using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using CertHerald.Access;
using CertHerald.Fetching;
using CertHerald.Following;
using CertHerald.Storage;
using CertHerald.Tests.Fetching;
using CertHerald.Tests.WebConsole;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;
using Microsoft.Extensions.DependencyInjection;

namespace CertHerald.Tests.Api;

/// <summary>What is refused before a search of the past begins.</summary>
public sealed class BackFillsTests
{
    [Theory]
    [InlineData("""{"items":[],"since":"2026-01-01T00:00:00Z"}""", HttpStatusCode.BadRequest, "watch items")]
    [InlineData("""{"since":"2026-01-01T00:00:00Z"}""", HttpStatusCode.BadRequest, "watch items")]
    [InlineData("""{"items":["example.com"]}""", HttpStatusCode.BadRequest, "time in the past")]
    [InlineData("""{"items":["example.com"],"since":"2999-01-01T00:00:00Z"}""", HttpStatusCode.BadRequest, "time in the past")]
    [InlineData("""{"items":["a b"],"since":"2020-01-01T00:00:00Z"}""", HttpStatusCode.BadRequest, "one item a line")]
    [InlineData("""{"items":["unwatched.example"],"since":"2020-01-01T00:00:00Z"}""", HttpStatusCode.Conflict, "is not watched")]
    [InlineData("{", HttpStatusCode.BadRequest, "no JSON object")]
    [InlineData("null", HttpStatusCode.BadRequest, "null")]
    public async Task What_makes_no_search_is_refused_with_its_reason(string body, HttpStatusCode status, string reason)
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();

        (HttpStatusCode Status, JsonElement Json) answer = await SendAsync(rig, HttpMethod.Post, "/api/back-fills", body);

        Assert.Equal(status, answer.Status);
        Assert.Contains(reason, answer.Json.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Empty(await rig.Store.BackFillsAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("POST", "/api/back-fills/7/pause")]
    [InlineData("POST", "/api/back-fills/7/resume")]
    [InlineData("DELETE", "/api/back-fills/7")]
    public async Task One_that_is_not_there_is_not_found(string method, string path)
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(rig, new HttpMethod(method), path)).Status);
    }

    [Fact]
    public async Task Every_log_with_a_position_that_is_read_is_searched_whether_or_not_it_has_answered_since_the_start_and_the_others_are_named()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        LogDescription silent = await LiveAsync("silent", isBegun: true), stopped = await LiveAsync("stopped", isBegun: true), never = await LiveAsync("never", isBegun: false);
        rig.Live[1].IsNow(rig.Live[1].Chosen, LogStage.Stopped);
        // Of a list that could not be had since the start.
        LogDescription listed = Described("listed");
        await rig.Store.BeginLogAsync(listed, Frontier.Empty, Cancellation);
        await rig.Store.KeepLivesAsync([new LogLife(listed, ["https://lists.example.com/"], LogStage.Following)], Cancellation);
        Assert.Equal(HttpStatusCode.Created, (await SendAsync(rig, HttpMethod.Post, "/api/domains/.example.com")).Status);

        (HttpStatusCode Status, JsonElement Json) answer = await SendAsync(rig, HttpMethod.Post, "/api/back-fills", """{"items":[".example.com"],"since":"2020-01-01T00:00:00Z"}""");

        Assert.Equal(HttpStatusCode.Created, answer.Status);
        Assert.Equal(new HashSet<LogId> { silent.Id, listed.Id }, Assert.Single(await rig.Store.BackFillsAsync(Cancellation)).Logs.ToHashSet());
        Assert.Equal(
            ["stopped: it is not read any more", "never: it has never answered"],
            answer.Json.GetProperty("left_out").EnumerateArray().Select(log => $"{log.GetProperty("log_description").GetString()}: {log.GetProperty("reason").GetString()}"));

        async Task<LogDescription> LiveAsync(string name, bool isBegun)
        {
            LogDescription log = Described(name);
            if (isBegun) await rig.Store.BeginLogAsync(log, Frontier.Empty, Cancellation);
            rig.Live.Add(new FollowedLog(new ChosenLog(log, IsCustom: true, null), rig.Time));
            return log;
        }

        static LogDescription Described(string name) => LogDescription.Custom(new SigningKey().Public, LogProtocol.Rfc6962, $"https://{name}.example.net/", description: name);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static async Task<(HttpStatusCode Status, JsonElement Json)> SendAsync(ConsoleRig rig, HttpMethod method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", rig.Services.GetRequiredService<LocalKey>().Text);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        Answer answer = await rig.Browser.SendAsync(request);
        return (answer.Status, answer.Json);
    }
}
