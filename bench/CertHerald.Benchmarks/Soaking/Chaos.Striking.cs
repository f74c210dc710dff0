using System.Globalization;
using System.Text.Json;

namespace CertHerald.Benchmarks.Soaking;

/// <summary>What can happen to the program, or to what it depends on.</summary>
internal enum Strike
{
    KillAnyTime, KillWhileItStarts, KillWhenItAsksALog, KillInABatchCommit, KillInAnyCommit, KillBeforeTheBodyIsRead,
    KillBeforeTheAnswer, KillAfterTheAnswer, KillWhileTheAnswerIsRecorded, Stop, Pause, PauseBeyondALease, ClockAnHourAhead,
    ClockAnHourBehind, DiskFull, DiskFullAndKill, PowerCutAnyTime, PowerCutBeforeTheAnswer, PowerCutInAnyCommit,
    KillAllNodes, StandStillWithABatch, StandStillWithADelivery, DatabaseStop, DatabaseCrash,
}

/// <summary>Trouble: for the program, one strike after the other; for each receiver, at the same time.</summary>
internal sealed partial class Chaos
{
    private static readonly TimeSpan LongestStart = TimeSpan.FromMinutes(3);

    private static readonly Strike[] NeedDisk = [Strike.DiskFull, Strike.DiskFullAndKill, Strike.PowerCutAnyTime, Strike.PowerCutBeforeTheAnswer, Strike.PowerCutInAnyCommit];
    private static readonly Strike[] NeedClock = [Strike.PauseBeyondALease, Strike.ClockAnHourAhead, Strike.ClockAnHourBehind];

    private readonly IReadOnlyList<Strike> _possible;
    private readonly Queue<Strike> _deck = [];
    private readonly List<Trouble> _troubles = [];
    private readonly Dictionary<Mood, int> _moods = [];
    // How many of the exact moments came about.
    private (int Reached, int Tried) _reached;

    /// <summary>A failpoint that is not reached by then: nothing is under way that could reach it.</summary>
    private TimeSpan LongestWait => TimeSpan.FromSeconds(_database is null ? 12 : 20);

    private int StruckARound => _database is null ? 4 : 5;

    /// <summary>What can happen to one node that has a SQLite file, or to two that share a PostgreSQL database and what they share.</summary>
    public static IReadOnlyList<Strike> StrikesOn(bool postgres) => postgres
        ?
        [
            Strike.KillAnyTime, Strike.KillWhileItStarts, Strike.KillWhenItAsksALog, Strike.KillBeforeTheBodyIsRead, Strike.KillBeforeTheAnswer, Strike.KillAfterTheAnswer,
            Strike.Stop, Strike.Pause, Strike.ClockAnHourAhead, Strike.ClockAnHourBehind, .. OfNodes,
        ]
        : [.. Enum.GetValues<Strike>().Except(OfNodes)];

    private async Task StrikeAsync(CancellationToken interrupted)
    {
        foreach (Strike strike in NextStrikes())
        {
            await Task.Delay(Seconds(1, 5), interrupted);
            await StillThereAsync(interrupted);
            _doing = strike.ToString();
            Tell(_doing);
            _strikes[_doing] = _strikes.GetValueOrDefault(_doing) + 1;
            TimeSpan from = _clock.Elapsed;
            await StrikeAsync(strike, _nodes[_random.Next(_nodes.Count)], interrupted);
            lock (_troubles) _troubles.Add(new Trouble(strike.ToString(), from, _clock.Elapsed));
        }
    }

