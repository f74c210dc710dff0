using System.Buffers;
using System.Diagnostics.Metrics;
using CertHerald.Deciding;
using CertHerald.Following;
using CertHerald.Inspecting;
using CertHerald.Storage;

namespace CertHerald.Delivering;

/// <summary>
/// Sends what webhooks are owed until stopped: claims due deliveries, fixes their bodies, POSTs, records. Each webhook has a
/// lane of its own, so that one that hangs delays no other. Sent at least once: what was not recorded is sent again, the
/// same bytes under the same key.
/// </summary>
internal sealed partial class DeliveryLoop : BackgroundService
{
    /// <summary>The store is asked this often even if nobody rings: hints may be lost.</summary>
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    /// <summary>Long past any attempt's limit: a claim that expires was left by a process that died.</summary>
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(90);

    /// <summary>How long a stop waits for attempts under way.</summary>
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(20);

    /// <summary>Webhooks with a metric series of their own; the others share one.</summary>
    private const int MostLabels = 200;

    /// <summary>Refusals in a row after which a webhook is held.</summary>
    private const int MostBlocked = 3;

    /// <summary>Why it is held then.</summary>
    private const string Unreachable = "Its address is not one that webhooks may reach: see the log, and outbound.allow.";

    private readonly IStore _store;
    private readonly WebhookSender _sender;
    private readonly string _baseUrl;
    private readonly OwedBell _bell;
    private readonly TimeProvider _time;
    private readonly DeliveryMetrics _metrics;
    private readonly ILogger<DeliveryLoop> _logger;
    private readonly DeliveryLane[] _lanes;
    private readonly LocalFaults _localFaults;
    private readonly CancellationTokenSource _givenUp = new();

    public DeliveryLoop(
        IStore store, WebhookSender sender, IReadOnlyList<IWebhookDialect> dialects, Webhooks webhooks, OwedBell bell,
        TimeProvider time, Meter meter, ILogger<DeliveryLoop> logger)
    {
        _store = store;
        _sender = sender;
        _baseUrl = webhooks.BaseUrl;
        _bell = bell;
        _time = time;
        _metrics = new DeliveryMetrics(meter, time);
        _logger = logger;
        _lanes = [.. webhooks.All.Select((webhook, i) =>
            new DeliveryLane(webhook, dialects.Single(dialect => dialect.Name == webhook.Dialect), i < MostLabels ? webhook.Name : "other", time))];
        _localFaults = new LocalFaults(webhooks.All.Select(webhook => webhook.Url.IdnHost).Distinct().Count());
    }

