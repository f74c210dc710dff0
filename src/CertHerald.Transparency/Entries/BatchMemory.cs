namespace CertHerald.Transparency.Entries;

/// <summary>
/// Memory for answers and the batches read from them: ranges of a few large blocks, used again and again. An array for each
/// would be garbage of megabytes, which stays for long, or wait in a pool for a request of just its size. Thread-safe.
/// </summary>
public sealed class BatchMemory
{
    private const int BlockBytes = 16 << 20;

    // After so many leases that it was not needed for, a block goes. Use goes up and down: sooner would make garbage of it each time.
    private const int IdleLeases = 1_000;

    private readonly Lock _gate = new();
    private readonly List<MemoryBlock> _blocks = [];

    // Larger blocks that went, until they are collected: somebody who needs such ones often would make garbage faster than it goes.
    private readonly List<WeakReference<byte[]>> _gone = [];
    private long _leases;

    /// <summary>The one that all batches share.</summary>
    public static BatchMemory Shared { get; } = new();

    /// <summary>Bytes taken from the process, in use or not.</summary>
    public long HeldBytes
    {
        get { lock (_gate) return _blocks.Sum(static block => (long)block.Bytes.Length); }
    }

    /// <summary>At least this many bytes, content arbitrary.</summary>
    public MemoryLease Rent(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        int taken = MemoryLease.RoundUp(length);
        lock (_gate)
        {
            _leases++;
            // The oldest first: the newest become empty, and can go.
            foreach (MemoryBlock block in _blocks)
                if (block.Bytes.Length == BlockBytes && block.TryTake(taken, out int start)) return new MemoryLease(this, block, start, taken);

            var more = new MemoryBlock(FindGone(taken) ?? GC.AllocateUninitializedArray<byte>(Math.Max(taken, BlockBytes)));
            _blocks.Add(more);
            more.TryTake(taken, out int first);
            return new MemoryLease(this, more, first, taken);
        }
    }

    internal void Return(MemoryBlock block, int start, int length)
    {
        lock (_gate)
        {
            block.Return(start, length);
            block.UsedAt = _leases;
            for (int i = _blocks.Count - 1; i >= 0; i--)
            {
                bool isLarge = _blocks[i].Bytes.Length > BlockBytes;
                if (!_blocks[i].IsEmpty || (!isLarge && _leases - _blocks[i].UsedAt <= IdleLeases)) continue;
                if (isLarge) _gone.Add(new WeakReference<byte[]>(_blocks[i].Bytes));
                _blocks.RemoveAt(i);
            }
        }
    }

    private byte[]? FindGone(int length)
    {
        _gone.RemoveAll(static gone => !gone.TryGetTarget(out _));
        for (int i = 0; length > BlockBytes && i < _gone.Count; i++)
        {
            // Of one that is much larger, most would lie idle.
            if (!_gone[i].TryGetTarget(out byte[]? bytes) || bytes.Length < length || bytes.Length / 2 > length) continue;
            _gone.RemoveAt(i);
            return bytes;
        }

        return null;
    }
}

/// <summary>A range of memory that its holder alone uses, until it is given back. One thread at a time.</summary>
public sealed class MemoryLease : IDisposable
{
    // A page of the system.
    private const int Unit = 4096;

    private readonly BatchMemory _owner;
    private readonly int _start;
    private MemoryBlock? _block;

    internal MemoryLease(BatchMemory owner, MemoryBlock block, int start, int length) => (_owner, _block, _start, Length) = (owner, block, start, length);

    /// <summary>How many bytes it has: those asked for, and what is left of their last page.</summary>
    public int Length { get; private set; }

    /// <summary>The bytes.</summary>
    /// <exception cref="ObjectDisposedException">They were given back.</exception>
    public Memory<byte> Memory
    {
        get
        {
            ObjectDisposedException.ThrowIf(_block is null, this);
            return _block.Bytes.AsMemory(_start, Length);
        }
    }

    /// <summary>Gives back what lies behind so many bytes.</summary>
    public void Shrink(int length)
    {
        ObjectDisposedException.ThrowIf(_block is null, this);
        int kept = RoundUp(length);
        if (kept >= Length) return;
        _owner.Return(_block, _start + kept, Length - kept);
        Length = kept;
    }

    /// <summary>Gives all back. What was read from it must not be used any more.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _block, null) is { } block) _owner.Return(block, _start, Length);
    }

    // Of an empty one, too, there is something to give back.
    internal static int RoundUp(int length) => (int)Math.Min((Math.Max(length, 1) + (long)Unit - 1) / Unit * Unit, Array.MaxLength);
}

/// <summary>An array and which of its bytes are free. Guarded by its <see cref="BatchMemory"/>.</summary>
internal sealed class MemoryBlock(byte[] bytes)
{
    // In order, no two of them touching.
    private readonly List<(int Start, int Length)> _free = [(0, bytes.Length)];

    public byte[] Bytes { get; } = bytes;

    /// <summary>Number of the newest lease when something of it was given back last.</summary>
    public long UsedAt { get; set; }

    /// <summary>Whether nobody uses any of it.</summary>
    public bool IsEmpty => _free is [(_, var all)] && all == Bytes.Length;

    /// <summary>Takes the first range that is large enough.</summary>
    public bool TryTake(int length, out int start)
    {
        start = 0;
        int at = 0;
        while (at < _free.Count && _free[at].Length < length) at++;
        if (at == _free.Count) return false;

        start = _free[at].Start;
        int rest = _free[at].Length - length;
        if (rest == 0) _free.RemoveAt(at);
        else _free[at] = (start + length, rest);
        return true;
    }

    public void Return(int start, int length)
    {
        int at = 0;
        while (at < _free.Count && _free[at].Start < start) at++;
        if (at < _free.Count && _free[at].Start == start + length)
        {
            length += _free[at].Length;
            _free.RemoveAt(at);
        }
        if (at > 0 && _free[at - 1].Start + _free[at - 1].Length == start)
        {
            (start, length) = (_free[at - 1].Start, _free[at - 1].Length + length);
            _free.RemoveAt(--at);
        }
        _free.Insert(at, (start, length));
    }
}
