using System.Diagnostics.Metrics;
using System.Text.Json;
using CertHerald.Fetching;
using CertHerald.Api;
using CertHerald.Following;
using CertHerald.Storage;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Fetching;
using CertHerald.Transparency.Merkle;
using Microsoft.Extensions.Logging.Abstractions;
using LogProtocol = CertHerald.Transparency.LogLists.LogProtocol;

namespace CertHerald.Tests.Following;

/// <summary>The rows of ct.md section 10, by their code: when each opens, how grave it is, and when it closes.</summary>
public sealed class IncidentRowsTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(LogProtocol.Rfc6962)]
    [InlineData(LogProtocol.StaticCt)]
    public async Task Fork_F12_another_root_at_one_size_is_critical_with_both_heads_and_never_closes_by_itself(LogProtocol protocol)
    {
        await using OneHeadLog log = OneHeadLog.Start(protocol);
        await using var rig = new FollowingRig();
        FollowedLog followed = log.Followed(rig);
        log.Sign(rig.Time.GetUtcNow());
        await OneHeadLog.LookAsync(rig, followed);
        log.Sign(rig.Time.GetUtcNow(), root: MerkleHash.OfLeaf("another"u8));
        await OneHeadLog.LookAsync(rig, followed);
        log.Sign(rig.Time.GetUtcNow());
        await OneHeadLog.LookAsync(rig, followed);

        Incident incident = await TheOneAsync(rig, "fork", Severity.Critical);
        Assert.Equal(2, JsonDocument.Parse(incident.Evidence).RootElement.GetProperty("heads").GetArrayLength());
    }

    [Fact]
    public async Task An_incident_that_was_closed_by_hand_opens_again_while_its_cause_holds()
    {
        await using OneHeadLog log = OneHeadLog.Start(LogProtocol.Rfc6962);
        await using var rig = new FollowingRig();
        FollowedLog followed = log.Followed(rig);
        var incidents = new LogIncidents(rig.Store, () => [followed]);
        Task OpenAsync() => followed.Incidents.OpenAsync(rig.Store, Severity.Error, IncidentKinds.BadSignature, () => ("not signed", "{}"), Cancellation);
        await OpenAsync();

        await incidents.CloseAsync((await TheOneAsync(rig, "bad_signature", Severity.Error)).Id, Cancellation);
        Assert.Empty(await incidents.OpenAsync(Cancellation));
        await OpenAsync();

        Assert.Equal("bad_signature", Assert.Single(await incidents.OpenAsync(Cancellation)).Kind);
    }

    [Theory]
    [InlineData(LogProtocol.Rfc6962)]
    [InlineData(LogProtocol.StaticCt)]
    public async Task F11_Rule_9_5_the_same_tree_signed_again_is_no_incident(LogProtocol protocol)
    {
        await using OneHeadLog log = OneHeadLog.Start(protocol);
        await using var rig = new FollowingRig();
        FollowedLog followed = log.Followed(rig);
        log.Sign(rig.Time.GetUtcNow());
        await OneHeadLog.LookAsync(rig, followed);
        log.Sign(rig.Time.GetUtcNow() - TimeSpan.FromMinutes(10));
        await OneHeadLog.LookAsync(rig, followed);

        Assert.Empty(await IncidentsAsync(rig));
    }

    [Fact]
    public async Task Inconsistent_head_Rule_9_5_a_smaller_head_of_another_tree_than_the_proven_one_is_critical()
    {
        await using OneHeadLog log = OneHeadLog.Start(LogProtocol.Rfc6962);
        await using var rig = new FollowingRig();
        FollowedLog followed = log.Followed(rig);
        log.Sign(rig.Time.GetUtcNow(), 3, OneHeadLog.FrontierAt(3).Root());
        await OneHeadLog.LookAsync(rig, followed);
        Assert.Equal(3UL, followed.Standing.Proven.Value);

        log.Sign(rig.Time.GetUtcNow(), 2, MerkleHash.OfLeaf("another tree"u8));
        await OneHeadLog.LookAsync(rig, followed);
        await OneHeadLog.LookAsync(rig, followed);

        Incident incident = await TheOneAsync(rig, "inconsistent_head", Severity.Critical);
        Assert.Equal(("2", 1L), (incident.Subject, incident.Cases));
        JsonElement evidence = JsonDocument.Parse(incident.Evidence).RootElement;
        Assert.NotEqual(evidence.GetProperty("head").GetString(), evidence.GetProperty("proven_head").GetString());
    }

    [Fact]
    public async Task Inconsistent_head_F10_Rule_9_5_an_older_head_of_the_same_tree_is_none()
    {
        await using OneHeadLog log = OneHeadLog.Start(LogProtocol.Rfc6962);
        await using var rig = new FollowingRig();
        FollowedLog followed = log.Followed(rig);
        log.Sign(rig.Time.GetUtcNow(), 3, OneHeadLog.FrontierAt(3).Root());
        await OneHeadLog.LookAsync(rig, followed);
        log.Sign(rig.Time.GetUtcNow() - TimeSpan.FromHours(23), 2, OneHeadLog.FrontierAt(2).Root());
        await OneHeadLog.LookAsync(rig, followed);

        // The noise of its entries apart.
        Assert.Equal(["unparsable_entry"], (await IncidentsAsync(rig)).Select(one => one.Kind));
        Assert.NotNull(followed.Heads.Compared);
    }

    [Theory]
    [InlineData(LogProtocol.Rfc6962)]
    [InlineData(LogProtocol.StaticCt)]
    public async Task Bad_signature_F14_three_refused_heads_running_are_an_error_until_the_next_valid_one(LogProtocol protocol)
    {
        await using OneHeadLog log = OneHeadLog.Start(protocol);
        await using var rig = new FollowingRig();
        FollowedLog followed = log.Followed(rig);
        log.Sign(rig.Time.GetUtcNow());
        await OneHeadLog.LookAsync(rig, followed);
        log.SignByAnother();
        await RefuseAsync(rig, followed);
        await RefuseAsync(rig, followed);
        log.Sign(rig.Time.GetUtcNow());
        await OneHeadLog.LookAsync(rig, followed);
        log.SignByAnother();
        await RefuseAsync(rig, followed);
        await RefuseAsync(rig, followed);
        Assert.Empty(await IncidentsAsync(rig));

        await RefuseAsync(rig, followed);
        Incident incident = await TheOneAsync(rig, "bad_signature", Severity.Error);
        Assert.Contains("the old one of 0 entries stands", incident.Summary, StringComparison.Ordinal);
        Assert.NotNull(JsonDocument.Parse(incident.Evidence).RootElement.GetProperty("refused").GetString());
        Assert.NotNull(followed.Standing.Head);

        log.Sign(rig.Time.GetUtcNow());
        await OneHeadLog.LookAsync(rig, followed);
        Assert.NotNull(Assert.Single(await IncidentsAsync(rig)).Closed);
    }

    [Fact]
    public async Task Bad_signature_of_a_log_that_never_gave_a_valid_head_is_shown_with_its_name()
    {
        await using OneHeadLog log = OneHeadLog.Start(LogProtocol.StaticCt);
        await using var rig = new FollowingRig();
        FollowedLog followed = log.Followed(rig);
        log.SignByAnother();
        for (int i = 0; i < 3; i++) await RefuseAsync(rig, followed);

        Assert.Equal("one", (await TheOneAsync(rig, "bad_signature", Severity.Error)).LogDescription);
        Assert.Empty(await rig.Store.LogsAsync(Cancellation));
    }

    [Theory]
    [InlineData(LogProtocol.Rfc6962)]
    [InlineData(LogProtocol.StaticCt)]
    public async Task Stale_head_F15_opens_after_the_merge_delay_grows_after_a_day_more_and_closes_with_a_fresh_head(LogProtocol protocol)
    {
        await using OneHeadLog log = OneHeadLog.Start(protocol);
        await using var rig = new FollowingRig();
        FollowedLog followed = log.Followed(rig);
        log.Sign(rig.Time.GetUtcNow());
        await OneHeadLog.LookAsync(rig, followed);

        rig.Time.Advance(TimeSpan.FromHours(24) + TimeSpan.FromMinutes(4));
        await OneHeadLog.LookAsync(rig, followed);
        Assert.Empty(await IncidentsAsync(rig));

        rig.Time.Advance(TimeSpan.FromMinutes(2));
        await OneHeadLog.LookAsync(rig, followed);
        await TheOneAsync(rig, "stale_head", Severity.Warning);

        // The next process knows that it is open.
        followed = log.Followed(rig);
        rig.Time.Advance(TimeSpan.FromHours(24));
        await OneHeadLog.LookAsync(rig, followed);
        await TheOneAsync(rig, "stale_head", Severity.Error);

        log.Sign(rig.Time.GetUtcNow());
        await OneHeadLog.LookAsync(rig, followed);
        Assert.NotNull(Assert.Single(await IncidentsAsync(rig)).Closed);
    }

    [Fact]
    public async Task Stale_head_is_none_of_a_log_that_is_finished()
    {
        await using OneHeadLog log = OneHeadLog.Start(LogProtocol.Rfc6962);
        await using var rig = new FollowingRig();
        FollowedLog followed = log.Followed(rig);
        log.Sign(rig.Time.GetUtcNow() - TimeSpan.FromDays(90));
        followed.IsNow(followed.Chosen, LogStage.Finished);
        await OneHeadLog.LookAsync(rig, followed, TimeSpan.FromDays(1));

        Assert.Empty(await IncidentsAsync(rig));
    }

    [Theory]
    [InlineData(LogProtocol.Rfc6962)]
    [InlineData(LogProtocol.StaticCt)]
    public async Task Future_head_F16_more_than_a_minute_ahead_is_a_warning_until_a_head_of_today(LogProtocol protocol)
    {
        await using OneHeadLog log = OneHeadLog.Start(protocol);
        await using var rig = new FollowingRig();
        FollowedLog followed = log.Followed(rig);
        log.Sign(rig.Time.GetUtcNow() + TimeSpan.FromSeconds(59));
        await OneHeadLog.LookAsync(rig, followed);
        Assert.Empty(await IncidentsAsync(rig));

        log.Sign(rig.Time.GetUtcNow() + TimeSpan.FromSeconds(62));
        await OneHeadLog.LookAsync(rig, followed);
        await TheOneAsync(rig, "future_head", Severity.Warning);

        log.Sign(rig.Time.GetUtcNow());
        await OneHeadLog.LookAsync(rig, followed);
        Assert.NotNull(Assert.Single(await IncidentsAsync(rig)).Closed);
    }

    [Fact]
    public async Task Origin_mismatch_F34_a_foreign_name_over_our_keys_signature_is_told_and_the_head_counts()
    {
        await using OneHeadLog log = OneHeadLog.Start(LogProtocol.StaticCt);
        await using var rig = new FollowingRig();
        FollowedLog followed = log.Followed(rig);
        log.Sign(rig.Time.GetUtcNow(), origin: "other.example");
        await OneHeadLog.LookAsync(rig, followed);
        await OneHeadLog.LookAsync(rig, followed);

        Incident incident = await TheOneAsync(rig, "origin_mismatch", Severity.Info);
        Assert.Contains("one.example", incident.Summary, StringComparison.Ordinal);
        Assert.Contains("other.example", incident.Summary, StringComparison.Ordinal);
        Assert.Equal(1, incident.Cases);
        Assert.NotNull(followed.Standing.Head);
    }

    [Fact]
    public async Task Leaf_index_F31_an_absent_or_wrong_index_is_an_error_with_the_first_and_last_case_and_ends_a_day_after_it()
    {
        await using LyingLog log = await LyingLog.StartAsync(LogProtocol.StaticCt, 3);
        log.Log.AddEntry(LyingLog.LeafInput(7), [0, 0, 0]);
        log.Log.AddEntry(LyingLog.LeafInput(4), [0, 0, 0]);
        log.Log.AddEntry([.. LyingLog.LeafInput(5)[..^10], 0, 0], [0, 0, 0]);
        log.Log.Publish();
        await using var rig = new FollowingRig();
        await rig.FollowToAsync(log.Description, 6);

        Incident incident = (await IncidentsAsync(rig)).Single(one => one.Kind == "leaf_index");
        Assert.Equal((Severity.Error, 1L, null), (incident.Severity, incident.Cases, incident.Closed));
        Assert.StartsWith("index 7 at position 3; 1 more such entries up to 5", incident.Summary, StringComparison.Ordinal);
        JsonElement evidence = JsonDocument.Parse(incident.Evidence).RootElement;
        Assert.Equal((3, 7, 5), (evidence.GetProperty("first").GetProperty("position").GetInt32(), evidence.GetProperty("first").GetProperty("index").GetInt32(), evidence.GetProperty("last").GetProperty("position").GetInt32()));
        Assert.Equal(JsonValueKind.Null, evidence.GetProperty("last").GetProperty("index").ValueKind);

        LogHealth health = Health(rig);
        rig.Time.Advance(TimeSpan.FromHours(24));
        await health.LookAsync(Cancellation);
        Assert.Null((await IncidentsAsync(rig)).Single(one => one.Kind == "leaf_index").Closed);
        rig.Time.Advance(TimeSpan.FromSeconds(1));
        await health.LookAsync(Cancellation);
        Assert.All(await IncidentsAsync(rig), one => Assert.NotNull(one.Closed));
    }

    [Fact]
    public async Task Leaf_index_is_no_promise_of_an_RFC_6962_log()
    {
        await using LyingLog log = await LyingLog.StartAsync(LogProtocol.Rfc6962, 3);
        log.Log.AddEntry(LyingLog.LeafInput(7), [0, 0, 0]);
        log.Log.Publish();
        await using var rig = new FollowingRig();
        await rig.FollowToAsync(log.Description, 4);

        Assert.DoesNotContain(await IncidentsAsync(rig), one => one.Kind == "leaf_index");
    }

    [Theory]
    [InlineData(LogProtocol.Rfc6962)]
    [InlineData(LogProtocol.StaticCt)]
    public async Task Unparsable_entry_F20_is_a_warning_and_an_error_once_a_watched_name_stands_in_the_bytes(LogProtocol protocol)
    {
        await using LyingLog log = await LyingLog.StartAsync(protocol, 2);
        await using var rig = new FollowingRig("example.com");
        FollowedLog followed = rig.Follow(log.Description, LogStart.Beginning);
        await rig.ReachAsync(followed, 2);
        Incident incident = await TheOneAsync(rig, "unparsable_entry", Severity.Warning);
        Assert.StartsWith("entry 1 cannot be read to its end", incident.Summary, StringComparison.Ordinal);
        Assert.Equal(2, incident.Cases);

        byte[] watched = LyingLog.LeafInput(2);
        ",example.com,"u8.CopyTo(watched.AsSpan(17));
        log.Log.AddEntry(watched, [0, 0, 0]);
        log.Log.AddEntry(LyingLog.LeafInput(3), [0, 0, 0]);
        log.Log.Publish();
        await rig.ReachAsync(followed, 4);

        incident = await TheOneAsync(rig, "unparsable_entry", Severity.Error);
        JsonElement evidence = JsonDocument.Parse(incident.Evidence).RootElement;
        Assert.Equal((0, 3), (evidence.GetProperty("entry_index").GetInt32(), evidence.GetProperty("last").GetProperty("entry_index").GetInt32()));
    }

    [Fact]
    public async Task Unreachable_F37_opens_after_15_silent_minutes_grows_after_the_merge_delay_and_closes_with_an_answer()
    {
        await using OneHeadLog log = OneHeadLog.Start(LogProtocol.Rfc6962);
        await using var rig = new FollowingRig();
        FollowedLog followed = log.Followed(rig);
        LogHealth health = Health(rig, followed);
        log.Serve("<html>"u8.ToArray());
        var failure = await Assert.ThrowsAnyAsync<LogUnavailableException>(() => OneHeadLog.LookAsync(rig, followed));
        followed.Failed(failure.Message, rig.Time.GetUtcNow());
        rig.Time.Advance(TimeSpan.FromMinutes(15));
        await health.LookAsync(Cancellation);
        Assert.Empty(await IncidentsAsync(rig));

        rig.Time.Advance(TimeSpan.FromSeconds(30));
        await health.LookAsync(Cancellation);
        Incident incident = await TheOneAsync(rig, "unreachable", Severity.Warning);
        Assert.Contains(failure.Message, incident.Summary, StringComparison.Ordinal);

        rig.Time.Advance(TimeSpan.FromHours(24));
        await health.LookAsync(Cancellation);
        await TheOneAsync(rig, "unreachable", Severity.Error);

        log.Sign(rig.Time.GetUtcNow());
        await OneHeadLog.LookAsync(rig, followed);
        Assert.NotNull(Assert.Single(await IncidentsAsync(rig)).Closed);
    }

    [Fact]
    public async Task Unreachable_is_none_of_a_log_that_no_list_names()
    {
        await using OneHeadLog log = OneHeadLog.Start(LogProtocol.Rfc6962);
        await using var rig = new FollowingRig();
        FollowedLog followed = log.Followed(rig);
        followed.IsNow(followed.Chosen, LogStage.Delisted);
        rig.Time.Advance(TimeSpan.FromDays(2));
        await Health(rig, followed).LookAsync(Cancellation);

        Assert.Empty(await IncidentsAsync(rig));
    }

    [Fact]
    public async Task Throttled_opens_when_the_backlog_grows_for_half_an_hour_under_429_and_closes_when_it_does_not()
    {
        await using OneHeadLog log = OneHeadLog.Start(LogProtocol.Rfc6962);
        await using var rig = new FollowingRig();
        FollowedLog followed = log.Followed(rig);
        LogHealth health = Health(rig, followed);
        followed.StandsAt([new LogLane(1, default, null, LogPosition.At(Frontier.Empty), null, null)]);
        for (int minute = 0; minute <= 30; minute++)
        {
            Assert.Empty(await IncidentsAsync(rig));
            followed.Saw(log.Key.Head(1_000 + 1_800 * (ulong)minute, MerkleHash.OfLeaf("x"u8)), rig.Time.GetUtcNow());
            followed.Throttled(rig.Time.GetUtcNow());
            await health.LookAsync(Cancellation);
            rig.Time.Advance(TimeSpan.FromMinutes(1));
        }
        Incident incident = await TheOneAsync(rig, "throttled", Severity.Warning);
        Assert.StartsWith("the log lets us read 0 entries/s, and grows by 30: 55000 entries behind", incident.Summary, StringComparison.Ordinal);

        rig.Time.Advance(TimeSpan.FromMinutes(31));
        followed.Advanced(followed.Standing.Lanes[0], rig.Time.GetUtcNow());
        followed.Saw(log.Key.Head(55_001, MerkleHash.OfLeaf("x"u8)), rig.Time.GetUtcNow());
        await health.LookAsync(Cancellation);
        Assert.NotNull(Assert.Single(await IncidentsAsync(rig)).Closed);
    }

    [Fact]
    public async Task Throttled_is_learned_from_the_answers()
    {
        await using LyingLog log = await LyingLog.StartAsync(LogProtocol.Rfc6962, 3);
        log.Lie = (path, context, _) =>
        {
            if (!path.Contains("get-entries", StringComparison.Ordinal)) return Task.FromResult(false);
            context.Response.StatusCode = 429;
            return Task.FromResult(true);
        };
        await using var rig = new FollowingRig();
        var followed = new FollowedLog(new ChosenLog(log.Description, IsCustom: true, TimeSpan.FromSeconds(1)), rig.Time);

        // It waits to ask again, and has learned by then.
        await OneHeadLog.LookAsync(rig, followed);

        Assert.Equal(rig.Time.GetUtcNow(), followed.ThrottledAt);
    }

    [Fact]
    public async Task Open_incidents_are_measured_by_log_kind_and_severity()
    {
        await using OneHeadLog log = OneHeadLog.Start(LogProtocol.Rfc6962);
        await using var rig = new FollowingRig();
        FollowedLog followed = log.Followed(rig);
        var measured = new List<string>();
        using var listener = new MeterListener { InstrumentPublished = (one, l) => { if (one.Meter == rig.Meter && one.Name == "certherald_log_incidents") l.EnableMeasurementEvents(one); } };
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) => measured.Add($"{value} {string.Join(' ', tags.ToArray().Select(tag => tag.Value))}"));
        listener.Start();
        using LogHealth health = Health(rig, followed);
        log.Sign(rig.Time.GetUtcNow() + TimeSpan.FromHours(1));
        await OneHeadLog.LookAsync(rig, followed);

        await health.LookAsync(Cancellation);
        listener.RecordObservableInstruments();

        Assert.Equal(["1 one future_head warning"], measured);
    }

    private static LogHealth Health(FollowingRig rig, params FollowedLog[] logs) => new(() => logs, rig.Store, rig.Time, rig.Meter, NullLogger<LogHealth>.Instance);

    private static Task<IReadOnlyList<Incident>> IncidentsAsync(FollowingRig rig) => rig.Store.IncidentsAsync(100, Cancellation);

    /// <summary>The only one there is, the noise of entries apart, and it is open.</summary>
    private static async Task<Incident> TheOneAsync(FollowingRig rig, string kind, Severity severity)
    {
        Incident incident = Assert.Single(await IncidentsAsync(rig), one => one.Kind == kind || one.Kind != "unparsable_entry");
        Assert.Equal((kind, severity, null), (incident.Kind, incident.Severity, incident.Closed));
        return incident;
    }

    private static async Task RefuseAsync(FollowingRig rig, FollowedLog followed) =>
        await Assert.ThrowsAsync<HeadRefusedException>(() => OneHeadLog.LookAsync(rig, followed));
}
