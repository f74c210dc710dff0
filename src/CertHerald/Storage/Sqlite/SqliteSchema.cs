namespace CertHerald.Storage.Sqlite;

/// <summary>The tables, and how an older file becomes a newer one. Each step is a transaction: a start that was killed repeats it.</summary>
internal static partial class SqliteSchema
{
    /// <summary>Steps in order; a file remembers in <c>user_version</c> how many it has taken. Never change one that was released.</summary>
    private static readonly string[] Steps = [First, WatchItems, Lanes, Incidents, BackFills, LearnedOfLogs, Lives, Proof, Notices, AddedWebhooks, Engine, Accounts, DialectOptions, Attempts, OperatorChannels, CertificateSearch, IndexedCertificates, MonitoredDomains, Authorisations, Caa, Lookalikes, Apps, Events, IssuanceEvents, WebhookMoves, DeadOfWebhooks, Tenants, ClientCertificates, Revocations, FoundIssuances, WatchedNames, Chains, IssuanceKinds, WeakLookalikes, ListedDeliveries];

    // Sizes and indexes are unsigned 64-bit in the RFC and signed here: the store refuses a log that claims 2^63 entries.
    // Times are milliseconds since 1970, UTC.
    private const string First = """
        CREATE TABLE log (
            id          INTEGER PRIMARY KEY,
            log_id      BLOB NOT NULL UNIQUE,
            description TEXT NOT NULL,
            operator    TEXT NOT NULL,
            url         TEXT NOT NULL,
            protocol    TEXT NOT NULL,
            spki        BLOB NOT NULL
        ) STRICT;

        -- A stretch of a log that is read in order. 'until' is null for the tip.
        CREATE TABLE lane (
            log             INTEGER NOT NULL REFERENCES log(id),
            start           INTEGER NOT NULL,
            until           INTEGER,
            read_size       INTEGER NOT NULL,
            read_frontier   BLOB NOT NULL,
            proven_size     INTEGER NOT NULL,
            proven_frontier BLOB NOT NULL,
            PRIMARY KEY (log, start)
        ) STRICT;

        -- Signed heads, as evidence: two roots at one size are two rows.
        CREATE TABLE head (
            log      INTEGER NOT NULL REFERENCES log(id),
            size     INTEGER NOT NULL,
            root     BLOB NOT NULL,
            time     INTEGER NOT NULL,
            verbatim BLOB NOT NULL,
            proven   INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (log, size, root)
        ) STRICT;

        -- AUTOINCREMENT: ids are paging cursors and are never given out twice.
        CREATE TABLE issuance (
            id                   INTEGER PRIMARY KEY AUTOINCREMENT,
            tbs_sha256           TEXT NOT NULL UNIQUE,
            cert_sha256          TEXT NOT NULL,
            cert_der             BLOB NOT NULL,
            is_precertificate    INTEGER NOT NULL,
            dns_names            TEXT NOT NULL,
            ip_addresses         TEXT NOT NULL,
            pubkey_sha256        TEXT NOT NULL,
            issuer_pubkey_sha256 TEXT,
            issuer_name          TEXT NOT NULL,
            issuer_organization  TEXT,
            issuer_common_name   TEXT,
            subject_name         TEXT NOT NULL,
            serial               TEXT NOT NULL,
            not_before           INTEGER,
            not_after            INTEGER,
            problems             TEXT NOT NULL,
            known                INTEGER NOT NULL,
            reason               TEXT NOT NULL,
            discovered           INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE endpoint (
            issuance         INTEGER NOT NULL REFERENCES issuance(id),
            dns_name         TEXT NOT NULL,
            parent           TEXT NOT NULL,
            monitored_domain TEXT NOT NULL,
            wildcard         INTEGER NOT NULL,
            PRIMARY KEY (issuance, dns_name)
        ) STRICT;
        CREATE INDEX endpoint_parent ON endpoint (parent, dns_name);

        -- 'disputed': seen in a batch that contradicted a signed head; cleared when a later reading shows the same leaf.
        CREATE TABLE sighting (
            id                INTEGER PRIMARY KEY,
            issuance          INTEGER NOT NULL REFERENCES issuance(id),
            log               INTEGER NOT NULL REFERENCES log(id),
            entry_index       INTEGER NOT NULL,
            leaf_hash         BLOB NOT NULL,
            logged            INTEGER NOT NULL,
            is_precertificate INTEGER NOT NULL,
            proven            INTEGER NOT NULL,
            disputed          INTEGER NOT NULL,
            UNIQUE (log, entry_index, leaf_hash)
        ) STRICT;
        CREATE INDEX sighting_issuance ON sighting (issuance);
        CREATE INDEX sighting_unproven ON sighting (log, entry_index) WHERE proven = 0;

        CREATE TABLE malformed (
            id                 INTEGER PRIMARY KEY AUTOINCREMENT,
            log                INTEGER NOT NULL REFERENCES log(id),
            entry_index        INTEGER NOT NULL,
            leaf_hash          BLOB NOT NULL,
            problem            TEXT NOT NULL,
            entry              BLOB NOT NULL,
            shows_watched_name INTEGER NOT NULL,
            discovered         INTEGER NOT NULL,
            UNIQUE (log, entry_index, leaf_hash)
        ) STRICT;

        -- What is known of a webhook besides its configuration. Its URL and secrets stay there.
        CREATE TABLE webhook (
            name TEXT PRIMARY KEY,
            hold TEXT
        ) STRICT;

        CREATE TABLE delivery (
            id          INTEGER PRIMARY KEY AUTOINCREMENT,
            webhook     TEXT NOT NULL,
            kind        TEXT NOT NULL,
            subject     INTEGER NOT NULL,
            key         TEXT NOT NULL UNIQUE,
            body        BLOB,
            state       TEXT NOT NULL,
            tries       INTEGER NOT NULL DEFAULT 0,
            first_tried INTEGER,
            due         INTEGER NOT NULL,
            lease_until INTEGER,
            head_seen   INTEGER NOT NULL,
            created     INTEGER NOT NULL,
            UNIQUE (webhook, kind, subject)
        ) STRICT;
        CREATE INDEX delivery_open ON delivery (webhook, due) WHERE state IN ('pending', 'inflight');
        CREATE INDEX delivery_subject ON delivery (kind, subject);

        CREATE TABLE attempt (
            id       INTEGER PRIMARY KEY,
            delivery INTEGER NOT NULL REFERENCES delivery(id),
            started  INTEGER NOT NULL,
            took_ms  REAL NOT NULL,
            status   INTEGER,
            outcome  TEXT NOT NULL,
            detail   TEXT,
            answer   BLOB NOT NULL
        ) STRICT;
        CREATE INDEX attempt_delivery ON attempt (delivery);

        CREATE TABLE incident (
            id       INTEGER PRIMARY KEY AUTOINCREMENT,
            log      INTEGER NOT NULL REFERENCES log(id),
            kind     TEXT NOT NULL,
            summary  TEXT NOT NULL,
            evidence TEXT NOT NULL,
            opened   INTEGER NOT NULL,
            closed   INTEGER
        ) STRICT;

        CREATE TABLE session (
            id_hash BLOB PRIMARY KEY,
            expires INTEGER NOT NULL,
            used    INTEGER NOT NULL
        ) STRICT;
        """;

