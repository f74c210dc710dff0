using CertHerald.Storage;
using LogProtocol = CertHerald.Transparency.LogLists.LogProtocol;

namespace CertHerald.Tests.Following.Faults;

/// <summary>F10–F23, F26, F28–F35: heads that differ, trees that hold odd things, tiles that are not what they were.</summary>
public sealed class HeadsAndTilesTests : FaultTests
{
    [Theory]
    [MemberData(nameof(Both))]
    public async Task F10_an_older_front_end_is_no_incident(LogProtocol protocol)
    {
        await using FaultRun run = await FaultRun.StartAsync(protocol, []);
        await run.ReachHeadAsync();
        run.Log.Misbehave("head=older,times=8");
        run.Grow(100);
        await run.ReachHeadAsync();
        await run.UntilAsync(() => run.Log.Faults.Faults.Count == 0);
        await run.AlertsAreThoseOfAnHonestLogAsync();
        await run.IncidentsAreAsync();
    }

    [Theory]
    [MemberData(nameof(Both))]
    public async Task F11_a_head_signed_anew_is_no_incident(LogProtocol protocol)
    {
        await using FaultRun run = await FaultRun.StartAsync(protocol, ["head=resign,times=10"]);
        await run.UntilAsync(() => run.Log.Faults.Faults.Count == 0);
        await run.ReachHeadAsync();
        await run.AlertsAreThoseOfAnHonestLogAsync();
        await run.IncidentsAreAsync();
    }

    [Theory]
    [MemberData(nameof(Both))]
    public async Task F12_two_roots_of_one_size_are_a_fork(LogProtocol protocol)
    {
        await using FaultRun run = await FaultRun.StartAsync(protocol, []);
        await run.ReachHeadAsync();
        run.Log.Misbehave("head=fork,times=1");
        await run.UntilAsync(() => run.Log.Faults.Faults.Count == 0);
        run.Grow(50);
        await run.ReachHeadAsync();
        await run.AlertsAreThoseOfAnHonestLogAsync();
        await run.IncidentsAreAsync(IncidentKinds.Fork);
    }

    [Theory]
    [MemberData(nameof(Both))]
    public async Task F13_a_rewritten_tree_is_told_and_read_on_and_no_alert_is_missing(LogProtocol protocol)
    {
        await using FaultRun run = await FaultRun.StartAsync(protocol, []);
        await run.ReachHeadAsync();
        run.Log.Misbehave("head=rewrite");
        run.Grow(50);
        await run.UntilAsync(() => run.Standing.Tip.Value == 750);
        run.Grow(20);
        await run.UntilAsync(() => run.Standing.Tip.Value == 770);
        await run.AlertsAreThoseOfAnHonestLogAsync();
        await run.IncidentsAreAsync(IncidentKinds.InconsistentHead, IncidentKinds.RootMismatch);
    }

    [Theory]
    [MemberData(nameof(Both))]
    public async Task F13_a_log_that_returns_to_its_true_tree_is_read_as_one_again(LogProtocol protocol)
    {
        await using FaultRun run = await FaultRun.StartAsync(protocol, []);
        await run.ReachHeadAsync();
        run.Log.Misbehave("head=rewrite");
        run.Grow(50);
        await run.UntilAsync(() => run.Standing.Tip.Value == 750);
        run.Log.Behave();
        run.Grow(20);
        await run.ReachHeadAsync();
        await run.AlertsAreThoseOfAnHonestLogAsync();
        await run.IncidentsAreAsync(IncidentKinds.InconsistentHead, IncidentKinds.RootMismatch);
        Assert.All(await run.Rig.SightingsAsync(), sighting => Assert.True(sighting.Proven));
    }

    [Theory]
    [MemberData(nameof(Both))]
    public async Task F14_three_heads_running_that_the_log_did_not_sign_are_an_incident_until_it_signs_one(LogProtocol protocol)
    {
        await using FaultRun run = await FaultRun.StartAsync(protocol, []);
        await run.ReachHeadAsync();
        run.Log.Misbehave("head=badsig");
        run.Grow(50);
        await run.IncidentIsAsync(IncidentKinds.BadSignature, open: true);
        Assert.Equal(3, run.Log.Faults.Active.Single().Answers);
        Assert.Equal(Severity.Error, (await run.IncidentAsync(IncidentKinds.BadSignature)).Severity);
        Assert.Equal((FaultRun.Size, FaultRun.Size), (run.Standing.Position.Value, run.Standing.Head!.Size.Value));

        run.Log.Behave();
        await run.ReachHeadAsync();
        await run.IncidentIsAsync(IncidentKinds.BadSignature, open: false);
        await run.IncidentsAreAsync(IncidentKinds.BadSignature);
        await run.AlertsAreThoseOfAnHonestLogAsync();
    }