    public override void Dispose()
    {
        base.Dispose();
        _givenUp.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await SettleOwedAsync(stoppingToken);
        Task[] lanes = [.. _lanes.Select(lane => RunLaneAsync(lane, stoppingToken))];
        await WatchAsync(stoppingToken);
        await Task.WhenAll(lanes);

        Task underWay = Task.WhenAll(_lanes.SelectMany(lane => lane.UnderWay));
        await underWay.WaitAsync(Drain, _time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _givenUp.CancelAsync();
        await underWay;
    }

    /// <summary>
    /// What is owed to a webhook that the configuration names no more waits, visibly, and leaves if it is named again.
    /// Pending, it would look for ever like a delivery that is late. What the guard refused is tried anew: since then the
    /// configuration may have opened its address, and if it has not, the hold is back at once.
    /// </summary>
    private async Task SettleOwedAsync(CancellationToken stopping)
    {
        const string NotConfigured = "The configuration does not name it any more.";
        try
        {
            foreach (string webhook in await _store.OwedWebhooksAsync(stopping))
            {
                string? hold = await _store.FindHoldAsync(webhook, stopping);
                if (_lanes.Any(lane => lane.Webhook.Name == webhook))
                {
                    if (hold is NotConfigured or Unreachable) await _store.HoldWebhookAsync(webhook, null, _time.GetUtcNow(), stopping);
                }
                else if (hold != NotConfigured)
                {
                    await _store.HoldWebhookAsync(webhook, NotConfigured, _time.GetUtcNow(), stopping);
                    LogHeld(webhook, NotConfigured);
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Stopping: not an error.
        }
        catch (Exception e)
        {
            LogStoreFailed(e);
        }
    }

    /// <summary>Wakes the lanes when something is due.</summary>
    private async Task WatchAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                DateTimeOffset? oldest = await _store.OldestDueAsync(stopping);
                _metrics.OldestIs(oldest);
                if (oldest <= _time.GetUtcNow())
                    foreach (DeliveryLane lane in _lanes)
                        lane.TellToLook();

                await _bell.WaitAsync(Poll, stopping);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                // Stopping: not an error.
            }
            catch (Exception e)
            {
                LogStoreFailed(e);
                await Task.Delay(Poll, _time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task RunLaneAsync(DeliveryLane lane, CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await lane.Bell.WaitAsync(Timeout.InfiniteTimeSpan, stopping);
                await FillAsync(lane, stopping);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                // Stopping: not an error.
            }
            catch (Exception e)
            {
                LogStoreFailed(e);
            }
        }
    }

    /// <summary>Begins as many attempts as are due and the lane has room for.</summary>
    private async Task FillAsync(DeliveryLane lane, CancellationToken stopping)
    {
        lane.ForgetEnded();
        DateTimeOffset now = _time.GetUtcNow();
        int room = lane.Room;
        if (room == 0 || lane.IsPausedAt(now) || now < _localFaults.RestUntil || !lane.ShallLook()) return;

        lane.IsHeld = await _store.FindHoldAsync(lane.Webhook.Name, stopping) is not null;
        if (lane.IsHeld) return;

        IReadOnlyList<StoredDelivery> claimed = await _store.ClaimDueAsync(lane.Webhook.Name, room, now, now + Lease, stopping);
        lane.MayHaveMore = claimed.Count == room;
        foreach (StoredDelivery delivery in claimed)
            if (!lane.Has(delivery.Id))
                lane.Begin(delivery.Id, AttemptAsync(lane, delivery, _givenUp.Token));
    }

    /// <summary>One attempt and its record. Killed in between, or unable to record, the claim expires and the same is sent again.</summary>
    private async Task AttemptAsync(DeliveryLane lane, StoredDelivery delivery, CancellationToken cancellation)
    {
        try
        {
            DateTimeOffset started = _time.GetUtcNow();
            long begun = _time.GetTimestamp();
            Answer answer = await PostAsync(lane, delivery, cancellation);
            TimeSpan took = _time.GetElapsedTime(begun);
            DateTimeOffset ended = _time.GetUtcNow();

            bool isOurs = _localFaults.IsOurs(answer, lane.Webhook.Url.IdnHost, ended);
            Verdict verdict = isOurs
                ? new Verdict(DeliveryState.Pending, _localFaults.RestUntil)
                : lane.Dialect.Rules.Judge(delivery, answer, started, ended);
            if (lane.CountBlocked(answer) >= MostBlocked)
                verdict = verdict with { HoldReason = Unreachable };
            if (verdict.PauseUntil is { } pause) lane.PauseUntil(pause);

            var attempt = new StoredAttempt(delivery.Id, started, took, answer.Status, Answer.NameOf(answer.Outcome), answer.Detail, answer.Body);
            await _store.CompleteAttemptAsync(attempt, verdict.State, verdict.Due, counted: !isOurs, cancellation);

            // What was under way when another attempt led to the hold is open again by now: it is held with the rest.
            string? hold = verdict.HoldReason ?? (lane.IsHeld ? await _store.FindHoldAsync(lane.Webhook.Name, cancellation) : null);
            lane.IsHeld = hold is not null;
            if (hold is not null) await _store.HoldWebhookAsync(lane.Webhook.Name, hold, ended, cancellation);

            _metrics.Count(lane.Label, answer, took);
            // A notice is no alert: no head showed it.
            if (verdict.State == DeliveryState.Done && delivery.Kind != EventKinds.Operator) _metrics.Alerted(ended - delivery.HeadSeen);
            Log(lane.Webhook.Name, delivery, answer, verdict, took);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Given up after the drain: the claim expires, and the delivery is sent again with the same bytes.
        }
        catch (Exception e)
        {
            LogUnrecorded(e, lane.Webhook.Name, delivery.Id);
        }
    }

    /// <summary>Our own mistakes are attempts too, and count: a delivery that trips the program must end some day.</summary>
    private async Task<Answer> PostAsync(DeliveryLane lane, StoredDelivery delivery, CancellationToken cancellation)
    {
        try
        {
            ReadOnlyMemory<byte> body = delivery.Body ?? await FreezeAsync(lane, delivery, cancellation);
            return await _sender.PostAsync(lane.Webhook, lane.Dialect.Rules, delivery.Key, body, cancellation);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            LogInternal(e, lane.Webhook.Name, delivery.Id);
            return new Answer(AttemptOutcome.Internal, null, e.GetType().Name);
        }
    }

    /// <summary>Frozen before the first POST: killed here, the next attempt sends the same bytes under the same key.</summary>
    private async Task<ReadOnlyMemory<byte>> FreezeAsync(DeliveryLane lane, StoredDelivery delivery, CancellationToken cancellation)
    {
        DeliverySubject subject = delivery.Kind switch
        {
            EventKinds.MalformedCertificate => new DeliverySubject(_baseUrl, null, await _store.FindMalformedAsync(delivery.Subject, cancellation)),
            EventKinds.Operator => new DeliverySubject(_baseUrl, null, null, await _store.FindNoticeAsync(delivery.Subject, cancellation)),
            _ => new DeliverySubject(_baseUrl, await _store.FindIssuanceAsync(delivery.Subject, cancellation), null),
        };

        if (lane.Webhook.Evidence && delivery.Kind != EventKinds.Operator)
        {
            // What is not proven yet says so, and leaves: no alert waits for its proof.
            Evidence? evidence = delivery.Kind == EventKinds.MalformedCertificate
                ? await _store.FindMalformedEvidenceAsync(delivery.Subject, cancellation)
                : await _store.FindEvidenceAsync(delivery.Subject, null, cancellation);
            subject = subject with { Evidence = new DeliveryEvidence(evidence is null ? null : EvidenceJson.Write(evidence)) };
        }

        var body = new ArrayBufferWriter<byte>(4096);
        lane.Dialect.Write(subject, body);
        await _store.FreezeAsync(delivery.Id, body.WrittenMemory, cancellation);
        return body.WrittenMemory;
    }

    private void Log(string webhook, StoredDelivery delivery, Answer answer, Verdict verdict, TimeSpan took)
    {
        string outcome = answer.Status is { } status ? $"status {status}" : answer.Detail ?? Answer.NameOf(answer.Outcome);
        if (verdict.State == DeliveryState.Done) LogDelivered(webhook, delivery.Kind, delivery.Subject, took.TotalMilliseconds);
        else if (verdict.State == DeliveryState.Dead) LogDead(webhook, delivery.Id, outcome);
        else LogFailed(webhook, delivery.Id, outcome, verdict.Due);

        if (verdict.HoldReason is { } reason) LogHeld(webhook, reason);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Webhook {Webhook} got {Kind} {Subject} in {Milliseconds:F0} ms")]
    private partial void LogDelivered(string webhook, string kind, long subject, double milliseconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Webhook {Webhook} did not take delivery {Delivery}: {Outcome}; next try {Due:u}")]
    private partial void LogFailed(string webhook, long delivery, string outcome, DateTimeOffset due);

    [LoggerMessage(Level = LogLevel.Error, Message = "Webhook {Webhook} did not take delivery {Delivery}: {Outcome}; it is a dead letter now")]
    private partial void LogDead(string webhook, long delivery, string outcome);

    [LoggerMessage(Level = LogLevel.Error, Message = "Webhook {Webhook} is on hold: {Reason}")]
    private partial void LogHeld(string webhook, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Delivery {Delivery} to webhook {Webhook} failed inside CertHerald")]
    private partial void LogInternal(Exception exception, string webhook, long delivery);

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "An attempt at delivery {Delivery} to webhook {Webhook} could not be recorded; it will be sent again, under the same key")]
    private partial void LogUnrecorded(Exception exception, string webhook, long delivery);

    [LoggerMessage(Level = LogLevel.Error, Message = "Due deliveries could not be read from the store; trying again")]
    private partial void LogStoreFailed(Exception exception);
}
