using System.Text.Json;
using CertHerald.Deciding;

namespace CertHerald.Storage.Sqlite;

/// <summary>What was authorised through API, console and commands.</summary>
internal sealed partial class SqliteStore
{
    private const string ClearByKey = """
        SELECT id, tbs_sha256, pubkey_sha256, dns_names, ip_addresses FROM issuance
        WHERE known = 0 AND pubkey_sha256 IN (SELECT value FROM json_each(@hashes)) ORDER BY id
        """;

    private const string ClearByCertificate = """
        SELECT id, tbs_sha256, pubkey_sha256, dns_names, ip_addresses FROM issuance
        WHERE known = 0 AND tbs_sha256 IN (SELECT value FROM json_each(@hashes)) ORDER BY id
        """;

    private const string SetKnown = "UPDATE issuance SET known = 1, reason = @reason, known_since = @now WHERE id = @id AND known = 0";

    public Task<StoredAuthorisations> AuthorisationsAsync(CancellationToken cancellation) => ReadAsync(
        session => new StoredAuthorisations(
            session.All("SELECT pubkey_sha256, dns_names, added FROM known_key ORDER BY 1", row => new AddedKey(row.GetString(0), Texts(row.GetString(1)), row.Time(2))),
            session.All("SELECT tbs_sha256, dns_names, added FROM known_certificate ORDER BY 1", row => new AddedCertificate(row.GetString(0), Texts(row.GetString(1)), row.Time(2))),
            session.All("SELECT item, authorities, added FROM authority_list ORDER BY 1", row => new AddedAuthorities(row.GetString(0), Texts(row.GetString(1)), row.Time(2)))),
        cancellation);

    public Task<AddedKey> AddKeyAsync(AddedKey key, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            AddedKey? before = session.First(
                "SELECT pubkey_sha256, dns_names, added FROM known_key WHERE pubkey_sha256 = @key", row => new AddedKey(row.GetString(0), Texts(row.GetString(1)), row.Time(2)),
                ("@key", key.PubkeySha256));
            AddedKey after = before is null ? key : before with { DnsNames = [.. before.DnsNames.Union(key.DnsNames, StringComparer.Ordinal).Order(StringComparer.Ordinal)] };
            session.Run(
                """
                INSERT INTO known_key (pubkey_sha256, dns_names, added) VALUES (@key, @names, @added)
                ON CONFLICT (pubkey_sha256) DO UPDATE SET dns_names = @names WHERE dns_names <> @names
                """,
                ("@key", key.PubkeySha256), ("@names", JsonSerializer.Serialize(after.DnsNames)), ("@added", after.Added));
            return after;
        },
        cancellation);

    public Task<bool> RemoveKeyAsync(string pubkeySha256, CancellationToken cancellation) => WriteAsync(
        session => session.Run("DELETE FROM known_key WHERE pubkey_sha256 = @key", ("@key", pubkeySha256)) > 0, cancellation);

    public Task<bool> AddCertificateAsync(AddedCertificate certificate, CancellationToken cancellation) => WriteAsync(
        session => session.Run("INSERT INTO known_certificate (tbs_sha256, dns_names, added) VALUES (@tbs, @names, @added) ON CONFLICT DO NOTHING",
            ("@tbs", certificate.TbsSha256), ("@names", JsonSerializer.Serialize(certificate.DnsNames)), ("@added", certificate.Added)) > 0,
        cancellation);

    public Task<bool> RemoveCertificateAsync(string tbsSha256, CancellationToken cancellation) => WriteAsync(
        session => session.Run("DELETE FROM known_certificate WHERE tbs_sha256 = @tbs", ("@tbs", tbsSha256)) > 0, cancellation);

    public Task SetAuthoritiesAsync(AddedAuthorities authorities, CancellationToken cancellation) => WriteAsync(
        session => session.Run(
            """
            INSERT INTO authority_list (item, authorities, added) VALUES (@item, @authorities, @added)
            ON CONFLICT (item) DO UPDATE SET authorities = @authorities, added = @added
            """,
            ("@item", authorities.Item), ("@authorities", JsonSerializer.Serialize(authorities.Authorities)), ("@added", authorities.Added)),
        cancellation);

    public Task<bool> RemoveAuthoritiesAsync(string item, CancellationToken cancellation) => WriteAsync(
        session => session.Run("DELETE FROM authority_list WHERE item = @item", ("@item", item)) > 0, cancellation);

    public async Task<IReadOnlyList<long>> ClearAsync(KnownCertificates known, CancellationToken cancellation)
    {
        if (known.Keys.Count == 0 && known.Issuances.Count == 0) return [];
        string keys = JsonSerializer.Serialize(known.Keys.Keys), certificates = JsonSerializer.Serialize(known.Issuances);
        // Nearly always there is none: look before taking the writer's time.
        List<(long Id, string Reason)> found = await ReadAsync(
            session => Unknown(session, ClearByCertificate, certificates, known).Concat(Unknown(session, ClearByKey, keys, known)).DistinctBy(one => one.Id).ToList(), cancellation);
        if (found.Count == 0) return [];
        return await WriteAsync<IReadOnlyList<long>>(
            session => [.. found.Where(one => session.Run(SetKnown, ("@id", one.Id), ("@reason", one.Reason), ("@now", _time.GetUtcNow())) > 0).Select(one => one.Id)],
            cancellation);
    }

    public Task<bool> MarkAsync(long issuance, string reason, CancellationToken cancellation) => WriteAsync(
        session => session.Run(SetKnown, ("@id", issuance), ("@reason", reason), ("@now", _time.GetUtcNow())) > 0
            || session.First("SELECT 1 FROM issuance WHERE id = @id", _ => true, ("@id", issuance)),
        cancellation);

    /// <summary>Unknown issuances of these hashes that are known now, and why.</summary>
    private static IEnumerable<(long Id, string Reason)> Unknown(SqliteSession session, string sql, string hashes, KnownCertificates known) =>
        from one in session.All(
            sql,
            row => (row.GetInt64(0), Reason: known.WhyKnown(row.GetString(1), row.GetString(2), Texts(row.GetString(3)), hasIpAddresses: Texts(row.GetString(4)).Length > 0)),
            ("@hashes", hashes))
        where one.Reason is not null
        select (one.Item1, one.Reason);
}
