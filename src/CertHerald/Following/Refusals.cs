using CertHerald.Transparency.Merkle;

namespace CertHerald.Following;

/// <summary>
/// What a log refuses, or answers with what contradicts its head, at one place of a lane: how often, since when, and how
/// much is asked for at once meanwhile. Used by one follower at a time.
/// </summary>
internal sealed class Refusals
{
    /// <summary>Refusals of one place, and their time, after which it is a gap if later entries can be had (ct.md 8.12).</summary>
    public const int MostRefusals = 10;

    /// <summary>Readings that contradict a head before reading goes on behind them (ct.md 9.4).</summary>
    public const int MostDisputes = 3;

    private const int FirstStep = 256, Patience = 3;

    public static readonly TimeSpan ShortestRefusal = TimeSpan.FromMinutes(5);

    private TreeSize? _at;
    private ulong _carefulUntil;
    private int _step = int.MaxValue;

    public int Count { get; private set; }

    public int Disputes { get; private set; }

    private DateTimeOffset Since { get; set; }

    /// <summary>How far to read in one go: one entry that cannot be had makes an answer of hundreds fail.</summary>
    public TreeSize Limit(TreeSize position, TreeSize until) =>
        position.Value < _carefulUntil && (ulong)_step < until.Value - position.Value ? new TreeSize(position.Value + (ulong)_step) : until;

    /// <summary>Whether it is down to one entry, refused often and long enough to be given up for now.</summary>
    public bool AreMany(DateTimeOffset now) => AreLasting(now) && _step == 1;

    /// <summary>Whether it was refused often and long enough.</summary>
    public bool AreLasting(DateTimeOffset now) => Count >= MostRefusals && now - Since >= ShortestRefusal;

    /// <param name="isWhole">Whether as much is asked for as before: less of it would not help.</param>
    public void Refused(TreeSize position, DateTimeOffset now, bool isWhole = false)
    {
        if (_at != position) (_at, Count, Since) = (position, 0, now);
        if (++Count >= Patience && !isWhole) Narrow(position);
    }

    /// <summary>Asks for as little as makes sense at once, from here on; where that was refused too, for one entry.</summary>
    /// <param name="least">Fewer entries than this take no less to read.</param>
    public void NarrowTo(TreeSize position, int least)
    {
        int step = position.Value < _carefulUntil && _step <= least ? 1 : least;
        while ((_step > step || position.Value >= _carefulUntil) && Narrow(position)) { }
    }

    /// <summary>Asks for half as much at once, from here on, until what was refused is behind.</summary>
    /// <returns>False if it was one entry already.</returns>
    public bool Narrow(TreeSize position)
    {
        if (position.Value >= _carefulUntil) (_carefulUntil, _step) = (position.Value + FirstStep, 2 * FirstStep);
        if (_step == 1) return false;

        _step /= 2;
        return true;
    }

    public void Disputed() => Disputes++;

    /// <summary>Entries came, and agree with the head as far as they can.</summary>
    public void Answered(TreeSize end, bool proven)
    {
        if (proven) Disputes = 0;
        if (end.Value >= _carefulUntil) (_at, Count, _step) = (null, 0, int.MaxValue);
    }

    /// <summary>Reading goes on elsewhere.</summary>
    public void Forget() => (_at, Count, Disputes, _carefulUntil, _step) = (null, 0, 0, 0, int.MaxValue);
}
