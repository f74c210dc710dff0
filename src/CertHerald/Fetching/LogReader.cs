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
internal sealed class LogReader(LogDescription log, ILogSource source, FetchMemory memory, RequestPriority lane = RequestPriority.Tip) : IDisposable
{
    /// <summary>How far before a start a provable size is looked for. A log that proves none of these proves nothing, as far back as one asks.</summary>
    private const int MostStepsBack = 64;

    /// <summary>Entries in a row that a search by date tries before it takes them for new: one too many is read sooner than one missed.</summary>
    private const int MostUnreadable = 16;

    /// <summary>Bytes that are expected of what is asked for out of the row: more than most of it takes.</summary>
    private const long Aside = 1 << 20;

    private readonly FetchAhead _ahead = new(source, memory.For(log.Id, lane));

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
        if (verified is null) source.ForgetHead();
        return verified ?? throw new HeadRefusedException(
            $"{LogSources.NameOf(Log)}: the head of {head.Size} entries does not bear the log's signature", failure, head.Verbatim);
    }

    /// <summary>
    /// The entries after a position, as many as suit the log; while they are worked on, the next are fetched. The caller
    /// disposes <see cref="Batch.Raw"/>.
    /// </summary>
    /// <param name="position">Below <paramref name="until"/>.</param>
    /// <param name="until">Where to stop; at most the head's size.</param>
    public async Task<Batch> ReadAsync(Frontier position, VerifiedHead head, TreeSize until, CancellationToken cancellation)
    {
        Batch batch = await ReadOnceAsync(position, head, until, cancellation);
        if (batch is not DisputedBatch || !Forget()) return batch;

        // Tiles come through caches, and one damaged tile disputes: once more from the log before it counts.
        batch.Raw.Dispose();
        batch = await ReadOnceAsync(position, head, until, cancellation);
        return batch is DisputedBatch ? await NarrowAsync(batch, position, head, cancellation) : batch;
    }

    private async Task<Batch> ReadOnceAsync(Frontier position, VerifiedHead head, TreeSize until, CancellationToken cancellation)
    {
        Fetched fetched = await _ahead.TakeAsync(position.Size, head, cancellation, until);
        Batch batch = Check(position, fetched);
        if (batch is not DisputedBatch || fetched.Head.Root == head.Root) return batch;

        // It was asked for under an older head, and that may be the one that lies.
        batch.Raw.Dispose();
        Forget();
        return Check(position, await _ahead.TakeAsync(position.Size, head, cancellation, until));
    }

    /// <summary>
    /// Of a disputed batch of a tiled log, the entries before the first that contradicts what its tiles prove, or that one
    /// alone (ct.md 9.4). Where none does, it is the tiles that lie: the batch counts as unproven, and the head that is reached
    /// will prove it without them.
    /// </summary>
    private async Task<Batch> NarrowAsync(Batch disputed, Frontier position, VerifiedHead head, CancellationToken cancellation)
    {
        EntryIndex? contradicted;
        try
        {
            contradicted = await FindContradictedAsync(disputed.Raw, head, cancellation);
        }
        catch (LogUnavailableException)
        {
            return disputed;                                   // a tile is missing: which entry it is stays open
        }
        catch
        {
            disputed.Raw.Dispose();
            throw;
        }

        if (contradicted is not { } index) return Check(position, new Fetched(disputed.Raw, [], head));
        if (disputed.Raw.Count == 1) return disputed;
        disputed.Raw.Dispose();
        return await ReadOnceAsync(position, head, new TreeSize(Math.Max(index.Value, position.Size.Value + 1)), cancellation);
    }

    /// <summary>The first entry in whose place the tiles prove another leaf; null if there is none.</summary>
    private async Task<EntryIndex?> FindContradictedAsync(RawBatch raw, VerifiedHead head, CancellationToken cancellation)
    {
        for (int place = 0; place < raw.Count; place++)
        {
            var index = new EntryIndex(raw.Start.Value + (ulong)place);
            if (await source.GetLeafHashAsync(index, head.Size, cancellation) is not { } leaf || leaf == raw.LeafHashes()[place]) continue;
            return await GetInclusionAsync(index, leaf, head, cancellation) is null ? null : index;
        }
        return null;
    }

    /// <inheritdoc cref="ReadAsync(Frontier, VerifiedHead, TreeSize, CancellationToken)"/>
    public Task<Batch> ReadAsync(Frontier position, VerifiedHead head, CancellationToken cancellation) => ReadAsync(position, head, head.Size, cancellation);

    /// <summary>Whether the log proves that a tree is the beginning of a head's. False says nothing against it: the proof may be wrong, or missing.</summary>
    /// <param name="size">At most the head's.</param>
    public async Task<bool> ProvesAsync(TreeSize size, MerkleHash root, VerifiedHead head, CancellationToken cancellation)
    {
        if (size.Value == 0) return root == MerkleHash.OfEmptyTree;
        if (size == head.Size) return root == head.Root;

        try
        {
            return await source.ProvesAsync(size, root, head, cancellation) == true;
        }
        catch (LogUnavailableException)
        {
            return false;
        }
    }

    /// <summary>The audit path of an entry to a head, checked; null if the log gives none that leads there.</summary>
    /// <param name="index">Below the head's size.</param>
    public async Task<MerkleHash[]?> GetInclusionAsync(EntryIndex index, MerkleHash leaf, VerifiedHead head, CancellationToken cancellation)
    {
        if (await InclusionAsync() is { } path) return path;
        // Tiles come through caches: once more from the log.
        return source.ForgetTiles() ? await InclusionAsync() : null;

        async Task<MerkleHash[]?> InclusionAsync() =>
            await _ahead.AskAsideAsync(Aside, room => source.GetInclusionAsync(index, leaf, head, cancellation, room), cancellation) is { } found
            && InclusionProof.Verify(leaf, index, head.Size, found, head.Root) ? found : null;
    }

    /// <summary>The bytes of one entry's leaf, if they have this hash; null if the log gives others now.</summary>
    public async Task<byte[]?> GetLeafAsync(EntryIndex index, MerkleHash leaf, VerifiedHead head, CancellationToken cancellation)
    {
        using RawBatch entry = await GetEntriesAsync(index, 1, head, cancellation);
        return entry.LeafHashes()[0] == leaf ? entry[0].LeafInput.ToArray() : null;
    }

    /// <summary>
    /// Whether a tree is the beginning of a larger head's, by what the log itself proves of the larger one; null if it proves
    /// nothing there. A wrong proof says nothing against either.
    /// </summary>
    public async Task<bool?> ContainsAsync(TreeSize size, MerkleHash root, VerifiedHead larger, CancellationToken cancellation)
    {
        if (size.Value == 0 || size == larger.Size) return root == (size.Value == 0 ? MerkleHash.OfEmptyTree : larger.Root);

        try
        {
            return await GetFrontierAsync(size, larger, cancellation) is { } frontier ? frontier.Root() == root : null;
        }
        catch (LogUnavailableException)
        {
            return null;
        }
    }

    /// <summary>Whether the log gives an entry now, for whatever reason it does not.</summary>
    /// <param name="index">Below the head's size.</param>
    public async Task<bool> GivesAsync(ulong index, VerifiedHead head, CancellationToken cancellation)
    {
        try
        {
            using RawBatch entry = await GetEntriesAsync(new EntryIndex(index), 1, head, cancellation);
            return true;
        }
        catch (LogUnavailableException)
        {
            return false;
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
                throw new LogUnavailableException($"{LogSources.NameOf(Log)}: it gives no proof of where to begin, at {size} of {head.Size} entries or shortly before");
            frontier = await GetFrontierAsync(new TreeSize(at), head, cancellation);
        }

        while (frontier.Size < size)
        {
            var start = new EntryIndex(frontier.Size.Value);
            int count = (int)Math.Min(source.BatchEnd(start, size).Value - start.Value, int.MaxValue);
            using RawBatch raw = await GetEntriesAsync(start, count, head, cancellation);
            frontier = frontier.Append(raw.LeafHashes());
        }

        if (size == head.Size && frontier.Root() != head.Root)
            throw new LogUnavailableException($"{LogSources.NameOf(Log)}: its last entries do not make the root it signed for {head.Size}");
        return frontier;
    }

    /// <summary>Where this start is in the log: an index, or what is found by date.</summary>
    public async Task<TreeSize> FindStartAsync(LogStart start, VerifiedHead head, DateTimeOffset now, CancellationToken cancellation, bool passRefused = false) =>
        start.SinceAt(now) is { } since ? await FindStartAsync(since, head, cancellation, passRefused) : start.At(head);

    /// <summary>
    /// A size before which no entry bears this time or a later one, if the log merged each within its maximum merge delay. The
    /// entries' times do not ascend: the search keeps an entry that is older by more than the delay. All before it were merged
    /// when it was, and so are older too. Takes as many requests as the head's size has binary digits, and some for entries
    /// that cannot be read.
    /// </summary>
    /// <param name="passRefused">Whether an entry that the log does not give is passed, which begins earlier than need be; else it fails.</param>
    public async Task<TreeSize> FindStartAsync(DateTimeOffset since, VerifiedHead head, CancellationToken cancellation, bool passRefused = false)
    {
        TimeSpan delay = Log.Mmd;
        DateTimeOffset old = since - DateTimeOffset.MinValue > delay ? since - delay : DateTimeOffset.MinValue;

        // Entries below start are older; the one at end is not known to be.
        ulong start = 0, end = head.Size.Value;
        // The last steps of a search go to and fro between few tiles. Of each, the times are kept.
        var near = new Queue<(ulong Start, DateTimeOffset?[] Times)>();
        while (start < end)
        {
            ulong middle = start + (end - start) / 2, at = middle;
            DateTimeOffset? time = null;
            for (; time is null && at < end && at - middle < MostUnreadable; at++)
            {
                (ulong Start, DateTimeOffset?[] Times) around = near.FirstOrDefault(tile => at >= tile.Start && at - tile.Start < (ulong)tile.Times.Length);
                if (around.Times is null)
                {
                    try
                    {
                        near.Enqueue(around = await TimesAroundAsync(at, head, cancellation));
                    }
                    catch (LogUnavailableException failure) when (passRefused && !failure.IsRefusal)
                    {
                        // Like one that cannot be read: what lies before it is searched, and read.
                        break;
                    }
                    if (near.Count > 4) near.Dequeue();
                }

                if (at - around.Start < (ulong)around.Times.Length) time = around.Times[at - around.Start];
            }

            if (time < old) start = at;
            else end = middle;
        }

        return new TreeSize(start);
    }

    /// <summary>How often the log refused entries, for being asked too much, and was asked again.</summary>
    public long Refusals => _ahead.Refusals;

    /// <summary>Entries that an answer holds, as learned: worth keeping over a restart.</summary>
    public int PageSize => source.PageSize;

    /// <summary>Fewer entries than this take no less to read.</summary>
    public int LeastPage => source.LeastPage;

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

    private Task<RawBatch> GetEntriesAsync(EntryIndex start, int count, VerifiedHead head, CancellationToken cancellation) =>
        _ahead.AskAsideAsync(Aside, room => source.GetEntriesAsync(start, count, head.Size, cancellation, room), cancellation);

    private Task<Frontier?> GetFrontierAsync(TreeSize at, VerifiedHead head, CancellationToken cancellation) =>
        _ahead.AskAsideAsync(Aside, room => source.GetFrontierAsync(at, head, cancellation, room), cancellation);

    /// <summary>The times of the entries that come with one, from the first on; null where one cannot be read.</summary>
    private Task<(ulong Start, DateTimeOffset?[] Times)> TimesAroundAsync(ulong index, VerifiedHead head, CancellationToken cancellation) => _ahead.AskAsideAsync(
        Aside,
        async room =>
        {
            using RawBatch batch = await source.GetAroundAsync(new EntryIndex(index), head.Size, cancellation, room);
            var times = new DateTimeOffset?[batch.Count];
            for (int i = 0; i < times.Length; i++) times[i] = TimeOf(batch, i);
            return (batch.Start.Value, times);
        },
        cancellation);

    private static DateTimeOffset? TimeOf(RawBatch batch, int place) =>
        LogEntry.Read(batch[place], out LogEntry entry) == EntryFailure.None ? LogTime.Of(entry.Timestamp) : null;

    private static Batch Check(Frontier position, Fetched fetched)
    {
        try
        {
            return Batch.Check(position, fetched.Raw, fetched.After, fetched.Head);
        }
        catch
        {
            fetched.Raw.Dispose();
            throw;
        }
    }
}