    [Theory]
    [MemberData(nameof(Both))]
    public async Task F15_a_head_older_than_the_merge_delay_is_an_incident_until_there_is_a_new_one(LogProtocol protocol)
    {
        await using FaultRun run = await FaultRun.StartAsync(protocol, []);
        await run.ReachHeadAsync();
        run.Log.Misbehave("head=stale");
        run.Grow(50);
        await run.PassAsync(TimeSpan.FromHours(20), TimeSpan.FromHours(2));
        await run.IncidentsAreAsync();
        await run.IncidentIsAsync(IncidentKinds.StaleHead, open: true, TimeSpan.FromMinutes(10));
        Assert.Equal(Severity.Warning, (await run.IncidentAsync(IncidentKinds.StaleHead)).Severity);
        await run.PassAsync(TimeSpan.FromHours(24), TimeSpan.FromHours(4));
        await run.UntilAsync(() => run.IncidentAsync(IncidentKinds.StaleHead).GetAwaiter().GetResult().Severity == Severity.Error, TimeSpan.FromMinutes(1));
        Assert.Equal(FaultRun.Size, run.Standing.Position.Value);

        run.Log.Behave();
        run.Log.Publish();
        await run.ReachHeadAsync();
        await run.IncidentIsAsync(IncidentKinds.StaleHead, open: false);
        await run.IncidentsAreAsync(IncidentKinds.StaleHead);
        await run.AlertsAreThoseOfAnHonestLogAsync();
    }

    [Theory]
    [MemberData(nameof(Both))]
    public async Task F16_a_head_minutes_ahead_is_told_and_read_and_ends_with_one_of_today(LogProtocol protocol)
    {
        await using FaultRun run = await FaultRun.StartAsync(protocol, ["head=future"]);
        await run.ReachHeadAsync();
        await run.IncidentIsAsync(IncidentKinds.FutureHead, open: true);
        Assert.Equal(Severity.Warning, (await run.IncidentAsync(IncidentKinds.FutureHead)).Severity);
        await run.AlertsAreThoseOfAnHonestLogAsync();

        run.Log.Behave();
        run.Grow(10);
        await run.ReachHeadAsync();
        await run.IncidentIsAsync(IncidentKinds.FutureHead, open: false);
        await run.IncidentsAreAsync(IncidentKinds.FutureHead);
        await run.AlertsAreThoseOfAnHonestLogAsync();
    }

    [Theory]
    [MemberData(nameof(Both))]
    public async Task F15_a_stuck_head_delays_and_loses_nothing(LogProtocol protocol)
    {
        await using FaultRun run = await FaultRun.StartAsync(protocol, []);
        await run.ReachHeadAsync();
        run.Log.Misbehave("head=stale,for=2m");
        run.Grow(50);
        await run.ReachHeadAsync();
        Assert.Empty(run.Log.Faults.Faults);
        await run.AlertsAreThoseOfAnHonestLogAsync();
    }

    [Theory]
    [MemberData(nameof(Each), "badsig badsig-key badsig-codes badsig-tail")]
    public async Task F14_a_head_that_the_log_did_not_sign_is_refused_and_the_old_one_stands(LogProtocol protocol, string form)
    {
        await using FaultRun run = await FaultRun.StartAsync(protocol, []);
        await run.ReachHeadAsync();
        run.Log.Misbehave($"head={form},times=2");
        run.Grow(50);
        await run.UntilAsync(() => run.Log.Faults.Active.Length == 1 && run.Log.Faults.Active[0].Answers == 1 && run.Standing.Error is not null);
        Assert.Equal((FaultRun.Size, FaultRun.Size), (run.Standing.Position.Value, run.Standing.Head!.Size.Value));
        await run.ReachHeadAsync();
        await run.AlertsAreThoseOfAnHonestLogAsync();
        await run.IncidentsAreAsync();
    }

    [Theory]
    [MemberData(nameof(Both))]
    public Task F17_a_leaf_that_was_flipped_once_heals(LogProtocol protocol) =>
        FaultRun.HoldsAsync(protocol, ["flip=300,times=1"], protocol == LogProtocol.StaticCt ? [] : [IncidentKinds.RootMismatch]);

    [Theory]
    [MemberData(nameof(Both))]
    public Task F18_a_range_refused_for_a_while_is_read_then(LogProtocol protocol) => FaultRun.HoldsAsync(protocol, ["missing=300-310,for=2m"]);

    [Fact]
    public Task F19_the_same_leaf_twice_is_one_issuance() => FaultRun.HoldsAsync(LogProtocol.Rfc6962, ["dup,at=0-200"]);

    [Fact]
    public Task F19_a_frontier_by_hash_lies_where_it_was_asked_for() =>
        FaultRun.HoldsAsync(LogProtocol.Rfc6962, ["dup,at=610", "no=get-sth-consistency+get-entry-and-proof"], start: "333");

