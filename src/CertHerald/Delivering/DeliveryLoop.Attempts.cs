using CertHerald.Deciding;
using CertHerald.Storage;

namespace CertHerald.Delivering;

/// <summary>From the claim to the record of an attempt.</summary>
internal sealed partial class DeliveryLoop
{
    /// <summary>What was claimed together: bodies are fixed together, then each goes its own way.</summary>
    private async Task SendAsync(List<Attempt> group)
    {
        var written = new List<(Attempt Attempt, ReadOnlyMemory<byte> Body)>();
        int bytes = 0;
        foreach (Attempt attempt in group)
        {
            StoredDelivery delivery = attempt.Delivery;
            if (delivery.IsFrozen)
            {
                _ = AttemptAsync(attempt, delivery.Body is { } frozen ? () => PostAsync(attempt, frozen) : () => PostLargeAsync(attempt));
                continue;
            }

            try
            {
                ReadOnlyMemory<byte> body = await _bodies.WriteAsync(attempt.Lane, delivery, _givenUp.Token);
                written.Add((attempt, body));
                bytes += body.Length;
            }
            catch (Exception e)
            {
                _ = AttemptAsync(attempt, () => Task.FromException<Answer?>(e));
            }

            if (bytes < MostWritten) continue;
            await FreezeAsync(written);
            (written, bytes) = ([], 0);
        }

        await FreezeAsync(written);
    }

    /// <summary>Frozen before the first POST: killed here, the next attempt sends the same bytes under the same key.</summary>
    private async Task FreezeAsync(List<(Attempt Attempt, ReadOnlyMemory<byte> Body)> written)
    {
        try
        {
            HashSet<long> lost = [.. await _store.FreezeAsync([.. written.Select(one => new FrozenBody(one.Attempt.ClaimedUnder, one.Body))], CancellationToken.None)];
            foreach ((Attempt attempt, ReadOnlyMemory<byte> body) in written)
            {
                if (lost.Contains(attempt.Delivery.Id)) _ = AbandonAsync(attempt);
                else _ = AttemptAsync(attempt, body.Length <= StoredDelivery.MostClaimedBody ? () => PostAsync(attempt, body) : () => PostLargeAsync(attempt));
            }
        }
        catch (Exception e)
        {
            foreach ((Attempt attempt, ReadOnlyMemory<byte> _) in written)
            {
                End(attempt);
                Tell(() => LogUnrecorded(e, attempt.Lane.Webhook.Name, attempt.Delivery.Id));
            }
        }
    }

    /// <summary>
    /// Ends an attempt whose claim was lost before its body was fixed. Claimed anew by ourselves meanwhile, the delivery is given
    /// back: what it carries, and whether it was sent, may be otherwise by now.
    /// </summary>
    private async Task AbandonAsync(Attempt attempt)
    {
        End(attempt);
        if (attempt.Lease == attempt.ClaimedUnder) return;
        await ReleaseAsync([attempt.Lease]);
        attempt.Lane.TellToLook();
        _look.Ring();
    }

    /// <summary>One attempt. Killed before its record, or unable to record, the claim expires and the same is sent again.</summary>
    private async Task AttemptAsync(Attempt attempt, Func<Task<Answer?>> post)
    {
        DeliveryLane lane = attempt.Lane;
        StoredDelivery delivery = attempt.Delivery;
        try
        {
            DateTimeOffset started = _time.GetUtcNow();
            long begun = _time.GetTimestamp();
            Uri address = lane.Webhook.Url;
            if (await AnswerAsync(attempt, post) is not { } answer)
            {
                End(attempt);
                Tell(() => LogLost(lane.Webhook.Name, delivery.Id));
                return;
            }
            TimeSpan took = _time.GetElapsedTime(begun);
            DateTimeOffset ended = _time.GetUtcNow();

            TimeSpan age = Age;
            bool isOurs = _localFaults.IsOurs(answer, address.IdnHost, age);
            // Of a webhook that has moved meanwhile, its old address says nothing for good.
            DeliveryRules rules = lane.Webhook.Url == address ? lane.Rules : lane.Rules with { GoneEnds = false };
            Verdict verdict = isOurs ? new Verdict(DeliveryState.Pending, ended + NotNegative(_localFaults.RestOf(address.IdnHost) - age)) : rules.Judge(delivery, answer, started, ended);
            lane.Learn(answer.Outcome == AttemptOutcome.Delivered);
            Record(new Answered(attempt, address, answer, verdict, isOurs, started, ended, took));
        }
        catch (OperationCanceledException) when (_givenUp.IsCancellationRequested)
        {
            // Given up after the drain: the claim is given back, and the delivery sent again with the same bytes.
            End(attempt);
        }
        catch (Exception e)
        {
            End(attempt);
            Tell(() => LogUnrecorded(e, lane.Webhook.Name, delivery.Id));
        }
    }

