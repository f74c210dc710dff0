using CertHerald.Following;
using CertHerald.TestLog;
using CertHerald.Transparency.Merkle;
using LogProtocol = CertHerald.Transparency.LogLists.LogProtocol;

namespace CertHerald.Tests.Following.Faults;

/// <summary>F1–F9, F24, F25, F27, F37, F39: answers that are short, late, broken or too much.</summary>
public sealed class AnswersThatFailTests : FaultTests
{
    [Theory]
    [InlineData("page=1", 60UL)]
    [InlineData("page=32", FaultRun.Size)]
    [InlineData("page=random", FaultRun.Size)]
    public Task F1_pages_of_any_length_are_read_on(string fault, ulong size) => FaultRun.HoldsAsync(LogProtocol.Rfc6962, [fault], size: size);

    [Theory]
    [InlineData("align=1000")]
    [InlineData("align=100")]
    public Task F2_pages_that_end_at_multiples_are_read_on(string fault) => FaultRun.HoldsAsync(LogProtocol.Rfc6962, [fault]);

    [Theory]
    [InlineData("count=none,times=3")]
    [InlineData("count=more,times=3")]
    public Task F3_an_answer_with_no_entries_or_one_too_many_is_asked_for_again(string fault) => FaultRun.HoldsAsync(LogProtocol.Rfc6962, [fault]);

    [Fact]
    public async Task F4_nothing_is_ever_asked_for_beyond_the_head()
    {
        await using FaultRun run = await FaultRun.StartAsync(LogProtocol.Rfc6962, ["end=strict"]);
        await run.ReachHeadAsync();
        run.Grow(33);
        await run.ReachHeadAsync();
        await run.AlertsAreThoseOfAnHonestLogAsync();
        // Not once was there anything to refuse.
        Assert.Equal(0, run.Log.Faults.Active.Single().Answers);
    }

    [Theory]
    [MemberData(nameof(Each), "2 1.5 gmt utc past garbage none")]
    public Task F5_429_in_every_form_is_waited_out(LogProtocol protocol, string form) => FaultRun.HoldsAsync(protocol, [$"retry-after={form},times=3"]);

    [Theory]
    [MemberData(nameof(Both))]
    public async Task F5_a_year_is_waited_for_an_hour(LogProtocol protocol)
    {
        await using FaultRun run = await FaultRun.StartAsync(protocol, ["retry-after=year,on=head,times=1"]);
        await run.UntilAsync(() => run.Standing.Error is not null);
        await run.PassAsync(TimeSpan.FromMinutes(55), TimeSpan.FromMinutes(5));
        Assert.Null(run.Standing.Head);

        await run.PassAsync(TimeSpan.FromMinutes(6), TimeSpan.FromMinutes(1));
        await run.ReachHeadAsync();
        await run.AlertsAreThoseOfAnHonestLogAsync();
        await run.IncidentsAreAsync();
    }

