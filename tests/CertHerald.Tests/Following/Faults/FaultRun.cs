using System.Collections.Concurrent;
using CertHerald.Deciding;
using CertHerald.Fetching;
using CertHerald.Following;
using CertHerald.Storage;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Fetching;
using CertHerald.Transparency.Merkle;
using Microsoft.Extensions.Logging.Abstractions;
using ChosenLogOptions = CertHerald.Fetching.LogOptions;
using Log = CertHerald.TestLog.Log;
using LogOptions = CertHerald.TestLog.LogOptions;
using LogProtocol = CertHerald.Transparency.LogLists.LogProtocol;

namespace CertHerald.Tests.Following.Faults;

/// <summary>What the tests of faults have in common.</summary>
public abstract class FaultTests
{
    public static TheoryData<LogProtocol> Both => [LogProtocol.Rfc6962, LogProtocol.StaticCt];

    /// <summary>Each of these words, in both protocols.</summary>
    public static MatrixTheoryData<LogProtocol, string> Each(string forms) => new([LogProtocol.Rfc6962, LogProtocol.StaticCt], forms.Split(' '));
}

/// <summary>
/// One fleet with its followers and its database, as the service has them, and one log that misbehaves. The clock of both is
/// moved on, to the next timer, whenever nothing has happened for a moment: minutes of waiting pass at once. What every fault
/// must lead to is what the same log gives without it: see <see cref="HoldsAsync"/>.
/// </summary>
internal sealed class FaultRun : IAsyncDisposable
{
    public const ulong Size = 700;

    private const string Watched = "example.com";

    /// <summary>How often, without any progress in between, the run is looked at before its clock is moved.</summary>
    private const int QuietLooks = 3;

    /// <summary>The same before it is moved far: a request that is about to be sent would be out of time.</summary>
    private const int VeryQuietLooks = 6;

    private const string NameBeside = "beside it";

    private static readonly TimeSpan LongestStep = TimeSpan.FromSeconds(5), LongTimer = TimeSpan.FromMinutes(2);

    private static readonly SyntheticCorpus Corpus = new(new SyntheticCorpusOptions { WatchedDomains = [Watched], WatchedOneIn = 40 });
    private static readonly ConcurrentDictionary<(LogProtocol, string, ulong), Lazy<Task<string[]>>> Honest = new();

    private readonly string _lists;
    private readonly LogProtocol _protocol;
    private readonly LogStart _start;

    // Of the corpus; the log may hold more, which a fault has put in.
    private ulong _entries;

    private FaultRun(LogProtocol protocol, LogStart start, ulong entries, FollowingRig rig, Log log, LogServer server, LogFleet fleet, string lists) =>
        (_protocol, _start, _entries, Rig, Log, Server, Fleet, _lists) = (protocol, start, entries, rig, log, server, fleet, lists);

    public FollowingRig Rig { get; }

    public Log Log { get; }

    public LogServer Server { get; }

    public LogFleet Fleet { get; }

    public ManualTime Time => Rig.Time;

    /// <summary>The log as it is followed.</summary>
    public FollowedLog Followed => Fleet.Logs.Single(log => log.Log.Description != NameBeside);

    /// <summary>The other log, where there is one.</summary>
    public FollowedLog Beside => Fleet.Logs.Single(log => log.Log.Description == NameBeside);

    public LogStanding Standing => Followed.Standing;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>
    /// Follows a log that misbehaves to its head, and checks what must be so after every fault: each entry was inspected, in one
    /// lane, to the proven head; the alerts are those of a run without the fault; nothing was started again.
    /// </summary>
    /// <param name="incidents">Kinds that are then known, open or closed; no others.</param>
    public static async Task HoldsAsync(LogProtocol protocol, string[] faults, string[]? incidents = null, string start = "start", ulong size = Size)
    {
        await using FaultRun run = await StartAsync(protocol, faults, start, size);
        await run.ReachHeadAsync();
        await run.AlertsAreThoseOfAnHonestLogAsync();
        await run.IncidentsAreAsync(incidents ?? []);
    }

