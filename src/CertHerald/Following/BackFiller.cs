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
    private long? _read;                                       // the search that goes on now

    public async Task RunAsync(CancellationToken stopping)
    {
        while (true)
        {
            // Read anew for each batch: it may have been paused or removed.
            IReadOnlyList<BackFill> all = await store.BackFillsAsync(stopping);
            foreach (long gone in _readers.Keys.Except(all.Select(one => one.Id)).ToList()) Close(gone);

            BackFill? due = all.LastOrDefault(IsDue);
            // What was fetched ahead for another holds room of the log's until its turn comes again.
            if (due?.Id != _read)
                foreach (LaneReader reader in _readers.Values) reader.Reader.Forget();
            _read = due?.Id;
            if (followed.Standing.Largest is { } head && due is not null) await StepAsync(due, head, stopping);
            else await followed.BackFillBell.WaitAsync(Nap, stopping);
        }
    }

    public void Dispose()
    {
        foreach (LaneReader reader in _readers.Values) reader.Dispose();
    }

    private bool IsDue(BackFill search) =>
        !search.Paused && search.Logs.Contains(followed.Log.Id) && (!LanesOf(search).Any() || Next(search) is not null);

    private IEnumerable<LogLane> LanesOf(BackFill search) => search.Lanes.Where(one => one.Log == followed.Log.Id).Select(one => one.Lane);

    private LogLane? Next(BackFill search) => LaneReader.Next(LanesOf(search).Where(lane => lane.Position.Read.Size < lane.Until), time.GetUtcNow());

    private async Task StepAsync(BackFill search, VerifiedHead head, CancellationToken stopping)
    {
        if (!_readers.TryGetValue(search.Id, out LaneReader? reader)) _readers.Add(search.Id, reader = open(search.Items));
        if (!LanesOf(search).Any())
        {
            await BeginAsync(search, reader.Reader, head, stopping);
            followed.Searched(search.Id, 0, time.GetUtcNow());
            return;
        }

        LogLane lane = Next(search)!, next = lane.Trouble is null
            ? await reader.StepAsync(lane, head, time.GetUtcNow(), stopping)
            : await reader.RetryAsync(lane, head, stopping);
        followed.Searched(search.Id, next.Id == lane.Id && next.Position.Read.Size > lane.Position.Read.Size ? next.Position.Read.Size.Value - lane.Position.Read.Size.Value : 0, time.GetUtcNow());
        if (next.Id != lane.Id || next.Position.Read.Size != next.Until) return;

        // The last lane ends at a head of its own time, which a later one must contain.
        if (LanesOf(search).Any(other => other.Start == next.Until))
        {
            if (await store.JoinLaneAsync(next, stopping) is null) await reader.AfterMismatchAsync(next, head, stopping);
        }
        else
        {
            await reader.ProveAsync(next, head, stopping);
        }
        if (LanesOf(search).All(other => other.Id == next.Id)) Close(search.Id);
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
