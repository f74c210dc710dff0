using System.Text.Json;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;
using Npgsql;

namespace CertHerald.Storage.Postgres;

/// <summary>Searches of the past.</summary>
internal sealed partial class PostgresStore
{
    private const string BackFillColumns = "id, items, since, added, paused, logs";

    public async Task<IReadOnlyList<BackFill>> BackFillsAsync(CancellationToken cancellation) => await ReadAsync(
        async session =>
        {
            List<BackFill> all = await session.AllAsync($"SELECT {BackFillColumns} FROM back_fill ORDER BY id DESC", ReadBackFill);
            if (all.Count == 0) return all;
            ILookup<long, (LogId, LogLane)> lanes = (await session.AllAsync(
                $"SELECT {LaneColumns}, log_id FROM lane JOIN log ON log.id = lane.log WHERE back_fill IS NOT NULL ORDER BY lane.log, start",
                row => (Lane: ReadLane(row), Log: Id(row.Bytes(11))))).ToLookup(one => one.Lane.BackFill!.Value, one => (one.Log, one.Lane));
            return all.ConvertAll(one => one with { Lanes = [.. lanes[one.Id]] });
        },
        cancellation);

    public Task<BackFill> AddBackFillAsync(IReadOnlyList<string> items, DateTimeOffset since, IReadOnlyList<LogId> logs, CancellationToken cancellation) => WriteAsync(
        session => session.SingleAsync(
            $"INSERT INTO back_fill (items, since, added, logs) VALUES (@items, @since, @now, @logs) RETURNING {BackFillColumns}", ReadBackFill,
            ("@items", JsonSerializer.Serialize(items)), ("@since", since), ("@now", _time.GetUtcNow()), ("@logs", logs.Select(log => log.Value.ToArray()).ToArray())),
        cancellation);

    public Task<bool> PauseBackFillAsync(long id, bool paused, CancellationToken cancellation) => WriteAsync(
        async session => await session.RunAsync("UPDATE back_fill SET paused = @paused WHERE id = @id", ("@paused", paused), ("@id", id)) > 0, cancellation);

    public Task<bool> RemoveBackFillAsync(long id, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            // The search first: nobody begins a lane of it from here on.
            bool isRemoved = await session.RunAsync("DELETE FROM back_fill WHERE id = @id", ("@id", id)) > 0;
            await session.RunAsync("DELETE FROM lane WHERE back_fill = @id", ("@id", id));
            return isRemoved;
        },
        cancellation);

    public Task<LogLane?> BeginBackFillAsync(long id, LogId log, Frontier start, TreeSize until, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            await OwnAsync(session, log);
            long row = await RowOfAsync(session, log);
            if (!await session.FirstAsync("SELECT true FROM back_fill WHERE id = @id FOR SHARE", _ => true, ("@id", id))) return null;
            return await session.FirstAsync($"SELECT {LaneColumns} FROM lane WHERE log = @log AND back_fill = @id ORDER BY start", ReadLane, ("@log", row), ("@id", id))
                ?? await AddLaneAsync(session, row, id, start, until);
        },
        cancellation);

    private static BackFill ReadBackFill(NpgsqlDataReader row) => new(
        row.GetInt64(0), Texts(row.GetString(1)), row.Time(2), row.Time(3), row.GetBoolean(4), [.. row.GetFieldValue<byte[][]>(5).Select(Id)], []);
}
