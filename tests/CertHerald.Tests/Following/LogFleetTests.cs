using CertHerald.Fetching;
using CertHerald.Following;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Fetching;
using Microsoft.Extensions.Logging.Abstractions;
using ChosenLogOptions = CertHerald.Fetching.LogOptions;
using LogProtocol = CertHerald.Transparency.LogLists.LogProtocol;

namespace CertHerald.Tests.Following;

/// <summary>Several logs at once, over real HTTP.</summary>
public sealed class LogFleetTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_log_that_is_down_or_speaks_garbage_disturbs_no_other()
    {
        await using LyingLog good = await LyingLog.StartAsync(LogProtocol.Rfc6962, 300), alsoGood = await LyingLog.StartAsync(LogProtocol.StaticCt, 300), unsigned = await LyingLog.StartAsync(LogProtocol.Rfc6962, 300);
        await using ScriptedServer garbage = await ScriptedServer.AnsweringAsync(200, "text/html", "<html>maintenance</html>"u8.ToArray());
        unsigned.Lie = async (path, context, body) =>
        {
            if (!path.EndsWith("get-sth", StringComparison.Ordinal)) return false;
            await context.Response.Body.WriteAsync(System.Text.Encoding.UTF8.GetBytes(System.Text.Encoding.UTF8.GetString(body).Replace("\"tree_size\":300", "\"tree_size\":301", StringComparison.Ordinal)));
            return true;
        };
        await using var fleet = await StartAsync(new ChosenLogOptions
        {
            Lists = [],
            Start = LogStart.Beginning,
            Custom =
            [
                Custom("down", new SigningKey().Public.Spki, "http://127.0.0.1:1/"), Custom("garbage", new SigningKey().Public.Spki, garbage.Url.AbsoluteUri),
                Custom("unsigned", unsigned.Log.Rfc6962Key.Spki, unsigned.Description.Url.AbsoluteUri), Custom("good", good.Log.Rfc6962Key.Spki, good.Description.Url.AbsoluteUri),
                Custom("tiled", alsoGood.Log.StaticCtKey.Spki, null) with { MonitoringUrl = alsoGood.Description.Url.AbsoluteUri, SubmissionUrl = alsoGood.Description.SubmissionUrl!.AbsoluteUri },
            ],
        });

        await fleet.WaitAsync(logs => logs.Count == 5 && logs["good"].Proven.Value == 300 && logs["tiled"].Proven.Value == 300
            && logs["down"].Error is not null && logs["garbage"].Error is not null && logs["unsigned"].Error is not null);

        Assert.Contains("signature", fleet.Standings["unsigned"].Error, StringComparison.Ordinal);
        Assert.All(["down", "garbage", "unsigned"], name => Assert.Equal((FollowState.Failing, 0UL), (fleet.Standings[name].State, fleet.Standings[name].Position.Value)));
        Assert.All(["good", "tiled"], name => Assert.Equal((FollowState.Following, null), (fleet.Standings[name].State, fleet.Standings[name].Error)));
        Assert.Equal(2, (await fleet.Rig.Store.LogsAsync(Cancellation)).Count);
    }

    [Fact]
    public async Task A_log_that_was_down_is_followed_when_it_is_back()
    {
        await using LyingLog log = await LyingLog.StartAsync(LogProtocol.Rfc6962, 300);
        bool isDown = true;
        log.Lie = (path, context, _) =>
        {
            if (!Volatile.Read(ref isDown) || !path.Contains("get-entries", StringComparison.Ordinal)) return Task.FromResult(false);
            context.Response.StatusCode = 503;
            return Task.FromResult(true);
        };
        await using var fleet = await StartAsync(new ChosenLogOptions { Lists = [], Start = LogStart.Beginning, Custom = [Custom("log", log.Log.Rfc6962Key.Spki, log.Description.Url.AbsoluteUri)] });
        await fleet.WaitAsync(logs => logs.Count == 1 && logs["log"].State == FollowState.Failing);

        Volatile.Write(ref isDown, false);
        await fleet.WaitAsync(logs => logs.Count == 1 && logs["log"].Proven.Value == 300);

        Assert.Equal(FollowState.Following, fleet.Standings["log"].State);
        Assert.Empty(fleet.Fleet.Stalled);
    }

    [Fact]
    public async Task A_log_without_an_answer_for_fifteen_minutes_is_stalled_and_says_so()
    {
        var time = new ManualTime();
        await using var fleet = await StartAsync(new ChosenLogOptions { Lists = [], Custom = [Custom("down", new SigningKey().Public.Spki, "http://127.0.0.1:1/")] }, time);
        await fleet.WaitAsync(logs => logs.TryGetValue("down", out LogStanding? standing) && standing.Error is not null);
        Assert.Empty(fleet.Fleet.Stalled);

        time.Advance(LogFleet.StallsAfter);
        Assert.Empty(fleet.Fleet.Stalled);
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal("down", Assert.Single(fleet.Fleet.Stalled).Log.Description);
    }

    [Fact]
    public async Task Rule_8_9_after_a_head_that_came_a_failure_is_a_first_one()
    {
        await using LyingLog log = await LyingLog.StartAsync(LogProtocol.Rfc6962, 10);
        int heads = 0;
        log.Lie = (path, context, _) =>
        {
            if (!path.EndsWith("get-sth", StringComparison.Ordinal) || Interlocked.Increment(ref heads) % 2 == 1) return Task.FromResult(false);
            context.Response.StatusCode = 500;
            return Task.FromResult(true);
        };
        var time = new ManualTime();
        await using var fleet = await StartAsync(new ChosenLogOptions { Lists = [], Start = LogStart.Beginning, Custom = [Custom("log", log.Log.Rfc6962Key.Spki, log.Description.Url.AbsoluteUri)] }, time);

        var stillness = new Stillness(fleet.Rig.Asking, 4);
        await Eventually.HappensAsync(() =>
        {
            if (stillness.Look() && time.UntilNextTimer is { } next) time.Advance(next < TimeSpan.FromSeconds(5) ? next : TimeSpan.FromSeconds(5));
            return Volatile.Read(ref heads) >= 40;
        });

        // Twenty failures, each waited for like a first one, for up to a second. In a row they would take an hour.
        Assert.InRange(time.Elapsed, TimeSpan.Zero, TimeSpan.FromMinutes(5));
    }

    [Fact]
    public async Task Logs_come_from_a_list_and_its_absence_is_said_until_it_is_there()
    {
        await using var log = new Log();
        for (int i = 0; i < 10; i++) log.AddEntry(LyingLog.LeafInput(i), [0, 0, 0]);
        log.Publish();
        await using LogServer server = await LogServer.StartAsync(log, cancellation: Cancellation);
        string list = Path.Combine(Directory.CreateTempSubdirectory("certherald-list-").FullName, "list.json");
        await using var fleet = await StartAsync(new ChosenLogOptions { Lists = [LogListOptions.At(list)], Start = LogStart.Beginning, States = ["usable", "qualified", "pending", "test"] }, TimeProvider.System, list);
        await fleet.WaitAsync(_ => fleet.Fleet.ListProblem?.Contains(Path.GetFileName(list), StringComparison.Ordinal) == true);
        Assert.Empty(fleet.Fleet.Logs);

        await File.WriteAllBytesAsync(list, server.LogList(), Cancellation);
        await fleet.WaitAsync(logs => logs.Count == 2 && logs.Values.All(standing => standing.Proven.Value == 10));

        Assert.Null(fleet.Fleet.ListProblem);
        Directory.Delete(Path.GetDirectoryName(list)!, recursive: true);
    }

    private static CustomLogOptions Custom(string name, ReadOnlyMemory<byte> spki, string? url) =>
        new() { Description = name, Key = Convert.ToBase64String(spki.Span), Url = url, HeadInterval = TimeSpan.FromMilliseconds(200) };

    private static async Task<RunningFleet> StartAsync(ChosenLogOptions options, TimeProvider? time = null, params string[] lists)
    {
        // Real time unless told: several followers at once wait for real sockets.
        time ??= TimeProvider.System;
        var rig = new FollowingRig(time, ".example.com");
        var fleet = new LogFleet(
            options, [.. lists.Select(list => rig.Asking.Sources.List(LogListOptions.At(list), Path.GetTempPath()))], rig.Store, log => rig.Follower(log, options.Start), rig.CatchUp, rig.BackFiller, time, rig.Meter, NullLogger<LogFleet>.Instance);
        await fleet.StartAsync(Cancellation);
        return new RunningFleet(rig, fleet);
    }

    private sealed class RunningFleet(FollowingRig rig, LogFleet fleet) : IAsyncDisposable
    {
        public FollowingRig Rig { get; } = rig;

        public LogFleet Fleet { get; } = fleet;

        public Dictionary<string, LogStanding> Standings => Fleet.Logs.ToDictionary(log => LogSources.NameOf(log.Log) + (Fleet.Logs.Count(other => other.Log.Description == log.Log.Description) > 1 ? log.Log.Protocol : ""), log => log.Standing);

        public Task WaitAsync(Func<Dictionary<string, LogStanding>, bool> comesAbout) => Eventually.HappensAsync(() => comesAbout(Standings));

        public async ValueTask DisposeAsync()
        {
            await Fleet.StopAsync(CancellationToken.None);
            Fleet.Dispose();
            await Rig.DisposeAsync();
        }
    }
}
