using CertHerald.Storage;
using LogProtocol = CertHerald.Transparency.LogLists.LogProtocol;

namespace CertHerald.Tests.Following.Faults;

/// <summary>F41: a log that grows faster than it lets itself be read (ct.md 8.7).</summary>
public sealed class GrowthTests : FaultTests
{
    /// <summary>At best 64 entries a second may be read of the one, 256 of the other. What becomes of many lanes is tested by itself.</summary>
    [Theory]
    [InlineData(LogProtocol.Rfc6962, 4, 100, 400)]
    [InlineData(LogProtocol.StaticCt, 1, 400, 1_000)]
    public async Task F41_a_log_that_outgrows_what_may_be_read_is_followed_at_its_head(LogProtocol protocol, int rate, int growth, ulong behind)
    {
        await using FaultRun run = await FaultRun.StartAsync(protocol, ["page=16"], behind: behind);
        await run.ReachHeadAsync();
        run.Log.Misbehave($"grow={growth}", $"rate={rate}/1,on=entries");
        var published = new Queue<(ulong Size, TimeSpan At)>();
        TimeSpan longest = TimeSpan.Zero;
        ulong? backlog = null;
        for (int round = 0; round < 2; round++)
        {
            TimeSpan until = run.Time.Elapsed + TimeSpan.FromSeconds(12);
            await run.UntilAsync(() =>
            {
                TimeSpan now = run.Time.Elapsed;
                published.Enqueue((run.Log.Head.Size.Value, now));
                while (published.TryPeek(out (ulong Size, TimeSpan) oldest) && oldest.Size <= run.Standing.Tip.Value) published.Dequeue();
                if (published.TryPeek(out (ulong, TimeSpan At) unread) && now - unread.At > longest) longest = now - unread.At;
                // The clock does not wait for this machine: how much of its due the log could give by now is not sure, only what comes of it.
                return now >= until && run.Standing.Lanes.Count >= 2 && (backlog is null || Unread() > backlog);
            });
            TestContext.Current.TestOutputHelper?.WriteLine($"{run.Time.Elapsed}: log {run.Log.Head.Size}, tip {run.Standing.Tip}, {run.Standing.Lanes.Count} lanes, unread {Unread()}, longest {longest}");
            Assert.InRange(run.Standing.Lanes.Count, 1, 60);
            backlog = Unread();
        }
        // What is behind has grown, and the tip did not fall behind with it.
        Assert.InRange(longest, TimeSpan.Zero, TimeSpan.FromSeconds(40));

        run.Log.Behave();
        await run.ReachHeadAsync();
        await run.AlertsAreThoseOfAnHonestLogAsync();
        await run.IncidentsAreAsync();

        ulong Unread() => run.Log.Head.Size.Value - (ulong)run.Followed.Entries;
    }
}
