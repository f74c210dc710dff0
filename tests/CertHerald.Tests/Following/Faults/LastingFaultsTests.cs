using CertHerald.Fetching;
using CertHerald.Storage;
using LogProtocol = CertHerald.Transparency.LogLists.LogProtocol;

namespace CertHerald.Tests.Following.Faults;

/// <summary>F17, F18, F20, F30 where they do not end by themselves: reading goes on behind them, and they heal once they are over.</summary>
public sealed class LastingFaultsTests : FaultTests
{
    /// <summary>Of retries after 1, 2, 4 … minutes, an hour holds six.</summary>
    private const int RetriesInAnHour = 6;

    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    /// <summary>A request that begins while the clock is moved is not out of time at once: an entry that is asked for so would seem to be missing.</summary>
    private static readonly TimeSpan ShorterThanRequest = LogHttp.DefaultLimit - TimeSpan.FromSeconds(5);

    [Theory]
    [InlineData(LogProtocol.Rfc6962, "flip=300")]
    [InlineData(LogProtocol.StaticCt, "flip=300")]
    public Task F17_a_leaf_that_stays_flipped_is_an_incident_read_on_behind_and_heals(LogProtocol protocol, string fault) => StaysAsync(protocol, fault);

    [Theory]
    [InlineData("tile=flip,on=data,at=300-300")]
    public Task F30_data_that_stays_unlike_its_hashes_is_an_incident_read_on_behind_and_heals(string fault) => StaysAsync(LogProtocol.StaticCt, fault);

    [Fact]
    public async Task F30_hash_tiles_that_stay_damaged_prove_nothing_and_the_entries_are_proven_by_the_head_without_them()
    {
        // More than one batch: the first one is proven by what stands behind it.
        await using FaultRun run = await FaultRun.StartAsync(LogProtocol.StaticCt, ["tile=flip,on=tile"], size: 1_500);
        await run.ReachHeadAsync();
        await run.AlertsAreThoseOfAnHonestLogAsync();
        await run.IncidentsAreAsync(IncidentKinds.RootMismatch);
        Assert.NotNull((await run.IncidentAsync(IncidentKinds.RootMismatch)).Closed);
        Assert.All(await run.Rig.SightingsAsync(), sighting => Assert.True(sighting.Proven));

        run.Grow(50);
        await run.UntilAsync(() => run.Standing.Proven.Value == 1_550);
        await run.AlertsAreThoseOfAnHonestLogAsync();
    }

    [Theory]
    [InlineData("flip=300", 300)]
    [InlineData("flip=0", 0)]
    [InlineData("flip=699", 699)]
    public async Task Rule_9_4_in_a_tiled_log_only_the_entry_that_contradicts_its_hash_stays_behind(string fault, ulong entry)
    {
        await using FaultRun run = await FaultRun.StartAsync(LogProtocol.StaticCt, [fault]);
        await run.UntilAsync(() => run.Standing.Tip.Value == FaultRun.Size && run.Standing.Lanes.Any(lane => lane.Trouble is not null));
        LogLane behind = run.Standing.Lanes.Single(lane => lane.Trouble is not null);
        Assert.Equal((IncidentKinds.RootMismatch, entry, entry + 1), (behind.Trouble!.Kind, behind.Position.Proven.Size.Value, behind.Until!.Value.Value));
        Assert.StartsWith($"entries {entry} to {entry + 1} ", (await run.IncidentAsync(IncidentKinds.RootMismatch)).Summary, StringComparison.Ordinal);
        await run.AlertsAreThoseOfAnHonestLogAsync();
        Assert.All(await run.Rig.SightingsAsync(), sighting => Assert.Equal(sighting.Index.Value != entry, sighting.Proven));
    }

    // 503 may be a matter of pace, but for that all else is answered.
    [Theory]
    [InlineData(LogProtocol.Rfc6962, "missing=300-360")]
    [InlineData(LogProtocol.StaticCt, "missing=300-360")]
    [InlineData(LogProtocol.Rfc6962, "missing=300-360:503")]
    [InlineData(LogProtocol.StaticCt, "missing=300-360:429")]
    public async Task F18_a_range_that_stays_refused_is_a_gap_and_is_filled_once_it_is_given(LogProtocol protocol, string fault)
    {
        (ulong first, ulong end) = protocol == LogProtocol.StaticCt ? (256UL, 512UL) : (300UL, 361UL);
        await using FaultRun run = await FaultRun.StartAsync(protocol, [fault]);
        await run.UntilAsync(() => run.Standing.Tip.Value == FaultRun.Size && run.Standing.Lanes is [{ Trouble.Kind: IncidentKinds.MissingEntry }, _], ShorterThanRequest);
        // What was read before the gap is proven in its own time.
        await run.UntilAsync(() => run.Standing.Lanes.All(lane => lane.Position.Proven.Size == lane.Position.Read.Size));
        Assert.Equal((first, end), (run.Standing.Position.Value, run.Standing.Lanes[0].Until!.Value.Value));
        Incident missing = await run.IncidentAsync(IncidentKinds.MissingEntry);
        Assert.Equal((Severity.Error, null), (missing.Severity, missing.Closed));
        Assert.StartsWith($"entries {first} to {end} ", missing.Summary, StringComparison.Ordinal);
        await run.AlertsAreOfAsync(index => index < first || index >= end);
        Assert.All(await run.Rig.SightingsAsync(), sighting => Assert.True(sighting.Proven));

        // The tip does not wait for it, and the log is not stormed.
        run.Grow(50);
        await run.UntilAsync(() => run.Standing.Tip.Value == 750);
        await RetriesAreFewAsync(run);

        run.Log.Behave();
        await run.UntilAsync(() => run.Standing.Lanes.Count == 1, Minute);
        await run.ReachHeadAsync();
        await run.AlertsAreThoseOfAnHonestLogAsync();
        await run.IncidentsAreAsync(IncidentKinds.MissingEntry);
        Assert.NotNull((await run.IncidentAsync(IncidentKinds.MissingEntry)).Closed);
    }

