using System.Text.Json;
using CertHerald.Deciding;
using CertHerald.Inspecting;
using CertHerald.Transparency.Batches;
using CertHerald.Transparency.Merkle;
using Npgsql;

namespace CertHerald.Storage.Postgres;

/// <summary>What was found: issuances, where logs show them, entries that could not be read.</summary>
internal sealed partial class PostgresStore
{
    private const string IssuanceColumns = "id, cert_der, facts, known, reason, discovered, known_since";

    public async Task<IReadOnlyList<string>> EndpointsBelowAsync(string parent, CancellationToken cancellation) => await ReadAsync(
        session => session.AllAsync("SELECT DISTINCT dns_name FROM endpoint WHERE parent = @parent AND NOT wildcard ORDER BY dns_name LIMIT 1000",
            row => row.GetString(0), ("@parent", parent)),
        cancellation);

    public Task<Issuance?> FindIssuanceAsync(long id, CancellationToken cancellation) => ReadAsync(
        async session => await ReadIssuancesAsync(session, "WHERE id = @id", ("@id", id)) is [var found] ? found : null, cancellation);

    public Task<IReadOnlyList<Issuance>> IssuancesAsync(long? before, int limit, CancellationToken cancellation) => ReadAsync(
        session => ReadIssuancesAsync(session, "WHERE id < @before ORDER BY id DESC LIMIT @limit", ("@before", before ?? long.MaxValue), ("@limit", limit)),
        cancellation);

    public async Task<IReadOnlyList<Sighting>> SightingsAsync(long issuance, CancellationToken cancellation) => await ReadAsync(
        session => session.AllAsync(
            """
            SELECT log_id, description, sighting.entry_index, sighting.leaf_hash, logged, is_precertificate, proven, proof_head.size, proof_head.time, length(proof.path)
            FROM sighting JOIN log ON log.id = sighting.log
                 LEFT JOIN LATERAL (SELECT head, path FROM proof WHERE (proof.log, proof.entry_index, proof.leaf_hash) = (sighting.log, sighting.entry_index, sighting.leaf_hash) OFFSET 0) AS proof ON true
                 LEFT JOIN proof_head ON proof_head.id = proof.head
            WHERE issuance = @issuance ORDER BY sighting.id
            """,
            row => new Sighting(Id(row.Bytes(0)), row.GetString(1), new EntryIndex(row.Size(2)), new MerkleHash(row.Bytes(3)), row.Time(4), row.GetBoolean(5), row.GetBoolean(6))
            {
                Proof = row.IsDBNull(7) ? null : new SightingProof(new TreeSize(row.Size(7)), row.Time(8), row.GetInt32(9) / MerkleHash.Length),
            },
            ("@issuance", issuance)),
        cancellation);

    public Task<MalformedEntry?> FindMalformedAsync(long id, CancellationToken cancellation) => ReadAsync(
        session => session.FirstAsync(
            """
            SELECT malformed.id, log_id, description, url, entry_index, leaf_hash, problem, entry, shows_watched_name, discovered
            FROM malformed JOIN log ON log.id = malformed.log WHERE malformed.id = @id
            """,
            row => new MalformedEntry(
                row.GetInt64(0), Id(row.Bytes(1)), row.GetString(2), row.GetString(3), new EntryIndex(row.Size(4)), new MerkleHash(row.Bytes(5)),
                row.GetString(6), row.Bytes(7), row.GetBoolean(8), row.Time(9)),
            ("@id", id)),
        cancellation);

