using CertHerald.Deciding;
using CertHerald.Inspecting;
using CertHerald.Transparency.Batches;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;
using Npgsql;

namespace CertHerald.Storage.Postgres;

/// <summary>The lanes of logs, and the commit that joins a position with what was found. Only by the log's owner.</summary>
internal sealed partial class PostgresStore
{
    private const string LaneColumns = """
        lane.id, lane.start, until, read_size, read_frontier, proven_size, proven_frontier, trouble, tries, retry_at, back_fill
        """;

    public async Task<IReadOnlyList<LogLane>> LanesAsync(LogId log, CancellationToken cancellation) => await ReadAsync(
        session => session.AllAsync(
            $"SELECT {LaneColumns} FROM lane JOIN log ON log.id = lane.log WHERE log_id = @log AND back_fill IS NULL ORDER BY start",
            ReadLane, ("@log", log.Value.ToArray())),
        cancellation);

    public async Task<CommitOutcome> CommitAsync(
        LogLane lane, Batch batch, IReadOnlyList<Decision> decisions, IReadOnlyList<IndexedCertificate> others, IReadOnlyList<WeakLookalike> weak, DateTimeOffset headSeen, CancellationToken cancellation)
    {
        // Before the transaction: it holds locks that others wait for.
        IndexedRow[] rows = IndexedRow.Of(others);
        CommitOutcome outcome = await WriteAsync(session => CommitAsync(session, lane, batch, decisions, rows, weak, headSeen), cancellation);
        if (outcome.Owed > 0) _hints.Tell();
        return outcome;
    }

