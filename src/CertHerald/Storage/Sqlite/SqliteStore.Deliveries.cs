using Microsoft.Data.Sqlite;

namespace CertHerald.Storage.Sqlite;

/// <summary>Deliveries, their claims and their attempts.</summary>
internal sealed partial class SqliteStore
{
    /// <summary>What an open delivery of <c>webhook</c> is while nobody sends it.</summary>
    private const string OpenState =
        "CASE WHEN EXISTS (SELECT 1 FROM webhook AS on_hold WHERE on_hold.name = delivery.webhook AND on_hold.status <> 'active') THEN 'held' ELSE 'pending' END";

    private const string ClaimedColumns =
        "id, kind, subject, key, CASE WHEN length(body) <= 65536 THEN body END, tries, first_tried, due, head_seen, created, replay, is_short, last_outcome, body IS NOT NULL";

    private const string FindDue =
        $"SELECT {ClaimedColumns} FROM delivery WHERE webhook = ?1 AND state = 'pending' AND due <= ?3 ORDER BY due, id LIMIT ?2";

    private const string FindHeld = $"SELECT {ClaimedColumns} FROM delivery WHERE webhook = ?1 AND state = 'held' ORDER BY due, id LIMIT ?2";

    // One by one, by their ids: cheaper than one statement with a list of them. Nobody writes between it and the search.
    private const string Claim = "UPDATE delivery SET state = 'inflight', lease_until = ?2, lease_token = ?3 WHERE id = ?1";

    private const string ClaimFrozen = "UPDATE delivery SET state = 'inflight', lease_until = ?2, lease_token = ?3, body = ?4 WHERE id = ?1";

    private const string Freeze = "UPDATE delivery SET body = ?3 WHERE id = ?1 AND lease_token = ?2 AND body IS NULL";

    private const string Settle = """
        UPDATE delivery SET state = ?3, due = ?4, tries = tries + ?5, first_tried = COALESCE(first_tried, ?6), last_outcome = ?7,
            lease_until = NULL, lease_token = NULL
        WHERE id = ?1 AND state = 'inflight' AND lease_token = ?2
        """;

    // VALUES, not SELECT: of a statement that may write several rows SQLite keeps each page as it was before.
    private const string AddDelivery = """
        INSERT INTO delivery (webhook, kind, subject, key, state, due, head_seen, created)
        VALUES (?1, ?2, ?3, ?4, CASE WHEN EXISTS (SELECT 1 FROM webhook WHERE name = ?1 AND status <> 'active') THEN 'held' ELSE 'pending' END, ?5, ?6, ?5)
        ON CONFLICT (webhook, kind, subject, replay) DO NOTHING
        """;

    private const string AddAttempt = """
        INSERT INTO attempt (delivery, started, took_ms, status, outcome, counted, detail, answer, dns_ms, connect_ms, tls_ms, headers_ms, body_ms, peer)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
        """;

    // From one webhook to the next by the index, past all that they are owed: its cost is the webhooks', not the deliveries'.
    private const string OpenNames = """
        WITH RECURSIVE open(name) AS (
            SELECT MIN(webhook) FROM delivery WHERE state = 'pending'
            UNION ALL
            SELECT (SELECT MIN(webhook) FROM delivery WHERE state = 'pending' AND webhook > open.name) FROM open WHERE open.name IS NOT NULL
        )
        """;

    private const string OpenWebhooks = $"""
        {OpenNames}
        SELECT open.name, MAX((SELECT MIN(due) FROM delivery WHERE state = 'pending' AND webhook = open.name), COALESCE(paused_until, 0)), COALESCE(breaker_wait_ms, 0) > 0
            FROM open LEFT JOIN webhook USING (name) WHERE open.name IS NOT NULL AND COALESCE(status, 'active') = 'active' AND COALESCE(paused_until, 0) <= @now
        UNION ALL
        SELECT name, probe_at, 1 FROM webhook WHERE status = 'held' AND probe_at IS NOT NULL
            AND EXISTS (SELECT 1 FROM delivery WHERE state = 'held' AND delivery.webhook = webhook.name)
        ORDER BY 1
        """;