    [Theory]
    [InlineData(LogProtocol.Rfc6962, "type")]
    [InlineData(LogProtocol.Rfc6962, "version")]
    [InlineData(LogProtocol.Rfc6962, "cut")]
    [InlineData(LogProtocol.Rfc6962, "tail")]
    [InlineData(LogProtocol.Rfc6962, "big")]
    [InlineData(LogProtocol.StaticCt, "big")]
    public async Task F20_an_unreadable_entry_stops_nothing(LogProtocol protocol, string form)
    {
        await using FaultRun run = await FaultRun.StartAsync(protocol, [$"entry={form},at=300"]);
        await run.ReachHeadAsync();
        Assert.Equal(1, run.Followed.Malformed);
        await run.AlertsAreThoseOfAnHonestLogAsync();
        await run.IncidentsAreAsync(IncidentKinds.UnparsableEntry);
    }

    [Theory]
    [MemberData(nameof(Each), "foreign none disordered")]
    public async Task Chain_mismatch_F21_wrong_side_data_is_a_warning_and_takes_no_alert_away(LogProtocol protocol, string form)
    {
        await using FaultRun run = await FaultRun.StartAsync(protocol, [$"extra={form}"]);
        await run.ReachHeadAsync();
        await run.AlertsAreThoseOfAnHonestLogAsync();
        await run.IncidentsAreAsync(IncidentKinds.ChainMismatch);
        Assert.All(await run.IncidentsAsync(), incident => Assert.Equal((Severity.Warning, null), (incident.Severity, incident.Closed)));
    }

    [Theory]
    [MemberData(nameof(Both))]
    public async Task F22_a_precertificate_through_a_signing_certificate_is_no_mismatch(LogProtocol protocol)
    {
        await using FaultRun run = await FaultRun.StartAsync(protocol, ["preca"]);
        await run.ReachHeadAsync();
        // Other certificates than those of an honest log, with their names.
        await run.AlertsAreOfAsync(_ => true);
        await run.IncidentsAreAsync();
    }

    [Theory]
    [MemberData(nameof(Both))]
    public Task F23_shuffled_timestamps_change_no_alert(LogProtocol protocol) => FaultRun.HoldsAsync(protocol, ["time"]);

    [Theory]
    [InlineData(LogProtocol.Rfc6962, 0UL, 1UL, 2UL)]
    [InlineData(LogProtocol.StaticCt, 0UL, 1UL, 2UL)]
    [InlineData(LogProtocol.Rfc6962, 255UL, 256UL, 257UL)]
    [InlineData(LogProtocol.StaticCt, 255UL, 256UL, 257UL)]
    public async Task F26_trees_are_read_at_the_sizes_where_they_change_shape(LogProtocol protocol, params ulong[] sizes)
    {
        await using FaultRun run = await FaultRun.StartAsync(protocol, [$"size={sizes[0]}"]);
        foreach (ulong size in sizes)
        {
            run.Log.Behave();
            run.Log.Misbehave($"size={size}");
            await run.ReachAsync(size);
        }
        run.Log.Behave();
        await run.ReachHeadAsync();
        await run.AlertsAreThoseOfAnHonestLogAsync();
        await run.IncidentsAreAsync();
    }

    [Theory]
    [InlineData("partial")]
    [InlineData("partial=410")]
    public async Task F28_where_a_partial_tile_is_gone_the_full_one_serves(string fault)
    {
        await using FaultRun run = await FaultRun.StartAsync(LogProtocol.StaticCt, []);
        await run.ReachHeadAsync();
        // A head from a cache: the log has filled the tile since, and dropped the part.
        run.Grow(10);
        run.Log.Misbehave("cache=60");
        using var client = new HttpClient();
        await client.GetStringAsync(new Uri(run.Server.MonitoringUrl, "checkpoint"), TestContext.Current.CancellationToken);
        run.Grow(90);
        run.Log.Misbehave(fault);

        await run.ReachAsync(710);
        Assert.True(run.Log.Faults.Active.Single(one => one.Fault.Name == "partial").Answers > 0);

        run.Log.Behave();
        await run.ReachHeadAsync();
        await run.AlertsAreThoseOfAnHonestLogAsync();
        await run.IncidentsAreAsync();
    }

    [Fact]
    public async Task F28_tiles_that_lag_behind_their_head_are_waited_for()
    {
        await using FaultRun run = await FaultRun.StartAsync(LogProtocol.StaticCt, []);
        await run.ReachHeadAsync();
        run.Log.Misbehave("tile=lag");
        run.Grow(100);
        await run.ReachHeadAsync();
        Assert.True(run.Log.Faults.Active.Single().Answers > 0);
        await run.AlertsAreThoseOfAnHonestLogAsync();
        await run.IncidentsAreAsync();
    }

