using CertHerald.Deciding;
using CertHerald.Inspecting;
using CertHerald.Transparency.Batches;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Storage;

/// <summary>Logs, how far they were read, and their heads. A part of <see cref="IStore"/>.</summary>
internal interface ILogStore
{
    /// <summary>Every log ever followed.</summary>
    Task<IReadOnlyList<StoredLog>> LogsAsync(CancellationToken cancellation);

    /// <summary>The lanes of a log, by start, the tip last; none for a log never begun.</summary>
    Task<IReadOnlyList<LogLane>> LanesAsync(LogId log, CancellationToken cancellation);

    /// <summary>Begins a log with a tip at <paramref name="start"/>, or learns its new name or address: existing lanes stay.</summary>
    /// <returns>Its lanes.</returns>
    Task<IReadOnlyList<LogLane>> BeginLogAsync(LogDescription log, Frontier start, CancellationToken cancellation);

    /// <summary>Keeps a verified head, as evidence, before it steers a download.</summary>
    Task KeepHeadAsync(LogId log, VerifiedHead head, CancellationToken cancellation);

    /// <summary>Kept heads that no reading has been compared with yet, larger than <paramref name="above"/>, smallest first.</summary>
    Task<IReadOnlyList<StoredHead>> UnprovenHeadsAsync(LogId log, TreeSize above, CancellationToken cancellation);

    /// <summary>The largest head that what was read has been compared with; null if there is none yet.</summary>
    Task<StoredHead?> FindProvenHeadAsync(LogId log, CancellationToken cancellation);

    /// <summary>
    /// Makes a batch's outcome durable in one transaction: position, issuances, sightings, malformed entries, owed
    /// deliveries, and the incident if it is disputed. Killed before the commit, the batch is read again; killed after it,
    /// nothing is repeated: re-reading an entry changes nothing.
    /// </summary>
    /// <param name="others">What nobody watches, for search alone: a certificate that is an issuance already, or becomes one later, is one row with it.</param>
    /// <param name="weak">For the digest alone: see <see cref="IWeakLookalikes"/>.</param>
    /// <param name="headSeen">When the head that first showed these entries arrived: the start of an alert's latency.</param>
    /// <returns>Where to read next: after a dispute, the last proven position.</returns>
    Task<CommitOutcome> CommitAsync(
        LogLane lane, Batch batch, IReadOnlyList<Decision> decisions, IReadOnlyList<IndexedCertificate> others, IReadOnlyList<WeakLookalike> weak, DateTimeOffset headSeen, CancellationToken cancellation);

    /// <summary>The same, without weak look-alikes.</summary>
    Task<CommitOutcome> CommitAsync(
        LogLane lane, Batch batch, IReadOnlyList<Decision> decisions, IReadOnlyList<IndexedCertificate> others, DateTimeOffset headSeen, CancellationToken cancellation) =>
        CommitAsync(lane, batch, decisions, others, [], headSeen, cancellation);

    /// <summary>The same, without others.</summary>
    Task<CommitOutcome> CommitAsync(LogLane lane, Batch batch, IReadOnlyList<Decision> decisions, DateTimeOffset headSeen, CancellationToken cancellation) =>
        CommitAsync(lane, batch, decisions, [], [], headSeen, cancellation);

    /// <summary>What was read of a lane is proven by other means than a batch: a consistency proof to a signed head.</summary>
    Task<LogLane> ProveLaneAsync(LogLane lane, CancellationToken cancellation);

    /// <summary>Ends a lane at a size, and begins another there, which takes its end.</summary>
    /// <param name="at">The next lane's first frontier, checked against a signed head.</param>
    /// <param name="trouble">What keeps the lower one from being read; its incident is opened. Null if nothing does.</param>
    Task<(LogLane Lower, LogLane Upper)> SplitLaneAsync(LogLane lane, Frontier at, LaneTrouble? trouble, string problem, CancellationToken cancellation);

    /// <summary>A lane cannot be read, and is tried again later. Its incident is opened.</summary>
    Task<LogLane> StallLaneAsync(LogLane lane, LaneTrouble trouble, string problem, CancellationToken cancellation);

    /// <summary>
    /// Joins a lane that was read to its end with the next one, if its entries lead to the frontier that the next one began
    /// with: all of it is then proven, and its trouble is over. If they do not, it goes back to what is proven, and an incident
    /// says so.
    /// </summary>
    /// <returns>The joined lane; null if they do not fit.</returns>
    Task<LogLane?> JoinLaneAsync(LogLane lane, CancellationToken cancellation);

    /// <summary>
    /// Gives a lane the stretch of the next one too, of which everything is read again: it had begun with what no later head
    /// contains, or there are too many.
    /// </summary>
    /// <param name="isProven">The lane was read to its end, and is proven there: its trouble is over. Else it goes on from where it stands.</param>
    /// <returns>The longer lane; null if the next one is the tip, which nobody takes from its follower.</returns>
    Task<LogLane?> AbsorbLaneAsync(LogLane lane, bool isProven, CancellationToken cancellation);
}

/// <summary>What a commit did.</summary>
/// <param name="Lane">The lane after it: where to read next.</param>
/// <param name="Discovered">Issuances that no log had shown before.</param>
/// <param name="Owed">Deliveries that are now owed.</param>
internal sealed record CommitOutcome(LogLane Lane, int Discovered, int Owed)
{
    /// <summary>Look-alikes that are told of now, whether or not a webhook hears it.</summary>
    public IReadOnlyList<AlertedLookalike> Alerted { get; init; } = [];

    /// <summary>Weak look-alikes that are kept now and were not before.</summary>
    public int Weak { get; init; }
}
