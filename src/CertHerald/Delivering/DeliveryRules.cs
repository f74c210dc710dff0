using CertHerald.Storage;

namespace CertHerald.Delivering;

/// <summary>What receivers of a dialect were promised, and what their answers mean.</summary>
internal sealed record DeliveryRules
{
    public required DeliverySchedule Schedule { get; init; }

    /// <summary>The longest <c>Retry-After</c> that is obeyed; a longer one counts as this.</summary>
    public required TimeSpan RetryAfterCap { get; init; }

    /// <summary>The highest status that counts as delivered; the lowest is 200.</summary>
    public required int LastDeliveringStatus { get; init; }

    /// <summary>Whether 410 ends the delivery and puts its webhook on hold.</summary>
    public required bool GoneEnds { get; init; }

    /// <summary>Whether a body refused with 413 is written anew, in its short form, for the attempts that remain. Default: no.</summary>
    public bool ShortensAfter413 { get; init; }

    /// <summary>For name resolution, connection, TLS and the answer's headers together.</summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The same, as one webhook has asked for it.</summary>
    public DeliveryRules For(WebhookOptions webhook) => this with
    {
        LastDeliveringStatus = webhook.AcceptAny2xx ? 299 : LastDeliveringStatus,
        // What is short already would only be written again.
        ShortensAfter413 = ShortensAfter413 && webhook.IncludeValues,
    };

    public bool Delivers(int status) => status >= 200 && status <= LastDeliveringStatus;

    /// <summary>What becomes of a delivery after an attempt.</summary>
    /// <param name="delivery">As it was claimed, before the attempt.</param>
    public Verdict Judge(StoredDelivery delivery, Answer answer, DateTimeOffset started, DateTimeOffset ended)
    {
        if (answer.Outcome == AttemptOutcome.Delivered) return new Verdict(DeliveryState.Done, ended);
        if (answer.Status == 410 && GoneEnds)
            return new Verdict(DeliveryState.Dead, ended) { IsGone = true };

        // The webhook rests as long as it asked, or for the gap before the next try. That may be hours, and one old delivery that
        // its receiver cannot digest would hold back every new one: unasked it rests no longer than behind an open breaker.
        TimeSpan gap = Min(Schedule.GapAfter(delivery.Tries + 1), WebhookHealth.LongestPause);
        DateTimeOffset? pause = answer.Status is 429 or 503 ? ended + Max(gap, Min(answer.RetryAfter ?? TimeSpan.Zero, RetryAfterCap)) : null;

        DateTimeOffset? next = Schedule.NextAfter(delivery.Tries + 1, delivery.Due, started, delivery.Key);
        return next is { } due
            ? new Verdict(DeliveryState.Pending, pause > due ? pause.Value : due)
            {
                PauseUntil = pause,
                Shorten = answer.Status == 413 && ShortensAfter413 && !delivery.IsShort,
            }
            : new Verdict(DeliveryState.Dead, ended) { PauseUntil = pause };
    }

    private static TimeSpan Max(TimeSpan left, TimeSpan right) => left > right ? left : right;

    private static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;
}

/// <summary>What becomes of a delivery after an attempt, and of its webhook.</summary>
/// <param name="Due">When it is tried next, if pending.</param>
internal sealed record Verdict(DeliveryState State, DateTimeOffset Due)
{
    /// <summary>The webhook gets nothing before; null if it need not rest.</summary>
    public DateTimeOffset? PauseUntil { get; init; }

    /// <summary>Its receiver wants no more deliveries, ever.</summary>
    public bool IsGone { get; init; }

    /// <summary>The body was too large: the next attempt sends the short form.</summary>
    public bool Shorten { get; init; }
}