    [Theory]
    [InlineData("tile=len,on=tile,times=3")]
    [InlineData("tile=len,on=data,times=3")]
    public Task F29_a_tile_of_another_length_is_asked_for_again(string fault) => FaultRun.HoldsAsync(LogProtocol.StaticCt, [fault]);

    [Theory]
    [InlineData("tile=flip,on=tile,times=1")]
    [InlineData("tile=flip,on=data,times=1")]
    public Task F30_a_tile_that_was_damaged_once_heals_without_a_word(string fault) => FaultRun.HoldsAsync(LogProtocol.StaticCt, [fault]);

    [Theory]
    [InlineData("absent")]
    [InlineData("wrong")]
    [InlineData("second")]
    [InlineData("archival")]
    public async Task F31_whatever_an_entry_says_of_its_index_it_is_inspected(string form)
    {
        await using FaultRun run = await FaultRun.StartAsync(LogProtocol.StaticCt, [$"ext={form},at=100-400"]);
        await run.ReachHeadAsync();
        await run.AlertsAreThoseOfAnHonestLogAsync();
        // Behind an extension of an unknown type it is right.
        if (form == "second") await run.IncidentsAreAsync();
        else await run.IncidentsAreAsync(IncidentKinds.LeafIndex);
    }

    [Fact]
    public async Task Pruned_F32_Rule_5_9_what_was_pruned_is_told_once_and_the_rest_is_read()
    {
        await using FaultRun run = await FaultRun.StartAsync(LogProtocol.StaticCt, ["prune=300"]);
        await run.UntilAsync(() => run.Standing.Tip.Value == FaultRun.Size && run.Standing.Lanes is [{ Trouble.Kind: IncidentKinds.Pruned }, _]);
        Assert.Equal((0UL, 256UL), (run.Standing.Position.Value, run.Standing.Lanes[0].Until!.Value.Value));
        run.Grow(50);
        await run.UntilAsync(() => run.Standing.Tip.Value == 750);

        await run.AlertsAreOfAsync(index => index >= 256);
        Assert.All(await run.Rig.SightingsAsync(), sighting => Assert.True(sighting.Proven));
        await run.IncidentsAreAsync(IncidentKinds.Pruned);
        Incident pruned = await run.IncidentAsync(IncidentKinds.Pruned);
        Assert.Equal((Severity.Warning, null), (pruned.Severity, pruned.Closed));
    }

    [Fact]
    public async Task F32_a_start_behind_what_was_pruned_is_found_and_nothing_is_told()
    {
        await using FaultRun run = await FaultRun.StartAsync(LogProtocol.StaticCt, ["prune=300"], start: "400");
        await run.ReachHeadAsync();
        await run.AlertsAreOfAsync(index => index >= 400);
        await run.IncidentsAreAsync();
    }

    [Theory]
    [InlineData("issuer=404")]
    [InlineData("issuer=wrong")]
    [InlineData("issuer=slow")]
    public Task F33_without_an_issuer_the_alert_goes_out(string fault) => FaultRun.HoldsAsync(LogProtocol.StaticCt, [fault]);

    [Theory]
    [InlineData("note=grease")]
    [InlineData("note=cosigned")]
    [InlineData("note=cr,times=2")]
    [InlineData("note=line,times=2")]
    [InlineData("note=failing,times=2")]
    public Task F34_foreign_lines_are_ignored_and_broken_notes_refused(string fault) => FaultRun.HoldsAsync(LogProtocol.StaticCt, [fault]);

    [Fact]
    public Task F34_a_foreign_origin_over_the_logs_own_signature_is_told_and_read() =>
        FaultRun.HoldsAsync(LogProtocol.StaticCt, ["note=origin"], [IncidentKinds.OriginMismatch]);

    [Theory]
    [MemberData(nameof(Both))]
    public async Task F35_a_head_is_not_asked_for_while_a_cache_would_give_the_old_one(LogProtocol protocol)
    {
        await using FaultRun run = await FaultRun.StartAsync(protocol, ["cache=30"]);
        await run.ReachHeadAsync();
        run.Grow(10);
        TimeSpan from = run.Time.Elapsed;
        long heads = run.Log.Faults.Active.Single().Answers;
        await run.ReachHeadAsync();

        // The head came from the cache at most twice: in its last second, and when it was over.
        Assert.InRange(run.Time.Elapsed - from, TimeSpan.Zero, TimeSpan.FromSeconds(60));
        Assert.InRange(run.Log.Faults.Active.Single().Answers - heads, 1, 3);
        await run.AlertsAreThoseOfAnHonestLogAsync();
        await run.IncidentsAreAsync();
    }
}
