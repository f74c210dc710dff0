using System.Buffers;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Dialects.CertSpotter;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Storage;

namespace CertHerald.Tests.Delivering;

public sealed class DeliveryLoopTests
{
    private const string NotTaken = "did not take";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task D5_E1_every_retry_sends_the_same_bytes_under_the_same_key()
    {
        await using Receiver receiver = Receiver.Start();
        receiver.Then(Receiver.Answer(500, "first"), Receiver.Answer(500), Receiver.Answer(200, "thanks"));
        await using DeliveryRig rig = await DeliveryRig.StartAsync(Given.Webhook(receiver.Url));
        await rig.OweAsync("hook");

        await rig.Log.WaitForAsync(NotTaken, 1);
        await rig.AdvanceToDueAsync();
        await rig.Log.WaitForAsync(NotTaken, 2);
        await rig.AdvanceToDueAsync();
        await rig.Log.WaitForAsync("got unknown_certificate");

        Assert.Equal(3, receiver.Requests.Count);
        Assert.Single(receiver.Requests.Select(request => request.Key).Distinct());
        Assert.Single(receiver.Requests.Select(request => Convert.ToHexString(request.Body)).Distinct());

        StoredDelivery delivery = await rig.DeliveryAsync();
        Assert.Equal((DeliveryState.Done, 3), (delivery.State, delivery.Tries));
        Assert.Equal(delivery.Key, receiver.Requests[0].Key);
        Assert.True(Guid.TryParse(delivery.Key, out Guid key) && key.Version == 7, "a UUIDv7");

        IReadOnlyList<StoredAttempt> attempts = await rig.Store.AttemptsAsync(delivery.Id, Cancellation);
        Assert.Equal(["status", "status", "delivered"], attempts.Select(attempt => attempt.Outcome));
        Assert.Equal([500, 500, 200], attempts.Select(attempt => attempt.Status));
        Assert.Equal(["first", "", "thanks"], attempts.Select(attempt => Encoding.UTF8.GetString(attempt.Answer)));
    }

    [Fact]
    public async Task D6_Rule_1_3_two_issuances_have_two_keys()
    {
        await using Receiver receiver = Receiver.Start();
        await using DeliveryRig rig = await DeliveryRig.StartAsync(Given.Webhook(receiver.Url));
        await rig.OweAsync("hook");
        await rig.OweAsync("hook");

        await rig.Log.WaitForAsync("got unknown_certificate", 2);
        Assert.Equal(2, receiver.Requests.Select(request => request.Key).Distinct().Count());
    }

    [Fact]
    public async Task D8_Rule_2_4_what_was_sent_but_not_recorded_is_sent_again_the_same_after_a_restart()
    {
        await using Receiver receiver = Receiver.Start();
        await using DeliveryRig rig = await DeliveryRig.OpenAsync(Given.Webhook(receiver.Url));
        await rig.OweAsync("hook");
        DateTimeOffset now = rig.Time.GetUtcNow();
        StoredDelivery claimed = Assert.Single(await rig.Store.ClaimDueAsync("hook", 4, now, now.AddSeconds(90), Cancellation));
        await rig.Store.FreezeAsync(claimed, "sent before the kill"u8.ToArray());

        await rig.ReopenAsync();
        await rig.StartLoopAsync();
        Received again = await receiver.NextAsync();
        Assert.Equal(claimed.Key, again.Key);
        Assert.Equal("sent before the kill"u8, again.Body);
        await rig.Log.WaitForAsync("got unknown_certificate");
    }

