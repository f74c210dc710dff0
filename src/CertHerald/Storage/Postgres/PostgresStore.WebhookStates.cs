using Npgsql;

namespace CertHerald.Storage.Postgres;

/// <summary>The state of webhooks, and what a change of it does to what they are owed.</summary>
internal sealed partial class PostgresStore
{
    private const string StateColumns = """
        SELECT status, hold, cause, since, paused_until, failures, failing_since, last_success, blocked, window_start, window_tries, window_failures,
            breaker_wait_ms, breaker_since, probe_at, told, tokens, tokens_at, address
        """;

    private const string FindState = $"{StateColumns} FROM webhook WHERE name = @name";

    private const string PutState = """
        UPDATE webhook SET status = @status, hold = @hold, cause = @cause, since = @since, paused_until = @paused, failures = @failures,
            failing_since = @failing, last_success = @success, blocked = @blocked, window_start = @window, window_tries = @tries, window_failures = @failed,
            breaker_wait_ms = @wait, breaker_since = @breaker, probe_at = @probe, told = @told, tokens = @tokens, tokens_at = @at, address = @address
        WHERE name = @name
        """;

    /// <summary>Held or released in one transaction, at most: nobody waits longer for this webhook's state than for that.</summary>
    internal const int MostMoved = 5_000;

    // FOR UPDATE: what has been cancelled or joined while it was waited for is left alone.
    private const string HoldPending = """
        UPDATE delivery SET state = 'held'
        WHERE id IN (SELECT id FROM delivery WHERE webhook = @webhook AND state = 'pending' ORDER BY due, id LIMIT @most FOR UPDATE)
        """;

    // Oldest first, as many a second as the webhook may get: so none of them looks late while it waits its turn, and what is
    // new does not wait behind them all.
    private const string ReleaseHeld = """
        UPDATE delivery SET state = 'pending', tries = 0, first_tried = NULL, due = @from + 1000 * floor((turn.place - 1) / @rate)::bigint
        FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY due, id) AS place FROM delivery WHERE webhook = @webhook AND state = 'held' ORDER BY due, id LIMIT @most) AS turn
        WHERE delivery.id = turn.id AND delivery.state = 'held'
        """;

    // The row is made if it is not there: it is what is locked.
    private const string LockStates = """
        INSERT INTO webhook (name) SELECT DISTINCT name FROM unnest(@names) AS name WHERE name NOT IN (SELECT name FROM webhook) ORDER BY name
        ON CONFLICT DO NOTHING
        """;