    /// <summary>Our own mistakes are attempts too, and count: a delivery that trips the program must end some day. Null if nothing was sent.</summary>
    private async Task<Answer?> AnswerAsync(Attempt attempt, Func<Task<Answer?>> post)
    {
        try
        {
            return await post();
        }
        catch (Exception e) when (e is not OperationCanceledException || !_givenUp.IsCancellationRequested)
        {
            Tell(() => LogInternal(e, attempt.Lane.Webhook.Name, attempt.Delivery.Id));
            return new Answer(AttemptOutcome.Internal, null, e.GetType().Name);
        }
    }

    private async Task<Answer?> PostAsync(Attempt attempt, ReadOnlyMemory<byte> body) =>
        await _sender.PostAsync(attempt.Lane.Webhook, attempt.Lane.Rules, attempt.Delivery.Key, body, _givenUp.Token);

    /// <summary>Few of the large ones are in memory at once. Null if the body is gone: whoever claimed the delivery meanwhile took it.</summary>
    private async Task<Answer?> PostLargeAsync(Attempt attempt)
    {
        // Who hangs holds its places as long as an attempt may last: so each webhook has few, and those that took nothing lately
        // have only half of all.
        SemaphoreSlim[] places = attempt.Lane.IsTrusted ? [attempt.Lane.Large, _large] : [attempt.Lane.Large, _largeOfOthers, _large];
        int held = 0;
        try
        {
            foreach (SemaphoreSlim place in places)
            {
                await place.WaitAsync(_givenUp.Token);
                held++;
            }
            return await _store.FindBodyAsync(attempt.Delivery.Id, _givenUp.Token) is { } body ? await PostAsync(attempt, body) : null;
        }
        finally
        {
            foreach (SemaphoreSlim place in places.Take(held)) place.Release();
        }
    }

    /// <summary>What becomes of a delivery and its webhook. Pure: asked inside the transaction.</summary>
    internal static Settlement Settle(
        WebhookState before, StoredDelivery delivery, Answer answer, Verdict verdict, bool isOurs, DateTimeOffset started, DateTimeOffset ended)
    {
        if (isOurs) return new Settlement(DeliveryState.Pending, verdict.Due, Counted: false, before);

        var news = new List<DeliveryNews>();
        bool succeeded = answer.Outcome == AttemptOutcome.Delivered;
        (WebhookState after, DeliveryNews? change) = succeeded
            ? WebhookHealth.AfterSuccess(before, started, ended)
            : WebhookHealth.AfterFailure(before, answer, verdict, started, ended);
        if (change is not null) news.Add(change);

        // A held webhook's probe: what is held is never given up, and begins anew when it is released. The next probe is another,
        // since what nobody could digest says nothing about the webhook.
        bool isProbe = before.Status != WebhookStatus.Active && !succeeded && !verdict.IsGone;
        if (isProbe) return new Settlement(DeliveryState.Held, ended, Counted: false, after) { News = news, Shorten = verdict.Shorten };

        string outcome = OutcomeOf(answer);
        if (verdict.State == DeliveryState.Dead) news.Add(new DeliveryNews(DeliveryNewsKinds.Dead, $"Delivery {delivery.Id} was given up: {outcome}."));
        else if (!succeeded && delivery.Tries + 1 == ToldAtTry) news.Add(new DeliveryNews(DeliveryNewsKinds.Failing, $"Delivery {delivery.Id} failed {ToldAtTry} times: {outcome}."));
        else if (succeeded && delivery.Tries >= ToldAtTry) news.Add(new DeliveryNews(DeliveryNewsKinds.Recovered, $"Delivery {delivery.Id} has arrived, after {delivery.Tries} failed tries."));
        return new Settlement(verdict.State, verdict.Due, Counted: true, after) { News = news, Shorten = verdict.Shorten };
    }

