using CertHerald.Storage;

namespace CertHerald.Delivering;

/// <summary>Which webhooks there are, and what becomes of what is owed to those that went, moved, or were paused by a clock that was wrong.</summary>
internal sealed partial class DeliveryLoop
{
    /// <summary>Webhooks with a metric series of their own; the others share one.</summary>
    private const int MostLabels = 200;

    /// <summary>So much is no clock that was set back: a database's time is known to some milliseconds only.</summary>
    private static readonly TimeSpan Jump = TimeSpan.FromSeconds(1);

    /// <summary>How long a webhook may be unknown to one of several nodes before what it is owed is held.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMinutes(1);

    private const string NotOnEveryNode = "The configuration of a node does not name it. Give all nodes the same webhooks.";

    private const string NotConfigured = "The configuration does not name it any more.";

    /// <summary>
    /// Takes the webhooks up that are in force now. What the guard refused is tried anew if its options have changed, since they
    /// may have opened its address; and what was held or gone, if its address has.
    /// </summary>
    private async Task TakeUpAsync(CancellationToken stopping)
    {
        IReadOnlyList<WebhookOptions> all = _webhooks.All;
        OutboundOptions outbound = _sender.Outbound;
        bool mayBeOpened = !ReferenceEquals(outbound, _outbound);
        IReadOnlyDictionary<string, DeliveryLane> before = _lanes;
        var lanes = new Dictionary<string, DeliveryLane>(StringComparer.Ordinal);
        foreach (WebhookOptions webhook in all)
        {
            IWebhookDialect dialect = _dialects.Single(one => one.Name == webhook.Dialect);
            if (before.TryGetValue(webhook.Name, out DeliveryLane? lane))
            {
                if (lane.Webhook.Url != webhook.Url) _moved.Add(webhook.Name);
                lane.Aim(webhook, dialect);
            }
            else
            {
                lane = new DeliveryLane(webhook, dialect, LabelOf(webhook.Name));
            }
            lanes[webhook.Name] = lane;
        }

        DateTimeOffset now = _time.GetUtcNow();
        foreach (string name in await _store.OwedWebhooksAsync(stopping))
        {
            if (!lanes.TryGetValue(name, out DeliveryLane? lane))
            {
                await HoldUnlistedAsync(name, stopping);
                continue;
            }

            int mark = WebhookHealth.MarkOf(lane.Webhook.Url);
            bool hasMoved = _moved.Contains(name);
            await _store.ChangeWebhookAsync(
                name,
                state => state.Cause == HoldCause.Unlisted || (mayBeOpened && state.Cause == HoldCause.Blocked)
                    || ((hasMoved || (state.Address ?? mark) != mark) && state.Status is WebhookStatus.Held or WebhookStatus.Gone)
                    ? (WebhookHealth.Released(state, now), null)
                    : (state, null),
                lane.Webhook.Rate, stopping);
        }

        foreach (string name in lanes.Keys) _unlisted.Remove(name);
        _localFaults.Hosts = all.Select(webhook => webhook.Url.IdnHost).Distinct().Count();
        _lanes = lanes;
        _inForce = all;
        _outbound = outbound;
        _moved.Clear();
    }

    /// <summary>
    /// What is owed to a webhook that is not named waits, visibly, and leaves once it is named again: pending, it would look for
    /// ever like a delivery that is late.
    /// </summary>
    private async Task HoldUnlistedAsync(string name, CancellationToken stopping)
    {
        if (_store.IsShared && !await IsUnlistedForLongAsync(name, stopping)) return;
        DateTimeOffset now = _time.GetUtcNow();
        bool isNew = false, isShared = _store.IsShared;
        await _store.ChangeWebhookAsync(
            name,
            state =>
            {
                isNew = state.Status != WebhookStatus.Off && state.Cause != HoldCause.Unlisted;
                if (!isNew) return (state, null);
                (WebhookState held, DeliveryNews news) = WebhookHealth.Hold(state, WebhookStatus.Held, HoldCause.Unlisted, isShared ? NotOnEveryNode : NotConfigured, now);
                // Alone, whoever changed the configuration has just said so.
                return (held, isShared ? news : null);
            },
            perSecond: 1, stopping);
        if (isNew) LogHeld(name, isShared ? NotOnEveryNode : NotConfigured);
    }

    /// <summary>
    /// Whether a webhook has been unknown here for so long that no other node can be expected to know it still: nodes get a new
    /// configuration one after the other, and one that was added through the API is known to all that can read it.
    /// </summary>
    private async Task<bool> IsUnlistedForLongAsync(string name, CancellationToken stopping)
    {
        if (_unlisted.TryAdd(name, Age) || Age - _unlisted[name] < Grace) return false;
        return !await _store.IsAddedAsync(name, stopping);
    }

    /// <summary>Its own as long as there are few; a webhook that comes again keeps it.</summary>
    private string LabelOf(string name) => _labels.Contains(name) || (_labels.Count < MostLabels && _labels.Add(name)) ? name : "other";

    /// <summary>
    /// Once after the start, and once the clock has been set back: what was noted while it was ahead must not wait until it is as late
    /// again.
    /// </summary>
    private async Task SetRightAsync(CancellationToken stopping)
    {
        DateTimeOffset now = _time.GetUtcNow();
        if (now >= _lastLook - Jump)
        {
            _lastLook = now;
            return;
        }

        while (await _store.HastenAsync(now, MostClaimed, stopping) == MostClaimed) stopping.ThrowIfCancellationRequested();
        foreach (DeliveryLane lane in _lanes.Values)
        {
            WebhookState Right(WebhookState state) => WebhookHealth.Within(state, now, lane.Rules.RetryAfterCap);
            WebhookState state = await _store.FindWebhookAsync(lane.Webhook.Name, stopping);
            if (Right(state) != state) await _store.ChangeWebhookAsync(lane.Webhook.Name, before => (Right(before), null), lane.Webhook.Rate, stopping);
        }
        if (_lastLook < DateTimeOffset.MaxValue) LogSetBack(_lastLook - now);
        _lastLook = now;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The clock was set back by {By}: what was found while it was ahead is due now")]
    private partial void LogSetBack(TimeSpan by);
}
