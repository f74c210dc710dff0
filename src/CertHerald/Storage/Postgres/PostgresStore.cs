using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net.Sockets;
using CertHerald.Storage.Secrets;
using Npgsql;

namespace CertHerald.Storage.Postgres;

/// <summary>
/// The store of several nodes: a PostgreSQL database. What a method returned from is as durable as the server's
/// <c>synchronous_commit</c> makes it. Transactions are READ COMMITTED; what they must not do at once, they lock, always in this
/// order: advisory lock of secrets or of telling, lease, lane, advisory lock of issuances, webhooks by name, deliveries by id,
/// advisory lock of news.
/// </summary>
internal sealed partial class PostgresStore : IStore
{
    /// <summary>A transaction that met a deadlock, or a connection that broke before anything was committed, begins anew so often.</summary>
    private const int MostTries = 4;

    private readonly NpgsqlDataSource _database;
    private readonly TimeProvider _time;
    private readonly FileStream _instance;
    private readonly SecretKeys _secrets;
    private readonly Histogram<double> _commitSeconds;
    private readonly PostgresHints _hints;
    private readonly PostgresHealth _health;
    private bool _isClosed;

    private PostgresStore(NpgsqlDataSource database, FileStream instance, SecretKeys secrets, TimeProvider time, Meter meter)
    {
        (_database, _instance, _secrets, _time) = (database, instance, secrets, time);
        _commitSeconds = Stores.MeasureCommits(meter);
        _hints = new PostgresHints(database, () => OwedElsewhere?.Invoke());
        _health = new PostgresHealth(database, time, meter);
    }

    /// <summary>Opens a database, brings its tables to this version, and takes a directory for this process.</summary>
    /// <param name="directory">This node's own: the key of secrets lies there.</param>
    /// <param name="time">A <see cref="DatabaseTime"/> is set by the database's clock, now and from time to time.</param>
    /// <param name="forgotten">Null refuses to open secrets whose key is lost. Otherwise the webhooks they belong to are removed, and named here.</param>
    /// <exception cref="StoreInUseException">Another process has the directory.</exception>
    /// <exception cref="SecretKeyException">The key of its secrets is lost, damaged, or open to strangers.</exception>
    /// <exception cref="StoreException">It cannot be reached or used, or a newer program made it.</exception>
    public static async Task<PostgresStore> OpenAsync(
        string connection, string directory, TimeProvider time, Meter meter, List<string>? forgotten = null)
    {
        NpgsqlDataSource database = PostgresAddress.Open(connection);
        FileStream? instance = null;
        try
        {
            instance = DataDirectory.Take(directory);
            SecretKeys secrets = SecretKeys.Open(directory);
            await using (var session = new PostgresSession(database.CreateConnection(), CancellationToken.None) { IsPatient = true })
            {
                await session.OpenAsync();
                await PostgresSchema.MigrateAsync(session);
            }
            await using (var session = new PostgresSession(database.CreateConnection(), CancellationToken.None))
            {
                await session.OpenAsync();
                await FindLostAsync(session, secrets, forgotten, time.GetUtcNow());
                await PostgresHealth.SetAsync(session, time);
            }
            return new PostgresStore(database, instance, secrets, time, meter);
        }
        catch (Exception failure) when (IsOfDatabase(failure) || failure is StoreException)
        {
            await database.DisposeAsync();
            if (instance is not null) await instance.DisposeAsync();
            if (failure is StoreException) throw;
            throw new StoreException($"the PostgreSQL database cannot be opened: {ProblemOf(failure)}; see \"store\" in the configuration", failure);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_isClosed) return;
        _isClosed = true;
        await _health.DisposeAsync();
        await _hints.DisposeAsync();
        await DisownLogsAsync();
        await _database.DisposeAsync();
        await _instance.DisposeAsync();
    }

