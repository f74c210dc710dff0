using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;

namespace CertHerald.Benchmarks.Soaking;

/// <summary>
/// Runs the published program against a growing log and receivers that misbehave; kills it at random and at exact moments, pauses
/// it, fills its disk, cuts its power and sets its clock; or takes the database from two of its nodes; then lets all come to rest, and
/// compares what was logged, what the receivers got and what the API tells, one by one.
/// </summary>
internal sealed partial class Chaos : IAsyncDisposable
{
    /// <summary>The exit code where nothing can be tried.</summary>
    private const int NotTried = 3;

    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private const string Added = "added", Operator = "pager";

    private readonly ChaosOptions _options;
    private readonly string _folder;
    private readonly Random _random;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly ChaosClock _time;
    private readonly ChaosDisk? _disk;
    private readonly ChaosDatabase? _database;
    private readonly ChaosLedger _ledger;
    private readonly CanaryWatch _canaries = new();
    private readonly Failpoints _failpoints = new();
    private readonly SoakedLog _log;
    private readonly TcpListener _trap = new(IPAddress.Loopback, 0);
    private readonly IReadOnlyList<ChaosNode> _nodes;
    private readonly string _store;
    private readonly StreamWriter _events;
    private readonly List<ChaosReceiver> _receivers = [];
    private readonly Dictionary<string, int> _strikes = [];
    private readonly List<string> _wrong = [];
    private readonly List<ChaosRound> _done = [];
    private ChaosLogFront _front = null!;
    private string? _addedUrl;
    private int _asked;

    private Chaos(ChaosOptions options, string folder, SoakedLog log, ChaosClock time, ChaosDatabase? database)
    {
        (_options, _folder, _log, _time, _database) = (options, folder, log, time, database);
        _random = new Random(options.Seed);
        _ledger = new ChaosLedger(Path.Combine(folder, "ledger"), _clock);
        _events = new StreamWriter(Path.Combine(folder, "events")) { AutoFlush = true };
        _trap.Start();
        if (database is null)
        {
            _disk = new ChaosDisk(folder);
            _store = "sqlite";
            _nodes = [new ChaosNode("node", options.Program, folder, _disk.Data, time, _canaries)];
        }
        else
        {
            string password = "canary" + Guid.NewGuid().ToString("N");
            _canaries.Add("the database", password);
            _store = database.AddressWith(password);
            // Each has a clock of its own, and none goes with the world's: the database's is the one that counts.
            _nodes =
            [
                .. ((string[])["first", "second"]).Select(name =>
                    new ChaosNode(name, options.Program, folder, Path.Combine(folder, name), new ChaosClock(Path.Combine(folder, name + ".clock")), _canaries)),
            ];
        }
        log.Other = log;
        _possible = [.. options.Strikes.Where(strike => (_disk is not { IsThere: false } || !NeedDisk.Contains(strike)) && (_time.IsThere || !NeedClock.Contains(strike)))];
    }

    /// <summary>0 if all held; 1 if anything did not; 3 if nothing can be tried here; 130 if interrupted.</summary>
    public static async Task<int> RunAsync(ChaosOptions options)
    {
        string folder = Directory.CreateTempSubdirectory("certherald-chaos-").FullName;
        using var interrupted = new CancellationTokenSource();
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt), terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
        if (options.OnPostgres && !ChaosDatabase.IsInstalled)
        {
            Directory.Delete(folder);
            Console.Error.WriteLine("chaos: LEFT OUT: everything: PostgreSQL is not installed (Debian: postgresql)");
            return NotTried;
        }
        var time = new ChaosClock(Path.Combine(folder, "clock"));
        try
        {
            ChaosDatabase? database = options.OnPostgres ? await ChaosDatabase.StartAsync(CancellationToken.None) : null;
            SoakedLog log = await SoakedLog.StartAsync(Path.Combine(folder, "log"), options.Seed, Growth.Calm, time);
            await using var chaos = new Chaos(options, folder, log, time, database);
            return await chaos.RunAsync(interrupted.Token);
        }
        catch (OperationCanceledException) when (interrupted.IsCancellationRequested)
        {
            Say("interrupted");
            return 130;
        }