    // Those that were added through the API; the others stand in configuration and files.
    private const string WatchItems = """
        CREATE TABLE watch_item (
            text  TEXT PRIMARY KEY,
            added INTEGER NOT NULL
        ) STRICT;
        """;

    // A log is read in several stretches at once. 'start_frontier' is null where an older program began the lane: no lane can
    // end there. 'back_fill' is null for those that together are the following of the log.
    private const string Lanes = """
        ALTER TABLE lane RENAME TO lane_before;
        CREATE TABLE lane (
            id              INTEGER PRIMARY KEY AUTOINCREMENT,
            log             INTEGER NOT NULL REFERENCES log(id),
            back_fill       INTEGER,
            start           INTEGER NOT NULL,
            start_frontier  BLOB,
            until           INTEGER,
            read_size       INTEGER NOT NULL,
            read_frontier   BLOB NOT NULL,
            proven_size     INTEGER NOT NULL,
            proven_frontier BLOB NOT NULL,
            trouble         TEXT,
            tries           INTEGER NOT NULL DEFAULT 0,
            retry_at        INTEGER
        ) STRICT;
        INSERT INTO lane (log, start, until, read_size, read_frontier, proven_size, proven_frontier)
            SELECT log, start, until, read_size, read_frontier, proven_size, proven_frontier FROM lane_before;
        DROP TABLE lane_before;
        CREATE UNIQUE INDEX lane_tip ON lane (log) WHERE until IS NULL;
        CREATE UNIQUE INDEX lane_start ON lane (log, start) WHERE back_fill IS NULL;
        """;

