using System.Security.Cryptography;
using System.Text;
using CertHerald.Inspecting;

namespace CertHerald.Storage.Postgres;

/// <summary>Certificates that nobody watches, if all are indexed.</summary>
internal sealed partial class PostgresStore
{
    public Task<int> DeleteIndexedAsync(DateTimeOffset before, int limit, CancellationToken cancellation) => WriteAsync(
        async session =>
        {
            // Ids ascend with the time of discovery. Were a clock set back, what is behind waits until its turn has come.
            long[] oldest = [.. (await session.AllAsync(
                "SELECT id, discovered FROM indexed_certificate ORDER BY id LIMIT @limit FOR UPDATE SKIP LOCKED", row => (Id: row.GetInt64(0), Discovered: row.Time(1)), ("@limit", limit)))
                .TakeWhile(one => one.Discovered < before).Select(one => one.Id)];
            if (oldest.Length == 0) return 0;
            await DeleteKeysAsync(session, [.. (await ReadIndexedAsync(session, oldest)).Select(one => (one.Id, one.Certificate))]);
            return await session.RunAsync("DELETE FROM indexed_certificate WHERE id = ANY(@ids)", ("@ids", oldest));
        },
        cancellation);

    private static async Task DeleteKeysAsync(PostgresSession session, (long Id, CertificateFacts Facts)[] certificates)
    {
        (long Id, long Key)[] keys =
        [
            .. from one in certificates
               from key in CertificateKeys.Of(one.Facts).Append(CertificateKeys.OfTbs(one.Facts.TbsSha256))
               from either in (long[])[key, CertificateKeys.Expired(key)]
               select (one.Id, either),
        ];
        await session.RunAsync(
            "DELETE FROM certificate_key USING unnest(@ids, @keys) AS one (id, key) WHERE certificate_key.key = one.key AND issuance = one.id",
            ("@ids", keys.Select(one => one.Id).ToArray()), ("@keys", keys.Select(one => one.Key).ToArray()));
        (long Id, CertificateFacts Facts)[] ending = [.. certificates.Where(one => one.Facts.NotAfter is not null)];
        await session.RunAsync(
            "DELETE FROM certificate_end USING unnest(@ids, @ends) AS one (id, ends) WHERE not_after = ends AND issuance = id",
            ("@ids", ending.Select(one => one.Id).ToArray()), ("@ends", ending.Select(one => one.Facts.NotAfter!.Value.ToUnixTimeMilliseconds()).ToArray()));
    }

    /// <summary>Adds what no log has shown before, and completes precertificates. Again, it changes nothing.</summary>
    private async Task AddIndexedAsync(PostgresSession session, long log, IndexedRow[] rows)
    {
        if (rows.Length == 0) return;
        DateTimeOffset now = _time.GetUtcNow();
        string[] identities = [.. rows.Select(row => row.Facts.TbsSha256).Distinct(StringComparer.Ordinal)];
        Dictionary<string, long> issuances = await IdsOfAsync(session, identities), known = await FindIndexedAsync(session, identities);
        if (rows.All(row => row.Facts.IsPrecertificate && (issuances.ContainsKey(row.Facts.TbsSha256) || known.ContainsKey(row.Facts.TbsSha256)))) return;

        // Ids are drawn by one transaction at a time, until its end; and nobody else adds the same one meanwhile.
        await session.LockAsync(PostgresLock.Issuances);
        (issuances, known) = (await IdsOfAsync(session, identities), await FindIndexedAsync(session, identities));
        await AddAsync(
            session, log, [.. rows.Where(row => !issuances.ContainsKey(row.Facts.TbsSha256) && !known.ContainsKey(row.Facts.TbsSha256)).DistinctBy(row => row.Facts.TbsSha256, StringComparer.Ordinal)], now);

        IndexedRow[] certificates = [.. rows.Where(row => !row.Facts.IsPrecertificate).DistinctBy(row => row.Facts.TbsSha256, StringComparer.Ordinal)];
        await CompleteIndexedAsync(session, certificates);
        // Those that nobody watches any more; without its bytes, none can be completed.
        foreach (CertificateFacts facts in certificates.Select(row => row.Facts).Where(facts => facts.CertDer.Length > 0 && issuances.ContainsKey(facts.TbsSha256)).OrderBy(facts => issuances[facts.TbsSha256]))
            await CompleteAsync(session, issuances[facts.TbsSha256], facts, chainMismatch: null);
    }

