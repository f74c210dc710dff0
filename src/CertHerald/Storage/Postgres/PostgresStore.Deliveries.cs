using Npgsql;

namespace CertHerald.Storage.Postgres;

/// <summary>Deliveries, their claims and their attempts.</summary>
internal sealed partial class PostgresStore
{
    /// <summary>What an open delivery of <c>webhook</c> is while nobody sends it. True only while the webhook's state is shared.</summary>
    private const string OpenState =
        "CASE WHEN EXISTS (SELECT 1 FROM webhook AS on_hold WHERE on_hold.name = delivery.webhook AND on_hold.status <> 'active') THEN 'held' ELSE 'pending' END";

    private const string ClaimedColumns = """
        id, webhook, kind, subject, key, CASE WHEN length(body) <= 65536 THEN body END, state, tries, first_tried, due, head_seen, created,
        lease_token, replay, is_short, last_outcome, body IS NOT NULL, lease_until
        """;

    // SKIP LOCKED: what is being looked after by another is not waited for.
    private const string FindDue = $"""
        SELECT {ClaimedColumns} FROM delivery WHERE webhook = @webhook AND state = 'pending' AND due <= @now ORDER BY due, id LIMIT @room FOR UPDATE SKIP LOCKED
        """;

    private const string FindHeld = $"""
        SELECT {ClaimedColumns} FROM delivery WHERE webhook = @webhook AND state = 'held' ORDER BY due, id LIMIT @room FOR UPDATE SKIP LOCKED
        """;

    private const string Claim = """
        UPDATE delivery SET state = 'inflight', lease_until = @until, lease_token = @token, body = COALESCE(new.body, delivery.body)
        FROM unnest(@ids, @bodies) AS new (id, body) WHERE delivery.id = new.id
        """;

    private const string Settle = """
        UPDATE delivery SET state = new.state, due = new.due, tries = tries + new.counted::integer, first_tried = COALESCE(first_tried, new.started),
            last_outcome = new.outcome, body = CASE WHEN new.shorten THEN NULL ELSE body END, is_short = is_short OR new.shorten, lease_until = NULL, lease_token = NULL
        FROM unnest(@ids, @states, @dues, @counted, @started, @outcomes, @shorten) AS new (id, state, due, counted, started, outcome, shorten)
        WHERE delivery.id = new.id
        """;

    private const string AddAttempts = """
        INSERT INTO attempt (delivery, started, took_ms, status, outcome, counted, detail, answer, dns_ms, connect_ms, tls_ms, headers_ms, body_ms, peer)
        SELECT delivery, started, took_ms, status, outcome, counted, detail, answer, dns_ms, connect_ms, tls_ms, headers_ms, body_ms, peer
        FROM unnest(@ids, @started, @took, @statuses, @outcomes, @counted, @details, @answers, @dns, @connect, @tls, @headers, @body, @peers) WITH ORDINALITY
            AS new (delivery, started, took_ms, status, outcome, counted, detail, answer, dns_ms, connect_ms, tls_ms, headers_ms, body_ms, peer, place)
        ORDER BY place
        """;

    // From one webhook to the next by the index, past all that they are owed: its cost is the webhooks', not the deliveries'.
    private const string OpenNames = """
        WITH RECURSIVE open(name) AS (
            (SELECT MIN(webhook) FROM delivery WHERE state = 'pending')
            UNION ALL
            SELECT (SELECT MIN(webhook) FROM delivery WHERE state = 'pending' AND webhook > open.name) FROM open WHERE open.name IS NOT NULL
        )
        """;

    private const string OpenWebhooks = $"""
        {OpenNames}
        SELECT open.name, GREATEST((SELECT MIN(due) FROM delivery WHERE state = 'pending' AND webhook = open.name), paused_until), COALESCE(breaker_wait_ms, 0) > 0
            FROM open LEFT JOIN webhook USING (name) WHERE open.name IS NOT NULL AND COALESCE(status, 'active') = 'active' AND COALESCE(paused_until, 0) <= @now
        UNION ALL
        SELECT name, probe_at, true FROM webhook WHERE status = 'held' AND probe_at IS NOT NULL
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
        SELECT MIN(GREATEST(due, paused_until)) FROM waiting LEFT JOIN webhook USING (name)
        WHERE COALESCE(status, 'active') = 'active' AND COALESCE(breaker_wait_ms, 0) = 0
        """;