    // A delivery whose webhook was paused could not leave before the pause ended.
    private const string OldestDue = $"""
        {OpenNames},
        waiting(name, due) AS (
            SELECT name, (SELECT MIN(due) FROM delivery WHERE state = 'pending' AND webhook = open.name) FROM open WHERE name IS NOT NULL
            UNION ALL
            SELECT webhook, due FROM delivery WHERE state = 'inflight'
        )
        SELECT MIN(MAX(due, COALESCE(paused_until, 0))) FROM waiting LEFT JOIN webhook USING (name)
        WHERE COALESCE(status, 'active') = 'active' AND COALESCE(breaker_wait_ms, 0) = 0
        """;

    public Task<IReadOnlyList<OpenWebhook>> OpenWebhooksAsync(DateTimeOffset now, CancellationToken cancellation) => ReadAsync<IReadOnlyList<OpenWebhook>>(
        session => session.All(OpenWebhooks, row => new OpenWebhook(row.GetString(0), row.Time(1), row.GetBoolean(2)), ("@now", now)), cancellation);

    public Task<IReadOnlyList<StoredDelivery>> ClaimAsync(
        IReadOnlyList<ClaimRequest> requests, int atMost, DateTimeOffset now, DateTimeOffset until, CancellationToken cancellation) => WriteAsync<IReadOnlyList<StoredDelivery>>(
        session =>
        {
            long token = Random.Shared.NextInt64(1, long.MaxValue);
            var claimed = new List<StoredDelivery>();
            foreach (ClaimRequest request in requests)
            {
                int left = atMost - claimed.Count;
                if (left <= 0) break;
                WebhookState state = StateOf(session, request.Webhook);
                Grant grant = request.Grant(state);
                if (grant.AtMost <= 0) continue;

                int before = claimed.Count;
                Find(session, request.Webhook, grant.OfHeld, Math.Min(grant.AtMost, left), now, token, until, claimed);
                if (claimed.Count == before) continue;

                SqliteStatement claim = session.Statement(Claim).Bind(2, until).Bind(3, token), frozen = session.Statement(ClaimFrozen).Bind(2, until).Bind(3, token);
                for (int i = before; i < claimed.Count; i++)
                {
                    StoredDelivery one = claimed[i];
                    if (!one.IsFrozen && request.BodyOf?.Invoke(one) is { } body)
                    {
                        frozen.Bind(1, one.Id).BindBytes(4, body).Run();
                        claimed[i] = one with { Body = body.Length <= StoredDelivery.MostClaimedBody ? body : null, IsFrozen = true };
                    }
                    else
                    {
                        claim.Bind(1, one.Id).Run();
                    }
                }
                Put(session, request.Webhook, state, grant.Then(claimed.Count - before), perSecond: 1);
            }
            return claimed;
        },
        cancellation);

    public async Task<IReadOnlyList<long>> FreezeAsync(IReadOnlyList<FrozenBody> bodies, CancellationToken cancellation)
    {
        if (bodies.Count == 0) return [];
        return await WriteAsync(
            session =>
            {
                var lost = new List<long>();
                SqliteStatement freeze = session.Statement(Freeze);
                foreach (FrozenBody one in bodies)
                    if (freeze.Bind(1, one.Lease.Delivery).Bind(2, one.Lease.Token).BindBytes(3, one.Body.Span).Run() == 0)
                        lost.Add(one.Lease.Delivery);
                return lost;
            },
            cancellation);
    }

    public Task<IReadOnlyList<Settlement?>> CompleteAsync(IReadOnlyList<Completion> completions, CancellationToken cancellation) => WriteAsync<IReadOnlyList<Settlement?>>(
        session =>
        {
            var settled = new Settlement?[completions.Count];
            var states = new Dictionary<string, (WebhookState Written, WebhookState Now, double PerSecond)>(StringComparer.Ordinal);
            for (int i = 0; i < settled.Length; i++)
            {
                Completion one = completions[i];
                if (!states.TryGetValue(one.Webhook, out (WebhookState Written, WebhookState Now, double PerSecond) state))
                    state.Written = state.Now = StateOf(session, one.Webhook);
                Settlement settlement = one.Settle(state.Now);
                if (settlement.State == DeliveryState.Pending && settlement.Webhook.Status != WebhookStatus.Active) settlement = settlement with { State = DeliveryState.Held };
                if (!Record(session, one, settlement)) continue;

                foreach (DeliveryNews news in settlement.News) Tell(session, one.Webhook, one.Lease.Delivery, news);
                settled[i] = settlement;
                state = (state.Written, settlement.Webhook, one.PerSecond);
                // Of many attempts at a webhook only the last state is written; but what holds or releases, at once: it changes
                // what is open, the rows of this group too.
                if (state.Now.Status != state.Written.Status)
                {
                    Put(session, one.Webhook, state.Written, state.Now, one.PerSecond);
                    state.Written = state.Now;
                }
                states[one.Webhook] = state;
            }
            foreach ((string webhook, (WebhookState written, WebhookState now, double perSecond)) in states) Put(session, webhook, written, now, perSecond);
            return settled;
        },
        cancellation);

