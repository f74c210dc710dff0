using Npgsql;

namespace CertHerald.Storage.Postgres;

/// <summary>What revocation lists say of issuances.</summary>
internal sealed partial class PostgresStore
{
    // As in the other store.
    private const string CheckedAt = "CASE WHEN crl.checked >= revocation.since THEN crl.checked END";

    private const string RevocationColumns = $"is_revoked, revoked_at, reason, {CheckedAt}, found, until, is_read, revocation.problem, crl.problem";

    public async Task<IReadOnlyList<StoredCertificate>> UnreadPointsAsync(int limit, CancellationToken cancellation) => await ReadAsync(
        session => session.AllAsync(
            "SELECT id, cert_der, facts FROM issuance WHERE id IN (SELECT issuance FROM revocation WHERE NOT is_read ORDER BY issuance LIMIT @limit) ORDER BY id",
            row => new StoredCertificate(row.GetInt64(0), ReadFacts(row, 1)), ("@limit", limit)),
        cancellation);

    public Task<int> KeepPointsAsync(IReadOnlyList<RevocationPoint> points, TimeSpan apart, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            CrlAddress[] lists = [.. points.Select(point => point.Crl).OfType<CrlAddress>().DistinctBy(crl => crl.Identity, StringComparer.Ordinal).OrderBy(crl => crl.Identity, StringComparer.Ordinal)];
            DateTimeOffset now = _time.GetUtcNow();
            await session.RunAsync(
                """
                INSERT INTO crl (identity, uris, issuer_name, issuer_key, due) SELECT identity, uris, name, key, @now FROM unnest(@identities, @uris, @names, @keys) AS new (identity, uris, name, key)
                ON CONFLICT (identity) DO UPDATE SET due = LEAST(crl.due, GREATEST(excluded.due, COALESCE(crl.asked, 0) + @apart))
                """,
                ("@now", now), ("@apart", (long)apart.TotalMilliseconds), ("@identities", lists.Select(crl => crl.Identity).ToArray()),
                ("@uris", lists.Select(crl => string.Join('\n', crl.Uris)).ToArray()), ("@names", lists.Select(crl => crl.IssuerName).ToArray()), ("@keys", lists.Select(crl => crl.IssuerKey).ToArray()));
            await LockRevocationsAsync(session, [.. points.Select(point => point.Issuance)]);
            // From here on a key that is learnt makes its issuance unread after this, not before.
            List<long> learnt = await session.AllAsync(
                "SELECT id, cert_der, facts FROM issuance WHERE id = ANY(@ids)", row => ReadFacts(row, 1).IssuerPubkeySha256 is null ? 0 : row.GetInt64(0),
                ("@ids", points.Where(point => point.IsKeyUnknown).Select(point => point.Issuance).ToArray()));
            RevocationPoint[] kept = [.. points.Where(point => !learnt.Contains(point.Issuance))];
            await session.RunAsync(
                """
                UPDATE revocation SET is_read = true, since = @now, until = point.until, serial = point.serial, problem = point.problem, crl = (SELECT id FROM crl WHERE identity = point.identity)
                FROM unnest(@issuances, @until, @serials, @problems, @identities) AS point (issuance, until, serial, problem, identity) WHERE revocation.issuance = point.issuance
                """,
                ("@now", now), ("@issuances", kept.Select(point => point.Issuance).ToArray()), ("@until", kept.Select(point => point.Until.ToUnixTimeMilliseconds()).ToArray()),
                ("@serials", kept.Select(point => point.Serial).ToArray()), ("@problems", kept.Select(point => point.Problem).ToArray()), ("@identities", kept.Select(point => point.Crl?.Identity).ToArray()));
            return points.Count;
        },
        cancellation);

    public async Task<IReadOnlyList<StoredCrl>> DueCrlsAsync(DateTimeOffset now, int limit, CancellationToken cancellation) => await ReadAsync(
        session => session.AllAsync(
            """
            SELECT id, uris, issuer_name, issuer_key, failures, checked, this_update FROM crl
            WHERE due <= @now AND EXISTS (SELECT 1 FROM revocation WHERE revocation.crl = crl.id AND until > @now) ORDER BY due, id LIMIT @limit
            """,
            row => new StoredCrl(row.GetInt64(0), new CrlAddress(row.GetString(1).Split('\n'), row.GetString(2), row.GetString(3)), row.GetInt32(4), row.TimeOrNull(5), row.TimeOrNull(6)),
            ("@now", now), ("@limit", limit)),
        cancellation);

    public async Task<IReadOnlyList<CrlSubject>> CrlSubjectsAsync(long crl, DateTimeOffset now, CancellationToken cancellation) => await ReadAsync(
        session => session.AllAsync(
            "SELECT issuance, serial, is_revoked, revoked_at, reason FROM revocation WHERE crl = @crl AND until > @now",
            row => new CrlSubject(row.GetInt64(0), row.GetString(1), row.GetBoolean(2), row.TimeOrNull(3), row.NumberOrNull(4)), ("@crl", crl), ("@now", now)),
        cancellation);

    public Task<int> KeepFindingsAsync(IReadOnlyList<CrlFinding> findings, DateTimeOffset found, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            await LockRevocationsAsync(session, [.. findings.Select(one => one.Issuance)]);
            return await session.RunAsync(
                """
                UPDATE revocation SET is_revoked = finding.revoked, revoked_at = finding.at, reason = finding.reason, found = @found
                FROM unnest(@issuances, @revoked, @at, @reasons) AS finding (issuance, revoked, at, reason) WHERE revocation.issuance = finding.issuance
                """,
                ("@found", found), ("@issuances", findings.Select(one => one.Issuance).ToArray()), ("@revoked", findings.Select(one => one.IsRevoked).ToArray()),
                ("@at", findings.Select(one => one.RevokedAt?.ToUnixTimeMilliseconds()).ToArray()), ("@reasons", findings.Select(one => one.Reason).ToArray()));
        },
        cancellation);

    public Task<bool> KeepCrlAsync(CrlLook look, CancellationToken cancellation) => WriteAsync(
        async session => await session.RunAsync(
            look.ThisUpdate is null
                ? "UPDATE crl SET asked = @asked, due = @due, problem = @problem, failures = failures + 1 WHERE id = @crl"
                : "UPDATE crl SET asked = @asked, due = @due, problem = @problem, failures = 0, checked = @asked, this_update = @update WHERE id = @crl",
            [("@crl", look.Crl), ("@asked", look.Asked), ("@due", look.Due), ("@problem", look.Problem), .. look.ThisUpdate is { } update ? [("@update", (object?)update)] : Array.Empty<(string, object?)>()]) > 0,
        cancellation);

    public async Task<IReadOnlyDictionary<long, Revocation>> RevocationsAsync(IReadOnlyCollection<long> issuances, CancellationToken cancellation) =>
        await ReadAsync(session => FindRevocationsAsync(session, [.. issuances]), cancellation);

    public Task<RevocationCounts> CountRevocationsAsync(DateTimeOffset now, CancellationToken cancellation) => ReadAsync(
        async session =>
        {
            (long all, long looked, long revoked) = await session.SingleAsync(
                $"SELECT count(*), count({CheckedAt}), count(*) FILTER (WHERE is_revoked) FROM revocation LEFT JOIN crl ON crl.id = revocation.crl WHERE until > @now",
                row => (row.GetInt64(0), row.GetInt64(1), row.GetInt64(2)), ("@now", now));
            long failing = await session.SingleAsync(
                "SELECT count(*) FROM crl WHERE failures > 0 AND EXISTS (SELECT 1 FROM revocation WHERE revocation.crl = crl.id AND until > @now)", row => row.GetInt64(0), ("@now", now));
            return new RevocationCounts(looked, all - looked, revoked, failing);
        },
        cancellation);

    public Task<bool> TakeCrlsAsync(DateTimeOffset until, CancellationToken cancellation) => WriteAsync(
        async session => await session.RunAsync(
            """
            INSERT INTO crl_lease (id, node, until) VALUES (1, @node, @until)
            ON CONFLICT (id) DO UPDATE SET node = @node, until = @until WHERE crl_lease.node = @node OR crl_lease.until < @now
            """,
            ("@node", _node), ("@until", until), ("@now", _time.GetUtcNow())) > 0,
        cancellation);

    /// <summary>In one order, as log readers take them: two that wait for each other's rows in different ones would never end.</summary>
    private static Task LockRevocationsAsync(PostgresSession session, long[] issuances) =>
        session.PerformAsync("SELECT 1 FROM revocation WHERE issuance = ANY(@issuances) ORDER BY issuance FOR UPDATE", ("@issuances", issuances));

    private async Task<Dictionary<long, Revocation>> FindRevocationsAsync(PostgresSession session, long[] issuances) => (await session.AllAsync(
        $"SELECT {RevocationColumns}, issuance FROM revocation LEFT JOIN crl ON crl.id = revocation.crl WHERE issuance = ANY(@ids)",
        row => (row.GetInt64(9), ReadRevocation(row)), ("@ids", issuances))).ToDictionary();

    private Revocation ReadRevocation(NpgsqlDataReader row) => RevocationRow.Read(
        row.GetBoolean(0), row.TimeOrNull(1), row.NumberOrNull(2), row.TimeOrNull(3), row.TimeOrNull(4), row.Time(5), row.GetBoolean(6), row.GetString(7), row.TextOrNull(8), _time.GetUtcNow());
}
