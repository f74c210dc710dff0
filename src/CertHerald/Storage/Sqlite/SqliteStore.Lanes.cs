using CertHerald.Deciding;
using CertHerald.Inspecting;
using CertHerald.Transparency.Batches;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;
using Microsoft.Data.Sqlite;

namespace CertHerald.Storage.Sqlite;

/// <summary>The lanes of logs, and the commit that joins a position with what was found.</summary>
internal sealed partial class SqliteStore
{
    private const string LaneColumns = """
        lane.id, lane.start, until, read_size, read_frontier, proven_size, proven_frontier, trouble, tries, retry_at, back_fill
        """;

    public Task<IReadOnlyList<LogLane>> LanesAsync(LogId log, CancellationToken cancellation) => ReadAsync<IReadOnlyList<LogLane>>(
        session => session.All(
            $"SELECT {LaneColumns} FROM lane JOIN log ON log.id = lane.log WHERE log_id = @log AND back_fill IS NULL ORDER BY start",
            ReadLane, ("@log", log.Value.ToArray())),
        cancellation);

    public Task<CommitOutcome> CommitAsync(
        LogLane lane, Batch batch, IReadOnlyList<Decision> decisions, IReadOnlyList<IndexedCertificate> others, IReadOnlyList<WeakLookalike> weak, DateTimeOffset headSeen, CancellationToken cancellation)
    {
        // Before the transaction, which is on the one thread that writes.
        IndexedRow[] rows = IndexedRow.Of(others);
        return WriteAsync(session => Commit(session, lane, batch, decisions, rows, weak, headSeen), cancellation);
    }

    private CommitOutcome Commit(
        SqliteSession session, LogLane lane, Batch batch, IReadOnlyList<Decision> decisions, IndexedRow[] rows, IReadOnlyList<WeakLookalike> weak, DateTimeOffset headSeen)
    {
        (LogLane before, long log) = FindLane(session, lane);
        if (before.Position.Read.Size.Value != batch.Raw.Start.Value)
            throw new StoreException($"a batch from entry {batch.Raw.Start} was to be committed at position {before.Position.Read.Size}: two followers of one log");

        LogPosition after = batch switch
        {
            VerifiedBatch => LogPosition.At(batch.End),
            UnprovenBatch => before.Position with { Read = batch.End },
            _ => LogPosition.At(before.Position.Proven),
        };
        int discovered = 0, owed = 0;
        var alerted = new List<AlertedLookalike>();
        foreach (Decision decision in decisions) WriteDecision(session, log, decision, batch, headSeen, alerted, ref discovered, ref owed);
        int kept = WriteWeakLookalikes(session, weak, _time.GetUtcNow());
        AddIndexed(session, log, rows);
        KeepLeaves(session, log, batch, decisions);
        if (batch is DisputedBatch disputed) Dispute(session, log, disputed, before);

        SetPosition(session, lane, after);
        if (batch is VerifiedBatch verified)
        {
            Prove(session, log, before.Start, after.Proven.Size);
            // Only the head that was compared: another of the same size may be a lie.
            session.Run("UPDATE head SET proven = 1 WHERE log = @log AND size = @size AND root = @root",
                ("@log", log), ("@size", verified.Head.Size.Value), ("@root", verified.Head.Root.ToArray()));
            // Read again from where the dispute began, it agrees.
            CloseIncidents(session, log, IncidentKinds.RootMismatch, before.Position.Proven.Size.ToString());
        }
        return new CommitOutcome(before with { Position = after }, discovered, owed) { Alerted = alerted, Weak = kept };
    }

