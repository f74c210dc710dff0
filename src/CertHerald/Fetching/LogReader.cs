using System.Net;
using CertHerald.Transparency.Batches;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Fetching;

/// <summary>
/// Reads a log and lets nothing through unchecked: heads bear the log's signature, batches say how far they are proven.
/// For one caller at a time; a lane of a log has its own.
/// </summary>
internal sealed class LogReader(LogDescription log, ILogSource source, FetchMemory memory) : IDisposable
{
    /// <summary>How far before a start a provable size is looked for. A log that proves none of these proves nothing, as far back as one asks.</summary>
    private const int MostStepsBack = 64;

    private readonly FetchAhead _ahead = new(source, memory);

    public LogDescription Log { get; } = log;

    /// <summary>For how long asking for a head again is of no use, by the log's word; zero if it gave none, at most a minute.</summary>
    public TimeSpan HeadFreshFor => source.HeadFreshFor;

    /// <summary>What the log calls itself in the head it gave last, where that is not its name; else null.</summary>
    public string? ForeignOrigin => source.ForeignOrigin;

    /// <summary>The newest head on offer. It may be smaller than an earlier one: front ends of a log lag.</summary>
    /// <exception cref="HeadRefusedException">The log did not sign it.</exception>
    public async Task<VerifiedHead> GetHeadAsync(CancellationToken cancellation)
    {
        SignedHead head = await source.GetHeadAsync(cancellation);
        HeadFailure failure = VerifiedHead.Verify(head, Log.Key, out VerifiedHead? verified);
        return verified ?? throw new HeadRefusedException(
            $"{Log.Description}: the head of {head.Size} entries does not bear the log's signature", failure, head.Verbatim);
    }

    /// <summary>
    /// The entries after a position, as many as suit the log; while they are worked on, the next are fetched. The caller
    /// disposes <see cref="Batch.Raw"/>.
    /// </summary>
    /// <param name="position">Below <paramref name="until"/>.</param>
    /// <param name="until">Where to stop; at most the head's size.</param>
    public async Task<Batch> ReadAsync(Frontier position, VerifiedHead head, TreeSize until, CancellationToken cancellation)
    {
        Batch batch = Check(position, await _ahead.TakeAsync(position.Size, head, cancellation, until), head);
        if (batch is not DisputedBatch || !Forget()) return batch;

        // Tiles come through caches, and one damaged tile disputes: once more from the log before it counts.
        batch.Raw.Dispose();
        return Check(position, await _ahead.TakeAsync(position.Size, head, cancellation, until), head);
    }

    /// <inheritdoc cref="ReadAsync(Frontier, VerifiedHead, TreeSize, CancellationToken)"/>
    public Task<Batch> ReadAsync(Frontier position, VerifiedHead head, CancellationToken cancellation) => ReadAsync(position, head, head.Size, cancellation);

    /// <summary>Whether the log proves that a tree read so far is the beginning of a head's; null if it gives no proof.</summary>
    /// <param name="known">At most of the head's size.</param>
    public async Task<bool?> ProvesAsync(Frontier known, VerifiedHead head, CancellationToken cancellation)
    {
        if (known.Size.Value == 0) return true;
        if (known.Size == head.Size) return known.Root() == head.Root;

        try
        {
            return await source.ProvesAsync(known, head, cancellation);
        }
        catch (LogUnavailableException)
        {
            return null;
        }
    }

    /// <summary>
    /// Whether the tree of a head is the beginning of a larger head's, by what the log itself proves of the larger one; null if
    /// it proves nothing there. A wrong proof says nothing against a head.
    /// </summary>
    public async Task<bool?> ContainsAsync(VerifiedHead smaller, VerifiedHead larger, CancellationToken cancellation)
    {
        try
        {
            return await source.GetFrontierAsync(smaller.Size, larger, cancellation) is { } frontier ? frontier.Root() == smaller.Root : null;
        }
        catch (LogUnavailableException)
        {
            return null;
        }
    }

