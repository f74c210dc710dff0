namespace CertHerald.Storage.Sqlite;

/// <summary>Who changed what.</summary>
internal sealed partial class SqliteStore
{
    // Not through WriteAsync: the note would be written twice.
    public async Task AddAuditAsync(AuditNote note, string outcome, CancellationToken cancellation)
    {
        await _writer.RunAsync(session => AddAudit(session, note, outcome), cancellation);
        note.IsWritten = true;
    }

    public async Task<IReadOnlyList<AuditEntry>> AuditAsync(long? before, int limit, CancellationToken cancellation) => await ReadAsync(
        session => session.All(
            "SELECT id, at, who, method, resource, outcome FROM audit WHERE id < @before ORDER BY id DESC LIMIT @limit",
            row => new AuditEntry(row.GetInt64(0), row.Time(1), row.GetString(2), row.GetString(3), row.GetString(4), row.GetString(5)),
            ("@before", before ?? long.MaxValue), ("@limit", limit)),
        cancellation);

    /// <summary>Makes a change and records it in the same transaction; what changed nothing is left to whoever made the note.</summary>
    private async Task<T> WriteAuditedAsync<T>(AuditNote note, Func<SqliteSession, T> write, CancellationToken cancellation)
    {
        bool recorded = false;
        T value = await _writer.RunAsync(
            session =>
            {
                long before = session.Changes;
                T made = write(session);
                recorded = !note.IsWritten && session.Changes != before;
                if (recorded) AddAudit(session, note, AuditNote.Done);
                return made;
            },
            cancellation);
        // Only now is it durable.
        note.IsWritten |= recorded;
        return value;
    }

    private static int AddAudit(SqliteSession session, AuditNote note, string outcome) => session.Run(
        "INSERT INTO audit (at, who, method, resource, outcome) VALUES (@at, @who, @method, @resource, @outcome)",
        ("@at", note.At), ("@who", note.Who), ("@method", note.Method), ("@resource", note.Resource), ("@outcome", outcome));
}
