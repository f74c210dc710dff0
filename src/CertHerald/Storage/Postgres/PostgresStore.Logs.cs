using CertHerald.Fetching;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Storage.Postgres;

/// <summary>Logs and the heads they signed.</summary>
internal sealed partial class PostgresStore
{
    /// <summary>Heads beyond this many a log are forgotten: of the proven ones the oldest, of the others those in the middle.</summary>
    private const int KeptHeads = 64;

    public async Task<IReadOnlyList<StoredLog>> LogsAsync(CancellationToken cancellation) => await ReadAsync(
        session => session.AllAsync(
            """
            SELECT log.log_id, description, operator, url, protocol, low.read_size, low.proven_size, tip.read_size, newest.size, newest.time
            FROM log JOIN lane AS tip ON tip.log = log.id AND tip.until IS NULL
                 CROSS JOIN LATERAL (SELECT * FROM lane WHERE lane.log = log.id AND back_fill IS NULL ORDER BY start LIMIT 1) AS low
                 LEFT JOIN LATERAL (SELECT size, time FROM head WHERE head.log = log.id ORDER BY time DESC, size DESC LIMIT 1) AS newest ON true
            ORDER BY operator, description
            """,
            row => new StoredLog(
                Id(row.Bytes(0)), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), new TreeSize(row.Size(5)),
                new TreeSize(row.Size(6)), new TreeSize(row.Size(7)), row.IsDBNull(8) ? null : new TreeSize(row.Size(8)), row.TimeOrNull(9))),
        cancellation);

    public async Task<IReadOnlyList<LogLane>> BeginLogAsync(LogDescription log, Frontier start, CancellationToken cancellation) => await WriteAsync(
        async session =>
        {
            await OwnAsync(session, log.Id);
            long row = await AddLogAsync(session, log);
            bool isBegun = await session.FirstAsync("SELECT true FROM lane WHERE log = @log AND until IS NULL", _ => true, ("@log", row));
            if (!isBegun) await AddLaneAsync(session, row, null, start, null);
            return await session.AllAsync($"SELECT {LaneColumns} FROM lane WHERE log = @log AND back_fill IS NULL ORDER BY start", ReadLane, ("@log", row));
        },
        cancellation);

    public Task KeepHeadAsync(LogId log, VerifiedHead head, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            long row = await RowOfAsync(session, log);
            int added = await session.RunAsync(
                """
                INSERT INTO head (log, size, root, time, verbatim) VALUES (@log, @size, @root, @time, @verbatim)
                ON CONFLICT (log, size, root) DO UPDATE SET time = @time, verbatim = @verbatim WHERE head.time < @time
                """,
                ("@log", row), ("@size", head.Size.Value), ("@root", head.Root.ToArray()), ("@time", LogTime.Of(head.Timestamp)), ("@verbatim", head.Signed.Verbatim));
            byte[]? other = await session.FirstAsync(
                "SELECT verbatim FROM head WHERE log = @log AND size = @size AND root <> @root LIMIT 1", row => row.Bytes(0),
                ("@log", row), ("@size", head.Size.Value), ("@root", head.Root.ToArray()));
            if (other is not null)
                await OpenIncidentAsync(session, row, IncidentKinds.Fork, head.Size.ToString(), $"the log signed two trees of {head.Size} entries", new
                {
                    heads = new[] { Convert.ToBase64String(head.Signed.Verbatim.Span), Convert.ToBase64String(other) },
                });
            await ForgetUnprovenAsync(session, row);
            return added;
        },
        cancellation);

    public async Task<IReadOnlyList<StoredHead>> UnprovenHeadsAsync(LogId log, TreeSize above, CancellationToken cancellation) => await ReadAsync(
        session => session.AllAsync(
            """
            SELECT size, root, verbatim FROM head JOIN log ON log.id = head.log
            WHERE log_id = @log AND NOT proven AND size > @above ORDER BY size, time
            """,
            row => new StoredHead(new TreeSize(row.Size(0)), new MerkleHash(row.Bytes(1)), row.Bytes(2)),
            ("@log", log.Value.ToArray()), ("@above", above.Value)),
        cancellation);

    public Task<StoredHead?> FindProvenHeadAsync(LogId log, CancellationToken cancellation) => ReadAsync(
        session => session.FirstAsync(
            "SELECT size, root, verbatim FROM head JOIN log ON log.id = head.log WHERE log_id = @log AND proven ORDER BY size DESC LIMIT 1",
            row => new StoredHead(new TreeSize(row.Size(0)), new MerkleHash(row.Bytes(1)), row.Bytes(2)), ("@log", log.Value.ToArray())),
        cancellation);

    /// <summary>
    /// Heads of one size that contradict each other: the first ones, and of the first sizes. A log that forks at each look must
    /// not fill the disk; the incident has both heads.
    /// </summary>
    private const string Contradicting = """
        SELECT id FROM (
            SELECT id, ROW_NUMBER() OVER (PARTITION BY size ORDER BY id) AS place FROM head
            WHERE log = @log AND size IN (SELECT size FROM head WHERE log = @log GROUP BY size HAVING COUNT(*) > 1 ORDER BY size LIMIT @kept)) AS contradicting
        WHERE place <= 4
        """;

    /// <summary>The oldest, the newest and those that contradict each other stay: they are what a comparison can still use.</summary>
    private static Task<int> ForgetUnprovenAsync(PostgresSession session, long log) => session.RunAsync(
        $"""
        DELETE FROM head WHERE log = @log AND id IN
            (SELECT id FROM head WHERE log = @log AND NOT proven
                AND id NOT IN ({Contradicting})
                AND size <> (SELECT MIN(size) FROM head WHERE log = @log AND NOT proven)
             ORDER BY size DESC OFFSET @kept)
        """,
        ("@log", log), ("@kept", KeptHeads - 1));

    private static Task<int> ForgetProvenAsync(PostgresSession session, long log) => session.RunAsync(
        $"""
        DELETE FROM head WHERE log = @log AND proven AND id NOT IN
            (SELECT id FROM head WHERE log = @log ORDER BY size DESC LIMIT @kept)
            AND id NOT IN ({Contradicting})
        """,
        ("@log", log), ("@kept", KeptHeads));

    /// <summary>Adds a log, or learns its new name or address.</summary>
    private static Task<long> AddLogAsync(PostgresSession session, LogDescription log) => session.SingleAsync(
        """
        INSERT INTO log (log_id, description, operator, url, protocol, spki)
        VALUES (@id, @description, @operator, @url, @protocol, @spki)
        ON CONFLICT (log_id) DO UPDATE SET description = @description, operator = @operator, url = @url, protocol = @protocol
        RETURNING id
        """,
        row => row.GetInt64(0),
        ("@id", log.Id.Value.ToArray()), ("@description", log.Description), ("@operator", log.Operator),
        ("@url", log.Url.ToString()), ("@protocol", log.Protocol), ("@spki", log.Key.Spki));

    private static async Task<long> RowOfAsync(PostgresSession session, LogId log) =>
        await RowOrNullAsync(session, log) ?? throw new StoreException("the log was never begun");

    private static Task<long?> RowOrNullAsync(PostgresSession session, LogId log) =>
        session.FirstAsync("SELECT id FROM log WHERE log_id = @id", row => (long?)row.GetInt64(0), ("@id", log.Value.ToArray()));

    private static LogId Id(byte[] hash) => new(new MerkleHash(hash));
}
