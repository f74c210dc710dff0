using CertHerald.Transparency.Logs;

namespace CertHerald.Fetching;

/// <summary>There was no room for an answer that grew. Says nothing about the log.</summary>
internal sealed class NoRoomException() : Exception("the answer is larger than there is memory for now");

/// <summary>
/// How much all readers together keep in flight and waiting: the buffers of answers, as they grow, and the entries read from
/// them until they are taken.
/// <list type="bullet">
/// <item>Of one log at most <see cref="MostAnswers"/> answers and <see cref="MostOfLog"/> bytes, however many lanes it has.</item>
/// <item>Of all logs <see cref="DefaultMost"/>. Where many are read, what one asks for ahead is within twice its part of that.</item>
/// <item>An answer that alone is larger than that has room of its own, <see cref="LargestAnswer"/>: one at a time, over all logs.
/// Nobody else waits for it, however slowly it comes.</item>
/// </list>
/// Together never more than the memory of all and one largest answer.
/// A log's share is taken by what is expected, the memory of all by what is read: a host that makes us wait holds nothing of it.
/// What an answer takes beyond what was expected is taken as it grows; where there is none left, the answer is dropped. Who waits for room holds none, and those who came first go first: nobody waits for ever. Thread-safe.
/// </summary>
/// <param name="most">Bytes of all logs.</param>
internal sealed class FetchMemory(long most)
{
    public const long DefaultMost = 64L << 20;

    public const long MostOfLog = 24L << 20;

    public const int MostAnswers = 16;

    /// <summary>Of one answer: in its buffer and in the half as large one before, or beside its entries.</summary>
    public const long LargestAnswer = 3L * LogHttp.LargeCap;

    // What catch-up leaves to heads and the tip, in parts of each limit.
    private const int Spared = 8;

    private readonly Lock _gate = new();
    private readonly Dictionary<LogId, LogMemory> _logs = [];
    private readonly LinkedList<Waiter> _waiters = new();
    private readonly LinkedList<TaskCompletionSource> _largeWaiters = new();
    private long _used, _usedByLarge;
    private int _active;                                       // logs that hold a share
    private bool _isAwaited, _isLargeTaken;

    /// <summary>Bytes in flight and waiting, those of a large answer among them.</summary>
    public long Used
    {
        get { lock (_gate) return _used + _usedByLarge; }
    }

    /// <summary>What takes more is a large answer.</summary>
    public long MostAtOnce => Math.Min(MostOfLog, most);

    /// <summary>What a lane of a log draws from.</summary>
    public LaneMemory For(LogId log, RequestPriority lane)
    {
        lock (_gate)
        {
            if (!_logs.TryGetValue(log, out LogMemory? memory)) _logs.Add(log, memory = new LogMemory());
            return new LaneMemory(this, memory, lane);
        }
    }

    /// <summary>Takes room if there is some to spare; false takes nothing.</summary>
    /// <param name="bytes">Of the log's share.</param>
    /// <param name="ofAll">Of the memory of all; the rest only has to be there.</param>
    /// <param name="sparesSome">Leaves a part of each limit to others.</param>
    internal bool TryTake(LogMemory log, long bytes, long ofAll, int answers, bool sparesSome)
    {
        lock (_gate)
        {
            // Room that somebody waits for is not there for those who begin and can do without. What has begun ends, and makes room.
            bool begins = answers > 0;
            if (begins && (_isAwaited || _waiters.Any(waiter => waiter.Log == log))) return false;
            if (_used + Math.Max(bytes, ofAll) > Part(most, sparesSome) || log.Used + bytes > Part(begins ? ShareOf(log) : MostOfLog, sparesSome) || log.Answers + answers > Part(MostAnswers, sparesSome))
                return false;

            Add(log, bytes, ofAll, answers);
            return true;
        }
    }

