using CertHerald.Inspecting;

namespace CertHerald.Storage.Postgres;

/// <summary>The step that search by name brought.</summary>
internal static partial class PostgresSchema
{
    // As in the other store. No reference to the issuance: it would cost a look for each of a dozen rows.
    private const string CertificateSearch = """
        CREATE TABLE certificate_key (
            key      bigint NOT NULL,
            issuance bigint NOT NULL,
            PRIMARY KEY (key, issuance)
        );

        CREATE TABLE certificate_end (
            not_after bigint NOT NULL,
            issuance  bigint NOT NULL,
            PRIMARY KEY (not_after, issuance)
        );
        """;

    // As in the other store. Ids are drawn from the sequence of issuances. An issuer is found by its hash: names may be longer than
    // what an index takes.
    private const string IndexedCertificates = """
        CREATE TABLE indexed_issuer (
            id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            sha256 bytea NOT NULL UNIQUE,
            facts  text NOT NULL
        );

        CREATE TABLE indexed_certificate (
            id                bigint PRIMARY KEY,
            hashes            bytea NOT NULL,
            is_precertificate boolean NOT NULL,
            issuer            bigint NOT NULL REFERENCES indexed_issuer,
            names             text NOT NULL,
            subject           text NOT NULL,
            serial            bytea NOT NULL,
            not_before        bigint,
            not_after         bigint,
            problems          text,
            discovered        bigint NOT NULL,
            log               bigint NOT NULL REFERENCES log,
            entry_index       bigint NOT NULL,
            logged            bigint NOT NULL,
            der               bytea
        );
        """;

    /// <summary>Fills the index with what an older program stored.</summary>
    private static async Task FillSearchAsync(PostgresSession session)
    {
        const int atOnce = 500;
        for (long last = 0; ;)
        {
            List<(long Id, CertificateFacts Facts)> some = await session.AllAsync(
                "SELECT id, cert_der, facts FROM issuance WHERE id > @last ORDER BY id LIMIT @limit",
                row => (row.GetInt64(0), PostgresStore.ReadFacts(row, 1)), ("@last", last), ("@limit", atOnce));
            await PostgresStore.AddKeysAsync(session, some);
            if (some.Count < atOnce) return;
            last = some[^1].Id;
        }
    }
}
