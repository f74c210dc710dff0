using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using CertHerald.Storage;

namespace CertHerald.Delivering;

/// <summary>
/// What attempts say about a webhook, and what it may get. Pure: the state is a row of the store, so pauses, the breaker and
/// holds survive a restart.
/// </summary>
internal static class WebhookHealth
{
    /// <summary>Failures in a row that open the breaker.</summary>
    public const int BreakingFailures = 10;

    /// <summary>Attempts within <see cref="Window"/>, half of which failed, that open it too.</summary>
    public const int BreakingTries = 10;

    /// <summary>Counted failures without a success that a hold needs, beside the time.</summary>
    public const int HoldingFailures = 10;

    /// <summary>The guard's refusals in a row after which a webhook is held.</summary>
    public const int MostBlocked = 3;

    /// <summary>Why it is held then.</summary>
    public const string Unreachable = "Its address is not one that webhooks may reach: see the log, and outbound.allow.";

    public static readonly TimeSpan Window = TimeSpan.FromMinutes(5);

    /// <summary>The breaker's first pause; each failed probe doubles it.</summary>
    public static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(30);

    public static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(30);

    /// <summary>So long without a success, and a webhook is held.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromDays(5);

    /// <summary>How often a held webhook is tried.</summary>
    public static readonly TimeSpan ProbeInterval = TimeSpan.FromHours(6);

    /// <summary>How much of <see cref="Patience"/> is over when operators are told, in percent.</summary>
    private static readonly int[] Warnings = [50, 70, 90];

    /// <summary>How many deliveries a webhook may get now.</summary>
    /// <param name="underWay">Attempts that it has now.</param>
    /// <param name="room">How many more would be convenient.</param>
    public static Grant GrantTo(WebhookState state, DateTimeOffset now, int underWay, int room, double rate)
    {
        if (state.Status == WebhookStatus.Held && state.ProbeAt <= now && underWay == 0 && room > 0)
            return new Grant(1, _ => state with { ProbeAt = now + ProbeInterval }) { OfHeld = true };
        if (state.Status != WebhookStatus.Active || state.IsPausedAt(now)) return Grant.None;

        // With an open breaker one probe, and no other before it has told.
        if (state.IsBreakerOpen) room = underWay == 0 ? Math.Min(room, 1) : 0;
        double tokens = TokensAt(state, now, rate);
        int atMost = Math.Min(room, (int)tokens);
        return atMost <= 0
            ? Grant.None
            : new Grant(atMost, taken => state with
            {
                Tokens = tokens - taken,
                TokensAt = now,
                PausedUntil = state.IsBreakerOpen ? now + state.BreakerWait : state.PausedUntil,
            });
    }

    /// <summary>Attempts that the rate allows now: what came in since, at most a second's worth, and never less than one. All of it if the clock was set back: nobody knows.</summary>
    public static double TokensAt(WebhookState state, DateTimeOffset now, double rate)
    {
        double full = Math.Max(1, rate);
        if (state.TokensAt is not { } at) return full;
        double since = (now - at).TotalSeconds;
        return since < 0 ? full : Math.Min(full, state.Tokens + since * rate);
    }

    /// <summary>What follows from an attempt that a webhook took.</summary>
    public static (WebhookState State, DeliveryNews? News) AfterSuccess(WebhookState before, DateTimeOffset started, DateTimeOffset ended)
    {
        // While the breaker's probe is under way, the pause is the breaker's own. What began before it opened is no probe: the
        // pause that it meets may be one that its receiver asked for.
        bool endsPause = before.IsBreakerOpen && !(started < before.BreakerSince) && before.PausedUntil > ended;
        WebhookState counted = before.IsBreakerOpen
            ? before with { WindowStart = null, WindowTries = 0, WindowFailures = 0 }
            : Counted(before, ended, failed: false);
        WebhookState after = counted with
        {
            Failures = 0,
            FailingSince = null,
            LastSuccess = ended,
            Blocked = 0,
            Told = 0,
            BreakerWait = TimeSpan.Zero,
            BreakerSince = null,
            PausedUntil = endsPause ? ended : before.PausedUntil,
        };
        if (before is not { Status: WebhookStatus.Held, Cause: HoldCause.Failing or HoldCause.Blocked }) return (after, null);
        return (Released(after, ended), new DeliveryNews(DeliveryNewsKinds.EndpointRecovered, "It takes deliveries again: what was held is sent now."));
    }

    /// <summary>What follows from an attempt that it did not take and that was not our own network's fault.</summary>
    public static (WebhookState State, DeliveryNews? News) AfterFailure(
        WebhookState before, Answer answer, Verdict verdict, DateTimeOffset started, DateTimeOffset ended)
    {
        WebhookState after = Counted(before, ended, failed: true) with
        {
            Failures = before.Failures + 1,
            FailingSince = before.FailingSince ?? started,
            Blocked = answer.Outcome == AttemptOutcome.Blocked ? before.Blocked + 1 : 0,
            PausedUntil = Later(before.PausedUntil, verdict.PauseUntil),
        };
        if (verdict.IsGone && before.Status != WebhookStatus.Off) return Hold(after, WebhookStatus.Gone, null, "It answered 410 Gone: its receiver wants no more deliveries.", ended);
        if (before.Status == WebhookStatus.Held) return (after with { ProbeAt = before.ProbeAt is null ? null : ended + ProbeInterval }, null);
        if (before.Status != WebhookStatus.Active) return (after, null);

        if (after.Blocked >= MostBlocked) return Hold(after, WebhookStatus.Held, HoldCause.Blocked, Unreachable, ended);
        TimeSpan failing = ended - after.FailingSince!.Value;
        if (failing >= Patience && after.Failures >= HoldingFailures)
            return Hold(
                after, WebhookStatus.Held, HoldCause.Failing,
                string.Create(CultureInfo.InvariantCulture, $"It took nothing for {Patience.TotalDays:0} days, in {after.Failures} attempts. One is tried every {ProbeInterval.TotalHours:0} h."), ended);

        after = Break(after, started, ended);
        int warning = Warnings.LastOrDefault(percent => failing >= Patience * (percent / 100.0));
        if (warning <= before.Told) return (after, null);
        return (after with { Told = warning }, new DeliveryNews(
            DeliveryNewsKinds.EndpointFailing,
            string.Create(CultureInfo.InvariantCulture, $"It has taken nothing for {failing.TotalHours:0} h: {warning} % of the way to a hold.")));
    }

