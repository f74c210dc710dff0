using CertHerald.Following;
using CertHerald.Storage;
using LogProtocol = CertHerald.Transparency.LogLists.LogProtocol;

namespace CertHerald.Tests.Following.Faults;

/// <summary>F36 to F38 by the log's own list, signed and fetched as Chrome's: what it says of the log, and what is wrong with it.</summary>
public sealed class ListFaultsTests : FaultTests
{
    /// <summary>Longer than a list waits for its next look.</summary>
    private static readonly TimeSpan ListHours = TimeSpan.FromHours(2), Step = TimeSpan.FromMinutes(10);

    [Theory]
    [MemberData(nameof(Both))]
    public async Task F36_a_log_that_ended_where_its_list_says_is_finished(LogProtocol protocol)
    {
        await using FaultRun run = await StartAsync(protocol, "freeze=at");
        await run.UntilAsync(() => run.Fleet.Logs is [{ State: FollowState.Finished }], Step);
        await EndsWellAsync(run);
    }

    [Theory]
    [MemberData(nameof(Both))]
    public async Task F36_a_log_below_its_end_is_followed_until_it_is_there(LogProtocol protocol)
    {
        await using FaultRun run = await StartAsync(protocol, "freeze=below");
        await run.UntilAsync(() => run.Fleet.Logs is [{ HasEnded: false }], Step);
        await run.PassAsync(ListHours, Step);
        Assert.Equal((LogStage.Following, FaultRun.Size / 2), (run.Followed.Stage, run.Standing.Proven.Value));

        run.Log.Behave();
        await EndsWellAsync(run);
    }

    [Theory]
    [MemberData(nameof(Both))]
    public async Task F36_a_log_unlike_its_end_is_an_incident_and_read(LogProtocol protocol)
    {
        await using FaultRun run = await StartAsync(protocol, "freeze=unlike");
        await run.UntilAsync(() => run.Fleet.Logs is [{ State: FollowState.Finished }], Step);
        await EndsWellAsync(run, IncidentKinds.InconsistentHead);
        Assert.Equal(Severity.Critical, (await run.IncidentAsync(IncidentKinds.InconsistentHead)).Severity);
    }

    [Theory]
    [MemberData(nameof(Both))]
    public async Task F37_a_log_that_falls_silent_in_no_list_any_more_is_finished_without_an_incident(LogProtocol protocol)
    {
        await using FaultRun run = await FollowedAsync(protocol);
        run.Log.Misbehave("list=removed", "gone=404,on=rfc6962+static");
        await run.UntilAsync(() => run.Followed.State == FollowState.Delisted, Step);
        await run.UntilAsync(() => run.Standing.Error is not null);
        await run.PassAsync(ListHours, Step);
        Assert.Equal(FollowState.Delisted, run.Followed.State);
        run.Time.Advance(LifeRules.LongestSilence);
        await run.UntilAsync(() => run.Followed.State == FollowState.Finished, Step);
        await EndsWellAsync(run);
    }

    [Theory]
    [InlineData("list=signature,times=1")]
    [InlineData("list=signature,times=3")]
    public async Task F38_a_list_whose_signature_fails_is_fetched_again_after_a_minute(string fault)
    {
        await using FaultRun run = await StartAsync(LogProtocol.Rfc6962, fault);
        await run.UntilAsync(() => run.Fleet.Logs.Count == 1);
        Assert.InRange(run.Time.Elapsed, LogListWaits(fault), LogListWaits(fault) + TimeSpan.FromMinutes(1));
        await EndsWellAsync(run);

        static TimeSpan LogListWaits(string fault) => Fetching(fault) * CertHerald.Fetching.LogListSource.RefetchAfter;
        static int Fetching(string fault) => fault[^1] - '0';
    }

    [Theory]
    [InlineData("signature")]
    [InlineData("offline")]
    [InlineData("version")]
    public async Task F38_of_a_list_that_cannot_be_believed_the_one_before_stays_in_force(string form)
    {
        await using FaultRun run = await FollowedAsync(LogProtocol.StaticCt);
        run.Log.Misbehave("list=removed", $"list={form}");
        await run.PassAsync(ListHours, Step);
        Assert.Equal(LogStage.Following, run.Followed.Stage);
        run.Grow(50);
        await run.ReachHeadAsync();

        // Believed again, it says what it says.
        run.Log.Behave();
        run.Log.Misbehave("list=removed");
        await run.UntilAsync(() => run.Followed.State == FollowState.Delisted, Step);
        await EndsWellAsync(run);
    }

    [Fact]
    public async Task F38_without_any_list_at_the_start_it_is_told_until_there_is_one()
    {
        await using FaultRun run = await StartAsync(LogProtocol.Rfc6962, "list=offline");
        await run.UntilAsync(() => run.Fleet.ListProblem?.Contains("503", StringComparison.Ordinal) == true);
        Assert.Empty(run.Fleet.Logs);
        run.Log.Behave();
        await EndsWellAsync(run);
        Assert.Null(run.Fleet.ListProblem);
    }

