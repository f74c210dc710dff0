namespace CertHerald.Storage.Postgres;

/// <summary>The tables, and how an older database becomes a newer one. Each step is a transaction: a start that was killed repeats it.</summary>
internal static partial class PostgresSchema
{
    /// <summary>Steps in order; the database remembers how many it has taken. Never change one that was released.</summary>
    private static readonly string[] Steps = [First, CertificateSearch, IndexedCertificates, MonitoredDomains, Authorisations, Caa, Lookalikes, Apps, Events, IssuanceEvents, WebhookMoves, KnownKeys, CaaLease, DeadOfWebhooks, Tenants, ClientCertificates, Revocations, FoundIssuances, WatchedNames, Chains, IssuanceKinds, WeakLookalikes, ListedDeliveries];

    /// <summary>The version that this program knows.</summary>
    public static int Newest => Steps.Length;

    // As in the other store: sizes and indexes are refused beyond 2^63, times are milliseconds since 1970, UTC. Texts that
    // are sorted or looked for are compared byte by byte, whatever the database's language.
    private const string First = """
        CREATE TABLE log (
            id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            log_id      bytea NOT NULL UNIQUE,
            description text COLLATE "C" NOT NULL,
            operator    text COLLATE "C" NOT NULL,
            url         text NOT NULL,
            protocol    text NOT NULL,
            spki        bytea NOT NULL,
            page        integer
        );

        -- Who reads a log. A commit under an older epoch is refused. Written before the log is begun.
        CREATE TABLE log_lease (
            log_id bytea PRIMARY KEY,
            node   uuid NOT NULL,
            epoch  bigint NOT NULL,
            until  bigint NOT NULL
        );

        -- A stretch of a log that is read in order. 'until' is null for the tip, 'back_fill' for the following of the log.
        CREATE TABLE lane (
            id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            log             bigint NOT NULL REFERENCES log,
            back_fill       bigint,
            start           bigint NOT NULL,
            start_frontier  bytea NOT NULL,
            until           bigint,
            read_size       bigint NOT NULL,
            read_frontier   bytea NOT NULL,
            proven_size     bigint NOT NULL,
            proven_frontier bytea NOT NULL,
            trouble         text,
            tries           integer NOT NULL DEFAULT 0,
            retry_at        bigint
        ) WITH (fillfactor = 50);
        CREATE UNIQUE INDEX lane_tip ON lane (log) WHERE until IS NULL;
        CREATE UNIQUE INDEX lane_start ON lane (log, start) WHERE back_fill IS NULL;
        CREATE INDEX lane_back_fill ON lane (back_fill) WHERE back_fill IS NOT NULL;

        -- 'logs' are the ids of those to search.
        CREATE TABLE back_fill (
            id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            items  text NOT NULL,
            since  bigint NOT NULL,
            added  bigint NOT NULL,
            paused boolean NOT NULL DEFAULT false,
            logs   bytea[] NOT NULL
        );

        -- Signed heads, as evidence: two roots at one size are two rows.
        CREATE TABLE head (
            id       bigint GENERATED ALWAYS AS IDENTITY,
            log      bigint NOT NULL REFERENCES log,
            size     bigint NOT NULL,
            root     bytea NOT NULL,
            time     bigint NOT NULL,
            verbatim bytea NOT NULL,
            proven   boolean NOT NULL DEFAULT false,
            PRIMARY KEY (log, size, root)
        );
        CREATE INDEX head_time ON head (log, time, size);

        -- Ids are paging cursors: drawn under a lock, they become visible in ascending order. 'facts' is JSON, without the
        -- certificate: names in certificates hold what no text may, a zero character.
        CREATE TABLE issuance (
            id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            tbs_sha256 text COLLATE "C" NOT NULL UNIQUE,
            cert_der   bytea NOT NULL,
            facts      text NOT NULL,
            known      boolean NOT NULL,
            reason     text NOT NULL,
            discovered bigint NOT NULL
        );

        CREATE TABLE endpoint (
            issuance         bigint NOT NULL REFERENCES issuance,
            dns_name         text COLLATE "C" NOT NULL,
            parent           text COLLATE "C" NOT NULL,
            monitored_domain text NOT NULL,
            wildcard         boolean NOT NULL,
            PRIMARY KEY (issuance, dns_name)
        );
        CREATE INDEX endpoint_parent ON endpoint (parent, dns_name);

        -- 'disputed': seen in a batch that contradicted a signed head; cleared when a later reading shows the same leaf.
        CREATE TABLE sighting (
            id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            issuance          bigint NOT NULL REFERENCES issuance,
            log               bigint NOT NULL REFERENCES log,
            entry_index       bigint NOT NULL,
            leaf_hash         bytea NOT NULL,
            logged            bigint NOT NULL,
            is_precertificate boolean NOT NULL,
            proven            boolean NOT NULL,
            disputed          boolean NOT NULL,
            UNIQUE (log, entry_index, leaf_hash)
        );
        CREATE INDEX sighting_issuance ON sighting (issuance);
        CREATE INDEX sighting_unproven ON sighting (log, entry_index) WHERE NOT proven;

        CREATE TABLE malformed (
            id                 bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            log                bigint NOT NULL REFERENCES log,
            entry_index        bigint NOT NULL,
            leaf_hash          bytea NOT NULL,
            problem            text NOT NULL,
            entry              bytea NOT NULL,
            shows_watched_name boolean NOT NULL,
            discovered         bigint NOT NULL,
            UNIQUE (log, entry_index, leaf_hash)
        );
        CREATE INDEX malformed_log ON malformed (log, id, shows_watched_name);

        -- Heads of proofs are apart from 'head', whose rows are forgotten.
        CREATE TABLE proof_head (
            id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            log      bigint NOT NULL REFERENCES log,
            size     bigint NOT NULL,
            root     bytea NOT NULL,
            time     bigint NOT NULL,
            verbatim bytea NOT NULL,
            UNIQUE (log, size, root)
        );

        -- Each leaf that something was found in, matched or malformed, and its audit path once there is one.
        CREATE TABLE proof (
            id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            log         bigint NOT NULL REFERENCES log,
            entry_index bigint NOT NULL,
            leaf_hash   bytea NOT NULL,
            leaf_input  bytea,
            head        bigint REFERENCES proof_head,
            path        bytea,
            UNIQUE (log, entry_index, leaf_hash)
        );
        CREATE INDEX proof_owed ON proof (log, entry_index) WHERE path IS NULL;

        CREATE TABLE incident (
            id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            log       bigint NOT NULL REFERENCES log,
            kind      text COLLATE "C" NOT NULL,
            severity  text NOT NULL,
            subject   text NOT NULL,
            summary   text NOT NULL,
            evidence  text NOT NULL,
            opened    bigint NOT NULL,
            changed   bigint NOT NULL,
            last_case bigint NOT NULL,
            cases     bigint NOT NULL DEFAULT 1,
            closed    bigint,
            told      text
        );
        CREATE UNIQUE INDEX incident_open ON incident (log, kind, subject) WHERE closed IS NULL;
        CREATE INDEX incident_untold ON incident (id) WHERE told IS NULL OR told <> 'closed';

        -- A notice may be about anything: 'uid' says what, and is never told twice. 'facts' is JSON, and what its deliveries say:
        -- what it is about goes on changing while it is retried. Entries that cannot be read are counted by their log, from the
        -- last one that a notice counted.
        CREATE TABLE notice (
            id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            uid     text COLLATE "C" NOT NULL UNIQUE,
            type    text COLLATE "C" NOT NULL,
            subject text COLLATE "C" NOT NULL,
            at      bigint NOT NULL,
            facts   text NOT NULL
        );
        CREATE INDEX notice_last ON notice (type, subject, at);
        CREATE INDEX notice_at ON notice (type, at);

        -- What lists say of logs, kept beyond them. Written before the log is begun: it refers to no row of 'log'.
        CREATE TABLE log_life (
            log_id         bytea PRIMARY KEY,
            spki           bytea NOT NULL,
            description    text COLLATE "C" NOT NULL,
            operator       text COLLATE "C" NOT NULL,
            protocol       text NOT NULL,
            url            text NOT NULL,
            submission_url text,
            mmd_ms         bigint NOT NULL,
            state          text NOT NULL,
            final_size     bigint,
            final_root     bytea,
            lists          text[] NOT NULL,
            stage          text NOT NULL,
            silent_since   bigint,
            has_rest       boolean NOT NULL
        );

        CREATE TABLE rate (
            operator        text NOT NULL,
            host            text NOT NULL,
            per_second      double precision NOT NULL,
            slow_start_over boolean NOT NULL,
            PRIMARY KEY (operator, host)
        );

        -- What is known of a webhook besides its configuration. Its row is the lock of what it is owed: who changes its status
        -- takes it whole, who owes it something shares it. 'move_at' is set while what it is owed is being held, or released: the
        -- next of it is due then, 'move_rate' a second.
        CREATE TABLE webhook (
            name            text COLLATE "C" PRIMARY KEY,
            status          text NOT NULL DEFAULT 'active',
            hold            text,
            cause           text,
            since           bigint,
            paused_until    bigint,
            failures        integer NOT NULL DEFAULT 0,
            failing_since   bigint,
            last_success    bigint,
            blocked         integer NOT NULL DEFAULT 0,
            window_start    bigint,
            window_tries    integer NOT NULL DEFAULT 0,
            window_failures integer NOT NULL DEFAULT 0,
            breaker_wait_ms bigint NOT NULL DEFAULT 0,
            breaker_since   bigint,
            probe_at        bigint,
            told            integer NOT NULL DEFAULT 0,
            tokens          double precision NOT NULL DEFAULT 0,
            tokens_at       bigint,
            move_at         bigint,
            move_rate       double precision
        ) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

        -- Changed several times in its life: vacuumed by its dead rows, not by how many have ended. What is held is tried by 'due',
        -- which a failed probe sets.
        CREATE TABLE delivery (
            id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            webhook      text COLLATE "C" NOT NULL,
            kind         text NOT NULL,
            subject      bigint NOT NULL,
            replay       integer NOT NULL DEFAULT 0,
            key          uuid NOT NULL,
            body         bytea,
            is_short     boolean NOT NULL DEFAULT false,
            state        text NOT NULL,
            tries        integer NOT NULL DEFAULT 0,
            first_tried  bigint,
            last_outcome text,
            due          bigint NOT NULL,
            lease_until  bigint,
            lease_token  bigint,
            head_seen    bigint NOT NULL,
            created      bigint NOT NULL,
            batch        bigint,
            UNIQUE (webhook, kind, subject, replay)
        ) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000);
        CREATE INDEX delivery_due ON delivery (webhook, due, id) WHERE state = 'pending';
        CREATE INDEX delivery_held ON delivery (webhook, due, id) WHERE state = 'held';
        CREATE INDEX delivery_inflight ON delivery (lease_until) WHERE state = 'inflight';
        CREATE INDEX delivery_ended ON delivery (due) WHERE state IN ('done', 'dead', 'cancelled');
        CREATE INDEX delivery_dead ON delivery (id) WHERE state = 'dead';
        CREATE INDEX delivery_subject ON delivery (kind, subject);
        CREATE INDEX delivery_batch ON delivery (batch) WHERE batch IS NOT NULL;

        -- A joined delivery is one that the body of another, its 'batch', carries: whatever becomes of that one becomes of it, by
        -- triggers, since deliveries end, are revived and forgotten in many ways. Given back before its body was written, a
        -- delivery carries nothing. What is joined carries nothing either. All after the fact: one statement may delete both.
        CREATE FUNCTION delivery_batch_ends() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            UPDATE delivery SET state = NEW.state, due = NEW.due, tries = NEW.tries, first_tried = NEW.first_tried, last_outcome = NEW.last_outcome
                WHERE batch = NEW.id AND state = 'joined';
            RETURN NULL;
        END $$;
        CREATE TRIGGER delivery_batch_ends AFTER UPDATE OF state ON delivery FOR EACH ROW
            WHEN (NEW.state IN ('done', 'dead', 'cancelled') AND NEW.batch IS NULL) EXECUTE FUNCTION delivery_batch_ends();
        CREATE FUNCTION delivery_batch_revives() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            UPDATE delivery SET state = 'joined' WHERE batch = NEW.id;
            RETURN NULL;
        END $$;
        CREATE TRIGGER delivery_batch_revives AFTER UPDATE OF state ON delivery FOR EACH ROW
            WHEN (OLD.state IN ('dead', 'cancelled') AND NEW.state IN ('pending', 'held')) EXECUTE FUNCTION delivery_batch_revives();
        CREATE FUNCTION delivery_batch_parts() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            UPDATE delivery SET state = NEW.state, batch = NULL WHERE batch = NEW.id AND state = 'joined';
            RETURN NULL;
        END $$;
        CREATE TRIGGER delivery_batch_parts AFTER UPDATE OF state ON delivery FOR EACH ROW
            WHEN (OLD.state = 'inflight' AND NEW.state IN ('pending', 'held') AND NEW.body IS NULL AND NOT NEW.is_short) EXECUTE FUNCTION delivery_batch_parts();
        CREATE FUNCTION delivery_batch_goes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            UPDATE delivery SET state = CASE state WHEN 'joined' THEN 'held' ELSE state END, batch = NULL WHERE batch = OLD.id;
            RETURN NULL;
        END $$;
        CREATE TRIGGER delivery_batch_goes AFTER DELETE ON delivery FOR EACH ROW EXECUTE FUNCTION delivery_batch_goes();

        -- What parts of it took is null where it is not known.
        CREATE TABLE attempt (
            id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            delivery   bigint NOT NULL REFERENCES delivery,
            started    bigint NOT NULL,
            took_ms    double precision NOT NULL,
            status     integer,
            outcome    text NOT NULL,
            counted    boolean NOT NULL,
            detail     text,
            answer     bytea NOT NULL,
            dns_ms     double precision,
            connect_ms double precision,
            tls_ms     double precision,
            headers_ms double precision,
            body_ms    double precision,
            peer       text
        );
        CREATE INDEX attempt_delivery ON attempt (delivery);

        -- Ids are read as a stream: drawn under a lock. 'told' is when operators were told; what is untold is one row of each
        -- webhook and kind.
        CREATE TABLE delivery_news (
            id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            webhook  text COLLATE "C" NOT NULL,
            kind     text NOT NULL,
            delivery bigint,
            detail   text NOT NULL,
            cases    integer NOT NULL DEFAULT 1,
            at       bigint NOT NULL,
            told     bigint
        );
        CREATE UNIQUE INDEX delivery_news_untold ON delivery_news (webhook, kind) WHERE told IS NULL;
        CREATE INDEX delivery_news_told ON delivery_news (webhook, kind, told);

        -- Those that were added through the API; the others stand in configuration and files.
        CREATE TABLE watch_item (
            text  text COLLATE "C" PRIMARY KEY,
            added bigint NOT NULL
        );

        CREATE TABLE added_webhook (
            id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            name           text COLLATE "C" NOT NULL UNIQUE,
            dialect        text NOT NULL,
            events         text[] NOT NULL,
            evidence       boolean NOT NULL,
            include_values boolean NOT NULL DEFAULT true,
            accept_any_2xx boolean NOT NULL DEFAULT false,
            max_batch      integer NOT NULL DEFAULT 1,
            concurrency    integer,
            rate           double precision,
            added          bigint NOT NULL,
            url            bytea NOT NULL,
            headers        bytea NOT NULL,
            secrets        bytea NOT NULL
        );

        -- Of keys and passwords only hashes.
        CREATE TABLE api_key (
            prefix    text COLLATE "C" PRIMARY KEY,
            hash      bytea NOT NULL,
            name      text NOT NULL,
            scopes    text[] NOT NULL,
            created   bigint NOT NULL,
            expires   bigint,
            last_used bigint,
            revoked   bigint
        );

        CREATE TABLE account (
            name     text COLLATE "C" PRIMARY KEY,
            password text NOT NULL,
            changed  bigint NOT NULL
        );

        CREATE TABLE session (
            id_hash bytea PRIMARY KEY,
            account text COLLATE "C",
            expires bigint NOT NULL,
            used    bigint NOT NULL
        );

        -- Added to and never changed, whatever a later version does.
        CREATE TABLE audit (
            id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            at       bigint NOT NULL,
            who      text NOT NULL,
            method   text NOT NULL,
            resource text NOT NULL,
            outcome  text NOT NULL
        );
        CREATE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'the audit trail is only added to'; END $$;
        CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_stays();

        -- Counts changes of what every node has in memory, so that a look at one row tells whether to read it anew.
        CREATE TABLE settings (revision bigint NOT NULL);
        INSERT INTO settings VALUES (0);
        CREATE FUNCTION settings_changed() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN UPDATE settings SET revision = revision + 1; RETURN NULL; END $$;
        CREATE TRIGGER settings_changed AFTER INSERT OR UPDATE OR DELETE ON watch_item FOR EACH STATEMENT EXECUTE FUNCTION settings_changed();
        CREATE TRIGGER settings_changed AFTER INSERT OR UPDATE OR DELETE ON added_webhook FOR EACH STATEMENT EXECUTE FUNCTION settings_changed();
        """;

