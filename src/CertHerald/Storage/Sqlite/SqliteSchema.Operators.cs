namespace CertHerald.Storage.Sqlite;

/// <summary>The step that operator channels brought.</summary>
internal static partial class SqliteSchema
{
    // A notice may be about anything: 'uid' says what, and is never told twice. 'facts' is what its deliveries say. Entries that
    // cannot be read are counted by their log, from the last one that a notice counted.
    private const string OperatorChannels = """
        ALTER TABLE notice RENAME TO notice_before;
        DROP INDEX notice_last;
        CREATE TABLE notice (
            id      INTEGER PRIMARY KEY AUTOINCREMENT,
            uid     TEXT NOT NULL UNIQUE,
            type    TEXT NOT NULL,
            subject TEXT NOT NULL,
            at      INTEGER NOT NULL,
            facts   TEXT NOT NULL
        ) STRICT;
        INSERT INTO notice (id, uid, type, subject, at, facts)
            SELECT before.id, 'incident/' || before.incident || '/' || before.change || '/' || before.id, 'log.incident.' || before.change,
                lower(hex(log_id)) || '/' || before.kind, before.at,
                json_object('of', 'incident', 'incident', before.incident,
                    'log', json_object('key', lower(hex(log_id)), 'description', description, 'operator', operator),
                    'kind', before.kind, 'severity', before.severity, 'summary', before.summary,
                    'opened', strftime('%Y-%m-%dT%H:%M:%fZ', opened / 1000.0, 'unixepoch'),
                    'closed', strftime('%Y-%m-%dT%H:%M:%fZ', before.closed / 1000.0, 'unixepoch'),
                    'cases', before.cases, 'others', before.others)
            FROM notice_before AS before JOIN incident ON incident.id = before.incident JOIN log ON log.id = before.log;
        DROP TABLE notice_before;
        CREATE INDEX notice_last ON notice (type, subject, at);
        CREATE INDEX notice_at ON notice (type, at);
        CREATE INDEX delivery_news_told ON delivery_news (webhook, kind, told);
        CREATE INDEX malformed_log ON malformed (log, id, shows_watched_name);
        """;
}
