using System.Collections.Concurrent;
using System.Globalization;
using CertHerald.TestLog;
using CertHerald.Transparency.Certificates;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Benchmarks.Soaking;

/// <summary>A watched certificate, or an entry that cannot be read, that a log holds.</summary>
/// <param name="Tbs">SHA-256 of the TBSCertificate, in hexadecimal; null if the entry cannot be read.</param>
internal sealed record Owed(ulong Index, string LeafHash, string? Tbs);

/// <summary>How fast a log grows, and with what.</summary>
/// <param name="Watched">The share of watched certificates.</param>
/// <param name="Malformed">The share of entries that cannot be read.</param>
/// <param name="Least">Entries at once, at least.</param>
/// <param name="Most">Entries at once, fewer than this.</param>
/// <param name="Pause">Between two additions, in milliseconds, at least; less than twice as long.</param>
/// <param name="HasBursts">Now and then a thousand at once, or nothing for seconds.</param>
internal sealed record Growth(double Watched, double Malformed, int Least, int Most, int Pause, bool HasBursts)
{
    /// <summary>Some dozen entries a second, few of them watched.</summary>
    public static Growth Busy { get; } = new(0.03, 0.004, 8, 24, 350, HasBursts: true);

    /// <summary>An entry or two a second, most of them watched.</summary>
    public static Growth Calm { get; } = new(0.7, 0.04, 1, 3, 700, HasBursts: false);
}

/// <summary>A log that grows all the time, misbehaves now and then in ways that heal, and remembers what a monitor must tell of.</summary>
internal sealed class SoakedLog : IAsyncDisposable
{
    public const string Watched = "soak.example";

    /// <summary>Faults that end, and after which a log is what it was: how often each is chosen, and how it is written.</summary>
    private static readonly (int Weight, Func<Random, ulong, string> Write)[] Menu =
    [
        (4, static (_, _) => "page=random"),
        (2, static (random, _) => $"page={Of(random, 1, 7, 32)}"),
        (2, static (random, _) => $"align={Of(random, 16, 100, 1000)}"),
        (2, static (random, _) => $"count={Of(random, "none", "more")}"),
        (1, static (_, _) => "end=strict"),
        (3, static (random, _) => $"retry-after={Of(random, "1", "2", "1.5", "gmt", "utc", "past", "garbage", "none")}"),
        (4, static (random, _) => $"body={Of(random, "400", "403", "404", "500", "502", "503", "html", "empty", "cut")}"),
        (4, static (random, _) => $"slow={Of(random, "headers", "body", "stall", "reset")},times={random.Next(1, 5)}"),
        (1, static (random, _) => $"bomb={Of(random, "body", "length", "gzip")},times=1"),
        (2, static (random, _) => $"json={Of(random, "slash", "members", "deep")}"),
        (5, static (random, _) => $"head={Of(random, "older", "resign", "badsig", "badsig-key", "badsig-codes", "badsig-tail", "stale", "future")}"),
        (3, static (random, size) => $"flip={Near(random, size)},times={random.Next(1, 4)}"),
        (2, static (random, _) => $"flip,times={random.Next(1, 3)}"),
        (4, static (random, size) => $"missing={Near(random, size)}"),
        (2, static (random, _) => $"gzip={Of(random, "unasked", "never")}"),
        (3, static (random, _) => $"partial={Of(random, "404", "410")}"),
        (3, static (_, _) => "tile=lag"),
        (3, static (random, _) => $"tile={Of(random, "len", "flip")},on={Of(random, "tile", "data")},times={random.Next(1, 4)}"),
        (3, static (random, _) => $"issuer={Of(random, "404", "wrong", "slow")},times={random.Next(1, 6)}"),
        (2, static (random, _) => $"note={Of(random, "grease", "cosigned", "cr", "line", "failing")}"),
        (2, static (random, _) => $"cache={Of(random, "3", "stuck")}"),
        (2, static (_, _) => "redirect"),
        (3, static (random, _) => $"rate={Of(random, "2", "8", "8/2", "4/1")}"),
        (3, static (random, _) => $"delay={Of(random, 50, 400, 2000)}"),
        (2, static (random, _) => $"gone={Of(random, "refused", "reset", "404")}"),
    ];

    private readonly TestCa _ca = new();
    private readonly SyntheticCorpus _corpus;
    private readonly Random _growth, _trouble;
    private readonly Lock _gate = new();
    private readonly List<Owed> _owed = [];

    // Precertificates whose certificates follow, in this log or in the other.
    private readonly ConcurrentQueue<Logged> _awaited = new();

    private readonly Growth _pace;

    private SoakedLog(Log log, LogServer server, int seed, Growth pace)
    {
        (Log, Server, _growth, _trouble, _pace) = (log, server, new Random(seed), new Random(~seed), pace);
        _corpus = new SyntheticCorpus(new SyntheticCorpusOptions { Seed = (ulong)(uint)seed });
    }

    public Log Log { get; }

    public LogServer Server { get; }

    /// <summary>Takes some of this log's certificates too.</summary>
    public SoakedLog? Other { get; set; }

    /// <summary>Faults begun so far.</summary>
    public int FaultsBegun { get; private set; }

    /// <summary>What stands in it, watched or unreadable, as far as it was published.</summary>
    public IReadOnlyList<Owed> Owed
    {
        get { lock (_gate) return [.. _owed]; }
    }

