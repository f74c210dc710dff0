using System.Globalization;
using CertHerald.Storage;

namespace CertHerald.Delivering;

/// <summary>How long what has ended is kept.</summary>
internal sealed record RetentionOptions
{
    /// <summary>
    /// Delivered, dead, cancelled and held deliveries, with their attempts. Default: 90 days. What is held or dead and was not
    /// replayed until then is lost: no webhook got it.
    /// </summary>
    public TimeSpan Deliveries { get; init; } = TimeSpan.FromDays(90);

    /// <summary>
    /// Look-alikes that no new certificate was seen for, and certificates that were kept for look-alikes alone. Default: 400 days,
    /// a little longer than a certificate is valid: what was dismissed is told of anew if it comes back after that.
    /// </summary>
    public TimeSpan Lookalikes { get; init; } = TimeSpan.FromDays(400);
}

/// <summary>Deletes old deliveries, few at a time, and says a week ahead which of them nobody got.</summary>
internal sealed partial class DeliveryRetention(IDeliveries store, RetentionOptions options, TimeProvider time, ILogger<DeliveryRetention> logger)
    : StoreWatch(Interval, time)
{
    /// <summary>How long before it is lost what is held or dead is announced.</summary>
    public static readonly TimeSpan Ahead = TimeSpan.FromDays(7);

    /// <summary>How often it looks.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    private static readonly TimeSpan ToldEvery = TimeSpan.FromDays(1);

    private DateTimeOffset? _told;
    private string? _announcement;

    /// <summary>What is about to be lost, for people; null if nothing is.</summary>
    public string? Announcement => Volatile.Read(ref _announcement);

    /// <summary>One look; how many deliveries were deleted.</summary>
    public async Task<long> LookAsync(CancellationToken stopping)
    {
        DateTimeOffset now = Time.GetUtcNow();
        long deleted = await InPartsAsync(most => store.DeleteDeliveriesAsync(now - options.Deliveries, most, stopping), stopping);
        if (deleted > 0) LogDeleted(deleted, options.Deliveries.TotalDays);

        long expiring = await store.CountExpiringAsync(now - options.Deliveries + Ahead, stopping);
        string? announcement = expiring == 0 ? null : string.Create(
            CultureInfo.InvariantCulture,
            $"{expiring} deliveries that are held or dead will be deleted within {Ahead.TotalDays:0} days: replay them with 'certherald deliveries replay', or raise retention.deliveries.");
        Volatile.Write(ref _announcement, announcement);
        if (announcement is not null && !(now - _told < ToldEvery))
        {
            LogExpiring(announcement);
            _told = now;
        }
        return deleted;
    }

    protected override Task RoundAsync(CancellationToken stopping) => LookAsync(stopping);

    protected override void Tell(StoreException failure) => LogNotDeleted(failure.Message);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} deliveries older than {Days:F0} days were deleted")]
    private partial void LogDeleted(long count, double days);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Announcement}")]
    private partial void LogExpiring(string announcement);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Old deliveries could not be deleted, and will be: {Problem}")]
    private partial void LogNotDeleted(string problem);
}
