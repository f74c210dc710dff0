using CertHerald.Fetching;
using CertHerald.Storage;
using CertHerald.Transparency.Heads;

namespace CertHerald.Following;

/// <summary>
/// Reads a log's lanes behind its tip, the lowest first, and joins those that are done. One that stands still is tried again
/// when its time has come, and one that just failed after the others. It fails by throwing, like <see cref="LogFollower"/>, which it never delays.
/// </summary>
/// <param name="open">Opens a reader for one lane.</param>
internal sealed class CatchUp(FollowedLog followed, Func<LaneReader> open, IStore store, TimeProvider time) : IDisposable
{
    /// <summary>How long it sleeps when there is nothing to read: retries are due by the minute.</summary>
    private static readonly TimeSpan Nap = TimeSpan.FromSeconds(30);

    private readonly Dictionary<long, LaneReader> _readers = [];
    private long? _read;                                       // the lane that is read now

    // By lane: those that failed when they were last read, and until when others go first.
    private readonly Dictionary<long, (Backoff Backoff, DateTimeOffset Until)> _failed = [];

    public async Task RunAsync(CancellationToken stopping)
    {
        // After a failure: a commit that was reported as failed may have succeeded.
        foreach (LogLane lane in await store.LanesAsync(followed.Log.Id, stopping))
            if (!lane.IsTip) followed.StandsAt(lane);
        while (true)
        {
            await MergeAsync(stopping);
            if (followed.Standing.Behind is { } head && Next() is { } lane) await StepAsync(lane, head, stopping);
            else await NapAsync(stopping);
        }
    }

    public void Dispose()
    {
        foreach (LaneReader reader in _readers.Values) reader.Dispose();
    }

    private LogLane? Next()
    {
        DateTimeOffset now = time.GetUtcNow();
        LogLane[] lanes = [.. followed.Standing.Lanes.Where(lane => !lane.IsTip)];
        return LaneReader.Next(lanes.Where(lane => !_failed.TryGetValue(lane.Id, out (Backoff, DateTimeOffset Until) failed) || failed.Until <= now), now)
            ?? LaneReader.Next(lanes, now);
    }

    private async Task StepAsync(LogLane lane, VerifiedHead head, CancellationToken stopping)
    {
        try
        {
            await ReadAsync(lane, head, stopping);
            _failed.Remove(lane.Id);
        }
        catch (LogUnavailableException)
        {
            Backoff backoff = _failed.TryGetValue(lane.Id, out (Backoff Backoff, DateTimeOffset) failed) ? failed.Backoff : new Backoff();
            _failed[lane.Id] = (backoff, time.GetUtcNow() + backoff.Next());
            throw;
        }
    }

    private async Task ReadAsync(LogLane lane, VerifiedHead head, CancellationToken stopping)
    {
        if (_read != lane.Id) Leave();
        _read = lane.Id;
        if (!_readers.TryGetValue(lane.Id, out LaneReader? reader)) _readers.Add(lane.Id, reader = open());

        LogLane next = lane;
        if (lane.Position.Read.Size < lane.Until)
            next = lane.Trouble is null ? await reader.StepAsync(lane, head, time.GetUtcNow(), stopping) : await reader.RetryAsync(lane, head, stopping);
        if (next.Id == lane.Id && next.Position.Read.Size == next.Until) await JoinAsync(next, head, stopping);
    }

    private async Task NapAsync(CancellationToken stopping)
    {
        Leave();
        await followed.LaneBell.WaitAsync(Nap, stopping);
    }

    /// <summary>
    /// No lane is read now. What was fetched ahead for one would hold room of the log's until its turn comes again, in hours
    /// perhaps; and that of a lane that another has taken over never comes.
    /// </summary>
    private void Leave()
    {
        _read = null;
        foreach ((long lane, LaneReader reader) in _readers)
        {
            if (followed.Standing.Lanes.All(other => other.Id != lane)) _readers.Remove(lane);
            reader.Reader.Forget();
        }
    }

    /// <summary>
    /// A log that grows faster than it may be read leaves lane after lane behind its tip. Before they are too many, neighbours become
    /// one: the two of which the least is read again for it.
    /// </summary>
    private async Task MergeAsync(CancellationToken stopping)
    {
        while (followed.Standing.Lanes is { Count: > LaneReader.MostLanes / 2 } lanes)
        {
            (LogLane Lower, LogLane Upper)? least = lanes.Zip(lanes.Skip(1), (lower, upper) => (Lower: lower, Upper: upper))
                .Where(two => !two.Upper.IsTip && two.Lower.Trouble is null && two.Upper.Trouble is null)
                .OrderBy(two => two.Upper.Position.Read.Size.Value - two.Upper.Start.Value).Select(two => ((LogLane, LogLane)?)two).FirstOrDefault();
            if (least is not { } neighbours || await store.AbsorbLaneAsync(neighbours.Lower, isProven: false, stopping) is not { } longer) return;
            followed.Absorbed(longer);
            _readers.Remove(neighbours.Upper.Id, out LaneReader? reader);
            reader?.Dispose();
        }
    }

    private async Task JoinAsync(LogLane lane, VerifiedHead head, CancellationToken stopping)
    {
        if (await store.JoinLaneAsync(lane, stopping) is { } joined)
        {
            followed.Joined(lane, joined);
            _readers.Remove(lane.Id, out LaneReader? reader);
            reader?.Dispose();
        }
        else
        {
            await _readers[lane.Id].AfterMismatchAsync(lane, head, stopping);
        }
    }
}
