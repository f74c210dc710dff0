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

    /// <summary>Where a batch that starts here does best to end, by the log's pages or tiles; never beyond <paramref name="head"/>.</summary>
    TreeSize BatchEnd(EntryIndex start, TreeSize head);

    /// <summary>
    /// Entries from <paramref name="start"/> on: perhaps fewer than asked (RFC 6962 §4.6), never none, never at or beyond
    /// <paramref name="head"/>. The caller disposes the batch.
    /// </summary>
    Task<RawBatch> GetEntriesAsync(EntryIndex start, int atMost, TreeSize head, CancellationToken cancellation);

    /// <summary>The subtree hashes that cover [from, until), left to right; empty if the protocol has no tiles.</summary>
    /// <param name="until">The size of a verified head: it says which partial tiles there are.</param>
    Task<MerkleHash[]> GetSubtreesAsync(TreeSize from, TreeSize until, CancellationToken cancellation);

    /// <summary>The frontier at a size below or at a verified head, checked against its root; null where the protocol cannot give it there.</summary>
    Task<Frontier?> GetFrontierAsync(TreeSize at, VerifiedHead head, CancellationToken cancellation);

    /// <summary>Whether the log proves that a tree is the beginning of a head's; null where the protocol cannot prove it there.</summary>
    /// <param name="known">Of a size from 1, below the head's.</param>
    Task<bool?> ProvesAsync(Frontier known, VerifiedHead head, CancellationToken cancellation);

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
}

/// <summary>A log offered a head that it did not sign, or not as its protocol asks for. The old head stands.</summary>
internal sealed class HeadRefusedException(string message, HeadFailure failure, ReadOnlyMemory<byte> verbatim)
    : LogUnavailableException(message)
{
    public HeadFailure Failure { get; } = failure;

    /// <summary>The head as served: evidence.</summary>
    public ReadOnlyMemory<byte> Verbatim { get; } = verbatim;
}