    public async Task<IReadOnlyList<OpenWebhook>> OpenWebhooksAsync(DateTimeOffset now, CancellationToken cancellation) => await ReadAsync(
        session => session.AllAsync(OpenWebhooks, row => new OpenWebhook(row.GetString(0), row.Time(1), row.GetBoolean(2)), ("@now", now)), cancellation);

    public Task<IReadOnlyList<StoredDelivery>> ClaimAsync(
        IReadOnlyList<ClaimRequest> requests, int atMost, DateTimeOffset now, DateTimeOffset until, CancellationToken cancellation) => WriteAsync<IReadOnlyList<StoredDelivery>>(
        async session =>
        {
            // All of them, in the order in which everybody locks them.
            string[] names = [.. requests.Select(request => request.Webhook)];
            await session.PerformAsync(LockStates, ("@names", names));
            await session.PerformAsync("SELECT 1 FROM webhook WHERE name = ANY(@names) ORDER BY name FOR UPDATE", ("@names", names));

            long token = Random.Shared.NextInt64(1, long.MaxValue);
            var claimed = new List<StoredDelivery>();
            foreach (ClaimRequest request in requests)
            {
                int left = atMost - claimed.Count;
                if (left <= 0) break;
                WebhookState before = await session.SingleAsync(FindState, ReadState, ("@name", request.Webhook));
                Grant grant = request.Grant(before);
                if (grant.AtMost <= 0) continue;

                List<StoredDelivery> taken = await session.AllAsync(
                    grant.OfHeld ? FindHeld : FindDue, ReadDelivery, ("@webhook", request.Webhook), ("@room", Math.Min(grant.AtMost, left)), ("@now", now));
                if (taken.Count == 0) continue;
                byte[]?[] bodies = [.. taken.Select(one => one.IsFrozen ? null : request.BodyOf?.Invoke(one))];
                await session.RunAsync(Claim, ("@ids", taken.Select(one => one.Id).ToArray()), ("@bodies", bodies), ("@until", until), ("@token", token));
                claimed.AddRange(taken.Zip(bodies, (one, body) => Claimed(one, body) with { State = DeliveryState.Inflight, Lease = token, LeaseUntil = until }));
                await PutAsync(session, request.Webhook, before, grant.Then(taken.Count), perSecond: 1);
            }
            return claimed;
        },
        cancellation);

    public async Task<IReadOnlyList<long>> FreezeAsync(IReadOnlyList<FrozenBody> bodies, CancellationToken cancellation)
    {
        if (bodies.Count == 0) return [];
        List<long> frozen = await WriteAsync(
            session => session.AllAsync(
                """
                UPDATE delivery SET body = new.body FROM unnest(@ids, @tokens, @bodies) AS new (id, token, body)
                WHERE delivery.id = new.id AND lease_token = new.token AND delivery.body IS NULL RETURNING delivery.id
                """,
                row => row.GetInt64(0),
                ("@ids", IdsOf(bodies.Select(one => one.Lease))), ("@tokens", TokensOf(bodies.Select(one => one.Lease))), ("@bodies", bodies.Select(one => one.Body.ToArray()).ToArray())),
            cancellation);
        return [.. bodies.Select(one => one.Lease.Delivery).Except(frozen)];
    }

