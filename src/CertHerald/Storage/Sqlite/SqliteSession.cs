using Microsoft.Data.Sqlite;

namespace CertHerald.Storage.Sqlite;

/// <summary>One connection and its prepared statements. Not thread-safe: one user at a time.</summary>
internal sealed class SqliteSession(SqliteConnection connection) : IDisposable
{
    /// <summary>SQLITE_DBCONFIG_ENABLE_QPSG.</summary>
    private const int StablePlans = 1007;

    // Statements are constants beside the methods that run them, so there are a few dozen.
    private readonly Dictionary<string, SqliteCommand> _prepared = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SqliteStatement> _positional = new(StringComparer.Ordinal);

    /// <summary>Whether a transaction is open. SQLite ends one by itself when the disk is full.</summary>
    public bool InTransaction => SQLitePCL.raw.sqlite3_get_autocommit(connection.Handle) == 0;

    /// <summary>The row that was inserted last, by its id.</summary>
    public long LastRow => SQLitePCL.raw.sqlite3_last_insert_rowid(connection.Handle);

    /// <summary>Rows changed so far on this connection: tells whether what lay between changed any.</summary>
    public long Changes => SQLitePCL.raw.sqlite3_total_changes(connection.Handle);

    public void Open()
    {
        connection.Open();
        // Else a statement with a parameter in LIMIT would be compiled anew for each value of it.
        SqliteException.ThrowExceptionForRC(SQLitePCL.raw.sqlite3_db_config(connection.Handle, StablePlans, 1, out _), connection.Handle);
    }

    /// <summary>A statement for many runs, with parameters by position.</summary>
    public SqliteStatement Statement(string sql)
    {
        if (!_positional.TryGetValue(sql, out SqliteStatement? statement)) _positional.Add(sql, statement = new SqliteStatement(connection, sql));
        return statement;
    }

    /// <summary>Runs a statement; the number of rows changed.</summary>
    public int Run(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters) =>
        Prepare(sql, parameters).ExecuteNonQuery();

    /// <summary>
    /// Runs several statements, up to the first that fails. A command would run those behind one that has columns, as some forms of
    /// ALTER TABLE have, only when its reader is disposed of, and then say nothing of what failed.
    /// </summary>
    public void RunScript(string script) =>
        SqliteException.ThrowExceptionForRC(SQLitePCL.raw.sqlite3_exec(connection.Handle, script), connection.Handle);

    /// <summary>All rows.</summary>
    public List<T> All<T>(string sql, Func<SqliteDataReader, T> read, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using SqliteDataReader rows = Prepare(sql, parameters).ExecuteReader();
        var all = new List<T>();
        while (rows.Read()) all.Add(read(rows));
        return all;
    }

    /// <summary>The first row, or <c>default</c> if there is none.</summary>
    public T? First<T>(string sql, Func<SqliteDataReader, T> read, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using SqliteDataReader rows = Prepare(sql, parameters).ExecuteReader();
        return rows.Read() ? read(rows) : default;
    }

    /// <summary>The one row that must be there.</summary>
    public T Single<T>(string sql, Func<SqliteDataReader, T> read, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using SqliteDataReader rows = Prepare(sql, parameters).ExecuteReader();
        if (!rows.Read()) throw new StoreException("the database lacks a row that must be there; restore a backup");
        return read(rows);
    }

    public void Dispose()
    {
        foreach (SqliteCommand command in _prepared.Values) command.Dispose();
        foreach (SqliteStatement statement in _positional.Values) statement.Dispose();
        connection.Dispose();
    }

    private SqliteCommand Prepare(string sql, ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        if (_prepared.TryGetValue(sql, out SqliteCommand? command))
        {
            // By itself it would be compiled anew each time. Not at its first use: a step of the schema uses tables that it makes.
            command.Prepare();
        }
        else
        {
            command = connection.CreateCommand();
#pragma warning disable CA2100 // Every text is made of constants of this folder; values travel as parameters only.
            command.CommandText = sql;
#pragma warning restore CA2100
            _prepared.Add(sql, command);
        }

        // One statement has one caller, or callers that name the same parameters: those of the last run take the new values.
        if (command.Parameters.Count != parameters.Length)
        {
            command.Parameters.Clear();
            foreach ((string name, object? _) in parameters) command.Parameters.Add(new SqliteParameter { ParameterName = name });
        }
        for (int i = 0; i < parameters.Length; i++)
        {
            SqliteParameter parameter = command.Parameters[i];
            if (parameter.ParameterName != parameters[i].Name) parameter.ParameterName = parameters[i].Name;
            parameter.Value = Storable(parameters[i].Value);
        }
        return command;
    }

    private static object Storable(object? value) => value switch
    {
        null => DBNull.Value,
        ulong size => checked((long)size),
        DateTimeOffset time => time.ToUnixTimeMilliseconds(),
        Enum state => state.ToString().ToLowerInvariant(),
        ReadOnlyMemory<byte> bytes => bytes.ToArray(),
        _ => value,
    };
}

/// <summary>Reading columns in the forms that the tables use.</summary>
internal static class SqliteRows
{
    public static DateTimeOffset Time(this SqliteDataReader row, int column) => DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(column));

    public static DateTimeOffset? TimeOrNull(this SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.Time(column);

    /// <summary>Of a column in milliseconds.</summary>
    public static TimeSpan? SpanOrNull(this SqliteDataReader row, int column) => row.IsDBNull(column) ? null : TimeSpan.FromMilliseconds(row.GetDouble(column));

    public static string? TextOrNull(this SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    public static byte[] Bytes(this SqliteDataReader row, int column) => row.GetFieldValue<byte[]>(column);

    public static byte[]? BytesOrNull(this SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.Bytes(column);

    public static int? NumberOrNull(this SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.GetInt32(column);

    public static ulong Size(this SqliteDataReader row, int column) => (ulong)row.GetInt64(column);

    public static T Named<T>(this SqliteDataReader row, int column) where T : struct, Enum => Enum.Parse<T>(row.GetString(column), ignoreCase: true);
}
