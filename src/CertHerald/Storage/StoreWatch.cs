namespace CertHerald.Storage;

/// <summary>
/// Looks at what the store holds, rests, and looks again until stopped. A store that fails is told of, and looked at again after
/// the same rest.
/// </summary>
internal abstract class StoreWatch(TimeSpan rest, TimeProvider time) : BackgroundService
{
    /// <summary>Changed in one transaction: the log readers' commits wait for it.</summary>
    private const int AtOnce = 200;

    /// <summary>Between two of them, for the readers.</summary>
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(50);

    protected TimeProvider Time => time;

    /// <summary>One look.</summary>
    protected abstract Task RoundAsync(CancellationToken stopping);

    /// <summary>Says that a look came to nothing.</summary>
    protected abstract void Tell(StoreException failure);

    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The host starts its services one after the other.
        await Task.Yield();
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await RoundAsync(stoppingToken);
            }
            catch (StoreException failure)
            {
                Tell(failure);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            await Task.Delay(rest, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Changes many rows, few at a time.</summary>
    /// <param name="part">Changes no more than it is given, and returns how many it did.</param>
    /// <returns>How many were changed.</returns>
    protected async Task<long> InPartsAsync(Func<int, Task<int>> part, CancellationToken stopping)
    {
        for (long all = 0; ;)
        {
            int some = await part(AtOnce);
            all += some;
            if (some < AtOnce) return all;
            await Task.Delay(Between, time, stopping);
        }
    }
}
