using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace CertHerald.Storage.Sqlite;

/// <summary>What revocation lists say of issuances.</summary>
internal sealed partial class SqliteStore
{
    // When it was last looked for: not in lists from before it was known where to look.
    private const string CheckedAt = "CASE WHEN crl.checked >= revocation.since THEN crl.checked END";

    private const string RevocationColumns = $"is_revoked, revoked_at, reason, {CheckedAt}, found, until, is_read, revocation.problem, crl.problem";

    public Task<IReadOnlyList<StoredCertificate>> UnreadPointsAsync(int limit, CancellationToken cancellation) => ReadAsync<IReadOnlyList<StoredCertificate>>(
        session => session.All(
            $"SELECT {IssuanceColumns} FROM issuance WHERE id IN (SELECT issuance FROM revocation WHERE is_read = 0 ORDER BY issuance LIMIT @limit) ORDER BY id",
            row => new StoredCertificate(row.GetInt64(0), ReadFacts(row)), ("@limit", limit)),
        cancellation);

    public Task<int> KeepPointsAsync(IReadOnlyList<RevocationPoint> points, TimeSpan apart, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            DateTimeOffset now = _time.GetUtcNow();
            foreach (RevocationPoint point in points)
            {
                if (point.Crl is { } crl)
                    session.Run(
                        """
                        INSERT INTO crl (identity, uris, issuer_name, issuer_key, due) VALUES (@identity, @uris, @name, @key, @now)
                        ON CONFLICT (identity) DO UPDATE SET due = min(due, max(@now, COALESCE(asked, 0) + @apart))
                        """,
                        ("@identity", crl.Identity), ("@uris", string.Join('\n', crl.Uris)), ("@name", crl.IssuerName), ("@key", crl.IssuerKey), ("@now", now), ("@apart", (long)apart.TotalMilliseconds));
                session.Run(
                    """
                    UPDATE revocation SET is_read = 1, since = @now, until = @until, serial = @serial, problem = @problem, crl = (SELECT id FROM crl WHERE identity = @identity)
                    WHERE issuance = @issuance AND (@keyless = 0 OR EXISTS (SELECT 1 FROM issuance WHERE id = @issuance AND issuer_pubkey_sha256 IS NULL))
                    """,
                    ("@now", now), ("@keyless", point.IsKeyUnknown), ("@until", point.Until), ("@serial", point.Serial), ("@problem", point.Problem), ("@identity", point.Crl?.Identity), ("@issuance", point.Issuance));
            }
            return points.Count;
        },
        cancellation);

    public Task<IReadOnlyList<StoredCrl>> DueCrlsAsync(DateTimeOffset now, int limit, CancellationToken cancellation) => ReadAsync<IReadOnlyList<StoredCrl>>(
        session => session.All(
            """
            SELECT id, uris, issuer_name, issuer_key, failures, checked, this_update FROM crl
            WHERE due <= @now AND EXISTS (SELECT 1 FROM revocation WHERE crl = crl.id AND until > @now) ORDER BY due, id LIMIT @limit
            """,
            row => new StoredCrl(row.GetInt64(0), new CrlAddress(row.GetString(1).Split('\n'), row.GetString(2), row.GetString(3)), row.GetInt32(4), row.TimeOrNull(5), row.TimeOrNull(6)),
            ("@now", now), ("@limit", limit)),
        cancellation);

    public Task<IReadOnlyList<CrlSubject>> CrlSubjectsAsync(long crl, DateTimeOffset now, CancellationToken cancellation) => ReadAsync<IReadOnlyList<CrlSubject>>(
        session => session.All(
            "SELECT issuance, serial, is_revoked, revoked_at, reason FROM revocation WHERE crl = @crl AND until > @now",
            row => new CrlSubject(row.GetInt64(0), row.GetString(1), row.GetBoolean(2), row.TimeOrNull(3), row.NumberOrNull(4)), ("@crl", crl), ("@now", now)),
        cancellation);

    public Task<int> KeepFindingsAsync(IReadOnlyList<CrlFinding> findings, DateTimeOffset found, CancellationToken cancellation) => WriteAsync(
        session => findings.Sum(finding => session.Run(
            "UPDATE revocation SET is_revoked = @revoked, revoked_at = @at, reason = @reason, found = @found WHERE issuance = @issuance",
            ("@issuance", finding.Issuance), ("@revoked", finding.IsRevoked), ("@at", finding.RevokedAt), ("@reason", finding.Reason), ("@found", found))),
        cancellation);

    public Task<bool> KeepCrlAsync(CrlLook look, CancellationToken cancellation) => WriteAsync(
        session => session.Run(
            """
            UPDATE crl SET asked = @asked, due = @due, problem = @problem, failures = CASE WHEN @update IS NULL THEN failures + 1 ELSE 0 END,
                checked = CASE WHEN @update IS NULL THEN checked ELSE @asked END, this_update = COALESCE(@update, this_update)
            WHERE id = @crl
            """,
            ("@crl", look.Crl), ("@asked", look.Asked), ("@due", look.Due), ("@problem", look.Problem), ("@update", look.ThisUpdate)) > 0,
        cancellation);

    public Task<IReadOnlyDictionary<long, Revocation>> RevocationsAsync(IReadOnlyCollection<long> issuances, CancellationToken cancellation) => ReadAsync<IReadOnlyDictionary<long, Revocation>>(
        session => session.All(
            $"SELECT {RevocationColumns}, issuance FROM revocation LEFT JOIN crl ON crl.id = revocation.crl WHERE issuance IN (SELECT value FROM json_each(@ids))",
            row => (row.GetInt64(9), ReadRevocation(row)), ("@ids", JsonSerializer.Serialize(issuances))).ToDictionary(),
        cancellation);

    public Task<RevocationCounts> CountRevocationsAsync(DateTimeOffset now, CancellationToken cancellation) => ReadAsync(
        session =>
        {
            (long all, long looked, long revoked) = session.Single(
                $"SELECT count(*), count({CheckedAt}), COALESCE(sum(is_revoked), 0) FROM revocation LEFT JOIN crl ON crl.id = revocation.crl WHERE until > @now",
                row => (row.GetInt64(0), row.GetInt64(1), row.GetInt64(2)), ("@now", now));
            long failing = session.Single(
                "SELECT count(*) FROM crl WHERE failures > 0 AND EXISTS (SELECT 1 FROM revocation WHERE crl = crl.id AND until > @now)", row => row.GetInt64(0), ("@now", now));
            return new RevocationCounts(looked, all - looked, revoked, failing);
        },
        cancellation);

    /// <summary>There are no others.</summary>
    public Task<bool> TakeCrlsAsync(DateTimeOffset until, CancellationToken cancellation) => Task.FromResult(true);

    private Revocation FindRevocation(SqliteSession session, long issuance) => session.First(
        $"SELECT {RevocationColumns} FROM revocation LEFT JOIN crl ON crl.id = revocation.crl WHERE issuance = @id", ReadRevocation, ("@id", issuance)) ?? Revocation.Unknown;

    private Revocation ReadRevocation(SqliteDataReader row) => RevocationRow.Read(
        row.GetBoolean(0), row.TimeOrNull(1), row.NumberOrNull(2), row.TimeOrNull(3), row.TimeOrNull(4), row.Time(5), row.GetBoolean(6), row.GetString(7), row.TextOrNull(8), _time.GetUtcNow());
}