    public Task<IReadOnlyList<Settlement?>> CompleteAsync(IReadOnlyList<Completion> completions, CancellationToken cancellation) => WriteAsync<IReadOnlyList<Settlement?>>(
        async session =>
        {
            var settled = new Settlement?[completions.Count];
            Dictionary<string, WebhookState> written = await LockStatesAsync(session, [.. completions.Select(one => one.Webhook)]), states = new(written, StringComparer.Ordinal);
            // Locked: no claim that is ours now expires until this is written.
            HashSet<Lease> ours =
            [
                .. await session.AllAsync(
                    """
                    SELECT delivery.id, lease_token FROM delivery JOIN unnest(@ids, @tokens) AS ours (id, token) ON delivery.id = ours.id
                    WHERE state = 'inflight' AND lease_token = token ORDER BY delivery.id FOR UPDATE OF delivery
                    """,
                    row => new Lease(row.GetInt64(0), row.GetInt64(1)),
                    ("@ids", IdsOf(completions.Select(one => one.Lease))), ("@tokens", TokensOf(completions.Select(one => one.Lease)))),
            ];

            var perSecond = new Dictionary<string, double>(StringComparer.Ordinal);
            var news = new List<(string Webhook, long Delivery, DeliveryNews News)>();
            var unwritten = new List<(StoredAttempt, Settlement)>();
            for (int i = 0; i < settled.Length; i++)
            {
                Completion one = completions[i];
                if (!ours.Remove(one.Lease)) continue;
                Settlement settlement = one.Settle(states[one.Webhook]);
                if (settlement.State == DeliveryState.Pending && settlement.Webhook.Status != WebhookStatus.Active) settlement = settlement with { State = DeliveryState.Held };
                settled[i] = settlement;
                unwritten.Add((one.Attempt, settlement));
                news.AddRange(settlement.News.Select(about => (one.Webhook, one.Lease.Delivery, about)));
                (states[one.Webhook], perSecond[one.Webhook]) = (settlement.Webhook, one.PerSecond);
                // Of many attempts at a webhook only the last state is written; but what holds or releases, at once: it changes
                // what is open, the rows of this group too.
                if (settlement.Webhook.Status == written[one.Webhook].Status) continue;
                await RecordAsync(session, unwritten);
                await PutAsync(session, one.Webhook, written[one.Webhook], settlement.Webhook, one.PerSecond);
                written[one.Webhook] = settlement.Webhook;
            }
            await RecordAsync(session, unwritten);
            foreach ((string webhook, double rate) in perSecond) await PutAsync(session, webhook, written[webhook], states[webhook], rate);
            foreach ((string webhook, long delivery, DeliveryNews about) in news) await TellAsync(session, webhook, delivery, about);
            return settled;
        },
        cancellation);

    public Task<int> HastenAsync(DateTimeOffset now, int limit, CancellationToken cancellation) => WriteAsync(
        session => session.RunAsync(
            """
            UPDATE delivery SET due = @now
            WHERE id IN (SELECT id FROM delivery WHERE state = 'pending' AND due > @now AND tries = 0 AND first_tried IS NULL AND created > @now
                         LIMIT @limit FOR UPDATE SKIP LOCKED)
            """,
            ("@now", now), ("@limit", limit)),
        cancellation);

    public async Task RenewAsync(IReadOnlyList<Lease> leases, DateTimeOffset until, CancellationToken cancellation)
    {
        if (leases.Count == 0) return;
        await WriteAsync(
            session => session.RunAsync(
                """
                UPDATE delivery SET lease_until = @until FROM unnest(@ids, @tokens) AS ours (id, token)
                WHERE delivery.id = ours.id AND state = 'inflight' AND lease_token = token
                """,
                ("@ids", IdsOf(leases)), ("@tokens", TokensOf(leases)), ("@until", until)),
            cancellation);
    }

    public async Task ReleaseAsync(IReadOnlyList<Lease> leases, CancellationToken cancellation)
    {
        if (leases.Count == 0) return;
        await WriteAsync(
            async session =>
            {
                await ShareStatesAsync(session, [.. await session.AllAsync("SELECT DISTINCT webhook FROM delivery WHERE id = ANY(@ids)", row => row.GetString(0), ("@ids", IdsOf(leases)))]);
                return await session.RunAsync(
                    $"""
                    UPDATE delivery SET state = {OpenState}, lease_until = NULL, lease_token = NULL FROM unnest(@ids, @tokens) AS ours (id, token)
                    WHERE delivery.id = ours.id AND state = 'inflight' AND lease_token = token
                    """,
                    ("@ids", IdsOf(leases)), ("@tokens", TokensOf(leases)));
            },
            cancellation);
    }