    /// <summary>What a batch's decisions change; in the order of its entries, so that ids ascend with them.</summary>
    private async Task<(int Discovered, int Owed, IReadOnlyList<AlertedLookalike> Alerted, int Weak)> WriteDecisionsAsync(
        PostgresSession session, long log, IReadOnlyList<Decision> decisions, IReadOnlyList<WeakLookalike> weak, Batch batch, DateTimeOffset headSeen)
    {
        DateTimeOffset now = _time.GetUtcNow();
        List<Decision> matches = [.. decisions.Where(decision => decision.Finding is MatchFinding)], first = [];
        var owed = new List<Debt>();
        IReadOnlyList<AlertedLookalike> alerted = [];
        (long Issuance, MatchFinding Finding)[] seen = [];
        if (matches.Count > 0)
        {
            string[] identities = [.. matches.Select(TbsOf).Distinct(StringComparer.Ordinal)];
            Dictionary<string, long> ids = await IdsOfAsync(session, identities);
            // Known ones are locked from here on: one that retention is just deleting is new. Not at once, since the lock of issuances comes
            // before those of rows.
            if (ids.Count == identities.Length) ids = await LockedIdsOfAsync(session, identities);
            if (ids.Count < identities.Length)
            {
                // Ids are drawn by one transaction at a time, until its end: a reader that has seen one has missed none before it.
                await session.LockAsync(PostgresLock.Issuances);
                ids = await LockedIdsOfAsync(session, identities);
                first = [.. matches.Where(decision => !ids.ContainsKey(TbsOf(decision))).DistinctBy(TbsOf, StringComparer.Ordinal)];
                foreach ((string tbs, long id) in await AddIssuancesAsync(session, first, now)) ids.Add(tbs, id);
                owed.AddRange(first.SelectMany(decision => DebtsOf(decision, EventKinds.UnknownCertificate, ids[TbsOf(decision)])));
            }

            owed.AddRange((await ClaimAsync(session, matches.Where(decision => !first.Contains(decision)), ids))
                .SelectMany(decision => DebtsOf(decision, EventKinds.UnknownCertificate, ids[TbsOf(decision)])));

            // Decided once, on discovery: a second log, or the certificate after its precertificate, tells nobody again.
            seen = [.. matches.Select(decision => (ids[TbsOf(decision)], (MatchFinding)decision.Finding))];
            foreach ((long issuance, MatchFinding finding) in seen.Where(one => !first.Exists(decision => ReferenceEquals(decision.Finding, one.Finding))).OrderBy(one => one.Issuance))
                await CompleteAsync(session, issuance, finding.Certificate, finding.ChainMismatch);
            await KeepIssuerKeysAsync(session, seen.Select(one => one.Finding));
            await AddSightingsAsync(session, log, seen, batch is DisputedBatch);
            foreach ((long issuance, MatchFinding finding) in seen)
                if (finding.ChainMismatch is { } mismatch) await OpenChainMismatchAsync(session, log, finding, issuance, mismatch);
            alerted = await WriteLookalikesAsync(session, [.. matches.Select(decision => (ids[TbsOf(decision)], decision))], owed, now);
        }
        int kept = await WriteWeakLookalikesAsync(session, weak, now);
        // After the look-alikes: who deletes those takes the locks of both in this order.
        if (seen.Length > 0) await KeepChainsAsync(session, seen);

        foreach (Decision decision in decisions)
            if (decision.Finding is MalformedFinding malformed && await WriteMalformedAsync(session, log, malformed, now) is { } entry)
                owed.AddRange(DebtsOf(decision, EventKinds.MalformedCertificate, entry));
        return (first.Count, await OweAsync(session, owed, headSeen, now), alerted, kept);
    }

    /// <summary>Issuances that were kept as look-alikes only, and are for a watched name after all: it was not watched when they were found.</summary>
    /// <param name="decisions">About issuances that are known.</param>
    private static async Task<List<Decision>> ClaimAsync(PostgresSession session, IEnumerable<Decision> decisions, Dictionary<string, long> ids)
    {
        Dictionary<long, Decision> watched = decisions.Where(decision => decision.Endpoints.Count > 0).DistinctBy(TbsOf, StringComparer.Ordinal).ToDictionary(decision => ids[TbsOf(decision)]);
        if (watched.Count == 0) return [];
        List<long> bare = await session.AllAsync(
            "SELECT id FROM issuance WHERE id = ANY(@ids) AND NOT is_watched ORDER BY id FOR UPDATE",
            row => row.GetInt64(0), ("@ids", watched.Keys.ToArray()));
        foreach (long id in bare)
            await session.RunAsync("UPDATE issuance SET known = @known, reason = @reason, is_watched = true WHERE id = @id", ("@id", id), ("@known", watched[id].Known), ("@reason", watched[id].Reason));
        await AddEndpointsAsync(session, [.. from id in bare from endpoint in watched[id].Endpoints select (id, endpoint)]);
        await KeepWatchedNamesAsync(session, [.. bare.SelectMany(id => RowsOf(id, watched[id]))]);
        return [.. bare.Select(id => watched[id])];
    }

