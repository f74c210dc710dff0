using CertHerald.Storage;

namespace CertHerald.Delivering;

/// <summary>
/// One webhook's place in the delivery loop: what is under way, and how much may be. Nothing here is durable. Width and looks
/// belong to the claiming task; attempts come and go on any.
/// </summary>
internal sealed class DeliveryLane(WebhookOptions webhook, IWebhookDialect dialect, string label)
{
    /// <summary>Large bodies of one webhook in memory at once.</summary>
    private const int MostLarge = 2;

    private readonly Dictionary<long, Attempt> _underWay = [];
    private readonly Lock _lock = new();
    private volatile Target _target = new(webhook, dialect);
    private volatile bool _toldToLook;
    private volatile bool _tookLast;
    private int _width = 1;

    public WebhookOptions Webhook => _target.Webhook;

    public IWebhookDialect Dialect => _target.Dialect;

    /// <summary>The dialect's, as the webhook has asked for them.</summary>
    public DeliveryRules Rules => _target.Rules;

    /// <summary>Its name in metrics.</summary>
    public string Label => label;

    /// <summary>Places for large bodies that are being sent.</summary>
    public SemaphoreSlim Large { get; } = new(MostLarge, MostLarge);

    /// <summary>Whether the last attempt succeeded.</summary>
    public bool IsTrusted => _tookLast;

    /// <summary>When a rate that is used up allows the next, in the loop's own time; null if it is not.</summary>
    public TimeSpan? RestUntil { get; set; }

    /// <summary>Which claim served it last: those that were served longest ago come first.</summary>
    public long Served { get; set; }

    /// <summary>How many the last claim allowed.</summary>
    public int Granted { get; set; }

    /// <summary>What the last claim got counts as due no earlier; null if it was a probe, which is never late.</summary>
    public DateTimeOffset? DueFrom { get; set; }

    /// <summary>Attempts under way.</summary>
    public int UnderWay
    {
        get { lock (_lock) return _underWay.Count; }
    }

    /// <summary>How many more attempts may begin.</summary>
    public int Room => Math.Min(Volatile.Read(ref _width), Webhook.Concurrency) - UnderWay;

    /// <summary>Puts a changed configuration in force; what is under way ends as it began.</summary>
    public void Aim(WebhookOptions webhook, IWebhookDialect dialect) => _target = new Target(webhook, dialect);

    /// <summary>Says that deliveries may be due.</summary>
    public void TellToLook() => _toldToLook = true;

    /// <summary>Whether deliveries may be due, as far as known.</summary>
    public bool ShallLook => _toldToLook;

    /// <summary>Whoever was told to look does so now.</summary>
    public void HasLooked() => _toldToLook = false;

    /// <summary>
    /// Takes a claimed delivery in. If it is under way already, from a claim that expired, that attempt goes on under the new
    /// claim: it must not be sent twice at once.
    /// </summary>
    public Attempt? Begin(StoredDelivery delivery, TimeSpan begun)
    {
        lock (_lock)
        {
            if (_underWay.TryGetValue(delivery.Id, out Attempt? running))
            {
                running.Token = delivery.Lease!.Value;
                return null;
            }

            var attempt = new Attempt(this, delivery, begun, DueFrom > delivery.Due ? DueFrom : DueFrom is null ? null : delivery.Due);
            _underWay.Add(delivery.Id, attempt);
            return attempt;
        }
    }

    public void End(Attempt attempt)
    {
        lock (_lock) _underWay.Remove(attempt.Delivery.Id);
    }

    /// <summary>Ends an attempt whose claim was lost. False if it goes on under a new one, which <see cref="Begin"/> gave it meanwhile.</summary>
    public bool TryEndLost(Attempt attempt, Lease lost)
    {
        lock (_lock) return attempt.Lease == lost && _underWay.Remove(attempt.Delivery.Id);
    }

    /// <summary>One at a time until it has taken something; each success allows twice as many, up to its limit, each failure half.</summary>
    public void Learn(bool succeeded)
    {
        _tookLast = succeeded;
        lock (_lock) _width = succeeded ? Math.Min(_width * 2, Math.Max(1, Webhook.Concurrency)) : Math.Max(1, _width / 2);
    }

    private sealed record Target(WebhookOptions Webhook, IWebhookDialect Dialect)
    {
        public DeliveryRules Rules { get; } = Dialect.Rules.For(Webhook);
    }
}

/// <summary>A delivery that is being sent.</summary>
/// <param name="dueSince">Since when it could have left; null for a probe.</param>
internal sealed class Attempt(DeliveryLane lane, StoredDelivery delivery, TimeSpan begun, DateTimeOffset? dueSince)
{
    private long _token = delivery.Lease!.Value;
    private volatile bool _isAnswered;

    public DeliveryLane Lane => lane;

    public StoredDelivery Delivery => delivery;

    /// <summary>When it was claimed, in the loop's own time.</summary>
    public TimeSpan Begun => begun;

    public DateTimeOffset? DueSince => dueSince;

    /// <summary>Its request is over; it waits to be recorded.</summary>
    public bool IsAnswered
    {
        get => _isAnswered;
        set => _isAnswered = value;
    }

    /// <summary>The claim that its outcome is recorded under.</summary>
    public long Token
    {
        get => Volatile.Read(ref _token);
        set => Volatile.Write(ref _token, value);
    }

    public Lease Lease => new(delivery.Id, Token);

    /// <summary>The claim that it began under: the delivery was as <see cref="Delivery"/> says under this one only.</summary>
    public Lease ClaimedUnder => new(delivery.Id, delivery.Lease!.Value);
}