    [Theory]
    [MemberData(nameof(Both))]
    public async Task F5_a_log_that_says_to_wait_for_long_is_not_asked_and_delays_no_other(LogProtocol protocol)
    {
        await using Log other = FaultRun.Behaving(TimeProvider.System, FaultRun.Size);
        await using LogServer beside = await LogServer.StartAsync(other, cancellation: TestContext.Current.CancellationToken);
        await using FaultRun run = await FaultRun.StartAsync(protocol, ["retry-after=1800,on=head"], beside: beside);
        await run.UntilAsync(() => run.Standing.Error is not null && run.Beside.Standing.Proven.Value == FaultRun.Size);
        TimeSpan from = run.Time.Elapsed;
        for (int i = 0; i < 5; i++)
        {
            other.AddCorpus(new SyntheticCorpus().Entries(new EntryIndex(other.Size.Value), 50));
            other.Publish();
            await run.UntilAsync(() => run.Beside.Standing.Proven.Value == other.Head.Size.Value);
        }

        Assert.InRange(run.Time.Elapsed - from, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        Assert.Equal(1, run.Log.Faults.Active.Single().Answers);
        run.Log.Behave();
        await run.PassAsync(TimeSpan.FromMinutes(30), TimeSpan.FromMinutes(10));
        await run.ReachHeadAsync();
        await run.AlertsAreThoseOfAnHonestLogAsync();
        await run.IncidentsAreAsync();
    }

    [Theory]
    [MemberData(nameof(Each), "403 404 500 503 html empty cut")]
    public Task F6_answers_of_no_use_fail_alone(LogProtocol protocol, string form) => FaultRun.HoldsAsync(protocol, [$"body={form},times=3", $"body={form},on=entries,times=2"]);

    [Theory]
    [MemberData(nameof(Each), "headers body stall reset")]
    public Task F7_answers_that_do_not_come_time_out_and_are_asked_for_again(LogProtocol protocol, string form) => FaultRun.HoldsAsync(protocol, [$"slow={form},on=entries+head,times=2"]);

    [Theory]
    [MemberData(nameof(Each), "length body gzip")]
    public Task F8_a_bomb_is_left_at_its_limit(LogProtocol protocol, string form) => FaultRun.HoldsAsync(protocol, [$"bomb={form},on=head,times=1", $"bomb={form},on=entries,times=1"]);

    [Theory]
    [InlineData("json=slash")]
    [InlineData("json=members")]
    [InlineData("json=deep,times=4")]
    public Task F9_json_is_read_however_it_is_written_and_refused_if_too_deep(string fault) => FaultRun.HoldsAsync(LogProtocol.Rfc6962, [fault]);

    [Theory]
    [InlineData("no=get-sth-consistency")]
    [InlineData("no=get-sth-consistency+get-entry-and-proof")]
    public Task F24_without_a_call_the_next_one_gives_the_frontier(string fault) => FaultRun.HoldsAsync(LogProtocol.Rfc6962, [fault], start: "333");

    [Theory]
    [InlineData("wrong")]
    [InlineData("short")]
    [InlineData("long")]
    [InlineData("31")]
    public Task F25_a_proof_that_proves_nothing_is_rejected_for_the_next_source(string form) =>
        FaultRun.HoldsAsync(LogProtocol.Rfc6962, [$"proof={form},on=get-sth-consistency", $"proof={form},on=get-entry-and-proof"], start: "333");

    [Theory]
    [MemberData(nameof(Each), "unasked never")]
    public Task F27_gzip_unasked_or_never_is_read(LogProtocol protocol, string form) => FaultRun.HoldsAsync(protocol, [$"gzip={form}"]);

    [Theory]
    [MemberData(nameof(Each), "reset 404 refused tls")]
    public async Task F37_a_log_that_was_gone_for_a_while_is_read_on(LogProtocol protocol, string form)
    {
        await using FaultRun run = await FaultRun.StartAsync(protocol, []);
        await run.ReachHeadAsync();
        run.Log.Misbehave($"gone={form},for=3m");
        run.Grow(50);
        await run.UntilAsync(() => run.Standing.Error is not null || run.Log.Faults.Faults.Count == 0);
        await run.UntilAsync(() => run.Log.Faults.Faults.Count == 0, TimeSpan.FromSeconds(20));
        await run.ReachHeadAsync();
        await run.AlertsAreThoseOfAnHonestLogAsync();
        await run.IncidentsAreAsync();
    }

    [Theory]
    [MemberData(nameof(Both))]
    public async Task F37_a_log_that_its_list_moves_to_a_name_that_there_is_not_is_read_on_where_it_was(LogProtocol protocol)
    {
        await using FaultRun run = await FaultRun.StartAsync(protocol, [], isListed: true);
        await run.UntilAsync(() => run.Fleet.Logs.Count == 1);
        await run.ReachHeadAsync();
        run.Log.Misbehave("gone=dns");
        await run.UntilAsync(() => run.Followed.State == FollowState.Delisted, TimeSpan.FromMinutes(10));
        run.Grow(50);
        await run.UntilAsync(() => run.Standing.Proven.Value == 750, TimeSpan.FromMinutes(10));

        run.Log.Behave();
        await run.UntilAsync(() => run.Followed.State == FollowState.Following, TimeSpan.FromMinutes(10));
        await run.AlertsAreThoseOfAnHonestLogAsync();
        await run.IncidentsAreAsync();
    }

    [Theory]
    [MemberData(nameof(Both))]
    public async Task F39_nobody_follows_a_redirect(LogProtocol protocol)
    {
        await using Fetching.ScriptedServer elsewhere = await Fetching.ScriptedServer.AnsweringAsync(200, "application/json", "{}"u8.ToArray());
        await FaultRun.HoldsAsync(protocol, [$"redirect={elsewhere.Url},times=3", $"redirect={elsewhere.Url},on=entries,times=2"]);
        Assert.Empty(elsewhere.Requests);
    }
}