    /// <summary>Brings the database to this program's version. Nodes that start together wait for each other.</summary>
    /// <param name="until">How many steps to take in all; null for every one.</param>
    /// <exception cref="StoreException">A newer program made it.</exception>
    public static async Task MigrateAsync(PostgresSession session, int? until = null)
    {
        int most = until ?? Newest;
        for (int taken = 0; taken < most; taken++)
        {
            await session.BeginAsync();
            await session.LockAsync(PostgresLock.Migration);
            // Asked first: a role that may not create anything can still run what was migrated by another.
            if (await session.FirstAsync("SELECT to_regclass('certherald') IS NULL", row => row.GetBoolean(0)))
                await session.RunAsync("CREATE TABLE certherald (version integer NOT NULL)");
            taken = await session.FirstAsync("SELECT version FROM certherald", row => row.GetInt32(0));
            if (taken > Newest)
                throw new StoreException($"the database is of version {taken}, this program knows up to {Newest}: start the newer certherald again, or restore the backup made before it");
            if (taken < most)
            {
                await session.RunAsync(Steps[taken]);
                if (ReferenceEquals(Steps[taken], CertificateSearch)) await FillSearchAsync(session);
                if (ReferenceEquals(Steps[taken], WatchedNames)) await FillWatchedNamesAsync(session);
                await session.RunAsync("DELETE FROM certherald");
                await session.RunAsync("INSERT INTO certherald VALUES (@version)", ("@version", taken + 1));
            }
            await session.FinishAsync();
        }
    }
}
