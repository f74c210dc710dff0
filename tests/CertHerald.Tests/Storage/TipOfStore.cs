using CertHerald.Deciding;
using CertHerald.Storage;
using CertHerald.Transparency.Batches;
using CertHerald.Transparency.Logs;

namespace CertHerald.Tests.Storage;

/// <summary>A log's tip, for tests in which it has no other lane.</summary>
internal static class TipOfStore
{
    public static async Task<LogPosition?> FindPositionAsync(this ILogStore store, LogId log, CancellationToken cancellation) =>
        (await store.LanesAsync(log, cancellation)) is { Count: > 0 } lanes ? lanes[^1].Position : null;

    /// <exception cref="StoreException">The log was never begun.</exception>
    public static async Task<CommitOutcome> CommitAsync(
        this ILogStore store, LogId log, Batch batch, IReadOnlyList<Decision> decisions, DateTimeOffset headSeen, CancellationToken cancellation) =>
        (await store.LanesAsync(log, cancellation)) is { Count: > 0 } lanes
            ? await store.CommitAsync(lanes[^1], batch, decisions, headSeen, cancellation)
            : throw new StoreException("the log was never begun");
}
