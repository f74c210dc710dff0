namespace CertHerald.Storage;

/// <summary>
/// What webhooks are owed, what was tried, and the state of webhooks. A delivery's outcome, its attempt and its webhook's state
/// are one transaction, and only under the claim that the attempt was made under. A part of <see cref="IStore"/>.
/// </summary>
internal interface IDeliveries
{
    /// <summary>Webhooks with deliveries that wait, or with a probe to make, by name; without those that are paused now.</summary>
    Task<IReadOnlyList<OpenWebhook>> OpenWebhooksAsync(DateTimeOffset now, CancellationToken cancellation);

    /// <summary>
    /// Takes due deliveries, each webhook's oldest first, until <paramref name="until"/>: webhooks in the order given, each no
    /// more than it is granted, all in one transaction.
    /// </summary>
    /// <returns>In the order in which they were taken, each with its <see cref="StoredDelivery.Lease"/>.</returns>
    Task<IReadOnlyList<StoredDelivery>> ClaimAsync(
        IReadOnlyList<ClaimRequest> requests, int atMost, DateTimeOffset now, DateTimeOffset until, CancellationToken cancellation);

    /// <summary>
    /// Joins deliveries to a claimed one whose body is not fixed, so that it carries them: of the same webhook and kind, due, and
    /// never tried. From then on they share its fate.
    /// </summary>
    /// <returns>Those that were joined; none if the claim is lost.</returns>
    Task<IReadOnlyList<JoinedDelivery>> JoinAsync(Lease carrier, int atMost, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>Those that are joined to a delivery, by id.</summary>
    Task<IReadOnlyList<JoinedDelivery>> JoinedAsync(long carrier, CancellationToken cancellation);

    /// <summary>Lets joined ones go their own way again, if the claim holds.</summary>
    Task PartAsync(Lease carrier, IReadOnlyList<long> joined, CancellationToken cancellation);

    /// <summary>Fixes bodies before their first POST. Killed afterwards, the next attempt sends the same bytes.</summary>
    /// <returns>Those that could not be fixed, since their claim is lost: they must not be sent.</returns>
    Task<IReadOnlyList<long>> FreezeAsync(IReadOnlyList<FrozenBody> bodies, CancellationToken cancellation);

    /// <summary>
    /// Records attempts, what becomes of their deliveries, and the states of their webhooks, all in one transaction; in the order
    /// given, each as if it were alone.
    /// </summary>
    /// <returns>What was written of each; null where the claim is lost, and nothing was.</returns>
    Task<IReadOnlyList<Settlement?>> CompleteAsync(IReadOnlyList<Completion> completions, CancellationToken cancellation);

    /// <summary>
    /// Makes due what was never tried and came to be owed after <paramref name="now"/>: the clock was ahead then, and has been set
    /// back. In parts.
    /// </summary>
    /// <returns>How many; less than <paramref name="limit"/> says that none is left.</returns>
    Task<int> HastenAsync(DateTimeOffset now, int limit, CancellationToken cancellation);

    /// <summary>Keeps claims until <paramref name="until"/>. What is lost stays lost.</summary>
    Task RenewAsync(IReadOnlyList<Lease> leases, DateTimeOffset until, CancellationToken cancellation);

    /// <summary>Gives claims back: the deliveries are due at once, or held.</summary>
    Task ReleaseAsync(IReadOnlyList<Lease> leases, CancellationToken cancellation);

    /// <summary>Gives claims back that were not kept until <paramref name="now"/>; how many.</summary>
    Task<int> ReleaseExpiredAsync(DateTimeOffset now, CancellationToken cancellation);

    /// <summary>Changes a webhook's state, and holds or releases what it is owed: at once, or if it is much, in parts (<see cref="MoveOnAsync"/>).</summary>
    /// <param name="change">Pure: asked inside the transaction. News may be null.</param>
    /// <param name="perSecond">How fast a webhook that becomes active again gets what was held.</param>
    /// <returns>The state afterwards.</returns>
    Task<WebhookState> ChangeWebhookAsync(
        string webhook, Func<WebhookState, (WebhookState State, DeliveryNews? News)> change, double perSecond, CancellationToken cancellation);

    /// <summary>
    /// Holds or releases the next part of what webhooks are owed whose state has changed. The state counts from its own commit:
    /// what is not held yet is not claimed either. Killed in between, it goes on from there.
    /// </summary>
    /// <returns>Whether there is more. A store that moves all at once has nothing to do.</returns>
    Task<bool> MoveOnAsync(CancellationToken cancellation) => Task.FromResult(false);

    /// <summary>The state of a webhook.</summary>
    Task<WebhookState> FindWebhookAsync(string webhook, CancellationToken cancellation);

    /// <summary>The states of all webhooks that ever had one, by name: who shows many asks once.</summary>
    Task<IReadOnlyDictionary<string, WebhookState>> WebhookStatesAsync(CancellationToken cancellation);

    /// <summary>Why a webhook's deliveries are held; null if they are not.</summary>
    Task<string?> FindHoldAsync(string webhook, CancellationToken cancellation);

    /// <summary>Webhooks that open or held deliveries are owed to, or that are not active; configured or not.</summary>
    Task<IReadOnlyList<string>> OwedWebhooksAsync(CancellationToken cancellation);

    /// <summary>
    /// Since when the oldest open delivery could have left: of active webhooks only, and not before the end of a pause; null if
    /// none is open. May lie ahead.
    /// </summary>
    Task<DateTimeOffset?> OldestDueAsync(CancellationToken cancellation);

    /// <summary>How many are held and dead.</summary>
    Task<DeliveryCounts> CountDeliveriesAsync(CancellationToken cancellation);

    /// <summary>How many are in each state, each counted up to <paramref name="atMost"/>.</summary>
    Task<IReadOnlyDictionary<DeliveryState, int>> CountStatesAsync(int atMost, CancellationToken cancellation);

    /// <summary>Deliveries by filter, newest first.</summary>
    Task<IReadOnlyList<StoredDelivery>> DeliveriesAsync(DeliveryFilter filter, CancellationToken cancellation);

    /// <summary>The fixed body of a delivery; null if there is none.</summary>
    Task<byte[]?> FindBodyAsync(long delivery, CancellationToken cancellation);

    /// <summary>Attempts of a delivery, oldest first.</summary>
    Task<IReadOnlyList<StoredAttempt>> AttemptsAsync(long delivery, CancellationToken cancellation);

    /// <summary>How many deliveries a replay would take, and from when to when they were owed.</summary>
    Task<ReplayCount> CountReplayAsync(ReplayFilter filter, CancellationToken cancellation);

    /// <summary>
    /// Replays the next part of what a filter takes, by id: what has ended is sent again, under the same key or a new one; what
    /// waits is due now; what is held waits on. Nothing is doubled.
    /// </summary>
    /// <param name="after">The last id of the part before.</param>
    /// <param name="last">The last id to look at: replays are new rows, and must not be replayed.</param>
    /// <param name="due">Pure: when the next one of a webhook is due, by how many of it this part sends again before.</param>
    Task<ReplayPart> ReplayAsync(
        ReplayFilter filter, long after, long last, int limit, bool asNew, Func<string, int, DateTimeOffset> due, CancellationToken cancellation);

    /// <summary>Ends a delivery that waits or is held, unsent.</summary>
    /// <returns>Whether it did; false if there is none, it is under way, or has ended.</returns>
    Task<bool> CancelDeliveryAsync(long delivery, CancellationToken cancellation);

    /// <summary>Deletes deliveries that ended before a time, or are held and were due before it, with their attempts; oldest first.</summary>
    /// <returns>How many; less than <paramref name="limit"/> says that none is left.</returns>
    Task<int> DeleteDeliveriesAsync(DateTimeOffset before, int limit, CancellationToken cancellation);

    /// <summary>How many held and dead ones <see cref="DeleteDeliveriesAsync"/> would delete.</summary>
    Task<long> CountExpiringAsync(DateTimeOffset before, CancellationToken cancellation);

    /// <summary>What operators must hear of deliveries, oldest first, behind an id.</summary>
    Task<IReadOnlyList<StoredNews>> NewsAsync(long after, int limit, CancellationToken cancellation);
}
