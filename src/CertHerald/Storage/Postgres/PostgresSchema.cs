namespace CertHerald.Storage.Postgres;

/// <summary>The tables, and how an older database becomes a newer one. Each step is a transaction: a start that was killed repeats it.</summary>
internal static class PostgresSchema
{
    /// <summary>Steps in order; the database remembers how many it has taken. Never change one that was released.</summary>
    private static readonly string[] Steps = [First];

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

        -- What stood when it was told: an incident goes on changing while its notice is retried.
        CREATE TABLE notice (
            id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            incident bigint NOT NULL REFERENCES incident,
            log      bigint NOT NULL REFERENCES log,
            kind     text NOT NULL,
            change   text NOT NULL,
            severity text NOT NULL,
            summary  text NOT NULL,
            cases    bigint NOT NULL,
            closed   bigint,
            others   integer NOT NULL,
            at       bigint NOT NULL
        );
        CREATE INDEX notice_last ON notice (log, kind, change, at);

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
        -- takes it whole, who owes it something shares it.
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
            tokens_at       bigint
        ) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

        -- Changed several times in its life: vacuumed by its dead rows, not by how many have ended.
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
            UNIQUE (webhook, kind, subject, replay)
        ) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000);
        CREATE INDEX delivery_due ON delivery (webhook, due, id) WHERE state = 'pending';
        CREATE INDEX delivery_held ON delivery (webhook, id) WHERE state = 'held';
        CREATE INDEX delivery_inflight ON delivery (lease_until) WHERE state = 'inflight';
        CREATE INDEX delivery_ended ON delivery (due) WHERE state IN ('done', 'dead', 'cancelled');
        CREATE INDEX delivery_dead ON delivery (id) WHERE state = 'dead';
        CREATE INDEX delivery_subject ON delivery (kind, subject);

        CREATE TABLE attempt (
            id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            delivery bigint NOT NULL REFERENCES delivery,
            started  bigint NOT NULL,
            took_ms  double precision NOT NULL,
            status   integer,
            outcome  text NOT NULL,
            counted  boolean NOT NULL,
            detail   text,
            answer   bytea NOT NULL
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

        -- Those that were added through the API; the others stand in configuration and files.
        CREATE TABLE watch_item (
            text  text COLLATE "C" PRIMARY KEY,
            added bigint NOT NULL
        );

        CREATE TABLE added_webhook (
            id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            name        text COLLATE "C" NOT NULL UNIQUE,
            dialect     text NOT NULL,
            events      text[] NOT NULL,
            evidence    boolean NOT NULL,
            concurrency integer,
            rate        double precision,
            added       bigint NOT NULL,
            url         bytea NOT NULL,
            headers     bytea NOT NULL,
            secrets     bytea NOT NULL
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
    /// <exception cref="StoreException">A newer program made it.</exception>
    public static async Task MigrateAsync(PostgresSession session)
    {
        for (int taken = 0; taken < Steps.Length; taken++)
        {
            await session.BeginAsync();
            await session.LockAsync(PostgresLock.Migration);
            // Asked first: a role that may not create anything can still run what was migrated by another.
            if (await session.FirstAsync("SELECT to_regclass('certherald') IS NULL", row => row.GetBoolean(0)))
                await session.RunAsync("CREATE TABLE certherald (version integer NOT NULL)");
            taken = await session.FirstAsync("SELECT version FROM certherald", row => row.GetInt32(0));
            if (taken > Steps.Length)
                throw new StoreException($"the database is of version {taken}, this program knows up to {Steps.Length}: start the newer certherald again, or restore the backup made before it");
            if (taken < Steps.Length)
            {
                await session.RunAsync(Steps[taken]);
                await session.RunAsync("DELETE FROM certherald");
                await session.RunAsync("INSERT INTO certherald VALUES (@version)", ("@version", taken + 1));
            }
            await session.FinishAsync();
        }
    }
}
