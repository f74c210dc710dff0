using System.Text.Json;
using CertHerald.Deciding;
using CertHerald.Inspecting;

namespace CertHerald.Storage.Postgres;

/// <summary>What was authorised through API, console and commands.</summary>
internal sealed partial class PostgresStore
{
    private const string SetKnown = "UPDATE issuance SET known = true, reason = @reason, known_since = @now WHERE id = @id AND NOT known";

    public Task<StoredAuthorisations> AuthorisationsAsync(CancellationToken cancellation) => ReadAsync(async session => new StoredAuthorisations(
        await session.AllAsync("SELECT pubkey_sha256, dns_names, added FROM known_key ORDER BY 1", row => new AddedKey(row.GetString(0), Texts(row.GetString(1)), row.Time(2))),
        await session.AllAsync("SELECT tbs_sha256, dns_names, added FROM known_certificate ORDER BY 1", row => new AddedCertificate(row.GetString(0), Texts(row.GetString(1)), row.Time(2))),
        await session.AllAsync("SELECT item, authorities, added FROM authority_list ORDER BY 1", row => new AddedAuthorities(row.GetString(0), Texts(row.GetString(1)), row.Time(2)))),
        cancellation);

    public Task<AddedKey> AddKeyAsync(AddedKey key, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            // A row to lock first: two callers' names must both stay.
            await session.PerformAsync("INSERT INTO known_key (pubkey_sha256, dns_names, added) VALUES (@key, '[]', @added) ON CONFLICT DO NOTHING",
                ("@key", key.PubkeySha256), ("@added", key.Added));
            AddedKey before = await session.SingleAsync(
                "SELECT pubkey_sha256, dns_names, added FROM known_key WHERE pubkey_sha256 = @key FOR UPDATE",
                row => new AddedKey(row.GetString(0), Texts(row.GetString(1)), row.Time(2)), ("@key", key.PubkeySha256));
            AddedKey after = before with { DnsNames = [.. before.DnsNames.Union(key.DnsNames, StringComparer.Ordinal).Order(StringComparer.Ordinal)] };
            await session.RunAsync("UPDATE known_key SET dns_names = @names WHERE pubkey_sha256 = @key AND dns_names <> @names",
                ("@key", key.PubkeySha256), ("@names", JsonSerializer.Serialize(after.DnsNames)));
            return after;
        },
        cancellation);

    public Task<bool> RemoveKeyAsync(string pubkeySha256, CancellationToken cancellation) => WriteAsync(
        async session => await session.RunAsync("DELETE FROM known_key WHERE pubkey_sha256 = @key", ("@key", pubkeySha256)) > 0, cancellation);

    public Task<bool> AddCertificateAsync(AddedCertificate certificate, CancellationToken cancellation) => WriteAsync(
        async session => await session.RunAsync("INSERT INTO known_certificate (tbs_sha256, dns_names, added) VALUES (@tbs, @names, @added) ON CONFLICT DO NOTHING",
            ("@tbs", certificate.TbsSha256), ("@names", JsonSerializer.Serialize(certificate.DnsNames)), ("@added", certificate.Added)) > 0,
        cancellation);

    public Task<bool> RemoveCertificateAsync(string tbsSha256, CancellationToken cancellation) => WriteAsync(
        async session => await session.RunAsync("DELETE FROM known_certificate WHERE tbs_sha256 = @tbs", ("@tbs", tbsSha256)) > 0, cancellation);

    public Task SetAuthoritiesAsync(AddedAuthorities authorities, CancellationToken cancellation) => WriteAsync(
        session => session.RunAsync(
            """
            INSERT INTO authority_list (item, authorities, added) VALUES (@item, @authorities, @added)
            ON CONFLICT (item) DO UPDATE SET authorities = excluded.authorities, added = excluded.added
            """,
            ("@item", authorities.Item), ("@authorities", JsonSerializer.Serialize(authorities.Authorities)), ("@added", authorities.Added)),
        cancellation);

    public Task<bool> RemoveAuthoritiesAsync(string item, CancellationToken cancellation) => WriteAsync(
        async session => await session.RunAsync("DELETE FROM authority_list WHERE item = @item", ("@item", item)) > 0, cancellation);

    public async Task<IReadOnlyList<long>> ClearAsync(KnownCertificates known, CancellationToken cancellation)
    {
        if (known.Keys.Count == 0 && known.Issuances.Count == 0) return [];
        // Nearly always there is none: look before a transaction takes locks.
        List<(long Id, string? Reason)> found = await ReadAsync(
            session => session.AllAsync(
                """
                SELECT id, facts FROM issuance WHERE NOT known AND tbs_sha256 = ANY(@issuances)
                UNION
                SELECT id, facts FROM issuance WHERE NOT known AND pubkey_sha256 = ANY(@keys)
                ORDER BY id
                """,
                row => (row.GetInt64(0), known.WhyKnown(JsonSerializer.Deserialize<CertificateFacts>(row.GetString(1))!)),
                ("@issuances", known.Issuances.ToArray()), ("@keys", known.Keys.Keys.ToArray())),
            cancellation);
        if (!found.Exists(one => one.Reason is not null)) return [];
        return await WriteAsync<IReadOnlyList<long>>(
            async session =>
            {
                var cleared = new List<long>();
                foreach ((long id, string? reason) in found)
                    if (reason is not null && await session.RunAsync(SetKnown, ("@id", id), ("@reason", reason), ("@now", _time.GetUtcNow())) > 0) cleared.Add(id);
                return cleared;
            },
            cancellation);
    }

    public Task<bool> MarkAsync(long issuance, string reason, CancellationToken cancellation) => WriteAsync(
        async session => await session.RunAsync(SetKnown, ("@id", issuance), ("@reason", reason), ("@now", _time.GetUtcNow())) > 0
            || await session.FirstAsync("SELECT 1 FROM issuance WHERE id = @id", _ => true, ("@id", issuance)),
        cancellation);
}
