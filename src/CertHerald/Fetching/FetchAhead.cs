using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Fetching;

/// <summary>Entries from a log with what proves them, if the protocol has it at hand. Whoever got it disposes of the batch.</summary>
/// <param name="After">The subtrees between batch and head; empty if the protocol has no tiles.</param>
/// <param name="Head">The head that it was asked for under.</param>
internal sealed record Fetched(RawBatch Raw, MerkleHash[] After, VerifiedHead Head);

/// <summary>
/// Fetches what will be asked for next while what was fetched is worked on. Arrives in any order, is handed out in the
/// log's order, within what its <see cref="FetchMemory"/> allows. What the host refused for being asked too much is asked for
/// again at the pacer's pace, and what was fetched behind it stays. For one caller at a time.
/// </summary>
internal sealed class FetchAhead(ILogSource source, LaneMemory memory) : IDisposable
{
    // A range refused as often is more than a matter of pace: whoever reads shall know.
    private const int MostRefusals = 3;

    // Until it is read, an answer takes room for its text and for its entries.
    private const double InFlight = 2.5;

    // What an entry takes until a log has shown how large its entries are.
    private const double FirstGuess = 4 * 1024;

    // Consecutive ranges from the position on, begun or not. Answers that fall short leave ranges that are not begun.
    private readonly LinkedList<Range> _ranges = new();
    private VerifiedHead? _head;
    private TreeSize _until;
    private double _entrySize = FirstGuess;
    private bool _isCautious;

    /// <summary>How often the log refused, for being asked too much, and was asked again.</summary>
    public long Refusals { get; private set; }

    /// <summary>
    /// Entries from this position on. Below <paramref name="end"/> every head of the log's tree is as good as another: what was
    /// begun under one goes on under it when the log has grown, until something of it fails.
    /// </summary>
    /// <param name="end">Where to stop; null for the head's size.</param>
    /// <exception cref="LogUnavailableException">What was fetched for this position failed. The next call asks again.</exception>
    public async Task<Fetched> TakeAsync(TreeSize position, VerifiedHead head, CancellationToken cancellation, TreeSize? end = null)
    {
        TreeSize until = end ?? head.Size;
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(position.Value, until.Value);
        // After a rewind, in another tree or to another end, nothing that is on its way is wanted.
        if (!GoesOnUnder(head) || until != _until || _ranges.First?.Value.Start != position.Value) Restart(position, head, until);

        while (true)
        {
            await BeginFirstAsync(cancellation);
            Fill();
            Range range = _ranges.First!.Value;
            try
            {
                Fetched fetched = await range.Fetch!.WaitAsync(cancellation);
                _isCautious = false;
                _entrySize = 0.75 * _entrySize + 0.25 * fetched.Raw.ByteLength / fetched.Raw.Count;
                InsertRest(_ranges.First!);
                _ranges.RemoveFirst();
                range.Close();
                return fetched;
            }
            catch (NoRoomException) when (range.Fetch!.IsFaulted)
            {
                range.Needs = 2 * range.Peak;
                bool isTooLarge = range.IsLarge && AnswersIn(range) == 1;
                GiveBackFailed();
                if (isTooLarge) throw TooLarge($"entries from {range.Start} on");
            }
            catch (LogUnavailableException e) when (range.Fetch!.IsFaulted && e is { IsRefusal: true, IsItsOwn: false } && range.Refusals < MostRefusals)
            {
                range.Refusals++;
                Refusals++;
                _isCautious = true;
                GiveBackFailed();
            }
            catch (Exception) when (range.Fetch!.IsFaulted || range.Fetch.IsCanceled)
            {
                // One request at a time now, until the log answers again. What failed beside this one was the same trouble.
                range.Refusals = 0;
                (_isCautious, _head) = (true, head);
                GiveBackFailed();
                throw;
            }
        }
    }