    public Task<WebhookState> ChangeWebhookAsync(
        string webhook, Func<WebhookState, (WebhookState State, DeliveryNews? News)> change, double perSecond, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            WebhookState before = await LockStateAsync(session, webhook);
            (WebhookState after, DeliveryNews? news) = change(before);
            await PutAsync(session, webhook, before, after, perSecond);
            if (news is not null) await TellAsync(session, webhook, null, news);
            return after;
        },
        cancellation);

    public async Task<bool> MoveOnAsync(CancellationToken cancellation)
    {
        bool isMore = false;
        List<string> webhooks = await ReadAsync(session => session.AllAsync("SELECT name FROM webhook WHERE move_at IS NOT NULL", row => row.GetString(0)), cancellation);
        foreach (string webhook in webhooks)
            isMore |= await WriteAsync(
                async session =>
                {
                    await LockStateAsync(session, webhook);
                    return await MoveOnAsync(session, webhook);
                },
                cancellation);
        return isMore;
    }

    public Task<WebhookState> FindWebhookAsync(string webhook, CancellationToken cancellation) => ReadAsync(
        async session => await session.FirstAsync(FindState, ReadState, ("@name", webhook)) ?? WebhookState.New, cancellation);

    public Task<IReadOnlyDictionary<string, WebhookState>> WebhookStatesAsync(CancellationToken cancellation) => ReadAsync<IReadOnlyDictionary<string, WebhookState>>(
        async session => (await session.AllAsync($"{StateColumns}, name FROM webhook", row => (Name: row.GetString(19), State: ReadState(row)))).ToDictionary(one => one.Name, one => one.State, StringComparer.Ordinal),
        cancellation);

    public Task<string?> FindHoldAsync(string webhook, CancellationToken cancellation) => ReadAsync(
        session => session.FirstAsync("SELECT hold FROM webhook WHERE name = @name AND status <> 'active'", row => row.TextOrNull(0), ("@name", webhook)),
        cancellation);

    /// <summary>The state, which nobody else changes until this transaction ends, and under which nobody owes anything meanwhile.</summary>
    private static async Task<WebhookState> LockStateAsync(PostgresSession session, string webhook)
    {
        if (await session.FirstAsync($"{FindState} FOR UPDATE", ReadState, ("@name", webhook)) is { } known) return known;
        await session.PerformAsync(LockStates, ("@names", new[] { webhook }));
        return await session.SingleAsync($"{FindState} FOR UPDATE", ReadState, ("@name", webhook));
    }

    /// <summary>The same for several, in the order in which everybody locks them.</summary>
    private static async Task<Dictionary<string, WebhookState>> LockStatesAsync(PostgresSession session, string[] webhooks)
    {
        await session.PerformAsync(LockStates, ("@names", webhooks));
        return (await session.AllAsync(
            $"{StateColumns}, name FROM webhook WHERE name = ANY(@names) ORDER BY name FOR UPDATE", row => (row.GetString(19), ReadState(row)), ("@names", webhooks)))
            .ToDictionary(StringComparer.Ordinal);
    }

    /// <summary>Shares the states of these webhooks: until this transaction ends none of them is held or released.</summary>
    private static async Task ShareStatesAsync(PostgresSession session, string[] webhooks)
    {
        await session.PerformAsync(LockStates, ("@names", webhooks));
        await session.PerformAsync("SELECT 1 FROM webhook WHERE name = ANY(@names) ORDER BY name FOR SHARE", ("@names", webhooks));
    }

    /// <summary>Writes a state if it has changed, and holds or releases with it what is open.</summary>
    private async Task PutAsync(PostgresSession session, string webhook, WebhookState before, WebhookState after, double perSecond)
    {
        if (after == before) return;
        await session.RunAsync(
            PutState,
            ("@name", webhook), ("@status", after.Status), ("@hold", after.Reason), ("@cause", after.Cause), ("@since", after.Since), ("@paused", after.PausedUntil),
            ("@failures", after.Failures), ("@failing", after.FailingSince), ("@success", after.LastSuccess), ("@blocked", after.Blocked),
            ("@window", after.WindowStart), ("@tries", after.WindowTries), ("@failed", after.WindowFailures),
            ("@wait", (long)after.BreakerWait.TotalMilliseconds), ("@breaker", after.BreakerSince), ("@probe", after.ProbeAt), ("@told", after.Told),
            ("@tokens", after.Tokens), ("@at", after.TokensAt), ("@address", after.Address));

        if (before.Status == WebhookStatus.Active == (after.Status == WebhookStatus.Active)) return;
        await session.RunAsync("UPDATE webhook SET move_at = @now, move_rate = @rate WHERE name = @name", ("@name", webhook), ("@now", _time.GetUtcNow()), ("@rate", perSecond));
        await MoveOnAsync(session, webhook);
    }

    /// <summary>Holds or releases, as the webhook's state is now, the next part of what it is owed. Under the lock of its state.</summary>
    /// <returns>Whether there is more.</returns>
    private async Task<bool> MoveOnAsync(PostgresSession session, string webhook)
    {
        (bool isActive, DateTimeOffset at, double rate) = await session.FirstAsync(
            "SELECT status = 'active', move_at, move_rate FROM webhook WHERE name = @name AND move_at IS NOT NULL",
            row => (row.GetBoolean(0), row.Time(1), row.GetDouble(2)), ("@name", webhook));
        if (rate == 0) return false;

        DateTimeOffset now = _time.GetUtcNow(), from = at > now ? at : now;
        int moved = isActive
            ? await session.RunAsync(ReleaseHeld, ("@webhook", webhook), ("@from", from), ("@rate", rate), ("@most", MostMoved))
            : await session.RunAsync(HoldPending, ("@webhook", webhook), ("@most", MostMoved));
        // Not by how many were moved: some may have gone another way while they were waited for.
        bool isMore = await session.SingleAsync(
            "SELECT EXISTS (SELECT 1 FROM delivery WHERE webhook = @webhook AND state = @state)", row => row.GetBoolean(0),
            ("@webhook", webhook), ("@state", isActive ? DeliveryState.Held : DeliveryState.Pending));
        await session.RunAsync("UPDATE webhook SET move_at = @next WHERE name = @name", ("@name", webhook), ("@next", isMore ? from + TimeSpan.FromSeconds(moved / rate) : null));
        return isMore;
    }

    private static WebhookState ReadState(NpgsqlDataReader row) => new()
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
        Address = row.NumberOrNull(18),
    };
}
