namespace CertHerald.Storage.Sqlite;

/// <summary>The steps that more dialects and a faster engine brought.</summary>
internal static partial class SqliteSchema
{
    // What only some dialects' webhooks have. A joined delivery is one that the body of another carries: whatever becomes of that
    // one becomes of it, by triggers, since deliveries end, are revived and forgotten in many ways. Given back before its body was
    // written, a delivery carries nothing.
    private const string DialectOptions = """
        ALTER TABLE added_webhook ADD COLUMN include_values INTEGER NOT NULL DEFAULT 1;
        ALTER TABLE added_webhook ADD COLUMN accept_any_2xx INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE added_webhook ADD COLUMN max_batch INTEGER NOT NULL DEFAULT 1;

        ALTER TABLE delivery ADD COLUMN batch INTEGER;
        CREATE INDEX delivery_batch ON delivery (batch) WHERE batch IS NOT NULL;
        CREATE TRIGGER delivery_batch_ends AFTER UPDATE OF state ON delivery WHEN NEW.state IN ('done', 'dead', 'cancelled') BEGIN
            UPDATE delivery SET state = NEW.state, due = NEW.due, tries = NEW.tries, first_tried = NEW.first_tried, last_outcome = NEW.last_outcome
                WHERE batch = NEW.id AND state = 'joined';
        END;
        CREATE TRIGGER delivery_batch_revives AFTER UPDATE OF state ON delivery
        WHEN OLD.state IN ('dead', 'cancelled') AND NEW.state IN ('pending', 'held') BEGIN
            UPDATE delivery SET state = 'joined' WHERE batch = NEW.id;
        END;
        CREATE TRIGGER delivery_batch_parts AFTER UPDATE OF state ON delivery
        WHEN OLD.state = 'inflight' AND NEW.state IN ('pending', 'held') AND NEW.body IS NULL AND NEW.is_short = 0 BEGIN
            UPDATE delivery SET state = NEW.state, batch = NULL WHERE batch = NEW.id AND state = 'joined';
        END;
        CREATE TRIGGER delivery_batch_goes BEFORE DELETE ON delivery BEGIN
            UPDATE delivery SET state = CASE state WHEN 'joined' THEN 'held' ELSE state END, batch = NULL WHERE batch = OLD.id;
        END;
        """;

    // What parts of attempts took; null where it is not known. 'move_at' is set while what a webhook is owed is being held, or
    // released: the next of it is due then, 'move_rate' a second. What is held is tried by 'due', which a failed probe sets.
    private const string Attempts = """
        ALTER TABLE attempt ADD COLUMN dns_ms REAL;
        ALTER TABLE attempt ADD COLUMN connect_ms REAL;
        ALTER TABLE attempt ADD COLUMN tls_ms REAL;
        ALTER TABLE attempt ADD COLUMN headers_ms REAL;
        ALTER TABLE attempt ADD COLUMN body_ms REAL;
        ALTER TABLE attempt ADD COLUMN peer TEXT;
        ALTER TABLE webhook ADD COLUMN move_at INTEGER;
        ALTER TABLE webhook ADD COLUMN move_rate REAL;
        DROP INDEX delivery_held;
        CREATE INDEX delivery_held ON delivery (webhook, due, id) WHERE state = 'held';
        """;
}