    private void End(Attempt attempt)
    {
        attempt.Lane.End(attempt);
        lock (_lock)
        {
            _underWay.Remove(attempt);
            if (_underWay.Count == 0) _idle?.TrySetResult();
        }
        if (attempt.Lane.ShallLook) _look.Ring();
    }

    private void Log(string webhook, StoredDelivery delivery, Answer answer, Settlement settled, TimeSpan took)
    {
        if (settled.State == DeliveryState.Done) LogDelivered(webhook, delivery.Kind, delivery.Subject, took.TotalMilliseconds);
        else if (settled.State == DeliveryState.Dead) LogDead(webhook, delivery.Id, OutcomeOf(answer));
        else LogFailed(webhook, delivery.Id, OutcomeOf(answer), settled.Due);
    }

    private void LogChange(string webhook, WebhookState before, WebhookState after)
    {
        if (after.Status != before.Status && after.Reason is { } reason) LogHeld(webhook, reason);
        else if (after.Status != before.Status) LogReleased(webhook);
        if (after.IsBreakerOpen && after.BreakerWait != before.BreakerWait) LogPaused(webhook, after.Failures, after.PausedUntil!.Value);
    }

    private static TimeSpan NotNegative(TimeSpan wait) => wait > TimeSpan.Zero ? wait : TimeSpan.Zero;

    private static string OutcomeOf(Answer answer) => answer.Status is { } status ? $"status {status}" : answer.Detail ?? Answer.NameOf(answer.Outcome);

    [LoggerMessage(Level = LogLevel.Information, Message = "Webhook {Webhook} got {Kind} {Subject} in {Milliseconds:F0} ms")]
    private partial void LogDelivered(string webhook, string kind, long subject, double milliseconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Webhook {Webhook} did not take delivery {Delivery}: {Outcome}; next try {Due:u}")]
    private partial void LogFailed(string webhook, long delivery, string outcome, DateTimeOffset due);

    [LoggerMessage(Level = LogLevel.Error, Message = "Webhook {Webhook} did not take delivery {Delivery}: {Outcome}; it is a dead letter now")]
    private partial void LogDead(string webhook, long delivery, string outcome);

    [LoggerMessage(Level = LogLevel.Error, Message = "Webhook {Webhook} is on hold: {Reason}")]
    private partial void LogHeld(string webhook, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Webhook {Webhook} takes deliveries again")]
    private partial void LogReleased(string webhook);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Webhook {Webhook} rests until {Until:u}, after {Failures} failures; then one delivery is tried")]
    private partial void LogPaused(string webhook, int failures, DateTimeOffset until);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The claim on delivery {Delivery} to webhook {Webhook} was lost before its outcome was recorded; it is sent again, under the same key")]
    private partial void LogLost(string webhook, long delivery);

    [LoggerMessage(Level = LogLevel.Error, Message = "Delivery {Delivery} to webhook {Webhook} failed inside CertHerald")]
    private partial void LogInternal(Exception exception, string webhook, long delivery);

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "An attempt at delivery {Delivery} to webhook {Webhook} could not be recorded; it will be sent again, under the same key")]
    private partial void LogUnrecorded(Exception exception, string webhook, long delivery);
}