    // What was one summary each is now one subject each.
    private const string Incidents = """
        ALTER TABLE incident ADD COLUMN severity TEXT NOT NULL DEFAULT 'error';
        ALTER TABLE incident ADD COLUMN subject TEXT NOT NULL DEFAULT '';
        ALTER TABLE incident ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE incident ADD COLUMN cases INTEGER NOT NULL DEFAULT 1;
        UPDATE incident SET subject = 'before ' || id, changed = COALESCE(closed, opened),
            severity = CASE kind WHEN 'fork' THEN 'critical' WHEN 'chain_mismatch' THEN 'warning' ELSE 'error' END;
        CREATE UNIQUE INDEX incident_open ON incident (log, kind, subject) WHERE closed IS NULL;
        """;

    // 'logs' are the ids of those to search, in JSON.
    private const string BackFills = """
        CREATE TABLE back_fill (
            id     INTEGER PRIMARY KEY AUTOINCREMENT,
            items  TEXT NOT NULL,
            since  INTEGER NOT NULL,
            added  INTEGER NOT NULL,
            paused INTEGER NOT NULL DEFAULT 0,
            logs   TEXT NOT NULL
        ) STRICT;
        CREATE INDEX lane_back_fill ON lane (back_fill) WHERE back_fill IS NOT NULL;
        """;

    private const string LearnedOfLogs = """
        CREATE TABLE rate (
            operator        TEXT NOT NULL,
            host            TEXT NOT NULL,
            per_second      REAL NOT NULL,
            slow_start_over INTEGER NOT NULL,
            PRIMARY KEY (operator, host)
        ) STRICT;
        ALTER TABLE log ADD COLUMN page INTEGER;
        """;

    // What lists say of logs, kept beyond them: a log that left every list is still followed, by what was last said of it. It is
    // written before the log is begun, so it refers to no row of 'log'. 'lists' has a line for each.
    private const string Lives = """
        CREATE TABLE log_life (
            log_id         BLOB PRIMARY KEY,
            spki           BLOB NOT NULL,
            description    TEXT NOT NULL,
            operator       TEXT NOT NULL,
            protocol       TEXT NOT NULL,
            url            TEXT NOT NULL,
            submission_url TEXT,
            mmd_ms         INTEGER NOT NULL,
            state          TEXT NOT NULL,
            final_size     INTEGER,
            final_root     BLOB,
            lists          TEXT NOT NULL,
            stage          TEXT NOT NULL,
            silent_since   INTEGER,
            has_rest       INTEGER NOT NULL
        ) STRICT;
        """;

    // Each leaf that something was found in, matched or malformed, and its audit path once there is one. Heads of proofs are
    // apart from 'head', whose rows are forgotten. Leaves that an older program left out are asked for again.
    private const string Proof = """
        CREATE TABLE proof_head (
            id       INTEGER PRIMARY KEY,
            log      INTEGER NOT NULL REFERENCES log(id),
            size     INTEGER NOT NULL,
            root     BLOB NOT NULL,
            time     INTEGER NOT NULL,
            verbatim BLOB NOT NULL,
            UNIQUE (log, size, root)
        ) STRICT;

        CREATE TABLE proof (
            id          INTEGER PRIMARY KEY,
            log         INTEGER NOT NULL REFERENCES log(id),
            entry_index INTEGER NOT NULL,
            leaf_hash   BLOB NOT NULL,
            leaf_input  BLOB,
            head        INTEGER REFERENCES proof_head(id),
            path        BLOB,
            UNIQUE (log, entry_index, leaf_hash)
        ) STRICT;
        CREATE INDEX proof_owed ON proof (log, entry_index) WHERE path IS NULL;

        INSERT INTO proof (log, entry_index, leaf_hash) SELECT log, entry_index, leaf_hash FROM sighting;
        INSERT INTO proof (log, entry_index, leaf_hash, leaf_input) SELECT log, entry_index, leaf_hash, entry FROM malformed WHERE true
            ON CONFLICT (log, entry_index, leaf_hash) DO UPDATE SET leaf_input = excluded.leaf_input;
        """;

