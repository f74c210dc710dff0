using CertHerald.Fetching;
using CertHerald.Storage;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Following;

/// <summary>
/// Follows one log at its tip: looks for heads, and reads what is new. It fails by throwing: <see cref="LogFleet"/> starts it
/// again from what the store holds.
/// </summary>
internal sealed class LogFollower(FollowedLog followed, LaneReader lanes, LogStart start, IStore store, TimeProvider time) : IDisposable
{
    /// <summary>A tip further behind its head than this opens anew there (ct.md 8.7).</summary>
    public const ulong FarBehind = 65_536;

    private static readonly TimeSpan LongBehind = TimeSpan.FromMinutes(10);

    /// <summary>As <see cref="FarBehind"/>; a test has no time for so many.</summary>
    public ulong Behind { get; init; } = FarBehind;

    /// <summary>The same for a log that is begun in its past: whatever lies there, new entries do not wait for it (ct.md 11.3).</summary>
    public ulong BehindAtStart { get; init; }

    /// <summary>What stands in the log when it is begun, and is not to be told; null if all of it is.</summary>
    public Baseline? Baseline { get; init; }

    private readonly HeadPace _pace = new(followed.Log.Protocol, followed.Chosen.HeadInterval);
    private readonly FinalHeadCheck _final = new(followed, lanes.Reader, store);
    private readonly HeadWatch _watch = new(followed, lanes.Reader, store, time);
    private readonly StartSearch _search = new();

    // Seen last, and when; null after an ask that failed.
    private (VerifiedHead Head, DateTimeOffset Seen)? _last;

    // Since when the tip has not been at the end of a head: a log that fails in between is behind all the same.
    private DateTimeOffset? _behindSince;

    private LogDescription Log => followed.Log;

    private LogReader Reader => lanes.Reader;

    /// <summary>Follows the log until cancelled. This loop is the product, in order.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        IReadOnlyList<LogLane> known = await store.LanesAsync(Log.Id, stopping);
        ulong farBehind = known.Count > 0 ? Behind : BehindAtStart;
        (VerifiedHead head, DateTimeOffset seen) = await FirstHeadAsync(stopping);
        Frontier begin = known.Count > 0 ? known[^1].Position.Read : await BeginAsync(head, stopping);
        // First: killed in between, what is not to be told must not be told by the next start.
        if (known.Count == 0 && Baseline is not null) await Baseline.DrawAsync(Log.Id, head.Size, stopping);
        known = await store.BeginLogAsync(Log, begin, stopping);
        // After the first start, the lanes behind the tip are another's, who knows more of them by now.
        if (followed.Standing.Lanes.Count == 0) followed.StandsAt(known);
        followed.LaneBell.Ring();

        LogLane tip = known[^1];
        followed.StandsAt(tip);
        IReadOnlyList<VerifiedHead> passed = await UnprovenAsync(tip, head, stopping);
        MerkleHash? kept = null;
        while (true)
        {
            // Smaller and equal ones too: one size with two roots is a fork, wherever the position is. No two sizes share a root.
            if (kept != head.Root) await store.KeepHeadAsync(Log.Id, head, stopping);
            kept = head.Root;

            _behindSince = tip.Position.Read.Size < head.Size ? _behindSince ?? seen : null;
            if (tip.Left(head.Size) > farBehind || seen - _behindSince > LongBehind)
            {
                LogLane opened = await lanes.OpenTipAsync(tip, head, stopping);
                if (opened.Id != tip.Id) _behindSince = null;
                tip = opened;
            }
            farBehind = Behind;

            // A head below the position is an older front end of the same log: wait for it to catch up.
            foreach (VerifiedHead goal in await lanes.GoalsAsync(passed, head, stopping))
                while (tip.Position.Read.Size < goal.Size && time.GetUtcNow() - seen <= LongBehind)
                    tip = await lanes.StepAsync(tip, goal, seen, stopping);
            passed = [];
            followed.Page = Reader.PageSize;

            if (tip.Position.Read.Size >= head.Size)
            {
                _behindSince = null;
                followed.Advanced(LogWork.Tip);
                await lanes.CompareAsync(head, stopping);
                await _final.CompareAsync(head, stopping);
                _pace.IsFinished = followed.Stage == LogStage.Finished;
                await Task.Delay(_pace.Next(Reader.HeadFreshFor, time.GetUtcNow()), time, stopping);
            }
            (head, seen) = await GetHeadAsync(stopping);
        }
    }

    public void Dispose() => lanes.Dispose();

    /// <summary>Heads that were kept and not reached before the last stop: their roots are compared on the way (ct.md 8.3).</summary>
    private async Task<IReadOnlyList<VerifiedHead>> UnprovenAsync(LogLane tip, VerifiedHead head, CancellationToken stopping) =>
    [
        .. from kept in await store.UnprovenHeadsAsync(Log.Id, tip.Position.Read.Size, stopping)
           where kept.Size < head.Size
           let verified = Reader.ReadHead(kept.Verbatim)
           where verified is not null
           select verified,
    ];

    private Task<Frontier> BeginAsync(VerifiedHead head, CancellationToken stopping) => _search.FindAsync(
        Reader, head, passRefused => Reader.FindStartAsync(start, head, time.GetUtcNow(), stopping, passRefused), stopping);

    /// <summary>After a failure, the head that was seen before it, while asking again is of no use; and never sooner than after an answer.</summary>
    private async Task<(VerifiedHead Head, DateTimeOffset Seen)> FirstHeadAsync(CancellationToken stopping)
    {
        if (_last is { } last && _pace.Next(Reader.HeadFreshFor, time.GetUtcNow()) > TimeSpan.Zero) return last;

        await Task.Delay(_pace.Soonest(time.GetUtcNow()), time, stopping);
        return await GetHeadAsync(stopping);
    }

    private async Task<(VerifiedHead Head, DateTimeOffset Seen)> GetHeadAsync(CancellationToken stopping)
    {
        try
        {
            _last = null;
            _pace.Asked(time.GetUtcNow());
            VerifiedHead head = await Reader.GetHeadAsync(stopping);
            DateTimeOffset seen = time.GetUtcNow();
            followed.Saw(head, seen);
            _pace.Saw(head.Size, seen);
            await _watch.SawAsync(head, stopping);
            _last = (head, seen);
            return (head, seen);
        }
        catch (HeadRefusedException refused)
        {
            await _watch.RefusedAsync(refused, stopping);
            throw;
        }
    }
}
