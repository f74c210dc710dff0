namespace CertHerald.Storage.Postgres;

/// <summary>Who changed what.</summary>
internal sealed partial class PostgresStore
{
    // Beside no change: the note would be written twice.
    public async Task AddAuditAsync(AuditNote note, string outcome, CancellationToken cancellation)
    {
        await WriteAsync(session => AddAuditAsync(session, note, outcome), note: null, cancellation);
        note.IsWritten = true;
    }

    public async Task<IReadOnlyList<AuditEntry>> AuditAsync(long? before, int limit, CancellationToken cancellation) => await ReadAsync(
        session => session.AllAsync(
            "SELECT id, at, who, method, resource, outcome FROM audit WHERE id < @before ORDER BY id DESC LIMIT @limit",
            row => new AuditEntry(row.GetInt64(0), row.Time(1), row.GetString(2), row.GetString(3), row.GetString(4), row.GetString(5)),
            ("@before", before ?? long.MaxValue), ("@limit", limit)),
        cancellation);

    private static Task<int> AddAuditAsync(PostgresSession session, AuditNote note, string outcome) => session.RunAsync(
        "INSERT INTO audit (at, who, method, resource, outcome) VALUES (@at, @who, @method, @resource, @outcome)",
        ("@at", note.At), ("@who", note.Who), ("@method", note.Method), ("@resource", note.Resource), ("@outcome", outcome));
}
