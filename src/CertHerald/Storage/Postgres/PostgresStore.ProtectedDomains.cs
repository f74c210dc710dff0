using CertHerald.Names.Lookalikes;
using Npgsql;

namespace CertHerald.Storage.Postgres;

/// <summary>Protected domains that were set through an API, and names that were allowed.</summary>
internal sealed partial class PostgresStore
{
    public async Task<IReadOnlyList<StoredProtectedDomain>> ProtectedDomainsAsync(string? owner, CancellationToken cancellation) => await ReadAsync(
        session => session.AllAsync(
            """
            SELECT id, owner, name, own, allowed, keywords, threshold, added, digest_from FROM protected_domain
            WHERE @owner::text IS NULL OR owner = @owner ORDER BY owner, name
            """,
            ReadProtectedDomain, ("@owner", owner)),
        cancellation);

    public Task<bool> PutProtectedDomainAsync(string owner, ProtectedDomain domain, CancellationToken cancellation) => WriteAsync(
        async session => await AddProtectedDomainsAsync(session, owner, [domain]) > 0 || await SetProtectedDomainAsync(session, owner, domain) == 0,
        cancellation);

    public Task ChangeProtectedDomainsAsync(
        string owner, IReadOnlyCollection<string> remove, IReadOnlyCollection<ProtectedDomain> add, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            await session.RunAsync("DELETE FROM protected_domain WHERE owner = @owner AND name = ANY(@names)", ("@owner", owner), ("@names", remove.ToArray()));
            return await AddProtectedDomainsAsync(session, owner, add);
        },
        cancellation);

    public Task<bool> RemoveProtectedDomainAsync(string owner, string name, CancellationToken cancellation) => WriteAsync(
        async session => await session.RunAsync("DELETE FROM protected_domain WHERE owner = @owner AND name = @name", ("@owner", owner), ("@name", name)) > 0,
        cancellation);

    public async Task<IReadOnlyList<AllowedName>> AllowedNamesAsync(CancellationToken cancellation) => await ReadAsync(
        session => session.AllAsync("SELECT owner, domain, name, added FROM allowed_name ORDER BY owner, domain, name",
            row => new AllowedName(row.GetString(0), row.GetString(1), row.GetString(2), row.Time(3))),
        cancellation);

    public Task<bool> AllowNamesAsync(IReadOnlyCollection<AllowedName> allowed, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            await session.LockAsync(PostgresLock.Lookalikes);
            int added = 0;
            foreach (AllowedName one in allowed)
            {
                await CloseAllowedAsync(session, one);
                await ForgetWeakAsync(session, one);
                added += await session.RunAsync("INSERT INTO allowed_name (owner, domain, name, added) VALUES (@owner, @domain, @name, @added) ON CONFLICT DO NOTHING",
                    ("@owner", one.Owner), ("@domain", one.Domain), ("@name", one.Name), ("@added", one.Added));
            }
            return added > 0;
        },
        cancellation);

    public Task<bool> DisallowNameAsync(string owner, string domain, string name, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            await session.LockAsync(PostgresLock.Lookalikes);
            if (await session.RunAsync("DELETE FROM allowed_name WHERE owner = @owner AND domain = @domain AND name = @name",
                ("@owner", owner), ("@domain", domain), ("@name", name)) == 0) return false;
            await OpenAllowedAsync(session, new AllowedName(owner, domain, name, default));
            return true;
        },
        cancellation);

    // In one order: two that add the same domains must not wait for each other.
    private async Task<int> AddProtectedDomainsAsync(PostgresSession session, string owner, IEnumerable<ProtectedDomain> domains)
    {
        int added = 0;
        foreach (ProtectedDomain domain in domains.OrderBy(domain => domain.Name, StringComparer.Ordinal))
            added += await session.RunAsync(
                """
                INSERT INTO protected_domain (owner, name, own, allowed, keywords, threshold, digest_from, added)
                VALUES (@owner, @name, @own, @allowed, @keywords, @threshold, @digest::integer, @now) ON CONFLICT (owner, name) DO NOTHING
                """,
                ("@owner", owner), ("@name", domain.Name), ("@own", domain.Own.ToArray()), ("@allowed", domain.Allowed.ToArray()),
                ("@keywords", domain.Keywords.ToArray()), ("@threshold", domain.Threshold), ("@digest", domain.DigestFrom), ("@now", _time.GetUtcNow()));
        return added;
    }

    private static Task<int> SetProtectedDomainAsync(PostgresSession session, string owner, ProtectedDomain domain) => session.RunAsync(
        """
        UPDATE protected_domain SET own = @own, allowed = @allowed, keywords = @keywords, threshold = @threshold, digest_from = @digest::integer WHERE owner = @owner AND name = @name
        """,
        ("@owner", owner), ("@name", domain.Name), ("@own", domain.Own.ToArray()), ("@allowed", domain.Allowed.ToArray()),
        ("@keywords", domain.Keywords.ToArray()), ("@threshold", domain.Threshold), ("@digest", domain.DigestFrom));

    private static StoredProtectedDomain ReadProtectedDomain(NpgsqlDataReader row) => new(
        row.GetInt64(0), row.GetString(1),
        new ProtectedDomain
        {
            Name = row.GetString(2),
            Own = row.GetFieldValue<string[]>(3),
            Allowed = row.GetFieldValue<string[]>(4),
            Keywords = row.GetFieldValue<string[]>(5),
            Threshold = row.GetInt32(6),
            DigestFrom = row.NumberOrNull(8),
        },
        row.Time(7));
}