    public async Task<int> HastenAsync(DateTimeOffset now, int limit, CancellationToken cancellation)
    {
        const string Ahead = "FROM delivery WHERE state = 'pending' AND due > @now AND tries = 0 AND first_tried IS NULL AND created > @now LIMIT @limit";
        if (!await ReadAsync(session => session.First($"SELECT 1 {Ahead}", _ => true, ("@now", now), ("@limit", 1)), cancellation)) return 0;
        return await WriteAsync(session => session.Run($"UPDATE delivery SET due = @now WHERE id IN (SELECT id {Ahead})", ("@now", now), ("@limit", limit)), cancellation);
    }

    public async Task RenewAsync(IReadOnlyList<Lease> leases, DateTimeOffset until, CancellationToken cancellation)
    {
        if (leases.Count == 0) return;
        await WriteAsync(
            session => leases.Sum(lease => session.Run(
                "UPDATE delivery SET lease_until = @until WHERE id = @id AND state = 'inflight' AND lease_token = @token",
                ("@id", lease.Delivery), ("@token", lease.Token), ("@until", until))),
            cancellation);
    }

    public async Task ReleaseAsync(IReadOnlyList<Lease> leases, CancellationToken cancellation)
    {
        if (leases.Count == 0) return;
        await WriteAsync(
            session => leases.Sum(lease => session.Run(
                $"UPDATE delivery SET state = {OpenState}, lease_until = NULL, lease_token = NULL WHERE id = @id AND state = 'inflight' AND lease_token = @token",
                ("@id", lease.Delivery), ("@token", lease.Token))),
            cancellation);
    }

