using CertHerald.Deciding;
using CertHerald.Inspecting;

namespace CertHerald.Storage.Sqlite;

/// <summary>The step that names with the end of their certificates brought.</summary>
internal static partial class SqliteSchema
{
    // A row for each name, and for each wildcard in a watched tree, with the certificate that covers it longest. 'told' is the
    // issuance of whose end somebody was told.
    private const string WatchedNames = """
        CREATE TABLE watched_name (
            dns_name         TEXT PRIMARY KEY,
            parent           TEXT NOT NULL,
            monitored_domain TEXT NOT NULL,
            discovered       INTEGER NOT NULL,
            issuance         INTEGER NOT NULL REFERENCES issuance(id),
            not_after        INTEGER NOT NULL,
            lifetime         INTEGER NOT NULL,
            told             INTEGER
        ) STRICT;
        CREATE INDEX watched_name_parent ON watched_name (parent);
        CREATE INDEX watched_name_domain ON watched_name (monitored_domain, dns_name);
        CREATE INDEX watched_name_issuance ON watched_name (issuance);
        CREATE INDEX watched_name_end ON watched_name (not_after, dns_name);
        """;

    /// <summary>Fills it with what an older program stored.</summary>
    private static void FillWatchedNames(SqliteSession session)
    {
        const int atOnce = 500;
        for (long last = 0; ;)
        {
            List<(long Id, CertificateFacts Facts)> some = session.All(
                $"SELECT {SqliteStore.IssuanceColumns} FROM issuance WHERE id > @last ORDER BY id LIMIT {atOnce}", row => (row.GetInt64(0), SqliteStore.ReadFacts(row)), ("@last", last));
            foreach ((long id, CertificateFacts facts) in some)
                SqliteStore.KeepWatchedNames(session, WatchedNameRow.Of(id, facts, session.All(
                    "SELECT dns_name, monitored_domain, wildcard FROM endpoint WHERE issuance = @id", row => new WatchedEndpoint(row.GetString(0), row.GetString(1), row.GetBoolean(2)), ("@id", id))));
            if (some.Count < atOnce) return;
            last = some[^1].Id;
        }
    }
}
