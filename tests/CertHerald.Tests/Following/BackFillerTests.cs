using CertHerald.Following;
using CertHerald.Storage;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Fetching;
using CertHerald.Transparency.LogLists;
using LogProtocol = CertHerald.Transparency.LogLists.LogProtocol;

namespace CertHerald.Tests.Following;

/// <summary>Searches of the past (ct.md 11.2), over real HTTP.</summary>
public sealed class BackFillerTests : IAsyncDisposable
{
    private readonly FollowingRig _rig = new(".watched.example");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(LogProtocol.Rfc6962)]
    [InlineData(LogProtocol.StaticCt)]
    public async Task What_is_watched_since_later_is_found_in_the_past_and_only_that(LogProtocol protocol)
    {
        await using LyingLog log = await GrowAsync(protocol, ("old.new.example", -100), ("a.new.example", -10), ("b.watched.example", -5), ("c.new.example", -1));
        FollowedLog followed = await _rig.FollowToAsync(log.Description, 4, Start("end"));
        BackFill search = await _rig.Store.AddBackFillAsync([".new.example"], Now.AddDays(-50), [log.Description.Id], Cancellation);
        Assert.False(search.IsDone);

        search = await SearchAsync(followed);

        Assert.Equal(["a.new.example", "c.new.example"], (await _rig.IssuancesAsync()).Select(one => one.Certificate.DnsNames[0]));
        Assert.All(await _rig.SightingsAsync(), sighting => Assert.True(sighting.Proven));
        Assert.Equal((1UL, 4UL), (Assert.Single(search.Lanes).Lane.Start.Value, search.Lanes[0].Lane.Until!.Value.Value));
        // How the log stands says nothing of it.
        Assert.Equal(4UL, Assert.Single(followed.Standing.Lanes).Start.Value);
        Assert.Equal(4UL, Assert.Single(await _rig.Store.LanesAsync(log.Description.Id, Cancellation)).Start.Value);
    }

    [Fact]
    public async Task A_paused_search_rests_and_a_removed_one_is_forgotten_and_a_restart_goes_on_where_it_was()
    {
        await using LyingLog log = await GrowAsync(LogProtocol.Rfc6962, ("a.new.example", -10), ("b.new.example", -9));
        FollowedLog followed = await _rig.FollowToAsync(log.Description, 2, Start("end"));
        BackFill paused = await _rig.Store.AddBackFillAsync([".new.example"], Now.AddDays(-50), [log.Description.Id], Cancellation);
        Assert.True(await _rig.Store.PauseBackFillAsync(paused.Id, true, Cancellation));
        BackFill other = await _rig.Store.AddBackFillAsync(["b.new.example"], Now.AddDays(-50), [log.Description.Id], Cancellation);

        await SearchAsync(followed);
        Assert.Equal(["b.new.example"], (await _rig.IssuancesAsync()).Select(one => one.Certificate.DnsNames[0]));
        Assert.Empty((await FindAsync(paused.Id)).Lanes);
        Assert.True(await _rig.Store.RemoveBackFillAsync(other.Id, Cancellation));
        Assert.False(await _rig.Store.RemoveBackFillAsync(other.Id, Cancellation));
        Assert.False(await _rig.Store.PauseBackFillAsync(other.Id, false, Cancellation));

        await _rig.RestartAsync();
        Assert.True(await _rig.Store.PauseBackFillAsync(paused.Id, false, Cancellation));
        await SearchAsync(followed);
        Assert.Equal(["b.new.example", "a.new.example"], (await _rig.IssuancesAsync()).Select(one => one.Certificate.DnsNames[0]));
    }

    [Fact]
    public async Task A_search_leaves_behind_what_the_log_refuses_and_comes_back_for_it()
    {
        (string, int)[] entries = [.. Enumerable.Range(0, 40).Select(i => ($"n{i}.new.example", -10))];
        await using LyingLog log = await GrowAsync(LogProtocol.Rfc6962, entries);
        FollowedLog followed = await _rig.FollowToAsync(log.Description, 40, Start("end"));
        bool refuses = true;
        log.Lie = (path, context, _) =>
        {
            System.Text.RegularExpressions.Match range = System.Text.RegularExpressions.Regex.Match(path, @"get-entries\?start=(\d+)&end=(\d+)");
            bool refused = Volatile.Read(ref refuses) && range.Success && int.Parse(range.Groups[1].Value, null) <= 20 && int.Parse(range.Groups[2].Value, null) >= 20;
            if (refused) context.Response.StatusCode = 500;
            return Task.FromResult(refused);
        };
        await _rig.Store.AddBackFillAsync([".new.example"], Now.AddDays(-50), [log.Description.Id], Cancellation);

        using BackFiller filler = _rig.BackFiller(followed);
        for (int tries = 0; (await _rig.IssuancesAsync()).Count < 39; tries++)
        {
            // On a busy machine the clock may overtake requests that are under way: they fail, and are asked again.
            Assert.InRange(tries, 0, 1_000);
            try
            {
                await SearchAsync(followed, filler);
            }
            catch (CertHerald.Fetching.LogUnavailableException)
            {
                // As the fleet does: again, after a while.
            }
            _rig.Time.Advance(TimeSpan.FromSeconds(40));
        }
        Assert.Equal("missing_entry", Assert.Single(await _rig.Store.IncidentsAsync(10, Cancellation)).Kind);

        Volatile.Write(ref refuses, false);
        _rig.Time.Advance(TimeSpan.FromMinutes(1));
        BackFill search = await SearchAsync(followed);
        Assert.Equal(40, (await _rig.IssuancesAsync()).Count);
        Assert.Single(search.Lanes);
        Assert.NotNull(Assert.Single(await _rig.Store.IncidentsAsync(10, Cancellation)).Closed);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Rule_9_2_what_a_search_found_is_proven_later_if_the_log_gave_no_proof_at_first_or_the_process_died_before_it(bool restarts)
    {
        await using LyingLog log = await GrowAsync(LogProtocol.Rfc6962, ("a.new.example", -10), ("b.new.example", -9), ("c.new.example", -8));
        FollowedLog followed = await _rig.FollowToAsync(log.Description, 3, Start("end"));
        BackFill search = await _rig.Store.AddBackFillAsync([".new.example"], Now.AddDays(-50), [log.Description.Id], Cancellation);
        // Begun under an earlier head.
        await _rig.Store.BeginBackFillAsync(search.Id, log.Description.Id, CertHerald.Transparency.Merkle.Frontier.Empty, new CertHerald.Transparency.Merkle.TreeSize(2), Cancellation);
        int asked = 0;
        log.Lie = (path, context, _) =>
        {
            if (!path.Contains("get-sth-consistency", StringComparison.Ordinal)) return Task.FromResult(false);
            Interlocked.Increment(ref asked);
            context.Response.StatusCode = 500;
            return Task.FromResult(true);
        };
        BackFiller filler = _rig.BackFiller(followed);
        using var stop = new CancellationTokenSource();
        Task searching = filler.RunAsync(stop.Token);
        await Eventually.HappensAsync(() => Volatile.Read(ref asked) > 0);
        Assert.False((await FindAsync(search.Id)).IsDone);
        Assert.Equal([false, false], (await _rig.SightingsAsync()).Select(sighting => sighting.Proven));
        if (restarts)
        {
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => searching);
            filler.Dispose();
            await _rig.RestartAsync();
            log.Lie = (_, _, _) => Task.FromResult(false);
            await SearchAsync(followed);
        }
        else
        {
            log.Lie = (_, _, _) => Task.FromResult(false);
            await Eventually.HappensAsync(async () =>
            {
                _rig.Time.Advance(TimeSpan.FromSeconds(30));
                return (await FindAsync(search.Id)).IsDone;
            });
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => searching);
            filler.Dispose();
        }

        Assert.True((await FindAsync(search.Id)).IsDone);
        Assert.Equal([true, true], (await _rig.SightingsAsync()).Select(sighting => sighting.Proven));
    }

    [Theory]
    [InlineData(LogProtocol.Rfc6962)]
    [InlineData(LogProtocol.StaticCt)]
    public async Task F13_a_head_that_was_too_large_once_misleads_no_search(LogProtocol protocol)
    {
        await using LyingLog log = await GrowAsync(protocol, ("a.new.example", -10), ("b.new.example", -9), ("c.new.example", -8));
        FollowedLog followed = await _rig.FollowToAsync(log.Description, 3, Start("end"));
        followed.Saw(log.SignHead(70_000, CertHerald.Transparency.Merkle.MerkleHash.OfLeaf("a lie"u8)), Now);
        BackFill search = await _rig.Store.AddBackFillAsync([".new.example"], Now.AddDays(-50), [log.Description.Id], Cancellation);

        search = await SearchAsync(followed);

        Assert.True(search.IsDone);
        Assert.Equal(3UL, Assert.Single(search.Lanes).Lane.Until!.Value.Value);
        Assert.Equal([true, true, true], (await _rig.SightingsAsync()).Select(sighting => sighting.Proven));
    }

    [Fact]
    public async Task Rule_8_10_a_search_that_rests_holds_no_memory_of_its_log()
    {
        (string, int)[] entries = [.. Enumerable.Range(0, 40).Select(i => ($"n{i}.new.example", -10))];
        await using LyingLog log = await GrowAsync(LogProtocol.Rfc6962, 1, entries);
        FollowedLog followed = await _rig.FollowToAsync(log.Description, 40, Start("end"));
        var reached = new TaskCompletionSource();
        var goOn = new TaskCompletionSource();
        log.Lie = async (path, _, _) =>
        {
            if (!path.Contains("start=30&", StringComparison.Ordinal)) return false;
            reached.TrySetResult();
            await goOn.Task.WaitAsync(TimeSpan.FromSeconds(30));
            return false;
        };
        BackFill search = await _rig.Store.AddBackFillAsync([".new.example"], Now.AddDays(-50), [log.Description.Id], Cancellation);
        using BackFiller filler = _rig.BackFiller(followed);
        using var stop = new CancellationTokenSource();
        Task searching = filler.RunAsync(stop.Token);
        await reached.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        await Eventually.HappensAsync(() => log.Requests.Any(path => path.Contains("start=39&", StringComparison.Ordinal)));

        Assert.True(await _rig.Store.PauseBackFillAsync(search.Id, true, Cancellation));
        goOn.SetResult();

        await Eventually.HappensAsync(() => _rig.Asking.Memory.Used == 0 && _rig.Time.UntilNextTimer is not null);
        Assert.InRange(LanesOf(await FindAsync(search.Id)).Single().Position.Read.Size.Value, 1UL, 39UL);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => searching);

        static IEnumerable<LogLane> LanesOf(BackFill search) => search.Lanes.Select(one => one.Lane);
    }

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    private DateTimeOffset Now => _rig.Time.GetUtcNow();

    private static CertHerald.Fetching.LogStart Start(string text) => CertHerald.Fetching.LogStart.TryParse(text, out CertHerald.Fetching.LogStart start) ? start : throw new ArgumentException(text);

    private async Task<BackFill> FindAsync(long id) => (await _rig.Store.BackFillsAsync(Cancellation)).Single(one => one.Id == id);

    /// <summary>Searches until all that is not paused is done, or the log fails.</summary>
    private async Task<BackFill> SearchAsync(FollowedLog followed, BackFiller? before = null)
    {
        using BackFiller? own = before is null ? _rig.BackFiller(followed) : null;
        BackFiller filler = before ?? own!;
        using var stop = new CancellationTokenSource();
        Task searching = filler.RunAsync(stop.Token);
        await Eventually.HappensAsync(() => searching.IsCompleted || _rig.Store.BackFillsAsync(Cancellation).Result.All(one => one.Paused || one.IsDone || (before is not null && one.Lanes.Count > 1 && one.Lanes.All(lane => lane.Lane.Trouble is not null || lane.Lane.Position.Read.Size == lane.Lane.Until))));
        await stop.CancelAsync();
        try
        {
            await searching;
        }
        catch (OperationCanceledException)
        {
        }
        return (await _rig.Store.BackFillsAsync(Cancellation))[0];
    }

    /// <summary>A log whose entries were logged so many days before now.</summary>
    private Task<LyingLog> GrowAsync(LogProtocol protocol, params (string Name, int Days)[] entries) => GrowAsync(protocol, 1_000, entries);

    private async Task<LyingLog> GrowAsync(LogProtocol protocol, int maxEntriesPerAnswer, (string Name, int Days)[] entries)
    {
        var clock = new ManualTime(Now.AddDays(-1_000));
        LyingLog log = await LyingLog.StartAsync(protocol, 0, maxEntriesPerAnswer, clock);
        using var ca = new TestCa();
        foreach ((string name, int days) in entries)
        {
            clock.Advance(Now.AddDays(days) - clock.GetUtcNow());
            log.Log.AddChain(ca.Issue(name).Chain);
        }
        clock.Advance(Now - clock.GetUtcNow());
        log.Log.Publish();
        return log;
    }
}
