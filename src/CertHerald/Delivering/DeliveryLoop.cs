using System.Diagnostics.Metrics;
using CertHerald.Following;
using CertHerald.Storage;

namespace CertHerald.Delivering;

/// <summary>
/// Sends what webhooks are owed until stopped: claims due deliveries, fixes their bodies, POSTs, records. Claims are fair between
/// webhooks and leave one that hangs no more than its own share, so that it delays no other. Sent at least once: what was not
/// recorded is sent again, the same bytes under the same key.
/// </summary>
internal sealed partial class DeliveryLoop : BackgroundService
{
    /// <summary>The store is asked this often even if nobody rings: hints may be lost.</summary>
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    /// <summary>Longer than any attempt's limit and a heartbeat: a claim that expires was left by a process that died.</summary>
    private static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(90);

    /// <summary>How often claims are renewed, also while attempts are waited for at the end.</summary>
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    /// <summary>How long a stop waits for attempts under way.</summary>
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(20);

    /// <summary>How often it is looked whether something can be claimed though nothing seems due.</summary>
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(20);

    /// <summary>An attempt that takes longer gives its place up to others.</summary>
    private static readonly TimeSpan Quick = TimeSpan.FromMilliseconds(250);

    /// <summary>How soon to look again when there is no place, or a rate is used up.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(100);

    /// <summary>Claimed in one transaction, at most.</summary>
    private const int MostClaimed = 200;

    /// <summary>Requests at once, but for those that wait long for an answer.</summary>
    private const int MostQuick = 256;

    /// <summary>Answered attempts that wait to be recorded, at most: a slow disk must slow claims.</summary>
    private const int MostUnrecorded = 512;

    /// <summary>A claim for fewer is not worth its transaction while many are under way.</summary>
    private const int FewPlaces = 32;

    /// <summary>Deliveries that a webhook gets at its turn, if it has room: half a dozen cost one webhook hardly more than one.</summary>
    private const int Turn = 8;

    /// <summary>
    /// Attempts that wait long for an answer and are no trouble. Beyond it only webhooks that took something lately get more, and
    /// one at a time each. Counted among the others, as many webhooks that hang as there are places would stop all of them.
    /// </summary>
    private const int MostPatient = 1024;

    /// <summary>Requests at once, whatever they wait for.</summary>
    internal const int MostRequests = 2048;

    /// <summary>Bodies of one claim that are fixed together, in bytes; the last of them may go beyond it.</summary>
    private const int MostWritten = 4 << 20;

    /// <summary>Bodies in memory at once that are too large to be claimed with their deliveries.</summary>
    private const int MostLarge = 16;

    /// <summary>The failed try at which operators are told.</summary>
    private const int ToldAtTry = 4;

    private readonly IStore _store;
    private readonly WebhookSender _sender;
    private readonly IReadOnlyList<IWebhookDialect> _dialects;
    private readonly Webhooks _webhooks;
    private readonly DeliveryBodies _bodies;
    private readonly Bell _bell;
    private readonly Bell _look;
    private readonly TimeProvider _time;
    private readonly DeliveryMetrics _metrics;
    private readonly ILogger<DeliveryLoop> _logger;
    private readonly LocalFaults _localFaults = new(0);
    private readonly SemaphoreSlim _large = new(MostLarge, MostLarge), _largeOfOthers = new(MostLarge / 2, MostLarge / 2);
    private readonly CancellationTokenSource _givenUp = new();

    // Every attempt that was begun and has not ended.
    private readonly HashSet<Attempt> _underWay = [];
    private readonly Lock _lock = new();
    private readonly HashSet<string> _labels = new(StringComparer.Ordinal);

    // Their addresses have changed, and what that means for what they are owed is not in the store yet.
    private readonly HashSet<string> _moved = new(StringComparer.Ordinal);
    // Owed something and not known here, and since when. Only where there may be other nodes.
    private readonly Dictionary<string, TimeSpan> _unlisted = new(StringComparer.Ordinal);
    private readonly long _began;
    private volatile IReadOnlyDictionary<string, DeliveryLane> _lanes = new Dictionary<string, DeliveryLane>();
    private IReadOnlyList<WebhookOptions>? _inForce;
    private OutboundOptions? _outbound;
    private long _claims;
    private TaskCompletionSource? _idle;
    private long _looks, _rounds;
    private TimeSpan _rang;