    public async Task<bool> IsWritableAsync(CancellationToken cancellation)
    {
        try
        {
            // A standby that only reads, and a full disk, say so here.
            await WriteAsync(
                async session =>
                {
                    await session.PerformAsync("INSERT INTO webhook (name) VALUES ('') ON CONFLICT DO NOTHING");
                    await session.PerformAsync("DELETE FROM webhook WHERE name = ''");
                    return true;
                },
                cancellation);
            return true;
        }
        catch (StoreException)
        {
            return false;
        }
    }

    private Task<T> ReadAsync<T>(Func<PostgresSession, Task<T>> read, CancellationToken cancellation) => TryAsync("read", read, cancellation);

    /// <summary>Runs <paramref name="write"/> in a transaction, which is committed when the task ends.</summary>
    /// <param name="write">May run several times, all but the last time in vain: it changes nothing but what the session writes.</param>
    /// <exception cref="StoreException">Nothing was written; or, if the connection broke during the commit, perhaps all.</exception>
    private Task<T> WriteAsync<T>(Func<PostgresSession, Task<T>> write, CancellationToken cancellation) =>
        WriteAsync(write, AuditNote.Current is { IsWritten: false } note ? note : null, cancellation);

    /// <param name="note">Recorded in the same transaction, if that changes anything; what changed nothing is left to whoever made the note.</param>
    private async Task<T> WriteAsync<T>(Func<PostgresSession, Task<T>> write, AuditNote? note, CancellationToken cancellation)
    {
        bool recorded = false;
        T written = await TryAsync(
            "written",
            async session =>
            {
                long started = Stopwatch.GetTimestamp();
                await session.BeginAsync();
                T value = await write(session);
                recorded = note is { IsWritten: false } && session.Changes > 0;
                if (recorded) await AddAuditAsync(session, note!, AuditNote.Done);
                await session.FinishAsync();
                _commitSeconds.Record(Stopwatch.GetElapsedTime(started).TotalSeconds);
                return value;
            },
            cancellation);
        // Only now is it durable.
        if (recorded) note!.IsWritten = true;
        return written;
    }

    private async Task<T> TryAsync<T>(string done, Func<PostgresSession, Task<T>> work, CancellationToken cancellation)
    {
        for (int left = MostTries - 1; ; left--)
        {
            PostgresSession? session = null;
            try
            {
                session = new PostgresSession(_database.CreateConnection(), cancellation);
                await session.OpenAsync();
                return await work(session);
            }
            catch (Exception failure) when (left > 0 && session is { IsCommitting: false } && IsPassing(failure))
            {
                // Others wait in the pool that broke with this one.
                if (failure is not PostgresException { SqlState: PostgresErrorCodes.DeadlockDetected }) _database.Clear();
            }
            catch (Exception failure) when (IsOfDatabase(failure))
            {
                throw new StoreException($"the database could not be {done}: {ProblemOf(failure)}", failure);
            }
            catch (ObjectDisposedException failure)
            {
                throw new StoreException("the database is closed", failure);
            }
            finally
            {
                if (session is not null) await session.DisposeAsync();
            }
        }
    }

    /// <summary>
    /// Whether the same is likely to succeed at once: a deadlock, and a connection that was lost. A server that is not there is
    /// not asked again here: whoever waits for it knows for how long.
    /// </summary>
    private static bool IsPassing(Exception failure) => failure switch
    {
        PostgresException { SqlState: PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown } => true,
        PostgresException => false,
        NpgsqlException { InnerException: SocketException { SocketErrorCode: SocketError.ConnectionRefused } or TimeoutException } => false,
        NpgsqlException { InnerException: IOException or SocketException } => true,
        _ => false,
    };

    internal static bool IsOfDatabase(Exception failure) => failure is NpgsqlException or TimeoutException or IOException or SocketException;

    /// <summary>Without the server's detail, which shows values, and without the connection string.</summary>
    private static string ProblemOf(Exception failure) => failure switch
    {
        PostgresException refused => $"{refused.MessageText} ({refused.SqlState})",
        { InnerException: { } inner } when failure is NpgsqlException => $"{failure.Message}: {inner.Message}",
        _ => failure.Message,
    };
}
