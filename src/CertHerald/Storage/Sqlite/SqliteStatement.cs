using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace CertHerald.Storage.Sqlite;

/// <summary>
/// A prepared statement whose values are bound by position: for what runs for every delivery, where names, boxes and readers
/// cost more than the statement itself. Positions of parameters begin with 1, those of columns with 0, as SQLite counts.
/// Not thread-safe.
/// </summary>
internal sealed class SqliteStatement(SqliteConnection connection, string sql) : IDisposable
{
    private readonly sqlite3_stmt _statement = Prepare(connection, sql);

    public SqliteStatement Bind(int at, long value) => Checked(raw.sqlite3_bind_int64(_statement, at, value));

    public SqliteStatement Bind(int at, double value) => Checked(raw.sqlite3_bind_double(_statement, at, value));

    public SqliteStatement Bind(int at, string? value) => value is null ? BindNull(at) : Checked(raw.sqlite3_bind_text(_statement, at, value));

    /// <param name="text">UTF-8.</param>
    public SqliteStatement BindText(int at, ReadOnlySpan<byte> text) => Checked(raw.sqlite3_bind_text(_statement, at, text));

    public SqliteStatement BindBytes(int at, ReadOnlySpan<byte> value) => Checked(value.IsEmpty ? raw.sqlite3_bind_zeroblob(_statement, at, 0) : raw.sqlite3_bind_blob(_statement, at, value));

    public SqliteStatement Bind(int at, DateTimeOffset value) => Bind(at, value.ToUnixTimeMilliseconds());

    public SqliteStatement Bind(int at, DateTimeOffset? value) => value is { } time ? Bind(at, time) : BindNull(at);

    public SqliteStatement Bind(int at, int? value) => value is { } number ? Bind(at, (long)number) : BindNull(at);

    public SqliteStatement Bind(int at, double? value) => value is { } number ? Bind(at, number) : BindNull(at);

    public SqliteStatement BindNull(int at) => Checked(raw.sqlite3_bind_null(_statement, at));

    /// <summary>Moves to the next row; false when there is none, and the statement can run again.</summary>
    public bool Step()
    {
        int result = raw.sqlite3_step(_statement);
        if (result == raw.SQLITE_ROW) return true;
        // In this order: a reset tells the failure of the step once more.
        raw.sqlite3_reset(_statement);
        if (result != raw.SQLITE_DONE) SqliteException.ThrowExceptionForRC(result, connection.Handle);
        return false;
    }

    /// <summary>Leaves the rows that are not read yet, and can run again.</summary>
    public void Reset() => raw.sqlite3_reset(_statement);

    /// <summary>Runs it to its end; the number of rows changed.</summary>
    public int Run()
    {
        while (Step()) { }
        return raw.sqlite3_changes(connection.Handle);
    }

    public bool IsNull(int column) => raw.sqlite3_column_type(_statement, column) == raw.SQLITE_NULL;

    public long Number(int column) => raw.sqlite3_column_int64(_statement, column);

    public double Real(int column) => raw.sqlite3_column_double(_statement, column);

    public string Text(int column) => raw.sqlite3_column_text(_statement, column).utf8_to_string();

    public string? TextOrNull(int column) => IsNull(column) ? null : Text(column);

    public byte[]? BytesOrNull(int column) => IsNull(column) ? null : raw.sqlite3_column_blob(_statement, column).ToArray();

    public DateTimeOffset Time(int column) => DateTimeOffset.FromUnixTimeMilliseconds(Number(column));

    public DateTimeOffset? TimeOrNull(int column) => IsNull(column) ? null : Time(column);

    public T Named<T>(int column) where T : struct, Enum => Enum.Parse<T>(Text(column), ignoreCase: true);

    public void Dispose() => _statement.Dispose();

    private static sqlite3_stmt Prepare(SqliteConnection connection, string sql)
    {
        SqliteException.ThrowExceptionForRC(raw.sqlite3_prepare_v2(connection.Handle, sql, out sqlite3_stmt statement), connection.Handle);
        return statement;
    }

    private SqliteStatement Checked(int result)
    {
        SqliteException.ThrowExceptionForRC(result, connection.Handle);
        return this;
    }
}