    [Fact]
    public async Task D8_a_claim_that_expires_is_sent_again_the_same()
    {
        await using Receiver receiver = Receiver.Start();
        await using DeliveryRig rig = await DeliveryRig.OpenAsync(Given.Webhook(receiver.Url));
        await rig.OweAsync("hook");
        DateTimeOffset now = rig.Time.GetUtcNow();
        StoredDelivery claimed = Assert.Single(await rig.Store.ClaimDueAsync("hook", 4, now, now.AddSeconds(90), Cancellation));
        await rig.Store.FreezeAsync(claimed, "sent by another node"u8.ToArray());

        await rig.StartLoopAsync();
        rig.Advance(TimeSpan.FromSeconds(91));
        Received again = await receiver.NextAsync();
        Assert.Equal(claimed.Key, again.Key);
        Assert.Equal("sent by another node"u8, again.Body);
        await rig.Log.WaitForAsync("got unknown_certificate");
    }

    [Fact]
    public async Task D9_E3_a_webhook_that_hangs_with_much_due_delays_no_other()
    {
        await using Receiver hanging = Receiver.Start();
        await using Receiver healthy = Receiver.Start();
        await using DeliveryRig rig = await DeliveryRig.StartAsync(Given.Webhook(hanging.Url, "hanging"), Given.Webhook(healthy.Url, "healthy"));
        await rig.WarmAsync("hanging");
        hanging.Default = Receiver.Hang();
        for (int i = 0; i < 20; i++) await rig.OweAsync("hanging");
        for (int i = 0; i < 3 + 8; i++) await hanging.NextAsync();

        await rig.OweAsync("hanging", "healthy");
        await rig.Log.WaitForAsync("Webhook healthy got unknown_certificate");

        // Without the clock having moved: at once. And no more than eight at a time.
        Assert.Equal(3 + 8, hanging.Requests.Count);
        Assert.Equal(8, (await rig.DeliveriesAsync(DeliveryState.Inflight)).Count);
    }

    [Fact]
    public async Task Many_deliveries_share_few_connections()
    {
        await using Receiver receiver = Receiver.Start();
        await using DeliveryRig rig = await DeliveryRig.OpenAsync(Given.Webhook(receiver.Url));
        for (int i = 0; i < 100; i++) await rig.OweAsync("hook");
        await rig.StartLoopAsync();
        await rig.Log.WaitForAsync("got unknown_certificate", 100);

        Assert.Equal(100, receiver.Requests.Select(request => request.Key).Distinct().Count());
        Assert.InRange(receiver.Connections, 1, 8);
    }

    [Fact]
    public async Task The_body_is_frozen_before_the_first_POST()
    {
        await using Receiver receiver = Receiver.Start();
        var signal = new TaskCompletionSource();
        receiver.Default = Receiver.After(signal.Task, Receiver.Answer(200));
        await using DeliveryRig rig = await DeliveryRig.StartAsync(Given.Webhook(receiver.Url));
        await rig.OweAsync("hook");

        Received request = await receiver.NextAsync();
        Assert.Equal(request.Body, (await rig.DeliveryAsync()).Body);
        signal.SetResult();
        await rig.Log.WaitForAsync("got unknown_certificate");
    }

    [Fact]
    public async Task After_70_hours_and_19_attempts_a_delivery_becomes_a_dead_letter()
    {
        await using Receiver receiver = Receiver.Start();
        receiver.Default = Receiver.Answer(500);
        await using DeliveryRig rig = await DeliveryRig.StartAsync(Given.Webhook(receiver.Url));
        await rig.OweAsync("hook");

        for (int attempt = 1; attempt <= 18; attempt++)
        {
            await rig.Log.WaitForAsync(NotTaken, attempt);
            await rig.AdvanceToDueAsync();
        }

        await rig.Log.WaitForAsync("dead letter");
        StoredDelivery delivery = await rig.DeliveryAsync();
        Assert.Equal((DeliveryState.Dead, 19), (delivery.State, delivery.Tries));
        Assert.Equal(TimeSpan.FromHours(70), rig.Time.Elapsed);
        Assert.Equal(19, receiver.Requests.Count);
        Assert.Single(receiver.Requests.Select(request => request.Key).Distinct());

        IReadOnlyList<StoredAttempt> attempts = await rig.Store.AttemptsAsync(delivery.Id, Cancellation);
        DeliverySchedule schedule = new CertSpotterDialect().Rules.Schedule;
        Assert.Equal(
            schedule.Offsets.Select((offset, i) => offset + schedule.SpreadOf(i, delivery.Key)),
            attempts.Select(attempt => attempt.Started - attempts[0].Started));
    }

