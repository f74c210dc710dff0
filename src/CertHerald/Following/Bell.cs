namespace CertHerald.Following;

/// <summary>
/// A hint that there may be something to do: rings coalesce, and one that comes while nobody waits is kept. Only a hint: where
/// something may come to be without a ring, whoever waits also looks by itself now and then. Any number may ring; one waits.
/// </summary>
internal sealed class Bell(TimeProvider? time = null)
{
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private volatile TaskCompletionSource _rung = New();

    public void Ring() => _rung.TrySetResult();

    /// <returns>Whether it rang; false after <paramref name="atMost"/>.</returns>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task<bool> WaitAsync(TimeSpan atMost, CancellationToken cancellation)
    {
        TaskCompletionSource rung = _rung;

        // Silence is the usual end of the wait: not worth a thrown exception twice a second.
        await rung.Task.WaitAsync(atMost, _time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellation.ThrowIfCancellationRequested();
        if (!rung.Task.IsCompleted) return false;

        // A ring before this line is answered by what the waiter does next; one after it, by the next wait.
        _rung = New();
        return true;
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
