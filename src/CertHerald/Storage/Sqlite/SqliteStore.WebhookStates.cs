namespace CertHerald.Storage.Sqlite;

/// <summary>The state of webhooks, and what a change of it does to what they are owed.</summary>
internal sealed partial class SqliteStore
{
    private const string AllStates = """
        SELECT status, hold, cause, since, paused_until, failures, failing_since, last_success, blocked, window_start, window_tries, window_failures,
            breaker_wait_ms, breaker_since, probe_at, told, tokens, tokens_at, address, name
        FROM webhook
        """;

    private const string FindState = $"{AllStates} WHERE name = ?1";

    private const string PutState = """
        UPDATE webhook SET status = ?2, hold = ?3, cause = ?4, since = ?5, paused_until = ?6, failures = ?7, failing_since = ?8, last_success = ?9,
            blocked = ?10, window_start = ?11, window_tries = ?12, window_failures = ?13, breaker_wait_ms = ?14, breaker_since = ?15, probe_at = ?16,
            told = ?17, tokens = ?18, tokens_at = ?19, address = ?20
        WHERE name = ?1
        """;

    /// <summary>Held or released in one transaction, at most: nobody else's write waits longer than for that.</summary>
    internal const int MostMoved = 5_000;

    private const string HoldPending = """
        UPDATE delivery SET state = 'held' WHERE id IN (SELECT id FROM delivery WHERE webhook = @webhook AND state = 'pending' ORDER BY due, id LIMIT @most)
        """;

    // Oldest first, as many a second as the webhook may get: so none of them looks late while it waits its turn, and what is
    // new does not wait behind them all.
    private const string ReleaseHeld = """
        UPDATE delivery SET state = 'pending', tries = 0, first_tried = NULL, due = @from + 1000 * CAST((turn.place - 1) / @rate AS INTEGER)
        FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY due, id) AS place FROM delivery WHERE webhook = @webhook AND state = 'held' ORDER BY due, id LIMIT @most) AS turn
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

    public async Task<bool> MoveOnAsync(CancellationToken cancellation)
    {
        bool isMore = false;
        foreach (string webhook in await ReadAsync(session => session.All("SELECT name FROM webhook WHERE move_at IS NOT NULL", row => row.GetString(0)), cancellation))
            isMore |= await WriteAsync(session => MoveOn(session, webhook), cancellation);
        return isMore;
    }

    public Task<WebhookState> FindWebhookAsync(string webhook, CancellationToken cancellation) => ReadAsync(session => StateOf(session, webhook), cancellation);

    public Task<IReadOnlyDictionary<string, WebhookState>> WebhookStatesAsync(CancellationToken cancellation) => ReadAsync<IReadOnlyDictionary<string, WebhookState>>(
        session =>
        {
            var states = new Dictionary<string, WebhookState>(StringComparer.Ordinal);
            SqliteStatement row = session.Statement(AllStates);
            while (row.Step()) states.Add(row.Text(19), ReadState(row));
            return states;
        },
        cancellation);

    public Task<string?> FindHoldAsync(string webhook, CancellationToken cancellation) => ReadAsync(
        session => session.First("SELECT hold FROM webhook WHERE name = @name AND status <> 'active'", row => row.TextOrNull(0), ("@name", webhook)),
        cancellation);

    private static WebhookState StateOf(SqliteSession session, string webhook)
    {
        SqliteStatement row = session.Statement(FindState).Bind(1, webhook);
        if (!row.Step()) return WebhookState.New;
        WebhookState state = ReadState(row);
        row.Reset();
        return state;
    }

    /// <summary>Writes a state if it has changed, and holds or releases with it what is open.</summary>
    private void Put(SqliteSession session, string webhook, WebhookState before, WebhookState after, double perSecond)
    {
        if (after == before) return;
        if (!Update(session, webhook, after))
        {
            session.Run("INSERT INTO webhook (name) VALUES (@name)", ("@name", webhook));
            Update(session, webhook, after);
        }

        if (before.Status == WebhookStatus.Active == (after.Status == WebhookStatus.Active)) return;
        session.Run("UPDATE webhook SET move_at = @now, move_rate = @rate WHERE name = @name", ("@name", webhook), ("@now", _time.GetUtcNow()), ("@rate", perSecond));
        MoveOn(session, webhook);
    }

    /// <returns>False if it has no row yet.</returns>
    private static bool Update(SqliteSession session, string webhook, WebhookState state) => session.Statement(PutState)
        .Bind(1, webhook).Bind(2, NameOf(state.Status)).Bind(3, state.Reason).Bind(4, state.Cause is { } cause ? NameOf(cause) : null)
        .Bind(5, state.Since).Bind(6, state.PausedUntil).Bind(7, (long)state.Failures).Bind(8, state.FailingSince).Bind(9, state.LastSuccess)
        .Bind(10, (long)state.Blocked).Bind(11, state.WindowStart).Bind(12, (long)state.WindowTries).Bind(13, (long)state.WindowFailures)
        .Bind(14, (long)state.BreakerWait.TotalMilliseconds).Bind(15, state.BreakerSince).Bind(16, state.ProbeAt).Bind(17, (long)state.Told)
        .Bind(18, state.Tokens).Bind(19, state.TokensAt).Bind(20, state.Address)
        .Run() > 0;

    /// <summary>Holds or releases, as the webhook's state is now, the next part of what it is owed.</summary>
    /// <returns>Whether there may be more.</returns>
    private bool MoveOn(SqliteSession session, string webhook)
    {
        (bool isActive, DateTimeOffset at, double rate) = session.First(
            "SELECT status = 'active', move_at, move_rate FROM webhook WHERE name = @name AND move_at IS NOT NULL",
            row => (row.GetBoolean(0), row.Time(1), row.GetDouble(2)), ("@name", webhook));
        if (rate == 0) return false;

        DateTimeOffset now = _time.GetUtcNow(), from = at > now ? at : now;
        int moved = isActive
            ? session.Run(ReleaseHeld, ("@webhook", webhook), ("@from", from), ("@rate", rate), ("@most", MostMoved))
            : session.Run(HoldPending, ("@webhook", webhook), ("@most", MostMoved));
        bool isMore = moved == MostMoved;
        session.Run("UPDATE webhook SET move_at = @next WHERE name = @name", ("@name", webhook), ("@next", isMore ? from + TimeSpan.FromSeconds(moved / rate) : null));
        return isMore;
    }

    private static string NameOf<T>(T value) where T : struct, Enum => value.ToString().ToLowerInvariant();

    private static WebhookState ReadState(SqliteStatement row) => new()
    {
        Status = row.Named<WebhookStatus>(0),
        Reason = row.TextOrNull(1),
        Cause = row.IsNull(2) ? null : row.Named<HoldCause>(2),
        Since = row.TimeOrNull(3),
        PausedUntil = row.TimeOrNull(4),
        Failures = (int)row.Number(5),
        FailingSince = row.TimeOrNull(6),
        LastSuccess = row.TimeOrNull(7),
        Blocked = (int)row.Number(8),
        WindowStart = row.TimeOrNull(9),
        WindowTries = (int)row.Number(10),
        WindowFailures = (int)row.Number(11),
        BreakerWait = TimeSpan.FromMilliseconds(row.Number(12)),
        BreakerSince = row.TimeOrNull(13),
        ProbeAt = row.TimeOrNull(14),
        Told = (int)row.Number(15),
        Tokens = row.Real(16),
        TokensAt = row.TimeOrNull(17),
        Address = row.IsNull(18) ? null : (int)row.Number(18),
    };
}
