using CertHerald.Fetching;
using CertHerald.Following;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Fetching;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;

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

    public ValueTask DisposeAsync() => _rig.DisposeAsync();
}
