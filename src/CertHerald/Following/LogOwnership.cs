using System.Collections.Concurrent;
using CertHerald.Storage;
using CertHerald.Transparency.Logs;

namespace CertHerald.Following;

/// <summary>
/// Which logs are read by this node. Where the database has but one, all of them. Else each has one owner, who says now and then
/// that it goes on; if it falls silent, or ends, another takes over. Only a convenience: what makes it safe is that the store
/// refuses the commits of whoever is not the owner.
/// </summary>
internal sealed partial class LogOwnership(INodes store, TimeProvider time, ILogger logger)
{
    /// <summary>How often logs are kept, and those of others asked for.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>An owner that could not say that it goes on for so long gives up by itself, before another may begin.</summary>
    private static readonly TimeSpan GivesUpAfter = INodes.LogLease - (2 * Interval);

    private readonly ConcurrentDictionary<LogId, Owned> _logs = new();
    private readonly Bell _bell = new(time);

    /// <summary>Whether another node reads it, or nobody does yet.</summary>
    public bool IsElsewhere(LogId log) => store.IsShared && !(_logs.TryGetValue(log, out Owned? one) && one.IsOurs);

    /// <summary>Waits until the log is this node's. It stays so until the result is cancelled.</summary>
    public async Task<CancellationToken> TakeAsync(LogId log, CancellationToken stopping)
    {
        if (!store.IsShared) return stopping;
        Owned one = _logs.GetOrAdd(log, static _ => new Owned());
        _bell.Ring();
        return await one.Taken.WaitAsync(stopping);
    }

    /// <summary>Keeps what is owned, and takes what can be had, until stopped.</summary>
    public async Task KeepAsync(CancellationToken stopping)
    {
        if (!store.IsShared) return;
        DateTimeOffset kept = time.GetUtcNow();
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                DateTimeOffset asked = time.GetUtcNow();
                IReadOnlySet<LogId> ours = _logs.IsEmpty ? new HashSet<LogId>() : await store.OwnLogsAsync([.. _logs.Keys], stopping);
                kept = asked;
                foreach ((LogId log, Owned one) in _logs)
                    if (one.Set(ours.Contains(log)))
                    {
                        if (one.IsOurs) Taken(log);
                        else Lost(log);
                    }
            }
            catch (StoreException failure)
            {
                NotAsked(failure.Message);
                if (time.GetUtcNow() - kept >= GivesUpAfter)
                    foreach (Owned one in _logs.Values) one.Set(false);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                break;
            }
            await ((Task)_bell.WaitAsync(Interval, stopping)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        foreach (Owned one in _logs.Values) one.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Log {Log} is followed by this node now")]
    private partial void Taken(LogId log);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Log {Log} is another node's now: it is followed here no more")]
    private partial void Lost(LogId log);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Which logs are this node's could not be asked: {Problem}")]
    private partial void NotAsked(string problem);

    /// <summary>A log that this node would read.</summary>
    private sealed class Owned : IDisposable
    {
        private readonly Lock _lock = new();
        private TaskCompletionSource<CancellationToken> _taken = New();
        private CancellationTokenSource? _lost;

        public bool IsOurs
        {
            get { lock (_lock) return _lost is not null; }
        }

        public Task<CancellationToken> Taken
        {
            get { lock (_lock) return _taken.Task; }
        }

        /// <returns>Whether that is news.</returns>
        public bool Set(bool isOurs)
        {
            CancellationTokenSource? lost = null;
            lock (_lock)
            {
                if (isOurs == _lost is not null) return false;
                if (isOurs)
                {
                    _lost = new CancellationTokenSource();
                    _taken.SetResult(_lost.Token);
                }
                else
                {
                    (lost, _lost, _taken) = (_lost, null, New());
                }
            }
            lost?.Cancel();
            lost?.Dispose();
            return true;
        }

        public void Dispose() => Set(false);

        private static TaskCompletionSource<CancellationToken> New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