    [Fact]
    public async Task A_410_ends_the_delivery_and_holds_the_webhook_until_it_is_released()
    {
        await using Receiver receiver = Receiver.Start();
        receiver.Then(Receiver.Answer(410));
        await using DeliveryRig rig = await DeliveryRig.StartAsync(Given.Webhook(receiver.Url));
        await rig.OweAsync("hook");
        await rig.Log.WaitForAsync("is on hold");
        Assert.Equal(DeliveryState.Dead, (await rig.DeliveryAsync()).State);
        Assert.Contains("410", await rig.Store.FindHoldAsync("hook", Cancellation), StringComparison.Ordinal);

        await rig.OweAsync("hook");
        Assert.Single(await rig.DeliveriesAsync(DeliveryState.Held));
        await rig.Store.HoldWebhookAsync("hook", null, rig.Time.GetUtcNow(), Cancellation);
        rig.Bell.Ring();
        await rig.Log.WaitForAsync("got unknown_certificate");
        Assert.Equal(2, receiver.Requests.Count);
    }

    [Fact]
    public async Task T16_a_429_with_much_due_is_one_pause_as_long_as_the_webhook_asks()
    {
        await using Receiver receiver = Receiver.Start();
        await using DeliveryRig rig = await DeliveryRig.StartAsync(Given.Webhook(receiver.Url), Given.Webhook(receiver.Url, "other"));
        await rig.WarmAsync("hook");
        receiver.Default = Receiver.Answer(429, "", "Retry-After: 3600");
        for (int i = 0; i < 1_000; i++) await rig.OweInSilenceAsync("hook");
        rig.Bell.Ring();
        await rig.Log.WaitForAsync(NotTaken, 8);
        Assert.Equal(3 + 8, receiver.Requests.Count);
        receiver.Default = Receiver.Answer(200);

        // The other webhook's delivery proves that the loop has looked again.
        rig.Advance(TimeSpan.FromSeconds(3599));
        await rig.OweAsync("other");
        await rig.Log.WaitForAsync("Webhook other got");
        Assert.Equal(3 + 8 + 1, receiver.Requests.Count);

        rig.Advance(TimeSpan.FromSeconds(1));
        await rig.Log.WaitForAsync("Webhook hook got", 3 + 1_000);
        Assert.Equal(8, (await rig.DeliveriesAsync()).Count(delivery => delivery is { Webhook: "hook", Tries: 2 }));
    }

    [Theory]
    [InlineData("1e9", 6 * 3600)]
    [InlineData("-1", 30)]
    [InlineData("x", 30)]
    [InlineData("5", 30)]
    [InlineData("600", 600)]
    public void T15_Rule_5_3_a_pause_is_at_least_the_first_gap_and_at_most_the_cap(string retryAfter, int seconds)
    {
        DeliveryRules rules = new CertSpotterDialect().Rules;
        DateTimeOffset now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
        var delivery = new StoredDelivery(1, "hook", EventKinds.UnknownCertificate, 1, "key", null, DeliveryState.Inflight, 0, null, now, now, now);
        var answer = new Answer(AttemptOutcome.Status, 503, null) { RetryAfter = RetryAfter.Read(retryAfter, now) };

        Verdict verdict = rules.Judge(delivery, answer, now, now);
        Assert.Equal(now.AddSeconds(seconds), verdict.PauseUntil);
        Assert.True(verdict.Due >= verdict.PauseUntil, "not before the pause ends");
    }

