using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using CertHerald.Deciding;
using CertHerald.Fetching;
using CertHerald.Following;
using CertHerald.Inspecting;
using CertHerald.Names;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Fetching;
using CertHerald.Transparency.LogLists;
using Microsoft.Extensions.Logging.Abstractions;

namespace CertHerald.Tests.Following;

/// <summary>
/// A fleet over a real store, with lists and logs over real HTTP. Hours pass for fleet and followers as fast as a test wants;
/// requests take their own time.
/// </summary>
internal sealed class LivesRig : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("certherald-lives-").FullName;
    private readonly Meter _meter = new("CertHerald");
    private readonly WatchList _nothing = Tests.Names.WatchLists.Of(".example.com");
    private readonly ScriptedServer _server;
    private ListSigner? _signer;

    private LivesRig(ConcurrentDictionary<string, byte[]> served, ScriptedServer server)
    {
        (Served, _server) = (served, server);
        Store = Stores.Open("sqlite", _folder, Time, _meter);
    }

    public ManualTime Time { get; } = new(DateTimeOffset.UtcNow);

    public Asking Asking { get; private set; } = new();

    /// <summary>Lists by name. One that is not there is answered with 503.</summary>
    public ConcurrentDictionary<string, byte[]> Served { get; }

    public IStore Store { get; private set; }

    public LogFleet Fleet { get; private set; } = null!;

    public string CacheFolder => Path.Combine(_folder, "lists");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static Task<LivesRig> StartAsync(params (string Name, byte[] List)[] lists) => StartAsync(null, lists);

    /// <param name="signer">Of all lists; a signature is served as one, and no list of the configuration.</param>
    public static async Task<LivesRig> StartAsync(ListSigner? signer, params (string Name, byte[] List)[] lists)
    {
        var served = new ConcurrentDictionary<string, byte[]>(lists.Select(list => KeyValuePair.Create(list.Name, list.List)));
        var rig = new LivesRig(served, await ScriptedServer.StartAsync(async context =>
        {
            if (served.TryGetValue(context.Request.Path.Value!.TrimStart('/'), out byte[]? list)) await context.Response.Body.WriteAsync(list);
            else context.Response.StatusCode = 503;
        }));
        rig._signer = signer;
        await rig.BeginAsync([.. lists.Select(list => list.Name).Where(name => !name.EndsWith(".sig", StringComparison.Ordinal))]);
        return rig;
    }

    /// <summary>How often a list or signature was asked for.</summary>
    public int Asked(string name) => _server.Requests.Count(path => path == $"/{name}");

    /// <summary>The one followed log; null while there is none.</summary>
    public FollowedLog? Log => Fleet.Logs.Count == 1 ? Fleet.Logs[0] : null;

    /// <summary>But for the entries, which are noise that nobody can read.</summary>
    public async Task<IReadOnlyList<Incident>> IncidentsAsync() =>
        [.. (await Store.IncidentsAsync(100, Cancellation)).Where(incident => incident.Kind != IncidentKinds.UnparsableEntry)];

    /// <summary>Lets hours pass until it has come about.</summary>
    /// <param name="step">At once; minutes at most where something would be forgotten otherwise.</param>
    public Task PassesAsync(Func<bool> hasComeAbout, TimeSpan? step = null, int looks = 1)
    {
        // Requests take real time, and their limits go by this clock: more looks let more of them end between two steps.
        int look = 0;
        return Eventually.HappensAsync(() =>
        {
            if (hasComeAbout()) return true;
            if (++look % looks == 0) Time.Advance(step ?? TimeSpan.FromMinutes(20));
            return false;
        });
    }

    /// <summary>Lets this much time pass, with room for what happens in between.</summary>
    public async Task PassAsync(TimeSpan all, TimeSpan? step = null)
    {
        DateTimeOffset until = Time.GetUtcNow() + all;
        await PassesAsync(() => Time.GetUtcNow() >= until, step);
    }

    /// <summary>The next process, with these lists configured. It does not know how long the last one was told to leave a log alone.</summary>
    public async Task RestartAsync(params string[] lists)
    {
        await EndAsync();
        Asking.Dispose();
        Asking = new Asking();
        Store = Stores.Open("sqlite", _folder, Time, _meter);
        await BeginAsync(lists);
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        await _server.DisposeAsync();
        Asking.Dispose();
        _meter.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task BeginAsync(string[] lists)
    {
        LogListOptions[] configured = [.. lists.Select(list => new LogListOptions($"{_server.Url}{list}", _signer))];
        Fleet = new LogFleet(
            new LogOptions { Lists = configured, Start = LogStart.Beginning }, [.. configured.Select(list => Asking.Sources.List(list, CacheFolder))], Store,
            log => new LogFollower(log, ReadLane(log, RequestPriority.Tip), LogStart.Beginning, Store, Time),
            log => new CatchUp(log, () => ReadLane(log, RequestPriority.CatchUp), Store, Time),
            log => new BackFiller(log, _ => ReadLane(log, RequestPriority.CatchUp), Store, Time), Time, _meter, NullLogger<LogFleet>.Instance);
        await Fleet.StartAsync(Cancellation);
    }

    private async Task EndAsync()
    {
        await Fleet.StopAsync(CancellationToken.None);
        Fleet.Dispose();
        await Store.DisposeAsync();
    }

    private LaneReader ReadLane(FollowedLog log, RequestPriority lane) => new(
        log, Asking.Sources.Read(log.Log, lane, log.Chosen.IsCustom), new Inspector(() => _nothing),
        new Decider(() => KnownCertificates.None, () => [new Subscription("hook", [EventKinds.UnknownCertificate, EventKinds.MalformedCertificate])]), Store, new Bell(), Time);
}
