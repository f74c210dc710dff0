using CertHerald.Storage;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Following;

/// <summary>Draws the line under what logs hold when the service first runs, if that is to be told to nobody.</summary>
internal sealed class Baseline(IBaselines store, bool isSilent, TimeProvider time)
{
    /// <summary>How long after the first start of a database a log that is begun counts as there from the first. Not all answer at once.</summary>
    public static readonly TimeSpan FirstRun = TimeSpan.FromDays(1);

    private DateTimeOffset? _first;

    /// <summary>Called before any log is begun.</summary>
    // Noted whatever is chosen: who chooses silence later must not silence what comes then.
    public async Task BeginAsync(CancellationToken cancellation) => _first = await store.BeginFirstRunAsync(time.GetUtcNow(), cancellation);

    /// <summary>Called before a log is begun.</summary>
    /// <param name="size">Of the first head that was seen of it.</param>
    public Task DrawAsync(LogId log, TreeSize size, CancellationToken cancellation) =>
        isSilent && _first is { } first && time.GetUtcNow() - first < FirstRun ? store.DrawBaselineAsync(log, size, cancellation) : Task.CompletedTask;
}
