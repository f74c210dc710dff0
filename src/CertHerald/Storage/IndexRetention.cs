using CertHerald.Inspecting;

namespace CertHerald.Storage;

/// <summary>
/// Keeps search small and quick, few certificates at a time: deletes what nobody watches when its time is up, and puts aside what
/// has expired.
/// </summary>
internal sealed partial class IndexRetention(ICertificateSearch store, IndexOptions options, TimeProvider time, ILogger<IndexRetention> logger)
    : StoreWatch(Interval, time)
{
    /// <summary>How often it looks.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    /// <summary>One look; how many certificates were deleted.</summary>
    public async Task<long> LookAsync(CancellationToken stopping)
    {
        DateTimeOffset now = Time.GetUtcNow();
        // First what goes altogether: it need not be put aside.
        long deleted = await InPartsAsync(most => store.DeleteIndexedAsync(now - options.Retention, most, stopping), stopping);
        await InPartsAsync(most => store.MarkExpiredAsync(now, most, stopping), stopping);
        if (deleted > 0) LogDeleted(deleted, options.Retention.TotalDays);
        return deleted;
    }

    protected override Task RoundAsync(CancellationToken stopping) => LookAsync(stopping);

    protected override void Tell(StoreException failure) => LogNotDeleted(failure.Message);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} certificates that nobody watches were deleted from the index after {Days:F0} days")]
    private partial void LogDeleted(long count, double days);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Old certificates could not be deleted from the index, and will be: {Problem}")]
    private partial void LogNotDeleted(string problem);
}
