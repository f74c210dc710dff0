using Npgsql;

namespace CertHerald.Storage.Postgres;

/// <summary>One connection of the pool, and perhaps a transaction on it. Not thread-safe: one user at a time.</summary>
internal sealed class PostgresSession(NpgsqlConnection connection, CancellationToken cancellation) : IAsyncDisposable
{
    // A node that is stopped in the middle of a transaction must not keep the others waiting for its locks.
    private const string Guards = "SET LOCAL idle_in_transaction_session_timeout = '15s'; SET LOCAL lock_timeout = '20s'";

    // Waiting for a lock is no harm where nothing else waits for this.
    private const string PatientGuards = "SET LOCAL idle_in_transaction_session_timeout = '15s'; SET LOCAL lock_timeout = 0";

    private NpgsqlTransaction? _transaction;

    /// <summary>Rows changed so far: tells whether there is anything to record.</summary>
    public long Changes { get; private set; }

    /// <summary>Its statements take as long as they take: over millions of rows, minutes.</summary>
    public bool IsPatient { get; init; }

    public Task OpenAsync() => connection.OpenAsync(cancellation);

    public async Task BeginAsync()
    {
        _transaction = await connection.BeginTransactionAsync(cancellation);
        await using NpgsqlCommand command = Command(IsPatient ? PatientGuards : Guards, []);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Whether a commit was asked for: if it fails, nobody knows what became of it.</summary>
    public bool IsCommitting { get; private set; }

    // Not cancellable: the caller must learn whether it was written.
    public async Task FinishAsync()
    {
        IsCommitting = true;
        await _transaction!.CommitAsync(CancellationToken.None);
        await _transaction.DisposeAsync();
        _transaction = null;
        IsCommitting = false;
    }

    /// <summary>Waits for a lock that is let go when the transaction ends.</summary>
    public Task LockAsync(PostgresLock of) => PerformAsync("SELECT pg_advisory_xact_lock(@lock)", ("@lock", (long)of));

    /// <summary>Waits while somebody else has the lock alone; others may have it beside us. Let go when the transaction ends.</summary>
    public Task ShareAsync(PostgresLock of) => PerformAsync("SELECT pg_advisory_xact_lock_shared(@lock)", ("@lock", (long)of));

    /// <summary>Runs a statement that only prepares or locks: what it changes is nobody's change.</summary>
    public async Task PerformAsync(string sql, params (string Name, object? Value)[] parameters)
    {
        await using NpgsqlCommand command = Command(sql, parameters);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Runs a statement; the number of rows changed.</summary>
    public async Task<int> RunAsync(string sql, params (string Name, object? Value)[] parameters)
    {
        await using NpgsqlCommand command = Command(sql, parameters);
        int changed = await command.ExecuteNonQueryAsync(cancellation);
        Changes += Math.Max(0, changed);
        return changed;
    }

    /// <summary>All rows.</summary>
    public async Task<List<T>> AllAsync<T>(string sql, Func<NpgsqlDataReader, T> read, params (string Name, object? Value)[] parameters)
    {
        await using NpgsqlCommand command = Command(sql, parameters);
        await using NpgsqlDataReader rows = await command.ExecuteReaderAsync(cancellation);
        var all = new List<T>();
        while (await rows.ReadAsync(cancellation)) all.Add(read(rows));
        await rows.CloseAsync();
        Changes += Math.Max(0, rows.RecordsAffected);
        return all;
    }

    /// <summary>The first row, or <c>default</c> if there is none.</summary>
    public async Task<T?> FirstAsync<T>(string sql, Func<NpgsqlDataReader, T> read, params (string Name, object? Value)[] parameters) =>
        await AllAsync(sql, read, parameters) is [var first, ..] ? first : default;

    /// <summary>The one row that must be there.</summary>
    public async Task<T> SingleAsync<T>(string sql, Func<NpgsqlDataReader, T> read, params (string Name, object? Value)[] parameters) =>
        await AllAsync(sql, read, parameters) is [var single, ..]
            ? single
            : throw new StoreException("the database lacks a row that must be there; restore a backup");

    public async ValueTask DisposeAsync()
    {
        if (_transaction is not null) await _transaction.DisposeAsync();
        await connection.DisposeAsync();
    }

    private NpgsqlCommand Command(string sql, (string Name, object? Value)[] parameters)
    {
#pragma warning disable CA2100 // Every text is made of constants of this folder; values travel as parameters only.
        var command = new NpgsqlCommand(sql, connection, _transaction);
#pragma warning restore CA2100
        if (IsPatient) command.CommandTimeout = 0;
        foreach ((string name, object? value) in parameters) command.Parameters.Add(new NpgsqlParameter(name, Storable(value)));
        return command;
    }

    private static object Storable(object? value) => value switch
    {
        null => DBNull.Value,
        ulong size => checked((long)size),
        DateTimeOffset time => time.ToUnixTimeMilliseconds(),
        Enum state => state.ToString().ToLowerInvariant(),
        string text => Storable(text),
        string?[] texts => Array.ConvertAll(texts, text => text is null ? null : Storable(text)),
        _ => value,
    };

    /// <summary>
    /// A text with what PostgreSQL cannot hold replaced: a zero character, and halves of surrogate pairs. Names in certificates
    /// come from strangers: refused, one of them would keep its log from being read.
    /// </summary>
    private static string Storable(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\ud800', '\udfff') && !text.Contains('\0', StringComparison.Ordinal)) return text;
        return string.Concat(text.EnumerateRunes().Select(rune => rune.Value == 0 ? "\ufffd" : rune.ToString()));
    }
}

/// <summary>What only one transaction of a database does at a time. The numbers tell them from other programs' locks.</summary>
internal enum PostgresLock : long
{
    Migration = 0x4365_7274_0001,

    /// <summary>Ids that are read as a stream: whoever draws one commits before the next is drawn.</summary>
    Issuances,

    DeliveryNews,

    /// <summary>Telling of incidents and news: nobody hears of one twice.</summary>
    Telling,

    /// <summary>Reading and writing of what is encrypted: while it lasts, no key can go.</summary>
    Secrets,

    /// <summary>Look-alikes: what one registrable domain imitates is counted over all logs.</summary>
    Lookalikes,

    /// <summary>Certificates of chains: shared by those who refer to some, alone for who deletes those that nobody refers to.</summary>
    Chains,
}

/// <summary>Reading columns in the forms that the tables use.</summary>
internal static class PostgresRows
{
    public static DateTimeOffset Time(this NpgsqlDataReader row, int column) => DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(column));

    public static DateTimeOffset? TimeOrNull(this NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.Time(column);

    public static string? TextOrNull(this NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    /// <summary>Of a column in milliseconds.</summary>
    public static TimeSpan? SpanOrNull(this NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : TimeSpan.FromMilliseconds(row.GetDouble(column));

    public static byte[] Bytes(this NpgsqlDataReader row, int column) => row.GetFieldValue<byte[]>(column);

    public static byte[]? BytesOrNull(this NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.Bytes(column);

    public static int? NumberOrNull(this NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetInt32(column);

    public static long? LongOrNull(this NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetInt64(column);

    public static ulong Size(this NpgsqlDataReader row, int column) => (ulong)row.GetInt64(column);

    public static T Named<T>(this NpgsqlDataReader row, int column) where T : struct, Enum => Enum.Parse<T>(row.GetString(column), ignoreCase: true);
}
