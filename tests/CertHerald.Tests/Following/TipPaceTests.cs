using CertHerald.Fetching;
using CertHerald.Following;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Fetching;
using CertHerald.Transparency.LogLists;

namespace CertHerald.Tests.Following;

/// <summary>When a follower asks, over hours that pass at once: K16, ct.md 8.4, 8.5 and 8.7.</summary>
public sealed class TipPaceTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(LogProtocol.Rfc6962)]
    [InlineData(LogProtocol.StaticCt)]
    public async Task K16_Rule_8_5_what_a_log_publishes_is_read_within_the_budget(LogProtocol protocol)
    {
        await using LyingLog log = await LyingLog.StartAsync(protocol, 300);
        log.Lie = (path, context, _) =>
        {
            if (IsHead(path)) context.Response.Headers.CacheControl = "max-age=5";
            return Task.FromResult(false);
        };
        await using var rig = new FollowingRig(".example.com");
        var followed = new FollowedLog(new ChosenLog(log.Description, IsCustom: true, HeadInterval: null), rig.Time);
        using LogFollower follower = rig.Follower(followed, LogStart.End);
        using var stop = new CancellationTokenSource();
        Task run = follower.RunAsync(stop.Token);
        await PassAsync(rig, () => followed.Standing.Tip.Value == 300);

        for (int i = 0; i < 12; i++)
        {
            // Not in step with the polls.
            TimeSpan at = rig.Time.Elapsed + TimeSpan.FromSeconds(0.7 + i * 1.3 % 5);
            await PassAsync(rig, () => rig.Time.Elapsed >= at);
            log.Log.AddEntry(LyingLog.LeafInput(300 + i), [0, 0, 0]);
            log.Log.Publish();
            TimeSpan published = rig.Time.Elapsed;

            await PassAsync(rig, () => followed.Standing.Tip.Value == 301UL + (ulong)i);

            // A poll, reading, and the commit; of each, the most that there may be.
            Assert.InRange(rig.Time.Elapsed - published, TimeSpan.Zero, TimeSpan.FromSeconds(5 + 2 + 1));
        }
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
    }

    [Fact]
    public async Task Rule_8_4_after_a_failure_the_head_is_asked_for_no_sooner_than_after_an_answer()
    {
        await using LyingLog log = await LyingLog.StartAsync(LogProtocol.Rfc6962, 300);
        bool refusesHeads = false;
        log.Lie = (path, context, _) =>
        {
            if (IsHead(path) && !Volatile.Read(ref refusesHeads))
            {
                context.Response.Headers.CacheControl = "max-age=20";
                return Task.FromResult(false);
            }
            context.Response.StatusCode = 500;
            return Task.FromResult(true);
        };
        await using var rig = new FollowingRig(".example.com");
        var followed = new FollowedLog(new ChosenLog(log.Description, IsCustom: true, HeadInterval: null), rig.Time);
        using LogFollower follower = rig.Follower(followed, LogStart.Beginning);

        // The entries fail: meanwhile the head stays good for as long as the log says.
        for (int second = 0; second < 20; second += 2)
        {
            await Assert.ThrowsAnyAsync<LogUnavailableException>(() => follower.RunAsync(Cancellation));
            rig.Time.Advance(TimeSpan.FromSeconds(2));
        }
        Assert.Equal(1, Heads());
        await Assert.ThrowsAnyAsync<LogUnavailableException>(() => follower.RunAsync(Cancellation));
        Assert.Equal(2, Heads());

        // The head itself fails.
        Volatile.Write(ref refusesHeads, true);
        rig.Time.Advance(TimeSpan.FromSeconds(20));
        await Assert.ThrowsAnyAsync<LogUnavailableException>(() => follower.RunAsync(Cancellation));
        Assert.Equal(3, Heads());
        rig.Time.Advance(TimeSpan.FromSeconds(1));
        Task again = follower.RunAsync(Cancellation);
        await rig.Time.WaitForTimerAsync(TimeSpan.FromSeconds(4));
        Assert.Equal(3, Heads());
        rig.Time.Advance(TimeSpan.FromSeconds(4));
        await Assert.ThrowsAnyAsync<LogUnavailableException>(() => again);
        Assert.Equal(4, Heads());

        int Heads() => log.Requests.Count(IsHead);
    }

    [Fact]
    public async Task Rule_8_7_a_log_that_grows_at_every_look_is_not_behind()
    {
        await using LyingLog log = await LyingLog.StartAsync(LogProtocol.Rfc6962, 300);
        await using var rig = new FollowingRig(".example.com");
        FollowedLog followed = rig.Follow(log.Description, LogStart.Beginning, TimeSpan.FromMinutes(1));
        await PassAsync(rig, () => followed.Standing.Tip.Value == 300, interval: TimeSpan.FromMinutes(1));

        for (int i = 300; i < 315; i++)
        {
            log.Log.AddEntry(LyingLog.LeafInput(i), [0, 0, 0]);
            log.Log.Publish();
            await PassAsync(rig, () => followed.Standing.Tip.Value == (ulong)i + 1, interval: TimeSpan.FromMinutes(1));
            // No proof of another place to begin was asked for.
            Assert.DoesNotContain(log.Requests, path => path.Contains("get-sth-consistency", StringComparison.Ordinal));
        }
        Assert.Single(followed.Standing.Lanes);
    }

    private static bool IsHead(string path) => path.EndsWith("get-sth", StringComparison.Ordinal) || path.EndsWith("checkpoint", StringComparison.Ordinal);

    /// <summary>
    /// Lets the clock run, to the next timer, whenever nothing has happened for a moment. A follower that waits has one for its next
    /// look at the head: without one it is at work, however long that takes here.
    /// </summary>
    /// <param name="interval">At which it looks; null for five seconds.</param>
    private static Task PassAsync(FollowingRig rig, Func<bool> comesAbout, TimeSpan? interval = null)
    {
        var stillness = new Stillness(rig.Asking, 4);
        return Eventually.HappensAsync(() =>
        {
            if (comesAbout()) return true;
            if (!stillness.Look() || rig.Time.UntilNextTimer is not { } next || next > (interval ?? TimeSpan.FromSeconds(5))) return false;
            rig.Time.Advance(next < TimeSpan.FromSeconds(5) ? next : TimeSpan.FromSeconds(5));
            return false;
        });
    }
}
