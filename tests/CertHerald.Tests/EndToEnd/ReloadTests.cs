using System.Net;
using System.Net.Http;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.EndToEnd;

/// <summary>What is watched changes while the program runs: by file, by signal, by command.</summary>
[Collection(ProgramTests.Name)]
public sealed class ReloadTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_file_that_is_saved_changes_what_is_watched_and_a_broken_one_is_told_and_does_not()
    {
        await using ServiceRig rig = await ServiceRig.StartAsync();
        using var scratch = new Scratch();
        rig.Configuration["watch_files"] = new JsonArray(scratch.Write("watchlist", "one.example\n"));
        await using Certherald program = await rig.RunReadyAsync();
        rig.Log.AddChain(rig.Ca.Issue("two.example").Chain);
        rig.Log.AddChain(rig.Ca.Issue("one.example").Chain);
        Assert.Equal("one.example", (await rig.Receiver.NextAsync()).Names());

        scratch.Write("watchlist", "one.example\n.two.example\n");
        await program.ErrorLineAsync(line => line.Contains("Configuration read again: 3 watch items, 2 before", StringComparison.Ordinal));
        rig.Log.AddChain(rig.Ca.Issue("a.two.example").Chain);
        Assert.Equal("a.two.example", (await rig.Receiver.NextAsync()).Names());

        scratch.Write("watchlist", "*.two.example\n");
        await program.ErrorLineAsync(line => line.Contains("the 3 watch items from before stay in force", StringComparison.Ordinal));
        JsonElement broken = await ReadyAsync(rig);
        Assert.True(broken.GetProperty("ready").GetBoolean());
        Assert.Contains("1 mistakes", ReasonOf(broken), StringComparison.Ordinal);
        rig.Log.AddChain(rig.Ca.Issue("b.two.example").Chain);
        Assert.Equal("b.two.example", (await rig.Receiver.NextAsync()).Names());

        scratch.Write("watchlist", ".three.example\n");
        await program.ErrorLineAsync(line => line.Contains("Configuration read again: 2 watch items, 3 before", StringComparison.Ordinal));
        Assert.Null(ReasonOf(await ReadyAsync(rig)));
        rig.Log.AddChain(rig.Ca.Issue("c.two.example").Chain);
        rig.Log.AddChain(rig.Ca.Issue("a.three.example").Chain);
        Assert.Equal("a.three.example", (await rig.Receiver.NextAsync()).Names());

        await rig.ReadToHeadAsync();
        Assert.Equal(4, rig.Receiver.Requests.Count);
        Assert.Equal(143, await program.StopAsync());
    }

    [Fact]
    public async Task A_hangup_signal_reloads_at_once_and_ends_nothing()
    {
        await using ServiceRig rig = await ServiceRig.StartAsync();
        await using Certherald program = await rig.RunReadyAsync();

        program.Signal(PosixSignal.SIGHUP);
        await program.ErrorLineAsync(line => line.Contains("Configuration read again: 1 watch items, 1 before", StringComparison.Ordinal));
        rig.Configuration["watch"] = new JsonArray(".example.com", "signalled.example");
        rig.WriteConfiguration();
        program.Signal(PosixSignal.SIGHUP);
        await program.ErrorLineAsync(line => line.Contains("Configuration read again: 2 watch items, 1 before", StringComparison.Ordinal));
        rig.Log.AddChain(rig.Ca.Issue("signalled.example").Chain);

        Assert.Equal("signalled.example", (await rig.Receiver.NextAsync()).Names());
        Assert.Equal(143, await program.StopAsync());
    }

    [Fact]
    public async Task A_domain_that_is_added_by_command_is_watched_until_it_is_removed_restart_or_not()
    {
        await using ServiceRig rig = await ServiceRig.StartAsync();
        string[] where = ["--data", rig.Data];
        await using (Certherald program = await rig.RunReadyAsync())
        {
            Assert.Equal(".added.example is watched", (await Certherald.RunAsync(["domains", "add", ".ADDED.example", .. where])).With(0).Output.Trim());
            rig.Log.AddChain(rig.Ca.Issue("a.added.example").Chain);
            Assert.Equal("a.added.example", (await rig.Receiver.NextAsync()).Names());
            Assert.Equal(143, await program.StopAsync());
        }

        await using Certherald again = await rig.RunReadyAsync();
        rig.Log.AddChain(rig.Ca.Issue("b.added.example").Chain);
        Assert.Equal("b.added.example", (await rig.Receiver.NextAsync()).Names());
        Assert.Equal(
            [(".added.example", false), (".example.com", true)],
            (await Certherald.RunAsync(["domains", "list", "--json", .. where])).With(0).Objects.Single().EnumerateArray()
                .Select(domain => (domain.GetProperty("name").GetString(), domain.GetProperty("configured").GetBoolean())));

        Assert.Contains("not watched any more", (await Certherald.RunAsync(["domains", "remove", ".added.example", .. where])).With(0).Output, StringComparison.Ordinal);
        rig.Log.AddChain(rig.Ca.Issue("c.added.example").Chain);
        rig.Log.AddChain(rig.Ca.Issue("www.example.com").Chain);
        Assert.Equal("www.example.com", (await rig.Receiver.NextAsync()).Names());

        Assert.Contains("stands in the configuration", (await Certherald.RunAsync(["domains", "remove", ".example.com", .. where])).With(1).Errors, StringComparison.Ordinal);
        Assert.Contains("no such watch item", (await Certherald.RunAsync(["domains", "remove", ".added.example", .. where])).With(1).Errors, StringComparison.Ordinal);
        Assert.Contains("write .example.com", (await Certherald.RunAsync(["domains", "add", "*.example.com", .. where])).With(2).Errors, StringComparison.Ordinal);
        Assert.Equal(143, await again.StopAsync());
    }

    private static async Task<JsonElement> ReadyAsync(ServiceRig rig)
    {
        using var client = new HttpClient();
        // An answer is reused for a second.
        using HttpResponseMessage answer = await client.GetAsync(rig.Address + "/readyz", Cancellation);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return JsonElement.Parse(await answer.Content.ReadAsByteArrayAsync(Cancellation));
    }

    private static string? ReasonOf(JsonElement ready) =>
        ready.GetProperty("checks").EnumerateArray().Single(check => check.GetProperty("name").GetString() == "configuration").GetProperty("reason").GetString();
}
