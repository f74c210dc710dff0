using System.Diagnostics.Metrics;
using CertHerald.Deciding;
using CertHerald.Fetching;
using CertHerald.Following;
using CertHerald.Inspecting;
using CertHerald.Names;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Fetching;
using CertHerald.Tests.Storage;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Following;

/// <summary>
/// Followers over a real store, as the service puts them together. The clock stands still: a follower that waits for the next
/// head waits until told.
/// </summary>
internal sealed class FollowingRig : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("certherald-following-").FullName;
    private readonly Meter _meter = new("CertHerald");
    private readonly Dictionary<FollowedLog, (CancellationTokenSource Stop, Task Run)> _running = [];
    private readonly WatchList _watch;

    private readonly TimeProvider _time;

    public FollowingRig(params string[] watching) : this(null, watching)
    {
    }

    /// <param name="time">Another clock in place of the one that begins now and stands still.</param>
    public FollowingRig(TimeProvider? time, params string[] watching)
    {
        Time = time as ManualTime ?? new ManualTime(DateTimeOffset.UtcNow);
        _time = time ?? Time;
        _watch = Tests.Names.WatchLists.Of(watching);
        Store = Stores.Open("sqlite", _folder, _time, _meter);
    }

    public ulong Unproven { get; init; } = LaneReader.ProveEach;

    /// <summary>Of what nobody watches: nothing.</summary>
    public IndexOptions Index { get; init; } = new();

    /// <summary>Whose imitations are looked for: nobody's.</summary>
    public Protection? Protecting { get; init; }

    /// <summary>Weak look-alikes that were kept, as the metric counts them.</summary>
    public int WeakKept { get; private set; }

    public ulong Behind { get; init; } = LogFollower.FarBehind;

    /// <summary>Null: as <see cref="Behind"/>. Whoever follows from the past on is the tip, unless a test is about that.</summary>
    public ulong? BehindAtStart { get; init; }

    /// <summary>Begins now, unless another was given: the heads of test logs are signed by the real clock.</summary>
    public ManualTime Time { get; }

    public Meter Meter => _meter;

    public IStore Store { get; private set; }

    /// <summary>Of requests to one host. Null: as the service has them.</summary>
    public RateCeilings? Ceilings { get; init; }

    public Asking Asking => field ??= new Asking(_time, Ceilings);

    public Bell Bell { get; } = new();

    /// <summary>What is not to be told of a log that is begun; null: all is told.</summary>
    public Baseline? Baseline { get; set; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public LogFollower Follower(FollowedLog log, LogStart start) => new(log, ReadLane(log, RequestPriority.Tip), start, Store, _time) { Behind = Behind, BehindAtStart = BehindAtStart ?? Behind, Baseline = Baseline };

    public CatchUp CatchUp(FollowedLog log) => new(log, () => ReadLane(log, RequestPriority.CatchUp), Store, _time);

    public BackFiller BackFiller(FollowedLog log) => new(log, items => ReadLane(log, RequestPriority.CatchUp, Tests.Names.WatchLists.Of([.. items])), Store, _time);

    /// <summary>Reads one lane, step by step.</summary>
    public LaneReader ReadLane(FollowedLog log, RequestPriority lane, WatchList? sought = null, EntryTap? tap = null) => new(
        log, Asking.Sources.Read(log.Log, lane, log.Chosen.IsCustom), new Inspector(() => sought ?? _watch, sought is null && Protecting is { } protection ? () => protection : null) { Index = Index },
        new Decider(() => KnownCertificates.None, () => [new Subscription("hook", [EventKinds.UnknownCertificate, EventKinds.MalformedCertificate])]), Store, Bell, _time)
    { Unproven = Unproven, TellsAll = sought is not null, Tap = tap, WeakKept = count => WeakKept += count };

    public FollowedLog Describe(LogDescription description, TimeSpan? headInterval = null) =>
        new(new ChosenLog(description, IsCustom: true, headInterval ?? TimeSpan.FromSeconds(1)), _time);

    /// <summary>Begins to follow; ends with the rig or by <see cref="StopAsync"/>.</summary>
    public FollowedLog Follow(LogDescription description, LogStart start, TimeSpan? headInterval = null)
    {
        FollowedLog log = Describe(description, headInterval);
        var stop = new CancellationTokenSource();
        _running.Add(log, (stop, RunAsync()));
        return log;

        async Task RunAsync()
        {
            await Task.Yield();
            using LogFollower follower = Follower(log, start);
            using CatchUp behind = CatchUp(log);
            // Whichever fails first ends both, as a test of one of them wants to see.
            await await Task.WhenAny(follower.RunAsync(stop.Token), behind.RunAsync(stop.Token));
        }
    }

    /// <summary>Follows until what is read reaches a size, then stops as a process that is told to.</summary>
    public async Task<FollowedLog> FollowToAsync(LogDescription description, ulong size, LogStart? start = null)
    {
        FollowedLog log = Follow(description, start ?? LogStart.Beginning);
        await ReachAsync(log, size);
        await StopAsync(log);
        return log;
    }

    /// <summary>Waits until a followed log stands at a size, moving the clock whenever the follower waits for its next head.</summary>
    public async Task ReachAsync(FollowedLog log, ulong size)
    {
        Task run = _running[log].Run;
        while (log.Standing.Tip.Value < size || log.Standing.Head?.Size.Value < size)
        {
            Task waits = Time.WaitForTimerAsync(TimeSpan.FromSeconds(1));
            if (await Task.WhenAny(run, waits) == run) await run;
            await waits;
            if (log.Standing.Tip.Value < size) Time.Advance(TimeSpan.FromSeconds(1));
        }
    }

    /// <summary>Waits until all that is behind the tip was read, and joined with it.</summary>
    public async Task JoinAsync(FollowedLog log)
    {
        Task run = _running[log].Run;
        await Eventually.HappensAsync(() => log.Standing.Lanes.Count == 1 || run.IsCompleted);
        if (run.IsCompleted) await run;
    }

    /// <summary>Lets the follower look at the head once more, and waits until it waits again.</summary>
    public async Task LookAgainAsync(FollowedLog log)
    {
        await Time.WaitForTimerAsync(TimeSpan.FromSeconds(1));
        DateTimeOffset before = Time.GetUtcNow();
        Time.Advance(TimeSpan.FromSeconds(1));
        Task waits = Time.WaitForTimerAsync(TimeSpan.FromSeconds(1));
        if (await Task.WhenAny(_running[log].Run, waits) == _running[log].Run) await _running[log].Run;
        await waits;
        Assert.True(log.Standing.LastSuccess > before);
    }

    public async Task StopAsync(FollowedLog log)
    {
        (CancellationTokenSource stop, Task run) = _running[log];
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        stop.Dispose();
        _running.Remove(log);
    }

    /// <summary>The next process: the store is closed and opened again.</summary>
    public async Task RestartAsync()
    {
        await Store.DisposeAsync();
        Store = Stores.Open("sqlite", _folder, _time, _meter);
    }

    public async Task<LogPosition> PositionAsync(LogDescription log) => (await Store.FindPositionAsync(log.Id, Cancellation))!;

    public async Task<IReadOnlyList<Issuance>> IssuancesAsync() => [.. (await Store.IssuancesAsync(null, 1_000, Cancellation)).Reverse()];

    public async Task<IReadOnlyList<Sighting>> SightingsAsync() =>
        [.. (await Task.WhenAll((await IssuancesAsync()).Select(one => Store.SightingsAsync(one.Id, Cancellation)))).SelectMany(one => one)];

    public async ValueTask DisposeAsync()
    {
        foreach (FollowedLog log in _running.Keys.ToArray())
        {
            (CancellationTokenSource stop, Task run) = _running[log];
            await stop.CancelAsync();
            await run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            stop.Dispose();
        }
        Asking.Dispose();
        await Store.DisposeAsync();
        _meter.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