    /// <summary>The webhook rests as long as the delivery would, but no longer than an open breaker lets it: the next may be digested.</summary>
    [Theory]
    [InlineData(2, null, 8 * 60)]
    [InlineData(2, "5", 8 * 60)]
    [InlineData(2, "900", 900)]
    [InlineData(10, null, 30 * 60)]
    [InlineData(10, "7200", 7200)]
    public void T15_Rule_5_3_a_later_try_makes_its_webhook_rest_for_the_next_gap_but_not_for_hours_unasked(int tries, string? retryAfter, int seconds)
    {
        DeliveryRules rules = new CertSpotterDialect().Rules;
        DateTimeOffset now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
        var delivery = new StoredDelivery(1, "hook", EventKinds.UnknownCertificate, 1, "key", null, DeliveryState.Inflight, tries, null, now, now, now);
        var answer = new Answer(AttemptOutcome.Status, 429, null) { RetryAfter = RetryAfter.Read(retryAfter, now) };

        Verdict verdict = rules.Judge(delivery, answer, now, now);

        Assert.Equal(now.AddSeconds(seconds), verdict.PauseUntil);
        Assert.True(verdict.Due >= verdict.PauseUntil, "not before the pause ends");
    }

    [Fact]
    public async Task T18_while_our_name_servers_fail_no_try_is_used_up()
    {
        await using Receiver receiver = Receiver.Start();
        int asked = 0;
        ResolveHost resolve = (_, _) => ++asked <= 3
            ? throw new SocketException((int)SocketError.TryAgain)
            : Task.FromResult<IPAddress[]>([IPAddress.Loopback]);
        await using DeliveryRig rig = await DeliveryRig.OpenAsync(Given.Webhook(new Uri($"http://hooks.example:{receiver.Port}/")));
        await rig.StartLoopAsync(resolve: resolve);
        await rig.OweAsync("hook");

        for (int i = 1; i <= 3; i++)
        {
            await rig.Log.WaitForAsync(NotTaken, i);
            await rig.AdvanceToDueAsync();
        }

        await rig.Log.WaitForAsync("got unknown_certificate");
        StoredDelivery delivery = await rig.DeliveryAsync();
        Assert.Equal((DeliveryState.Done, 1), (delivery.State, delivery.Tries));
        Assert.Equal(TimeSpan.FromSeconds(1 + 2 + 4), rig.Time.Elapsed);
        Assert.Equal(["dns", "dns", "dns", "delivered"], (await rig.Store.AttemptsAsync(delivery.Id, Cancellation)).Select(attempt => attempt.Outcome));
    }

    [Fact]
    public async Task After_three_refusals_by_the_guard_the_webhook_is_held()
    {
        await using Receiver receiver = Receiver.Start();
        await using DeliveryRig rig = await DeliveryRig.OpenAsync(Given.Webhook(receiver.Url));
        await rig.StartLoopAsync(outbound: new OutboundOptions());
        await rig.OweAsync("hook");

        for (int i = 1; i <= 2; i++)
        {
            await rig.Log.WaitForAsync(NotTaken, i);
            await rig.AdvanceToDueAsync();
        }

        await rig.Log.WaitForAsync("is on hold");
        StoredDelivery delivery = await rig.DeliveryAsync();
        Assert.Equal((DeliveryState.Held, 3), (delivery.State, delivery.Tries));
        Assert.Equal(0, receiver.Connections);
    }

    [Fact]
    public async Task A_webhook_that_the_guard_refused_gets_what_it_is_owed_once_a_start_opens_its_address()
    {
        await using Receiver receiver = Receiver.Start();
        await using DeliveryRig rig = await DeliveryRig.OpenAsync(Given.Webhook(receiver.Url));
        for (int i = 0; i < 3; i++) await rig.OweAsync("hook");
        await rig.StartLoopAsync(outbound: new OutboundOptions());
        await rig.Log.WaitForAsync("is on hold");
        await rig.StopLoopAsync();

        await rig.StartLoopAsync();
        await rig.Log.WaitForAsync("got unknown_certificate", 3);
        Assert.Equal(3, receiver.Requests.Count);
    }

