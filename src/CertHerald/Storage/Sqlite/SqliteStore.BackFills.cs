using System.Text.Json;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;
using Microsoft.Data.Sqlite;

namespace CertHerald.Storage.Sqlite;

/// <summary>Searches of the past.</summary>
internal sealed partial class SqliteStore
{
    private const string BackFillColumns = "id, items, since, added, paused, logs";

    public Task<IReadOnlyList<BackFill>> BackFillsAsync(CancellationToken cancellation) => ReadAsync<IReadOnlyList<BackFill>>(
        session => session.All($"SELECT {BackFillColumns} FROM back_fill ORDER BY id DESC", row => ReadBackFill(session, row)), cancellation);

    public Task<BackFill> AddBackFillAsync(IReadOnlyList<string> items, DateTimeOffset since, IReadOnlyList<LogId> logs, CancellationToken cancellation) => WriteAsync(
        session => session.Single(
            $"INSERT INTO back_fill (items, since, added, logs) VALUES (@items, @since, @now, @logs) RETURNING {BackFillColumns}",
            row => ReadBackFill(session, row),
            ("@items", JsonSerializer.Serialize(items)), ("@since", since), ("@now", _time.GetUtcNow()),
            ("@logs", JsonSerializer.Serialize(logs.Select(log => log.Value.ToArray())))),
        cancellation);

    public Task<bool> PauseBackFillAsync(long id, bool paused, CancellationToken cancellation) => WriteAsync(
        session => session.Run("UPDATE back_fill SET paused = @paused WHERE id = @id", ("@paused", paused), ("@id", id)) > 0, cancellation);

    public Task<bool> RemoveBackFillAsync(long id, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            session.Run("DELETE FROM lane WHERE back_fill = @id", ("@id", id));
            return session.Run("DELETE FROM back_fill WHERE id = @id", ("@id", id)) > 0;
        },
        cancellation);

    public Task<LogLane?> BeginBackFillAsync(long id, LogId log, Frontier start, TreeSize until, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            long row = RowOf(session, log);
            if (session.First("SELECT id FROM back_fill WHERE id = @id", found => (long?)found.GetInt64(0), ("@id", id)) is null) return null;
            return session.First($"SELECT {LaneColumns} FROM lane WHERE log = @log AND back_fill = @id ORDER BY start", ReadLane, ("@log", row), ("@id", id))
                ?? AddLane(session, row, id, start, until);
        },
        cancellation);

    private static BackFill ReadBackFill(SqliteSession session, SqliteDataReader row) => new(
        row.GetInt64(0), Texts(row.GetString(1)), row.Time(2), row.Time(3), row.GetBoolean(4),
        [.. JsonSerializer.Deserialize<byte[][]>(row.GetString(5))!.Select(Id)],
        session.All(
            $"SELECT {LaneColumns}, log_id FROM lane JOIN log ON log.id = lane.log WHERE back_fill = @id ORDER BY lane.log, start",
            lane => (Id(lane.Bytes(11)), ReadLane(lane)), ("@id", row.GetInt64(0))));
}
