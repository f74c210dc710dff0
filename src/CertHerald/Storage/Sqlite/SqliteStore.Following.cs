using System.Text.Json;
using CertHerald.Deciding;
using CertHerald.Fetching;
using CertHerald.Transparency.Batches;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;
using Microsoft.Data.Sqlite;

namespace CertHerald.Storage.Sqlite;

/// <summary>Logs, positions, heads, incidents, and the commit that joins them with what was found.</summary>
internal sealed partial class SqliteStore
{
    /// <summary>Proven heads beyond this many a log are forgotten, oldest first.</summary>
    private const int KeptHeads = 64;

    /// <summary>Open incidents of one log and kind. More tell nothing new, and each can bring a batch's hashes as evidence.</summary>
    private const int MostOpenIncidents = 100;

    public Task<IReadOnlyList<StoredLog>> LogsAsync(CancellationToken cancellation) => ReadAsync<IReadOnlyList<StoredLog>>(
        session => session.All(
            """
            SELECT log.log_id, description, operator, url, protocol, lane.read_size, lane.proven_size, head.size, head.time
            FROM log JOIN lane ON lane.log = log.id AND lane.until IS NULL
                 LEFT JOIN head ON head.rowid = (SELECT rowid FROM head WHERE head.log = log.id ORDER BY time DESC, size DESC LIMIT 1)
            ORDER BY operator, description
            """,
            row => new StoredLog(
                Id(row.Bytes(0)), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), new TreeSize(row.Size(5)),
                new TreeSize(row.Size(6)), row.IsDBNull(7) ? null : new TreeSize(row.Size(7)), row.TimeOrNull(8))),
        cancellation);

    public Task<LogPosition?> FindPositionAsync(LogId log, CancellationToken cancellation) => ReadAsync(
        session => session.First(
            """
            SELECT read_size, read_frontier, proven_size, proven_frontier
            FROM lane JOIN log ON log.id = lane.log WHERE log_id = @log AND until IS NULL
            """,
            ReadPosition, ("@log", log.Value.ToArray())),
        cancellation);

    public Task BeginLogAsync(LogDescription log, LogPosition position, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            session.Run(
                """
                INSERT INTO log (log_id, description, operator, url, protocol, spki)
                VALUES (@id, @description, @operator, @url, @protocol, @spki)
                ON CONFLICT (log_id) DO UPDATE SET description = @description, operator = @operator, url = @url, protocol = @protocol
                """,
                ("@id", log.Id.Value.ToArray()), ("@description", log.Description), ("@operator", log.Operator),
                ("@url", log.Url.ToString()), ("@protocol", log.Protocol), ("@spki", log.Key.Spki));
            long row = RowOf(session, log.Id);
            return session.Run(
                """
                INSERT INTO lane (log, start, read_size, read_frontier, proven_size, proven_frontier)
                SELECT @log, @read, @read, @readFrontier, @proven, @provenFrontier
                WHERE NOT EXISTS (SELECT 1 FROM lane WHERE log = @log AND until IS NULL)
                """,
                [("@log", row), .. Parameters(position)]);
        },
        cancellation);

    public Task KeepHeadAsync(LogId log, VerifiedHead head, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            long row = RowOf(session, log);
            int added = session.Run(
                """
                INSERT INTO head (log, size, root, time, verbatim) VALUES (@log, @size, @root, @time, @verbatim)
                ON CONFLICT (log, size, root) DO UPDATE SET time = @time, verbatim = @verbatim WHERE time < @time
                """,
                ("@log", row), ("@size", head.Size.Value), ("@root", head.Root.ToArray()), ("@time", LogTime.Of(head.Timestamp)), ("@verbatim", head.Signed.Verbatim));
            byte[]? other = session.First(
                "SELECT verbatim FROM head WHERE log = @log AND size = @size AND root <> @root LIMIT 1", row => row.Bytes(0),
                ("@log", row), ("@size", head.Size.Value), ("@root", head.Root.ToArray()));
            if (other is not null)
                OpenIncident(session, row, "fork", $"the log signed two trees of {head.Size} entries", new
                {
                    heads = new[] { Convert.ToBase64String(head.Signed.Verbatim.Span), Convert.ToBase64String(other) },
                });
            return added;
        },
        cancellation);

    public Task<CommitOutcome> CommitAsync(
        LogId log, Batch batch, IReadOnlyList<Decision> decisions, DateTimeOffset headSeen, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            long row = RowOf(session, log);
            LogPosition before = session.Single(
                "SELECT read_size, read_frontier, proven_size, proven_frontier FROM lane WHERE log = @log AND until IS NULL",
                ReadPosition, ("@log", row));
            if (before.Read.Size.Value != batch.Raw.Start.Value)
                throw new StoreException($"a batch from entry {batch.Raw.Start} was to be committed at position {before.Read.Size}: two followers of one log");

            LogPosition after = batch switch
            {
                VerifiedBatch => LogPosition.At(batch.End),
                UnprovenBatch => before with { Read = batch.End },
                _ => LogPosition.At(before.Proven),
            };
            int discovered = 0, owed = 0;
            foreach (Decision decision in decisions) WriteDecision(session, row, decision, batch, headSeen, ref discovered, ref owed);
            if (batch is DisputedBatch disputed) Dispute(session, row, disputed, before);

            session.Run(
                """
                UPDATE lane SET read_size = @read, read_frontier = @readFrontier, proven_size = @proven, proven_frontier = @provenFrontier
                WHERE log = @log AND until IS NULL
                """,
                [("@log", row), .. Parameters(after)]);
            if (batch is VerifiedBatch) Prove(session, row, after.Proven.Size);
            return new CommitOutcome(after, discovered, owed);
        },
        cancellation);

    public Task RestartLogAsync(LogId log, LogPosition position, CancellationToken cancellation) => WriteAsync(
        session => session.Run(
            """
            UPDATE lane SET read_size = @read, read_frontier = @readFrontier, proven_size = @proven, proven_frontier = @provenFrontier
            WHERE log = @log AND until IS NULL
            """,
            [("@log", RowOf(session, log)), .. Parameters(position)]),
        cancellation);

    public Task<IReadOnlyList<Incident>> IncidentsAsync(int limit, CancellationToken cancellation) => ReadAsync<IReadOnlyList<Incident>>(
        session => session.All(
            """
            SELECT incident.id, log_id, kind, summary, evidence, opened, closed
            FROM incident JOIN log ON log.id = incident.log ORDER BY incident.id DESC LIMIT @limit
            """,
            row => new Incident(row.GetInt64(0), Id(row.Bytes(1)), row.GetString(2), row.GetString(3), row.GetString(4), row.Time(5), row.TimeOrNull(6)),
            ("@limit", limit)),
        cancellation);

    /// <summary>Everything read below a proven position is proven, but for what was seen in a batch that contradicted a head.</summary>
    private static void Prove(SqliteSession session, long log, TreeSize proven)
    {
        session.Run("UPDATE sighting SET proven = 1 WHERE log = @log AND proven = 0 AND disputed = 0 AND entry_index < @size",
            ("@log", log), ("@size", proven.Value));
        session.Run("UPDATE head SET proven = 1 WHERE log = @log AND size <= @size AND proven = 0", ("@log", log), ("@size", proven.Value));
        session.Run(
            """
            DELETE FROM head WHERE log = @log AND proven = 1 AND rowid NOT IN
                (SELECT rowid FROM head WHERE log = @log ORDER BY size DESC LIMIT @kept)
                AND size NOT IN (SELECT size FROM head WHERE log = @log GROUP BY size HAVING COUNT(*) > 1)
            """,
            ("@log", log), ("@kept", KeptHeads));
    }

    private void Dispute(SqliteSession session, long log, DisputedBatch batch, LogPosition before)
    {
        // The lie may lie in any entry since the last proof: none of them counts as proven until it is read again.
        session.Run("UPDATE sighting SET disputed = 1 WHERE log = @log AND proven = 0 AND entry_index >= @from",
            ("@log", log), ("@from", before.Proven.Size.Value));
        OpenIncident(session, log, "root_mismatch", $"entries {before.Proven.Size} to {batch.End.Size} do not give the root that the log signed for {batch.Head.Size} entries", new
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
        });
    }

    /// <summary>One open incident a log, kind and summary, and not without end: a log that lies in a circle must not fill the disk.</summary>
    private void OpenIncident(SqliteSession session, long log, string kind, string summary, object evidence) => session.Run(
        """
        INSERT INTO incident (log, kind, summary, evidence, opened)
        SELECT @log, @kind, @summary, @evidence, @now
        WHERE NOT EXISTS (SELECT 1 FROM incident WHERE log = @log AND kind = @kind AND summary = @summary AND closed IS NULL)
          AND (SELECT COUNT(*) FROM incident WHERE log = @log AND kind = @kind AND closed IS NULL) < @most
        """,
        ("@log", log), ("@kind", kind), ("@summary", summary), ("@evidence", JsonSerializer.Serialize(evidence)), ("@now", _time.GetUtcNow()),
        ("@most", MostOpenIncidents));

    private static long RowOf(SqliteSession session, LogId log) =>
        session.Single("SELECT id FROM log WHERE log_id = @id", row => row.GetInt64(0), ("@id", log.Value.ToArray()));

    private static LogId Id(byte[] hash) => new(new MerkleHash(hash));

    private static (string, object?)[] Parameters(LogPosition position) =>
    [
        ("@read", position.Read.Size.Value), ("@readFrontier", position.Read.ToBytes()),
        ("@proven", position.Proven.Size.Value), ("@provenFrontier", position.Proven.ToBytes()),
    ];

    private static LogPosition ReadPosition(SqliteDataReader row) => new(ReadFrontier(row, 0), ReadFrontier(row, 2));

    private static Frontier ReadFrontier(SqliteDataReader row, int column) =>
        Frontier.TryRead(new TreeSize(row.Size(column)), row.Bytes(column + 1), out Frontier? frontier)
            ? frontier
            : throw new StoreException("the database holds a position that is none; restore a backup");
}
