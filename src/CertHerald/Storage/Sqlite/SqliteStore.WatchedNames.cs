using Microsoft.Data.Sqlite;

namespace CertHerald.Storage.Sqlite;

/// <summary>The user's names, and the end of their certificates.</summary>
internal sealed partial class SqliteStore
{
    // A certificate that is valid for less than the window altogether would always be within it.
    private const string IsMissing =
        "watched_name.not_after > @now AND watched_name.not_after <= @now + @window AND (lifetime >= @window OR (watched_name.not_after - @now) * 3 <= lifetime)";

    private static readonly string NameColumns = $"watched_name.dns_name, monitored_domain, watched_name.discovered, watched_name.not_after, {string.Join(", ", IssuanceColumns.Split(',').Select(column => $"issuance.{column.Trim()}"))}";

    internal static readonly string AllNames = $"""
        SELECT {NameColumns} FROM watched_name JOIN issuance ON issuance.id = watched_name.issuance WHERE watched_name.dns_name > @after ORDER BY watched_name.dns_name LIMIT @limit
        """;

    internal static readonly string NamesOfDomain = $"""
        SELECT {NameColumns} FROM watched_name JOIN issuance ON issuance.id = watched_name.issuance
        WHERE monitored_domain = @domain AND watched_name.dns_name > @after ORDER BY watched_name.dns_name LIMIT @limit
        """;

    internal static readonly string MissingRenewals = $"""
        SELECT {NameColumns} FROM watched_name JOIN issuance ON issuance.id = watched_name.issuance
        WHERE {IsMissing} AND (watched_name.not_after, watched_name.dns_name) > (@end, @after) AND (@domain IS NULL OR monitored_domain = @domain)
            AND (NOT @untold OR told IS NULL OR told <> watched_name.issuance)
        ORDER BY watched_name.not_after, watched_name.dns_name LIMIT @limit
        """;

    public Task<IReadOnlyList<WatchedName>> WatchedNamesAsync(WatchedNameQuery query, CancellationToken cancellation) => ReadAsync<IReadOnlyList<WatchedName>>(
        session =>
        {
            string after = query.After?.DnsName ?? "";
            if (query.Missing is not { } missing)
                return query.MonitoredDomain is { } domain
                    ? session.All(NamesOfDomain, row => ReadName(session, row), ("@domain", domain), ("@after", after), ("@limit", query.Limit))
                    : session.All(AllNames, row => ReadName(session, row), ("@after", after), ("@limit", query.Limit));
            return session.All(
                MissingRenewals, row => ReadName(session, row), ("@now", missing.Now), ("@window", (long)missing.Window.TotalMilliseconds), ("@untold", missing.IsUntold),
                ("@end", query.After?.NotAfter ?? DateTimeOffset.UnixEpoch), ("@after", after), ("@domain", query.MonitoredDomain), ("@limit", query.Limit));
        },
        cancellation);

    public Task<WatchedNameCounts> CountWatchedNamesAsync(DateTimeOffset now, TimeSpan window, CancellationToken cancellation) => ReadAsync(
        session => new WatchedNameCounts(
            session.Single("SELECT count(*) FROM watched_name", row => row.GetInt64(0)),
            session.Single($"SELECT count(*) FROM watched_name WHERE {IsMissing}", row => row.GetInt64(0), ("@now", now), ("@window", (long)window.TotalMilliseconds)),
            session.Single("SELECT count(*) FROM watched_name WHERE not_after <= @now", row => row.GetInt64(0), ("@now", now))),
        cancellation);

    public Task<int> CoverNamesAsync(int most, CancellationToken cancellation) => WriteAsync(
        session => session.Run(
            """
            UPDATE watched_name SET issuance = longer.issuance, not_after = longer.not_after, lifetime = longer.lifetime FROM (
                SELECT name.dns_name, wildcard.issuance, wildcard.not_after, wildcard.lifetime FROM watched_name AS name JOIN watched_name AS wildcard ON wildcard.dns_name = '*.' || name.parent
                WHERE wildcard.not_after > name.not_after LIMIT @most) AS longer
            WHERE watched_name.dns_name = longer.dns_name
            """,
            ("@most", most)),
        cancellation);

    public Task<int> TellRenewalsAsync(IReadOnlyList<WatchedName> untold, Func<IReadOnlyList<WatchedName>, NoticeDraft?> draft, IReadOnlyList<string> channels, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            WatchedName[] told =
            [
                .. untold.Where(name => session.Run(
                    "UPDATE watched_name SET told = @issuance WHERE dns_name = @name AND issuance = @issuance AND told IS NOT issuance",
                    ("@issuance", name.Issuance), ("@name", name.DnsName)) > 0),
            ];
            return told.Length > 0 && draft(told) is { } notice ? OweNotice(session, notice, channels, _time.GetUtcNow()) : 0;
        },
        cancellation);

    /// <summary>Makes names known, and what covers them longest. Again, it changes nothing.</summary>
    internal static void KeepWatchedNames(SqliteSession session, IReadOnlyList<WatchedNameRow> rows)
    {
        foreach (WatchedNameRow row in rows)
        {
            session.Statement(
                """
                INSERT INTO watched_name (dns_name, parent, monitored_domain, discovered, issuance, not_after, lifetime)
                VALUES (?1, ?2, ?3, (SELECT discovered FROM issuance WHERE id = ?4), ?4, ?5, ?6)
                ON CONFLICT (dns_name) DO UPDATE SET monitored_domain = ?3, issuance = ?4, not_after = ?5, lifetime = ?6 WHERE ?5 > not_after
                """)
                .Bind(1, row.DnsName).Bind(2, row.Parent).Bind(3, row.MonitoredDomain).Bind(4, row.Issuance).Bind(5, row.NotAfter).Bind(6, (long)row.Lifetime.TotalMilliseconds).Run();
            if (row.IsWildcard)
                session.Statement(
                    """
                    UPDATE watched_name SET issuance = ?1, not_after = ?2, lifetime = ?3
                    WHERE dns_name IN (SELECT dns_name FROM watched_name WHERE parent = ?4 AND not_after < ?2 LIMIT ?5)
                    """)
                    .Bind(1, row.Issuance).Bind(2, row.NotAfter).Bind(3, (long)row.Lifetime.TotalMilliseconds).Bind(4, row.Parent).Bind(5, (long)WatchedNameRow.MostCovered).Run();
            else
                session.Statement(
                    """
                    UPDATE watched_name SET issuance = wildcard.issuance, not_after = wildcard.not_after, lifetime = wildcard.lifetime FROM watched_name AS wildcard
                    WHERE watched_name.dns_name = ?1 AND wildcard.dns_name = '*.' || ?2 AND wildcard.not_after > watched_name.not_after
                    """)
                    .Bind(1, row.DnsName).Bind(2, row.Parent).Run();
        }
    }

    private WatchedName ReadName(SqliteSession session, SqliteDataReader row)
    {
        const int ofIssuance = 4;
        long issuance = row.GetInt64(ofIssuance);
        return new WatchedName(row.GetString(0), row.GetString(1), row.Time(2), issuance, row.Time(3), ReadFacts(row, ofIssuance)) { Revocation = FindRevocation(session, issuance) };
    }
}