    private static async Task AddAsync(PostgresSession session, long log, List<IndexedRow> added, DateTimeOffset now)
    {
        if (added.Count == 0) return;
        long[] ids = await DrawIdsAsync(session, added.Count);
        CertificateFacts[] facts = [.. added.Select(one => one.Facts)];
        string[] issuers = [.. added.Select(one => one.Issuer)];
        Dictionary<string, long> issuer = await IssuersAsync(session, [.. issuers.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]);
        await session.RunAsync(
            """
            INSERT INTO indexed_certificate (id, hashes, is_precertificate, issuer, names, subject, serial, not_before, not_after, problems, discovered, log, entry_index, logged, der)
            SELECT id, hashes, pre, issuer, names, subject, serial, NULLIF(begins, @none), NULLIF(ends, @none), NULLIF(problems, ''), @now, @log, index, logged, NULLIF(der, ''::bytea)
            FROM unnest(@ids, @hashes, @pre, @issuers, @names, @subjects, @serials, @begins, @ends, @problems, @indexes, @logged, @ders)
                AS new (id, hashes, pre, issuer, names, subject, serial, begins, ends, problems, index, logged, der)
            """,
            ("@none", long.MinValue), ("@now", now), ("@log", log), ("@ids", ids), ("@hashes", added.Select(one => one.Hashes).ToArray()),
            ("@pre", facts.Select(one => one.IsPrecertificate).ToArray()), ("@issuers", issuers.Select(one => issuer[one]).ToArray()),
            ("@names", added.Select(one => one.Names).ToArray()), ("@subjects", added.Select(one => one.Subject).ToArray()),
            ("@serials", added.Select(one => one.Serial).ToArray()),
            ("@begins", facts.Select(one => one.NotBefore?.ToUnixTimeSeconds() ?? long.MinValue).ToArray()),
            ("@ends", facts.Select(one => one.NotAfter?.ToUnixTimeSeconds() ?? long.MinValue).ToArray()),
            ("@problems", added.Select(one => one.Problems ?? "").ToArray()), ("@indexes", added.Select(one => one.Index).ToArray()),
            ("@logged", added.Select(one => one.Logged.ToUnixTimeMilliseconds()).ToArray()), ("@ders", facts.Select(one => one.CertDer).ToArray()));
        await AddKeysAsync(session, [.. ids.Zip(added).SelectMany(one => one.Second.Keys.Append(one.Second.TbsKey), (one, key) => (one.First, key))]);
        await AddEndsAsync(session, ids.Zip(facts));
    }

    private static async Task CompleteIndexedAsync(PostgresSession session, IndexedRow[] rows)
    {
        if (rows.Length == 0) return;
        await session.RunAsync(
            """
            UPDATE indexed_certificate SET hashes = new.hashes, is_precertificate = false, der = NULLIF(new.der, ''::bytea)
            FROM (SELECT id, one.hashes, one.der FROM unnest(@keys, @hashes, @ders) AS one (key, hashes, der)
                  JOIN certificate_key ON certificate_key.key = one.key JOIN indexed_certificate AS before ON before.id = issuance
                  WHERE is_precertificate AND substr(before.hashes, 1, 32) = substr(one.hashes, 1, 32) ORDER BY id FOR UPDATE OF before) AS new
            WHERE indexed_certificate.id = new.id
            """,
            ("@keys", rows.Select(one => one.TbsKey).ToArray()), ("@hashes", rows.Select(one => one.Hashes).ToArray()),
            ("@ders", rows.Select(one => one.Facts.CertDer).ToArray()));
    }