    public async Task<int> ReleaseExpiredAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        // Nearly every look finds nothing: look before taking the writer's time.
        bool isAny = await ReadAsync(
            session => session.First("SELECT 1 FROM delivery WHERE state = 'inflight' AND lease_until < @now LIMIT 1", _ => true, ("@now", now)), cancellation);
        if (!isAny) return 0;
        return await WriteAsync(
            session => session.Run(
                $"UPDATE delivery SET state = {OpenState}, lease_until = NULL, lease_token = NULL WHERE state = 'inflight' AND lease_until < @now", ("@now", now)),
            cancellation);
    }

    public Task<IReadOnlyList<string>> OwedWebhooksAsync(CancellationToken cancellation) => ReadAsync<IReadOnlyList<string>>(
        session => session.All(
            """
            SELECT DISTINCT webhook FROM delivery WHERE state = 'pending' UNION SELECT DISTINCT webhook FROM delivery WHERE state = 'held'
            UNION SELECT webhook FROM delivery WHERE state = 'inflight' UNION SELECT name FROM webhook WHERE status <> 'active' ORDER BY 1
            """,
            row => row.GetString(0)),
        cancellation);

    public Task<DateTimeOffset?> OldestDueAsync(CancellationToken cancellation) => ReadAsync(
        session => session.Single(OldestDue, row => row.TimeOrNull(0)), cancellation);

    public Task<DeliveryCounts> CountDeliveriesAsync(CancellationToken cancellation) => ReadAsync(
        session => session.Single(
            "SELECT (SELECT COUNT(*) FROM delivery WHERE state = 'held'), (SELECT COUNT(*) FROM delivery WHERE state = 'dead')",
            row => new DeliveryCounts(row.GetInt64(0), row.GetInt64(1))),
        cancellation);

    public Task<IReadOnlyDictionary<DeliveryState, int>> CountStatesAsync(int atMost, CancellationToken cancellation) => ReadAsync<IReadOnlyDictionary<DeliveryState, int>>(
        session => session.All(DeliveryStates.Count, row => (row.Named<DeliveryState>(0), row.GetInt32(1)), ("@most", atMost)).ToDictionary(), cancellation);

    public Task<IReadOnlyList<StoredDelivery>> DeliveriesAsync(DeliveryFilter filter, CancellationToken cancellation) => ReadAsync<IReadOnlyList<StoredDelivery>>(
        session => session.All(
            Listing(filter), ReadDelivery,
            ("@webhook", filter.Webhook), ("@kind", filter.Kind), ("@subject", filter.Subject), ("@before", filter.Before ?? long.MaxValue), ("@limit", filter.Limit), ("@withBody", filter.WithBody)),
        cancellation);

    internal static string Listing(DeliveryFilter filter) =>
        $"""
        SELECT id, webhook, kind, subject, key, CASE WHEN @withBody THEN body END, state, tries, first_tried, due, head_seen, created,
            lease_token, replay, is_short, last_outcome, body IS NOT NULL, lease_until FROM delivery {(IndexFor(filter) is { } index ? "INDEXED BY " + index : "")}
        WHERE {DeliveryStates.Where(filter)} ORDER BY id DESC LIMIT @limit
        """;

    // It keeps no statistics, and would look through all of a webhook, or all there are, for the few of one state.
    private static string? IndexFor(DeliveryFilter filter) => (filter.State, filter.Webhook) switch
    {
        _ when filter.Subject is not null => null,
        (DeliveryState.Pending, null) => "delivery_newest_pending",
        (DeliveryState.Pending, _) => "delivery_due",
        (DeliveryState.Inflight, _) => "delivery_inflight",
        (DeliveryState.Held, null) => "delivery_newest_held",
        (DeliveryState.Held, _) => "delivery_held",
        (DeliveryState.Dead, null) => "delivery_dead",
        (DeliveryState.Dead, _) => "delivery_dead_webhook",
        (DeliveryState.Cancelled, _) => "delivery_newest_cancelled",
        (DeliveryState.Joined, _) => "delivery_newest_joined",
        _ => null,
    };

    public Task<byte[]?> FindBodyAsync(long delivery, CancellationToken cancellation) => ReadAsync(
        session => session.First("SELECT body FROM delivery WHERE id = @id", row => row.BytesOrNull(0), ("@id", delivery)), cancellation);

    public Task<IReadOnlyList<StoredAttempt>> AttemptsAsync(long delivery, CancellationToken cancellation) => ReadAsync<IReadOnlyList<StoredAttempt>>(
        session => session.All(
            """
            SELECT delivery, started, took_ms, status, outcome, detail, answer, counted, dns_ms, connect_ms, tls_ms, headers_ms, body_ms, peer
            FROM attempt WHERE delivery = @delivery ORDER BY id
            """,
            row => new StoredAttempt(
                row.GetInt64(0), row.Time(1), TimeSpan.FromMilliseconds(row.GetDouble(2)), row.NumberOrNull(3), row.GetString(4), row.TextOrNull(5), row.Bytes(6))
            {
                Counted = row.GetBoolean(7),
                Phases = new AttemptPhases(row.SpanOrNull(8), row.SpanOrNull(9), row.SpanOrNull(10), row.SpanOrNull(11), row.SpanOrNull(12), row.TextOrNull(13)),
            },
            ("@delivery", delivery)),
        cancellation);

    public Task<IReadOnlyList<StoredNews>> NewsAsync(long after, int limit, CancellationToken cancellation) => ReadAsync<IReadOnlyList<StoredNews>>(
        session => session.All(
            "SELECT id, webhook, kind, delivery, detail, cases, at, told FROM delivery_news WHERE id > @after ORDER BY id LIMIT @limit",
            row => new StoredNews(
                row.GetInt64(0), row.GetString(1), row.GetString(2), row.IsDBNull(3) ? null : row.GetInt64(3), row.GetString(4), row.GetInt32(5), row.Time(6), row.TimeOrNull(7)),
            ("@after", after), ("@limit", limit)),
        cancellation);

    private static void Find(
        SqliteSession session, string webhook, bool ofHeld, int room, DateTimeOffset now, long token, DateTimeOffset until, List<StoredDelivery> found)
    {
        SqliteStatement find = session.Statement(ofHeld ? FindHeld : FindDue).Bind(1, webhook).Bind(2, (long)room);
        if (!ofHeld) find.Bind(3, now);
        while (find.Step())
        {
            string kind = find.Text(1);
            found.Add(new StoredDelivery(
                find.Number(0), webhook, kind, find.Number(2), find.Text(3), find.BytesOrNull(4), DeliveryState.Inflight, (int)find.Number(5),
                find.TimeOrNull(6), find.Time(7), find.Time(8), find.Time(9))
            {
                Lease = token,
                LeaseUntil = until,
                Replay = (int)find.Number(10),
                IsShort = find.Number(11) != 0,
                LastOutcome = find.TextOrNull(12),
                IsFrozen = find.Number(13) != 0,
            });
        }
    }

    /// <returns>False if the claim is lost: nothing was written.</returns>
    private static bool Record(SqliteSession session, Completion one, Settlement settled)
    {
        StoredAttempt attempt = one.Attempt;
        bool isOurs = session.Statement(Settle)
            .Bind(1, one.Lease.Delivery).Bind(2, one.Lease.Token).BindText(3, NameOf(settled.State)).Bind(4, settled.Due)
            .Bind(5, settled.Counted ? 1L : 0).Bind(6, attempt.Started).Bind(7, attempt.Outcome)
            .Run() > 0;
        if (!isOurs) return false;

        if (settled.Shorten) session.Run("UPDATE delivery SET body = NULL, is_short = 1 WHERE id = @id", ("@id", one.Lease.Delivery));
        session.Statement(AddAttempt)
            .Bind(1, attempt.Delivery).Bind(2, attempt.Started).Bind(3, attempt.Took.TotalMilliseconds).Bind(4, attempt.Status)
            .Bind(5, attempt.Outcome).Bind(6, settled.Counted ? 1L : 0).Bind(7, attempt.Detail).BindBytes(8, attempt.Answer)
            .Bind(9, attempt.Phases.Dns?.TotalMilliseconds).Bind(10, attempt.Phases.Connect?.TotalMilliseconds).Bind(11, attempt.Phases.Tls?.TotalMilliseconds)
            .Bind(12, attempt.Phases.Headers?.TotalMilliseconds).Bind(13, attempt.Phases.Body?.TotalMilliseconds).Bind(14, attempt.Phases.Peer)
            .Run();
        return true;
    }

    private static ReadOnlySpan<byte> NameOf(DeliveryState state) => state switch
    {
        DeliveryState.Pending => "pending"u8,
        DeliveryState.Inflight => "inflight"u8,
        DeliveryState.Done => "done"u8,
        DeliveryState.Dead => "dead"u8,
        DeliveryState.Held => "held"u8,
        DeliveryState.Cancelled => "cancelled"u8,
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    /// <summary>What nobody was told of yet is one row of a webhook and kind: a thousand deliveries that die together are one piece of news.</summary>
    private void Tell(SqliteSession session, string webhook, long? delivery, DeliveryNews news) => session.Run(
        """
        INSERT INTO delivery_news (webhook, kind, delivery, detail, at) VALUES (@webhook, @kind, @delivery, @detail, @now)
        ON CONFLICT (webhook, kind) WHERE told IS NULL DO UPDATE SET cases = cases + 1, detail = @detail
        """,
        ("@webhook", webhook), ("@kind", news.Kind), ("@delivery", delivery), ("@detail", news.Detail), ("@now", _time.GetUtcNow()));

    /// <summary>Claims of a process that was killed: it is gone, so what it was sending is due again, or held.</summary>
    private static void ReleaseClaims(SqliteSession session) =>
        session.Run($"UPDATE delivery SET state = {OpenState}, lease_until = NULL, lease_token = NULL WHERE state = 'inflight'");

    /// <summary>The idempotency key is fixed here, with the debt itself: every attempt carries the same.</summary>
    private static int Owe(SqliteSession session, string webhook, string kind, long subject, DateTimeOffset headSeen, DateTimeOffset now) => session.Statement(AddDelivery)
        .Bind(1, webhook).Bind(2, kind).Bind(3, subject).Bind(4, Guid.CreateVersion7(now).ToString()).Bind(5, now).Bind(6, headSeen)
        .Run();

    private static StoredDelivery ReadDelivery(SqliteDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetInt64(3), row.GetString(4), row.BytesOrNull(5), row.Named<DeliveryState>(6),
        row.GetInt32(7), row.TimeOrNull(8), row.Time(9), row.Time(10), row.Time(11))
    {
        Lease = row.IsDBNull(12) ? null : row.GetInt64(12),
        Replay = row.GetInt32(13),
        IsShort = row.GetBoolean(14),
        LastOutcome = row.TextOrNull(15),
        IsFrozen = row.GetBoolean(16),
        LeaseUntil = row.TimeOrNull(17),
    };
}
