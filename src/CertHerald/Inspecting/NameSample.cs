namespace CertHerald.Inspecting;

/// <summary>
/// Draws an even sample of the names that are read, for whoever keeps it: rules are judged against ordinary names. What was drawn
/// waits here, in bounded memory, until it is taken; where nobody takes it in time, it is left out. Thread-safe.
/// </summary>
/// <param name="size">Names that the sample holds.</param>
/// <param name="seed">The same gives the same sample of the same names, read by one thread.</param>
internal sealed class NameSample(int size, ulong seed)
{
    /// <summary>Bytes of a slot: a length, and a name or its last labels. Few are longer.</summary>
    public const int SlotLength = 64;

    /// <summary>Once the sample is full, a name in so many is drawn at least, however many were read: it follows what logs show now.</summary>
    private const double LeastOften = 1e-3;

    private const int MostWaiting = 1 << 14;

    private readonly Lock _lock = new();
    private readonly byte[] _waiting = new byte[MostWaiting * SlotLength];
    private int _waits;
    private long _kept, _seen, _judged, _batches;

    public int Size => size;

    /// <summary>Names that were offered so far, those of earlier processes included.</summary>
    public long Seen => Interlocked.Read(ref _seen);

    /// <summary>Names that were judged since the start.</summary>
    public long NamesJudged => Interlocked.Read(ref _judged);

    /// <summary>What is there already.</summary>
    /// <param name="kept">Names that are kept.</param>
    /// <param name="seen">Names that they were drawn from.</param>
    public void Resume(long kept, long seen)
    {
        Interlocked.Exchange(ref _kept, kept);
        Interlocked.Exchange(ref _seen, seen);
    }

    /// <summary>Counts names that were judged.</summary>
    public void Judged(long names) => Interlocked.Add(ref _judged, names);

    /// <summary>Begins the sampling of a batch.</summary>
    public NameSampling Begin()
    {
        long kept = Interlocked.Read(ref _kept);
        double share = kept < size ? 1 : Math.Max(LeastOften, size / (double)Math.Max(1, Seen));
        return new NameSampling(this, share, seed ^ (ulong)Interlocked.Increment(ref _batches) * 0x9e3779b97f4a7c15);
    }

    /// <summary>Takes what was drawn, as slots; how many.</summary>
    public int Take(Span<byte> slots)
    {
        lock (_lock)
        {
            int count = Math.Min(_waits, slots.Length / SlotLength);
            _waiting.AsSpan(0, count * SlotLength).CopyTo(slots);
            _waiting.AsSpan(count * SlotLength, (_waits - count) * SlotLength).CopyTo(_waiting);
            _waits -= count;
            return count;
        }
    }

    internal void Add(long offered) => Interlocked.Add(ref _seen, offered);

    internal void Keep(ReadOnlySpan<byte> name)
    {
        while (name.Length >= SlotLength && name.IndexOf((byte)'.') is var dot and >= 0) name = name[(dot + 1)..];
        if (name.Length is 0 or >= SlotLength) return;
        // Nobody takes them: whoever reads must not wait for the others for nothing, at each name.
        if (Volatile.Read(ref _waits) == MostWaiting) return;
        lock (_lock)
        {
            if (_waits == MostWaiting) return;
            Span<byte> slot = _waiting.AsSpan(_waits++ * SlotLength, SlotLength);
            slot[0] = (byte)name.Length;
            name.CopyTo(slot[1..]);
            slot[(1 + name.Length)..].Clear();
        }
        if (Interlocked.Read(ref _kept) < size) Interlocked.Increment(ref _kept);
    }
}

/// <summary>The sampling of one batch, by one thread.</summary>
internal struct NameSampling
{
    private readonly NameSample _sample;
    private readonly double _toSkip;
    private ulong _random;
    private long _skip, _offered;

    /// <param name="share">Of the names, how many are drawn.</param>
    internal NameSampling(NameSample sample, double share, ulong random)
    {
        (_sample, _random) = (sample, random);
        _toSkip = share >= 1 ? double.NegativeInfinity : Math.Log(1 - share);
        _skip = Next();
    }

    public void Offer(ReadOnlySpan<byte> name)
    {
        _offered++;
        if (--_skip >= 0) return;
        _sample.Keep(name);
        _skip = Next();
    }

    /// <summary>Hands in what was counted.</summary>
    public readonly void Finish() => _sample.Add(_offered);

    /// <summary>Names until the next one that is drawn: as if each were drawn by a throw of its own.</summary>
    private long Next()
    {
        // SplitMix64.
        ulong z = _random += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        double unit = (((z ^ (z >> 31)) >> 11) + 1) * (1.0 / (1L << 53));
        return (long)Math.Min(1e15, Math.Log(unit) / _toSkip);
    }
}
