namespace CertHerald.Storage;

/// <summary>Webhooks that were added through the API, their secrets encrypted. A part of <see cref="IStore"/>, and kept as durably.</summary>
internal interface IStoredWebhooks
{
    /// <summary>All of them, by name.</summary>
    /// <exception cref="Secrets.SecretKeyException">One cannot be decrypted.</exception>
    Task<IReadOnlyList<StoredWebhook>> AddedWebhooksAsync(CancellationToken cancellation);

    /// <summary>Whether one of this name was added: also asked by a node that cannot read it.</summary>
    Task<bool> IsAddedAsync(string name, CancellationToken cancellation);

    /// <returns>False if the name is taken: nothing was changed.</returns>
    Task<bool> AddWebhookAsync(StoredWebhook webhook, CancellationToken cancellation);

    /// <summary>Puts it in place of the one of its name, as the next revision.</summary>
    /// <returns>False if there is none, or it is of another revision by now: nothing was changed.</returns>
    Task<bool> ReplaceWebhookAsync(StoredWebhook webhook, CancellationToken cancellation);

    /// <returns>False if it was not there.</returns>
    Task<bool> RemoveWebhookAsync(string name, CancellationToken cancellation);
}

/// <summary>A webhook that was added through the API.</summary>
internal sealed record StoredWebhook
{
    public required string Name { get; init; }

    public required string Dialect { get; init; }

    public required IReadOnlyList<string> Events { get; init; }

    public bool Evidence { get; init; }

    /// <summary>Whether bodies carry what changed, beside that it did.</summary>
    public bool IncludeValues { get; init; } = true;

    /// <summary>Whether every status from 200 to 299 counts as delivered, whatever the dialect says.</summary>
    public bool AcceptAny2xx { get; init; }

    /// <summary>Events in one body, at most.</summary>
    public int MaxBatch { get; init; } = 1;

    /// <summary>Bytes of a body about several events, at most.</summary>
    public int MaxBatchBytes { get; init; } = 100_000;

    /// <summary>Requests at once; null: as many as is usual.</summary>
    public int? Concurrency { get; init; }

    /// <summary>Requests a second; null: as many as is usual.</summary>
    public double? Rate { get; init; }

    public required DateTimeOffset Added { get; init; }

    /// <summary>How often it was changed. A change says which one it was made from: nobody's is undone unseen.</summary>
    public long Revision { get; init; }

    /// <summary>Whole, with user name and password. Encrypted.</summary>
    public required string Url { get; init; }

    /// <summary>Encrypted.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>What its requests are signed with, of each kind newest first; empty: they are not signed. Encrypted.</summary>
    public IReadOnlyList<StoredSecret> Secrets { get; init; } = [];

    /// <summary>What its receiver knows us by, and we it; null: nothing of its own. Encrypted.</summary>
    public StoredTls? Tls { get; init; }

    /// <summary>The name: printed by accident, it must not show its secrets.</summary>
    public override string ToString() => Name;
}

/// <summary>What a receiver knows us by, and we it, each as PEM. Kept as JSON: members may be added, never renamed.</summary>
/// <param name="Certificate">Of the client; null without.</param>
/// <param name="Key">Of the client certificate; null if it stands beside it.</param>
/// <param name="Ca">The roots that the receiver's certificate may lead to; null: those that this machine trusts.</param>
internal sealed record StoredTls(string? Certificate, string? Key, string? Ca)
{
    public override string ToString() => "…";
}

/// <summary>A secret that signs. Its text tells its kind.</summary>
/// <param name="Until">When it stops; null for the newest one.</param>
internal sealed record StoredSecret(string Text, DateTimeOffset? Until)
{
    public override string ToString() => "…";
}
