namespace CertHerald.Names.Lookalikes;

/// <summary>What is looked up for one name, before any of it is followed. One per thread, used again for every name.</summary>
internal sealed class Looks
{
    private const int MostKeys = 512, MostLooks = 64;

    private readonly ulong[] _keys = new ulong[MostKeys];
    private readonly Look[] _looks = new Look[MostLooks];
    private Candidate[] _candidates = new Candidate[64];
    private int _keyCount, _count, _candidateCount;
    private ulong _touched;

    public ReadOnlySpan<Look> All => _looks.AsSpan(0, _count);

    public ReadOnlySpan<Candidate> Candidates => _candidates.AsSpan(0, _candidateCount);

    public ulong Key(int at) => _keys[at];

    public bool HasRoom(int keys) => _keyCount + keys <= MostKeys && _count < MostLooks;

    public Span<ulong> Take(int keys, out int at)
    {
        at = _keyCount;
        _keyCount += keys;
        return _keys.AsSpan(at, keys);
    }

    public void Add(in Look look) => _looks[_count++] = look;

    public void Add(in Candidate candidate)
    {
        if (_candidateCount == _candidates.Length) Array.Resize(ref _candidates, _candidateCount * 2);
        _candidates[_candidateCount++] = candidate;
    }

    /// <param name="touched">What was read only to have it near: kept, or nobody would read it.</param>
    public void Clear(ulong touched)
    {
        _touched = touched;
        _keyCount = _count = _candidateCount = 0;
    }
}

internal enum LookKind : byte
{
    FirstReading,
    SecondReading,
    Slips,
}

internal readonly record struct Look(LookKind Kind, short Start, short End, int FirstKey, ulong May, ulong MayOther);

internal readonly record struct Candidate(int Word, byte Length, byte MostSlips, bool IsSure, short Start, short End, bool IsSecond);
