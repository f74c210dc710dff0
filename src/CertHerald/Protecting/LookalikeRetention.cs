using CertHerald.Storage;

namespace CertHerald.Protecting;

/// <summary>Deletes look-alikes that nobody has seen for long, and certificates that were kept for them alone, few at a time.</summary>
/// <param name="kept">Longer than certificates are valid: what is dismissed and renewed in time stays dismissed.</param>
internal sealed partial class LookalikeRetention(IStore store, TimeSpan kept, TimeProvider time, ILogger<LookalikeRetention> logger) : StoreWatch(Interval, time)
{
    /// <summary>How often it looks.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    /// <summary>One look; how many look-alikes, weak ones too, and certificates were deleted.</summary>
    public async Task<long> LookAsync(CancellationToken stopping)
    {
        DateTimeOffset before = Time.GetUtcNow() - kept;
        long deleted = await InPartsAsync(most => store.DeleteLookalikesAsync(before, most, stopping), stopping);
        if (deleted > 0) LogDeleted(deleted, kept.TotalDays);
        DateTimeOffset weakBefore = Time.GetUtcNow() - WeakLookalikeRules.Kept;
        return deleted + await InPartsAsync(most => store.DeleteWeakLookalikesAsync(weakBefore, WeakLookalikeRules.Most, most, stopping), stopping);
    }

    protected override Task RoundAsync(CancellationToken stopping) => LookAsync(stopping);

    protected override void Tell(StoreException failure) => LogNotDeleted(failure.Message);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} look-alikes and certificates of look-alikes were deleted after {Days:F0} days")]
    private partial void LogDeleted(long count, double days);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Old look-alikes could not be deleted, and will be: {Problem}")]
    private partial void LogNotDeleted(string problem);
}