    [Fact]
    public async Task A_webhook_that_answered_410_is_released_by_a_start_without_it_and_one_with_it()
    {
        await using Receiver receiver = Receiver.Start();
        receiver.Then(Receiver.Answer(410));
        await using DeliveryRig rig = await DeliveryRig.StartAsync(Given.Webhook(receiver.Url));
        await rig.OweAsync("hook");
        await rig.Log.WaitForAsync("is on hold");
        await rig.StopLoopAsync();

        await rig.StartLoopAsync(webhooks: []);
        await rig.Log.WaitForAsync("The configuration does not name it any more");
        await rig.StopLoopAsync();
        await rig.StartLoopAsync();
        await rig.OweAsync("hook");
        await rig.Log.WaitForAsync("got unknown_certificate");
        Assert.Equal(2, receiver.Requests.Count);
    }

    [Fact]
    public async Task T19_Rule_5_4_an_exception_inside_is_a_counted_attempt_and_waits_its_gap()
    {
        await using Receiver receiver = Receiver.Start();
        await using DeliveryRig rig = await DeliveryRig.OpenAsync(Given.Webhook(receiver.Url));
        await rig.StartLoopAsync([new BrokenDialect()]);
        await rig.OweAsync("hook");
        await rig.Log.WaitForAsync(NotTaken);

        StoredDelivery delivery = await rig.DeliveryAsync();
        Assert.Equal((DeliveryState.Pending, 1), (delivery.State, delivery.Tries));
        Assert.InRange(delivery.Due - rig.Time.GetUtcNow(), TimeSpan.FromSeconds(27), TimeSpan.FromSeconds(33));
        Assert.Equal("internal", Assert.Single(await rig.Store.AttemptsAsync(delivery.Id, Cancellation)).Outcome);
        Assert.Equal(0, receiver.Connections);
    }

    [Fact]
    public async Task Rule_3_6_a_stop_records_what_is_under_way_and_begins_nothing_more()
    {
        await using Receiver receiver = Receiver.Start();
        var signal = new TaskCompletionSource();
        await using DeliveryRig rig = await DeliveryRig.StartAsync(Given.Webhook(receiver.Url) with { Concurrency = 4 });
        await rig.WarmAsync("hook");
        receiver.Default = Receiver.After(signal.Task, Receiver.Answer(200));
        for (int i = 0; i < 6; i++) await rig.OweAsync("hook");
        for (int i = 0; i < 3 + 4; i++) await receiver.NextAsync();

        Task stopping = rig.Loop.StopAsync(CancellationToken.None);
        Assert.False(stopping.IsCompleted);
        signal.SetResult();
        await stopping;

        Assert.Equal(3 + 4, (await rig.DeliveriesAsync(DeliveryState.Done)).Count);
        Assert.Equal(2, (await rig.DeliveriesAsync(DeliveryState.Pending)).Count);
        Assert.Equal(3 + 4, receiver.Requests.Count);
    }

    [Fact]
    public async Task T20_what_is_owed_without_a_hint_is_found_within_half_a_second()
    {
        await using Receiver receiver = Receiver.Start();
        await using DeliveryRig rig = await DeliveryRig.StartAsync(Given.Webhook(receiver.Url));
        await rig.OweInSilenceAsync("hook");

        await rig.Time.WaitForTimerAsync(within: TimeSpan.FromMilliseconds(500));
        rig.Time.Advance(TimeSpan.FromMilliseconds(500));
        await rig.Log.WaitForAsync("got unknown_certificate");
    }

