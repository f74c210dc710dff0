using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Microsoft.Data.Sqlite;

namespace CertHerald.Storage.Sqlite;

/// <summary>
/// The one writer: a thread that runs waiting writes, each whole or not at all, many to a transaction. SQLite works
/// synchronously, so its waits must not block the pool; one flush to disk pays for all that waited meanwhile.
/// </summary>
internal sealed class SqliteWriter : IDisposable
{
    /// <summary>Writes that may wait. Beyond it, writers wait to be let in: memory stays bounded.</summary>
    private const int Room = 256;

    private readonly SqliteSession _session;
    private readonly Channel<Write> _waiting = Channel.CreateBounded<Write>(new BoundedChannelOptions(Room) { SingleReader = true });
    private readonly Histogram<double> _commitSeconds;
    private readonly Thread _thread;

    public SqliteWriter(SqliteSession session, Meter meter)
    {
        _session = session;
        _commitSeconds = Stores.MeasureCommits(meter);
        _thread = new Thread(Run) { IsBackground = true, Name = "store writer" };
        _thread.Start();
    }

    /// <summary>Runs <paramref name="work"/> in a transaction; it is on disk when the task ends. It must not be awaited inside itself.</summary>
    /// <param name="work">May run twice, the first time in vain: it changes nothing but what the session writes.</param>
    /// <exception cref="StoreException">The transaction failed; nothing of this work was written.</exception>
    public async Task<T> RunAsync<T>(Func<SqliteSession, T> work, CancellationToken cancellation)
    {
        var write = new Write<T>(work);
        try
        {
            await _waiting.Writer.WriteAsync(write, cancellation);
        }
        catch (ChannelClosedException failure)
        {
            throw new StoreException("the database is closed", failure);
        }
        // Not cancellable from here on: the caller must learn whether it was written.
        return await write.Result;
    }

    /// <summary>Finishes what waits, then closes the connection.</summary>
    public void Dispose()
    {
        _waiting.Writer.TryComplete();
        _thread.Join();
        _session.Dispose();
    }

    private void Run()
    {
        var together = new List<Write>(Room);
        while (_waiting.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (together.Count < Room && _waiting.Reader.TryRead(out Write? write)) together.Add(write);

            long started = Stopwatch.GetTimestamp();
            StoreException? failure;
            try
            {
                failure = Commit(together);
            }
            catch (Exception defect)
            {
                // Even if the connection is lost under it, this thread must live: everybody would wait for an answer for ever.
                failure = new StoreException($"the database could not be written: {defect.Message}", defect);
            }
            _commitSeconds.Record(Stopwatch.GetElapsedTime(started).TotalSeconds);

            foreach (Write write in together) write.Finish(failure);
            together.Clear();
        }
    }

    /// <summary>One transaction for all. If one of them fails by itself, all are taken back, and run again apart from each other.</summary>
    private StoreException? Commit(List<Write> writes)
    {
        try
        {
            _session.Run("BEGIN IMMEDIATE");
            if (writes.TrueForAll(write => write.TryRun(_session)))
            {
                _session.Run("COMMIT");
                return null;
            }
            _session.Run("ROLLBACK");
            if (writes.Count > 1) CommitApart(writes);
            return null;
        }
        catch (SqliteException failure)
        {
            // A full disk ends the transaction by itself; anything else leaves it open.
            if (_session.InTransaction) _session.Run("ROLLBACK");
            return NotWritten(failure);
        }
    }

    /// <summary>Each in a savepoint of its own, so that one's mistake leaves the others whole. It costs: pages are kept as they were.</summary>
    private void CommitApart(List<Write> writes)
    {
        _session.Run("BEGIN IMMEDIATE");
        foreach (Write write in writes)
        {
            _session.Run("SAVEPOINT one");
            if (!write.TryRun(_session)) _session.Run("ROLLBACK TO one");
            _session.Run("RELEASE one");
        }
        _session.Run("COMMIT");
    }

    private static StoreException NotWritten(Exception failure) => new($"the database could not be written: {failure.Message}", failure);

    private abstract class Write
    {
        /// <summary>Runs the work and keeps its value or its exception. False if it failed by itself; throws if the database did.</summary>
        public abstract bool TryRun(SqliteSession session);

        /// <summary>Tells the caller, after the commit.</summary>
        public abstract void Finish(Exception? failure);
    }

    private sealed class Write<T>(Func<SqliteSession, T> work) : Write
    {
        private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T? _value;
        private Exception? _own;

        public Task<T> Result => _done.Task;

        public override bool TryRun(SqliteSession session)
        {
            _own = null;
            try
            {
                _value = work(session);
                return true;
            }
            catch (Exception failure) when (session.InTransaction)
            {
                _own = failure is SqliteException ? NotWritten(failure) : failure;
                return false;
            }
        }

        public override void Finish(Exception? failure)
        {
            if ((_own ?? failure) is { } thrown) _done.SetException(thrown);
            else _done.SetResult(_value!);
        }
    }
}