    // By the clock, as the last look saw it. Before the first, anything may have happened to it.
    private DateTimeOffset _lastLook = DateTimeOffset.MaxValue;

    // Ticks of the clock, when the claims on what is under way were renewed last.
    private long _renewed;

    public DeliveryLoop(
        IStore store, WebhookSender sender, IReadOnlyList<IWebhookDialect> dialects, Webhooks webhooks, Bell bell,
        TimeProvider time, Meter meter, ILogger<DeliveryLoop> logger)
    {
        _store = store;
        _sender = sender;
        _dialects = dialects;
        _webhooks = webhooks;
        _bodies = new DeliveryBodies(store, webhooks.BaseUrl, time);
        _bell = bell;
        _look = new Bell(time);
        _time = time;
        _began = time.GetTimestamp();
        _metrics = new DeliveryMetrics(meter, time);
        _logger = logger;
    }

    /// <summary>How often it looked for what is due. Stands still if it hangs, or the store does.</summary>
    public long Looks => Interlocked.Read(ref _looks);

    /// <summary>How often it looked whether something can be claimed.</summary>
    public long Claims => Interlocked.Read(ref _rounds);

    /// <summary>How long the loop has been there. Rests are measured by it: the clock may be set back.</summary>
    private TimeSpan Age => _time.GetElapsedTime(_began);

    public override void Dispose()
    {
        base.Dispose();
        _givenUp.Dispose();
        _large.Dispose();
        _largeOfOthers.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var ended = new CancellationTokenSource();
        Task heartbeat = KeepLeasesAsync(ended.Token);
        await Task.WhenAll(WatchAsync(stoppingToken), RunClaimsAsync(stoppingToken));

        Task drained = AllEndedAsync();
        await drained.WaitAsync(Drain, _time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        IReadOnlyList<Lease> left = [.. UnderWay().Select(attempt => attempt.Lease)];
        await _givenUp.CancelAsync();
        await drained;
        await ended.CancelAsync();
        await heartbeat;
        await ReleaseAsync(left);
    }

    /// <summary>Tells the lanes that something is due, and looks after the list of webhooks and expired claims.</summary>
    private async Task WatchAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                if (!ReferenceEquals(_webhooks.All, _inForce) || !ReferenceEquals(_sender.Outbound, _outbound)) await TakeUpAsync(stopping);
                await SetRightAsync(stopping);
                // The clock has leapt ahead, or this process stood still: what is under way has not expired by that.
                if (_time.GetUtcNow().UtcTicks - Interlocked.Read(ref _renewed) > LeaseTime.Ticks / 2) await RenewAsync(stopping);
                await _store.ReleaseExpiredAsync(_time.GetUtcNow(), stopping);
                bool isMore = await _store.MoveOnAsync(stopping);
                await LookAsync(stopping);
                Interlocked.Increment(ref _looks);
                if (!isMore) await _bell.WaitAsync(Poll, stopping);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                // Stopping: not an error.
            }
            catch (Exception e)
            {
                Tell(() => LogStoreFailed(e));
                await Task.Delay(Poll, _time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task LookAsync(CancellationToken stopping)
    {
        DateTimeOffset now = _time.GetUtcNow();
        IReadOnlyDictionary<string, DeliveryLane> lanes = _lanes;
        IReadOnlyList<OpenWebhook> open = await _store.OpenWebhooksAsync(now, stopping);
        bool isAny = false;
        foreach (OpenWebhook one in open)
        {
            if (!lanes.TryGetValue(one.Webhook, out DeliveryLane? lane))
            {
                // Else it may have been named just now.
                if (ReferenceEquals(_webhooks.All, _inForce)) await HoldUnlistedAsync(one.Webhook, stopping);
                continue;
            }
            if (one.Due > now) continue;
            lane.TellToLook();
            isAny = true;
        }

        _metrics.OldestIs(open.Where(one => !one.IsProbe && lanes.ContainsKey(one.Webhook)).Select(one => (DateTimeOffset?)one.Due).Concat(UnderWay().Select(attempt => attempt.DueSince)).Min());
        lock (_answered)
            if (!_isRecording) Interlocked.Increment(ref _records);
        // Now and then for nothing: so claims are seen to go on.
        if (!isAny && Age - _rang < Idle) return;
        _rang = Age;
        _look.Ring();
    }

    private async Task RunClaimsAsync(CancellationToken stopping)
    {
        TimeSpan wait = Timeout.InfiniteTimeSpan;
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await _look.WaitAsync(wait, stopping);
                wait = await ClaimAsync(stopping);
                Interlocked.Increment(ref _rounds);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                // Stopping: not an error.
            }
            catch (Exception e)
            {
                Tell(() => LogStoreFailed(e));
                wait = Poll;
            }
        }
    }

