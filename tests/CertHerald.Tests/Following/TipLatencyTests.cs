using CertHerald.Fetching;
using CertHerald.Following;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Fetching;

namespace CertHerald.Tests.Following;

/// <summary>What is behind delays nothing that is new (ct.md 8.7, 8.8, 11.3; K17). By a clock that stands still but where told.</summary>
public sealed class TipLatencyTests
{
    private const int Growths = 3;

    // The step is short: a timer far away may be that of a request which is only slow on this machine.
    private static readonly TimeSpan HeadInterval = TimeSpan.FromSeconds(5), LongestStep = TimeSpan.FromSeconds(0.5);

    [Fact]
    public async Task K17_ten_million_behind_new_entries_are_read_as_soon_as_when_idle()
    {
        (TimeSpan idle, _) = await LatencyAsync(LogStart.End);
        (TimeSpan busy, ulong caughtUp) = await LatencyAsync(LogStart.Beginning);
        TestContext.Current.TestOutputHelper?.WriteLine($"{Growths} growths: {idle} idle, {busy} while {caughtUp} entries were caught up with");

        Assert.InRange(caughtUp, 10_000UL, 9_000_000UL);
        Assert.InRange(idle, HeadInterval, HeadInterval * (Growths + 1));
        Assert.InRange(busy, TimeSpan.Zero, idle * 1.1);
    }

    /// <summary>How long new entries wait altogether until they are read, and how many older ones are read meanwhile.</summary>
    private static async Task<(TimeSpan Latency, ulong CaughtUp)> LatencyAsync(LogStart start)
    {
        await using UniformLog log = UniformLog.Start(10_000_000, page: 256);
        await using var rig = new FollowingRig(".example.com") { Ceilings = new RateCeilings { Custom = Pacers.FirstRate } };
        FollowedLog followed = rig.Follow(log.Description, start, HeadInterval);
        await UntilReadAsync();
        TimeSpan latency = TimeSpan.Zero;
        ulong before = CaughtUp();
        for (int i = 0; i < Growths; i++)
        {
            log.Grow(100);
            TimeSpan from = rig.Time.Elapsed;
            await UntilReadAsync();
            latency += rig.Time.Elapsed - from;
        }
        Assert.Equal(start == LogStart.End ? 1 : 2, followed.Standing.Lanes.Count);
        Assert.Empty(await rig.Store.IncidentsAsync(10, TestContext.Current.CancellationToken));
        return (latency, CaughtUp() - before);

        ulong CaughtUp() => start == LogStart.End ? 0 : followed.Standing.Position.Value;

        // The clock moves to the next timer whenever nothing has happened for a moment.
        async Task UntilReadAsync()
        {
            var stillness = new Stillness(rig.Asking);
            await Eventually.HappensAsync(() =>
            {
                if (followed.Standing.Tip.Value == log.Size) return true;
                if (!stillness.Look(followed.Standing) || rig.Time.UntilNextTimer is not { } next) return false;
                rig.Time.Advance(next < LongestStep ? next : LongestStep);
                return false;
            });
        }
    }
}