    [Fact]
    public async Task A_malformed_entry_reaches_a_webhook_that_is_owed_it()
    {
        await using Receiver receiver = Receiver.Start();
        await using DeliveryRig rig = await DeliveryRig.StartAsync(Given.Webhook(receiver.Url));
        await rig.OweMalformedAsync("hook");
        await rig.Log.WaitForAsync("got malformed_certificate");
        Assert.StartsWith("{\"event\":\"malformed_certificate\"", Encoding.UTF8.GetString(receiver.Requests[0].Body), StringComparison.Ordinal);
    }

    [Fact]
    public async Task T8_no_log_line_holds_a_credential_or_what_follows_the_host()
    {
        await using Receiver receiver = Receiver.Start();
        receiver.Then(Receiver.Answer(500), Receiver.Reset(), Receiver.Answer(200));
        var url = new Uri($"http://127.0.0.1:{receiver.Port}/canary1?canary2=canary3");
        await using DeliveryRig rig = await DeliveryRig.StartAsync(Given.Webhook(url) with { Credentials = ("canary4", "canary5") });
        await rig.OweAsync("hook");
        for (int i = 1; i <= 2; i++)
        {
            await rig.Log.WaitForAsync(NotTaken, i);
            await rig.AdvanceToDueAsync();
        }

        await rig.Log.WaitForAsync("got unknown_certificate");
        Assert.DoesNotContain(rig.Log.All, line => line.Contains("canary", StringComparison.Ordinal));
        Assert.All(
            await rig.Store.AttemptsAsync((await rig.DeliveryAsync()).Id, Cancellation),
            attempt => Assert.DoesNotContain("canary", attempt.Detail ?? "", StringComparison.Ordinal));
    }

    [Fact]
    public async Task E13_Rule_10_3_attempts_are_counted_by_webhook_and_outcome_and_the_oldest_due_delivery_is_shown()
    {
        await using Receiver receiver = Receiver.Start();
        await using DeliveryRig rig = await DeliveryRig.OpenAsync(Given.Webhook(receiver.Url));
        var counted = new List<string>();
        double oldest = -1;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, listening) =>
        {
            if (instrument.Meter == rig.Meter) listening.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, _, tags, _) =>
        {
            lock (counted) counted.Add($"{instrument.Name} {string.Join(' ', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"))}");
        });
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) =>
        {
            if (instrument.Name == "certherald_oldest_due_delivery_seconds") oldest = value;
            else lock (counted) counted.Add(instrument.Name);
        });
        listener.Start();

        receiver.Then(Receiver.Answer(500));
        await rig.StartLoopAsync();
        await rig.OweAsync("hook");
        await rig.Log.WaitForAsync(NotTaken);
        await rig.AdvanceToDueAsync();
        await rig.Log.WaitForAsync("got unknown_certificate");
        Assert.Superset(
            new HashSet<string>
            {
                "certherald_deliveries_total webhook=hook outcome=status", "certherald_deliveries_total webhook=hook outcome=delivered",
                "certherald_delivery_duration_seconds", "certherald_alert_latency_seconds",
            },
            counted.ToHashSet());

        // Something that nobody takes: the loop sees it, and it grows old.
        receiver.Default = Receiver.Hang();
        await rig.OweAsync("hook");
        await receiver.NextAsync();
        await receiver.NextAsync();
        await receiver.NextAsync();
        rig.Advance(TimeSpan.FromSeconds(7));
        listener.RecordObservableInstruments();
        Assert.Equal(7, oldest);
    }

    private sealed class BrokenDialect : IWebhookDialect
    {
        public string Name => "certspotter";

        public DeliveryRules Rules { get; } = new CertSpotterDialect().Rules;

        public bool Speaks(string kind) => true;

        public void Write(DeliverySubject subject, IBufferWriter<byte> body) => throw new InvalidOperationException("broken on purpose");

        public void WriteTest(string baseUrl, DateTimeOffset now, IBufferWriter<byte> body) => throw new InvalidOperationException("broken on purpose");
    }
}
