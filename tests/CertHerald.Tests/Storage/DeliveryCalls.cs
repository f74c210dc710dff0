using CertHerald.Delivering;
using CertHerald.Storage;

namespace CertHerald.Tests.Storage;

/// <summary>Short forms of what tests ask of a store.</summary>
internal static class DeliveryCalls
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Claims up to so many of one webhook, whatever its rate.</summary>
    public static Task<IReadOnlyList<StoredDelivery>> ClaimDueAsync(
        this IDeliveries store, string webhook, int room, DateTimeOffset now, DateTimeOffset until, CancellationToken cancellation = default) => store.ClaimAsync(
        [new ClaimRequest(webhook, state => WebhookHealth.GrantTo(state, now, underWay: 0, room, rate: 1e6))], room, now, until, cancellation);

    /// <summary>Freezes the body of a claimed delivery.</summary>
    public static Task<IReadOnlyList<long>> FreezeAsync(this IDeliveries store, StoredDelivery claimed, ReadOnlyMemory<byte> body) =>
        store.FreezeAsync([new FrozenBody(new Lease(claimed.Id, claimed.Lease!.Value), body)], Cancellation);

    /// <summary>Records an attempt at a claimed delivery that changes nothing of its webhook.</summary>
    public static async Task<Settlement?> CompleteAsync(
        this IDeliveries store, StoredDelivery claimed, StoredAttempt attempt, DeliveryState state, DateTimeOffset due, bool counted = true) => (await store.CompleteAsync(
        [new Completion(claimed.Webhook, new Lease(claimed.Id, claimed.Lease!.Value), attempt, webhook => new Settlement(state, due, counted, webhook), PerSecond: 1e6)], Cancellation))[0];

    /// <summary>Holds a webhook as its operator does; null releases it.</summary>
    public static Task<WebhookState> HoldWebhookAsync(this IDeliveries store, string webhook, string? reason, DateTimeOffset now, CancellationToken cancellation = default) =>
        store.ChangeWebhookAsync(
            webhook,
            state => (reason is null ? WebhookHealth.Released(state, now) : WebhookHealth.Hold(state, WebhookStatus.Off, null, reason, now).State, null),
            perSecond: 1e6, cancellation);
}