    /// <summary>Begins as many attempts as are due and there is room for: one claim, of all webhooks that may have some.</summary>
    /// <returns>How long to wait if nobody rings.</returns>
    private async Task<TimeSpan> ClaimAsync(CancellationToken stopping)
    {
        TimeSpan age = Age, rest = _localFaults.RestUntil - age;
        if (rest > TimeSpan.Zero) return rest;

        (int places, bool isCrowded) = Places(age);
        IReadOnlyCollection<string> lost = _localFaults.RestingAt(age);
        List<DeliveryLane> turns = [.. _lanes.Values.Where(lane => lane.ShallLook && lane.Room > 0 && !Rests(lane))];
        TimeSpan next = _lanes.Values.Any(lane => lane.ShallLook && Rests(lane)) ? Soon : Timeout.InfiniteTimeSpan;
        if (isCrowded) turns.RemoveAll(lane => !lane.IsTrusted || lane.UnderWay > 0);
        if (turns.Count == 0) return isCrowded ? Soon : next;
        if (places < FewPlaces) return Soon;

        // Those that the last claim had no place for come first in this one.
        turns.Sort(static (left, right) => left.Served.CompareTo(right.Served));
        int atMost = Math.Min(MostClaimed, places), share = isCrowded ? 1 : Math.Max(Turn, atMost / turns.Count);
        _claims++;
        foreach (DeliveryLane lane in turns)
        {
            // Before the claim: who is told to look while it is made, looks again.
            lane.HasLooked();
            lane.Granted = -1;
        }
        // After that: what falls due until now is claimed, what does later is looked at again.
        DateTimeOffset now = _time.GetUtcNow();
        IReadOnlyList<StoredDelivery> claimed = await _store.ClaimAsync(
            [.. turns.Select(lane => new ClaimRequest(lane.Webhook.Name, state => GrantTo(lane, state, now, age, share, _claims)) { BodyOf = delivery => _bodies.Find(lane, delivery) })], atMost, now, now + LeaseTime, stopping);

        Dictionary<string, DeliveryLane> byName = turns.ToDictionary(lane => lane.Webhook.Name, StringComparer.Ordinal);
        Dictionary<string, int> taken = claimed.CountBy(one => one.Webhook).ToDictionary(StringComparer.Ordinal);
        foreach (DeliveryLane lane in turns)
        {
            if (lane.RestUntil > age) next = Soon;
            // It may have more: it was not asked, since the claim was full before its turn, or got all that it was allowed.
            if (lane.RestUntil > age || lane.Granted < 0 || (lane.Granted > 0 && taken.GetValueOrDefault(lane.Webhook.Name) >= lane.Granted)) lane.TellToLook();
        }

        Begin([.. claimed.Select(one => byName[one.Webhook].Begin(one, age)).OfType<Attempt>()]);
        // There may be more, and room for it.
        return claimed.Count > 0 ? TimeSpan.Zero : next;

        bool Rests(DeliveryLane lane) => lane.RestUntil > age || (lost.Count > 0 && lost.Contains(lane.Webhook.Url.IdnHost));
    }

