namespace CertHerald.Storage.Sqlite;

/// <summary>The step that webhooks brought which move, and which several nodes change.</summary>
internal static partial class SqliteSchema
{
    // 'address' is a mark of where a webhook was that is on hold. A change of an added webhook says which revision it was made from.
    private const string WebhookMoves = """
        ALTER TABLE webhook ADD COLUMN address INTEGER;
        ALTER TABLE added_webhook ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
        """;

    // Those that one webhook gave up are counted in the transaction that tells that it is back.
    private const string DeadOfWebhooks = "CREATE INDEX delivery_dead_webhook ON delivery (webhook, id) WHERE state = 'dead'";

    // 'tls' and 'callbacks' are JSON, encrypted; null where there is nothing to keep.
    private const string ClientCertificates = """
        ALTER TABLE added_webhook ADD COLUMN tls BLOB;
        ALTER TABLE added_webhook ADD COLUMN max_batch_bytes INTEGER NOT NULL DEFAULT 100000;
        ALTER TABLE app ADD COLUMN callbacks BLOB;
        """;

    // Deliveries are listed newest first: by webhook, and by every state that few may be in. What is done, or under way, needs none.
    private const string ListedDeliveries = """
        CREATE INDEX delivery_webhook ON delivery (webhook, id);
        CREATE INDEX delivery_newest_pending ON delivery (id) WHERE state = 'pending';
        CREATE INDEX delivery_newest_held ON delivery (id) WHERE state = 'held';
        CREATE INDEX delivery_newest_cancelled ON delivery (id) WHERE state = 'cancelled';
        CREATE INDEX delivery_newest_joined ON delivery (id) WHERE state = 'joined';
        """;
}
