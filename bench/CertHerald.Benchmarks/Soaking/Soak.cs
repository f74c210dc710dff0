using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Merkle;
using Microsoft.Data.Sqlite;

namespace CertHerald.Benchmarks.Soaking;

/// <summary>
/// Runs the published program for as long as wanted against two logs, each in both protocols, that grow and misbehave, and a
/// receiver that fails; kills it again and again; then lets all recover, and compares what was delivered and stored with what
/// was logged, one by one.
/// </summary>
internal sealed class Soak : IAsyncDisposable
{
    /// <summary>How long all may take to recover: waits between attempts have grown to minutes.</summary>
    private static readonly TimeSpan LongestRecovery = TimeSpan.FromMinutes(10);

    private const int MostFailures = 100;

    private static readonly TimeSpan MeanLife = TimeSpan.FromSeconds(14), LongestLife = TimeSpan.FromSeconds(90);

    // 24 h after their last case, and true of these logs: they hold what cannot be read.
    private static readonly string[] LastingIncidents = ["unparsable_entry"];

    private readonly int _seed;
    private readonly string _folder;
    private readonly string _canary = $"canary{Guid.NewGuid():N}";
    private readonly SoakedLog[] _logs;
    private readonly SoakReceiver _receiver;
    private readonly SoakedProgram _program;
    private readonly Random _random;
    private readonly StreamWriter _events;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly Uri _address;
    private readonly List<string> _wrong = [];

    private Soak(string program, int seed, string folder, SoakedLog[] logs, SoakReceiver receiver)
    {
        (_seed, _folder, _logs, _receiver) = (seed, folder, logs, receiver);
        (logs[0].Other, logs[1].Other) = (logs[1], logs[0]);
        _address = new Uri($"http://127.0.0.1:{FreePorts.Next()}/");
        _program = new SoakedProgram(program, WriteConfiguration(), Path.Combine(folder, "said"));
        _random = new Random(seed * 31 + 4);
        _events = new StreamWriter(Path.Combine(folder, "events")) { AutoFlush = true };
    }

    private string Database => Path.Combine(_folder, "data", "certherald.db");

    /// <summary>0 if nothing was lost and nothing was wrong.</summary>
    public static async Task<int> RunAsync(string program, TimeSpan time, int seed)
    {
        string folder = Directory.CreateTempSubdirectory("certherald-soak-").FullName;
        SoakedLog[] logs = [await SoakedLog.StartAsync(Path.Combine(folder, "log1"), seed * 31 + 1, Growth.Busy), await SoakedLog.StartAsync(Path.Combine(folder, "log2"), seed * 31 + 2, Growth.Busy)];
        await using var soak = new Soak(program, seed, folder, logs, await SoakReceiver.StartAsync(seed * 31 + 3));
        return await soak.RunAsync(time);
    }

    public async ValueTask DisposeAsync()
    {
        _program.Dispose();
        foreach (SoakedLog log in _logs) await log.DisposeAsync();
        await _receiver.DisposeAsync();
        await _events.DisposeAsync();
        if (_wrong.Count == 0) Directory.Delete(_folder, recursive: true);
    }

