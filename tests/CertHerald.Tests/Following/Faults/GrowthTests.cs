using CertHerald.Fetching;
using CertHerald.Storage;
using LogProtocol = CertHerald.Transparency.LogLists.LogProtocol;

namespace CertHerald.Tests.Following.Faults;

/// <summary>F41: a log that grows faster than it lets itself be read (ct.md 8.7, K18).</summary>
public sealed class GrowthTests : FaultTests
{
    private const ulong PerSecond = 400, Behind = 1_000;

    [Theory]
    [InlineData(LogProtocol.Rfc6962, "page=64")]
    [InlineData(LogProtocol.StaticCt, "page=64")]
    public async Task F41_K18_a_log_that_outgrows_what_may_be_read_is_followed_at_its_head_in_bounded_memory(LogProtocol protocol, string fault)
    {
        await using FaultRun run = await FaultRun.StartAsync(protocol, [fault], behind: Behind);
        await run.ReachHeadAsync();
        run.Log.Misbehave($"grow={PerSecond}", "rate=1/1,on=entries");
        ulong? before = null;
        long most = 0;
        for (int round = 1; round <= 6; round++)
        {
            TimeSpan until = run.Time.Elapsed + TimeSpan.FromSeconds(10);
            ulong farthest = 0;
            await run.UntilAsync(() =>
            {
                most = Math.Max(most, run.Rig.Asking.Memory.Used);
                farthest = Math.Max(farthest, run.Standing.Largest!.Size.Value - Math.Min(run.Standing.Largest.Size.Value, run.Standing.Tip.Value));
                return run.Time.Elapsed >= until;
            });
            TestContext.Current.TestOutputHelper?.WriteLine($"{run.Time.Elapsed}: head {run.Standing.Largest!.Size}, tip {run.Standing.Tip}, {run.Standing.Lanes.Count} lanes, backlog {run.Standing.Backlog}, farthest {farthest}, {most} bytes");
            // The tip stands as near as it may; what it left behind grows.
            Assert.InRange(farthest, 0UL, Behind + 10 * PerSecond);
            if (before is not null) Assert.True(run.Standing.Backlog > before);
            before = run.Standing.Backlog;
        }
        Assert.InRange(most, 1, FetchMemory.MostOfLog);

        run.Log.Behave();
        await run.ReachHeadAsync();
        Assert.InRange(run.Rig.Asking.Memory.Used, 0, FetchMemory.MostOfLog / 4);
        await run.AlertsAreThoseOfAnHonestLogAsync();
        await run.IncidentsAreAsync();
    }
}
