using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Transparency.Batches;

/// <summary>Consecutive entries and how far they are proven. Only <see cref="Check"/> makes one.</summary>
public abstract class Batch
{
    private protected Batch(RawBatch raw, Frontier end) => (Raw, End) = (raw, end);

    /// <summary>The entries. They belong to whoever read them, and are disposed of there.</summary>
    public RawBatch Raw { get; }

    /// <summary>The frontier after the last entry.</summary>
    public Frontier End { get; }

    /// <summary>Compares what frontier, entries and subtrees make together with the signed root.</summary>
    /// <param name="before">The frontier at the batch's first entry.</param>
    /// <param name="after">The subtrees between batch and head; empty if the protocol has no tiles.</param>
    /// <exception cref="ArgumentException">The batch does not start at the frontier, or the subtrees do not fill the gap.</exception>
    public static Batch Check(Frontier before, RawBatch raw, ReadOnlySpan<MerkleHash> after, VerifiedHead head)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(raw);
        ArgumentNullException.ThrowIfNull(head);
        if (raw.Start.Value != before.Size.Value)
            throw new ArgumentException($"The batch starts at {raw.Start}, the frontier ends at {before.Size}.", nameof(raw));

        Frontier end = before.Append(raw.LeafHashes());
        Frontier whole = end.Join(after, head.Size);

        if (whole.Size != head.Size) return new UnprovenBatch(raw, end);
        return whole.Root() == head.Root
            ? new VerifiedBatch(raw, before, end, after, head)
            : new DisputedBatch(raw, before, end, head);
    }
}

/// <summary>Entries that are in the tree of a signed head, at their places, with nothing left out.</summary>
public sealed class VerifiedBatch : Batch
{
    private readonly Frontier _before;
    private readonly MerkleHash[] _after;

    // Hashes of the batch's own subtrees, as far as paths have needed them: a batch full of findings hashes each one once.
    private Dictionary<Subtree, MerkleHash>? _within;

    internal VerifiedBatch(RawBatch raw, Frontier before, Frontier end, ReadOnlySpan<MerkleHash> after, VerifiedHead head)
        : base(raw, end) => (_before, _after, Head) = (before, after.ToArray(), head);

    /// <summary>The head that proves them.</summary>
    public VerifiedHead Head { get; }

    /// <summary>The audit path of one of the entries to <see cref="Head"/>: computed, not asked for. Not thread-safe.</summary>
    /// <exception cref="ArgumentException">The entry is not in the batch.</exception>
    public MerkleHash[] PathTo(EntryIndex index) =>
        InclusionProof.PathFrom(index, _before, Raw.LeafHashes(), _after, Head.Size, _within ??= []);
}

/// <summary>Entries that end before the head, with nothing at hand to prove them by yet.</summary>
public sealed class UnprovenBatch : Batch
{
    internal UnprovenBatch(RawBatch raw, Frontier end)
        : base(raw, end)
    {
    }

    /// <summary>
    /// Whether this consistency proof, between the batch's end and the head, proves everything read so far. False says
    /// nothing against the entries: the proof itself may be wrong.
    /// </summary>
    public bool IsProvenBy(ReadOnlySpan<MerkleHash> consistency, VerifiedHead head)
    {
        ArgumentNullException.ThrowIfNull(head);
        return ConsistencyProof.Verify(End.Size, End.Root(), head.Size, head.Root, consistency);
    }
}

/// <summary>Entries that, with what was read before them, do not make the root that the log signed.</summary>
public sealed class DisputedBatch : Batch
{
    internal DisputedBatch(RawBatch raw, Frontier before, Frontier end, VerifiedHead head)
        : base(raw, end) => (Before, Head) = (before, head);

    /// <summary>The frontier the batch was read from.</summary>
    public Frontier Before { get; }

    /// <summary>The head they contradict.</summary>
    public VerifiedHead Head { get; }
}
