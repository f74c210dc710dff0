using CertHerald.Storage;
using CertHerald.Transparency.Heads;

namespace CertHerald.Following;

/// <summary>
/// Reads a log's lanes behind its tip, the lowest first, and joins those that are done. One that stands still is tried again
/// when its time has come. It fails by throwing, like <see cref="LogFollower"/>, which it never delays.
/// </summary>
/// <param name="open">Opens a reader for one lane.</param>
internal sealed class CatchUp(FollowedLog followed, Func<LaneReader> open, IStore store, TimeProvider time) : IDisposable
{
    /// <summary>How long it sleeps when there is nothing to read: retries are due by the minute.</summary>
    private static readonly TimeSpan Nap = TimeSpan.FromSeconds(30);

    private readonly Dictionary<long, LaneReader> _readers = [];

    public async Task RunAsync(CancellationToken stopping)
    {
        // After a failure: a commit that was reported as failed may have succeeded.
        foreach (LogLane lane in await store.LanesAsync(followed.Log.Id, stopping))
            if (!lane.IsTip) followed.StandsAt(lane);
        while (true)
        {
            if (followed.Standing.Behind is { } head && Next() is { } lane) await StepAsync(lane, head, stopping);
            else await followed.LaneBell.WaitAsync(Nap, stopping);
        }
    }

    public void Dispose()
    {
        foreach (LaneReader reader in _readers.Values) reader.Dispose();
    }

    private LogLane? Next() => LaneReader.Next(followed.Standing.Lanes.Where(lane => !lane.IsTip), time.GetUtcNow());

    private async Task StepAsync(LogLane lane, VerifiedHead head, CancellationToken stopping)
    {
        if (!_readers.TryGetValue(lane.Id, out LaneReader? reader)) _readers.Add(lane.Id, reader = open());

        LogLane next = lane;
        if (lane.Position.Read.Size < lane.Until)
            next = lane.Trouble is null ? await reader.StepAsync(lane, head, time.GetUtcNow(), stopping) : await reader.RetryAsync(lane, head, stopping);
        if (next.Id == lane.Id && next.Position.Read.Size == next.Until) await JoinAsync(next, head, stopping);
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