    /// <summary>
    /// The first entry behind a refused one that the log gives; null if it gives none before <paramref name="until"/>. Looks
    /// in growing steps, then between the last two: a log that gives single entries in between is found to refuse them too.
    /// </summary>
    /// <param name="refused">The entry that it does not give.</param>
    public async Task<TreeSize?> FindReadableAsync(TreeSize refused, TreeSize until, VerifiedHead head, CancellationToken cancellation)
    {
        ulong low = refused.Value, high = low;
        for (ulong step = 1; high == low; step *= 2)
        {
            ulong probe = refused.Value + Math.Min(step, until.Value - 1 - refused.Value);
            if (probe == low) return null;
            if (await GivesAsync(probe, head, cancellation)) high = probe;
            else low = high = probe;
        }

        while (high - low > 1)
        {
            ulong middle = low + (high - low) / 2;
            if (await GivesAsync(middle, head, cancellation)) high = middle;
            else low = middle;
        }
        return new TreeSize(high);
    }

    /// <summary>A head as it was served before, checked as if it came now; null if it is none of this log.</summary>
    public VerifiedHead? ReadHead(ReadOnlyMemory<byte> verbatim) =>
        source.ReadHead(verbatim) is { } head && VerifiedHead.TryVerify(head, Log.Key, out VerifiedHead? verified) ? verified : null;

    /// <summary>
    /// The frontier at a size, from which reading can begin. Where the log cannot prove it there, it is proven at the next
    /// smaller size where it can, and the entries between are read and hashed.
    /// </summary>
    /// <param name="size">At most that of <paramref name="head"/>.</param>
    /// <exception cref="LogUnavailableException">The log does not answer, or proves nothing near this size.</exception>
    public async Task<Frontier> StartAtAsync(TreeSize size, VerifiedHead head, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size.Value, head.Size.Value);

        Frontier? frontier = null;
        for (ulong at = size.Value; frontier is null; at--)
        {
            if (size.Value - at > MostStepsBack)
                throw new LogUnavailableException($"{Log.Description}: it gives no proof of where to begin, at {size} of {head.Size} entries or shortly before");
            frontier = await source.GetFrontierAsync(new TreeSize(at), head, cancellation);
        }

        while (frontier.Size < size)
        {
            var start = new EntryIndex(frontier.Size.Value);
            int count = (int)Math.Min(source.BatchEnd(start, size).Value - start.Value, int.MaxValue);
            using RawBatch raw = await source.GetEntriesAsync(start, count, head.Size, cancellation);
            frontier = frontier.Append(raw.LeafHashes());
        }

        if (size == head.Size && frontier.Root() != head.Root)
            throw new LogUnavailableException($"{Log.Description}: its last entries do not make the root it signed for {head.Size}");
        return frontier;
    }

    /// <summary>An issuer's certificate by its fingerprint, hash-checked; null where the log has none, or carries chains in entries.</summary>
    public Task<byte[]?> GetIssuerAsync(MerkleHash fingerprint, CancellationToken cancellation) => source.GetIssuerAsync(fingerprint, cancellation);

    /// <summary>Lets go of everything fetched ahead or cached, so that it is read anew.</summary>
    /// <returns>Whether tiles were among it.</returns>
    public bool Forget()
    {
        _ahead.Forget();
        return source.ForgetTiles();
    }

    public void Dispose() => _ahead.Dispose();

    private async Task<bool> GivesAsync(ulong index, VerifiedHead head, CancellationToken cancellation)
    {
        try
        {
            using RawBatch entry = await source.GetEntriesAsync(new EntryIndex(index), 1, head.Size, cancellation);
            return true;
        }
        catch (LogUnavailableException failure) when (failure.Status is not (HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable))
        {
            return false;
        }
    }

    private static Batch Check(Frontier position, Fetched fetched, VerifiedHead head)
    {
        try
        {
            return Batch.Check(position, fetched.Raw, fetched.After, head);
        }
        catch
        {
            fetched.Raw.Dispose();
            throw;
        }
    }
}
