using CertHerald.Fetching;
using CertHerald.Following;
using CertHerald.Storage;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Fetching;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;
using LogProtocol = CertHerald.Transparency.LogLists.LogProtocol;

namespace CertHerald.Tests.Following;

public sealed class CatchUpTests : IAsyncDisposable
{
    private readonly FollowingRig _rig = new(".example.com");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Rule_8_10_what_a_lane_fetched_ahead_takes_no_room_while_another_is_read()
    {
        // Before the requests under way are out of time.
        TimeSpan soon = TimeSpan.FromSeconds(5);
        await using LyingLog log = await LyingLog.StartAsync(LogProtocol.Rfc6962, 6_000);
        FollowedLog followed = _rig.Describe(log.Description);
        LogLane tip = Assert.Single(await _rig.Store.BeginLogAsync(log.Description, Frontier.Empty, Cancellation));
        (_, LogLane middle) = await _rig.Store.SplitLaneAsync(
            tip, log.FrontierAt(1), new LaneTrouble(IncidentKinds.MissingEntry, 0, _rig.Time.GetUtcNow() + soon), "refused", Cancellation);
        await _rig.Store.SplitLaneAsync(middle, log.FrontierAt(5_500), null, "", Cancellation);
        var lowerAsked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var stopped = new TaskCompletionSource();
        log.Lie = async (path, _, _) =>
        {
            if (path.Contains("start=0&", StringComparison.Ordinal))
            {
                lowerAsked.TrySetResult();
                await stopped.Task;
            }
            else if (path.Contains("start=1&", StringComparison.Ordinal))
            {
                await Eventually.HappensAsync(() => _rig.Asking.Memory.Used > 0);
                _rig.Time.Advance(soon);
            }
            return false;
        };
        using (LogReader reader = log.Read()) followed.Saw(await reader.GetHeadAsync(Cancellation), _rig.Time.GetUtcNow());
        using CatchUp catchUp = _rig.CatchUp(followed);
        using var stop = new CancellationTokenSource();

        Task catching = catchUp.RunAsync(stop.Token);
        await lowerAsked.Task.WaitAsync(TimeSpan.FromMinutes(1), Cancellation);

        await Eventually.HappensAsync(() => _rig.Asking.Memory.Used == 0);
        await stop.CancelAsync();
        stopped.SetResult();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => catching);
    }

    [Fact]
    public async Task Rule_8_7_lanes_that_nobody_can_read_in_time_become_one_and_none_of_their_entries_is_lost_or_told_twice()
    {
        const int lanes = 70, each = 4, oneIn = 20;
        using var ca = new TestCa();
        await using LyingLog log = await LyingLog.StartAsync(LogProtocol.Rfc6962, 0);
        byte[][] other = [.. ca.Issue("a.example.org").Chain];
        for (int i = 0; i < lanes * each; i++) log.Log.AddChain(i % oneIn == 7 ? ca.Issue(Some.Numbered("n", i) + ".example.com").Chain : other);
        log.Log.Publish();
        FollowedLog followed = _rig.Describe(log.Description);
        LogLane tip = Assert.Single(await _rig.Store.BeginLogAsync(log.Description, Frontier.Empty, Cancellation));
        followed.StandsAt(tip);
        // Each time the log has grown beyond reach.
        using LaneReader reader = _rig.ReadLane(followed, RequestPriority.Tip);
        for (ulong size = each; size <= lanes * each; size += each)
        {
            VerifiedHead head = log.SignHead(size, log.FrontierAt(size).Root());
            followed.Saw(head, _rig.Time.GetUtcNow());
            // One was read already, as that of a lane behind which another failed.
            if (size == 5 * each) tip = await reader.StepAsync(tip, head, _rig.Time.GetUtcNow(), Cancellation);
            else tip = await reader.OpenTipAsync(tip, head, Cancellation);
            Assert.True(size == 5 * each || tip.Start.Value == size);
        }
        Assert.True(followed.Standing.Lanes.Count > LaneReader.MostLanes);
        int most = 0;
        log.Lie = (_, _, _) =>
        {
            most = Math.Max(most, followed.Standing.Lanes.Count);
            return Task.FromResult(false);
        };

        using CatchUp catchUp = _rig.CatchUp(followed);
        using var stop = new CancellationTokenSource();
        Task catching = catchUp.RunAsync(stop.Token);
        await Eventually.HappensAsync(() => followed.Standing.Lanes.Count == 1 || catching.IsCompleted);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => catching);

        Assert.InRange(most, 1, LaneReader.MostLanes / 2);
        LogLane whole = Assert.Single(await _rig.Store.LanesAsync(log.Description.Id, Cancellation));
        Assert.Equal((0UL, LogPosition.At(log.FrontierAt(lanes * each))), (whole.Start.Value, whole.Position));
        Assert.Equal(lanes * each / oneIn, (await _rig.IssuancesAsync()).Count);
        Assert.Equal(lanes * each / oneIn, (await _rig.SightingsAsync()).Count);
        Assert.Equal(lanes * each / oneIn, (await _rig.Store.DeliveriesAsync(new DeliveryFilter { Limit = 100 }, Cancellation)).Count);
    }

    public ValueTask DisposeAsync() => _rig.DisposeAsync();
}