    // A leaf without a known end takes the rest of its tile with it: 300 to 512. One that is read as another than the log
    // hashed has no proof, alone.
    [Theory]
    [InlineData("type", "300-512 missing_entry")]
    [InlineData("version", "300-301 root_mismatch")]
    [InlineData("cut", "300-301 root_mismatch, 301-512 missing_entry")]
    [InlineData("tail", "300-301 root_mismatch, 301-512 missing_entry")]
    public async Task F20_a_leaf_that_makes_its_tile_unreadable_costs_that_tile_only(string form, string behind)
    {
        await using FaultRun run = await FaultRun.StartAsync(LogProtocol.StaticCt, [$"entry={form},at=300"]);
        await run.UntilAsync(() => run.Standing.Tip.Value == FaultRun.Size + 1 && Behind() == behind);
        run.Grow(50);
        await run.UntilAsync(() => run.Standing.Tip.Value == FaultRun.Size + 51);
        await RetriesAreFewAsync(run);

        // Retries make no more of it.
        Assert.Equal(behind, Behind());
        bool isLost = behind.Contains(IncidentKinds.MissingEntry, StringComparison.Ordinal);
        await run.AlertsAreOfAsync(index => !isLost || index < 300 || index + 1 >= 512);
        foreach (string kind in run.Standing.Lanes.Select(lane => lane.Trouble?.Kind).OfType<string>())
            Assert.Null((await run.IncidentAsync(kind)).Closed);

        string Behind() => string.Join(", ", run.Standing.Lanes.SkipLast(1).Select(lane =>
            $"{(lane.Trouble?.Kind == IncidentKinds.MissingEntry ? lane.Position.Read : lane.Position.Proven).Size}-{lane.Until} {lane.Trouble?.Kind}"));
    }

    /// <summary>Entries that contradict the signed head for ever, until they do not.</summary>
    private static async Task StaysAsync(LogProtocol protocol, string fault)
    {
        await using FaultRun run = await FaultRun.StartAsync(protocol, [fault]);
        await run.UntilAsync(() => run.Standing.Tip.Value == FaultRun.Size && run.Standing.Lanes is [{ Trouble.Kind: IncidentKinds.RootMismatch }, _]);
        Incident mismatch = await run.IncidentAsync(IncidentKinds.RootMismatch);
        Assert.Equal((Severity.Critical, null), (mismatch.Severity, mismatch.Closed));
        // No alert is missing, none came twice; those that nothing proves say so. A tiled log proves all but the one.
        await run.AlertsAreThoseOfAnHonestLogAsync();
        if (protocol == LogProtocol.Rfc6962) Assert.Contains(await run.Rig.SightingsAsync(), sighting => !sighting.Proven);

        run.Grow(50);
        await run.UntilAsync(() => run.Standing.Tip.Value == 750);
        await run.AlertsAreThoseOfAnHonestLogAsync();
        await RetriesAreFewAsync(run);

        run.Log.Behave();
        await run.UntilAsync(() => run.Standing.Lanes.Count == 1, Minute);
        await run.ReachHeadAsync();
        await run.AlertsAreThoseOfAnHonestLogAsync();
        await run.IncidentsAreAsync(IncidentKinds.RootMismatch);
        Assert.NotNull((await run.IncidentAsync(IncidentKinds.RootMismatch)).Closed);
        Assert.All(await run.Rig.SightingsAsync(), sighting => Assert.True(sighting.Proven));
    }

    /// <summary>An hour goes by, in which what cannot be had is asked for a few times, and each time a few requests long.</summary>
    private static async Task RetriesAreFewAsync(FaultRun run)
    {
        int tries = run.Standing.Lanes[0].Trouble!.Tries;
        await run.PassAsync(TimeSpan.FromHours(1), 5 * Minute);
        Assert.InRange(run.Standing.Lanes[0].Trouble!.Tries - tries, 1, RetriesInAnHour);
        if (run.Log.Faults.Active is [var fault]) Assert.InRange(fault.Answers, 1, 40 * (RetriesInAnHour + 1));
    }
}