    public Task<LogLane> ProveLaneAsync(LogLane lane, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            (LogLane before, long log) = await FindLaneAsync(session, lane);
            LogPosition after = LogPosition.At(before.Position.Read);
            await SetPositionAsync(session, lane, after);
            await ProveAsync(session, log, before.Start, after.Proven.Size);
            await CloseIncidentsAsync(session, log, IncidentKinds.RootMismatch, before.Position.Proven.Size.ToString());
            return before with { Position = after };
        },
        cancellation);

    public Task<(LogLane Lower, LogLane Upper)> SplitLaneAsync(
        LogLane lane, Frontier at, LaneTrouble? trouble, string problem, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            (LogLane before, long log) = await FindLaneAsync(session, lane);
            if (at.Size < before.Position.Read.Size || at.Size >= before.Until)
                throw new StoreException($"a lane that stands at {before.Position.Read.Size} cannot be split at {at.Size}");

            await session.RunAsync("UPDATE lane SET until = @at WHERE id = @id", ("@at", at.Size.Value), ("@id", lane.Id));
            LogLane lower = before with { Until = at.Size, Trouble = trouble };
            await SetTroubleAsync(session, log, lower, problem);
            return (lower, await AddLaneAsync(session, log, before.BackFill, at, before.Until));
        },
        cancellation);

    public Task<LogLane> StallLaneAsync(LogLane lane, LaneTrouble trouble, string problem, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            (LogLane before, long log) = await FindLaneAsync(session, lane);
            LogLane after = before with { Trouble = trouble };
            await SetTroubleAsync(session, log, after, problem);
            return after;
        },
        cancellation);

    public Task<LogLane?> JoinLaneAsync(LogLane lane, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            (LogLane lower, long log) = await FindLaneAsync(session, lane);
            (long id, byte[] border) = await session.SingleAsync(
                "SELECT id, start_frontier FROM lane WHERE log = @log AND back_fill IS NOT DISTINCT FROM @backFill::bigint AND start = @start FOR UPDATE",
                row => (row.GetInt64(0), row.Bytes(1)), ("@log", log), ("@backFill", lower.BackFill), ("@start", lower.Until!.Value.Value));
            if (lower.Position.Read.Size != lower.Until)
                throw new StoreException($"a lane that stands at {lower.Position.Read.Size} cannot join the one at {lower.Until}");

            if (!border.AsSpan().SequenceEqual(lower.Position.Read.ToBytes()))
            {
                await OpenIncidentAsync(session, log, IncidentKinds.RootMismatch, lower.Position.Proven.Size.ToString(),
                    $"entries {lower.Position.Proven.Size} to {lower.Until} do not lead to the tree that the log signed behind them", new
                    {
                        proven_size = lower.Position.Proven.Size.Value,
                        proven_frontier = Convert.ToBase64String(lower.Position.Proven.ToBytes()),
                        read_size = lower.Position.Read.Size.Value,
                        read_frontier = Convert.ToBase64String(lower.Position.Read.ToBytes()),
                        next_frontier = Convert.ToBase64String(border),
                    });
                await SetPositionAsync(session, lane, LogPosition.At(lower.Position.Proven));
                return null;
            }

            // Entries from the last proof on, and those before it, are proven by what the next lane began with.
            await ProveAsync(session, log, lower.Start, lower.Until!.Value);
            await CloseIncidentsAsync(session, log, IncidentKinds.RootMismatch, lower.Position.Proven.Size.ToString());
            if (lower.Trouble is { } trouble) await CloseIncidentsAsync(session, log, trouble.Kind, SubjectOf(lower));
            byte[] start = await session.SingleAsync("DELETE FROM lane WHERE id = @id RETURNING start_frontier", row => row.Bytes(0), ("@id", lower.Id));
            return await session.SingleAsync<LogLane?>(
                $"UPDATE lane SET start = @start, start_frontier = @frontier WHERE id = @id RETURNING {LaneColumns}",
                ReadLane, ("@start", lower.Start.Value), ("@frontier", start), ("@id", id));
        },
        cancellation);

    public Task<LogLane?> AbsorbLaneAsync(LogLane lane, bool isProven, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            (LogLane lower, long log) = await FindLaneAsync(session, lane);
            (long id, long? until) = await session.SingleAsync(
                "SELECT id, until FROM lane WHERE log = @log AND back_fill IS NOT DISTINCT FROM @backFill::bigint AND start = @start FOR UPDATE",
                row => (row.GetInt64(0), row.LongOrNull(1)), ("@log", log), ("@backFill", lower.BackFill), ("@start", lower.Until!.Value.Value));
            if (until is null) return null;

            await session.RunAsync("DELETE FROM lane WHERE id = @id", ("@id", id));
            await session.RunAsync("UPDATE lane SET until = @until WHERE id = @id", ("@until", until), ("@id", lower.Id));
            lower = lower with { Until = new TreeSize((ulong)until.Value) };
            if (!isProven) return lower;

            await ProveAsync(session, log, lower.Start, lane.Position.Read.Size);
            await session.RunAsync("UPDATE lane SET trouble = NULL, tries = 0, retry_at = NULL WHERE id = @id", ("@id", lower.Id));
            await SetPositionAsync(session, lower, LogPosition.At(lane.Position.Read));
            await CloseIncidentsAsync(session, log, IncidentKinds.RootMismatch, lower.Position.Proven.Size.ToString());
            if (lower.Trouble is { } trouble) await CloseIncidentsAsync(session, log, trouble.Kind, SubjectOf(lane));
            return lower with { Position = LogPosition.At(lane.Position.Read), Trouble = null };
        },
        cancellation);

    private async Task<CommitOutcome> CommitAsync(
        PostgresSession session, LogLane lane, Batch batch, IReadOnlyList<Decision> decisions, IndexedRow[] rows, IReadOnlyList<WeakLookalike> weak, DateTimeOffset headSeen)
    {
        (LogLane before, long log) = await FindLaneAsync(session, lane);
        if (before.Position.Read.Size.Value != batch.Raw.Start.Value)
            throw new StoreException($"a batch from entry {batch.Raw.Start} was to be committed at position {before.Position.Read.Size}: two followers of one log");

        LogPosition after = batch switch
        {
            VerifiedBatch => LogPosition.At(batch.End),
            UnprovenBatch => before.Position with { Read = batch.End },
            _ => LogPosition.At(before.Position.Proven),
        };
        await SetPositionAsync(session, lane, after);
        await KeepLeavesAsync(session, log, batch, decisions);
        // Everybody who holds the lock that all logs share and rows of issuances has taken the lock first.
        if (rows.Length > 0 && decisions.Count + weak.Count > 0) await session.LockAsync(PostgresLock.Issuances);
        (int discovered, int owed, IReadOnlyList<AlertedLookalike> alerted, int kept) = await WriteDecisionsAsync(session, log, decisions, weak, batch, headSeen);
        if (batch is DisputedBatch disputed) await DisputeAsync(session, log, disputed, before);
        if (batch is VerifiedBatch verified)
        {
            await ProveAsync(session, log, before.Start, after.Proven.Size);
            // Only the head that was compared: another of the same size may be a lie.
            await session.RunAsync("UPDATE head SET proven = true WHERE log = @log AND size = @size AND root = @root",
                ("@log", log), ("@size", verified.Head.Size.Value), ("@root", verified.Head.Root.ToArray()));
            // Read again from where the dispute began, it agrees.
            await CloseIncidentsAsync(session, log, IncidentKinds.RootMismatch, before.Position.Proven.Size.ToString());
        }
        // Last: of a batch that shows nothing watched, as nearly all do, the others wait for this part only.
        await AddIndexedAsync(session, log, rows);
        return new CommitOutcome(before with { Position = after }, discovered, owed) { Alerted = alerted, Weak = kept };
    }

    /// <summary>Everything read of a lane below a proven position is proven, but for what was seen in a batch that contradicted a head.</summary>
    private static async Task ProveAsync(PostgresSession session, long log, TreeSize from, TreeSize proven)
    {
        await session.RunAsync("UPDATE sighting SET proven = true WHERE log = @log AND NOT proven AND NOT disputed AND entry_index >= @from AND entry_index < @size",
            ("@log", log), ("@from", from.Value), ("@size", proven.Value));
        await ForgetProvenAsync(session, log);
    }

    private async Task DisputeAsync(PostgresSession session, long log, DisputedBatch batch, LogLane lane)
    {
        LogPosition before = lane.Position;
        // The lie may lie in any entry since the last proof: none of them counts as proven until it is read again.
        await session.RunAsync("UPDATE sighting SET disputed = true WHERE log = @log AND NOT proven AND entry_index >= @from AND entry_index < @until",
            ("@log", log), ("@from", before.Proven.Size.Value), ("@until", batch.End.Size.Value));
        await OpenIncidentAsync(session, log, IncidentKinds.RootMismatch, before.Proven.Size.ToString(),
            $"entries {before.Proven.Size} to {batch.End.Size} do not give the root that the log signed for {batch.Head.Size} entries", new
            {
                head = Convert.ToBase64String(batch.Head.Signed.Verbatim.Span),
                signed_root = batch.Head.Root.ToBase64(),
                head_size = batch.Head.Size.Value,
                proven_size = before.Proven.Size.Value,
                proven_frontier = Convert.ToBase64String(before.Proven.ToBytes()),
                batch_start = batch.Raw.Start.Value,
                batch_end = batch.End.Size.Value,
                batch_frontier = Convert.ToBase64String(batch.End.ToBytes()),
                leaf_hashes = batch.Raw.LeafHashes().ToArray().Select(hash => hash.ToBase64()),
                leaf_inputs = BatchEvidence.LeafInputs(batch.Raw),
            });
        if (lane.Trouble is not null) await EscalateAsync(session, log, IncidentKinds.RootMismatch, before.Proven.Size.ToString(), Severity.Critical);
    }

    private async Task SetTroubleAsync(PostgresSession session, long log, LogLane lane, string problem)
    {
        await session.RunAsync("UPDATE lane SET trouble = @kind, tries = @tries, retry_at = @retry WHERE id = @id",
            ("@kind", lane.Trouble?.Kind), ("@tries", lane.Trouble?.Tries ?? 0), ("@retry", lane.Trouble?.RetryAt), ("@id", lane.Id));
        if (lane.Trouble is not { } trouble) return;
        if (trouble.Kind == IncidentKinds.RootMismatch)
        {
            // Its incident came, with the evidence, with the batch that was disputed: now reading goes on behind it, unverified.
            await EscalateAsync(session, log, trouble.Kind, lane.Position.Proven.Size.ToString(), Severity.Critical);
            return;
        }

        await OpenIncidentAsync(session, log, trouble.Kind, SubjectOf(lane), $"entries {lane.Position.Read.Size} to {lane.Until} could not be read: {problem}",
            new { first = lane.Position.Read.Size.Value, end = lane.Until?.Value, problem });
    }

    /// <summary>A lane's trouble is told apart from others by where it ends: its beginning moves as more of it can be read.</summary>
    private static string SubjectOf(LogLane lane) => $"before {lane.Until}";

    private static Task<LogLane> AddLaneAsync(PostgresSession session, long log, long? backFill, Frontier start, TreeSize? until) => session.SingleAsync(
        $"""
        INSERT INTO lane (log, back_fill, start, start_frontier, until, read_size, read_frontier, proven_size, proven_frontier)
        VALUES (@log, @backFill, @start, @frontier, @until, @start, @frontier, @start, @frontier) RETURNING {LaneColumns}
        """,
        ReadLane, ("@log", log), ("@backFill", backFill), ("@start", start.Size.Value), ("@frontier", start.ToBytes()), ("@until", until?.Value));

    private static Task<int> SetPositionAsync(PostgresSession session, LogLane lane, LogPosition position) => session.RunAsync(
        """
        UPDATE lane SET read_size = @read, read_frontier = @readFrontier, proven_size = @proven, proven_frontier = @provenFrontier
        WHERE id = @lane
        """,
        ("@lane", lane.Id), ("@read", position.Read.Size.Value), ("@readFrontier", position.Read.ToBytes()),
        ("@proven", position.Proven.Size.Value), ("@provenFrontier", position.Proven.ToBytes()));

    /// <summary>Locks a lane for this transaction, and its log's ownership before it.</summary>
    private async Task<(LogLane Lane, long Log)> FindLaneAsync(PostgresSession session, LogLane lane)
    {
        byte[]? log = await session.FirstAsync("SELECT log_id FROM lane JOIN log ON log.id = lane.log WHERE lane.id = @id", row => row.Bytes(0), ("@id", lane.Id));
        if (log is not null) await OwnAsync(session, Id(log));
        return await session.FirstAsync(
                $"SELECT {LaneColumns}, log FROM lane WHERE id = @id FOR UPDATE", row => ((LogLane, long)?)(ReadLane(row), row.GetInt64(11)), ("@id", lane.Id))
            ?? throw new StoreException($"the stretch of a log from {lane.Start} on is followed no more: two followers of one log");
    }

    private static LogLane ReadLane(NpgsqlDataReader row) => new(
        row.GetInt64(0), new TreeSize(row.Size(1)), row.IsDBNull(2) ? null : new TreeSize(row.Size(2)),
        new LogPosition(ReadFrontier(row, 3), ReadFrontier(row, 5)),
        row.IsDBNull(7) ? null : new LaneTrouble(row.GetString(7), row.GetInt32(8), row.Time(9)),
        row.LongOrNull(10));

    private static Frontier ReadFrontier(NpgsqlDataReader row, int column) =>
        Frontier.TryRead(new TreeSize(row.Size(column)), row.Bytes(column + 1), out Frontier? frontier)
            ? frontier
            : throw new StoreException("the database holds a position that is none; restore a backup");
}