    private async Task<int> RunAsync(TimeSpan time)
    {
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"soak: seed {_seed}, {time.TotalMinutes:0.#} minutes, in {_folder}"));
        using var over = new CancellationTokenSource(time);
        Task[] parts =
        [
            .. _logs.Select(log => log.GrowAsync(over.Token)),
            .. _logs.Select((log, i) => log.MisbehaveAsync(faults => Tell($"log {i + 1} {faults}"), over.Token)),
            TroubleAsync(over.Token),
            ReportAsync(over.Token),
        ];
        await Task.WhenAll(parts);

        _receiver.IsHealthy = true;
        Tell("recovery");
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"soak: trouble is over; up to {LongestRecovery.TotalMinutes:0} minutes to recover"));
        TimeSpan began = _clock.Elapsed;
        string? open = await RecoverAsync();
        TimeSpan recovery = _clock.Elapsed - began;
        if (open is not null) Wrong($"not recovered after {LongestRecovery.TotalMinutes:0} minutes: {open}");
        await CheckAnswersAsync();
        if (!_program.HasEnded) await _program.StopAsync();
        CheckLedger();
        CheckStore();
        CheckSecrets();
        CheckSaid();
        foreach (string failure in _program.Failures) Wrong(failure);

        Print(recovery);
        return _wrong.Count == 0 ? 0 : 1;
    }

    /// <summary>Lives the program through kills, stops and pauses. It runs when this returns.</summary>
    private async Task TroubleAsync(CancellationToken stopping)
    {
        // Interrupted, we leave nothing running.
        AppDomain.CurrentDomain.ProcessExit += (_, _) => _program.Dispose();
        _program.Start();
        while (true)
        {
            TimeSpan life = MeanLife * -Math.Log(1 - _random.NextDouble());
            Task ended = _program.Ended;
            await Task.WhenAny(ended, Task.Delay(life < LongestLife ? life : LongestLife, stopping));
            if (ended.IsCompleted)
            {
                _program.Failures.Add($"it ended by itself with {_program.ExitCode}");
                Tell($"program {_program.Failures[^1]}");
                if (_program.Failures.Count > MostFailures || stopping.IsCancellationRequested) return;
                await Task.Delay(TimeSpan.FromSeconds(1), CancellationToken.None);
                _program.Start();
                continue;
            }
            if (stopping.IsCancellationRequested) return;

            int how = _random.Next(20);
            if (how < 2)
            {
                Tell("program pause");
                await _program.PauseAsync(TimeSpan.FromSeconds(1 + 9 * _random.NextDouble()));
                continue;
            }
            if (how < 5)
            {
                Tell("program stop");
                await _program.StopAsync();
            }
            else
            {
                Tell("program kill");
                _program.Kill();
                await ended;
            }
            // Sometimes at once, sometimes the world moves on without it.
            await Task.Delay(TimeSpan.FromSeconds(_random.Next(3) == 0 ? 5 * _random.NextDouble() : 0), CancellationToken.None);
            _program.Start();
        }
    }

    private async Task ReportAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            await Task.Delay(TimeSpan.FromSeconds(30), stopping).ContinueWith(static _ => { }, TaskScheduler.Default);
            Report();
        }
    }

    private void Report()
    {
        HashSet<string> owed = Owed(), taken = _receiver.Taken();
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"soak: {_clock.Elapsed:h\\:mm\\:ss}, {_logs[0].Log.Size} + {_logs[1].Log.Size} entries, {_program.Kills} kills, {_program.Stops} stops, {_program.Pauses} pauses, {_logs.Sum(log => log.FaultsBegun)} faults; {_receiver.Requests} requests, {_receiver.Refused} refused; {owed.Count(taken.Contains)} delivered, {owed.Count(subject => !taken.Contains(subject))} not yet"));
    }

    /// <summary>What the receiver must hear of: certificates once, entries that cannot be read once for each log that is followed.</summary>
    private HashSet<string> Owed()
    {
        var owed = new HashSet<string>();
        foreach ((SoakedLog log, LogProtocol protocol) in Followed())
        {
            string id = log.Log.KeyOf(protocol).Id.ToString();
            foreach (Owed one in log.Owed) owed.Add(one.Tbs ?? SoakReceiver.Malformed(id, one.Index, one.LeafHash));
        }
        return owed;
    }

    private IEnumerable<(SoakedLog Log, LogProtocol Protocol)> Followed() =>
        _logs.SelectMany(log => (LogProtocol[])[LogProtocol.Rfc6962, LogProtocol.StaticCt], (log, protocol) => (log, protocol));

    /// <summary>Waits until nothing is open any more. What still is when the time is up; null if nothing.</summary>
    private async Task<string?> RecoverAsync()
    {
        TimeSpan until = _clock.Elapsed + LongestRecovery, next = _clock.Elapsed;
        while (true)
        {
            string? open = StillOpen();
            if (open is null || _clock.Elapsed > until) return open;
            if (_program.HasEnded) return "the program has ended";
            if (_clock.Elapsed >= next)
            {
                Report();
                Console.Error.WriteLine($"soak: open: {open}");
                next = _clock.Elapsed + TimeSpan.FromSeconds(30);
            }
            await Task.Delay(TimeSpan.FromSeconds(2));
        }
    }

    private string? StillOpen()
    {
        var open = new List<string>();
        try
        {
            using SqliteConnection store = OpenStore();
            foreach ((SoakedLog log, LogProtocol protocol) in Followed())
            {
                List<string> lanes = Rows(store, "SELECT lane.start, until, read_size, proven_size FROM lane JOIN log ON log.id = lane.log WHERE log_id = $id", log.Log.KeyOf(protocol).Id.Value.ToArray());
                ulong size = log.Log.Size.Value;
                if (!lanes.SequenceEqual([$"0||{size}|{size}"])) open.Add($"{protocol} of {log.Server.Url} has {size} entries, lanes start|until|read|proven {string.Join(", ", lanes)}");
            }
            List<string> deliveries = Rows(store, "SELECT state, COUNT(*) FROM delivery WHERE state <> 'done' GROUP BY state");
            if (deliveries.Count > 0) open.Add($"deliveries {string.Join(", ", deliveries)}");
            List<string> incidents = Rows(store, $"SELECT kind, log, summary FROM incident WHERE closed IS NULL AND kind NOT IN ('{string.Join("', '", LastingIncidents)}')");
            if (incidents.Count > 0) open.Add($"incidents {string.Join(", ", incidents)}");
        }
        catch (SqliteException e)
        {
            open.Add($"the store: {e.Message}");
        }
        return open.Count == 0 ? null : string.Join("; ", open);
    }

    /// <summary>Every subject came, no other did, each under one key with one body.</summary>
    private void CheckLedger()
    {
        HashSet<string> owed = Owed(), taken = _receiver.Taken();
        foreach (string lost in owed.Where(subject => !taken.Contains(subject))) Wrong($"lost: {lost}");
        foreach (string contradiction in _receiver.Contradictions) Wrong(contradiction);
        foreach (IGrouping<string, KeyValuePair<string, LedgerRow>> same in _receiver.Ledger.GroupBy(row => row.Value.Subject))
            if (same.Count() > 1)
                Wrong($"{same.Key} came under {same.Count()} keys: {string.Join(", ", same.Select(row => row.Key))}");

        // A leaf that was altered on its way, of an entry that cannot be read, is another such leaf: it is told of as well.
        HashSet<string> places = [.. owed.Select(PlaceOf)];
        foreach (string unknown in _receiver.Ledger.Values.Select(row => row.Subject).Where(subject => !subject.StartsWith("notice ", StringComparison.Ordinal) && !owed.Contains(subject)))
        {
            if (places.Contains(PlaceOf(unknown)) && unknown.StartsWith("malformed ", StringComparison.Ordinal)) Altered++;
            else Wrong($"never logged: {unknown}");
        }

        static string PlaceOf(string subject) => subject[..(subject.LastIndexOf(' ') is >= 0 and var at ? at : subject.Length)];
    }

    private int Altered { get; set; }

    /// <summary>Every lane is at the log's head under its root, every place of a watched certificate is on record and proven, nothing is owed.</summary>
    private void CheckStore()
    {
        using SqliteConnection store = OpenStore();
        foreach ((SoakedLog log, LogProtocol protocol) in Followed())
        {
            byte[] id = log.Log.KeyOf(protocol).Id.Value.ToArray();
            PublishedHead head = log.Log.Head;
            string name = $"{protocol} of {log.Server.Url}";
            using (SqliteCommand command = Command(store, "SELECT proven_frontier, read_frontier FROM lane JOIN log ON log.id = lane.log WHERE log_id = $id", id))
            using (SqliteDataReader row = command.ExecuteReader())
                while (row.Read())
                    for (int column = 0; column < 2; column++)
                        if (!Frontier.TryRead(head.Size, (byte[])row[column], out Frontier? frontier) || frontier.Root() != head.Root)
                            Wrong($"{name}: {row.GetName(column)} is not of the log's root");

            // index|leaf|proven|disputed
            Compare(name, "sighting", Rows(store, "SELECT entry_index, hex(leaf_hash), proven, disputed FROM sighting JOIN log ON log.id = sighting.log WHERE log_id = $id", id),
                [.. log.Owed.Where(one => one.Tbs is not null).Select(one => $"{one.Index}|{Convert.ToHexString(Convert.FromBase64String(one.LeafHash))}|1|0")],
                row => row.EndsWith("|0|1", StringComparison.Ordinal) || row.EndsWith("|1|1", StringComparison.Ordinal));
            HashSet<ulong> broken = [.. log.Owed.Where(one => one.Tbs is null).Select(one => one.Index)];
            Compare(name, "malformed", Rows(store, "SELECT entry_index, hex(leaf_hash) FROM malformed JOIN log ON log.id = malformed.log WHERE log_id = $id", id),
                [.. log.Owed.Where(one => one.Tbs is null).Select(one => $"{one.Index}|{Convert.ToHexString(Convert.FromBase64String(one.LeafHash))}")],
                row => broken.Contains(ulong.Parse(row.Split('|')[0], CultureInfo.InvariantCulture)));
        }
        foreach (string row in Rows(store, "SELECT state, id, key FROM delivery WHERE state <> 'done'")) Wrong($"delivery not done: {row}");
        if (Rows(store, "PRAGMA integrity_check") is not ["ok"] and var damage) Wrong($"the database is damaged: {string.Join(", ", damage)}");
        foreach (string row in Rows(store, "SELECT kind, COUNT(*), SUM(cases), SUM(closed IS NULL) FROM incident GROUP BY kind ORDER BY kind")) Incidents.Add(row);
    }

    /// <summary>kind|incidents|cases|open</summary>
    private List<string> Incidents { get; } = [];

    private void Compare(string log, string what, List<string> stored, HashSet<string> expected, Func<string, bool> mayBeBesides)
    {
        HashSet<string> present = [.. stored];
        foreach (string missing in expected.Where(row => !present.Contains(row))) Wrong($"{log}: {what} missing: {missing}; of that entry there is {string.Join(", ", stored.Where(row => row.StartsWith(missing.Split('|')[0] + "|", StringComparison.Ordinal)))}");
        foreach (string extra in stored.Where(row => !expected.Contains(row) && !mayBeBesides(row))) Wrong($"{log}: {what} of no entry: {extra}");
    }

    private async Task CheckAnswersAsync()
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(10) };
        foreach (string path in (string[])["readyz", "metrics", "healthz"])
            try
            {
                using HttpResponseMessage answer = await http.GetAsync(new Uri(_address, path));
                string text = await answer.Content.ReadAsStringAsync();
                if (!answer.IsSuccessStatusCode) Wrong($"/{path} answered {(int)answer.StatusCode}: {text}");
                if (text.Contains(_canary, StringComparison.Ordinal)) Wrong($"/{path} shows the webhook's secret");
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
            {
                Wrong($"/{path}: {e.Message}");
            }
    }

    private void CheckSecrets()
    {
        byte[] canary = Encoding.ASCII.GetBytes(_canary);
        foreach (string file in Directory.GetFiles(Path.Combine(_folder, "data"), "*", SearchOption.AllDirectories).Append(Path.Combine(_folder, "said")))
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var copy = new MemoryStream();
            stream.CopyTo(copy);
            if (copy.GetBuffer().AsSpan(0, (int)copy.Length).IndexOf(canary) >= 0) Wrong($"{file} holds the webhook's secret");
        }
    }

    /// <summary>What is expected of logs and receivers is told in a line; a stack is of what nobody expected.</summary>
    private void CheckSaid()
    {
        using var said = new StreamReader(new FileStream(Path.Combine(_folder, "said"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        var before = new Queue<string>();
        bool isInStack = false;
        while (said.ReadLine() is { } line)
        {
            bool isFrame = line.TrimStart().StartsWith("at ", StringComparison.Ordinal);
            if (isFrame && !isInStack) Wrong($"it said: {string.Join(" / ", before)} / {line.Trim()}");
            isInStack = isFrame;
            before.Enqueue(line);
            if (before.Count > 2) before.Dequeue();
        }
    }

    private void Print(TimeSpan recovery)
    {
        HashSet<string> owed = Owed(), taken = _receiver.Taken();
        IReadOnlyDictionary<string, LedgerRow> ledger = _receiver.Ledger;
        foreach (string wrong in _wrong.Take(50)) Console.Out.WriteLine($"soak: WRONG: {wrong}");
        if (_wrong.Count > 50) Console.Out.WriteLine($"soak: and {_wrong.Count - 50} more");
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
            soak: seed {_seed}, {_clock.Elapsed:h\:mm\:ss}, of that {recovery:m\:ss} to recover
            soak: {_logs[0].Log.Size} + {_logs[1].Log.Size} entries in two logs, each followed in both protocols; {_logs.Sum(log => log.FaultsBegun)} faults
            soak: {_program.Kills} kills, {_program.Stops} stops (slowest {_program.SlowestStop.TotalSeconds:0.0} s), {_program.Pauses} pauses; {_program.Lines} lines said
            soak: incidents kind|incidents|cases|open: {string.Join(", ", Incidents)}
            soak: {_receiver.Requests} requests, {_receiver.Refused} refused by the receiver; {ledger.Count} keys, {ledger.Values.Count(row => row.Subject.StartsWith("notice ", StringComparison.Ordinal))} of them notices, {Altered} of leaves altered on their way
            soak: {owed.Count} to tell of, {owed.Count(taken.Contains)} delivered, lost {owed.Count(subject => !taken.Contains(subject))}, {ledger.Values.Sum(row => row.Times - 1)} repetitions under the same key with the same body
            soak: {(_wrong.Count == 0 ? "all held" : $"{_wrong.Count} WRONG; see {_folder}")}
            """));
    }

    private void Wrong(string what) => _wrong.Add(what);

    private void Tell(string what)
    {
        lock (_events) _events.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{DateTime.UtcNow:HH:mm:ss.fff} {what}"));
    }

    private string WriteConfiguration()
    {
        var custom = new JsonArray();
        foreach (SoakedLog log in _logs)
        {
            custom.Add(new JsonObject { ["key"] = KeyOf(log, LogProtocol.Rfc6962), ["url"] = log.Server.Url.ToString(), ["head_interval"] = "1s" });
            custom.Add(new JsonObject
            {
                ["key"] = KeyOf(log, LogProtocol.StaticCt),
                ["submission_url"] = log.Server.SubmissionUrl.ToString(),
                ["monitoring_url"] = log.Server.MonitoringUrl.ToString(),
                ["head_interval"] = "1s",
            });
        }
        string url = $"http://soak:{_canary}@127.0.0.1:{_receiver.Port}/{_canary}?token={_canary}";
        var configuration = new JsonObject
        {
            ["listen"] = _address.ToString().TrimEnd('/'),
            ["data"] = Path.Combine(_folder, "data"),
            ["logs"] = new JsonObject { ["start"] = "start", ["custom"] = custom },
            ["watch"] = new JsonArray("." + SoakedLog.Watched),
            ["webhooks"] = new JsonArray(
                new JsonObject { ["name"] = "siem", ["url"] = url, ["events"] = new JsonArray("unknown_certificate", "malformed_certificate") },
                new JsonObject { ["name"] = "pager", ["dialect"] = "native", ["signed"] = false, ["url"] = url + "&for=operator", ["events"] = new JsonArray("operator") }),
            ["outbound"] = new JsonObject { ["allow"] = new JsonArray("127.0.0.1") },
        };
        string file = Path.Combine(_folder, "certherald.json");
        File.WriteAllText(file, configuration.ToJsonString());
        return file;
    }

    private static string KeyOf(SoakedLog log, LogProtocol protocol) => Convert.ToBase64String(log.Log.KeyOf(protocol).Spki.Span);

    private SqliteConnection OpenStore()
    {
        var connection = new SqliteConnection($"Data Source={Database};Mode=ReadOnly;Pooling=False");
        connection.Open();
        return connection;
    }

    private static SqliteCommand Command(SqliteConnection store, string sql, byte[]? id)
    {
        SqliteCommand command = store.CreateCommand();
        command.CommandText = sql;
        if (id is not null) command.Parameters.AddWithValue("$id", id);
        return command;
    }

    private static List<string> Rows(SqliteConnection store, string sql, byte[]? id = null)
    {
        using SqliteCommand command = Command(store, sql, id);
        using SqliteDataReader row = command.ExecuteReader();
        var rows = new List<string>();
        while (row.Read()) rows.Add(string.Join('|', Enumerable.Range(0, row.FieldCount).Select(column => Convert.ToString(row[column], CultureInfo.InvariantCulture))));
        return rows;
    }
}
