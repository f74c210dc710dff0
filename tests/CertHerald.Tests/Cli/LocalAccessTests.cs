using System.Globalization;
using System.Net;
using System.Net.Http;
using System.Text.Json;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.EndToEnd;

namespace CertHerald.Tests.Cli;

/// <summary>Commands that ask a running service.</summary>
[Collection(ProgramTests.Name)]
public sealed class LocalAccessTests
{
    [Fact]
    public async Task Logs_shows_each_log_with_position_head_and_whether_it_is_verified()
    {
        await using ServiceRig rig = await ServiceRig.StartAsync();
        await using Certherald program = await rig.RunReadyAsync();
        rig.Log.AddChain(rig.Ca.Issue("www.example.com").Chain);
        await rig.Receiver.NextAsync();

        string table = (await Certherald.RunAsync("logs", "--data", rig.Data)).With(0).Output;
        JsonElement logs = JsonSerializer.Deserialize<JsonElement>((await Certherald.RunAsync("logs", "--json", "--data", rig.Data)).With(0).Output);

        Assert.StartsWith("state", table, StringComparison.Ordinal);
        Assert.Contains("following", table, StringComparison.Ordinal);
        Assert.NotEmpty(logs.EnumerateArray());
        Assert.Contains(logs.EnumerateArray(), log => log.GetProperty("position").GetUInt64() == 1 && log.GetProperty("proven").GetUInt64() == 1);
        Assert.Equal(143, await program.StopAsync());
    }

    [Fact]
    public async Task A_new_sign_in_link_opens_the_console_and_nobody_without_the_key_gets_one()
    {
        await using ServiceRig rig = await ServiceRig.StartAsync();
        await using Certherald program = await rig.RunReadyAsync();
        string link = (await Certherald.RunAsync("sign-in-link", "--data", rig.Data, "--config", rig.WriteConfiguration())).With(0).Output.Trim();
        using var client = new HttpClient();
        CancellationToken cancellation = TestContext.Current.CancellationToken;

        string page = await client.GetStringAsync(link, cancellation);
        using HttpResponseMessage refused = await client.PostAsync(new Uri(new Uri(link), "/api/sign-in-links"), null, cancellation);

        Assert.Contains("sign-in", page, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal(143, await program.StopAsync());
    }

    [Fact]
    public async Task Without_a_running_service_a_command_says_how_to_start_one()
    {
        string nowhere = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture));

        Ended ended = (await Certherald.RunAsync("logs", "--data", nowhere)).With(1);

        Assert.Contains("certherald run", ended.Errors, StringComparison.Ordinal);
        Assert.Contains(nowhere, ended.Errors, StringComparison.Ordinal);
    }
}