    // 'told' is what operator channels know of an incident: null nothing, else its severity, or 'closed'. What closed before there
    // were channels is old news.
    private const string Notices = """
        ALTER TABLE incident ADD COLUMN last_case INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE incident ADD COLUMN told TEXT;
        UPDATE incident SET last_case = changed, told = CASE WHEN closed IS NULL THEN NULL ELSE 'closed' END;
        CREATE INDEX incident_untold ON incident (id) WHERE told IS NULL OR told <> 'closed';

        -- What stood when it was told: an incident goes on changing while its notice is retried.
        CREATE TABLE notice (
            id       INTEGER PRIMARY KEY AUTOINCREMENT,
            incident INTEGER NOT NULL REFERENCES incident(id),
            log      INTEGER NOT NULL REFERENCES log(id),
            kind     TEXT NOT NULL,
            change   TEXT NOT NULL,
            severity TEXT NOT NULL,
            summary  TEXT NOT NULL,
            cases    INTEGER NOT NULL,
            closed   INTEGER,
            others   INTEGER NOT NULL,
            at       INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX notice_last ON notice (log, kind, change, at);
        """;

    // Those of the configuration stand there only. AUTOINCREMENT: what was encrypted for one row must fit no later one.
    private const string AddedWebhooks = """
        CREATE TABLE added_webhook (
            id          INTEGER PRIMARY KEY AUTOINCREMENT,
            name        TEXT NOT NULL UNIQUE,
            dialect     TEXT NOT NULL,
            events      TEXT NOT NULL,
            evidence    INTEGER NOT NULL,
            concurrency INTEGER,
            rate        REAL,
            added       INTEGER NOT NULL,
            url         BLOB NOT NULL,
            headers     BLOB NOT NULL,
            secrets     BLOB NOT NULL
        ) STRICT;
        """;

    // A replay sends under the same key again, so a key is no longer one row's. An attempt keeps whether it counted: those of an
    // older program did. 'told' of news is when operators were told; what is untold is one row of each webhook and kind.
    private const string Engine = """
        ALTER TABLE attempt RENAME TO attempt_before;
        ALTER TABLE delivery RENAME TO delivery_before;
        DROP INDEX delivery_open;
        DROP INDEX delivery_subject;
        DROP INDEX attempt_delivery;

        CREATE TABLE delivery (
            id           INTEGER PRIMARY KEY AUTOINCREMENT,
            webhook      TEXT NOT NULL,
            kind         TEXT NOT NULL,
            subject      INTEGER NOT NULL,
            replay       INTEGER NOT NULL DEFAULT 0,
            key          TEXT NOT NULL,
            body         BLOB,
            is_short     INTEGER NOT NULL DEFAULT 0,
            state        TEXT NOT NULL,
            tries        INTEGER NOT NULL DEFAULT 0,
            first_tried  INTEGER,
            last_outcome TEXT,
            due          INTEGER NOT NULL,
            lease_until  INTEGER,
            lease_token  INTEGER,
            head_seen    INTEGER NOT NULL,
            created      INTEGER NOT NULL,
            UNIQUE (webhook, kind, subject, replay)
        ) STRICT;
        INSERT INTO delivery (id, webhook, kind, subject, key, body, state, tries, first_tried, due, head_seen, created)
            SELECT id, webhook, kind, subject, key, body, CASE state WHEN 'inflight' THEN 'pending' ELSE state END, tries, first_tried, due, head_seen, created
            FROM delivery_before;
        CREATE INDEX delivery_due ON delivery (webhook, due, id) WHERE state = 'pending';
        CREATE INDEX delivery_held ON delivery (webhook, id) WHERE state = 'held';
        CREATE INDEX delivery_inflight ON delivery (lease_until) WHERE state = 'inflight';
        CREATE INDEX delivery_ended ON delivery (due) WHERE state IN ('done', 'dead', 'cancelled');
        CREATE INDEX delivery_dead ON delivery (id) WHERE state = 'dead';
        CREATE INDEX delivery_subject ON delivery (kind, subject);

        CREATE TABLE attempt (
            id       INTEGER PRIMARY KEY,
            delivery INTEGER NOT NULL REFERENCES delivery(id),
            started  INTEGER NOT NULL,
            took_ms  REAL NOT NULL,
            status   INTEGER,
            outcome  TEXT NOT NULL,
            counted  INTEGER NOT NULL DEFAULT 1,
            detail   TEXT,
            answer   BLOB NOT NULL
        ) STRICT;
        INSERT INTO attempt (id, delivery, started, took_ms, status, outcome, detail, answer)
            SELECT id, delivery, started, took_ms, status, outcome, detail, answer FROM attempt_before;
        CREATE INDEX attempt_delivery ON attempt (delivery);
        DROP TABLE attempt_before;
        DROP TABLE delivery_before;

        ALTER TABLE webhook ADD COLUMN status TEXT NOT NULL DEFAULT 'active';
        ALTER TABLE webhook ADD COLUMN cause TEXT;
        ALTER TABLE webhook ADD COLUMN since INTEGER;
        ALTER TABLE webhook ADD COLUMN paused_until INTEGER;
        ALTER TABLE webhook ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE webhook ADD COLUMN failing_since INTEGER;
        ALTER TABLE webhook ADD COLUMN last_success INTEGER;
        ALTER TABLE webhook ADD COLUMN blocked INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE webhook ADD COLUMN window_start INTEGER;
        ALTER TABLE webhook ADD COLUMN window_tries INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE webhook ADD COLUMN window_failures INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE webhook ADD COLUMN breaker_wait_ms INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE webhook ADD COLUMN breaker_since INTEGER;
        ALTER TABLE webhook ADD COLUMN probe_at INTEGER;
        ALTER TABLE webhook ADD COLUMN told INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE webhook ADD COLUMN tokens REAL NOT NULL DEFAULT 0;
        ALTER TABLE webhook ADD COLUMN tokens_at INTEGER;
        UPDATE webhook SET status = 'gone' WHERE hold LIKE 'It answered 410%';
        UPDATE webhook SET status = 'held', cause = 'unlisted' WHERE hold LIKE 'The configuration does not name it%';
        UPDATE webhook SET status = 'held', cause = 'blocked' WHERE hold LIKE 'Its address is not one%';
        UPDATE webhook SET status = 'off' WHERE hold IS NOT NULL AND status = 'active';

        CREATE TABLE delivery_news (
            id       INTEGER PRIMARY KEY AUTOINCREMENT,
            webhook  TEXT NOT NULL,
            kind     TEXT NOT NULL,
            delivery INTEGER,
            detail   TEXT NOT NULL,
            cases    INTEGER NOT NULL DEFAULT 1,
            at       INTEGER NOT NULL,
            told     INTEGER
        ) STRICT;
        CREATE UNIQUE INDEX delivery_news_untold ON delivery_news (webhook, kind) WHERE told IS NULL;
        """;