    private static IEnumerable<Debt> DebtsOf(Decision decision, string kind, long subject) =>
        decision.Owed.Select(webhook => new Debt(webhook, kind, subject)).Concat(decision.OwedEvery.Select(webhook => new Debt(webhook, EventKinds.Certificate, subject)));

    private static IReadOnlyList<WatchedNameRow> RowsOf(long id, Decision decision) => WatchedNameRow.Of(id, ((MatchFinding)decision.Finding).Certificate, decision.Endpoints);

    private static string TbsOf(Decision decision) => ((MatchFinding)decision.Finding).Certificate.TbsSha256;

    private static async Task<Dictionary<string, long>> IdsOfAsync(PostgresSession session, string[] identities) =>
        (await session.AllAsync("SELECT tbs_sha256, id FROM issuance WHERE tbs_sha256 = ANY(@tbs)", row => (row.GetString(0), row.GetInt64(1)), ("@tbs", identities)))
        .ToDictionary(StringComparer.Ordinal);

    /// <summary>Locks the rows, in one order.</summary>
    private static async Task<Dictionary<string, long>> LockedIdsOfAsync(PostgresSession session, string[] identities) =>
        (await session.AllAsync("SELECT tbs_sha256, id FROM issuance WHERE tbs_sha256 = ANY(@tbs) ORDER BY id FOR UPDATE", row => (row.GetString(0), row.GetInt64(1)), ("@tbs", identities)))
        .ToDictionary(StringComparer.Ordinal);

    /// <summary>Adds them in this order, with their endpoints. Under the lock of issuances.</summary>
    private static async Task<List<(string Tbs, long Id)>> AddIssuancesAsync(PostgresSession session, List<Decision> decisions, DateTimeOffset now)
    {
        if (decisions.Count == 0) return [];
        CertificateFacts[] facts = [.. decisions.Select(decision => ((MatchFinding)decision.Finding).Certificate)];
        // Indexed before anybody watched them: they keep the ids that they were found under.
        Dictionary<string, long> indexed = await TakeIndexedAsync(session, facts);
        long[] drawn = await DrawIdsAsync(session, facts.Length - indexed.Count);
        int next = 0;
        long[] ids = [.. facts.Select(one => indexed.TryGetValue(one.TbsSha256, out long id) ? id : drawn[next++])];
        List<(string Tbs, long Id)> added = await session.AllAsync(
            """
            INSERT INTO issuance (id, tbs_sha256, pubkey_sha256, cert_der, facts, known, reason, discovered, is_watched) OVERRIDING SYSTEM VALUE
            SELECT id, tbs, key, der, facts, known, reason, @now, watched FROM unnest(@ids, @tbs, @keys, @der, @facts, @known, @reason, @watched) AS new (id, tbs, key, der, facts, known, reason, watched)
            ON CONFLICT (tbs_sha256) DO NOTHING RETURNING tbs_sha256, id
            """,
            row => (row.GetString(0), row.GetInt64(1)),
            ("@ids", ids), ("@tbs", facts.Select(one => one.TbsSha256).ToArray()), ("@keys", facts.Select(one => one.PubkeySha256).ToArray()), ("@der", facts.Select(one => one.CertDer).ToArray()), ("@facts", facts.Select(ToJson).ToArray()),
            ("@known", decisions.Select(one => one.Known).ToArray()), ("@reason", decisions.Select(one => one.Reason).ToArray()), ("@watched", decisions.Select(one => one.Endpoints.Count > 0).ToArray()), ("@now", now));

        (long Issuance, WatchedEndpoint Endpoint)[] endpoints =
        [
            .. from one in added
               let decision = decisions.First(decision => TbsOf(decision) == one.Tbs)
               from endpoint in decision.Endpoints
               select (one.Id, endpoint),
        ];
        await AddEndpointsAsync(session, endpoints);
        await KeepWatchedNamesAsync(session, [.. from one in added from row in RowsOf(one.Id, decisions.First(decision => TbsOf(decision) == one.Tbs)) select row]);
        await session.RunAsync("INSERT INTO revocation (issuance) SELECT * FROM unnest(@ids)", ("@ids", added.Select(one => one.Id).ToArray()));
        Dictionary<string, CertificateFacts> factsOf = facts.ToDictionary(one => one.TbsSha256, StringComparer.Ordinal);
        await AddKeysAsync(session, [.. added.Select(one => (one.Id, factsOf[one.Tbs]))]);
        return added;
    }

