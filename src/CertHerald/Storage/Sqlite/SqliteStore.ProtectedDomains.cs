using System.Text.Json;
using CertHerald.Names.Lookalikes;
using Microsoft.Data.Sqlite;

namespace CertHerald.Storage.Sqlite;

/// <summary>Protected domains that were set through an API, and names that were allowed.</summary>
internal sealed partial class SqliteStore
{
    public Task<IReadOnlyList<StoredProtectedDomain>> ProtectedDomainsAsync(string? owner, CancellationToken cancellation) => ReadAsync<IReadOnlyList<StoredProtectedDomain>>(
        session => session.All(
            """
            SELECT id, owner, name, own, allowed, keywords, threshold, added, digest_from FROM protected_domain
            WHERE @owner IS NULL OR owner = @owner ORDER BY owner, name
            """,
            ReadProtectedDomain, ("@owner", owner)),
        cancellation);

    public Task<bool> PutProtectedDomainAsync(string owner, ProtectedDomain domain, CancellationToken cancellation) => WriteAsync(
        session => AddProtectedDomain(session, owner, domain) || !SetProtectedDomain(session, owner, domain),
        cancellation);

    public Task ChangeProtectedDomainsAsync(
        string owner, IReadOnlyCollection<string> remove, IReadOnlyCollection<ProtectedDomain> add, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            foreach (string name in remove) RemoveProtectedDomain(session, owner, name);
            foreach (ProtectedDomain domain in add) AddProtectedDomain(session, owner, domain);
            return true;
        },
        cancellation);

    public Task<bool> RemoveProtectedDomainAsync(string owner, string name, CancellationToken cancellation) => WriteAsync(
        session => RemoveProtectedDomain(session, owner, name), cancellation);

    public Task<IReadOnlyList<AllowedName>> AllowedNamesAsync(CancellationToken cancellation) => ReadAsync<IReadOnlyList<AllowedName>>(
        session => session.All("SELECT owner, domain, name, added FROM allowed_name ORDER BY owner, domain, name",
            row => new AllowedName(row.GetString(0), row.GetString(1), row.GetString(2), row.Time(3))),
        cancellation);

    public Task<bool> AllowNamesAsync(IReadOnlyCollection<AllowedName> allowed, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            int added = 0;
            foreach (AllowedName one in allowed)
            {
                CloseAllowed(session, one);
                ForgetWeak(session, one);
                added += session.Run("INSERT INTO allowed_name (owner, domain, name, added) VALUES (@owner, @domain, @name, @added) ON CONFLICT DO NOTHING",
                    ("@owner", one.Owner), ("@domain", one.Domain), ("@name", one.Name), ("@added", one.Added));
            }
            return added > 0;
        },
        cancellation);

    public Task<bool> DisallowNameAsync(string owner, string domain, string name, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            if (session.Run("DELETE FROM allowed_name WHERE owner = @owner AND domain = @domain AND name = @name", ("@owner", owner), ("@domain", domain), ("@name", name)) == 0) return false;
            OpenAllowed(session, new AllowedName(owner, domain, name, default));
            return true;
        },
        cancellation);

    private bool AddProtectedDomain(SqliteSession session, string owner, ProtectedDomain domain) => session.Run(
        """
        INSERT INTO protected_domain (owner, name, own, allowed, keywords, threshold, digest_from, added)
        VALUES (@owner, @name, @own, @allowed, @keywords, @threshold, @digest, @now) ON CONFLICT (owner, name) DO NOTHING
        """,
        ("@owner", owner), ("@name", domain.Name), ("@own", JsonSerializer.Serialize(domain.Own)), ("@allowed", JsonSerializer.Serialize(domain.Allowed)),
        ("@keywords", JsonSerializer.Serialize(domain.Keywords)), ("@threshold", domain.Threshold), ("@digest", domain.DigestFrom), ("@now", _time.GetUtcNow())) > 0;

    private static bool SetProtectedDomain(SqliteSession session, string owner, ProtectedDomain domain) => session.Run(
        """
        UPDATE protected_domain SET own = @own, allowed = @allowed, keywords = @keywords, threshold = @threshold, digest_from = @digest WHERE owner = @owner AND name = @name
        """,
        ("@owner", owner), ("@name", domain.Name), ("@own", JsonSerializer.Serialize(domain.Own)), ("@allowed", JsonSerializer.Serialize(domain.Allowed)),
        ("@keywords", JsonSerializer.Serialize(domain.Keywords)), ("@threshold", domain.Threshold), ("@digest", domain.DigestFrom)) > 0;

    private static bool RemoveProtectedDomain(SqliteSession session, string owner, string name) =>
        session.Run("DELETE FROM protected_domain WHERE owner = @owner AND name = @name", ("@owner", owner), ("@name", name)) > 0;

    private static StoredProtectedDomain ReadProtectedDomain(SqliteDataReader row) => new(
        row.GetInt64(0), row.GetString(1),
        new ProtectedDomain
        {
            Name = row.GetString(2),
            Own = Texts(row.GetString(3)),
            Allowed = Texts(row.GetString(4)),
            Keywords = Texts(row.GetString(5)),
            Threshold = row.GetInt32(6),
            DigestFrom = row.IsDBNull(8) ? null : row.GetInt32(8),
        },
        row.Time(7));
}
