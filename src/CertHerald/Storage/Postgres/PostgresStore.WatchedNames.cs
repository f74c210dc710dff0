using Npgsql;

namespace CertHerald.Storage.Postgres;

/// <summary>The user's names, and the end of their certificates.</summary>
internal sealed partial class PostgresStore
{
    // As in the other store.
    private const string IsMissing =
        "watched_name.not_after > @now AND watched_name.not_after <= @now + @window AND (lifetime >= @window OR (watched_name.not_after - @now) * 3 <= lifetime)";

    private const string NameColumns = "watched_name.dns_name, monitored_domain, watched_name.discovered, watched_name.not_after, issuance.id, cert_der, facts";

    public Task<IReadOnlyList<WatchedName>> WatchedNamesAsync(WatchedNameQuery query, CancellationToken cancellation) => ReadAsync<IReadOnlyList<WatchedName>>(
        async session =>
        {
            List<WatchedName> names = await FindNamesAsync(session, query);
            Dictionary<long, Revocation> revocations = await FindRevocationsAsync(session, [.. names.Select(name => name.Issuance).Distinct()]);
            return [.. names.Select(name => name with { Revocation = revocations.GetValueOrDefault(name.Issuance, Revocation.Unknown) })];
        },
        cancellation);

    public Task<WatchedNameCounts> CountWatchedNamesAsync(DateTimeOffset now, TimeSpan window, CancellationToken cancellation) => ReadAsync(
        session => session.SingleAsync(
            $"SELECT (SELECT count(*) FROM watched_name), (SELECT count(*) FROM watched_name WHERE {IsMissing}), (SELECT count(*) FROM watched_name WHERE not_after <= @now)",
            row => new WatchedNameCounts(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2)), ("@now", now), ("@window", (long)window.TotalMilliseconds)),
        cancellation);

    public Task<int> CoverNamesAsync(int most, CancellationToken cancellation) => WriteAsync(session => CoverNamesAsync(session, "true", most), cancellation);

    public Task<int> TellRenewalsAsync(IReadOnlyList<WatchedName> untold, Func<IReadOnlyList<WatchedName>, NoticeDraft?> draft, IReadOnlyList<string> channels, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            await session.LockAsync(PostgresLock.Telling);
            // In one order: see KeepWatchedNamesAsync.
            Dictionary<string, long> open = (await session.AllAsync(
                "SELECT dns_name, issuance FROM watched_name WHERE dns_name = ANY(@names) AND told IS DISTINCT FROM issuance ORDER BY dns_name FOR UPDATE",
                row => (row.GetString(0), row.GetInt64(1)), ("@names", untold.Select(name => name.DnsName).ToArray()))).ToDictionary(StringComparer.Ordinal);
            WatchedName[] told = [.. untold.Where(name => open.GetValueOrDefault(name.DnsName) == name.Issuance)];
            if (told.Length == 0) return 0;
            await session.RunAsync(
                "UPDATE watched_name SET told = one.issuance FROM unnest(@names, @issuances) AS one (name, issuance) WHERE dns_name = one.name",
                ("@names", told.Select(name => name.DnsName).ToArray()), ("@issuances", told.Select(name => name.Issuance).ToArray()));
            return draft(told) is { } notice ? await OweNoticeAsync(session, notice, channels, _time.GetUtcNow()) : 0;
        },
        cancellation);

    /// <summary>Makes names known, and what covers them longest. Again, it changes nothing.</summary>
    internal static async Task KeepWatchedNamesAsync(PostgresSession session, IReadOnlyList<WatchedNameRow> all)
    {
        if (all.Count == 0) return;
        // One row each, in one order: two batches that wait for each other's rows in different ones would never end.
        WatchedNameRow[] rows = [.. all.GroupBy(row => row.DnsName, StringComparer.Ordinal).Select(group => group.MaxBy(row => row.NotAfter)!).OrderBy(row => row.DnsName, StringComparer.Ordinal)];
        string[] names = [.. rows.Select(row => row.DnsName)], parents = [.. rows.Where(row => row.IsWildcard).Select(row => row.Parent)];
        await session.RunAsync(
            """
            INSERT INTO watched_name (dns_name, parent, monitored_domain, discovered, issuance, not_after, lifetime)
            SELECT name, new.parent, domain, (SELECT issuance.discovered FROM issuance WHERE id = new.issuance), new.issuance, ending, new.lifetime
            FROM unnest(@names, @parents, @domains, @issuances, @ends, @lifetimes) AS new (name, parent, domain, issuance, ending, lifetime) ORDER BY name COLLATE "C"
            ON CONFLICT (dns_name) DO UPDATE SET monitored_domain = excluded.monitored_domain, issuance = excluded.issuance, not_after = excluded.not_after, lifetime = excluded.lifetime
            WHERE excluded.not_after > watched_name.not_after
            """,
            ("@names", names), ("@parents", rows.Select(row => row.Parent).ToArray()), ("@domains", rows.Select(row => row.MonitoredDomain).ToArray()),
            ("@issuances", rows.Select(row => row.Issuance).ToArray()), ("@ends", rows.Select(row => row.NotAfter.ToUnixTimeMilliseconds()).ToArray()),
            ("@lifetimes", rows.Select(row => (long)row.Lifetime.TotalMilliseconds).ToArray()));
        // What a wildcard covers longer: names of this certificate, and names that were known before it.
        await CoverNamesAsync(session, "(name.dns_name = ANY(@names) OR name.parent = ANY(@parents))", WatchedNameRow.MostCovered, ("@names", names), ("@parents", parents));
    }

    /// <param name="which">Of the names, which; a constant.</param>
    private static Task<int> CoverNamesAsync(PostgresSession session, string which, int most, params (string, object?)[] parameters) => session.RunAsync(
        $"""
        UPDATE watched_name SET issuance = longer.issuance, not_after = longer.not_after, lifetime = longer.lifetime FROM (
            SELECT name.dns_name, wildcard.issuance, wildcard.not_after, wildcard.lifetime FROM watched_name AS name JOIN watched_name AS wildcard ON wildcard.dns_name = '*.' || name.parent
            WHERE {which} AND wildcard.not_after > name.not_after ORDER BY name.dns_name LIMIT @most FOR UPDATE OF name) AS longer
        WHERE watched_name.dns_name = longer.dns_name
        """,
        [("@most", most), .. parameters]);

    private static Task<List<WatchedName>> FindNamesAsync(PostgresSession session, WatchedNameQuery query)
    {
        const string from = $"SELECT {NameColumns} FROM watched_name JOIN issuance ON issuance.id = watched_name.issuance";
        string after = query.After?.DnsName ?? "";
        if (query.Missing is { } missing)
            return session.AllAsync(
                $"""
                {from} WHERE {IsMissing} AND (watched_name.not_after, watched_name.dns_name) > (@end, @after) AND (@domain = '' OR monitored_domain = @domain)
                    AND (NOT @untold OR told IS NULL OR told <> watched_name.issuance)
                ORDER BY watched_name.not_after, watched_name.dns_name LIMIT @limit
                """,
                ReadName, ("@now", missing.Now), ("@window", (long)missing.Window.TotalMilliseconds), ("@untold", missing.IsUntold),
                ("@end", query.After?.NotAfter ?? DateTimeOffset.UnixEpoch), ("@after", after), ("@domain", query.MonitoredDomain ?? ""), ("@limit", query.Limit));
        return query.MonitoredDomain is { } domain
            ? session.AllAsync($"{from} WHERE monitored_domain = @domain AND watched_name.dns_name > @after ORDER BY watched_name.dns_name LIMIT @limit", ReadName, ("@domain", domain), ("@after", after), ("@limit", query.Limit))
            : session.AllAsync($"{from} WHERE watched_name.dns_name > @after ORDER BY watched_name.dns_name LIMIT @limit", ReadName, ("@after", after), ("@limit", query.Limit));
    }

    private static WatchedName ReadName(NpgsqlDataReader row) => new(row.GetString(0), row.GetString(1), row.Time(2), row.GetInt64(4), row.Time(3), ReadFacts(row, 5));
}