        void Interrupt(PosixSignalContext context)
        {
            context.Cancel = true;
            interrupted.Cancel();
        }
    }

    /// <summary>What a store of one node writes before anything is committed.</summary>
    private string? Journal => _disk is null ? null : Path.Combine(_disk.Data, "certherald.db-wal");

    /// <summary>The API of a node that can answer: of each in turn.</summary>
    private ChaosApi Api
    {
        get
        {
            ChaosNode[] awake = [.. _nodes.Where(node => !node.Stands)];
            return (awake.Length > 0 ? awake[(int)((uint)Interlocked.Increment(ref _asked) % awake.Length)] : _nodes[0]).Api;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ChaosNode node in _nodes) node.Dispose();
        foreach (ChaosReceiver receiver in _receivers) await receiver.DisposeAsync();
        if (_front is not null) await _front.DisposeAsync();
        await _log.DisposeAsync();
        _trap.Stop();
        _disk?.Dispose();
        if (_database is not null) await _database.DisposeAsync();
        _ledger.Dispose();
        await _events.DisposeAsync();
        if (_wrong.Count == 0) Directory.Delete(_folder, recursive: true);
    }

    private async Task<int> RunAsync(CancellationToken interrupted)
    {
        Say(string.Create(CultureInfo.InvariantCulture, $"seed {_options.Seed}, in {_folder}"));
        foreach (string left in LeftOut()) Say($"LEFT OUT: {left}");
        _front = await ChaosLogFront.StartAsync(_log.Server, _failpoints);
        var trap = new Uri($"http://127.0.0.1:{((IPEndPoint)_trap.LocalEndpoint).Port}/trap");
        foreach (string name in (string[])["siem", "second", Added, Operator])
        {
            var receiver = new ChaosReceiver(name, Canaries.Make(), trap, _ledger, _failpoints, _random.Next());
            _canaries.Add(name, receiver.Canaries.All);
            _receivers.Add(receiver);
        }
        WriteConfiguration();
        await SetUpAsync(interrupted);

        using var reported = CancellationTokenSource.CreateLinkedTokenSource(interrupted);
        Task reports = ReportAsync(reported.Token);
        for (int round = 1; round <= _options.Rounds && _clock.Elapsed < _options.Time && _wrong.Count == 0; round++) await RoundAsync(round, interrupted);
        await reported.CancelAsync();
        await reports;

        if (_wrong.Count == 0) foreach (ChaosNode node in _nodes) await LookEverywhereAsync(node);
        foreach (ChaosNode node in _nodes)
        {
            await node.StopAsync();
            _canaries.LookIntoFiles(node.Data);
            foreach (string failure in node.Program.Failures) Wrong(failure);
            foreach (string stack in StacksIn(node.Said)) Wrong(stack);
        }
        if (_database is not null)
        {
            await _database.StopAsync(crashes: false);
            _canaries.LookIntoFiles(_database.Data);
        }
        foreach (string found in _canaries.Found) Wrong(found);
        if (_trap.Pending()) Wrong("a redirect was followed");
        if (_options.AsJson) PrintJson();
        else Print();
        return _wrong.Count == 0 ? 0 : 1;
    }

    /// <summary>
    /// A key for the API, and a webhook that is added while the program runs; both are then in its store. Other nodes are then given
    /// the key of its secrets, and start.
    /// </summary>
    private async Task SetUpAsync(CancellationToken interrupted)
    {
        ChaosNode first = _nodes[0];
        await BeginAsync(first, interrupted);
        string local = Path.Combine(first.Data, "service.json");
        first.Api.Key = JsonSerializer.Deserialize<JsonElement>(await File.ReadAllBytesAsync(local, interrupted)).GetProperty("key").GetString()!;
        (bool isMade, string? made) = await first.Api.TrySendAsync(HttpMethod.Post, "api/api-keys", new { name = "chaos", scopes = (string[])["admin", "read", "webhooks", "replay"] }, shows: true);
        if (!isMade) throw new InvalidOperationException($"No API key was made: {made}");
        string key = JsonElement.Parse(made!).GetProperty("key").GetString()!;
        foreach (ChaosNode node in _nodes) node.Api.Key = key;
        // "chk", its name, which is shown, and the secret, in which there may be an underscore, too.
        _canaries.Add("the API key", key.Split('_', 3)[2], key);

        ChaosReceiver added = _receivers.Single(receiver => receiver.Name == Added);
        (bool isAdded, string? answer) = await first.Api.TrySendAsync(HttpMethod.Post, "api/webhooks", new
        {
            name = Added,
            url = _addedUrl = added.Url,
            secret = added.Canaries.SigningSecret,
            headers = new Dictionary<string, string> { ["X-Chaos"] = added.Canaries.Header },
        }, shows: true);
        if (!isAdded) throw new InvalidOperationException($"No webhook was added: {answer}");

        foreach (ChaosNode node in _nodes.Skip(1))
        {
            Directory.CreateDirectory(node.Data);
            File.Copy(Path.Combine(first.Data, "secrets.key"), Path.Combine(node.Data, "secrets.key"));
            await BeginAsync(node, interrupted);
        }
    }

    private static async Task BeginAsync(ChaosNode node, CancellationToken interrupted)
    {
        node.Begin();
        await Task.WhenAny(node.Program.Up, node.Program.Ended).WaitAsync(TimeSpan.FromMinutes(2), interrupted);
        if (node.Program.HasEnded) throw new InvalidOperationException($"The program did not start: {node.Program.LastLine}");
    }

    private IEnumerable<string> LeftOut()
    {
        if (_options.Strikes.Count < StrikesOn(_options.OnPostgres).Count) yield return $"all strikes but {string.Join(", ", _options.Strikes)}";
        if (_disk is { IsThere: false }) yield return "full disks and power cuts: only root on Linux can mount a disk of the program's own (mkfs.ext4, mount, a free loop device)";
        if (!_time.IsThere) yield return $"wrong clocks{(_database is null ? ", and pauses beyond a lease" : "")}: libfaketime is not installed (Debian: faketime)";
    }

    private void WriteConfiguration()
    {
        var webhooks = new JsonArray();
        foreach (ChaosReceiver receiver in _receivers.Where(receiver => receiver.Name != Added))
        {
            var webhook = new JsonObject
            {
                ["name"] = receiver.Name,
                ["url"] = receiver.Url,
                ["secret"] = receiver.Canaries.SigningSecret,
                ["headers"] = new JsonObject { ["X-Chaos"] = receiver.Canaries.Header },
            };
            if (receiver.Name == Operator) (webhook["dialect"], webhook["events"]) = ("native", new JsonArray("operator"));
            else if (receiver.Name == "siem") webhook["events"] = new JsonArray("unknown_certificate", "malformed_certificate");
            webhooks.Add(webhook);
        }
        var configuration = new JsonObject
        {
            ["store"] = _store,
            ["logs"] = new JsonObject
            {
                ["start"] = "start",
                ["custom"] = new JsonArray(
                    new JsonObject { ["key"] = KeyOf(LogProtocol.Rfc6962), ["url"] = _front.Url.ToString(), ["head_interval"] = "500ms" },
                    new JsonObject
                    {
                        ["key"] = KeyOf(LogProtocol.StaticCt),
                        ["submission_url"] = _log.Server.SubmissionUrl.ToString(),
                        ["monitoring_url"] = _front.MonitoringUrl.ToString(),
                        ["head_interval"] = "500ms",
                    }),
            },
            ["watch"] = new JsonArray("." + SoakedLog.Watched),
            ["webhooks"] = webhooks,
            ["outbound"] = new JsonObject { ["allow"] = new JsonArray("127.0.0.1") },
        };
        foreach (ChaosNode node in _nodes)
        {
            (configuration["listen"], configuration["data"]) = (node.Address.ToString().TrimEnd('/'), node.Data);
            File.WriteAllText(node.ConfigurationFile + ".new", configuration.ToJsonString());
            File.Move(node.ConfigurationFile + ".new", node.ConfigurationFile, overwrite: true);
        }
    }

    private string KeyOf(LogProtocol protocol) => Convert.ToBase64String(_log.Log.KeyOf(protocol).Spki.Span);

    /// <summary>What each webhook must be told of by now; not the operator's, whose notices depend on what the program lived through.</summary>
    private Dictionary<string, IReadOnlySet<string>> Owed()
    {
        IReadOnlyList<Owed> all = _log.Owed;
        HashSet<string> certificates = [.. all.Select(one => one.Tbs).OfType<string>()];
        HashSet<string> everything = [.. certificates];
        foreach (LogProtocol protocol in (LogProtocol[])[LogProtocol.Rfc6962, LogProtocol.StaticCt])
        {
            string id = _log.Log.KeyOf(protocol).Id.ToString();
            everything.UnionWith(all.Where(one => one.Tbs is null).Select(one => SoakReceiver.Malformed(id, one.Index, one.LeafHash)));
        }
        return new Dictionary<string, IReadOnlySet<string>> { ["siem"] = everything, ["second"] = certificates, [Added] = certificates };
    }

    private async Task ReportAsync(CancellationToken stopping)
    {
        while (true)
        {
            await Task.Delay(TimeSpan.FromSeconds(10), stopping).ContinueWith(static _ => { }, TaskScheduler.Default);
            if (stopping.IsCancellationRequested) return;
            Say(string.Create(CultureInfo.InvariantCulture,
                $"{_clock.Elapsed:h\\:mm\\:ss}, round {_done.Count + 1}, {_doing}; {_log.Log.Size} entries, {_ledger.Count} requests, {_strikes.Values.Sum()} strikes, {Starts} starts"));
        }
    }

    private string _doing = "starting";

    private void Print()
    {
        foreach (string wrong in _wrong.Take(50)) Console.Out.WriteLine($"chaos: WRONG: {wrong}");
        if (_wrong.Count > 50) Console.Out.WriteLine($"chaos: and {_wrong.Count - 50} more");
        Console.Out.WriteLine("| Round | Owed | Requests | Lost | Repeated under the same key | Struck | Quiet after |");
        Console.Out.WriteLine("|---|---|---|---|---|---|---|");
        foreach (ChaosRound round in _done)
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {round.Number} | {round.Owed} | {round.Requests} | {round.Lost} | {round.Duplicates} | {round.Strikes} | {round.Quiet.TotalSeconds:0} s |"));
        Console.Out.WriteLine();
        Console.Out.WriteLine("| Strike | Times |");
        Console.Out.WriteLine("|---|---|");
        foreach ((string strike, int times) in _strikes.OrderBy(pair => pair.Key, StringComparer.Ordinal)) Console.Out.WriteLine($"| {strike} | {times} |");
        foreach ((Mood mood, int times) in _moods.OrderBy(pair => pair.Key)) Console.Out.WriteLine($"| receiver: {mood} | {times} |");
        Console.Out.WriteLine($"| receiver: moves | {_receivers.Sum(receiver => receiver.Moves)} |");
        Console.Out.WriteLine();
        foreach (string left in LeftOut()) Console.Out.WriteLine($"chaos: LEFT OUT: {left}");
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"chaos: seed {_options.Seed}, {_clock.Elapsed:h\\:mm\\:ss}; processor time {OwnTime.TotalSeconds:0} s of the rig, {ChildrenUsage.Read().Processor.TotalSeconds:0} s of the program; {Starts} starts, {Kills} kills, {_reached.Reached} of {_reached.Tried} exact moments came about; {_log.Log.Size} entries; {_done.Sum(round => round.Lies)} lies told to the checks, each found"));
        if (_database is not null) Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"chaos: {LogsTaken} times a node took a log over, {_database.Ends} times the database went away"));
        Console.Out.WriteLine(_wrong.Count == 0 ? "chaos: all held" : $"chaos: {_wrong.Count} WRONG with seed {_options.Seed}; see {_folder}");
    }

    private void PrintJson() => Console.Out.WriteLine(JsonSerializer.Serialize(
        new
        {
            seed = _options.Seed,
            held = _wrong.Count == 0,
            wrong = _wrong,
            left_out = LeftOut(),
            seconds = (int)_clock.Elapsed.TotalSeconds,
            processor_seconds = new { rig = (int)OwnTime.TotalSeconds, program = (int)ChildrenUsage.Read().Processor.TotalSeconds },
            starts = Starts,
            kills = Kills,
            logs_taken = LogsTaken,
            database_ends = _database?.Ends,
            entries = _log.Log.Size.Value,
            moments = new { reached = _reached.Reached, tried = _reached.Tried },
            strikes = _strikes,
            moods = _moods.ToDictionary(pair => pair.Key.ToString(), pair => pair.Value),
            moves = _receivers.Sum(receiver => receiver.Moves),
            rounds = _done.Select(round => new { number = round.Number, owed = round.Owed, requests = round.Requests, lost = round.Lost, duplicates = round.Duplicates, strikes = round.Strikes, quiet_seconds = (int)round.Quiet.TotalSeconds, lies_found = round.Lies }),
        },
        Readable));

    private int Starts => _nodes.Sum(node => node.Program.Starts);

    private int Kills => _nodes.Sum(node => node.Program.Kills);

    private int LogsTaken => _nodes.Sum(node => node.LogsTaken);

    private static TimeSpan OwnTime => Process.GetCurrentProcess().TotalProcessorTime;

    private void Wrong(string what)
    {
        Tell($"WRONG: {what}");
        _wrong.Add(what);
    }

    private static void Say(string what) => Console.Error.WriteLine($"chaos: {what}");

    private void Tell(string what)
    {
        lock (_events) _events.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{DateTime.UtcNow:HH:mm:ss.fff} {_clock.Elapsed.TotalMilliseconds:0} {what}"));
    }

    /// <summary>What is expected of logs, receivers and disks is told in a line; a stack is of what nobody expected.</summary>
    private static IEnumerable<string> StacksIn(string file)
    {
        string before = "";
        bool isInStack = false;
        foreach (string line in File.ReadLines(file))
        {
            bool isFrame = line.TrimStart().StartsWith("at ", StringComparison.Ordinal);
            if (isFrame && !isInStack) yield return $"it said: {before} / {line.Trim()}";
            isInStack = isFrame;
            before = line;
        }
    }
}

/// <summary>What a round came to.</summary>
internal sealed record ChaosRound(int Number, int Owed, int Requests, int Lost, int Duplicates, int Strikes, int Lies, TimeSpan Quiet);