    /// <summary>
    /// Asks for something beside the row, with room from the same memory. What was fetched ahead gives way where there is none:
    /// nobody takes it meanwhile.
    /// </summary>
    /// <param name="expected">Bytes.</param>
    /// <param name="ask">May be called again, after it was stopped for lack of room.</param>
    public async Task<T> AskAsideAsync<T>(long expected, Func<FetchRoom, Task<T>> ask, CancellationToken cancellation)
    {
        while (true)
        {
            FetchRoom? taken = memory.TryTakeNext(expected, 1);
            if (taken is null && expected <= memory.MostAtOnce) Forget();
            using FetchRoom room = taken ?? await memory.TakeNextAsync(expected, 1, cancellation);
            try
            {
                return await ask(room);
            }
            catch (NoRoomException)
            {
                if (room.IsLarge) throw TooLarge("what was asked for");
                expected = 2 * room.Peak;
            }
        }
    }

    /// <summary>Lets go of everything fetched and on its way.</summary>
    public void Forget()
    {
        foreach (Range range in _ranges) range.Drop();
        _ranges.Clear();
        _head = null;
    }

    public void Dispose() => Forget();

    private void Restart(TreeSize position, VerifiedHead head, TreeSize until)
    {
        Forget();
        (_head, _until) = (head, until);
        ulong end = source.BatchEnd(new EntryIndex(position.Value), until).Value;
        _ranges.AddLast(new Range(position.Value, end));
    }

    private bool GoesOnUnder(VerifiedHead head) =>
        _head is { } begun && (head.Size == begun.Size ? head.Root == begun.Root : head.Size > begun.Size && begun.Size >= _until);

    /// <summary>Begins the first range, whatever has to give way for it.</summary>
    private async Task BeginFirstAsync(CancellationToken cancellation)
    {
        Range range = _ranges.First!.Value;
        if (range.Fetch is not null) return;

        Split(_ranges.First!);
        if (range.Needs > 0) CutToOneAnswer(_ranges.First!);
        long expected = range.Needs > 0 ? range.Needs : Expected(range);
        int answers = AnswersIn(range);
        FetchRoom? room = null;
        if (expected <= memory.MostAtOnce)
            while ((room = memory.TryTakeNext(expected, answers)) is null && DropLast()) { }
        Begin(range, room ?? await memory.TakeNextAsync(expected, answers, cancellation));
    }

    /// <summary>Begins further fetches, in order, for as long as there is room.</summary>
    private void Fill()
    {
        for (LinkedListNode<Range>? node = _ranges.First; node is not null; node = node.Next ?? AddLast(node.Value.End))
        {
            Range range = node.Value;
            if (range.Fetch is { IsCompletedSuccessfully: true }) InsertRest(node);
            // Of the first range, whoever waits for it learns: if it were dropped here, it might not be begun again.
            if (range.HadNoRoom && node != _ranges.First)
            {
                Learn(range);
                range.Drop();
            }

            if (range.Fetch is not null) continue;
            Split(node);
            if (_isCautious || memory.TryTakeAhead(Expected(range), AnswersIn(range)) is not { } room) return;
            Begin(range, room);
        }
    }

    private void Begin(Range range, FetchRoom room) => range.Begin(room, cancellation => FetchAsync(range, room, _head!, cancellation));

    private long Expected(Range range) => (long)(InFlight * _entrySize * range.Count);

    private int AnswersIn(Range range) => source.AnswersIn(new EntryIndex(range.Start), range.Count);

    private bool DropLast()
    {
        for (LinkedListNode<Range>? node = _ranges.Last; node != _ranges.First; node = node!.Previous)
        {
            if (node!.Value.Fetch is null) continue;
            node.Value.Drop();
            return true;
        }

        return false;
    }

    private LinkedListNode<Range>? AddLast(ulong start)
    {
        if (start >= _until.Value) return null;

        ulong end = source.BatchEnd(new EntryIndex(start), _until).Value;
        return _ranges.AddLast(new Range(start, end));
    }