    [Theory]
    [MemberData(nameof(Both))]
    public async Task F38_a_placeholder_is_refused_with_its_reason_and_disturbs_nothing(LogProtocol protocol)
    {
        await using FaultRun run = await StartAsync(protocol, "list=placeholder");
        await run.UntilAsync(() => run.Fleet.Logs.Count == 1);
        Assert.Equal("Placeholder", Assert.Single(run.Fleet.Refused).Name);
        Assert.Contains("reserved name", run.Fleet.Refused[0].Reason, StringComparison.Ordinal);
        await EndsWellAsync(run);
    }

    [Theory]
    [MemberData(nameof(Both))]
    public async Task F38_a_log_whose_id_is_not_its_keys_is_refused_until_it_is(LogProtocol protocol)
    {
        await using FaultRun run = await StartAsync(protocol, "list=id");
        await run.UntilAsync(() => run.Fleet.Refused.Count == 1);
        Assert.Contains("SHA-256", run.Fleet.Refused[0].Reason, StringComparison.Ordinal);
        Assert.Empty(run.Fleet.Logs);
        run.Log.Behave();
        await EndsWellAsync(run);
    }

    [Theory]
    [MemberData(nameof(Both))]
    public async Task F38_a_log_that_moves_is_read_on_from_the_same_position(LogProtocol protocol)
    {
        await using FaultRun run = await FollowedAsync(protocol);
        run.Log.Misbehave("list=url");
        await run.UntilAsync(() => run.Followed.Log.Url.AbsolutePath.StartsWith("/moved/", StringComparison.Ordinal), Step);
        run.Grow(50);
        await EndsWellAsync(run);
        Assert.Equal(750, run.Followed.Entries);
    }

    [Theory]
    [MemberData(nameof(Both))]
    public async Task F38_a_log_in_no_list_any_more_is_followed_while_it_answers_and_goes_on_when_it_is_back(LogProtocol protocol)
    {
        await using FaultRun run = await FollowedAsync(protocol);
        run.Log.Misbehave("list=removed");
        await run.UntilAsync(() => run.Followed.State == FollowState.Delisted, Step);
        run.Grow(50);
        await run.ReachHeadAsync();
        run.Log.Behave();
        await run.UntilAsync(() => run.Followed.State == FollowState.Following, Step);
        await EndsWellAsync(run);
        Assert.Equal(750, run.Followed.Entries);
    }

    [Theory]
    [InlineData("pending")]
    [InlineData("qualified")]
    [InlineData("usable")]
    public async Task F38_a_log_is_begun_in_the_states_that_are_followed(string state)
    {
        await using FaultRun run = await StartAsync(LogProtocol.StaticCt, $"list={state}");
        await EndsWellAsync(run);
        Assert.Equal(LogStage.Following, run.Followed.Stage);
    }

    [Theory]
    [InlineData("retired")]
    [InlineData("rejected")]
    public async Task F38_a_log_is_not_begun_in_other_states(string state)
    {
        await using FaultRun run = await StartAsync(LogProtocol.Rfc6962, $"list={state}");
        await run.UntilAsync(() => run.Fleet.ListProblem is null);
        await run.PassAsync(ListHours, Step);
        Assert.Empty(run.Fleet.Logs);
        run.Log.Behave();
        await EndsWellAsync(run);
    }

    [Theory]
    [InlineData("retired", FollowState.Finished)]
    [InlineData("rejected", FollowState.Stopped)]
    public async Task F38_a_followed_log_ends_with_its_state_and_goes_on_with_it(string state, object ended)
    {
        await using FaultRun run = await FollowedAsync(LogProtocol.StaticCt);
        run.Log.Misbehave($"list={state}");
        await run.UntilAsync(() => run.Followed.State == (FollowState)ended, Step);
        run.Grow(50);
        run.Log.Behave();
        await run.UntilAsync(() => run.Followed.State == FollowState.Following, Step);
        await EndsWellAsync(run);
        Assert.Equal(750, run.Followed.Entries);
    }

    private static Task<FaultRun> StartAsync(LogProtocol protocol, params string[] faults) => FaultRun.StartAsync(protocol, faults, isListed: true);

    /// <summary>Listed, and read to its head.</summary>
    private static async Task<FaultRun> FollowedAsync(LogProtocol protocol)
    {
        FaultRun run = await StartAsync(protocol);
        await run.UntilAsync(() => run.Fleet.Logs.Count == 1);
        await run.ReachHeadAsync();
        return run;
    }

    /// <summary>All of the log is read in the end, and nothing else was told than what it was.</summary>
    private static async Task EndsWellAsync(FaultRun run, params string[] incidents)
    {
        await run.UntilAsync(() => run.Fleet.Logs.Count == 1, Step);
        await run.ReachHeadAsync();
        await run.AlertsAreThoseOfAnHonestLogAsync();
        await run.IncidentsAreAsync(incidents);
    }
}