    /// <summary>Takes room as soon as there is some. Whoever calls holds none.</summary>
    /// <param name="bytes">At most <see cref="MostAtOnce"/>.</param>
    internal async Task TakeAsync(LogMemory log, long bytes, int answers, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var waiter = new Waiter(log, bytes, answers);
        lock (_gate)
        {
            _waiters.AddLast(waiter);
            Grant();
        }

        using CancellationTokenRegistration registration = cancellation.Register(() => GiveUp(waiter, cancellation));
        await waiter.Turn.Task;
    }

    /// <summary>Takes the room that is there for one large answer, once those have given it back who asked before.</summary>
    internal async Task TakeLargeAsync(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            _largeWaiters.AddLast(turn);
            GrantLarge();
        }

        // Whoever gives up is passed over when it is their turn.
        using CancellationTokenRegistration registration = cancellation.Register(() => turn.TrySetCanceled(cancellation));
        await turn.Task;
    }

    internal void UseLarge(long bytes)
    {
        lock (_gate) _usedByLarge += bytes;
    }

    internal void GiveBackLarge()
    {
        lock (_gate)
        {
            _isLargeTaken = false;
            GrantLarge();
        }
    }

    internal void GiveBack(LogMemory log, long bytes, long ofAll, int answers)
    {
        lock (_gate)
        {
            Add(log, -bytes, -ofAll, -answers);
            Grant();
        }
    }

    // Without waiting: else what many logs asked for would come to far more than there is, and be dropped. Not all comes at once.
    private long ShareOf(LogMemory log) => Math.Min(MostOfLog, 2 * most / Math.Max(1, _active + (log.Used == 0 ? 1 : 0)));

    private static long Part(long limit, bool sparesSome) => sparesSome ? limit - limit / Spared : limit;

    private void Add(LogMemory log, long bytes, long ofAll, int answers)
    {
        _used += ofAll;
        if (log.Used > 0) _active--;
        log.Used += bytes;
        if (log.Used > 0) _active++;
        log.Answers += answers;
    }

    private void GiveUp(Waiter waiter, CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (!waiter.Turn.TrySetCanceled(cancellation)) return;
            _waiters.Remove(waiter);
            Grant();
        }
    }

    /// <summary>Lets those pass who wait and fit, in order of arrival.</summary>
    private void Grant()
    {
        _isAwaited = false;
        var full = new HashSet<LogMemory>();
        for (LinkedListNode<Waiter>? node = _waiters.First, next; node is not null && !_isAwaited; node = next)
        {
            next = node.Next;
            (LogMemory log, long bytes, int answers) = node.Value;
            // A log that waits for its own answers to be taken holds up no other.
            if (full.Contains(log) || !log.Fits(bytes, answers)) full.Add(log);
            else if (_used + bytes > most) _isAwaited = true;
            else
            {
                _waiters.Remove(node);
                Add(log, bytes, bytes, answers);
                node.Value.Turn.TrySetResult();
            }
        }
    }

    private void GrantLarge()
    {
        while (!_isLargeTaken && _largeWaiters.First is { } next)
        {
            _largeWaiters.RemoveFirst();
            _isLargeTaken = next.Value.TrySetResult();
        }
    }

    private sealed record Waiter(LogMemory Log, long Bytes, int Answers)
    {
        public TaskCompletionSource Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

/// <summary>What the lanes of one log hold together. Guarded by its <see cref="FetchMemory"/>.</summary>
internal sealed class LogMemory
{
    public long Used { get; set; }

    public int Answers { get; set; }

    public bool Fits(long bytes, int answers) =>
        Used + bytes <= FetchMemory.MostOfLog && (Answers == 0 || Answers + answers <= FetchMemory.MostAnswers);
}

/// <summary>The memory that a lane of a log draws from. Thread-safe.</summary>
internal sealed class LaneMemory(FetchMemory all, LogMemory log, RequestPriority lane)
{
    /// <inheritdoc cref="FetchMemory.MostAtOnce"/>
    public long MostAtOnce => all.MostAtOnce;

    /// <summary>Room for what may be fetched ahead; null if there is none to spare.</summary>
    public FetchRoom? TryTakeAhead(long bytes, int answers) => TryTake(bytes, answers, lane == RequestPriority.CatchUp);

    /// <summary>Room for what is needed next; null if there is none now.</summary>
    public FetchRoom? TryTakeNext(long bytes, int answers) => TryTake(bytes, answers, false);

    /// <summary>
    /// Room for what is needed next, as soon as there is some. Whoever waits for it holds none, unless it is for a large
    /// answer: that has room of its own, for <see cref="FetchMemory.LargestAnswer"/>.
    /// </summary>
    public async Task<FetchRoom> TakeNextAsync(long bytes, int answers, CancellationToken cancellation)
    {
        if (bytes > MostAtOnce)
        {
            await all.TakeLargeAsync(cancellation);
            return FetchRoom.Large(all, log);
        }

        await all.TakeAsync(log, bytes, answers, cancellation);
        return new FetchRoom(all, log, bytes, bytes, answers);
    }

    private FetchRoom? TryTake(long bytes, int answers, bool sparesSome) =>
        all.TryTake(log, bytes, 0, answers, sparesSome) ? new FetchRoom(all, log, bytes, 0, answers) : null;
}

/// <summary>The memory of answers to one question: what was expected, and more as they grow. Given back on disposal. Thread-safe.</summary>
/// <param name="taken">Bytes of the log's share taken for it already.</param>
/// <param name="takenOfAll">Bytes of the memory of all taken for it already.</param>
internal sealed class FetchRoom(FetchMemory all, LogMemory log, long taken, long takenOfAll, int answers) : IDisposable
{
    // Not a lock of all for each buffer.
    private const long Step = 256 * 1024;

    private readonly Lock _gate = new();
    private long _taken = taken, _takenOfAll = takenOfAll, _used;
    private bool _isGivenBack;

    /// <summary>The most that was used at a time.</summary>
    public long Peak { get; private set; }

    /// <summary>It is the one for large answers, and no part of what logs share.</summary>
    public bool IsLarge { get; private init; }

    /// <summary>The room for a large answer, which the caller has taken.</summary>
    public static FetchRoom Large(FetchMemory all, LogMemory log) => new(all, log, 0, 0, 0) { IsLarge = true };

    /// <summary>Uses more, or with a negative number less.</summary>
    /// <exception cref="NoRoomException">There is none left.</exception>
    public void Use(long bytes)
    {
        lock (_gate)
        {
            _used += bytes;
            Peak = Math.Max(Peak, _used);
            if (IsLarge) UseLarge();
            else UseShared();
        }
    }

    /// <summary>The answers were read: this many bytes are left of them.</summary>
    public void Settle(long bytes)
    {
        lock (_gate)
        {
            if (_isGivenBack) return;
            _used = bytes;
            if (IsLarge)
            {
                UseLarge();
                return;
            }
            all.GiveBack(log, _taken - bytes, _takenOfAll - bytes, 0);
            (_taken, _takenOfAll) = (bytes, bytes);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_isGivenBack) return;
            _isGivenBack = true;
            if (IsLarge)
            {
                all.UseLarge(-_taken);
                all.GiveBackLarge();
            }
            else
            {
                all.GiveBack(log, _taken, _takenOfAll, answers);
            }
        }
    }

    private void UseShared()
    {
        long more = More(_taken), ofAll = More(_takenOfAll);
        if (more == 0 && ofAll == 0) return;

        if (_isGivenBack || !all.TryTake(log, more, ofAll, 0, sparesSome: false)) throw new NoRoomException();
        (_taken, _takenOfAll) = (_taken + more, _takenOfAll + ofAll);
    }

    private void UseLarge()
    {
        if (_isGivenBack || _used > FetchMemory.LargestAnswer) throw new NoRoomException();
        all.UseLarge(_used - _taken);
        _taken = _used;
    }

    private long More(long taken) => _used <= taken ? 0 : Math.Max(_used - taken, Step);
}
