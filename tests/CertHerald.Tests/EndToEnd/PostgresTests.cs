using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.EndToEnd;

/// <summary>The program over PostgreSQL, on one node and on two.</summary>
[Collection(ProgramTests.Name)]
public sealed class PostgresTests
{
    [Fact]
    public async Task Over_PostgreSQL_a_certificate_is_alerted_once_and_when_its_node_ends_another_goes_on()
    {
        string database = await PostgresServer.NewDatabaseAsync();
        using var scratch = new Scratch();
        await using ServiceRig rig = await ServiceRig.StartAsync();
        rig.Configuration["store"] = $"file:{scratch.Write("store", database)}";

        Certherald first = await rig.RunReadyAsync();
        rig.Log.AddChain(rig.Ca.Issue("one.example.com").Chain);
        Received one = await rig.Receiver.NextAsync();

        // The other node: its own directory and address, the same database.
        rig.Configuration["data"] = scratch.PathOf("second");
        rig.Configuration["listen"] = $"http://127.0.0.1:{FreePorts.Next()}";
        await using Certherald second = await rig.RunReadyAsync();
        Assert.Equal(143, await first.StopAsync());
        rig.Log.AddChain(rig.Ca.Issue("two.example.com").Chain);
        Received two = await rig.Receiver.NextAsync();
        await rig.ReadToHeadAsync();
        await rig.ReadToHeadAsync();
        Assert.Equal(143, await second.StopAsync());

        Assert.Equal(("one.example.com", "two.example.com"), (one.Names(), two.Names()));
        Assert.Equal(2, rig.Receiver.Requests.Count);
        Assert.Contains(second.Errors, line => line.Contains("is followed by this node now", StringComparison.Ordinal));
        await first.DisposeAsync();
    }

    [Fact]
    public async Task A_database_that_is_not_there_ends_the_start_and_no_line_shows_the_password()
    {
        await using ServiceRig rig = await ServiceRig.StartAsync();
        rig.Configuration["store"] = $"Host=127.0.0.1;Port={FreePorts.Next()};Database=none;Username=nobody;Password=canary";

        await using Certherald program = rig.Run();
        await program.ErrorLineAsync(line => line.Contains("the PostgreSQL database cannot be opened", StringComparison.Ordinal));

        Assert.All(program.Errors, line => Assert.DoesNotContain("canary", line, StringComparison.Ordinal));
    }
}
