using CertHerald.Inspecting;

namespace CertHerald.Storage;

/// <summary>
/// Keeps search small and quick, few certificates at a time: deletes what nobody watches when its time is up, and puts aside what
/// has expired.
/// </summary>
internal sealed partial class IndexRetention(ICertificateSearch store, IndexOptions options, TimeProvider time, ILogger<IndexRetention> logger) : BackgroundService
{
    /// <summary>How often it looks.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    /// <summary>Changed in one transaction: the log readers' commits wait for it.</summary>
    private const int AtOnce = 200;

    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(50);

    /// <summary>One look; how many certificates were deleted.</summary>
    public async Task<long> LookAsync(CancellationToken stopping)
    {
        DateTimeOffset now = time.GetUtcNow();
        // First what goes altogether: it need not be put aside.
        long deleted = await InPartsAsync(() => store.DeleteIndexedAsync(now - options.Retention, AtOnce, stopping), stopping);
        await InPartsAsync(() => store.MarkExpiredAsync(now, AtOnce, stopping), stopping);
        if (deleted > 0) LogDeleted(deleted, options.Retention.TotalDays);
        return deleted;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await LookAsync(stoppingToken);
            }
            catch (StoreException failure)
            {
                LogNotDeleted(failure.Message);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            await Task.Delay(Interval, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<long> InPartsAsync(Func<Task<int>> part, CancellationToken stopping)
    {
        for (long all = 0; ;)
        {
            int some = await part();
            all += some;
            if (some < AtOnce) return all;
            await Task.Delay(Between, time, stopping);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} certificates that nobody watches were deleted from the index after {Days:F0} days")]
    private partial void LogDeleted(long count, double days);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Old certificates could not be deleted from the index, and will be: {Problem}")]
    private partial void LogNotDeleted(string problem);
}
