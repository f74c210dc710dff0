using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.WebConsole;

namespace CertHerald.Tests.EndToEnd;

/// <summary>The running program's own addresses.</summary>
[Collection(ProgramTests.Name)]
public sealed partial class ConsoleTests
{
    [Fact]
    public async Task The_printed_link_signs_in_once_and_the_linked_page_can_be_read_when_the_POST_arrives()
    {
        await using ServiceRig rig = await ServiceRig.StartAsync();
        await using Certherald program = rig.Run();
        string line = await program.ErrorLineAsync(line => line.Contains("/console/login?token=", StringComparison.Ordinal));
        string link = LinkPattern().Match(line).Value;
        Assert.StartsWith(rig.Address, link, StringComparison.Ordinal);

        using var browser = new Browser(new Uri(rig.Address), new CookieContainer());
        Assert.Equal(HttpStatusCode.SeeOther, (await SignInAsync(browser, link)).Status);
        using var latecomer = new Browser(new Uri(rig.Address), new CookieContainer());
        Assert.Equal(HttpStatusCode.Unauthorized, (await SignInAsync(latecomer, link)).Status);

        // Read within the handler, before the receiver answers.
        var page = new TaskCompletionSource<(Answer Signed, Answer Anonymous)>(TaskCreationOptions.RunContinuationsAsynchronously);
        rig.Receiver.Default = async (connection, stopping) =>
        {
            string url = rig.Receiver.Requests[^1].Json().GetProperty("html_url").GetString()!;
            page.SetResult((await browser.GetAsync(url), await latecomer.GetAsync(url)));
            await Receiver.Answer(200)(connection, stopping);
        };
        rig.Log.AddChain(rig.Ca.Issue("www.example.com").Chain);
        (Answer signed, Answer anonymous) = await page.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, signed.Status);
        Assert.Contains("www.example.com", signed.Text, StringComparison.Ordinal);
        Assert.NotEqual(HttpStatusCode.OK, anonymous.Status);
        Assert.DoesNotContain("www.example.com", anonymous.Text, StringComparison.Ordinal);
        foreach (string path in (string[])["/console", "/console/logs", "/console/deliveries", "/console/monitoring/issuances", "/api/logs", "/api/deliveries"])
            Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync(path)).Status);
        Assert.Equal(143, await program.StopAsync());
    }

    [Fact]
    public async Task Health_readiness_and_metrics_answer_anybody()
    {
        await using ServiceRig rig = await ServiceRig.StartAsync();
        await using Certherald program = await rig.RunReadyAsync();
        rig.Log.AddChain(rig.Ca.Issue("www.example.com").Chain);
        await rig.Receiver.NextAsync();
        await program.ErrorLineAsync(line => line.Contains("Webhook siem got", StringComparison.Ordinal));
        await rig.ReadToHeadAsync();
        using var browser = new Browser(new Uri(rig.Address), new CookieContainer());

        Assert.Equal("ok\n", (await browser.GetAsync("/healthz")).Text);
        Answer ready = await browser.GetAsync("/readyz");
        Assert.Equal(HttpStatusCode.OK, ready.Status);
        Assert.True(ready.Json.GetProperty("ready").GetBoolean());
        Assert.Equal(["store", "deliveries", "incidents", "log_lists", "logs", "retention", "watch_list", "configuration", "operator_channels"], ready.Json.GetProperty("checks").EnumerateArray().Select(check => check.GetProperty("name").GetString()));

        string metrics = (await browser.GetAsync("/metrics")).Text;
        string[] series = [.. metrics.Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split('{', ' ')[0])];
        foreach (string name in (string[])
            ["certherald_log_position", "certherald_log_tree_size", "certherald_log_verified_size", "certherald_log_head_age_seconds", "certherald_entries_total",
             "certherald_malformed_entries_total", "certherald_log_requests_total", "certherald_matches_total", "certherald_deliveries_total",
             "certherald_delivery_duration_seconds_count", "certherald_oldest_due_delivery_seconds", "certherald_alert_latency_seconds_count", "certherald_store_commit_seconds_count"])
            Assert.Contains(name, series);
        Assert.Contains("certherald_log_verified_size{log=\"plain\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("certherald_log_verified_size{log=\"tiled\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("certherald_deliveries_total{webhook=\"siem\",outcome=\"delivered\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.DoesNotContain("example.com", metrics, StringComparison.Ordinal);
    }

    private static async Task<Answer> SignInAsync(Browser browser, string link)
    {
        Answer form = await browser.GetAsync(link);
        return await browser.PostAsync("/console/sign-in", ("form_token", ConsoleRig.FormToken(form.Text)), ("token", link));
    }

    [GeneratedRegex(@"http\S+")]
    private static partial Regex LinkPattern();
}
