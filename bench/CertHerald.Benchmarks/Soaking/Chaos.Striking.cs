using System.Globalization;
using System.Text.Json;

namespace CertHerald.Benchmarks.Soaking;

/// <summary>What can happen to the program.</summary>
internal enum Strike
{
    KillAnyTime, KillWhileItStarts, KillWhenItAsksALog, KillInABatchCommit, KillInAnyCommit, KillBeforeTheBodyIsRead,
    KillBeforeTheAnswer, KillAfterTheAnswer, KillWhileTheAnswerIsRecorded, Stop, Pause, PauseBeyondALease, ClockAnHourAhead,
    ClockAnHourBehind, DiskFull, DiskFullAndKill, PowerCutAnyTime, PowerCutBeforeTheAnswer, PowerCutInAnyCommit,
}

/// <summary>Trouble: for the program, one strike after the other; for each receiver, at the same time.</summary>
internal sealed partial class Chaos
{
    /// <summary>A failpoint that is not reached by then: nothing is under way that could reach it.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(12);

    private static readonly TimeSpan LongestStart = TimeSpan.FromMinutes(3);

    private static readonly Strike[] NeedDisk = [Strike.DiskFull, Strike.DiskFullAndKill, Strike.PowerCutAnyTime, Strike.PowerCutBeforeTheAnswer, Strike.PowerCutInAnyCommit];
    private static readonly Strike[] NeedClock = [Strike.PauseBeyondALease, Strike.ClockAnHourAhead, Strike.ClockAnHourBehind];

    private readonly IReadOnlyList<Strike> _possible;
    private readonly Queue<Strike> _deck = [];
    private readonly List<Trouble> _troubles = [];
    private readonly Dictionary<Mood, int> _moods = [];
    private volatile bool _isMeantToDie;

    // How many of the exact moments came about.
    private (int Reached, int Tried) _reached;

    private void KillNow()
    {
        if (_program.HasEnded) return;
        _isMeantToDie = true;
        _program.Kill();
    }

    private async Task StrikeAsync(CancellationToken interrupted)
    {
        for (int i = 0; i < StruckARound; i++)
        {
            await Task.Delay(Seconds(1, 5), interrupted);
            await StillThereAsync(interrupted);
            Strike strike = NextStrike();
            _doing = strike.ToString();
            Tell(_doing);
            _strikes[_doing] = _strikes.GetValueOrDefault(_doing) + 1;
            TimeSpan from = _clock.Elapsed;
            await StrikeAsync(strike, interrupted);
            lock (_troubles) _troubles.Add(new Trouble(strike.ToString(), from, _clock.Elapsed));
        }
    }

    private Task StrikeAsync(Strike strike, CancellationToken interrupted) => strike switch
    {
        Strike.KillAnyTime => DieAsync([], interrupted),
        Strike.KillWhileItStarts => DieStartingAsync(interrupted),
        Strike.KillWhenItAsksALog => DieAsync([Place.LogAsked], interrupted),
        Strike.KillInABatchCommit => DieAsync([Place.LogAnswered, .. Writes(6)], interrupted),
        Strike.KillInAnyCommit => DieAsync(Writes(30), interrupted),
        Strike.KillBeforeTheBodyIsRead => DieAsync([Place.HeadCame], interrupted),
        Strike.KillBeforeTheAnswer => DieAsync([Place.Received], interrupted),
        Strike.KillAfterTheAnswer => DieAsync([Place.Answered], interrupted),
        Strike.KillWhileTheAnswerIsRecorded => DieAsync([Place.Answered, .. Writes(4)], interrupted),
        Strike.Stop => StopAsync(interrupted),
        Strike.Pause => _program.PauseAsync(Seconds(1, 5)),
        // Two minutes go by in two seconds: every lease runs out while it stands still.
        Strike.PauseBeyondALease => _program.PauseAsync(Seconds(1, 3), () => _time.Forward(TimeSpan.FromMinutes(2))),
        Strike.ClockAnHourAhead => SetClockAsync(TimeSpan.FromHours(1), interrupted),
        Strike.ClockAnHourBehind => SetClockAsync(TimeSpan.FromHours(-1), interrupted),
        Strike.DiskFull => FillDiskAsync(mayKill: false, interrupted),
        Strike.DiskFullAndKill => FillDiskAsync(mayKill: true, interrupted),
        Strike.PowerCutAnyTime => DieAsync([], interrupted, cutsPower: true),
        Strike.PowerCutBeforeTheAnswer => DieAsync([Place.Received], interrupted, cutsPower: true),
        _ => DieAsync(Writes(30), interrupted, cutsPower: true),
    };

    /// <summary>Each comes once before any comes again.</summary>
    private Strike NextStrike()
    {
        if (_deck.Count == 0)
        {
            Strike[] all = [.. _possible];
            _random.Shuffle(all);
            foreach (Strike one in all) _deck.Enqueue(one);
        }
        return _deck.Dequeue();
    }

    /// <summary>Up to so many writes to the journal: the last one may be in the middle of a commit.</summary>
    private IEnumerable<Place> Writes(int most) => Enumerable.Repeat(Place.JournalWritten, _random.Next(1, most + 1));

