using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Fetching;

/// <summary>Entries from a log with what proves them, if the protocol has it at hand. Whoever got it disposes of the batch.</summary>
/// <param name="After">The subtrees between batch and head; empty if the protocol has no tiles.</param>
internal sealed record Fetched(RawBatch Raw, MerkleHash[] After);

/// <summary>How much all readers together keep in flight and waiting. Thread-safe.</summary>
/// <param name="most">Bytes. A reader that holds nothing may pass it with one answer: else the largest could never be read.</param>
internal sealed class FetchMemory(long most)
{
    public const long DefaultMost = 256L << 20;

    private long _used;

    /// <summary>Bytes in flight and waiting, as far as known.</summary>
    public long Used => Interlocked.Read(ref _used);

    public bool HasRoomFor(long bytes) => Used + bytes <= most;

    /// <summary>Adds to what is used; a negative number gives back.</summary>
    public void Add(long bytes) => Interlocked.Add(ref _used, bytes);
}

/// <summary>
/// Fetches what will be asked for next while what was fetched is worked on. Arrives in any order, is handed out in the
/// log's order. Holds at most <see cref="MostAnswers"/> and <see cref="MostBytes"/>. For one caller at a time.
/// </summary>
internal sealed class FetchAhead(ILogSource source, FetchMemory memory) : IDisposable
{
    /// <summary>Answers in flight or waiting. Over a slow line this many round trips pass at once.</summary>
    public const int MostAnswers = 16;

    /// <summary>Bytes in flight or waiting, one larger answer excepted.</summary>
    public const long MostBytes = 24 << 20;

    // Until it is read, an answer takes room for its text and for its entries.
    private const double InFlight = 2.5;

    // What an entry takes until a log has shown how large its entries are.
    private const double FirstGuess = 4 * 1024;

    // Consecutive ranges from the position on, begun or not. Answers that fall short leave ranges that are not begun.
    private readonly LinkedList<Range> _ranges = new();
    private CancellationTokenSource _stop = new();
    private VerifiedHead? _head;
    private TreeSize _until;
    private double _entrySize = FirstGuess;
    private bool _isCautious;

    /// <summary>Entries from this position on.</summary>
    /// <param name="end">Where to stop; null for the head's size.</param>
    /// <exception cref="LogUnavailableException">What was fetched for this position failed. The next call asks again.</exception>
    public async Task<Fetched> TakeAsync(TreeSize position, VerifiedHead head, CancellationToken cancellation, TreeSize? end = null)
    {
        TreeSize until = end ?? head.Size;
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(position.Value, until.Value);
        // After a rewind, under another head or to another end, nothing that is on its way is wanted.
        if (head != _head || until != _until || _ranges.First?.Value.Start != position.Value) Restart(position, head, until);

        Fill();
        Range range = _ranges.First!.Value;
        Fetched fetched;
        try
        {
            fetched = await range.Fetch!.WaitAsync(cancellation);
        }
        catch (Exception) when (range.Fetch!.IsFaulted || range.Fetch.IsCanceled)
        {
            // One request at a time now, until the log answers again. What failed beside this one was the same trouble.
            _isCautious = true;
            foreach (Range other in _ranges)
                if (other.Fetch is { IsFaulted: true } or { IsCanceled: true }) GiveBack(other);
            throw;
        }

        _isCautious = false;
        _entrySize = 0.75 * _entrySize + 0.25 * fetched.Raw.ByteLength / fetched.Raw.Count;
        InsertRest(_ranges.First!);
        _ranges.RemoveFirst();
        memory.Add(-range.Bytes);
        return fetched;
    }

    /// <summary>Lets go of everything fetched and on its way.</summary>
    public void Forget()
    {
        _stop.Cancel();
        _stop.Dispose();
        _stop = new CancellationTokenSource();
        foreach (Range range in _ranges)
            if (range.Fetch is { } fetch) _ = DiscardAsync(range, fetch);
        _ranges.Clear();
        _head = null;
    }

    public void Dispose()
    {
        Forget();
        _stop.Dispose();
    }

