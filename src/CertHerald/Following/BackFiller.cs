using CertHerald.Fetching;
using CertHerald.Storage;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Following;

/// <summary>
/// Searches a log's past for items that are watched since later: a lane of its own for each search, read with nothing but
/// these items in mind. It fails by throwing, like <see cref="CatchUp"/>, and delays neither it nor the tip.
/// </summary>
/// <param name="open">Opens a reader that looks for these items.</param>
internal sealed class BackFiller(FollowedLog followed, Func<IReadOnlyList<string>, LaneReader> open, IStore store, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Nap = TimeSpan.FromSeconds(30);

    private readonly Dictionary<long, LaneReader> _readers = [];
    private readonly StartSearch _search = new();

    // By lane: those that the log did not prove when it was asked.
    private readonly Dictionary<long, (int Tries, DateTimeOffset RetryAt)> _unproven = [];

    public async Task RunAsync(CancellationToken stopping)
    {
        while (true)
        {
            // Read anew for each batch: it may have been paused or removed.
            IReadOnlyList<BackFill> all = await store.BackFillsAsync(stopping);
            foreach (long over in _readers.Keys.Except(all.Where(IsWanted).Select(one => one.Id)).ToList()) Close(over);

            VerifiedHead? head = followed.Standing.Behind;
            BackFill? due = head is null ? null : all.LastOrDefault(search => IsDue(search, head));
            // What they fetched ahead is memory of the log that others could use.
            foreach ((long idle, LaneReader reader) in _readers)
                if (idle != due?.Id) reader.Reader.Forget();

            if (due is not null)
            {
                await StepAsync(due, head!, stopping);
                followed.Advanced(LogWork.BackFill);
            }
            else await followed.BackFillBell.WaitAsync(Nap, stopping);
        }
    }

    public void Dispose()
    {
        foreach (LaneReader reader in _readers.Values) reader.Dispose();
    }

    private bool IsWanted(BackFill search) => !search.Paused && search.Logs.Contains(followed.Log.Id) && !search.IsDoneIn(followed.Log.Id);

    private bool IsDue(BackFill search, VerifiedHead head) =>
        IsWanted(search) && (!LanesOf(search).Any() || NextToRead(search, head) is not null || NextToProve(search, head) is not null);

    private IEnumerable<LogLane> LanesOf(BackFill search) => search.Lanes.Where(one => one.Log == followed.Log.Id).Select(one => one.Lane);

    private LogLane? NextToRead(BackFill search, VerifiedHead head) =>
        LaneReader.Next(LanesOf(search).Where(lane => lane.Until <= head.Size && lane.Position.Read.Size < lane.Until), time.GetUtcNow());

    /// <summary>What was read to its end, and neither joined nor proven: by this process or the one before, or the log gave no proof.</summary>
    private LogLane? NextToProve(BackFill search, VerifiedHead head) => LanesOf(search).FirstOrDefault(lane =>
        lane.Until <= head.Size && lane.Position.Read.Size == lane.Until
        && (lane.Position.Proven.Size != lane.Until || HasNext(search, lane))
        && (!_unproven.TryGetValue(lane.Id, out (int, DateTimeOffset RetryAt) asked) || asked.RetryAt <= time.GetUtcNow()));

    private bool HasNext(BackFill search, LogLane lane) => LanesOf(search).Any(other => other.Start == lane.Until && other.Id != lane.Id);

    private async Task StepAsync(BackFill search, VerifiedHead head, CancellationToken stopping)
    {
        if (!_readers.TryGetValue(search.Id, out LaneReader? reader)) _readers.Add(search.Id, reader = open(search.Items));
        if (!LanesOf(search).Any())
        {
            await BeginAsync(search, reader.Reader, head, stopping);
            followed.Searched(search.Id, 0, time.GetUtcNow());
        }
        else if (NextToRead(search, head) is { } lane)
        {
            LogLane next = lane.Trouble is null
                ? await reader.StepAsync(lane, head, time.GetUtcNow(), stopping)
                : await reader.RetryAsync(lane, head, stopping);
            followed.Searched(search.Id, next.Id == lane.Id && next.Position.Read.Size > lane.Position.Read.Size ? next.Position.Read.Size.Value - lane.Position.Read.Size.Value : 0, time.GetUtcNow());
        }
        else
        {
            await ProveAsync(search, NextToProve(search, head)!, reader, head, stopping);
        }
    }

    /// <summary>Joins a lane with the next one; the last lane ends at a head of its own time, which a later one must contain.</summary>
    private async Task ProveAsync(BackFill search, LogLane lane, LaneReader reader, VerifiedHead head, CancellationToken stopping)
    {
        if (HasNext(search, lane))
        {
            if (await store.JoinLaneAsync(lane, stopping) is null) await reader.AfterMismatchAsync(lane, head, stopping);
            return;
        }

        LogLane proven = await reader.ProveAsync(lane, head, stopping);
        if (proven.Position.Proven.Size == lane.Until)
        {
            _unproven.Remove(lane.Id);
            return;
        }
        int tries = _unproven.GetValueOrDefault(lane.Id).Tries;
        _unproven[lane.Id] = (tries + 1, time.GetUtcNow() + LaneReader.WaitAfter(tries));
    }

    private async Task BeginAsync(BackFill search, LogReader reader, VerifiedHead head, CancellationToken stopping)
    {
        Frontier start = await _search.FindAsync(reader, head, passRefused => reader.FindStartAsync(search.Since, head, stopping, passRefused), stopping);
        await store.BeginBackFillAsync(search.Id, followed.Log.Id, start, head.Size, stopping);
    }

    private void Close(long search)
    {
        _readers.Remove(search, out LaneReader? reader);
        reader?.Dispose();
    }
}
