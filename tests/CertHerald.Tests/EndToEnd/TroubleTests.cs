using System.Net.Http;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Fetching;
using Microsoft.AspNetCore.Http;

namespace CertHerald.Tests.EndToEnd;

/// <summary>One log's or receiver's trouble is its own.</summary>
[Collection(ProgramTests.Name)]
public sealed class TroubleTests
{
    [Fact]
    public async Task Logs_that_are_down_silent_or_talk_nonsense_and_a_receiver_that_hangs_delay_nobody_else()
    {
        await using ServiceRig rig = await ServiceRig.StartAsync();
        var silentAsked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var nonsenseAsked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ScriptedServer silent = await ScriptedServer.StartAsync(async context =>
        {
            silentAsked.TrySetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        await using ScriptedServer nonsense = await ScriptedServer.StartAsync(async context =>
        {
            if (!context.Request.Path.Value!.Contains("checkpoint", StringComparison.Ordinal)) nonsenseAsked.TrySetResult();
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync("{\"tree_size\":-1,\"entries\":[[[\u0000\u001b[2J");
        });
        await using Receiver hanging = Receiver.Start();
        hanging.Default = Receiver.Hang();
        JsonArray logs = rig.Configuration["logs"]!["custom"]!.AsArray();
        logs.Insert(0, Broken("down", new Uri($"http://127.0.0.1:{FreePorts.Next()}/")));
        logs.Insert(0, Broken("silent", silent.Url));
        logs.Insert(0, Broken("nonsense", nonsense.Url));
        JsonArray webhooks = rig.Configuration["webhooks"]!.AsArray();
        webhooks.Insert(0, ServiceRig.Webhook("hanging", hanging.Url.ToString()));

        await using Certherald program = await rig.RunReadyAsync();
        await silentAsked.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        await nonsenseAsked.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        await program.ErrorLineAsync(line => line.Contains("down: ", StringComparison.Ordinal));
        // More than the lane of a receiver that hangs can hold at once.
        for (int i = 0; i < 12; i++) rig.Log.AddChain(rig.Ca.Issue($"host{i}.example.com").Chain);
        HashSet<string> missing = [.. Enumerable.Range(0, 12).Select(i => $"host{i}.example.com")];
        while (missing.Count > 0) missing.Remove((await rig.Receiver.NextAsync()).Names());
        await hanging.NextAsync();
        await rig.ReadToHeadAsync();

        using var client = new HttpClient();
        string metrics = await client.GetStringAsync(rig.Address + "/metrics", TestContext.Current.CancellationToken);
        Assert.Contains("certherald_log_verified_size{log=\"plain\"} 12\n", metrics, StringComparison.Ordinal);
        Assert.Contains("certherald_log_verified_size{log=\"tiled\"} 12\n", metrics, StringComparison.Ordinal);
        Assert.Contains("certherald_log_position{log=\"nonsense\"} 0\n", metrics, StringComparison.Ordinal);
        Assert.DoesNotContain("certherald_log_tree_size{log=\"silent\"}", metrics, StringComparison.Ordinal);
        Assert.Equal(12, rig.Receiver.Requests.Count);
        Assert.All(program.Errors, line => Assert.DoesNotContain('\u001b', line));
    }

    [Fact]
    public async Task With_nowhere_to_write_its_log_to_the_program_delivers_all_the_same_and_counts_the_lines()
    {
        if (!OperatingSystem.IsLinux()) Assert.Skip("only Linux has a device that is always full");
        await using ServiceRig rig = await ServiceRig.StartAsync();
        rig.Receiver.Then(Receiver.Answer(200), Receiver.Answer(500));
        await using Certherald program = Certherald.StartOther(
            "/bin/sh", "-c", "exec \"$0\" \"$@\" 2> /dev/full", Certherald.Path, "run", "--config", rig.WriteConfiguration());

        for (int i = 0; i < 3; i++)
        {
            rig.Log.AddChain(rig.Ca.Issue($"host{i}.example.com").Chain);
            Assert.Equal($"host{i}.example.com", (await rig.Receiver.NextAsync()).Names());
        }
        using var client = new HttpClient();
        string metrics = await client.GetStringAsync(rig.Address + "/metrics", TestContext.Current.CancellationToken);
        Assert.DoesNotContain("certherald_log_lines_lost_total 0\n", metrics, StringComparison.Ordinal);
        Assert.Contains("certherald_log_lines_lost_total ", metrics, StringComparison.Ordinal);
        Assert.Equal(143, await program.StopAsync());
    }

    [Fact]
    public async Task A_log_that_rewrites_an_entry_is_called_a_liar_and_its_certificates_are_alerted_all_the_same()
    {
        await using ServiceRig rig = await ServiceRig.StartAsync(new LogOptions());
        for (int i = 0; i < 5; i++) rig.Log.AddChain(rig.Ca.Issue($"host{i}.example.com").Chain);
        rig.Log.Publish();
        rig.Configuration["logs"]!["custom"]!.AsArray().RemoveAt(1);
        rig.Front.FlipFirstLeaf();

        await using Certherald program = await rig.RunReadyAsync();
        HashSet<string> missing = [.. Enumerable.Range(0, 5).Select(i => $"host{i}.example.com")];
        while (missing.Count > 0) missing.Remove((await rig.Receiver.NextAsync()).Names());

        Assert.Equal(143, await program.StopAsync());
        Assert.Equal(5, rig.Receiver.Requests.Select(request => request.Key).Distinct().Count());
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={Path.Combine(rig.Data, "certherald.db")};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using Microsoft.Data.Sqlite.SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT group_concat(DISTINCT kind) || (SELECT COUNT(*) FROM sighting WHERE proven) FROM incident";
        Assert.Equal("root_mismatch0", command.ExecuteScalar());
    }

    private static JsonObject Broken(string description, Uri url)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new JsonObject { ["description"] = description, ["key"] = Convert.ToBase64String(key.ExportSubjectPublicKeyInfo()), ["url"] = url.ToString(), ["head_interval"] = "200ms" };
    }
}
