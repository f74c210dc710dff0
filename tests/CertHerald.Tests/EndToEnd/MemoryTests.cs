using System.Globalization;
using System.Text.Json.Nodes;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.EndToEnd;

/// <summary>What the whole process takes, whatever logs do (K18).</summary>
[Collection(ProgramTests.Name)]
public sealed class MemoryTests
{
    private const ulong Size = 5_000;

    /// <summary>
    /// As docs/operating.md has it: the memory of all logs, one large answer, the program, and what is not collected yet. Thirty
    /// gigabytes come and go meanwhile: what stayed of each, a hundredth even, would not fit in.
    /// </summary>
    private const long Most = 512L << 20;

    [Fact]
    public async Task K18_the_process_stays_small_while_logs_send_gigabytes_or_outgrow_what_may_be_read()
    {
        await using ServiceRig rig = await ServiceRig.StartAsync(new LogOptions());
        rig.Log.AddCorpus(new SyntheticCorpus(new SyntheticCorpusOptions()).Entries(new EntryIndex(0), Size));
        rig.Log.Publish();
        rig.Log.Misbehave("bomb=body,on=entries,times=30");
        await using var growing = new Log();
        growing.AddCorpus(new SyntheticCorpus(new SyntheticCorpusOptions()).Entries(new EntryIndex(0), 1_000));
        growing.Publish();
        await using LogServer growingServer = await LogServer.StartAsync(growing, null, TestContext.Current.CancellationToken);
        growing.Misbehave("page=64", "grow=1000", "rate=4/1,on=entries");
        JsonObject outgrows = ServiceRig.Rfc6962Of(growing, growingServer.Url);
        outgrows["description"] = "growing";
        // Not by way of a front, which would take the gigabytes itself.
        rig.Configuration["logs"]!["custom"] = new JsonArray(
            ServiceRig.Rfc6962Of(rig.Log, rig.Server.Url), ServiceRig.StaticCtOf(rig.Server, rig.Server.MonitoringUrl), outgrows);
        await using Certherald program = await rig.RunReadyAsync();

        using var client = new HttpClient();
        await Eventually.HappensAsync(async () =>
        {
            string metrics = await client.GetStringAsync(rig.Address + "/metrics", TestContext.Current.CancellationToken);
            return Metric(metrics, "certherald_log_verified_size{log=\"plain\"}") == Size
                && Metric(metrics, "certherald_log_verified_size{log=\"tiled\"}") == Size
                && Metric(metrics, "certherald_entries_total{log=\"growing\"}") > 1_000;
        });

        TestContext.Current.TestOutputHelper?.WriteLine($"{program.PeakMemory >> 20} MiB at most");
        Assert.InRange(program.PeakMemory, 1, Most);
    }

    private static double? Metric(string metrics, string series) =>
        metrics.Split('\n').FirstOrDefault(line => line.StartsWith(series + " ", StringComparison.Ordinal)) is { } line
            ? double.Parse(line[(series.Length + 1)..], CultureInfo.InvariantCulture)
            : null;
}
