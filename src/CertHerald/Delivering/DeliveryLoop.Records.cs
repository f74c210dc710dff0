using System.Diagnostics;
using CertHerald.Deciding;
using CertHerald.Storage;

namespace CertHerald.Delivering;

/// <summary>Records of attempts: what is answered while one transaction is on its way to the disk shares the next.</summary>
internal sealed partial class DeliveryLoop
{
    /// <summary>Recorded in one transaction, at most.</summary>
    private const int MostRecorded = 256;

    /// <summary>
    /// From the beginning of one transaction to the next, unless many wait already: each costs a flush to disk, behind which the
    /// reading of logs waits for its own. Of the disk's time, not of the clock that schedules go by. A crash within it sends again
    /// what was answered in it.
    /// </summary>
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(10);

    /// <summary>So many do not wait for more.</summary>
    private const int EnoughRecorded = 64;

    private readonly Queue<Answered> _answered = new();
    private bool _isRecording;
    private long _records;

    /// <summary>How often it recorded something, or had nothing to record when it looked for what is due.</summary>
    public long Records => Interlocked.Read(ref _records);

    private void Record(Answered one)
    {
        one.Attempt.IsAnswered = true;
        lock (_answered)
        {
            _answered.Enqueue(one);
            if (_isRecording) return;
            _isRecording = true;
        }
        _ = RecordAsync();
    }

    private async Task RecordAsync()
    {
        try
        {
            while (await RecordNextAsync()) Interlocked.Increment(ref _records);
        }
        catch
        {
            // Nobody expects this, and whoever is answered next begins anew.
            lock (_answered) _isRecording = false;
            throw;
        }
    }

    /// <returns>Whether there was something to record.</returns>
    private async Task<bool> RecordNextAsync()
    {
        var group = new List<Answered>();
        lock (_answered)
        {
            while (group.Count < MostRecorded && _answered.TryDequeue(out Answered? one)) group.Add(one);
            if (group.Count == 0)
            {
                _isRecording = false;
                return false;
            }
        }
        long began = Stopwatch.GetTimestamp();
        await RecordAsync(group);
        if (Gather - Stopwatch.GetElapsedTime(began) is var left && left > TimeSpan.Zero && AreFewAnswered()) await Task.Delay(left);
        return true;
    }

    private bool AreFewAnswered()
    {
        lock (_answered) return _answered.Count < EnoughRecorded;
    }

    /// <summary>Together; if that fails, one by one, so that one's mistake is no other's.</summary>
    private async Task RecordAsync(List<Answered> group)
    {
        IReadOnlyList<Settlement?> settled;
        try
        {
            settled = await _store.CompleteAsync([.. group.Select(one => one.ToCompletion())], CancellationToken.None);
        }
        catch (Exception) when (group.Count > 1)
        {
            foreach (Answered one in group) await RecordAsync([one]);
            return;
        }
        catch (Exception e)
        {
            End(group[0].Attempt);
            Tell(() => LogUnrecorded(e, group[0].Attempt.Lane.Webhook.Name, group[0].Attempt.Delivery.Id));
            return;
        }
        for (int i = 0; i < group.Count; i++) Finish(group[i], settled[i]);
    }

    private void Finish(Answered one, Settlement? settled)
    {
        DeliveryLane lane = one.Attempt.Lane;
        StoredDelivery delivery = one.Attempt.Delivery;
        string webhook = lane.Webhook.Name;
        if (settled is null && !lane.TryEndLost(one.Attempt, one.RecordedUnder))
        {
            // Claimed anew by ourselves while it was on its way: what was answered is recorded under the new claim.
            Record(one);
            return;
        }
        Tell(() =>
        {
            _metrics.Count(lane.Label, one.Answer, one.Took);
            if (settled is null)
            {
                LogLost(webhook, delivery.Id);
                return;
            }
            // A notice is no alert: no head showed it.
            if (settled.State == DeliveryState.Done && delivery.Replay == 0 && !EventKinds.IsNotice(delivery.Kind)) _metrics.Alerted(one.Ended - delivery.HeadSeen);
            Log(webhook, delivery, one.Answer, settled, one.Took);
            LogChange(webhook, one.Before!, settled.Webhook);
        });
        End(one.Attempt);
    }

    /// <summary>An attempt that is over, but for its record.</summary>
    private sealed class Answered(Attempt attempt, Uri address, Answer answer, Verdict verdict, bool isOurs, DateTimeOffset started, DateTimeOffset ended, TimeSpan took)
    {
        public Attempt Attempt => attempt;

        public Answer Answer => answer;

        public DateTimeOffset Ended => ended;

        public TimeSpan Took => took;

        /// <summary>The webhook's state as the record found it; null before.</summary>
        public WebhookState? Before { get; private set; }

        /// <summary>The claim that its last record was tried under.</summary>
        public Lease RecordedUnder { get; private set; }

        public Completion ToCompletion() => new(
            attempt.Delivery.Webhook, RecordedUnder = attempt.Lease,
            new StoredAttempt(attempt.Delivery.Id, started, took, answer.Status, Answer.NameOf(answer.Outcome), answer.Detail, answer.Body) { Phases = answer.Phases },
            Settle, attempt.Lane.Webhook.Rate);

        private Settlement Settle(WebhookState before)
        {
            Before = before;
            Settlement settled = DeliveryLoop.Settle(before, attempt.Delivery, answer, verdict, isOurs, started, ended);
            return settled with { Webhook = WebhookHealth.At(address, before, settled.Webhook) };
        }
    }
}