    /// <summary>Dies at that moment, or at a random one, and starts again.</summary>
    private async Task DieAsync(IEnumerable<Place> steps, CancellationToken interrupted, bool cutsPower = false)
    {
        Place[] all = [.. steps];
        if (all.Length > 0)
        {
            bool isReached = await _failpoints.KillAtAsync(all, Journal, LongestWait);
            (int reached, int tried) = _reached;
            _reached = (reached + (isReached ? 1 : 0), tried + 1);
            Tell(isReached ? "reached" : "not reached");
        }
        else
        {
            await Task.WhenAny(_program.Ended, Task.Delay(Seconds(0.1, 4), interrupted));
            interrupted.ThrowIfCancellationRequested();
            KillNow();
        }
        await _program.Ended.WaitAsync(LongestStart, interrupted);
        await StartAgainAsync(cutsPower, interrupted);
    }

    /// <summary>Dies while it starts, twice: what a start repairs must bear that.</summary>
    private async Task DieStartingAsync(CancellationToken interrupted)
    {
        for (int i = 0; i < 2; i++)
        {
            KillNow();
            await _program.Ended.WaitAsync(LongestStart, interrupted);
            await StartAgainAsync(cutsPower: false, interrupted);
            await Task.Delay(Seconds(0, 1.5), interrupted);
        }
    }

    private async Task StopAsync(CancellationToken interrupted)
    {
        _isMeantToDie = true;
        await _program.StopAsync();
        await StartAgainAsync(cutsPower: false, interrupted);
    }

    private async Task StartAgainAsync(bool cutsPower, CancellationToken interrupted)
    {
        if (!_isMeantToDie) EndedByItself();
        ChaosClock.ForgetProcess(_program.LastId!.Value);
        if (cutsPower) _disk.CutPower();
        _canaries.LookIntoFiles(_disk.Data);
        // Sometimes at once, sometimes the world moves on without it.
        await Task.Delay(_random.Next(3) == 0 ? Seconds(0, 3) : TimeSpan.Zero, interrupted);
        Begin();
    }

    private void Begin()
    {
        _isMeantToDie = false;
        _program.Start();
    }

    private async Task SetClockAsync(TimeSpan wrong, CancellationToken interrupted)
    {
        _time.SetWrong(wrong);
        await Task.Delay(Seconds(3, 7), interrupted);
        // Some starts find the clock wrong, too.
        if (_random.Next(2) == 0) await DieAsync([], interrupted);
        _time.SetWrong(TimeSpan.Zero);
        // Until the program has seen that, it is still wrong.
        await Task.Delay(ChaosClock.Delay, interrupted);
    }

    /// <summary>It may go on or end, clearly; and it is started again as a service manager would, for as long as that lasts.</summary>
    private async Task FillDiskAsync(bool mayKill, CancellationToken interrupted)
    {
        TimeSpan until = _clock.Elapsed + Seconds(4, 8);
        _disk.Fill(_random.Next(0, 100_000));
        if (mayKill) KillNow();
        while (_clock.Elapsed < until)
        {
            await Task.WhenAny(_program.Ended, Task.Delay(Max(TimeSpan.Zero, until - _clock.Elapsed), interrupted));
            interrupted.ThrowIfCancellationRequested();
            if (!_program.HasEnded) continue;
            if (!_isMeantToDie)
            {
                Tell($"ended with {_program.ExitCode} for want of room: {_program.LastLine}");
                if (_program.ExitCode != 1) Wrong($"with a full disk it ended with {_program.ExitCode}: {_program.LastLine}");
            }
            ChaosClock.ForgetProcess(_program.LastId!.Value);
            await Task.Delay(TimeSpan.FromSeconds(1), interrupted);
            Begin();
        }
        _disk.Free();
        await Task.WhenAny(_program.Ended, _program.Up).WaitAsync(LongestStart, interrupted);
        if (!_program.HasEnded) return;
        ChaosClock.ForgetProcess(_program.LastId!.Value);
        Begin();
    }

    private static TimeSpan Max(TimeSpan left, TimeSpan right) => left > right ? left : right;

    private async Task StillThereAsync(CancellationToken interrupted)
    {
        if (!_program.HasEnded) return;
        EndedByItself();
        await Task.Delay(TimeSpan.FromSeconds(1), interrupted);
        Begin();
    }

    private void EndedByItself() => Wrong($"it ended by itself with {_program.ExitCode}: {_program.LastLine}");

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
        (bool isDone, string? text) = await _api.TrySendAsync(
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
            if (i % 4 == 0) foreach (string path in (string[])["metrics", "readyz", "api/webhooks", "api/deliveries?limit=100"]) await _api.TryGetAsync(path);
            await Task.Delay(TimeSpan.FromSeconds(1.5), over).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    private async Task<JsonElement?> SeePositionsAsync()
    {
        if (await _api.TryJsonAsync("api/logs") is not { } logs) return null;
        foreach (JsonElement log in logs.EnumerateArray())
            _positions.Add(new SeenPosition(log.GetProperty("protocol").GetString()!, Number(log, "position"), Number(log, "proven")));
        return logs;
    }

    private static long Number(JsonElement from, string name) => from.GetProperty(name) is { ValueKind: JsonValueKind.Number } number ? number.GetInt64() : 0;

    private TimeSpan Seconds(double least, double most) => TimeSpan.FromSeconds(least + (most - least) * _random.NextDouble());
}