    public static async Task<SoakedLog> StartAsync(string folder, int seed, Growth pace, TimeProvider? time = null)
    {
        var log = new Log(new LogOptions { Directory = folder, MaxEntriesPerAnswer = 256, Time = time ?? TimeProvider.System });
        return new SoakedLog(log, await LogServer.StartAsync(log, new LogServerOptions { Gzip = false }), seed, pace);
    }

    public async Task GrowAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            Grow(_pace.HasBursts && _growth.Next(60) == 0 ? 1_000 : _growth.Next(_pace.Least, _pace.Most));
            await Pause(TimeSpan.FromMilliseconds(_pace.HasBursts && _growth.Next(40) == 0 ? 6_000 : _growth.Next(_pace.Pause, 2 * _pace.Pause)), stopping);
        }
    }

    /// <summary>One to three faults at once for up to 12 s, then none for up to 20 s, and so on; none at the end.</summary>
    public async Task MisbehaveAsync(Action<string> tell, CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            await Pause(TimeSpan.FromSeconds(1 + 19 * _trouble.NextDouble()), stopping);
            if (stopping.IsCancellationRequested) break;
            int seconds = _trouble.Next(1, 13);
            string[] faults = [.. Enumerable.Range(0, _trouble.Next(4) switch { 0 => 3, 1 => 2, _ => 1 }).Select(_ => $"{Choose()},for={seconds}s")];
            FaultsBegun += faults.Length;
            tell(string.Join(' ', faults));
            Log.Misbehave(faults);
            await Pause(TimeSpan.FromSeconds(seconds), stopping);
            Log.Behave();
        }
        Log.Behave();
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        await Log.DisposeAsync();
        _ca.Dispose();
    }

    private static string Near(Random random, ulong size)
    {
        ulong first = size + (ulong)random.Next(0, 120) is var at && at > 40 ? at - 40 : 0;
        return string.Create(CultureInfo.InvariantCulture, $"{first}-{first + (ulong)random.Next(0, 20)}");
    }

    private static T Of<T>(Random random, params T[] choice) => choice[random.Next(choice.Length)];

    private static Task Pause(TimeSpan time, CancellationToken stopping) =>
        Task.Delay(time, stopping).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);

    private string Choose()
    {
        int at = _trouble.Next(Menu.Sum(fault => fault.Weight));
        foreach ((int weight, Func<Random, ulong, string> write) in Menu)
            if ((at -= weight) < 0)
                return write(_trouble, Log.Size.Value);
        return "page=random";
    }

    /// <summary>Adds so many entries, and a few more; all become visible together.</summary>
    private void Grow(int count)
    {
        lock (_gate)
        {
            for (int i = 0; i < count; i++)
            {
                double kind = _growth.NextDouble();
                if (kind < _pace.Malformed) AddMalformed();
                else if (kind < _pace.Malformed + _pace.Watched) AddWatched();
                else Log.AddCorpus([_corpus.EntryAt(new EntryIndex(Log.Size.Value))]);
            }
            Log.Publish();
        }
    }

    private void AddWatched()
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"{(_growth.Next(8) == 0 ? "*." : "")}n{Log.Size.Value}.{Watched}");
        string[] names = _growth.Next(3) == 0 ? [name, $"www.n{Log.Size.Value}.example.org"] : [name];
        if (_growth.Next(2) == 0 && _awaited.TryDequeue(out Logged? awaited)) Add(awaited);
        switch (_growth.Next(4))
        {
            case 0:
                Add(new Logged(_ca.Issue(names)));
                break;
            case 1:
                var twice = new Logged(_ca.Issue(names));
                Add(twice);
                Add(twice);
                break;
            default:
                TestPrecertificate precertificate = _ca.IssuePrecertificate(new IssueRequest(names) { ThroughSigningCertificate = _growth.Next(5) == 0 });
                AddedEntry added = Log.AddPreChain(precertificate.Chain);
                var final = new Logged(precertificate.Final(added.Sct.Serialize()));
                Remember(added.Index.Value, final.Tbs);
                if (_growth.Next(4) != 0) _awaited.Enqueue(final);
                if (_growth.Next(3) == 0) Other!._awaited.Enqueue(final);
                break;
        }
    }

    private void AddMalformed()
    {
        ulong index = Log.Size.Value;
        Log.AddCorpus([CorpusEntry.OfChain(_ca.Issue($"broken{index}.{Watched}").Der[..200])]);
        Remember(index, null);
    }

    private void Add(Logged certificate) => Remember(Log.AddChain(certificate.Certificate.Chain).Index.Value, certificate.Tbs);

    private void Remember(ulong index, string? tbs) => _owed.Add(new Owed(index, Log.LeafHashAt(new EntryIndex(index)).ToString(), tbs));

    /// <summary>A certificate that is logged once, twice, or in both logs.</summary>
    private sealed class Logged
    {
        public Logged(TestCertificate certificate)
        {
            if (!CertificateView.TryRead(certificate.Der, out CertificateView view)) throw new InvalidOperationException("A certificate of the test CA cannot be read.");
            byte[] hash = new byte[32];
            TbsFingerprint.Hash(view.Tbs, hash);
            (Certificate, Tbs) = (certificate, Convert.ToHexStringLower(hash));
        }

        public TestCertificate Certificate { get; }

        public string Tbs { get; }
    }
}