    /// <param name="node">Who is struck; at an exact moment, whoever it is the moment of.</param>
    private Task StrikeAsync(Strike strike, ChaosNode node, CancellationToken interrupted) => strike switch
    {
        Strike.KillAnyTime => DieAsync(node, [], interrupted),
        Strike.KillWhileItStarts => DieStartingAsync(node, interrupted),
        Strike.KillWhenItAsksALog => DieAsync(node, [Place.LogAsked], interrupted),
        Strike.KillInABatchCommit => DieAsync(node, [Place.LogAnswered, .. Writes(6)], interrupted),
        Strike.KillInAnyCommit => DieAsync(node, Writes(30), interrupted),
        Strike.KillBeforeTheBodyIsRead => DieAsync(node, [Place.HeadCame], interrupted),
        Strike.KillBeforeTheAnswer => DieAsync(node, [Place.Received], interrupted),
        Strike.KillAfterTheAnswer => DieAsync(node, [Place.Answered], interrupted),
        Strike.KillWhileTheAnswerIsRecorded => DieAsync(node, [Place.Answered, .. Writes(4)], interrupted),
        Strike.Stop => StopAsync(node, interrupted),
        Strike.Pause => node.Program.PauseAsync(Seconds(1, 5)),
        // Two minutes go by in two seconds: every lease runs out while it stands still.
        Strike.PauseBeyondALease => node.Program.PauseAsync(Seconds(1, 3), () => _time.Forward(TimeSpan.FromMinutes(2))),
        Strike.ClockAnHourAhead => SetClockAsync(node, TimeSpan.FromHours(1), interrupted),
        Strike.ClockAnHourBehind => SetClockAsync(node, TimeSpan.FromHours(-1), interrupted),
        Strike.DiskFull => FillDiskAsync(node, mayKill: false, interrupted),
        Strike.DiskFullAndKill => FillDiskAsync(node, mayKill: true, interrupted),
        Strike.PowerCutAnyTime => DieAsync(node, [], interrupted, cutsPower: true),
        Strike.PowerCutBeforeTheAnswer => DieAsync(node, [Place.Received], interrupted, cutsPower: true),
        Strike.PowerCutInAnyCommit => DieAsync(node, Writes(30), interrupted, cutsPower: true),
        Strike.KillAllNodes => DieTogetherAsync(interrupted),
        Strike.StandStillWithABatch => StandStillAsync(node, Place.LogAnswered, interrupted),
        // Before it has the answer; or when it has, and is about to record it.
        Strike.StandStillWithADelivery => StandStillAsync(node, _random.Next(2) == 0 ? Place.Received : Place.Answered, interrupted),
        Strike.DatabaseStop => LoseDatabaseAsync(node, crashes: false, interrupted),
        _ => LoseDatabaseAsync(node, crashes: true, interrupted),
    };

    /// <summary>
    /// For a round: each comes once before any comes again. First what needs a node that reads the logs: they stand still for some
    /// seconds when one has died.
    /// </summary>
    private IEnumerable<Strike> NextStrikes()
    {
        var next = new List<Strike>();
        while (next.Count < StruckARound)
        {
            if (_deck.Count == 0)
            {
                Strike[] all = [.. _possible];
                _random.Shuffle(all);
                foreach (Strike one in all) _deck.Enqueue(one);
            }
            next.Add(_deck.Dequeue());
        }
        return _database is null ? next : next.OrderBy(strike => strike switch { Strike.StandStillWithABatch => 0, Strike.KillWhenItAsksALog => 1, _ => 2 });
    }

    /// <summary>Up to so many writes to the journal: the last one may be in the middle of a commit.</summary>
    private IEnumerable<Place> Writes(int most) => Enumerable.Repeat(Place.JournalWritten, _random.Next(1, most + 1));

    /// <summary>Dies at that moment, or at a random one, and starts again.</summary>
    private async Task DieAsync(ChaosNode node, IEnumerable<Place> steps, CancellationToken interrupted, bool cutsPower = false)
    {
        Place[] all = [.. steps];
        if (all.Length > 0)
        {
            node = await StrikeAtAsync(all, node, static one => one.Kill());
        }
        else
        {
            await Task.WhenAny(node.Program.Ended, Task.Delay(Seconds(0.1, 4), interrupted));
            interrupted.ThrowIfCancellationRequested();
            node.Kill();
        }
        await node.Program.Ended.WaitAsync(LongestStart, interrupted);
        await StartAgainAsync(node, cutsPower, interrupted);
    }