    /// <param name="faults">Those of added entries are set before there are any, the others before the log is followed.</param>
    /// <param name="start">As the configuration's <c>start</c>.</param>
    /// <param name="behind">As <see cref="LogFollower.Behind"/>.</param>
    /// <param name="isListed">The log is not configured: its own list names it, and is signed.</param>
    /// <param name="beside">Another log, that is followed too.</param>
    public static async Task<FaultRun> StartAsync(
        LogProtocol protocol, string[] faults, string start = "start", ulong size = Size, ulong behind = LogFollower.FarBehind, bool isListed = false,
        LogServer? beside = null)
    {
        Assert.True(LogStart.TryParse(start, out LogStart begin));
        var rig = new FollowingRig("." + Watched) { Behind = behind };
        // Hours pass until a list is looked at again, in which a log signs heads.
        var log = new Log(new LogOptions { Time = rig.Time, PublishEvery = isListed ? TimeSpan.FromHours(1) : null });
        CertHerald.TestLog.Faults.Fault[] parsed = [.. faults.Select(CertHerald.TestLog.Faults.Fault.Parse)];
        log.Misbehave([.. parsed.Where(fault => fault.ShapesEntries)]);
        log.AddCorpus(Corpus.Entries(new EntryIndex(0), size));
        log.Publish();
        var serving = new LogServerOptions { Listed = protocol == LogProtocol.Rfc6962 ? ListedProtocols.Rfc6962 : ListedProtocols.StaticCt };
        LogServer server = await LogServer.StartAsync(log, serving, Cancellation);
        log.Misbehave([.. parsed.Where(fault => !fault.ShapesEntries)]);

        var list = new LogListOptions(server.LogListUrl.AbsoluteUri, new ListSigner("the test log", server.LogListKey));
        var options = new ChosenLogOptions
        {
            Lists = isListed ? [list] : [],
            Start = begin,
            Custom = [.. isListed ? [] : (CustomLogOptions[])[Describe(protocol, log, server)], .. beside is null ? [] : (CustomLogOptions[])[Describe(protocol, beside.Log, beside) with { Description = NameBeside }]],
        };
        string cache = Directory.CreateTempSubdirectory("certherald-lists-").FullName;
        var fleet = new LogFleet(
            options, [.. options.Lists.Select(one => rig.Asking.Sources.List(one, cache))], rig.Store, followed => rig.Follower(followed, begin), rig.CatchUp, rig.BackFiller,
            rig.Time, rig.Meter, NullLogger<LogFleet>.Instance);
        var run = new FaultRun(protocol, begin, size, rig, log, server, fleet, cache);
        await fleet.StartAsync(Cancellation);
        if (!isListed) await run.UntilAsync(() => fleet.Logs.Count == options.Custom.Count);
        return run;
    }

    /// <summary>The log grows by made-up entries, of which some are watched, and publishes.</summary>
    public void Grow(ulong by)
    {
        Log.AddCorpus(Corpus.Entries(new EntryIndex(_entries), by));
        _entries += by;
        Log.Publish();
    }

    /// <summary>A log with watched entries that misbehaves in nothing.</summary>
    public static Log Behaving(TimeProvider time, ulong size)
    {
        var log = new Log(new LogOptions { Time = time });
        log.AddCorpus(Corpus.Entries(new EntryIndex(0), size));
        log.Publish();
        return log;
    }

    /// <summary>Lets this much time pass.</summary>
    /// <param name="step">At once: followers do not poll in between.</param>
    public Task PassAsync(TimeSpan all, TimeSpan? step = null)
    {
        TimeSpan until = Time.Elapsed + all;
        return UntilAsync(() => Time.Elapsed >= until, step);
    }

    /// <summary>Lets the clock run until this comes about.</summary>
    /// <param name="step">How far it is moved at once, past timers that come before; null for no further than the next.</param>
    public async Task UntilAsync(Func<bool> comesAbout, TimeSpan? step = null)
    {
        var stillness = new Stillness(Rig.Asking, step is null ? QuietLooks : VeryQuietLooks);
        try
        {
            await Eventually.HappensAsync(() =>
            {
                if (comesAbout()) return true;
                if (stillness.Look((Fleet.Logs.Count > 0 ? Standing : null, Log.Faults.Faults.Count))) MoveOn();
                return false;
            });
        }
        catch (OperationCanceledException) when (!Cancellation.IsCancellationRequested)
        {
            Assert.Fail($"It does not come about. {Describe()}");
        }

        void MoveOn()
        {
            // No further than a timer of long ago, as that of a list: what it begins would be out of time at once.
            if (step is { } far) Time.Advance(Time.UntilTimerBeyond(LongTimer) is { } timer && timer < far ? timer : far);
            // Not all the way to a timer far away: it may be that of a request which is only slow on this machine.
            else if (Time.UntilNextTimer is { } next) Time.Advance(next < LongestStep ? next : LongestStep);
        }
    }

    /// <summary>Lets the clock run until everything up to the log's true head is read and proven, in one lane.</summary>
    public Task ReachHeadAsync() => ReachAsync(Log.Head.Size.Value);

    public Task ReachAsync(ulong size) => UntilAsync(() => Standing is { Lanes.Count: 1 } standing && standing.Position.Value == size && standing.Proven.Value == size);

    /// <summary>All entries were inspected, and alerts are owed for the same certificates as if the log had behaved.</summary>
    public async Task AlertsAreThoseOfAnHonestLogAsync()
    {
        string[] honest = await HonestAlertsAsync(_protocol, _start, _entries);
        Assert.Equal(honest, await AlertsAsync());
        Assert.NotEmpty(honest);
        ulong first = _start.Index?.Value ?? 0;
        Assert.True(Followed.Entries >= (long)(Log.Head.Size.Value - first), $"{Followed.Entries} entries were inspected");
    }

