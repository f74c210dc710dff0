using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;
using Npgsql;

namespace CertHerald.Storage.Postgres;

/// <summary>What becomes of the logs that lists name.</summary>
internal sealed partial class PostgresStore
{
    public async Task<IReadOnlyList<LogLife>> LivesAsync(CancellationToken cancellation) => await ReadAsync(
        session => session.AllAsync(
            """
            SELECT spki, description, operator, protocol, url, submission_url, mmd_ms, state, final_size, final_root, lists, stage, silent_since, has_rest
            FROM log_life ORDER BY operator, description, log_id
            """,
            ReadLife),
        cancellation);

    public Task KeepLivesAsync(IReadOnlyList<LogLife> lives, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            // In one order: other nodes keep them, too.
            foreach (LogLife life in lives.OrderBy(life => life.Log.Id.ToString(), StringComparer.Ordinal)) await KeepLifeAsync(session, life);
            return lives.Count;
        },
        cancellation);

    private static Task<int> KeepLifeAsync(PostgresSession session, LogLife life)
    {
        LogDescription log = life.Log;
        return session.RunAsync(
            """
            INSERT INTO log_life (log_id, spki, description, operator, protocol, url, submission_url, mmd_ms, state, final_size, final_root, lists, stage, silent_since, has_rest)
            VALUES (@id, @spki, @description, @operator, @protocol, @url, @submission, @mmd, @state, @finalSize, @finalRoot, @lists, @stage, @silent, @rest)
            ON CONFLICT (log_id) DO UPDATE SET
                description = @description, operator = @operator, protocol = @protocol, url = @url, submission_url = @submission, mmd_ms = @mmd,
                state = @state, final_size = @finalSize, final_root = @finalRoot, lists = @lists, stage = @stage, silent_since = @silent, has_rest = @rest
            """,
            ("@id", log.Id.Value.ToArray()), ("@spki", log.Key.Spki), ("@description", log.Description), ("@operator", log.Operator),
            // As the list writes them: a tiled log's name is compared byte for byte.
            ("@protocol", log.Protocol), ("@url", log.Url.OriginalString), ("@submission", log.SubmissionUrl?.OriginalString),
            ("@mmd", (long)log.Mmd.TotalMilliseconds), ("@state", log.State), ("@finalSize", log.FinalTreeHead?.Size.Value),
            ("@finalRoot", log.FinalTreeHead?.Root.ToArray()), ("@lists", life.Lists.ToArray()), ("@stage", life.Stage),
            ("@silent", life.SilentSince), ("@rest", life.HasRest));
    }

    private static LogLife ReadLife(NpgsqlDataReader row)
    {
        if (!LogKey.TryCreate(row.Bytes(0), out LogKey? key, out string? problem))
            throw new StoreException($"the database holds the key of a log that is none: {problem}; restore a backup");

        LogDescription log = LogDescription.Custom(
            key, row.Named<LogProtocol>(3), row.GetString(4), row.TextOrNull(5), row.GetString(1), row.GetString(2), TimeSpan.FromMilliseconds(row.GetInt64(6))) with
        {
            State = row.Named<LogState>(7),
            FinalTreeHead = row.IsDBNull(8) ? null : new FinalTreeHead(new TreeSize(row.Size(8)), new MerkleHash(row.Bytes(9))),
        };
        return new LogLife(log, row.GetFieldValue<string[]>(10), row.Named<LogStage>(11), row.TimeOrNull(12), row.GetBoolean(13));
    }
}