    /// <summary>Cuts at the source's border what an answer left over, or what was planned before the source showed how little it gives.</summary>
    private void Split(LinkedListNode<Range> node)
    {
        Range range = node.Value;
        if (range.IsRest || range.Count > 2 * source.PageSize) Cut(node, Math.Min(source.BatchEnd(new EntryIndex(range.Start), _until).Value, range.End));
        // Two answers of the usual size are better than a large one.
        while (Expected(range) > memory.MostAtOnce && range.Count >= 2 * source.LeastPage) Cut(node, range.Start + (ulong)range.Count / 2);
    }

    private void CutToOneAnswer(LinkedListNode<Range> node)
    {
        while (AnswersIn(node.Value) > 1) Cut(node, node.Value.Start + (ulong)node.Value.Count / 2);
    }

    /// <summary>A log may give fewer entries than asked for: the rest becomes a range of its own.</summary>
    private void InsertRest(LinkedListNode<Range> node) => Cut(node, node.Value.Fetch!.Result.Raw.End.Value);

    private void Cut(LinkedListNode<Range> node, ulong end)
    {
        if (end >= node.Value.End) return;
        _ranges.AddAfter(node, new Range(end, node.Value.End) { IsRest = true });
        node.Value.End = end;
    }

    private async Task<Fetched> FetchAsync(Range range, FetchRoom room, VerifiedHead head, CancellationToken cancellation)
    {
        RawBatch raw = await source.GetEntriesAsync(new EntryIndex(range.Start), range.Count, head.Size, cancellation, room);
        try
        {
            MerkleHash[] after = raw.End < head.Size ? await source.GetSubtreesAsync(raw.End, head.Size, cancellation) : [];
            room.Settle(raw.ByteLength);
            return new Fetched(raw, after, head);
        }
        catch
        {
            raw.Dispose();
            throw;
        }
    }

    private void GiveBackFailed()
    {
        foreach (Range range in _ranges)
        {
            if (range.HadNoRoom) Learn(range);
            if (range.Fetch is { IsFaulted: true } or { IsCanceled: true }) range.Drop();
        }
    }

    // It takes at least as much as it had taken when there was no more. That it is a large answer is not known by that.
    private void Learn(Range range) => _entrySize = Math.Max(_entrySize, Math.Min(range.Peak, memory.MostAtOnce) / InFlight / range.Count);

    private static LogUnavailableException TooLarge(string what) => new($"one answer with {what} takes more than {FetchMemory.LargestAnswer} bytes");

    private sealed class Range(ulong start, ulong end)
    {
        private FetchRoom? _room;
        private CancellationTokenSource? _stop;

        public ulong Start { get; } = start;

        public ulong End { get; set; } = end;

        public int Count => (int)(End - Start);

        /// <summary>Left over by an answer, not planned.</summary>
        public bool IsRest { get; init; }

        /// <summary>Bytes that it is asked for with after it found no room; 0: as many as are expected.</summary>
        public long Needs { get; set; }

        /// <summary>How often in a row the host refused it.</summary>
        public int Refusals { get; set; }

        public Task<Fetched>? Fetch { get; private set; }

        public bool HadNoRoom => Fetch is { IsFaulted: true, Exception.InnerException: NoRoomException };

        public long Peak => _room!.Peak;

        public bool IsLarge => _room!.IsLarge;

        public void Begin(FetchRoom room, Func<CancellationToken, Task<Fetched>> fetch)
        {
            (_room, _stop) = (room, new CancellationTokenSource());
            Fetch = fetch(_stop.Token);
        }

        /// <summary>The answer was taken.</summary>
        public void Close()
        {
            _room!.Dispose();
            _stop!.Dispose();
        }

        /// <summary>As if it had not begun. Its memory comes back as soon as the request has ended.</summary>
        public void Drop()
        {
            if (Fetch is not null) _ = DropAsync(Fetch, _room!, _stop!);
            Fetch = null;
        }

        private static async Task DropAsync(Task<Fetched> fetch, FetchRoom room, CancellationTokenSource stop)
        {
            stop.Cancel();
            await ((Task)fetch).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            room.Dispose();
            stop.Dispose();
            if (fetch.IsCompletedSuccessfully) fetch.Result.Raw.Dispose();
        }
    }
}
