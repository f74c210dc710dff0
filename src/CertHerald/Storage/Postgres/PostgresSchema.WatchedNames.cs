using CertHerald.Deciding;
using CertHerald.Inspecting;

namespace CertHerald.Storage.Postgres;

/// <summary>The step that names with the end of their certificates brought.</summary>
internal static partial class PostgresSchema
{
    // As in the other store.
    private const string WatchedNames = """
        CREATE TABLE watched_name (
            dns_name         text COLLATE "C" PRIMARY KEY,
            parent           text COLLATE "C" NOT NULL,
            monitored_domain text COLLATE "C" NOT NULL,
            discovered       bigint NOT NULL,
            issuance         bigint NOT NULL REFERENCES issuance,
            not_after        bigint NOT NULL,
            lifetime         bigint NOT NULL,
            told             bigint
        );
        CREATE INDEX watched_name_parent ON watched_name (parent);
        CREATE INDEX watched_name_domain ON watched_name (monitored_domain, dns_name);
        CREATE INDEX watched_name_issuance ON watched_name (issuance);
        CREATE INDEX watched_name_end ON watched_name (not_after, dns_name);
        """;

    /// <summary>Fills it with what an older program stored.</summary>
    internal static async Task FillWatchedNamesAsync(PostgresSession session)
    {
        const int atOnce = 500;
        for (long last = 0; ;)
        {
            List<(long Id, CertificateFacts Facts)> some = await session.AllAsync(
                "SELECT id, cert_der, facts FROM issuance WHERE id > @last ORDER BY id LIMIT @limit", row => (row.GetInt64(0), PostgresStore.ReadFacts(row, 1)), ("@last", last), ("@limit", atOnce));
            ILookup<long, WatchedEndpoint> endpoints = (await session.AllAsync(
                "SELECT issuance, dns_name, monitored_domain, wildcard FROM endpoint WHERE issuance = ANY(@ids)",
                row => (Issuance: row.GetInt64(0), Endpoint: new WatchedEndpoint(row.GetString(1), row.GetString(2), row.GetBoolean(3))),
                ("@ids", some.Select(one => one.Id).ToArray()))).ToLookup(one => one.Issuance, one => one.Endpoint);
            await PostgresStore.KeepWatchedNamesAsync(session, [.. some.SelectMany(one => WatchedNameRow.Of(one.Id, one.Facts, [.. endpoints[one.Id]]))]);
            if (some.Count < atOnce) return;
            last = some[^1].Id;
        }
    }
}