    /// <summary>Alerts are owed for those entries of the corpus only, by their names: where others cannot be had, or what bears the names is another certificate.</summary>
    public async Task AlertsAreOfAsync(Func<ulong, bool> seen)
    {
        string[] expected = [.. Corpus.WatchedIndexes(_entries).Where(index => seen(index.Value)).Select(index => Joined(Corpus.NamesAt(index))).Order(StringComparer.Ordinal)];
        Assert.NotEmpty(expected);
        Assert.Equal(expected, (await Rig.IssuancesAsync()).Select(issuance => Joined(issuance.Certificate.DnsNames)).Order(StringComparer.Ordinal));

        static string Joined(IEnumerable<string> names) => string.Join(' ', names.Distinct().Order(StringComparer.Ordinal));
    }

    /// <summary>Kinds that are known, open or closed; no others.</summary>
    public async Task IncidentsAreAsync(params string[] kinds)
    {
        IReadOnlyList<Incident> incidents = await IncidentsAsync();
        Assert.Equal(kinds.Order(StringComparer.Ordinal), incidents.Select(incident => incident.Kind).Distinct().Order(StringComparer.Ordinal));
    }

    /// <summary>The only one of its kind.</summary>
    public async Task<Incident> IncidentAsync(string kind) => Assert.Single(await IncidentsAsync(), incident => incident.Kind == kind);

    /// <summary>Lets the clock run until an incident of this kind is open, or closed.</summary>
    public async Task IncidentIsAsync(string kind, bool open, TimeSpan? step = null)
    {
        await UntilAsync(() => IncidentsAsync().GetAwaiter().GetResult() is var all && all.Any(one => one.Kind == kind && one.Closed is null) == open && all.Any(one => one.Kind == kind), step);
        Assert.Equal(open, (await IncidentAsync(kind)).Closed is null);
    }

    public Task<IReadOnlyList<Incident>> IncidentsAsync() => Rig.Store.IncidentsAsync(100, Cancellation);

    /// <summary>What each alert that is owed is about: its event and its names.</summary>
    public async Task<string[]> AlertsAsync()
    {
        List<string> alerts = [];
        foreach (Issuance issuance in await Rig.IssuancesAsync())
            alerts.Add($"{string.Join(' ', issuance.Certificate.DnsNames)} {issuance.Certificate.TbsSha256}");
        IReadOnlyList<StoredDelivery> owed = await Rig.Store.DeliveriesAsync(new DeliveryFilter { Limit = 1000 }, Cancellation);
        Assert.Equal(alerts.Count, owed.Count(delivery => delivery.Kind == EventKinds.UnknownCertificate));
        return [.. alerts.Order(StringComparer.Ordinal)];
    }

    public async ValueTask DisposeAsync()
    {
        await Fleet.StopAsync(CancellationToken.None);
        Fleet.Dispose();
        await Rig.DisposeAsync();
        await Server.DisposeAsync();
        await Log.DisposeAsync();
        Directory.Delete(_lists, recursive: true);
    }

    /// <summary>What a log that behaves leads to; followed once for all tests.</summary>
    private static Task<string[]> HonestAlertsAsync(LogProtocol protocol, LogStart start, ulong size) =>
        Honest.GetOrAdd((protocol, start.ToString(), size), key => new Lazy<Task<string[]>>(async () =>
        {
            await using FaultRun run = await StartAsync(protocol, [], start.ToString(), size);
            await run.ReachHeadAsync();
            await run.IncidentsAreAsync();
            return await run.AlertsAsync();
        })).Value;

    private static CustomLogOptions Describe(LogProtocol protocol, Log log, LogServer server)
    {
        var custom = new CustomLogOptions { Description = "a log", HeadInterval = TimeSpan.FromSeconds(1) };
        return protocol == LogProtocol.Rfc6962
            ? custom with { Key = Convert.ToBase64String(log.Rfc6962Key.Spki.Span), Url = server.Url.AbsoluteUri }
            : custom with
            {
                Key = Convert.ToBase64String(log.StaticCtKey.Spki.Span),
                MonitoringUrl = server.MonitoringUrl.AbsoluteUri,
                SubmissionUrl = server.SubmissionUrl.AbsoluteUri,
            };
    }

    private string Describe() => Fleet.Logs.Count == 0 ? "No log is followed." :
        $"{Time.Elapsed} passed; the log has {Log.Head.Size} entries; lanes {string.Join(", ", Standing.Lanes)}; error: {Standing.Error}; faults: {string.Join("; ", Log.Faults.Faults)}";
}