    // Of keys and passwords only hashes. The trail is added to and never changed, whatever a later version does.
    private const string Accounts = """
        CREATE TABLE api_key (
            prefix    TEXT PRIMARY KEY,
            hash      BLOB NOT NULL,
            name      TEXT NOT NULL,
            scopes    TEXT NOT NULL,
            created   INTEGER NOT NULL,
            expires   INTEGER,
            last_used INTEGER,
            revoked   INTEGER
        ) STRICT;

        CREATE TABLE user (
            name     TEXT PRIMARY KEY,
            password TEXT NOT NULL,
            changed  INTEGER NOT NULL
        ) STRICT;
        ALTER TABLE session ADD COLUMN user TEXT;

        CREATE TABLE audit (
            id       INTEGER PRIMARY KEY AUTOINCREMENT,
            at       INTEGER NOT NULL,
            who      TEXT NOT NULL,
            method   TEXT NOT NULL,
            resource TEXT NOT NULL,
            outcome  TEXT NOT NULL
        ) STRICT;
        CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is only added to'); END;
        CREATE TRIGGER audit_keeps BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is only added to'); END;
        """;

    /// <summary>The version of files that this program writes.</summary>
    public static int Newest => Steps.Length;

    /// <summary>The version of a file.</summary>
    /// <exception cref="StoreException">A newer program wrote it.</exception>
    public static long Check(SqliteSession session)
    {
        long taken = session.Single("PRAGMA user_version", row => row.GetInt64(0));
        if (taken > Steps.Length)
            throw new StoreException($"the database is of version {taken}, this program knows up to {Steps.Length}: start the newer certherald again, or restore the backup made before it");
        return taken;
    }

    /// <summary>Brings the file to this program's version.</summary>
    /// <param name="until">How many steps to take in all; null for every one.</param>
    /// <exception cref="StoreException">A newer program wrote it.</exception>
    public static void Migrate(SqliteSession session, int? until = null)
    {
        long taken = Check(session);
        for (long step = taken; step < (until ?? Steps.Length); step++)
        {
            session.Run("BEGIN IMMEDIATE");
            session.RunScript(Steps[step]);
            if (ReferenceEquals(Steps[step], CertificateSearch)) FillSearch(session);
            if (ReferenceEquals(Steps[step], WatchedNames)) FillWatchedNames(session);
            session.Run($"PRAGMA user_version = {step + 1}");
            session.Run("COMMIT");
        }
    }
}
