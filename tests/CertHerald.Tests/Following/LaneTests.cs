using CertHerald.Fetching;
using CertHerald.Following;
using CertHerald.Storage;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Fetching;
using CertHerald.Tests.Storage;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;
using LogProtocol = CertHerald.Transparency.LogLists.LogProtocol;

namespace CertHerald.Tests.Following;

/// <summary>The stretches in which a log is read (ct.md 8.1, 8.3, 8.7, 8.12, 9.2, 9.4), over real HTTP against a log that lies.</summary>
public sealed class LaneTests : IAsyncDisposable
{
    private readonly FollowingRig _rig = new(".example.com") { Behind = 2_000, Unproven = 3_000 };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(LogProtocol.Rfc6962, 0, 1)]
    [InlineData(LogProtocol.Rfc6962, 100, 103)]
    [InlineData(LogProtocol.Rfc6962, 300, 512)]
    [InlineData(LogProtocol.Rfc6962, 511, 513)]
    [InlineData(LogProtocol.StaticCt, 0, 256)]
    [InlineData(LogProtocol.StaticCt, 256, 512)]
    public async Task Rule_8_12_What_is_refused_for_long_is_left_behind_under_an_incident_and_read_when_it_is_given(LogProtocol protocol, int first, int end)
    {
        await using LyingLog log = await GrowAsync(protocol, 900, first, end - 1, end, 899);
        log.Lie = (path, context, _) =>
        {
            bool refused = EntriesOf(path) is { } asked && asked.First < (ulong)end && asked.Last >= (ulong)first;
            if (refused) context.Response.StatusCode = 500;
            return Task.FromResult(refused);
        };
        FollowedLog followed = _rig.Describe(log.Description);
        using LaneReader reader = _rig.ReadLane(followed, RequestPriority.Tip);
        VerifiedHead head = await reader.Reader.GetHeadAsync(Cancellation);
        DateTimeOffset before = _rig.Time.GetUtcNow();

        LogLane tip = await ReadAsync(followed, reader, head, 900);

        Assert.Equal(((ulong)end, null), (tip.Start.Value, tip.Until));
        LogLane behind = (await _rig.Store.LanesAsync(log.Description.Id, Cancellation))[0];
        Assert.Equal((0UL, (ulong)first, (ulong)end), (behind.Start.Value, behind.Position.Read.Size.Value, behind.Until!.Value.Value));
        Assert.Equal(first, (int)behind.Position.Proven.Size.Value);
        Assert.True(_rig.Time.GetUtcNow() - before >= Refusals.ShortestRefusal);
        Incident incident = Assert.Single(await _rig.Store.IncidentsAsync(10, Cancellation));
        Assert.Equal(("missing_entry", Severity.Error, null), (incident.Kind, incident.Severity, incident.Closed));
        Assert.StartsWith($"entries {first} to {end} could not be read", incident.Summary, StringComparison.Ordinal);
        int seen = (await _rig.IssuancesAsync()).Count;
        Assert.True(seen < 4 && seen >= 2);
        Assert.All(await _rig.SightingsAsync(), sighting => Assert.True(sighting.Proven));

        // It stays refused at the next try: later and later.
        _rig.Time.Advance(TimeSpan.FromMinutes(1));
        behind = await reader.RetryAsync(behind, head, Cancellation);
        Assert.Equal((1, _rig.Time.GetUtcNow().AddMinutes(2)), (behind.Trouble!.Tries, behind.Trouble.RetryAt));

        log.Lie = (_, _, _) => Task.FromResult(false);
        followed.Saw(head, _rig.Time.GetUtcNow());
        _rig.Time.Advance(TimeSpan.FromMinutes(2));
        await CatchUpAsync(followed);

        LogLane whole = Assert.Single(await _rig.Store.LanesAsync(log.Description.Id, Cancellation));
        Assert.Equal((0UL, LogPosition.At(log.FrontierAt(900))), (whole.Start.Value, whole.Position));
        Assert.NotNull(Assert.Single(await _rig.Store.IncidentsAsync(10, Cancellation)).Closed);
        int names = new[] { first, end - 1, end, 899 }.Distinct().Count();
        Assert.Equal(names, (await _rig.IssuancesAsync()).Count);
        Assert.All(await _rig.SightingsAsync(), sighting => Assert.True(sighting.Proven));
        Assert.Equal(names, (await _rig.Store.DeliveriesAsync(new DeliveryFilter(), Cancellation)).Count);
    }

    [Fact]
    public async Task Rule_8_12_A_log_that_refuses_everything_has_no_gap_and_an_incident()
    {
        await using LyingLog log = await GrowAsync(LogProtocol.Rfc6962, 300);
        log.Lie = (path, context, _) =>
        {
            if (EntriesOf(path) is null) return Task.FromResult(false);
            context.Response.StatusCode = 500;
            return Task.FromResult(true);
        };
        FollowedLog followed = _rig.Describe(log.Description);
        using LaneReader reader = _rig.ReadLane(followed, RequestPriority.Tip);
        VerifiedHead head = await reader.Reader.GetHeadAsync(Cancellation);
        LogLane tip = Assert.Single(await _rig.Store.BeginLogAsync(log.Description, Frontier.Empty, Cancellation));
        followed.StandsAt([tip]);
        using var health = new LogHealth(() => [followed], _rig.Store, _rig.Time, _rig.Meter, Microsoft.Extensions.Logging.Abstractions.NullLogger<LogHealth>.Instance);

        for (int i = 0; i < 16; i++)
        {
            followed.Saw(head, _rig.Time.GetUtcNow());
            await Assert.ThrowsAsync<LogUnavailableException>(() => reader.StepAsync(tip, head, _rig.Time.GetUtcNow(), Cancellation));
            await health.LookAsync(Cancellation);
            Assert.Empty(await _rig.Store.IncidentsAsync(10, Cancellation));
            _rig.Time.Advance(TimeSpan.FromMinutes(1));
        }
        await health.LookAsync(Cancellation);

        Assert.Single(await _rig.Store.LanesAsync(log.Description.Id, Cancellation));
        Incident incident = Assert.Single(await _rig.Store.IncidentsAsync(10, Cancellation));
        Assert.Equal(("missing_entry", Severity.Error, null), (incident.Kind, incident.Severity, incident.Closed));
        Assert.StartsWith("the log signs heads, and gives none of the 300 entries up to 300 that are unread, since ", incident.Summary, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_is_shown_what_is_read_sees_it_once_the_log_stands_behind_it()
    {
        await using LyingLog log = await GrowAsync(LogProtocol.Rfc6962, 10, 3);
        FollowedLog followed = _rig.Describe(log.Description);
        List<(ulong, ulong)> seen = [];
        var tap = new EntryTap();
        tap.Open((_, batch) => seen.Add((batch.End.Value, followed.Standing.Tip.Value)));
        using LaneReader reader = _rig.ReadLane(followed, RequestPriority.Tip, tap: tap);
        VerifiedHead head = await reader.Reader.GetHeadAsync(Cancellation);

        await ReadAsync(followed, reader, head, 10);

        Assert.Equal([(10UL, 10UL)], seen);
    }

    [Theory]
    [InlineData(LogProtocol.Rfc6962)]
    [InlineData(LogProtocol.StaticCt)]
    public async Task Rule_8_7_A_tip_far_behind_opens_anew_at_the_head_and_what_lies_behind_it_joins_later(LogProtocol protocol)
    {
        const int entries = 2_500;
        await using LyingLog log = await LyingLog.StartAsync(protocol, entries);
        var goOn = new TaskCompletionSource();
        log.Lie = async (path, _, _) =>
        {
            // What is behind the tip waits until the tip is there.
            if (EntriesOf(path) is { First: 0 }) await goOn.Task.WaitAsync(TimeSpan.FromSeconds(30));
            return false;
        };

        FollowedLog followed = _rig.Follow(log.Description, LogStart.Beginning);
        await _rig.ReachAsync(followed, (ulong)entries);

        Assert.Equal([(0UL, (ulong?)entries), ((ulong)entries, null)], followed.Standing.Lanes.Select(lane => (lane.Start.Value, lane.Until?.Value)));
        Assert.Equal((ulong)entries, followed.Standing.Backlog);

        goOn.SetResult();
        await _rig.JoinAsync(followed);
        await _rig.StopAsync(followed);
        Assert.Equal((ulong)entries, (ulong)followed.Entries);
        LogLane whole = Assert.Single(await _rig.Store.LanesAsync(log.Description.Id, Cancellation));
        Assert.Equal((0UL, LogPosition.At(log.FrontierAt((ulong)entries))), (whole.Start.Value, whole.Position));
        // But for the entries, which are noise that nobody can read.
        Assert.DoesNotContain(await _rig.Store.IncidentsAsync(10, Cancellation), incident => incident.Kind != IncidentKinds.UnparsableEntry);
    }

    [Theory]
    [InlineData(LogProtocol.Rfc6962)]
    [InlineData(LogProtocol.StaticCt)]
    public async Task Rule_8_3_A_head_that_was_kept_and_not_reached_is_compared_after_a_restart(LogProtocol protocol)
    {
        await using LyingLog log = await GrowAsync(protocol, 100, 10, 70);
        await _rig.Store.BeginLogAsync(log.Description, Frontier.Empty, Cancellation);
        // The process died after it kept this head. The log signed it; its later tree says otherwise.
        await _rig.Store.KeepHeadAsync(log.Description.Id, log.SignHead(50, MerkleHash.OfLeaf("another history"u8)), Cancellation);

        await _rig.FollowToAsync(log.Description, 100);

        IReadOnlyList<Incident> incidents = await _rig.Store.IncidentsAsync(10, Cancellation);
        Assert.Contains(incidents, incident => incident is { Kind: "inconsistent_head", Severity: Severity.Critical, Subject: "50", Closed: null });
        Assert.Equal(2, (await _rig.IssuancesAsync()).Count);
    }

    [Theory]
    [InlineData(LogProtocol.Rfc6962)]
    [InlineData(LogProtocol.StaticCt)]
    public async Task Inconsistent_head_F13_a_rewrite_that_is_met_where_the_tip_opens_anew_is_one_too(LogProtocol protocol)
    {
        const int entries = 2_500;
        await using LyingLog log = await LyingLog.StartAsync(protocol, entries);
        // What was proven before is not the beginning of the log as it is now.
        Frontier proven = Frontier.Empty.Append([.. Enumerable.Range(0, 100).Select(i => MerkleHash.OfLeaf(LyingLog.LeafInput(i + 7)))]);
        await _rig.Store.BeginLogAsync(log.Description, proven, Cancellation);

        FollowedLog followed = _rig.Follow(log.Description, LogStart.Beginning);
        await _rig.ReachAsync(followed, entries);

        await Eventually.HappensAsync(async () => (await _rig.Store.IncidentsAsync(10, Cancellation)).Any(
            incident => incident is { Kind: IncidentKinds.InconsistentHead, Severity: Severity.Critical, Subject: "2500", Closed: null }));
    }

    [Fact]
    public async Task F13_a_larger_head_that_no_front_end_shows_for_a_day_counts_no_more()
    {
        await using LyingLog log = await LyingLog.StartAsync(LogProtocol.Rfc6962, 3);
        FollowedLog followed = _rig.Describe(log.Description);
        VerifiedHead honest = log.SignHead(3, log.FrontierAt(3).Root()), lie = log.SignHead(70_000, MerkleHash.OfLeaf("a lie"u8));
        followed.Saw(lie, _rig.Time.GetUtcNow());
        _rig.Time.Advance(TimeSpan.FromHours(24));
        followed.Saw(honest, _rig.Time.GetUtcNow());
        Assert.Equal(lie, followed.Standing.Largest);

        _rig.Time.Advance(TimeSpan.FromSeconds(1));
        followed.Saw(honest, _rig.Time.GetUtcNow());

        Assert.Equal(honest, followed.Standing.Largest);
    }

    [Fact]
    public async Task Rule_9_2_Catching_up_is_proven_on_the_way()
    {
        const int entries = 5_500;
        await using LyingLog log = await LyingLog.StartAsync(LogProtocol.Rfc6962, entries);
        FollowedLog followed = _rig.Describe(log.Description);
        using LaneReader reader = _rig.ReadLane(followed, RequestPriority.CatchUp);
        VerifiedHead head = await reader.Reader.GetHeadAsync(Cancellation);
        LogLane lane = Assert.Single(await _rig.Store.BeginLogAsync(log.Description, Frontier.Empty, Cancellation));

        while (lane.Position.Read.Size.Value < 3_000) lane = await reader.StepAsync(lane, head, _rig.Time.GetUtcNow(), Cancellation);

        Assert.True(lane.Position.Read.Size < head.Size);
        Assert.Equal(lane.Position.Read, lane.Position.Proven);
        Assert.Single(log.Requests, path => path.StartsWith("get-sth-consistency", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(LogProtocol.Rfc6962, "start", 0)]
    [InlineData(LogProtocol.StaticCt, "start", 0)]
    [InlineData(LogProtocol.Rfc6962, "299", 299)]
    [InlineData(LogProtocol.StaticCt, "299", 299)]
    public async Task Rule_11_3_a_log_that_is_begun_in_its_past_has_its_tip_at_the_head_at_once(LogProtocol protocol, string start, ulong first)
    {
        const ulong entries = 600;
        await using LyingLog log = await LyingLog.StartAsync(protocol, (int)entries);
        await using var rig = new FollowingRig(".example.com") { BehindAtStart = 0 };
        Assert.True(LogStart.TryParse(start, out LogStart begin));

        FollowedLog followed = rig.Follow(log.Description, begin);
        await rig.ReachAsync(followed, entries);
        await rig.JoinAsync(followed);
        await rig.StopAsync(followed);

        Assert.Equal(entries - first, (ulong)followed.Entries);
        LogLane whole = Assert.Single(await rig.Store.LanesAsync(log.Description.Id, Cancellation));
        Assert.Equal((first, LogPosition.At(log.FrontierAt(entries))), (whole.Start.Value, whole.Position));
    }

    [Fact]
    public async Task Rule_11_3_a_log_that_is_begun_at_its_end_is_one_lane()
    {
        await using LyingLog log = await LyingLog.StartAsync(LogProtocol.Rfc6962, 600);
        await using var rig = new FollowingRig(".example.com") { BehindAtStart = 0 };

        FollowedLog followed = await rig.FollowToAsync(log.Description, 600, LogStart.End);

        Assert.Equal(600UL, Assert.Single(followed.Standing.Lanes).Start.Value);
    }

    [Theory]
    [InlineData(LogProtocol.Rfc6962)]
    [InlineData(LogProtocol.StaticCt)]
    public async Task Rule_9_4_What_contradicts_its_head_is_tried_again_later_and_heals(LogProtocol protocol)
    {
        await using LyingLog log = await GrowAsync(protocol, 1_100, 50, 1_050);
        bool lies = true;
        log.Lie = async (path, context, body) =>
        {
            if (!Volatile.Read(ref lies) || EntriesOf(path) is not { First: 0 }) return false;
            await context.Response.Body.WriteAsync(protocol == LogProtocol.StaticCt ? Flip(body, 7) : FlipJson(body));
            return true;
        };
        FollowedLog followed = _rig.Follow(log.Description, LogStart.Beginning);
        await _rig.ReachAsync(followed, 1_100);
        LogLane behind = (await _rig.Store.LanesAsync(log.Description.Id, Cancellation))[0];
        Assert.Equal(("root_mismatch", 0), (behind.Trouble!.Kind, behind.Trouble.Tries));
        Assert.Null(Assert.Single(await _rig.Store.IncidentsAsync(10, Cancellation)).Closed);
        int deliveries = (await _rig.Store.DeliveriesAsync(new DeliveryFilter(), Cancellation)).Count;
        await _rig.StopAsync(followed);

        Volatile.Write(ref lies, false);
        _rig.Time.Advance(TimeSpan.FromMinutes(1));
        await CatchUpAsync(followed);

        Assert.Equal(LogPosition.At(log.FrontierAt(1_100)), Assert.Single(await _rig.Store.LanesAsync(log.Description.Id, Cancellation)).Position);
        Assert.NotNull(Assert.Single(await _rig.Store.IncidentsAsync(10, Cancellation)).Closed);
        Assert.Equal(deliveries, (await _rig.Store.DeliveriesAsync(new DeliveryFilter(), Cancellation)).Count);
        Assert.All(await _rig.SightingsAsync(), sighting => Assert.True(sighting.Proven));
    }

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    /// <summary>Steps to a size as the fleet would, which waits after each failure.</summary>
    private async Task<LogLane> ReadAsync(FollowedLog followed, LaneReader reader, VerifiedHead head, ulong size)
    {
        LogLane lane = Assert.Single(await _rig.Store.BeginLogAsync(followed.Log, Frontier.Empty, Cancellation));
        followed.StandsAt([lane]);
        for (int failures = 0; lane.Position.Read.Size.Value < size;)
        {
            try
            {
                lane = await reader.StepAsync(lane, head, _rig.Time.GetUtcNow(), Cancellation);
            }
            catch (LogUnavailableException) when (failures++ < 100)
            {
                _rig.Time.Advance(TimeSpan.FromSeconds(40));
            }
        }
        return lane;
    }

    /// <summary>Reads all that is due behind the tip, and joins it.</summary>
    private async Task CatchUpAsync(FollowedLog followed)
    {
        using CatchUp catchUp = _rig.CatchUp(followed);
        using var stop = new CancellationTokenSource();
        Task catching = catchUp.RunAsync(stop.Token);
        await Eventually.HappensAsync(() => followed.Standing.Lanes.Count == 1 || catching.IsCompleted);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => catching);
    }

    private static (ulong First, ulong Last)? EntriesOf(string path)
    {
        System.Text.RegularExpressions.Match range = System.Text.RegularExpressions.Regex.Match(path, @"get-entries\?start=(\d+)&end=(\d+)");
        if (range.Success) return (ulong.Parse(range.Groups[1].Value, null), ulong.Parse(range.Groups[2].Value, null));
        System.Text.RegularExpressions.Match tile = System.Text.RegularExpressions.Regex.Match(path, @"tile/data/(\d+)");
        return tile.Success ? (ulong.Parse(tile.Groups[1].Value, null) * 256, ulong.Parse(tile.Groups[1].Value, null) * 256 + 255) : null;
    }

    private static byte[] Flip(byte[] body, int at)
    {
        body[at] ^= 1;
        return body;
    }

    private static byte[] FlipJson(byte[] body)
    {
        System.Text.Json.Nodes.JsonNode answer = System.Text.Json.Nodes.JsonNode.Parse(body)!;
        answer["entries"]![0]!["leaf_input"] = Convert.ToBase64String(Flip(Convert.FromBase64String((string)answer["entries"]![0]!["leaf_input"]!), 9));
        return System.Text.Encoding.UTF8.GetBytes(answer.ToJsonString());
    }

    private static async Task<LyingLog> GrowAsync(LogProtocol protocol, int entries, params int[] watched)
    {
        LyingLog log = await LyingLog.StartAsync(protocol, 0);
        using var ca = new TestCa();
        byte[][] others = [.. Enumerable.Range(0, 4).Select(i => ca.Issue(Some.Numbered("other", i) + ".example.org").Der)];
        for (int i = 0; i < entries; i++)
            if (watched.Contains(i)) log.Log.AddChain(ca.Issue(Some.Numbered("n", i) + ".example.com").Chain);
            else log.Log.AddChain([others[i % 4], ca.Intermediate.RawData, ca.Root.RawData]);
        log.Log.Publish();
        return log;
    }
}
