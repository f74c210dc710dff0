using CertHerald.Delivering;
using CertHerald.Delivering.Signing;
using CertHerald.Storage;

namespace CertHerald.Api;

/// <summary>Where apps are told.</summary>
internal sealed partial class Apps
{
    public const int MostCallbacks = 10;

    private static readonly string TooMany = $"An app has at most {MostCallbacks} callbacks: remove one that is not used.";

    /// <summary>The name of the one that an app's owner changes by his own API.</summary>
    public const string FirstCallback = "first";

    /// <summary>Tells an app at an address from now on, and no longer where its callback was before. The receiver is asked first.</summary>
    /// <param name="name">The callback's.</param>
    /// <param name="change">What it becomes of what it was; null, and why, if it cannot be.</param>
    /// <param name="verifyToken">What the receiver knows the question by.</param>
    /// <returns>What became of it.</returns>
    public async Task<CallbackOutcome> TellAtAsync(
        long id, string name, Func<AppSubscription?, (AppSubscription? After, string Problem)> change, string verifyToken, CancellationToken cancellation)
    {
        // It may take its time: other changes do not wait for it.
        if (Find(id) is not { } asking) return CallbackOutcome.Missing;
        (AppSubscription? wanted, string problem) = change(asking.CallbackOf(name));
        if (wanted is null) return new CallbackOutcome(null, problem);
        if (IsFull(asking.Stored)) return new CallbackOutcome(null, TooMany);
        WebhookOptions asked = asking.With(name, wanted).WebhookOf(name)!;
        if (await handshake.AskAsync(asked, verifyToken, cancellation) is { } refusal) return new CallbackOutcome(null, refusal) { IsUnconfirmed = true };

        // Made from what it was: a secret that was rotated meanwhile must not sign again.
        (App? app, problem) = await ChangeAsync(
            id,
            before => !AppSubscription.AreSame(App.CallbackOf(before, name), asking.CallbackOf(name)) ? (null, "It was changed meanwhile: ask again.")
                : IsFull(before) ? (null, TooMany)
                : (App.With(before, name, wanted), ""),
            () => LogSubscribed(id, name, wanted.Events));
        return new CallbackOutcome(app, problem);

        bool IsFull(StoredApp app) => name != FirstCallback && App.CallbackOf(app, name) is null && app.Callbacks.Count >= MostCallbacks - 1;
    }

    /// <summary>
    /// Tells an app no longer of these kinds of event at its first callback; of none left, not there. Owners do so before they subscribe
    /// anew: the client certificate, CA and secrets, which are not theirs to give, stay for the same place.
    /// </summary>
    public async Task UnsubscribeAsync(long id, IReadOnlyList<string> events)
    {
        string[] left = [];
        await ChangeAsync(id, before =>
        {
            left = [.. before.Subscription?.Events.Except(events) ?? []];
            return before.Subscription is not { } told ? (null, "") : (before with { Subscription = left.Length > 0 ? told with { Events = left } : Left(told) }, "");
        }, () => LogSubscribed(id, FirstCallback, left));

        static AppSubscription? Left(AppSubscription told) => told.Tls is null && told.Secrets.Count == 0 ? null : told with { Events = [], Url = new Uri(told.Url).GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped) };
    }

    /// <summary>
    /// Gives a callback a new secret of Standard Webhooks, beside which the old ones sign for a while. The app's own, which signs every
    /// callback, is changed by <see cref="RotateAsync"/>.
    /// </summary>
    /// <returns>The app, and what was made; null, and why, if it cannot be; without a reason there is no such callback.</returns>
    public async Task<(App? App, string Problem, string? Made)> RotateCallbackAsync(long id, string name, double? overlapHours, string? secret)
    {
        string latest = secret ?? SigningSecret.New().Text;
        (App? app, string problem) = await ChangeAsync(id, before =>
        {
            if (overlapHours is { } hours && !(hours is >= 0 and <= MostOverlapHours)) return (null, $"\"overlap_hours\" is a number from 0 to {MostOverlapHours}.");
            if (App.CallbackOf(before, name) is not { IsInForce: true } callback) return (null, "");

            DateTimeOffset now = time.GetUtcNow(), until = now.AddHours(overlapHours ?? UsualOverlapHours);
            StoredSecret[] old = [.. callback.Secrets.Select(one => one with { Until = one.Until < until ? one.Until : until }).Where(one => one.Until > now)];
            return old.Length > StandardSigner.MostOld
                ? (null, $"{old.Length - 1} old secrets still sign, until {old[^1].Until:yyyy-MM-dd HH:mm}Z the oldest: wait for it, or end them all now with \"overlap_hours\": 0.")
                : (App.With(before, name, callback with { Secrets = [new StoredSecret(latest, Until: null), .. old] }), "");
        }, () => LogRotated(id));
        return (app, problem, app is not null && secret is null ? latest : null);
    }

    /// <summary>Tells an app no longer at a callback. What is owed there waits for one of its name.</summary>
    /// <returns>Null if there is none.</returns>
    public async Task<App?> TellNoMoreAtAsync(long id, string name) => (await ChangeAsync(
        id, before => App.CallbackOf(before, name) is not null ? (App.With(before, name, null), "") : (null, ""),
        () => LogUnsubscribed(id, name))).App;
}

/// <summary>What became of a callback that was to be set.</summary>
/// <param name="App">Null if it was not.</param>
/// <param name="Problem">Why not; empty if there is no such app.</param>
internal sealed record CallbackOutcome(App? App, string Problem)
{
    public static CallbackOutcome Missing { get; } = new(null, "");

    /// <summary>It is the receiver that did not confirm.</summary>
    public bool IsUnconfirmed { get; init; }
}
