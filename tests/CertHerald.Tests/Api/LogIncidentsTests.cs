using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Text.Json;
using CertHerald.Access;
using CertHerald.Cli;
using CertHerald.Storage;
using CertHerald.Tests.WebConsole;
using Microsoft.Extensions.DependencyInjection;

namespace CertHerald.Tests.Api;

/// <summary>Incidents as API, console and command show them, and how one is closed.</summary>
public sealed class LogIncidentsTests
{
    [Fact]
    public async Task Incidents_are_listed_by_state_and_log_with_what_to_do()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        Incident incident = await ForkAsync(rig);
        await rig.DisputeAsync();
        await SendAsync(rig, HttpMethod.Post, "/api/incidents/2/close");

        JsonElement open = (await SendAsync(rig, HttpMethod.Get, "/api/incidents?open=true")).Json;
        JsonElement fork = Assert.Single(open.EnumerateArray());
        Assert.Equal(("fork", "critical", "5", 1), (fork.GetProperty("kind").GetString(), fork.GetProperty("severity").GetString(), fork.GetProperty("subject").GetString(), fork.GetProperty("cases").GetInt32()));
        Assert.Equal(IncidentKinds.AdviceFor("fork"), fork.GetProperty("advice").GetString());
        Assert.Equal(2, (await SendAsync(rig, HttpMethod.Get, "/api/incidents?log=" + Uri.EscapeDataString(incident.Log.ToString()))).Json.GetArrayLength());
        Assert.Equal(0, (await SendAsync(rig, HttpMethod.Get, "/api/incidents?log=" + Uri.EscapeDataString(Convert.ToBase64String(new byte[32])))).Json.GetArrayLength());
    }

    [Theory]
    [InlineData("?open=yes")]
    [InlineData("?log=argon")]
    [InlineData("?limit=0")]
    public async Task A_filter_that_means_nothing_is_refused(string query)
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(rig, HttpMethod.Get, "/api/incidents" + query)).Status);
    }

    [Fact]
    public async Task The_local_key_closes_an_incident_and_a_session_does_not()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await ForkAsync(rig);
        await rig.SignInAsync();
        Assert.NotEqual(HttpStatusCode.OK, (await rig.Browser.SendAsync(new HttpRequestMessage(HttpMethod.Post, "/api/incidents/1/close"))).Status);

        Answer closed = await SendAsync(rig, HttpMethod.Post, "/api/incidents/1/close");

        Assert.Equal((HttpStatusCode.OK, JsonValueKind.String), (closed.Status, closed.Json.GetProperty("closed").ValueKind));
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(rig, HttpMethod.Post, "/api/incidents/9/close")).Status);
    }

    [Fact]
    public async Task The_command_shows_rate_time_left_and_the_open_incidents_number()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await ForkAsync(rig);
        string logs = (await SendAsync(rig, HttpMethod.Get, "/api/logs")).Json.GetRawText();
        using var output = new StringWriter();

        LogsCommand.Write(output, JsonElement.Parse(logs.Replace("\"rate\":null,\"seconds_left\":null", "\"rate\":1234.5,\"seconds_left\":7300", StringComparison.Ordinal)));

        string[] lines = output.ToString().Split('\n');
        Assert.Equal(["state", "position", "proven", "head", "backlog", "rate/s", "left", "incident", "log"], lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("  1,234.5    3h  fork #1 (critical)  ", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_console_shows_severity_cases_and_what_to_do_and_never_what_a_log_says_as_markup()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await ForkAsync(rig);
        await ForkAsync(rig);
        await rig.SignInAsync();

        string page = await rig.PageAsync("/console/logs");

        Assert.Contains("id=\"incident-1\"", page, StringComparison.Ordinal);
        Assert.Contains("class=\"state critical\">critical", page, StringComparison.Ordinal);
        Assert.Contains("seen 2 times", page, StringComparison.Ordinal);
        Assert.Contains("Keep the evidence", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>alert", page, StringComparison.Ordinal);
        Assert.Contains("A log has an open incident", await rig.PageAsync("/console"), StringComparison.Ordinal);
    }

    private static async Task<Incident> ForkAsync(ConsoleRig rig)
    {
        StoredLog log = Assert.Single(await rig.Store.LogsAsync(TestContext.Current.CancellationToken));
        await rig.Store.OpenIncidentAsync(log.Id, IncidentReport.Of("fork", "5", "two trees " + SomeFacts.Hostile), TestContext.Current.CancellationToken);
        return (await rig.Store.IncidentsAsync(1, TestContext.Current.CancellationToken))[0];
    }

    private static Task<Answer> SendAsync(ConsoleRig rig, HttpMethod method, string path) => rig.Browser.SendAsync(new HttpRequestMessage(method, path)
    {
        Headers = { Authorization = new AuthenticationHeaderValue("Bearer", rig.Services.GetRequiredService<LocalKey>().Text) },
    });
}
