using System.Text;
using System.Text.Json.Nodes;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.EndToEnd;

/// <summary>Taking over from SSLMate's open-source certspotter.</summary>
[Collection(ProgramTests.Name)]
public sealed class ImportTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Certspotters_watch_list_is_watched_and_its_logs_go_on_where_it_stopped()
    {
        string certspotter = Tool.Find("certspotter"), state = _scratch.PathOf("state"), watchlist = _scratch.Write("watchlist", ".example.com\n# a comment\n");
        await using ServiceRig rig = await ServiceRig.StartAsync();
        for (int i = 0; i < 3; i++) rig.Log.AddChain(rig.Ca.Issue(Some.Numbered("seen", i) + ".example.com").Chain);
        string list = _scratch.Write("list.json", Encoding.UTF8.GetString(rig.Server.LogList(CertHerald.TestLog.ListedProtocols.Rfc6962)));

        await using (Certherald theirs = Certherald.StartOther(certspotter, "-logs", list, "-state_dir", state, "-watchlist", watchlist, "-stdout", "-verbose"))
        {
            await theirs.ErrorLineAsync(line => line.Contains("saving state in defer", StringComparison.Ordinal));
            await theirs.StopAsync();
        }
        rig.Log.AddChain(rig.Ca.Issue("new.example.com").Chain);
        rig.Configuration["watch"] = new JsonArray();
        rig.Configuration["logs"]!["custom"]!.AsArray().RemoveAt(1);
        string configuration = rig.WriteConfiguration();

        Ended imported = (await Certherald.RunAsync("import", "certspotter", state, "--watchlist", watchlist, "--config", configuration)).With(0);
        Assert.Equal("1 watch items, 1 of them new; positions of 1 logs: the next start goes on there", imported.Output.Trim());
        await using Certherald ours = await rig.RunReadyAsync();
        Received first = await rig.Receiver.NextAsync();

        Assert.Equal("new.example.com", first.Names());
        Assert.Single(rig.Receiver.Requests);
        Assert.Contains(".example.com", (await Certherald.RunAsync("domains", "list", "--config", configuration)).With(0).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_taken_over_again_changes_nothing_and_a_running_service_is_not_disturbed()
    {
        await using ServiceRig rig = await ServiceRig.StartAsync();
        string state = State("""{"verified_position":{"nodes":[],"size":0}}""");
        string[] line = ["import", "certspotter", state, "--json", "--config", rig.WriteConfiguration()];

        Assert.Equal("""{"watch_items":1,"added":1,"logs":1,"already_followed":0}""", (await Certherald.RunAsync(line)).With(0).Output.Trim());
        Assert.Equal("""{"watch_items":1,"added":0,"logs":1,"already_followed":0}""", (await Certherald.RunAsync(line)).With(0).Output.Trim());
        await using Certherald running = await rig.RunReadyAsync();
        Assert.Contains("another certherald works on", (await Certherald.RunAsync(line)).With(2).Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("{\"verified_position\":null}")]
    [InlineData("{\"verified_position\":{\"size\":-1}}")]
    [InlineData("{\"verified_position\":{\"size\":18446744073709551615}}")]
    [InlineData("{\"verified_position\":{\"size\":\"7\"}}")]
    [InlineData("nonsense")]
    public async Task A_position_that_cannot_be_read_is_told_and_left_out(string state)
    {
        Ended ended = (await Certherald.RunAsync("import", "certspotter", State(state), "--data", _scratch.PathOf("data"))).With(0);
        Assert.Contains("state.json cannot be read: its log begins as \"logs.start\" says", ended.Errors, StringComparison.Ordinal);
        Assert.Contains("positions of 0 logs", ended.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("is no state directory of certspotter", null, ".example.com")]
    [InlineData("is of version 1, and 2 is known", "1\n", ".example.com")]
    [InlineData("--watchlist", "2\n", "*.example.com")]
    public async Task Another_directory_and_a_wrong_watch_list_are_refused_with_a_remedy_and_nothing_is_kept(string says, string? version, string watched)
    {
        string state = State("{}", version, watched);
        Ended ended = await Certherald.RunAsync("import", "certspotter", state, "--data", _scratch.PathOf("data"));
        Assert.Contains(says == "--watchlist" ? Path.Combine(state, "watchlist") : says, ended.Errors, StringComparison.Ordinal);
        Assert.NotEqual(0, ended.Code);
        Assert.False(File.Exists(_scratch.PathOf("data/certherald.db")));
    }

    private string State(string json, string? version = "2\n", string watched = ".example.com")
    {
        string state = _scratch.PathOf("certspotter"), log = Path.Combine(state, "logs", Convert.ToBase64String(new byte[32]).Replace('/', '_').Replace('+', '-'));
        Directory.CreateDirectory(log);
        File.WriteAllText(Path.Combine(log, "state.json"), json);
        File.WriteAllText(Path.Combine(state, "watchlist"), watched + "\n");
        if (version is not null) File.WriteAllText(Path.Combine(state, "version"), version);
        return state;
    }
}