    /// <summary>Strikes at that moment, or when it is long overdue. Who was struck.</summary>
    /// <param name="otherwise">Whom to strike if it cannot be told whose moment it is.</param>
    private async Task<ChaosNode> StrikeAtAsync(Place[] steps, ChaosNode otherwise, Action<ChaosNode> strike)
    {
        ChaosNode struck = otherwise;
        bool isReached = await _failpoints.StrikeAtAsync(steps, Journal, LongestWait, port =>
        {
            if (port is { } end && NodeAt(end) is { } node) struck = node;
            strike(struck);
        });
        (int reached, int tried) = _reached;
        _reached = (reached + (isReached ? 1 : 0), tried + 1);
        Tell(isReached ? $"reached by the {struck.Name}" : "not reached");
        return struck;
    }

    private ChaosNode? NodeAt(int port)
    {
        if (_nodes.Count == 1) return _nodes[0];
        int? owner = ChaosConnections.OwnerOf(port, _nodes.Select(node => node.Program.LastId!.Value));
        return _nodes.FirstOrDefault(node => node.Program.LastId == owner);
    }

    /// <summary>Dies while it starts, twice: what a start repairs must bear that.</summary>
    private async Task DieStartingAsync(ChaosNode node, CancellationToken interrupted)
    {
        for (int i = 0; i < 2; i++)
        {
            node.Kill();
            await node.Program.Ended.WaitAsync(LongestStart, interrupted);
            await StartAgainAsync(node, cutsPower: false, interrupted);
            await Task.Delay(Seconds(0, 1.5), interrupted);
        }
    }

    private async Task StopAsync(ChaosNode node, CancellationToken interrupted)
    {
        await node.StopAsync();
        await StartAgainAsync(node, cutsPower: false, interrupted);
    }

    private async Task StartAgainAsync(ChaosNode node, bool cutsPower, CancellationToken interrupted)
    {
        if (!node.IsMeantToDie) EndedByItself(node);
        if (cutsPower) _disk!.CutPower();
        _canaries.LookIntoFiles(node.Data);
        // Sometimes at once, sometimes the world moves on without it.
        await Task.Delay(_random.Next(3) == 0 ? Seconds(0, 3) : TimeSpan.Zero, interrupted);
        node.Begin();
        await LetLogsGoAsync(interrupted);
    }

    private async Task SetClockAsync(ChaosNode node, TimeSpan wrong, CancellationToken interrupted)
    {
        await StartedAsync(node, interrupted);
        node.Clock.SetWrong(wrong);
        await Task.Delay(Seconds(3, 7), interrupted);
        // Some starts find the clock wrong, too.
        if (_random.Next(2) == 0) await DieAsync(node, [], interrupted);
        await StartedAsync(node, interrupted);
        node.Clock.SetWrong(TimeSpan.Zero);
        // Until the program has seen that, it is still wrong.
        await Task.Delay(ChaosClock.Delay, interrupted);
    }

    /// <summary>Waits until it is up, or has ended. PostgreSQL's driver measures by the clock of the day how long connecting takes: a leap in between would end a start, as if nobody answered.</summary>
    private static Task<Task> StartedAsync(ChaosNode node, CancellationToken interrupted) =>
        Task.WhenAny(node.Program.Ended, node.Program.Up).WaitAsync(LongestStart, interrupted);

    /// <summary>It may go on or end, clearly; and it is started again as a service manager would, for as long as that lasts.</summary>
    private async Task FillDiskAsync(ChaosNode node, bool mayKill, CancellationToken interrupted)
    {
        TimeSpan until = _clock.Elapsed + Seconds(4, 8);
        _disk!.Fill(_random.Next(0, 100_000));
        if (mayKill) node.Kill();
        while (_clock.Elapsed < until)
        {
            await Task.WhenAny(node.Program.Ended, Task.Delay(Max(TimeSpan.Zero, until - _clock.Elapsed), interrupted));
            interrupted.ThrowIfCancellationRequested();
            if (!node.Program.HasEnded) continue;
            EndedForWant(node, "room");
            await Task.Delay(TimeSpan.FromSeconds(1), interrupted);
            node.Begin();
        }
        _disk.Free();
        await StartedAsync(node, interrupted);
        if (node.Program.HasEnded) node.Begin();
    }

