using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using CertHerald.Storage.Secrets;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace CertHerald.Storage.Sqlite;

/// <summary>
/// The store inside the program: one file in WAL mode, one writer, any number of readers, one process.
/// <c>synchronous=FULL</c>: what a method returned from survives a power cut.
/// </summary>
internal sealed partial class SqliteStore : IStore
{
    /// <summary>SQLITE_CONFIG_MEMSTATUS.</summary>
    private const int MemoryStatistics = 9;

    /// <summary>Idle readers that are kept.</summary>
    private const int MostReaders = 16;

    private readonly SqliteConnectionStringBuilder _address;
    private readonly SqliteWriter _writer;
    private readonly TimeProvider _time;
    private readonly FileStream _instance;
    private readonly SecretKeys _secrets;

    // Readers with their prepared statements, between two reads.
    private readonly ConcurrentBag<SqliteSession> _readers = [];
    private volatile bool _isClosed;

    static SqliteStore()
    {
        // Before SQLite's first use: it counts its memory under one lock for all connections, and nobody asks for the count.
        Batteries_V2.Init();
        _ = raw.sqlite3_config(MemoryStatistics, 0);
    }

    private SqliteStore(SqliteConnectionStringBuilder address, SqliteSession session, FileStream instance, SecretKeys secrets, TimeProvider time, Meter meter)
    {
        _secrets = secrets;
        _address = address;
        _writer = new SqliteWriter(session, meter);
        _instance = instance;
        _time = time;
        string journal = _address.DataSource + "-wal";
        meter.CreateObservableGauge(
            "certherald_store_wal_bytes", () => new FileInfo(journal) is { Exists: true } file ? file.Length : 0L, "By",
            "Size of SQLite's write-ahead log, which a reader that never ends keeps from being written back.");
    }

    /// <summary>Opens or makes the database in a directory, and takes the directory for this process.</summary>
    /// <param name="forgotten">Null refuses to open secrets whose key is lost. Otherwise the webhooks they belong to are removed, and named here.</param>
    /// <exception cref="StoreInUseException">Another process has it.</exception>
    /// <exception cref="SecretKeyException">The key of its secrets is lost, damaged, or open to strangers.</exception>
    /// <exception cref="StoreException">It cannot be written, or a newer program made it.</exception>
    public static SqliteStore Open(string directory, TimeProvider time, Meter meter, List<string>? forgotten = null)
    {
        FileStream instance = DataDirectory.Take(directory);
        SqliteSession? session = null;
        try
        {
            var address = new SqliteConnectionStringBuilder { DataSource = Path.Combine(directory, DatabaseFile) };
            // Not pooled: a closed store must let go of its file.
            var connection = new SqliteConnection(new SqliteConnectionStringBuilder(address.ConnectionString) { Pooling = false }.ConnectionString);
            session = new SqliteSession(connection);
            session.Open();
            session.Run("PRAGMA page_size = 8192");
            session.Run("PRAGMA journal_mode = WAL");
            session.Run("PRAGMA synchronous = FULL");
            // Savepoints keep what they may have to take back in memory, not in a file; and hot pages stay there too.
            session.Run("PRAGMA temp_store = MEMORY");
            // A commit that does not fit is written out, read in and written again: each certificate changes ten places far apart.
            session.Run("PRAGMA cache_size = -65536");
            session.Run("PRAGMA foreign_keys = ON");
            // 32 MiB: a page that many transactions change goes to its place once.
            session.Run("PRAGMA wal_autocheckpoint = 4000");
            session.Run("PRAGMA busy_timeout = 10000");
            SqliteSchema.Migrate(session);
            FileOwner.Give(address.DataSource, address.DataSource + "-wal", address.DataSource + "-shm");
            SecretKeys secrets = SecretKeys.Open(directory);
            FindLost(session, secrets, forgotten, time.GetUtcNow());
            ReleaseClaims(session);
            ClearBackups(directory);
            return new SqliteStore(address, session, instance, secrets, time, meter);
        }
        catch (Exception failure) when (failure is SqliteException or StoreException)
        {
            session?.Dispose();
            instance.Dispose();
            if (failure is StoreException) throw;
            throw new StoreException($"the database in {directory} cannot be opened: {failure.Message}", failure);
        }
    }

    public ValueTask DisposeAsync()
    {
        // Readers first: only a writer that closes last clears the write-ahead log away.
        _isClosed = true;
        while (_readers.TryTake(out SqliteSession? reader)) reader.Dispose();
        _writer.Dispose();
        _instance.Dispose();
        return ValueTask.CompletedTask;
    }

    public async Task<bool> IsWritableAsync(CancellationToken cancellation)
    {
        try
        {
            // A row that is written and taken back: a read-only or full disk says so here.
            await _writer.RunAsync(session => session.Run("INSERT INTO webhook (name) VALUES ('') ON CONFLICT DO NOTHING") + session.Run("DELETE FROM webhook WHERE name = ''"), cancellation);
            return true;
        }
        catch (StoreException)
        {
            return false;
        }
    }

    /// <summary>Reads on a read-only connection, beside the writer. WAL: a reader sees the last commit and waits for nobody.</summary>
    private Task<T> ReadAsync<T>(Func<SqliteSession, T> read, CancellationToken cancellation) =>
        Task.Run(
            () =>
            {
                SqliteSession? session = null;
                bool isWhole = false;
                try
                {
                    session = TakeReader();
                    T value = read(session);
                    isWhole = true;
                    return value;
                }
                catch (SqliteException failure)
                {
                    throw new StoreException($"the database could not be read: {failure.Message}", failure);
                }
                finally
                {
                    if (session is not null) PutBack(session, isWhole);
                }
            },
            cancellation);

    private SqliteSession TakeReader()
    {
        if (_readers.TryTake(out SqliteSession? kept)) return kept;
        var session = new SqliteSession(new SqliteConnection(ReadAddress()));
        session.Open();
        return session;
    }

    private void PutBack(SqliteSession session, bool isWhole)
    {
        if (isWhole && !_isClosed && _readers.Count < MostReaders) _readers.Add(session);
        else session.Dispose();
        // Closed meanwhile: nobody else takes it out again.
        if (_isClosed) while (_readers.TryTake(out SqliteSession? reader)) reader.Dispose();
    }

    private Task<T> WriteAsync<T>(Func<SqliteSession, T> write, CancellationToken cancellation) =>
        AuditNote.Current is { IsWritten: false } note ? WriteAuditedAsync(note, write, cancellation) : _writer.RunAsync(write, cancellation);

    private string ReadAddress() => new SqliteConnectionStringBuilder(_address.ConnectionString) { Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ConnectionString;
}