    private void Restart(TreeSize position, VerifiedHead head, TreeSize until)
    {
        Forget();
        (_head, _until) = (head, until);
        ulong end = source.BatchEnd(new EntryIndex(position.Value), until).Value;
        _ranges.AddLast(new Range(position.Value, end));
    }

    /// <summary>Begins fetches, in order, for as long as there is room; always that of the first range.</summary>
    private void Fill()
    {
        int begun = _ranges.Count(static range => range.Fetch is not null);
        long bytes = _ranges.Sum(static range => range.Bytes);
        for (LinkedListNode<Range>? node = _ranges.First; node is not null; node = node.Next ?? AddLast(node.Value.End))
        {
            if (node.Value.Fetch is { IsCompletedSuccessfully: true }) InsertRest(node);
            if (node.Value.Fetch is not null) continue;

            Split(node);
            long expected = (long)(InFlight * _entrySize * node.Value.Count);
            bool isFirst = node == _ranges.First;
            if (!isFirst && (_isCautious || begun >= MostAnswers || bytes + expected > MostBytes || !memory.HasRoomFor(expected))) return;

            node.Value.Fetch = FetchAsync(node.Value, expected, _head!, _stop.Token);
            bytes += expected;
            begun++;
        }
    }

    private LinkedListNode<Range>? AddLast(ulong start)
    {
        if (start >= _until.Value) return null;

        ulong end = source.BatchEnd(new EntryIndex(start), _until).Value;
        return _ranges.AddLast(new Range(start, end));
    }

    /// <summary>Cuts what an answer left over at the source's border: a log that gives 32 entries is not asked for 224.</summary>
    private void Split(LinkedListNode<Range> node)
    {
        Range range = node.Value;
        if (!range.IsRest) return;

        ulong end = Math.Min(source.BatchEnd(new EntryIndex(range.Start), _until).Value, range.End);
        if (end < range.End) _ranges.AddAfter(node, new Range(end, range.End) { IsRest = true });
        node.Value = new Range(range.Start, end);
    }

    /// <summary>A log may give fewer entries than asked for: the rest becomes a range of its own.</summary>
    private void InsertRest(LinkedListNode<Range> node)
    {
        Range range = node.Value;
        ulong got = range.Fetch!.Result.Raw.End.Value;
        if (got >= range.End) return;

        _ranges.AddAfter(node, new Range(got, range.End) { IsRest = true });
        node.Value = new Range(range.Start, got) { Fetch = range.Fetch, Bytes = range.Bytes };
    }

    private async Task<Fetched> FetchAsync(Range range, long expected, VerifiedHead head, CancellationToken cancellation)
    {
        Account(range, expected);
        RawBatch raw = await source.GetEntriesAsync(new EntryIndex(range.Start), range.Count, head.Size, cancellation);
        try
        {
            MerkleHash[] after = raw.End < head.Size ? await source.GetSubtreesAsync(raw.End, head.Size, cancellation) : [];
            Account(range, raw.ByteLength);
            return new Fetched(raw, after);
        }
        catch
        {
            raw.Dispose();
            throw;
        }
    }

    private void Account(Range range, long bytes)
    {
        memory.Add(bytes - range.Bytes);
        range.Bytes = bytes;
    }

    private void GiveBack(Range failed)
    {
        Account(failed, 0);
        failed.Fetch = null;
    }

    private async Task DiscardAsync(Range range, Task<Fetched> fetch)
    {
        await ((Task)fetch).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        memory.Add(-range.Bytes);
        if (fetch.IsCompletedSuccessfully) fetch.Result.Raw.Dispose();
    }

    private sealed class Range(ulong start, ulong end)
    {
        public ulong Start { get; } = start;

        public ulong End { get; } = end;

        public int Count => (int)(End - Start);

        /// <summary>Left over by an answer, not planned.</summary>
        public bool IsRest { get; init; }

        public Task<Fetched>? Fetch { get; set; }

        /// <summary>What it takes: expected, then known.</summary>
        public long Bytes { get; set; }
    }
}
