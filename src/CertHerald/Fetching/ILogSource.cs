using System.Net;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Fetching;

/// <summary>
/// One log's read protocol. Carries bytes, never trust: <see cref="LogReader"/> checks what comes out.
/// Every method throws <see cref="LogUnavailableException"/> when the log does not answer, or answers garbage. Thread-safe.
/// </summary>
internal interface ILogSource
{
    /// <summary>For how long asking for a head again is of no use, by the last answer's own word; zero if it gave none.</summary>
    TimeSpan HeadFreshFor { get; }

    /// <summary>What the log calls itself in the head it gave last, where that is not its name; null where heads hold none. Foreign text.</summary>
    string? ForeignOrigin { get; }

    /// <summary>The newest head on offer, signature included, unchecked.</summary>
    Task<SignedHead> GetHeadAsync(CancellationToken cancellation);

    /// <summary>The head that was given last is of no use: the next is asked for whether it changed or not.</summary>
    void ForgetHead();

    /// <summary>Entries that an answer holds, as learned: worth keeping over a restart.</summary>
    int PageSize { get; }

    /// <summary>Fewer entries than this take no less to read.</summary>
    int LeastPage { get; }

    /// <summary>Where a batch that starts here does best to end, by the log's pages or tiles; never beyond <paramref name="head"/>.</summary>
    TreeSize BatchEnd(EntryIndex start, TreeSize head);

    /// <summary>How many answers it takes to read this range.</summary>
    int AnswersIn(EntryIndex start, int count);

    /// <summary>
    /// Entries from <paramref name="start"/> on: perhaps fewer than asked (RFC 6962 §4.6), never none, never at or beyond
    /// <paramref name="head"/>. The caller disposes the batch.
    /// </summary>
    /// <param name="room">Where the memory for answers and entries comes from; null where nobody counts it.</param>
    /// <exception cref="NoRoomException">The answers outgrew <paramref name="room"/>.</exception>
    /// <exception cref="UnreadableEntriesException">The log answers, but not with entries that can be told apart.</exception>
    Task<RawBatch> GetEntriesAsync(EntryIndex start, int atMost, TreeSize head, CancellationToken cancellation, FetchRoom? room = null);

    /// <summary>
    /// One entry, in the smallest batch that the protocol gives: others may stand around it, and it may be missing where it
    /// cannot be read. The caller disposes the batch.
    /// </summary>
    /// <inheritdoc cref="GetEntriesAsync" path="/param[@name='room']"/>
    Task<RawBatch> GetAroundAsync(EntryIndex index, TreeSize head, CancellationToken cancellation, FetchRoom? room = null);

    /// <summary>The subtree hashes that cover [from, until), left to right; empty if the protocol has no tiles.</summary>
    /// <param name="until">The size of a verified head: it says which partial tiles there are.</param>
    Task<MerkleHash[]> GetSubtreesAsync(TreeSize from, TreeSize until, CancellationToken cancellation);

    /// <summary>The hash that the log's tiles hold for an entry, unchecked; null if the protocol has no tiles.</summary>
    /// <param name="index">Below the head's size.</param>
    Task<MerkleHash?> GetLeafHashAsync(EntryIndex index, TreeSize head, CancellationToken cancellation);

    /// <summary>The frontier at a size below or at a verified head, checked against its root; null where the protocol cannot give it there.</summary>
    /// <param name="room">For entries that the protocol gives it by.</param>
    Task<Frontier?> GetFrontierAsync(TreeSize at, VerifiedHead head, CancellationToken cancellation, FetchRoom? room = null);

    /// <summary>Whether the log proves that a tree is the beginning of a head's; null where the protocol cannot prove it there.</summary>
    /// <param name="size">From 1, below the head's.</param>
    Task<bool?> ProvesAsync(TreeSize size, MerkleHash root, VerifiedHead head, CancellationToken cancellation);

    /// <summary>The audit path of an entry to a head, as the log gives it, unchecked; null where it gives none.</summary>
    /// <param name="index">Below the head's size.</param>
    /// <param name="room">For an entry that the protocol gives beside it.</param>
    Task<MerkleHash[]?> GetInclusionAsync(EntryIndex index, MerkleHash leaf, VerifiedHead head, CancellationToken cancellation, FetchRoom? room = null);

    /// <summary>Reads a head that was served before; null if it is none. Unchecked.</summary>
    SignedHead? ReadHead(ReadOnlyMemory<byte> verbatim);

    /// <summary>An issuer certificate by its fingerprint, hash-checked; null where the log has none, or the protocol carries chains in entries.</summary>
    Task<byte[]?> GetIssuerAsync(MerkleHash fingerprint, CancellationToken cancellation);

    /// <summary>Forgets cached tiles, so that the next ones come from the log; false if the protocol has none to forget.</summary>
    bool ForgetTiles();
}

/// <summary>A log did not answer, or answered what cannot be used. Retried on a schedule.</summary>
internal class LogUnavailableException : Exception
{
    public LogUnavailableException(string message) : base(message) { }

    public LogUnavailableException(string message, Exception inner) : base(message, inner) { }

    /// <summary>How long the log asked to be left alone; null if it did not say.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The answer's status where it was not 200; null if there was no answer, or none of use under 200.</summary>
    public HttpStatusCode? Status { get; init; }

    /// <summary>The host refused because of how much it is asked, or may have.</summary>
    public bool IsRefusal => Status is HttpStatusCode.TooManyRequests or HttpStatusCode.Forbidden or HttpStatusCode.ServiceUnavailable;

    /// <summary>The host refuses this whenever it is asked for, and answers other requests for entries meanwhile: how much it is asked is not the reason.</summary>
    public bool IsItsOwn { get; set; }

    /// <summary>By its status, the log is only asked too much.</summary>
    public bool NamesPace => Status is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable;

    /// <summary>The log answers, only not so fast: that says nothing about what was asked for.</summary>
    public bool IsThrottled => NamesPace && !IsItsOwn;
}

/// <summary>
/// The log answers, but these entries cannot be told apart in what it serves, and so cannot be read; those before and behind
/// them can. It may have been a damaged answer: the same one several times is the log's own.
/// </summary>
internal sealed class UnreadableEntriesException(string message, EntryIndex first, TreeSize end) : LogUnavailableException(message)
{
    /// <summary>The first entry out of reach.</summary>
    public EntryIndex First { get; } = first;

    /// <summary>Where reading can go on.</summary>
    public TreeSize End { get; } = end;
}

/// <summary>A log offered a head that it did not sign, or not as its protocol asks for. The old head stands.</summary>
internal sealed class HeadRefusedException(string message, HeadFailure failure, ReadOnlyMemory<byte> verbatim)
    : LogUnavailableException(message)
{
    public HeadFailure Failure { get; } = failure;

    /// <summary>The head as served: evidence.</summary>
    public ReadOnlyMemory<byte> Verbatim { get; } = verbatim;
}