    private static Grant GrantTo(DeliveryLane lane, WebhookState state, DateTimeOffset now, TimeSpan age, int share, long claim)
    {
        double rate = lane.Webhook.Rate;
        lane.Served = claim;
        Grant grant = WebhookHealth.GrantTo(state, now, lane.UnderWay, Math.Min(lane.Room, share), rate);
        lane.Granted = grant.AtMost;
        lane.DueFrom = grant.OfHeld || state.IsBreakerOpen ? null : state.PausedUntil ?? DateTimeOffset.MinValue;
        bool isUsedUp = grant.AtMost == 0 && state.Status == WebhookStatus.Active && WebhookHealth.TokensAt(state, now, rate) < 1;
        lane.RestUntil = isUsedUp ? age + (Soon > TimeSpan.FromSeconds(1 / rate) ? Soon : TimeSpan.FromSeconds(1 / rate)) : null;
        return grant;
    }

    /// <summary>How many attempts may begin; and whether so many wait long that each webhook gets one, if it took something lately and has none.</summary>
    private (int Places, bool IsCrowded) Places(TimeSpan age)
    {
        int quick = 0, patient = 0, unrecorded = 0;
        lock (_lock)
            foreach (Attempt attempt in _underWay)
                if (attempt.IsAnswered) unrecorded++;
                else if (age - attempt.Begun < Quick) quick++;
                else patient++;
        return PlacesAmong(quick, patient, unrecorded);
    }

    /// <param name="quick">Requests that have been under way for a moment.</param>
    /// <param name="patient">Those that wait longer.</param>
    /// <param name="unrecorded">Those that were answered and wait for the disk.</param>
    internal static (int Places, bool IsCrowded) PlacesAmong(int quick, int patient, int unrecorded)
    {
        int places = Math.Min(Math.Min(MostQuick - quick, MostUnrecorded - unrecorded), MostRequests - quick - patient);
        return (Math.Max(0, places), patient >= MostPatient);
    }

    private void Begin(List<Attempt> group)
    {
        if (group.Count == 0) return;
        lock (_lock) _underWay.UnionWith(group);
        _ = SendAsync(group);
    }

    /// <summary>Ends when nothing is under way any more. To be asked once nothing begins.</summary>
    private Task AllEndedAsync()
    {
        lock (_lock)
        {
            if (_underWay.Count == 0) return Task.CompletedTask;
            _idle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _idle.Task;
        }
    }

    private List<Attempt> UnderWay()
    {
        lock (_lock) return [.. _underWay];
    }

    private async Task KeepLeasesAsync(CancellationToken ended)
    {
        while (!ended.IsCancellationRequested)
        {
            try
            {
                // Before the count, which may fail or take its time.
                await RenewAsync(ended);
                _metrics.CountsAre(await _store.CountDeliveriesAsync(ended));
            }
            catch (OperationCanceledException) when (ended.IsCancellationRequested)
            {
                // Ended: not an error.
            }
            catch (Exception e)
            {
                Tell(() => LogStoreFailed(e));
            }
            await Task.Delay(Heartbeat, _time, ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task RenewAsync(CancellationToken cancellation)
    {
        DateTimeOffset now = _time.GetUtcNow();
        await _store.RenewAsync([.. UnderWay().Select(attempt => attempt.Lease)], now + LeaseTime, cancellation);
        Interlocked.Exchange(ref _renewed, now.UtcTicks);
    }

    /// <summary>The next process, or another node, need not wait for the claims to expire.</summary>
    private async Task ReleaseAsync(IReadOnlyList<Lease> leases)
    {
        try
        {
            await _store.ReleaseAsync(leases, CancellationToken.None);
        }
        catch (StoreException e)
        {
            Tell(() => LogStoreFailed(e));
        }
    }

    /// <summary>Tells of something. Whoever tells goes on: a log or a listener that fails has nobody left to be told of it.</summary>
    private static void Tell(Action tell)
    {
        try
        {
            tell();
        }
        catch (Exception)
        {
            // See above.
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The store could not be used for deliveries; trying again")]
    private partial void LogStoreFailed(Exception exception);
}
