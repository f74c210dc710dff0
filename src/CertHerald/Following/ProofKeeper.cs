using System.Collections.Concurrent;
using CertHerald.Fetching;
using CertHerald.Storage;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Following;

/// <summary>
/// Asks logs for the audit paths that reading did not yield: of what was caught up with, and of what an older program read.
/// Reading never waits for it; a log that gives none has evidence missing, and nothing else.
/// </summary>
/// <param name="logs">The logs that are followed now.</param>
/// <param name="open">Opens a reader that asks after everybody else.</param>
internal sealed partial class ProofKeeper(
    Func<IReadOnlyList<FollowedLog>> logs, Func<FollowedLog, LogReader> open, IStore store, TimeProvider time, ILogger<ProofKeeper> logger)
    : BackgroundService
{
    /// <summary>How often it looks whether paths are missing.</summary>
    public static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(30);

    /// <summary>How long it leaves a log alone that did not give all that was asked.</summary>
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMinutes(1), LongestRetry = TimeSpan.FromHours(6);

    private const int AtOnce = 64;

    /// <summary>Failures in a row after which a log is left alone: it does not answer at all, and the rest would fail too.</summary>
    private const int MostFailures = 16;

    private readonly Dictionary<LogId, Task> _keepers = [];

    // Where asking broke off: those up to it have had their turn, and must not starve the others.
    private readonly ConcurrentDictionary<LogId, UnprovedLeaf> _brokeOff = new();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        while (!stoppingToken.IsCancellationRequested)
        {
            foreach (FollowedLog log in logs())
                if (!_keepers.ContainsKey(log.Log.Id)) _keepers.Add(log.Log.Id, KeepAsync(log, stoppingToken));
            await Task.Delay(LookInterval, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        await Task.WhenAll(_keepers.Values);
    }

    /// <summary>Asks for every path that a log owes, once; after it broke off, for those behind that place.</summary>
    /// <returns>Whether all were had.</returns>
    /// <exception cref="LogUnavailableException">The log does not answer.</exception>
    public async Task<bool> AskAsync(LogId log, LogReader reader, CancellationToken stopping)
    {
        bool all = !_brokeOff.TryRemove(log, out UnprovedLeaf? last);
        int failures = 0;
        while (await store.UnprovedLeavesAsync(log, last, AtOnce, stopping) is { Count: > 0 } leaves)
        {
            // Compared with what was read, not only signed: of a log that signs two trees, the one that is followed.
            if (await store.FindProvenHeadAsync(log, stopping) is not { } kept) return all;
            if (reader.ReadHead(kept.Verbatim) is not { } head) return false;
            foreach (UnprovedLeaf leaf in leaves)
            {
                try
                {
                    all &= await AskAsync(log, reader, leaf, kept, head, stopping);
                    failures = 0;
                }
                catch (LogUnavailableException failure)
                {
                    all = false;
                    if (!failure.IsThrottled && ++failures < MostFailures) continue;
                    _brokeOff[log] = leaf;
                    throw;
                }
            }
            last = leaves[^1];
        }
        return all;
    }

    private async Task<bool> AskAsync(LogId log, LogReader reader, UnprovedLeaf leaf, StoredHead kept, VerifiedHead head, CancellationToken stopping)
    {
        if (leaf.Index.Value >= head.Size.Value) return true;                  // not owed before reading has come to a head behind it
        if ((leaf.LeafInput ?? await reader.GetLeafAsync(leaf.Index, leaf.LeafHash, head, stopping)) is not { } leafInput) return false;
        if (await reader.GetInclusionAsync(leaf.Index, leaf.LeafHash, head, stopping) is not { } path) return false;

        await store.KeepProofAsync(log, new LeafProof(leaf.Index, leaf.LeafHash, leafInput, path, kept, LogTime.Of(head.Timestamp)), stopping);
        return true;
    }

    private async Task KeepAsync(FollowedLog log, CancellationToken stopping)
    {
        await Task.Yield();
        TimeSpan wait = FirstRetry;
        while (!stopping.IsCancellationRequested)
        {
            bool all = await TryAskAsync(log, stopping);
            wait = all ? FirstRetry : wait * 2 < LongestRetry ? wait * 2 : LongestRetry;
            await Task.Delay(all ? LookInterval : wait, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<bool> TryAskAsync(FollowedLog log, CancellationToken stopping)
    {
        if (log.IsElsewhere) return true;
        try
        {
            using LogReader reader = open(log);
            return await AskAsync(log.Log.Id, reader, stopping);
        }
        catch (Exception failure) when (!stopping.IsCancellationRequested)
        {
            // Whatever it was: the service goes on without this evidence.
            string name = LogSources.NameOf(log.Log);
            if (failure is LogUnavailableException or StoreException) NoPath(name, failure.Message);
            else Broke(name, failure);
            return false;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Log}: no inclusion proof yet for what was caught up with: {Problem}")]
    private partial void NoPath(string log, string problem);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Log}: asking for inclusion proofs failed and is tried again")]
    private partial void Broke(string log, Exception failure);
}
