namespace CertHerald.Storage;

/// <summary>Who changed what. Only ever added to. A part of <see cref="IStore"/>, and kept as durably.</summary>
internal interface IAudit
{
    /// <summary>Adds what no transaction of its own recorded: see <see cref="AuditNote"/>.</summary>
    Task AddAuditAsync(AuditNote note, string outcome, CancellationToken cancellation);

    /// <summary>Newest first, below an id (null: from the newest).</summary>
    Task<IReadOnlyList<AuditEntry>> AuditAsync(long? before, int limit, CancellationToken cancellation);
}

/// <summary>A line of the audit trail.</summary>
/// <param name="Who"><c>local</c>, a key's prefix, a user, or a session that began with a link.</param>
/// <param name="Resource">The address, which holds kind and id. Foreign.</param>
/// <param name="Outcome"><c>done</c>, or <c>refused</c> or <c>failed</c> with the answer's status.</param>
internal sealed record AuditEntry(long Id, DateTimeOffset At, string Who, string Method, string Resource, string Outcome);

/// <summary>
/// What is to be said of the change under way. It travels with the request, beside the calls and not through them: the store
/// writes it into the transaction that makes the change, so no operation can forget it and none is recorded that did not happen.
/// </summary>
internal sealed class AuditNote(DateTimeOffset at, string who, string method, string resource)
{
    public const string Done = "done";

    private const int MostCharacters = 300;

    private static readonly AsyncLocal<AuditNote?> Travelling = new();

    /// <summary>Of the request under way; null if it is none that changes anything.</summary>
    public static AuditNote? Current
    {
        get => Travelling.Value;
        set => Travelling.Value = value;
    }

    public DateTimeOffset At => at;

    public string Who => who;

    public string Method => method;

    public string Resource { get; private set; } = Cut(resource);

    /// <summary>Whether it is durable, or its request is over: what else is written needs no line of its own.</summary>
    public bool IsWritten { get; set; }

    /// <summary>Names the thing that is made, where its address does not.</summary>
    public static void About(string id)
    {
        if (Current is { } note) note.Resource = Cut($"{note.Resource}/{id}");
    }

    /// <summary>Says what was asked for, where that stands in the request's body: as the query of its address would.</summary>
    public static void Asked(string query)
    {
        if (Current is { } note) note.Resource = Cut($"{note.Resource}?{query}");
    }

    private static string Cut(string text) => text.Length <= MostCharacters ? text : text[..MostCharacters] + "…";
}
