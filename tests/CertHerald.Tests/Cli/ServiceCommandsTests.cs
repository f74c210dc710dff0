using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.EndToEnd;

namespace CertHerald.Tests.Cli;

/// <summary>Commands that stay: how they begin, answer and end.</summary>
[Collection(ProgramTests.Name)]
public sealed class ServiceCommandsTests
{
    [Theory]
    [InlineData(PosixSignal.SIGTERM, 143)]
    [InlineData(PosixSignal.SIGINT, 130)]
    public async Task A_signal_ends_the_service_cleanly_with_its_code(PosixSignal signal, int code)
    {
        await using ServiceRig rig = await ServiceRig.StartAsync();
        await using Certherald program = await rig.RunReadyAsync();

        Assert.Equal(code, await program.StopAsync(signal));

        Assert.Equal("stopped", program.Errors[^1]);
        Assert.Empty(program.Output);
        Assert.False(File.Exists(Path.Combine(rig.Data, "certherald.db-wal")), "the database was not closed");
    }

    [Fact]
    public async Task A_second_service_on_the_same_data_ends_with_2_and_a_remedy_and_the_first_goes_on()
    {
        await using ServiceRig rig = await ServiceRig.StartAsync();
        await using Certherald program = await rig.RunReadyAsync();

        Ended second = (await Certherald.RunAsync("run", "--config", rig.WriteConfiguration(), "--listen", $"http://127.0.0.1:{FreePorts.Next()}")).With(2);

        Assert.Contains(rig.Data, second.Errors, StringComparison.Ordinal);
        Assert.Contains("--data", second.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", second.Errors, StringComparison.Ordinal);
        rig.Log.AddChain(rig.Ca.Issue("www.example.com").Chain);
        Assert.Equal("www.example.com", (await rig.Receiver.NextAsync()).Names());
    }

    [Fact]
    public async Task A_port_that_is_taken_ends_with_1_and_a_remedy()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        await using ServiceRig rig = await ServiceRig.StartAsync();

        Ended ended = (await Certherald.RunAsync("run", "--config", rig.WriteConfiguration(), "--listen", $"http://{taken.LocalEndpoint}")).With(1);

        Assert.Contains(taken.LocalEndpoint.ToString()!, ended.Errors, StringComparison.Ordinal);
        Assert.Contains("--listen", ended.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", ended.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_can_listen_on_localhost()
    {
        await using ServiceRig rig = await ServiceRig.StartAsync();
        string address = $"http://localhost:{FreePorts.Next()}";
        await using Certherald program = Certherald.Start("run", "--config", rig.WriteConfiguration(), "--listen", address);
        await program.ErrorLineAsync(line => line.Contains("answers on", StringComparison.Ordinal));
        using var client = new HttpClient();

        Assert.Equal("ok\n", await client.GetStringAsync(address + "/healthz", TestContext.Current.CancellationToken));
        Assert.Equal(143, await program.StopAsync());
    }

    [Fact]
    public async Task Watch_begins_with_domains_and_a_webhook()
    {
        await using ServiceRig rig = await ServiceRig.StartAsync();
        rig.Configuration.Remove("watch");
        rig.Configuration.Remove("webhooks");
        await using Certherald program = Certherald.Start("watch", "example.com", ".example.net", "--webhook", $"http://me:secret1@127.0.0.1:{rig.Receiver.Port}/hook", "--config", rig.WriteConfiguration());
        await program.ErrorLineAsync(line => line.Contains("answers on", StringComparison.Ordinal));

        rig.Log.AddChain(rig.Ca.Issue("www.example.com").Chain);
        rig.Log.AddChain(rig.Ca.Issue("www.example.net").Chain);
        Received request = await rig.Receiver.NextAsync();

        Assert.Equal("www.example.net", request.Names());
        Assert.Equal("Basic bWU6c2VjcmV0MQ==", Assert.Single(request.Headers["Authorization"]));
        Assert.Equal(143, await program.StopAsync());
        Assert.All(program.Errors, line => Assert.DoesNotContain("secret1", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_test_log_is_served_in_both_protocols_and_listed()
    {
        using var scratch = new Scratch();
        await using Certherald program = Certherald.Start("testlog", "serve", "--synthetic", "300", "--name", "example.com", "--one-in", "100", "--log-list", scratch.PathOf("list.json"));
        Assert.Equal("entries      300", await program.OutputLineAsync(line => line.StartsWith("entries", StringComparison.Ordinal)));
        JsonElement operators = JsonElement.Parse(await File.ReadAllBytesAsync(scratch.PathOf("list.json"), TestContext.Current.CancellationToken)).GetProperty("operators")[0];
        string plain = operators.GetProperty("logs")[0].GetProperty("url").GetString()!, tiled = operators.GetProperty("tiled_logs")[0].GetProperty("monitoring_url").GetString()!;
        using var client = new HttpClient();

        JsonNode head = JsonNode.Parse(await client.GetStringAsync(plain + "ct/v1/get-sth", TestContext.Current.CancellationToken))!;
        string checkpoint = await client.GetStringAsync(tiled + "checkpoint", TestContext.Current.CancellationToken);

        Assert.Equal(300, head["tree_size"]!.GetValue<int>());
        Assert.Equal(["300", head["sha256_root_hash"]!.GetValue<string>()], checkpoint.Split('\n')[1..3]);
        Ended scan = (await Certherald.RunAsync("scan", "--log-list", scratch.PathOf("list.json"), "--watch", ".example.com")).With(0);
        Assert.Equal(6, scan.Lines.Length);
        Assert.Equal(130, await program.StopAsync(PosixSignal.SIGINT));
    }

    [Fact]
    public async Task The_demo_shows_every_kind_of_alert_once_and_ends_with_0()
    {
        Ended ended = (await Certherald.RunAsync("demo", "--once")).With(0);

        foreach (string shown in (string[])
            ["sign in    http://127.0.0.1:", "silent     ", "to whoever runs it, once a day: the service lives", "unknown certificate for login.example.com", "its app was told of certificate ",
             "answered 500, 500, 204; each time the key", "(by a wildcard)", "unknown certificate for shop.example.com", "1 alert", "entry that cannot be read: ",
             "ALERT      look-alike: examp1e.com has a certificate, ", "critical incident of Demo log", "Every kind of alert was delivered."])
            Assert.Contains(shown, ended.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("MISSING", ended.Output, StringComparison.Ordinal);
    }
}