    private static async Task AddEndpointsAsync(PostgresSession session, (long Issuance, WatchedEndpoint Endpoint)[] endpoints)
    {
        if (endpoints.Length == 0) return;
        await session.RunAsync(
            """
            INSERT INTO endpoint (issuance, dns_name, parent, monitored_domain, wildcard)
            SELECT * FROM unnest(@ids, @names, @parents, @monitored, @wildcards) ON CONFLICT DO NOTHING
            """,
            ("@ids", endpoints.Select(one => one.Issuance).ToArray()), ("@names", endpoints.Select(one => one.Endpoint.DnsName).ToArray()),
            ("@parents", endpoints.Select(one => CertificateKeys.ParentOf(one.Endpoint.DnsName).ToString()).ToArray()), ("@monitored", endpoints.Select(one => one.Endpoint.MonitoredDomain).ToArray()),
            ("@wildcards", endpoints.Select(one => one.Endpoint.Wildcard).ToArray()));
    }

    /// <summary>
    /// What a later sighting adds: the certificate where only the precertificate was known, the issuer's key, and what this
    /// log gets wrong.
    /// </summary>
    private static async Task CompleteAsync(PostgresSession session, long id, CertificateFacts facts, string? chainMismatch)
    {
        CertificateFacts before = await session.SingleAsync("SELECT cert_der, facts FROM issuance WHERE id = @id FOR UPDATE", row => ReadFacts(row, 0), ("@id", id)), after = before;
        if (before.IsPrecertificate && !facts.IsPrecertificate)
            after = after with { CertSha256 = facts.CertSha256, CertDer = facts.CertDer, IsPrecertificate = false };
        if (before.IssuerPubkeySha256 is null) after = after with { IssuerPubkeySha256 = facts.IssuerPubkeySha256 };
        if (chainMismatch is { } mismatch && !before.Problems.Contains(mismatch, StringComparer.Ordinal)) after = after with { Problems = [.. before.Problems, mismatch] };
        if (after == before) return;
        await session.RunAsync("UPDATE issuance SET cert_der = @der, facts = @facts WHERE id = @id", ("@id", id), ("@der", after.CertDer), ("@facts", ToJson(after)));
        // A revocation list is believed by that key: now it can be looked for.
        if (before.IssuerPubkeySha256 != after.IssuerPubkeySha256) await session.RunAsync("UPDATE revocation SET is_read = false WHERE issuance = @id", ("@id", id));
    }

    /// <summary>The same leaf read again: seen anew, so a dispute over it is settled for this reading.</summary>
    private static Task<int> AddSightingsAsync(PostgresSession session, long log, (long Issuance, MatchFinding Finding)[] sightings, bool disputed) => session.RunAsync(
        """
        INSERT INTO sighting (issuance, log, entry_index, leaf_hash, logged, is_precertificate, proven, disputed)
        SELECT issuance, @log, index, leaf, logged, pre, false, @disputed FROM unnest(@issuances, @indexes, @leaves, @logged, @pre) AS new (issuance, index, leaf, logged, pre)
        ON CONFLICT (log, entry_index, leaf_hash) DO UPDATE SET disputed = @disputed WHERE NOT sighting.proven
        """,
        ("@log", log), ("@disputed", disputed), ("@issuances", sightings.Select(one => one.Issuance).ToArray()),
        ("@indexes", sightings.Select(one => (long)one.Finding.Index.Value).ToArray()), ("@leaves", sightings.Select(one => one.Finding.LeafHash.ToArray()).ToArray()),
        ("@logged", sightings.Select(one => one.Finding.Logged.ToUnixTimeMilliseconds()).ToArray()),
        ("@pre", sightings.Select(one => one.Finding.Certificate.IsPrecertificate).ToArray()));

    private Task<int> OpenChainMismatchAsync(PostgresSession session, long log, MatchFinding finding, long issuance, string mismatch) => OpenIncidentAsync(
        session, log, IncidentKinds.ChainMismatch, "", "precertificates or chains beside entries are not those of the entries; what the log signed is trusted, and alerts go on", new
        {
            problem = mismatch,
            entry_index = finding.Index.Value,
            leaf_hash = finding.LeafHash.ToBase64(),
            issuance,
        });