    /// <summary>Takes certificates out of the index of all, to become issuances under the same ids. Under the lock of issuances.</summary>
    private static async Task<Dictionary<string, long>> TakeIndexedAsync(PostgresSession session, CertificateFacts[] facts)
    {
        Dictionary<string, long> found = await FindIndexedAsync(session, [.. facts.Select(one => one.TbsSha256)]);
        if (found.Count == 0) return found;
        // What retention deletes at this moment is gone: it gets a new id.
        HashSet<long> taken = [.. await session.AllAsync("DELETE FROM indexed_certificate WHERE id = ANY(@ids) RETURNING id", row => row.GetInt64(0), ("@ids", found.Values.ToArray()))];
        (string Tbs, long Id)[] kept = [.. from one in found where taken.Contains(one.Value) select (one.Key, one.Value)];
        await session.RunAsync(
            "DELETE FROM certificate_key USING unnest(@ids, @keys) AS one (id, key) WHERE certificate_key.key = one.key AND issuance = one.id",
            ("@ids", kept.Select(one => one.Id).ToArray()), ("@keys", kept.Select(one => CertificateKeys.OfTbs(one.Tbs)).ToArray()));
        return kept.ToDictionary(StringComparer.Ordinal);
    }

    private static async Task<Dictionary<string, long>> FindIndexedAsync(PostgresSession session, string[] identities) =>
        (await session.AllAsync(
            """
            SELECT encode(substr(hashes, 1, 32), 'hex'), id FROM unnest(@keys, @tbs) AS one (key, tbs)
            JOIN certificate_key ON certificate_key.key = one.key JOIN indexed_certificate ON id = issuance WHERE substr(hashes, 1, 32) = one.tbs
            """,
            row => (row.GetString(0), row.GetInt64(1)),
            ("@keys", identities.Select(CertificateKeys.OfTbs).ToArray()), ("@tbs", identities.Select(Convert.FromHexString).ToArray())))
        .ToDictionary(StringComparer.Ordinal);

    /// <summary>Ids of issuances, ascending. Under their lock.</summary>
    private static async Task<long[]> DrawIdsAsync(PostgresSession session, int count) =>
        [.. (await session.AllAsync("SELECT nextval(pg_get_serial_sequence('issuance', 'id')) FROM generate_series(1, @count)", row => row.GetInt64(0), ("@count", count))).Order()];

    /// <param name="issuers">Always in one order: two logs that add the same ones at once wait for each other in one direction only.</param>
    private static async Task<Dictionary<string, long>> IssuersAsync(PostgresSession session, string[] issuers)
    {
        const string find = "SELECT sha256, id FROM indexed_issuer WHERE sha256 = ANY(@hashes)";
        byte[][] hashes = [.. issuers.Select(issuer => SHA256.HashData(Encoding.UTF8.GetBytes(issuer)))];
        Task<List<(string Hash, long Id)>> FindAsync() => session.AllAsync(find, row => (Convert.ToHexString(row.Bytes(0)), row.GetInt64(1)), ("@hashes", hashes));

        List<(string Hash, long Id)> known = await FindAsync();
        if (known.Count < issuers.Length)
        {
            await session.RunAsync("INSERT INTO indexed_issuer (sha256, facts) SELECT * FROM unnest(@hashes, @issuers) ON CONFLICT DO NOTHING", ("@hashes", hashes), ("@issuers", issuers));
            known = await FindAsync();
        }
        Dictionary<string, long> ids = known.ToDictionary(one => one.Hash, one => one.Id, StringComparer.Ordinal);
        return issuers.Zip(hashes).ToDictionary(one => one.First, one => ids[Convert.ToHexString(one.Second)], StringComparer.Ordinal);
    }

    private static Task<List<StoredCertificate>> ReadIndexedAsync(PostgresSession session, IReadOnlyList<long> ids) => session.AllAsync(
        """
        SELECT indexed_certificate.id, hashes, is_precertificate, facts, names, subject, serial, not_before, not_after, problems, der
        FROM indexed_certificate JOIN indexed_issuer ON indexed_issuer.id = issuer WHERE indexed_certificate.id = ANY(@ids)
        """,
        row => new StoredCertificate(
            row.GetInt64(0),
            IndexedRow.Read(
                row.Bytes(1), row.GetBoolean(2), row.GetString(3), row.GetString(4), row.GetString(5), row.Bytes(6), row.LongOrNull(7), row.LongOrNull(8), row.TextOrNull(9), row.BytesOrNull(10))),
        ("@ids", ids.ToArray()));
}
