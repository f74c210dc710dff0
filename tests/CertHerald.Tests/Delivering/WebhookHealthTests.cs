using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Dialects.CertSpotter;
using CertHerald.Dialects.Native;
using CertHerald.Storage;

namespace CertHerald.Tests.Delivering;

/// <summary>What attempts say about a webhook, by the clock that is handed in.</summary>
public sealed class WebhookHealthTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly DeliveryRules CertSpotter = new CertSpotterDialect().Rules;

    private static readonly DeliveryRules Native = new NativeDialect().Rules;

    /// <summary>Rules like those of a dialect that takes 200 only, goes on after 410, and shortens after 413.</summary>
    private static readonly DeliveryRules Strict = CertSpotter with { LastDeliveringStatus = 200, GoneEnds = false, ShortensAfter413 = true };

    private static readonly Answer Refused = new(AttemptOutcome.Status, 500, null);

    [Fact]
    public void E8_Rule_6_2_ten_failures_in_a_row_pause_for_30_s_and_each_failed_probe_doubles_it_up_to_30_min()
    {
        WebhookState state = WebhookState.New;
        for (int i = 0; i < 9; i++) state = Fail(state, Start);
        Assert.False(state.IsBreakerOpen);
        state = Fail(state, Start);
        Assert.Equal((true, Start.AddSeconds(30)), (state.IsBreakerOpen, state.PausedUntil));

        // What was under way when it opened says nothing new.
        state = WebhookHealth.AfterFailure(state, Refused, VerdictOf(Refused), Start.AddSeconds(-5), Start.AddSeconds(1)).State;
        Assert.Equal(TimeSpan.FromSeconds(30), state.BreakerWait);

        DateTimeOffset now = Start;
        foreach (int seconds in (int[])[60, 120, 240, 480, 960, 1800, 1800])
        {
            now = state.PausedUntil!.Value;
            Assert.Equal(0, WebhookHealth.GrantTo(state, now.AddMilliseconds(-1), underWay: 0, room: 8, rate: 50).AtMost);
            Grant probe = WebhookHealth.GrantTo(state, now, underWay: 0, room: 8, rate: 50);
            Assert.Equal(1, probe.AtMost);
            state = probe.Then(1);
            Assert.Equal(0, WebhookHealth.GrantTo(state, now.AddSeconds(1), underWay: 1, room: 8, rate: 50).AtMost);
            Assert.Equal(0, WebhookHealth.GrantTo(state, now.AddSeconds(1), underWay: 0, room: 8, rate: 50).AtMost);
            state = Fail(state, now.AddSeconds(2));
            Assert.Equal(now.AddSeconds(2 + seconds), state.PausedUntil);
        }

        state = WebhookHealth.AfterSuccess(state, now.AddHours(1), now.AddHours(1)).State;
        Assert.Equal((false, 0, false), (state.IsBreakerOpen, state.Failures, state.IsPausedAt(now.AddHours(1))));
        Assert.Equal(8, WebhookHealth.GrantTo(state, now.AddHours(1), underWay: 0, room: 8, rate: 50).AtMost);
    }

    [Fact]
    public void E8_Rule_6_2_half_of_ten_attempts_in_five_minutes_pause_too_but_not_when_they_are_older()
    {
        WebhookState state = WebhookState.New;
        for (int i = 0; i < 9; i++) state = i % 2 == 0 ? WebhookHealth.AfterSuccess(state, Start.AddSeconds(i), Start.AddSeconds(i)).State : Fail(state, Start.AddSeconds(i));
        Assert.False(state.IsBreakerOpen);
        Assert.True(Fail(state, Start.AddMinutes(4)).IsBreakerOpen);
        Assert.False(Fail(state, Start.AddMinutes(5)).IsBreakerOpen);

        state = WebhookState.New;
        for (int i = 0; i < 100; i++) state = WebhookHealth.AfterSuccess(state, Start, Start).State;
        for (int i = 0; i < 9; i++) state = Fail(state, Start);
        Assert.False(state.IsBreakerOpen);
    }

    [Fact]
    public void E8_Rule_6_2_a_success_ends_the_breakers_own_pause_and_its_count_but_not_a_pause_that_was_asked_for()
    {
        WebhookState state = WebhookState.New;
        for (int i = 0; i < 9; i++) state = Fail(state, Start);
        var busy = new Answer(AttemptOutcome.Status, 503, null) { RetryAfter = TimeSpan.FromHours(1) };
        state = WebhookHealth.AfterFailure(state, busy, VerdictOf(busy), Start, Start).State;
        Assert.Equal((true, Start.AddHours(1)), (state.IsBreakerOpen, state.PausedUntil));

        WebhookState late = WebhookHealth.AfterSuccess(state, Start.AddSeconds(-1), Start.AddSeconds(1)).State;
        Assert.Equal((false, Start.AddHours(1)), (late.IsBreakerOpen, late.PausedUntil));

        DateTimeOffset now = Start.AddHours(1);
        WebhookState probed = WebhookHealth.AfterSuccess(WebhookHealth.GrantTo(state, now, 0, 8, 50).Then(1), now, now.AddSeconds(1)).State;
        Assert.False(probed.IsPausedAt(now.AddSeconds(1)));
        Assert.False(Fail(probed, now.AddSeconds(2)).IsBreakerOpen);
    }

    [Fact]
    public void A_late_410_leaves_what_the_operator_put_on_hold_as_it_is()
    {
        WebhookState off = WebhookHealth.Hold(WebhookState.New, WebhookStatus.Off, null, "maintenance", Start).State;
        var gone = new Answer(AttemptOutcome.Status, 410, null);
        Settlement settled = DeliveryLoop.Settle(off, Delivery(), gone, VerdictOf(gone), isOurs: false, Start, Start);
        Assert.Equal((WebhookStatus.Off, "maintenance", DeliveryState.Dead), (settled.Webhook.Status, settled.Webhook.Reason, settled.State));
    }

    [Fact]
    public void A_webhook_that_may_have_one_attempt_at_once_is_trusted_by_its_last()
    {
        var lane = new DeliveryLane(Given.Webhook(new Uri("https://hook.example/")) with { Concurrency = 1 }, new CertSpotterDialect(), "hook");
        Assert.False(lane.IsTrusted);
        lane.Learn(succeeded: true);
        Assert.True(lane.IsTrusted);
        lane.Learn(succeeded: false);
        Assert.False(lane.IsTrusted);
    }

    [Fact]
    public void E8_Rule_6_3_five_days_without_success_hold_after_ten_failures_and_operators_hear_at_50_70_90_and_100_percent()
    {
        WebhookState state = WebhookState.New;
        var told = new List<(double Hours, string Kind)>();
        for (int hour = 0; hour <= 120; hour += 4)
        {
            (state, DeliveryNews? news) = WebhookHealth.AfterFailure(state, Refused, VerdictOf(Refused), Start.AddHours(hour), Start.AddHours(hour));
            if (news is not null) told.Add((hour, news.Kind));
        }

        Assert.Equal([(60, "endpoint.failing"), (84, "endpoint.failing"), (108, "endpoint.failing"), (120, "endpoint.held")], told);
        Assert.Equal((WebhookStatus.Held, HoldCause.Failing, Start.AddHours(126)), (state.Status, state.Cause, state.ProbeAt));

        // A probe every six hours, one at a time, of what is held.
        Assert.Equal(0, WebhookHealth.GrantTo(state, Start.AddHours(125), 0, 8, 50).AtMost);
        Grant probe = WebhookHealth.GrantTo(state, Start.AddHours(126), 0, 8, 50);
        Assert.Equal((1, true), (probe.AtMost, probe.OfHeld));
        Assert.Equal(0, WebhookHealth.GrantTo(probe.Then(1), Start.AddHours(126), 0, 8, 50).AtMost);
        state = Fail(probe.Then(1), Start.AddHours(126));
        Assert.Equal((WebhookStatus.Held, Start.AddHours(132)), (state.Status, state.ProbeAt));

        (state, DeliveryNews? recovered) = WebhookHealth.AfterSuccess(state, Start.AddHours(132), Start.AddHours(132));
        Assert.Equal(("endpoint.recovered", WebhookStatus.Active, null, 0), (recovered!.Kind, state.Status, state.Reason, state.Told));
    }

    [Fact]
    public void E8_Rule_6_3_few_failures_do_not_hold_however_long_ago_the_first_was()
    {
        WebhookState state = WebhookState.New;
        for (int i = 0; i < 9; i++) state = Fail(state, Start.AddDays(i));
        Assert.Equal(WebhookStatus.Active, state.Status);
        Assert.Equal(WebhookStatus.Held, Fail(state, Start.AddDays(9)).Status);
    }

    [Fact]
    public void Rule_3_2_a_rate_is_a_bucket_that_holds_a_second_and_fills_with_time()
    {
        Grant first = WebhookHealth.GrantTo(WebhookState.New, Start, 0, room: 200, rate: 50);
        Assert.Equal(50, first.AtMost);
        WebhookState empty = first.Then(50);
        Assert.Equal(0, WebhookHealth.GrantTo(empty, Start, 0, 200, 50).AtMost);
        Assert.Equal(5, WebhookHealth.GrantTo(empty, Start.AddMilliseconds(100), 0, 200, 50).AtMost);
        Assert.Equal(50, WebhookHealth.GrantTo(empty, Start.AddHours(1), 0, 200, 50).AtMost);
        Assert.Equal(8, WebhookHealth.GrantTo(empty, Start.AddHours(1), 0, 8, 50).AtMost);

        // Set back, the clock says nothing of what came in: not to send for an hour would be worse. A slow rate still gives one.
        Assert.Equal(50, WebhookHealth.GrantTo(empty, Start.AddHours(-1), 0, 200, 50).AtMost);
        WebhookState slow = WebhookHealth.GrantTo(WebhookState.New, Start, 0, 8, rate: 0.1).Then(1);
        Assert.Equal(0, WebhookHealth.GrantTo(slow, Start.AddSeconds(9), 0, 8, rate: 0.1).AtMost);
        Assert.Equal(1, WebhookHealth.GrantTo(slow, Start.AddSeconds(10), 0, 8, rate: 0.1).AtMost);
    }

    [Theory]
    [InlineData(200, "done", "done", "done")]
    [InlineData(201, "done", "done", "retry")]
    [InlineData(299, "done", "done", "retry")]
    [InlineData(300, "retry", "retry", "retry")]
    [InlineData(307, "retry", "retry", "retry")]
    [InlineData(400, "retry", "retry", "retry")]
    [InlineData(404, "retry", "retry", "retry")]
    [InlineData(410, "gone", "gone", "retry")]
    [InlineData(413, "retry", "retry", "short")]
    [InlineData(429, "pause", "pause", "pause")]
    [InlineData(500, "retry", "retry", "retry")]
    [InlineData(503, "pause", "pause", "pause")]
    [InlineData(599, "retry", "retry", "retry")]
    [InlineData(null, "retry", "retry", "retry")]
    public void E6_Rule_4_4_every_row_of_the_outcome_table(int? status, string certSpotter, string native, string strict)
    {
        Assert.Equal(certSpotter, OutcomeOf(CertSpotter));
        Assert.Equal(native, OutcomeOf(Native));
        Assert.Equal(strict, OutcomeOf(Strict));

        string OutcomeOf(DeliveryRules rules)
        {
            AttemptOutcome outcome = status is null ? AttemptOutcome.Timeout : rules.Delivers(status.Value) ? AttemptOutcome.Delivered : AttemptOutcome.Status;
            var answer = new Answer(outcome, status, null);
            Verdict verdict = rules.Judge(Delivery(), answer, Start, Start);
            Settlement settled = DeliveryLoop.Settle(WebhookState.New, Delivery(), answer, verdict, isOurs: false, Start, Start);
            Assert.True(settled.Counted);
            return (settled.State, settled.Webhook.Status, settled.Shorten, settled.Webhook.PausedUntil) switch
            {
                (DeliveryState.Done, WebhookStatus.Active, false, null) => "done",
                (DeliveryState.Dead, WebhookStatus.Gone, false, null) => "gone",
                (DeliveryState.Pending, WebhookStatus.Active, false, null) => "retry",
                (DeliveryState.Pending, WebhookStatus.Active, true, null) => "short",
                (DeliveryState.Pending, WebhookStatus.Active, false, not null) => "pause",
                _ => settled.ToString(),
            };
        }
    }

    [Theory]
    [InlineData((int)AttemptOutcome.Dns)]
    [InlineData((int)AttemptOutcome.Connect)]
    [InlineData((int)AttemptOutcome.Tls)]
    [InlineData((int)AttemptOutcome.Timeout)]
    [InlineData((int)AttemptOutcome.Protocol)]
    [InlineData((int)AttemptOutcome.Internal)]
    [InlineData((int)AttemptOutcome.Blocked)]
    public void E6_Rule_4_4_a_way_that_fails_is_a_counted_retry_and_three_refusals_of_the_guard_a_hold(int outcome)
    {
        var answer = new Answer((AttemptOutcome)outcome, null, "detail");
        WebhookState state = WebhookState.New;
        for (int i = 1; i <= 3; i++)
        {
            Settlement settled = DeliveryLoop.Settle(state, Delivery(), answer, CertSpotter.Judge(Delivery(), answer, Start, Start), isOurs: false, Start, Start);
            state = settled.Webhook;
            Assert.Equal((true, DeliveryState.Pending), (settled.Counted, settled.State));
            bool isHeld = answer.Outcome == AttemptOutcome.Blocked && i == 3;
            Assert.Equal(isHeld ? WebhookStatus.Held : WebhookStatus.Active, state.Status);
            Assert.Equal(isHeld ? ["endpoint.held"] : [], settled.News.Select(news => news.Kind));
        }
    }

    [Fact]
    public void Rule_4_5_a_fault_of_our_own_counts_nothing_and_changes_nothing_of_the_webhook()
    {
        var answer = new Answer(AttemptOutcome.Dns, null, "the name servers failed") { Suspect = Suspect.NameServers };
        Settlement settled = DeliveryLoop.Settle(WebhookState.New, Delivery(), answer, new Verdict(DeliveryState.Pending, Start.AddSeconds(1)), isOurs: true, Start, Start);
        Assert.Equal((false, WebhookState.New, Start.AddSeconds(1)), (settled.Counted, settled.Webhook, settled.Due));
    }

    [Fact]
    public void Rule_13_3_the_fourth_failed_try_the_recovery_and_the_end_are_news()
    {
        Assert.Equal([], KindsOf(Refused, tries: 2));
        Assert.Equal(["delivery.failing"], KindsOf(Refused, tries: 3));
        Assert.Equal([], KindsOf(Refused, tries: 4));
        Assert.Equal(["delivery.dead"], KindsOf(Refused, tries: 18));
        var taken = new Answer(AttemptOutcome.Delivered, 200, null);
        Assert.Equal([], KindsOf(taken, tries: 3));
        Assert.Equal(["delivery.recovered"], KindsOf(taken, tries: 4));
        Assert.Equal(["endpoint.gone", "delivery.dead"], KindsOf(new Answer(AttemptOutcome.Status, 410, null), tries: 0));

        static IEnumerable<string> KindsOf(Answer answer, int tries) => DeliveryLoop.Settle(
            WebhookState.New, Delivery(tries), answer, CertSpotter.Judge(Delivery(tries), answer, Start, Start), false, Start, Start).News.Select(news => news.Kind);
    }

    [Fact]
    public void Rule_5_2_a_held_webhooks_probe_never_ends_a_delivery_and_costs_no_try()
    {
        WebhookState held = WebhookHealth.Hold(WebhookState.New, WebhookStatus.Held, HoldCause.Failing, "failing", Start).State;
        Settlement settled = DeliveryLoop.Settle(held, Delivery(18), Refused, CertSpotter.Judge(Delivery(18), Refused, Start, Start), false, Start, Start);
        Assert.Equal((DeliveryState.Held, false), (settled.State, settled.Counted));
    }

    private static WebhookState Fail(WebhookState state, DateTimeOffset at) => WebhookHealth.AfterFailure(state, Refused, VerdictOf(Refused), at, at).State;

    private static Verdict VerdictOf(Answer answer) => CertSpotter.Judge(Delivery(), answer, Start, Start);

    private static StoredDelivery Delivery(int tries = 0) =>
        new(1, "hook", EventKinds.UnknownCertificate, 1, "key", null, DeliveryState.Inflight, tries, null, Start, Start, Start);
}