    public Task<LogLane> ProveLaneAsync(LogLane lane, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            (LogLane before, long log) = FindLane(session, lane);
            LogPosition after = LogPosition.At(before.Position.Read);
            SetPosition(session, lane, after);
            Prove(session, log, before.Start, after.Proven.Size);
            CloseIncidents(session, log, IncidentKinds.RootMismatch, before.Position.Proven.Size.ToString());
            return before with { Position = after };
        },
        cancellation);

    public Task<(LogLane Lower, LogLane Upper)> SplitLaneAsync(
        LogLane lane, Frontier at, LaneTrouble? trouble, string problem, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            (LogLane before, long log) = FindLane(session, lane);
            if (at.Size < before.Position.Read.Size || at.Size >= before.Until)
                throw new StoreException($"a lane that stands at {before.Position.Read.Size} cannot be split at {at.Size}");

            session.Run("UPDATE lane SET until = @at WHERE id = @id", ("@at", at.Size.Value), ("@id", lane.Id));
            LogLane lower = before with { Until = at.Size, Trouble = trouble };
            SetTrouble(session, log, lower, problem);
            return (lower, AddLane(session, log, before.BackFill, at, before.Until));
        },
        cancellation);

    public Task<LogLane> StallLaneAsync(LogLane lane, LaneTrouble trouble, string problem, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            (LogLane before, long log) = FindLane(session, lane);
            LogLane after = before with { Trouble = trouble };
            SetTrouble(session, log, after, problem);
            return after;
        },
        cancellation);

    public Task<LogLane?> JoinLaneAsync(LogLane lane, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            (LogLane lower, long log) = FindLane(session, lane);
            (long id, byte[]? border) = session.Single(
                "SELECT id, start_frontier FROM lane WHERE log = @log AND back_fill IS @backFill AND start = @start",
                row => (row.GetInt64(0), row.BytesOrNull(1)), ("@log", log), ("@backFill", lower.BackFill), ("@start", lower.Until!.Value.Value));
            if (lower.Position.Read.Size != lower.Until)
                throw new StoreException($"a lane that stands at {lower.Position.Read.Size} cannot join the one at {lower.Until}");

            if (border is null || !border.AsSpan().SequenceEqual(lower.Position.Read.ToBytes()))
            {
                OpenIncident(session, log, IncidentKinds.RootMismatch, lower.Position.Proven.Size.ToString(),
                    $"entries {lower.Position.Proven.Size} to {lower.Until} do not lead to the tree that the log signed behind them", new
                    {
                        proven_size = lower.Position.Proven.Size.Value,
                        proven_frontier = Convert.ToBase64String(lower.Position.Proven.ToBytes()),
                        read_size = lower.Position.Read.Size.Value,
                        read_frontier = Convert.ToBase64String(lower.Position.Read.ToBytes()),
                        next_frontier = border is null ? null : Convert.ToBase64String(border),
                    });
                SetPosition(session, lane, LogPosition.At(lower.Position.Proven));
                return null;
            }

            // Entries from the last proof on, and those before it, are proven by what the next lane began with.
            Prove(session, log, lower.Start, lower.Until!.Value);
            CloseIncidents(session, log, IncidentKinds.RootMismatch, lower.Position.Proven.Size.ToString());
            if (lower.Trouble is { } trouble) CloseIncidents(session, log, trouble.Kind, SubjectOf(lower));
            byte[]? start = session.Single("SELECT start_frontier FROM lane WHERE id = @id", row => row.BytesOrNull(0), ("@id", lower.Id));
            session.Run("DELETE FROM lane WHERE id = @id", ("@id", lower.Id));
            session.Run("UPDATE lane SET start = @start, start_frontier = @frontier WHERE id = @id",
                ("@start", lower.Start.Value), ("@frontier", start), ("@id", id));
            return session.Single($"SELECT {LaneColumns} FROM lane WHERE id = @id", ReadLane, ("@id", id));
        },
        cancellation);

    public Task<LogLane?> AbsorbLaneAsync(LogLane lane, bool isProven, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            (LogLane lower, long log) = FindLane(session, lane);
            (long id, ulong? until) = session.Single(
                "SELECT id, until FROM lane WHERE log = @log AND back_fill IS @backFill AND start = @start",
                row => (row.GetInt64(0), row.IsDBNull(1) ? (ulong?)null : row.Size(1)), ("@log", log), ("@backFill", lower.BackFill), ("@start", lower.Until!.Value.Value));
            if (until is null) return null;

            session.Run("DELETE FROM lane WHERE id = @id", ("@id", id));
            session.Run("UPDATE lane SET until = @until WHERE id = @id", ("@until", until), ("@id", lower.Id));
            lower = lower with { Until = new TreeSize(until.Value) };
            if (!isProven) return lower;

            Prove(session, log, lower.Start, lane.Position.Read.Size);
            session.Run("UPDATE lane SET trouble = NULL, tries = 0, retry_at = NULL WHERE id = @id", ("@id", lower.Id));
            SetPosition(session, lower, LogPosition.At(lane.Position.Read));
            CloseIncidents(session, log, IncidentKinds.RootMismatch, lower.Position.Proven.Size.ToString());
            if (lower.Trouble is { } trouble) CloseIncidents(session, log, trouble.Kind, SubjectOf(lane));
            return lower with { Position = LogPosition.At(lane.Position.Read), Trouble = null };
        },
        cancellation);

    /// <summary>Everything read of a lane below a proven position is proven, but for what was seen in a batch that contradicted a head.</summary>
    private static void Prove(SqliteSession session, long log, TreeSize from, TreeSize proven)
    {
        session.Run("UPDATE sighting SET proven = 1 WHERE log = @log AND proven = 0 AND disputed = 0 AND entry_index >= @from AND entry_index < @size",
            ("@log", log), ("@from", from.Value), ("@size", proven.Value));
        ForgetProven(session, log);
    }

    private void Dispute(SqliteSession session, long log, DisputedBatch batch, LogLane lane)
    {
        LogPosition before = lane.Position;
        // The lie may lie in any entry since the last proof: none of them counts as proven until it is read again.
        session.Run("UPDATE sighting SET disputed = 1 WHERE log = @log AND proven = 0 AND entry_index >= @from AND entry_index < @until",
            ("@log", log), ("@from", before.Proven.Size.Value), ("@until", batch.End.Size.Value));
        OpenIncident(session, log, IncidentKinds.RootMismatch, before.Proven.Size.ToString(),
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
        if (lane.Trouble is not null) Escalate(session, log, IncidentKinds.RootMismatch, before.Proven.Size.ToString(), Severity.Critical);
    }

    private void SetTrouble(SqliteSession session, long log, LogLane lane, string problem)
    {
        session.Run("UPDATE lane SET trouble = @kind, tries = @tries, retry_at = @retry WHERE id = @id",
            ("@kind", lane.Trouble?.Kind), ("@tries", lane.Trouble?.Tries ?? 0), ("@retry", lane.Trouble?.RetryAt), ("@id", lane.Id));
        if (lane.Trouble is not { } trouble) return;
        if (trouble.Kind == IncidentKinds.RootMismatch)
        {
            // Its incident came, with the evidence, with the batch that was disputed: now reading goes on behind it, unverified.
            Escalate(session, log, trouble.Kind, lane.Position.Proven.Size.ToString(), Severity.Critical);
            return;
        }

        OpenIncident(session, log, trouble.Kind, SubjectOf(lane), $"entries {lane.Position.Read.Size} to {lane.Until} could not be read: {problem}",
            new { first = lane.Position.Read.Size.Value, end = lane.Until?.Value, problem });
    }

    /// <summary>A lane's trouble is told apart from others by where it ends: its beginning moves as more of it can be read.</summary>
    private static string SubjectOf(LogLane lane) => $"before {lane.Until}";

    private static LogLane AddLane(SqliteSession session, long log, long? backFill, Frontier start, TreeSize? until) => session.Single(
        $"""
        INSERT INTO lane (log, back_fill, start, start_frontier, until, read_size, read_frontier, proven_size, proven_frontier)
        VALUES (@log, @backFill, @start, @frontier, @until, @start, @frontier, @start, @frontier) RETURNING {LaneColumns}
        """,
        ReadLane, ("@log", log), ("@backFill", backFill), ("@start", start.Size.Value), ("@frontier", start.ToBytes()), ("@until", until?.Value));

    private static void SetPosition(SqliteSession session, LogLane lane, LogPosition position) => session.Run(
        """
        UPDATE lane SET read_size = @read, read_frontier = @readFrontier, proven_size = @proven, proven_frontier = @provenFrontier
        WHERE id = @lane
        """,
        ("@lane", lane.Id), ("@read", position.Read.Size.Value), ("@readFrontier", position.Read.ToBytes()),
        ("@proven", position.Proven.Size.Value), ("@provenFrontier", position.Proven.ToBytes()));

    private static List<LogLane> LanesOf(SqliteSession session, long log) =>
        session.All($"SELECT {LaneColumns} FROM lane WHERE log = @log AND back_fill IS NULL ORDER BY start", ReadLane, ("@log", log));

    private static (LogLane Lane, long Log) FindLane(SqliteSession session, LogLane lane) => session.First(
            $"SELECT {LaneColumns}, log FROM lane WHERE id = @id", row => ((LogLane, long)?)(ReadLane(row), row.GetInt64(11)), ("@id", lane.Id))
        ?? throw new StoreException($"the stretch of a log from {lane.Start} on is followed no more: two followers of one log");

    private static LogLane ReadLane(SqliteDataReader row) => new(
        row.GetInt64(0), new TreeSize(row.Size(1)), row.IsDBNull(2) ? null : new TreeSize(row.Size(2)),
        new LogPosition(ReadFrontier(row, 3), ReadFrontier(row, 5)),
        row.IsDBNull(7) ? null : new LaneTrouble(row.GetString(7), row.GetInt32(8), row.Time(9)),
        row.IsDBNull(10) ? null : row.GetInt64(10));

    private static Frontier ReadFrontier(SqliteDataReader row, int column) =>
        Frontier.TryRead(new TreeSize(row.Size(column)), row.Bytes(column + 1), out Frontier? frontier)
            ? frontier
            : throw new StoreException("the database holds a position that is none; restore a backup");
}