    public async Task<int> ReleaseExpiredAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        const string Expired = "state = 'inflight' AND lease_until < @now";
        // Nearly every look finds nothing: look before taking locks.
        List<string> webhooks = await ReadAsync(
            session => session.AllAsync($"SELECT DISTINCT webhook FROM delivery WHERE {Expired}", row => row.GetString(0), ("@now", now)), cancellation);
        if (webhooks.Count == 0) return 0;
        return await WriteAsync(
            async session =>
            {
                string[] names = [.. webhooks];
                await ShareStatesAsync(session, names);
                return await session.RunAsync(
                    $"UPDATE delivery SET state = {OpenState}, lease_until = NULL, lease_token = NULL WHERE {Expired} AND webhook = ANY(@names)", ("@now", now), ("@names", names));
            },
            cancellation);
    }

    public async Task<IReadOnlyList<string>> OwedWebhooksAsync(CancellationToken cancellation) => await ReadAsync(
        session => session.AllAsync(
            """
            SELECT DISTINCT webhook FROM delivery WHERE state = 'pending' UNION SELECT DISTINCT webhook FROM delivery WHERE state = 'held'
            UNION SELECT webhook FROM delivery WHERE state = 'inflight' UNION SELECT name FROM webhook WHERE status <> 'active' ORDER BY 1
            """,
            row => row.GetString(0)),
        cancellation);

    public Task<DateTimeOffset?> OldestDueAsync(CancellationToken cancellation) => ReadAsync(
        session => session.SingleAsync(OldestDue, row => row.TimeOrNull(0)), cancellation);

    public Task<DeliveryCounts> CountDeliveriesAsync(CancellationToken cancellation) => ReadAsync(
        session => session.SingleAsync(
            "SELECT (SELECT COUNT(*) FROM delivery WHERE state = 'held'), (SELECT COUNT(*) FROM delivery WHERE state = 'dead')",
            row => new DeliveryCounts(row.GetInt64(0), row.GetInt64(1))),
        cancellation);

    public Task<IReadOnlyDictionary<DeliveryState, int>> CountStatesAsync(int atMost, CancellationToken cancellation) => ReadAsync<IReadOnlyDictionary<DeliveryState, int>>(
        async session => (await session.AllAsync(DeliveryStates.Count, row => (row.Named<DeliveryState>(0), (int)row.GetInt64(1)), ("@most", atMost))).ToDictionary(), cancellation);

    public async Task<IReadOnlyList<StoredDelivery>> DeliveriesAsync(DeliveryFilter filter, CancellationToken cancellation) => await ReadAsync(
        session => session.AllAsync(
            $"""
            SELECT id, webhook, kind, subject, key, CASE WHEN @withBody THEN body END, state, tries, first_tried, due, head_seen, created,
                lease_token, replay, is_short, last_outcome, body IS NOT NULL, lease_until FROM delivery
            WHERE {DeliveryStates.Where(filter)} ORDER BY id DESC LIMIT @limit
            """,
            ReadDelivery,
            [.. from one in ((string Name, object? Value)[])[("@webhook", filter.Webhook), ("@kind", filter.Kind), ("@subject", filter.Subject)] where one.Value is not null select one,
                ("@before", filter.Before ?? long.MaxValue), ("@limit", filter.Limit), ("@withBody", filter.WithBody)]),
        cancellation);

    public Task<byte[]?> FindBodyAsync(long delivery, CancellationToken cancellation) => ReadAsync(
        session => session.FirstAsync("SELECT body FROM delivery WHERE id = @id", row => row.BytesOrNull(0), ("@id", delivery)), cancellation);

    public async Task<IReadOnlyList<StoredAttempt>> AttemptsAsync(long delivery, CancellationToken cancellation) => await ReadAsync(
        session => session.AllAsync(
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

    public async Task<IReadOnlyList<StoredNews>> NewsAsync(long after, int limit, CancellationToken cancellation) => await ReadAsync(
        session => session.AllAsync(
            "SELECT id, webhook, kind, delivery, detail, cases, at, told FROM delivery_news WHERE id > @after ORDER BY id LIMIT @limit",
            row => new StoredNews(
                row.GetInt64(0), row.GetString(1), row.GetString(2), row.LongOrNull(3), row.GetString(4), row.GetInt32(5), row.Time(6), row.TimeOrNull(7)),
            ("@after", after), ("@limit", limit)),
        cancellation);

    private static StoredDelivery Claimed(StoredDelivery one, byte[]? body) =>
        body is null ? one : one with { Body = body.Length <= StoredDelivery.MostClaimedBody ? body : null, IsFrozen = true };

    /// <summary>Under the locks of their webhooks' states and of their own.</summary>
    private static async Task RecordAsync(PostgresSession session, List<(StoredAttempt Attempt, Settlement Settled)> all)
    {
        if (all.Count == 0) return;
        long[] ids = [.. all.Select(one => one.Attempt.Delivery)], started = [.. all.Select(one => one.Attempt.Started.ToUnixTimeMilliseconds())];
        string[] outcomes = [.. all.Select(one => one.Attempt.Outcome)];
        bool[] counted = [.. all.Select(one => one.Settled.Counted)];
        await session.RunAsync(
            Settle,
            ("@ids", ids), ("@states", all.Select(one => one.Settled.State.ToString().ToLowerInvariant()).ToArray()),
            ("@dues", all.Select(one => one.Settled.Due.ToUnixTimeMilliseconds()).ToArray()), ("@counted", counted), ("@started", started), ("@outcomes", outcomes),
            ("@shorten", all.Select(one => one.Settled.Shorten).ToArray()));
        await session.RunAsync(
            AddAttempts,
            ("@ids", ids), ("@started", started), ("@took", all.Select(one => one.Attempt.Took.TotalMilliseconds).ToArray()),
            ("@statuses", all.Select(one => one.Attempt.Status).ToArray()), ("@outcomes", outcomes), ("@counted", counted),
            ("@details", all.Select(one => one.Attempt.Detail).ToArray()), ("@answers", all.Select(one => one.Attempt.Answer).ToArray()),
            ("@dns", Took(phases => phases.Dns)), ("@connect", Took(phases => phases.Connect)), ("@tls", Took(phases => phases.Tls)),
            ("@headers", Took(phases => phases.Headers)), ("@body", Took(phases => phases.Body)), ("@peers", all.Select(one => one.Attempt.Phases.Peer).ToArray()));
        all.Clear();

        double?[] Took(Func<AttemptPhases, TimeSpan?> phase) => [.. all.Select(one => phase(one.Attempt.Phases)?.TotalMilliseconds)];
    }

    /// <summary>What nobody was told of yet is one row of a webhook and kind: a thousand deliveries that die together are one piece of news.</summary>
    private async Task TellAsync(PostgresSession session, string webhook, long? delivery, DeliveryNews news)
    {
        await session.LockAsync(PostgresLock.DeliveryNews);
        await session.RunAsync(
            """
            INSERT INTO delivery_news (webhook, kind, delivery, detail, at) VALUES (@webhook, @kind, @delivery, @detail, @now)
            ON CONFLICT (webhook, kind) WHERE told IS NULL DO UPDATE SET cases = delivery_news.cases + 1, detail = @detail
            """,
            ("@webhook", webhook), ("@kind", news.Kind), ("@delivery", delivery), ("@detail", news.Detail), ("@now", _time.GetUtcNow()));
    }

    /// <summary>The idempotency keys are fixed here, with the debts themselves: every attempt carries the same.</summary>
    /// <returns>How many are new.</returns>
    private static async Task<int> OweAsync(PostgresSession session, IReadOnlyList<Debt> debts, DateTimeOffset headSeen, DateTimeOffset now)
    {
        if (debts.Count == 0) return 0;
        string[] webhooks = [.. debts.Select(debt => debt.Webhook)];
        await ShareStatesAsync(session, webhooks);
        return await session.RunAsync(
            $"""
            INSERT INTO delivery (webhook, kind, subject, key, state, due, head_seen, created)
            SELECT webhook, kind, subject, key, {OpenState}, @now, @seen, @now
            FROM unnest(@webhooks, @kinds, @subjects, @keys) WITH ORDINALITY AS delivery (webhook, kind, subject, key, place) ORDER BY place
            ON CONFLICT (webhook, kind, subject, replay) DO NOTHING
            """,
            ("@webhooks", webhooks), ("@kinds", debts.Select(debt => debt.Kind).ToArray()), ("@subjects", debts.Select(debt => debt.Subject).ToArray()),
            ("@keys", debts.Select(_ => Guid.CreateVersion7(now)).ToArray()), ("@seen", headSeen), ("@now", now));
    }

    private static long[] IdsOf(IEnumerable<Lease> leases) => [.. leases.Select(lease => lease.Delivery)];

    private static long[] TokensOf(IEnumerable<Lease> leases) => [.. leases.Select(lease => lease.Token)];

    private static StoredDelivery ReadDelivery(NpgsqlDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetInt64(3), row.GetGuid(4).ToString(), row.BytesOrNull(5), row.Named<DeliveryState>(6),
        row.GetInt32(7), row.TimeOrNull(8), row.Time(9), row.Time(10), row.Time(11))
    {
        Lease = row.LongOrNull(12),
        Replay = row.GetInt32(13),
        IsShort = row.GetBoolean(14),
        LastOutcome = row.TextOrNull(15),
        IsFrozen = row.GetBoolean(16),
        LeaseUntil = row.TimeOrNull(17),
    };
}
