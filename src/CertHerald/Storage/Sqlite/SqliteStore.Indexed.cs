using CertHerald.Inspecting;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Storage.Sqlite;

/// <summary>Certificates that nobody watches, if all are indexed.</summary>
internal sealed partial class SqliteStore
{
    public Task<int> DeleteIndexedAsync(DateTimeOffset before, int limit, CancellationToken cancellation) => WriteAsync(
        session =>
        {
            // Ids ascend with the time of discovery. Were the clock set back, what is behind waits until its turn has come.
            List<(long Id, DateTimeOffset Discovered)> oldest = session.All(
                "SELECT id, discovered FROM indexed_certificate ORDER BY id LIMIT @limit", row => (row.GetInt64(0), row.Time(1)), ("@limit", limit));
            int deleted = 0;
            foreach ((long id, DateTimeOffset discovered) in oldest.TakeWhile(one => one.Discovered < before))
            {
                if (ReadIndexed(session, id) is { } certificate) DeleteKeys(session, id, certificate.Certificate);
                session.Statement("DELETE FROM indexed_certificate WHERE id = ?1").Bind(1, id).Run();
                deleted++;
            }
            return deleted;
        },
        cancellation);

    /// <summary>Adds what no log has shown before, and completes precertificates. Again, it changes nothing.</summary>
    private void AddIndexed(SqliteSession session, long log, IndexedRow[] rows)
    {
        DateTimeOffset now = _time.GetUtcNow();
        foreach (IndexedRow row in rows)
        {
            CertificateFacts facts = row.Facts;
            if (IssuanceOf(session, facts.TbsSha256) is { } issuance)
            {
                // Nobody watches it any more; without its bytes, it cannot be completed.
                if (facts.CertDer.Length > 0) Complete(session, issuance, facts, chainMismatch: null);
            }
            else if (FindIndexed(session, facts.TbsSha256) is { } known)
            {
                CompleteIndexed(session, known, row);
            }
            else
            {
                AddIndexed(session, log, row, now);
            }
        }
    }

    private static void AddIndexed(SqliteSession session, long log, IndexedRow row, DateTimeOffset now)
    {
        CertificateFacts facts = row.Facts;
        // AUTOINCREMENT of issuances goes on behind it.
        SqliteStatement next = session.Statement("UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'issuance' RETURNING seq");
        next.Step();
        long id = next.Number(0);
        next.Run();

        SqliteStatement add = session.Statement(
            """
            INSERT INTO indexed_certificate (id, hashes, is_precertificate, issuer, names, subject, serial, not_before, not_after, problems, discovered, log, entry_index, logged, der)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
            """)
            .Bind(1, id).BindBytes(2, row.Hashes).Bind(3, facts.IsPrecertificate ? 1L : 0).Bind(4, IssuerOf(session, row.Issuer))
            .Bind(5, row.Names).Bind(6, row.Subject).BindBytes(7, row.Serial);
        BindSeconds(add, 8, facts.NotBefore);
        BindSeconds(add, 9, facts.NotAfter);
        add.Bind(10, row.Problems).Bind(11, now).Bind(12, log).Bind(13, row.Index).Bind(14, row.Logged);
        _ = facts.CertDer.Length == 0 ? add.BindNull(15) : add.BindBytes(15, facts.CertDer);
        add.Run();

        AddKeys(session, id, facts, row.Keys.Append(row.TbsKey));
    }

    private static void CompleteIndexed(SqliteSession session, long id, IndexedRow row)
    {
        CertificateFacts facts = row.Facts;
        if (facts.IsPrecertificate) return;
        SqliteStatement complete = session.Statement(
            "UPDATE indexed_certificate SET hashes = ?2, is_precertificate = 0, der = ?3 WHERE id = ?1 AND is_precertificate = 1").Bind(1, id).BindBytes(2, row.Hashes);
        _ = facts.CertDer.Length == 0 ? complete.BindNull(3) : complete.BindBytes(3, facts.CertDer);
        complete.Run();
    }

    /// <summary>Takes a certificate out of the index of all, to become an issuance under the same id; null if it is not in there.</summary>
    private static long? TakeIndexed(SqliteSession session, string tbsSha256)
    {
        if (FindIndexed(session, tbsSha256) is not { } id) return null;
        session.Statement("DELETE FROM indexed_certificate WHERE id = ?1").Bind(1, id).Run();
        DeleteKey(session, CertificateKeys.OfTbs(tbsSha256), id);
        return id;
    }

    private static long? IssuanceOf(SqliteSession session, string tbsSha256) => FirstNumber(session.Statement("SELECT id FROM issuance WHERE tbs_sha256 = ?1").Bind(1, tbsSha256));

    private static long? FindIndexed(SqliteSession session, string tbsSha256)
    {
        SqliteStatement find = session.Statement(
            "SELECT id FROM certificate_key JOIN indexed_certificate ON id = issuance WHERE key = ?1 AND substr(hashes, 1, 32) = ?2")
            .Bind(1, CertificateKeys.OfTbs(tbsSha256)).BindBytes(2, Convert.FromHexString(tbsSha256));
        return FirstNumber(find);
    }

    private static long IssuerOf(SqliteSession session, string issuer)
    {
        if (FirstNumber(session.Statement("SELECT id FROM indexed_issuer WHERE facts = ?1").Bind(1, issuer)) is { } known) return known;
        session.Statement("INSERT INTO indexed_issuer (facts) VALUES (?1)").Bind(1, issuer).Run();
        return IssuerOf(session, issuer);
    }

    private static void DeleteKeys(SqliteSession session, long id, CertificateFacts facts)
    {
        foreach (long key in CertificateKeys.Of(facts)) DeleteKey(session, key, id);
        DeleteKey(session, CertificateKeys.OfTbs(facts.TbsSha256), id);
        if (facts.NotAfter is { } end) session.Statement("DELETE FROM certificate_end WHERE not_after = ?1 AND issuance = ?2").Bind(1, end).Bind(2, id).Run();
    }

    private static void DeleteKey(SqliteSession session, long key, long id) =>
        session.Statement("DELETE FROM certificate_key WHERE key IN (?1, ?2) AND issuance = ?3").Bind(1, key).Bind(2, CertificateKeys.Expired(key)).Bind(3, id).Run();

    private static StoredCertificate? ReadIndexed(SqliteSession session, long id)
    {
        SqliteStatement row = session.Statement(
            """
            SELECT hashes, is_precertificate, facts, names, subject, serial, not_before, not_after, problems, der
            FROM indexed_certificate JOIN indexed_issuer ON indexed_issuer.id = issuer WHERE indexed_certificate.id = ?1
            """).Bind(1, id);
        if (!row.Step()) return null;
        var certificate = new StoredCertificate(
            id,
            IndexedRow.Read(
                row.BytesOrNull(0)!, row.Number(1) != 0, row.Text(2), row.Text(3), row.Text(4), row.BytesOrNull(5)!, NumberOrNull(row, 6), NumberOrNull(row, 7), row.TextOrNull(8), row.BytesOrNull(9)));
        row.Reset();
        return certificate;
    }

    private static long? FirstNumber(SqliteStatement statement)
    {
        if (!statement.Step()) return null;
        long number = statement.Number(0);
        statement.Reset();
        return number;
    }

    private static long? NumberOrNull(SqliteStatement row, int column) => row.IsNull(column) ? null : row.Number(column);

    private static void BindSeconds(SqliteStatement statement, int at, DateTimeOffset? time)
    {
        if (time is { } known) statement.Bind(at, known.ToUnixTimeSeconds());
        else statement.BindNull(at);
    }
}
