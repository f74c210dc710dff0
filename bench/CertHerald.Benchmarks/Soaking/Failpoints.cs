namespace CertHerald.Benchmarks.Soaking;

/// <summary>What the program is seen to do from outside, at the moment when it does it.</summary>
internal enum Place
{
    /// <summary>It has asked a log for entries; no answer yet.</summary>
    LogAsked,

    /// <summary>It has the answer.</summary>
    LogAnswered,

    /// <summary>A receiver has the head of its request and nothing of the body.</summary>
    HeadCame,

    /// <summary>A receiver has all of its request and has not answered.</summary>
    Received,

    /// <summary>A receiver has answered.</summary>
    Answered,

    /// <summary>It has written to its store's journal: in the middle of a commit, or at its end.</summary>
    JournalWritten,
}

/// <summary>
/// Strikes the program at exact moments, with no line in the program for it: whoever sees the moment, a log, a receiver or the file
/// system, strikes before going on.
/// </summary>
internal sealed class Failpoints
{
    private readonly Lock _gate = new();
    private readonly Queue<Place> _steps = [];
    private TaskCompletionSource _hit = new();
    private Action<int?> _strike = static _ => { };

    /// <summary>Strikes once these places were reached in this order, or when the time is up. Whether they were reached.</summary>
    /// <param name="strike">Gets the port at the program's end of the connection; null if it was no connection that told.</param>
    public async Task<bool> StrikeAtAsync(IEnumerable<Place> steps, string? journal, TimeSpan atMost, Action<int?> strike)
    {
        Task hit;
        lock (_gate)
        {
            _steps.Clear();
            foreach (Place step in steps) _steps.Enqueue(step);
            _strike = strike;
            _hit = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            hit = _hit.Task;
        }
        using FileSystemWatcher? watcher = journal is not null && File.Exists(journal) ? new FileSystemWatcher(Path.GetDirectoryName(journal)!, Path.GetFileName(journal)) : null;
        if (watcher is not null)
        {
            watcher.NotifyFilter = NotifyFilters.LastWrite | NotifyFilters.Size;
            watcher.Changed += (_, _) => Reach(Place.JournalWritten, port: null);
            watcher.EnableRaisingEvents = true;
        }
        await Task.WhenAny(hit, Task.Delay(atMost));
        lock (_gate)
        {
            _steps.Clear();
            if (hit.IsCompleted) return true;
        }
        strike(null);
        return false;
    }

    public void Reach(Place place, int? port)
    {
        lock (_gate)
        {
            if (!_steps.TryPeek(out Place awaited) || awaited != place) return;
            _steps.Dequeue();
            if (_steps.Count > 0) return;
            _strike(port);
            _hit.SetResult();
        }
    }
}
