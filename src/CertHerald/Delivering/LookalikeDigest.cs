using CertHerald.Deciding;
using CertHerald.Following;
using CertHerald.Inspecting;
using CertHerald.Storage;

namespace CertHerald.Delivering;

/// <summary>
/// Tells webhooks that take <c>lookalike.digest</c>, once a day after midnight UTC, of the weak look-alikes that were found before it,
/// if there are any, of the domains that have a digest by then. What is told, that it was, and to whom is one transaction of the store: whoever looks first tells it, whether
/// this node or another.
/// </summary>
internal sealed partial class LookalikeDigest(IStore store, Func<Protection> protecting, Webhooks webhooks, Bell bell, TimeProvider time, ILogger<LookalikeDigest> logger) : StoreWatch(Interval, time)
{
    /// <summary>How often it looks.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <summary>Digests that no delivery is about are kept as long.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromDays(90);

    /// <summary>One look. Rings if something is owed now.</summary>
    public async Task LookAsync(CancellationToken stopping)
    {
        DateTimeOffset now = Time.GetUtcNow();
        string[] listeners = [.. webhooks.All.Where(webhook => webhook.Events.Contains(EventKinds.LookalikeDigest)).Select(webhook => webhook.Name)];
        if (await store.TellDigestAsync(new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero), protecting().Digested, listeners, stopping) is not { } told) return;
        LogTold(told.Digest.Lookalikes.Count, told.Digest.Others, told.Owed);
        bell.Ring();
        await store.ForgetNoticesAsync(now - Kept, stopping);
    }

    protected override Task RoundAsync(CancellationToken stopping) => LookAsync(stopping);

    protected override void Tell(StoreException failure) => LogNotTold(failure.Message);

    [LoggerMessage(Level = LogLevel.Information, Message = "The digest of weak look-alikes names {Count} and counts {Others} more; {Owed} webhooks are owed it")]
    private partial void LogTold(int count, long others, int owed);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The digest of weak look-alikes could not be told, and will be: {Problem}")]
    private partial void LogNotTold(string problem);
}
