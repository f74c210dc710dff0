using CertHerald.Fetching;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Storage.Sqlite;

/// <summary>Logs and the heads they signed.</summary>
internal sealed partial class SqliteStore
{
    /// <summary>Heads beyond this many a log are forgotten: of the proven ones the oldest, of the others those in the middle.</summary>
    private const int KeptHeads = 64;

    public Task<IReadOnlyList<StoredLog>> LogsAsync(CancellationToken cancellation) => ReadAsync<IReadOnlyList<StoredLog>>(
        session => session.All(
            """
            SELECT log.log_id, description, operator, url, protocol, low.read_size, low.proven_size, tip.read_size, head.size, head.time
            FROM log JOIN lane AS tip ON tip.log = log.id AND tip.until IS NULL
                 JOIN lane AS low ON low.id = (SELECT id FROM lane WHERE lane.log = log.id AND back_fill IS NULL ORDER BY start LIMIT 1)
                 LEFT JOIN head ON head.rowid = (SELECT rowid FROM head WHERE head.log = log.id ORDER BY time DESC, size DESC LIMIT 1)
            ORDER BY operator, description
            """,
            row => new StoredLog(
                Id(row.Bytes(0)), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), new TreeSize(row.Size(5)),
                new TreeSize(row.Size(6)), new TreeSize(row.Size(7)), row.IsDBNull(8) ? null : new TreeSize(row.Size(8)), row.TimeOrNull(9))),
        cancellation);

    public Task<IReadOnlyList<LogLane>> BeginLogAsync(LogDescription log, Frontier start, CancellationToken cancellation) => WriteAsync<IReadOnlyList<LogLane>>(
        session =>
        {
            long row = AddLog(session, log);
            if (session.First("SELECT id FROM lane WHERE log = @log AND until IS NULL", tip => (long?)tip.GetInt64(0), ("@log", row)) is null)
                AddLane(session, row, null, start, null);
            return LanesOf(session, row);
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
                OpenIncident(session, row, IncidentKinds.Fork, head.Size.ToString(), $"the log signed two trees of {head.Size} entries", new
                {
                    heads = new[] { Convert.ToBase64String(head.Signed.Verbatim.Span), Convert.ToBase64String(other) },
                });
            ForgetUnproven(session, row);
            return added;
        },
        cancellation);

    public Task<IReadOnlyList<StoredHead>> UnprovenHeadsAsync(LogId log, TreeSize above, CancellationToken cancellation) => ReadAsync<IReadOnlyList<StoredHead>>(
        session => session.All(
            """
            SELECT size, root, verbatim FROM head JOIN log ON log.id = head.log
            WHERE log_id = @log AND proven = 0 AND size > @above ORDER BY size, time
            """,
            row => new StoredHead(new TreeSize(row.Size(0)), new MerkleHash(row.Bytes(1)), row.Bytes(2)),
            ("@log", log.Value.ToArray()), ("@above", above.Value)),
        cancellation);

    public Task<StoredHead?> FindProvenHeadAsync(LogId log, CancellationToken cancellation) => ReadAsync(
        session => session.First(
            "SELECT size, root, verbatim FROM head JOIN log ON log.id = head.log WHERE log_id = @log AND proven = 1 ORDER BY size DESC LIMIT 1",
            row => new StoredHead(new TreeSize(row.Size(0)), new MerkleHash(row.Bytes(1)), row.Bytes(2)), ("@log", log.Value.ToArray())),
        cancellation);

    /// <summary>
    /// Heads of one size that contradict each other: the first ones, and of the first sizes. A log that forks at each look must
    /// not fill the disk; the incident has both heads.
    /// </summary>
    private const string Contradicting = """
        SELECT id FROM (
            SELECT rowid AS id, ROW_NUMBER() OVER (PARTITION BY size ORDER BY rowid) AS place FROM head
            WHERE log = @log AND size IN (SELECT size FROM head WHERE log = @log GROUP BY size HAVING COUNT(*) > 1 ORDER BY size LIMIT @kept))
        WHERE place <= 4
        """;

    /// <summary>The oldest, the newest and those that contradict each other stay: they are what a comparison can still use.</summary>
    private static void ForgetUnproven(SqliteSession session, long log) => session.Run(
        $"""
        DELETE FROM head WHERE rowid IN
            (SELECT rowid FROM head WHERE log = @log AND proven = 0
                AND rowid NOT IN ({Contradicting})
                AND size <> (SELECT MIN(size) FROM head WHERE log = @log AND proven = 0)
             ORDER BY size DESC LIMIT -1 OFFSET @kept)
        """,
        ("@log", log), ("@kept", KeptHeads - 1));

    private static void ForgetProven(SqliteSession session, long log) => session.Run(
        $"""
        DELETE FROM head WHERE log = @log AND proven = 1 AND rowid NOT IN
            (SELECT rowid FROM head WHERE log = @log ORDER BY size DESC LIMIT @kept)
            AND rowid NOT IN ({Contradicting})
        """,
        ("@log", log), ("@kept", KeptHeads));

    /// <summary>Adds a log, or learns its new name or address.</summary>
    private static long AddLog(SqliteSession session, LogDescription log) => session.Single(
        """
        INSERT INTO log (log_id, description, operator, url, protocol, spki)
        VALUES (@id, @description, @operator, @url, @protocol, @spki)
        ON CONFLICT (log_id) DO UPDATE SET description = @description, operator = @operator, url = @url, protocol = @protocol
        RETURNING id
        """,
        row => row.GetInt64(0),
        ("@id", log.Id.Value.ToArray()), ("@description", log.Description), ("@operator", log.Operator),
        ("@url", log.Url.ToString()), ("@protocol", log.Protocol), ("@spki", log.Key.Spki));

    private static long RowOf(SqliteSession session, LogId log) =>
        RowOrNull(session, log) ?? throw new StoreException("the log was never begun");

    private static long? RowOrNull(SqliteSession session, LogId log) =>
        session.First("SELECT id FROM log WHERE log_id = @id", row => (long?)row.GetInt64(0), ("@id", log.Value.ToArray()));

    private static LogId Id(byte[] hash) => new(new MerkleHash(hash));
}
