using Microsoft.Data.Sqlite;

namespace CertHerald.Storage.Sqlite;

/// <summary>The state of webhooks, and what a change of it does to what they are owed.</summary>
internal sealed partial class SqliteStore
{
    private const string FindState = """
        SELECT status, hold, cause, since, paused_until, failures, failing_since, last_success, blocked, window_start, window_tries, window_failures,
            breaker_wait_ms, breaker_since, probe_at, told, tokens, tokens_at
        FROM webhook WHERE name = @name
        """;

    private const string PutState = """
        INSERT INTO webhook (name, status, hold, cause, since, paused_until, failures, failing_since, last_success, blocked, window_start, window_tries,
            window_failures, breaker_wait_ms, breaker_since, probe_at, told, tokens, tokens_at)
        VALUES (@name, @status, @hold, @cause, @since, @paused, @failures, @failing, @success, @blocked, @window, @tries, @failed, @wait, @breaker, @probe,
            @told, @tokens, @at)
        ON CONFLICT (name) DO UPDATE SET status = @status, hold = @hold, cause = @cause, since = @since, paused_until = @paused, failures = @failures,
            failing_since = @failing, last_success = @success, blocked = @blocked, window_start = @window, window_tries = @tries, window_failures = @failed,
            breaker_wait_ms = @wait, breaker_since = @breaker, probe_at = @probe, told = @told, tokens = @tokens, tokens_at = @at
        """;

    // Oldest first, as many a second as the webhook may get: so none of them looks late while it waits its turn, and what is
    // new does not wait behind them all.
    private const string ReleaseHeld = """
        UPDATE delivery SET state = 'pending', tries = 0, first_tried = NULL, due = @now + 1000 * CAST((turn.place - 1) / @rate AS INTEGER)
        FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS place FROM delivery WHERE webhook = @webhook AND state = 'held') AS turn
        WHERE delivery.id = turn.id
        """;

    public Task<WebhookState> ChangeWebhookAsync(
        string webhook, Func<WebhookState, (WebhookState State, DeliveryNews? News)> change, double perSecond, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            WebhookState before = StateOf(session, webhook);
            (WebhookState after, DeliveryNews? news) = change(before);
            if (news is not null) Tell(session, webhook, null, news);
            Put(session, webhook, before, after, perSecond);
            return after;
        },
        cancellation);

    public Task<WebhookState> FindWebhookAsync(string webhook, CancellationToken cancellation) => ReadAsync(session => StateOf(session, webhook), cancellation);

    public Task<string?> FindHoldAsync(string webhook, CancellationToken cancellation) => ReadAsync(
        session => session.First("SELECT hold FROM webhook WHERE name = @name AND status <> 'active'", row => row.TextOrNull(0), ("@name", webhook)),
        cancellation);

    private static WebhookState StateOf(SqliteSession session, string webhook) =>
        session.First(FindState, ReadState, ("@name", webhook)) ?? WebhookState.New;

    /// <summary>Writes a state if it has changed, and holds or releases with it what is open.</summary>
    private void Put(SqliteSession session, string webhook, WebhookState before, WebhookState after, double perSecond)
    {
        if (after == before) return;
        session.Run(
            PutState,
            ("@name", webhook), ("@status", after.Status), ("@hold", after.Reason), ("@cause", after.Cause), ("@since", after.Since), ("@paused", after.PausedUntil),
            ("@failures", after.Failures), ("@failing", after.FailingSince), ("@success", after.LastSuccess), ("@blocked", after.Blocked),
            ("@window", after.WindowStart), ("@tries", after.WindowTries), ("@failed", after.WindowFailures),
            ("@wait", (long)after.BreakerWait.TotalMilliseconds), ("@breaker", after.BreakerSince), ("@probe", after.ProbeAt), ("@told", after.Told),
            ("@tokens", after.Tokens), ("@at", after.TokensAt));

        bool wasActive = before.Status == WebhookStatus.Active, isActive = after.Status == WebhookStatus.Active;
        if (wasActive && !isActive) session.Run("UPDATE delivery SET state = 'held' WHERE webhook = @webhook AND state = 'pending'", ("@webhook", webhook));
        if (!wasActive && isActive) session.Run(ReleaseHeld, ("@webhook", webhook), ("@now", _time.GetUtcNow()), ("@rate", perSecond));
    }

    private static WebhookState ReadState(SqliteDataReader row) => new()
    {
        Status = row.Named<WebhookStatus>(0),
        Reason = row.TextOrNull(1),
        Cause = row.IsDBNull(2) ? null : row.Named<HoldCause>(2),
        Since = row.TimeOrNull(3),
        PausedUntil = row.TimeOrNull(4),
        Failures = row.GetInt32(5),
        FailingSince = row.TimeOrNull(6),
        LastSuccess = row.TimeOrNull(7),
        Blocked = row.GetInt32(8),
        WindowStart = row.TimeOrNull(9),
        WindowTries = row.GetInt32(10),
        WindowFailures = row.GetInt32(11),
        BreakerWait = TimeSpan.FromMilliseconds(row.GetInt64(12)),
        BreakerSince = row.TimeOrNull(13),
        ProbeAt = row.TimeOrNull(14),
        Told = row.GetInt32(15),
        Tokens = row.GetDouble(16),
        TokensAt = row.TimeOrNull(17),
    };
}