    /// <summary>It may end where it lacks that, clearly.</summary>
    private void EndedForWant(ChaosNode node, string of)
    {
        if (node.IsMeantToDie) return;
        Tell($"the {node.Name} ended with {node.Program.ExitCode} for want of {of}: {node.Program.LastLine}");
        if (node.Program.ExitCode != 1) Wrong($"for want of {of} it ended with {node.Program.ExitCode}: {node.Program.LastLine}");
    }

    private static TimeSpan Max(TimeSpan left, TimeSpan right) => left > right ? left : right;

    private async Task StillThereAsync(CancellationToken interrupted)
    {
        foreach (ChaosNode node in _nodes.Where(node => node.Program.HasEnded))
        {
            EndedByItself(node);
            await Task.Delay(TimeSpan.FromSeconds(1), interrupted);
            node.Begin();
        }
    }

    private void EndedByItself(ChaosNode node) => Wrong($"the {node.Name} ended by itself with {node.Program.ExitCode}: {node.Program.LastLine}");

    /// <summary>Well, then not, then well; sometimes it moves.</summary>
    private async Task TroubleReceiverAsync(ChaosReceiver receiver, int seed, CancellationToken over)
    {
        var random = new Random(seed);
        while (true)
        {
            receiver.Be(Mood.Well);
            await Wait(1, 6);
            if (over.IsCancellationRequested) return;
            var mood = (Mood)random.Next(1, Enum.GetValues<Mood>().Length);
            Tell($"{receiver.Name} is {mood}");
            Count(mood);
            receiver.Be(mood);
            await Wait(1, 5);
            if (over.IsCancellationRequested) return;
            if (mood != Mood.Gone && random.Next(5) != 0) continue;
            Tell($"{receiver.Name} moves");
            Move(receiver);
        }

        Task Wait(double least, double most) =>
            Task.Delay(TimeSpan.FromSeconds(least + (most - least) * random.NextDouble()), over).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    private void Count(Mood mood)
    {
        lock (_moods) _moods[mood] = _moods.GetValueOrDefault(mood) + 1;
    }

    /// <summary>Moves a receiver; the configuration says so at once, the API as soon as it answers.</summary>
    private void Move(ChaosReceiver receiver)
    {
        lock (_moods)
        {
            receiver.Move();
            if (receiver.Name != Added) WriteConfiguration();
        }
    }

    /// <summary>Tells the API where the webhook is that was added by it.</summary>
    private async Task TellMovedAsync()
    {
        ChaosReceiver added = _receivers.Single(receiver => receiver.Name == Added);
        string url = added.Url;
        if (url == _addedUrl) return;
        // Another port is another receiver: it gets nothing that is not given with it.
        (bool isDone, string? text) = await Api.TrySendAsync(
            HttpMethod.Patch, $"api/webhooks/{Added}",
            new { url, secret = added.Canaries.SigningSecret, headers = new Dictionary<string, string> { ["X-Chaos"] = added.Canaries.Header } }, shows: true);
        if (isDone) _addedUrl = url;
        else if (text is not null) Tell($"PATCH: {text}");
    }

    /// <summary>Looks at positions, metrics and readiness, again and again, through all of it.</summary>
    private async Task WatchAsync(CancellationToken over)
    {
        for (int i = 0; !over.IsCancellationRequested; i++)
        {
            await TellMovedAsync();
            await SeePositionsAsync();
            if (i % 4 == 0) foreach (string path in (string[])["metrics", "readyz", "api/webhooks", "api/deliveries?limit=100"]) await Api.TryGetAsync(path);
            await Task.Delay(TimeSpan.FromSeconds(1.5), over).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    private async Task<JsonElement?> SeePositionsAsync()
    {
        if (await Api.TryJsonAsync("api/logs") is not { } logs) return null;
        foreach (JsonElement log in logs.EnumerateArray())
            _positions.Add(new SeenPosition(log.GetProperty("protocol").GetString()!, Number(log, "position"), Number(log, "proven")));
        return logs;
    }

    private static long Number(JsonElement from, string name) => from.GetProperty(name) is { ValueKind: JsonValueKind.Number } number ? number.GetInt64() : 0;

    private TimeSpan Seconds(double least, double most) => TimeSpan.FromSeconds(least + (most - least) * _random.NextDouble());
}
