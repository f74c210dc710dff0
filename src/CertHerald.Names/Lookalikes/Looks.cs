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

    /// <summary>In the order in which they were added.</summary>
    public ReadOnlySpan<Look> All => _looks.AsSpan(0, _count);

    /// <summary>What was found for them, in the same order.</summary>
    public ReadOnlySpan<Candidate> Candidates => _candidates.AsSpan(0, _candidateCount);

    public ulong Key(int at) => _keys[at];

    /// <summary>Whether one more look, with so many keys, can be taken.</summary>
    public bool HasRoom(int keys) => _keyCount + keys <= MostKeys && _count < MostLooks;

    /// <summary>Room for keys.</summary>
    /// <param name="at">Where they begin.</param>
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

    /// <summary>Forgets them: they were followed.</summary>
    /// <param name="touched">What was read only to have it near: kept, or nobody would read it.</param>
    public void Clear(ulong touched)
    {
        _touched = touched;
        _keyCount = _count = _candidateCount = 0;
    }
}

/// <summary>By what a look's keys were made.</summary>
internal enum LookKind : byte
{
    /// <summary>The characters from each place of the text on.</summary>
    FirstReading,

    /// <summary>The same of its second reading.</summary>
    SecondReading,

    /// <summary>What is left of a word of the text without one character, and without two.</summary>
    Slips,
}

/// <summary>Keys that were asked for together.</summary>
/// <param name="Start">Of the first place, or of the word.</param>
/// <param name="End">Behind the word.</param>
/// <param name="FirstKey">Where its keys begin.</param>
/// <param name="May">Bit i: key i may be in the table of words of middle length, or of one slip.</param>
/// <param name="MayOther">The same for long words, or for two slips.</param>
internal readonly record struct Look(LookKind Kind, short Start, short End, int FirstKey, ulong May, ulong MayOther);

/// <summary>A word whose letters are compared with those of a text.</summary>
/// <param name="MostSlips">Zero: letter by letter.</param>
/// <param name="IsSure">They were compared already: it is as many slips away.</param>
/// <param name="End">Of the text; not for what is compared letter by letter.</param>
/// <param name="IsSecond">In the second reading.</param>
internal readonly record struct Candidate(int Word, byte Length, byte MostSlips, bool IsSure, short Start, short End, bool IsSecond);