    /// <summary>
    /// The same, without what only a clock that was ahead can have said: nothing has begun after now, and no pause or wait is longer
    /// than the longest that there is.
    /// </summary>
    /// <param name="longest">The longest pause that its receiver may ask for.</param>
    public static WebhookState Within(WebhookState before, DateTimeOffset now, TimeSpan longest)
    {
        // Opened after now: what is left of its pause is not to be known, and no more than all of it.
        TimeSpan pause = before.IsBreakerOpen && before.BreakerSince > now ? before.BreakerWait : longest > LongestPause ? longest : LongestPause;
        return before with
        {
            PausedUntil = Sooner(before.PausedUntil, now + pause),
            ProbeAt = Sooner(before.ProbeAt, now + ProbeInterval),
            BreakerSince = Sooner(before.BreakerSince, now),
            FailingSince = Sooner(before.FailingSince, now),
            WindowStart = Sooner(before.WindowStart, now),
        };
    }

    /// <summary>
    /// A mark of an address, by which a move is noticed. Two bytes of its hash: what follows the host can be a secret, and nobody who
    /// reads the store shall be able to try whether he has guessed it.
    /// </summary>
    public static int MarkOf(Uri url) => BinaryPrimitives.ReadUInt16BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(url.AbsoluteUri)));

    /// <summary>The same, with a note of where it was if it is on hold.</summary>
    public static WebhookState At(Uri url, WebhookState before, WebhookState after) => after switch
    {
        { Status: WebhookStatus.Active } => after with { Address = null },
        _ when before.Status == after.Status => after,
        _ => after with { Address = MarkOf(url) },
    };

    /// <summary>Active, with nothing held against it.</summary>
    public static WebhookState Released(WebhookState before, DateTimeOffset now) => before with
    {
        Status = WebhookStatus.Active,
        Reason = null,
        Cause = null,
        Address = null,
        Since = now,
        ProbeAt = null,
        Failures = 0,
        FailingSince = null,
        Blocked = 0,
        Told = 0,
        WindowStart = null,
        WindowTries = 0,
        WindowFailures = 0,
        BreakerWait = TimeSpan.Zero,
        BreakerSince = null,
        PausedUntil = before.PausedUntil < now ? before.PausedUntil : null,
    };

    /// <summary>On hold, and why. One that fails or is blocked is tried now and then.</summary>
    public static (WebhookState State, DeliveryNews News) Hold(WebhookState before, WebhookStatus status, HoldCause? cause, string reason, DateTimeOffset now) => (
        before with
        {
            Status = status,
            Cause = cause,
            Reason = reason,
            Since = now,
            ProbeAt = cause is HoldCause.Failing or HoldCause.Blocked ? now + ProbeInterval : null,
        },
        new DeliveryNews(status == WebhookStatus.Gone ? DeliveryNewsKinds.EndpointGone : DeliveryNewsKinds.EndpointHeld, reason));

    private static WebhookState Counted(WebhookState before, DateTimeOffset ended, bool failed)
    {
        bool isNew = before.WindowStart is not { } start || ended - start >= Window;
        return before with
        {
            WindowStart = isNew ? ended : before.WindowStart,
            WindowTries = (isNew ? 0 : before.WindowTries) + 1,
            WindowFailures = (isNew ? 0 : before.WindowFailures) + (failed ? 1 : 0),
        };
    }

    private static WebhookState Break(WebhookState after, DateTimeOffset started, DateTimeOffset ended)
    {
        if (after.IsBreakerOpen)
        {
            // What was under way when it opened says nothing new.
            if (started < after.BreakerSince) return after;
            TimeSpan wait = after.BreakerWait * 2 < LongestPause ? after.BreakerWait * 2 : LongestPause;
            return after with { BreakerWait = wait, BreakerSince = ended, PausedUntil = Later(after.PausedUntil, ended + wait) };
        }

        bool breaks = after.Failures >= BreakingFailures || (after.WindowTries >= BreakingTries && after.WindowFailures * 2 >= after.WindowTries);
        return breaks
            ? after with { BreakerWait = FirstPause, BreakerSince = ended, PausedUntil = Later(after.PausedUntil, ended + FirstPause) }
            : after;
    }

    private static DateTimeOffset? Sooner(DateTimeOffset? left, DateTimeOffset right) => left > right ? right : left;

    private static DateTimeOffset? Later(DateTimeOffset? left, DateTimeOffset? right) => left is null || right > left ? right ?? left : left;
}