    /// <summary>The whole entry stands beside it, under its id.</summary>
    private Task<int> OpenUnparsableAsync(PostgresSession session, long log, MalformedFinding finding, long malformed) => OpenIncidentAsync(session, log, new IncidentReport(
        IncidentKinds.UnparsableEntry, finding.ShowsWatchedName ? Severity.Error : Severity.Warning, "",
        $"entry {finding.Index} cannot be read to its end{(finding.ShowsWatchedName ? ", and a watched name stands in its bytes" : "")}: {finding.Problem}",
        JsonSerializer.Serialize(new
        {
            entry_index = finding.Index.Value,
            leaf_hash = finding.LeafHash.ToBase64(),
            problem = finding.Problem,
            malformed,
            shows_watched_name = finding.ShowsWatchedName,
            bytes = Convert.ToBase64String(finding.Entry.AsSpan(0, Math.Min(finding.Entry.Length, 4096))),
        })));

    /// <returns>The new entry's id; null if it was known.</returns>
    private async Task<long?> WriteMalformedAsync(PostgresSession session, long log, MalformedFinding finding, DateTimeOffset now)
    {
        long? id = await session.FirstAsync(
            """
            INSERT INTO malformed (log, entry_index, leaf_hash, problem, entry, shows_watched_name, discovered)
            VALUES (@log, @index, @leaf, @problem, @entry, @watched, @now)
            ON CONFLICT (log, entry_index, leaf_hash) DO NOTHING RETURNING id
            """,
            row => (long?)row.GetInt64(0),
            ("@log", log), ("@index", finding.Index.Value), ("@leaf", finding.LeafHash.ToArray()), ("@problem", finding.Problem),
            ("@entry", finding.Entry), ("@watched", finding.ShowsWatchedName), ("@now", now));
        if (id is { } added) await OpenUnparsableAsync(session, log, finding, added);
        return id;
    }

    private async Task<IReadOnlyList<Issuance>> ReadIssuancesAsync(PostgresSession session, string which, params (string Name, object? Value)[] parameters)
    {
        List<Issuance> issuances = await session.AllAsync($"SELECT {IssuanceColumns} FROM issuance {which}", ReadIssuance, parameters);
        if (issuances.Count == 0) return issuances;
        // OFFSET 0 keeps the planner from joining otherwise than row by row, along the index: before the first ANALYZE of a table that
        // has grown fast it takes any few of its rows for many, and reads them all.
        ILookup<long, WatchedEndpoint> endpoints = (await session.AllAsync(
            """
            SELECT endpoint.* FROM unnest(@ids) AS one (id),
                LATERAL (SELECT issuance, dns_name, monitored_domain, wildcard FROM endpoint WHERE issuance = one.id OFFSET 0) AS endpoint ORDER BY dns_name
            """,
            row => (Issuance: row.GetInt64(0), Endpoint: new WatchedEndpoint(row.GetString(1), row.GetString(2), row.GetBoolean(3))),
            ("@ids", issuances.Select(one => one.Id).ToArray()))).ToLookup(one => one.Issuance, one => one.Endpoint);
        Dictionary<long, Revocation> revocations = await FindRevocationsAsync(session, [.. issuances.Select(one => one.Id)]);
        return [.. issuances.Select(one => one with { Endpoints = [.. endpoints[one.Id]], Revocation = revocations.GetValueOrDefault(one.Id, Revocation.Unknown) })];
    }

    private static Issuance ReadIssuance(NpgsqlDataReader row) => new(row.GetInt64(0), ReadFacts(row, 1), [], row.GetBoolean(3), row.GetString(4), row.Time(5)) { KnownSince = row.TimeOrNull(6) };

    internal static CertificateFacts ReadFacts(NpgsqlDataReader row, int column) =>
        JsonSerializer.Deserialize<CertificateFacts>(row.GetString(column + 1))! with { CertDer = row.Bytes(column) };

    private static string ToJson(CertificateFacts facts) => JsonSerializer.Serialize(facts with { CertDer = [] });

    private static string[] Texts(string json) => JsonSerializer.Deserialize<string[]>(json)!;

    /// <summary>What a webhook is to be owed.</summary>
    private readonly record struct Debt(string Webhook, string Kind, long Subject);
}
