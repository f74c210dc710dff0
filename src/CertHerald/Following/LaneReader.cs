using System.Net;
using System.Text.Json;
using CertHerald.Deciding;
using CertHerald.Fetching;
using CertHerald.Inspecting;
using CertHerald.Storage;
using CertHerald.Transparency.Batches;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Following;

/// <summary>
/// Reads a lane of a log, batch after batch: fetch, inspect, decide, commit. What the log refuses for long, or contradicts
/// its head with, is left behind under an incident and tried again later. For one caller at a time.
/// </summary>
internal sealed class LaneReader(
    FollowedLog followed, LogReader reader, Inspector inspector, Decider decider, IStore store, Bell bell, TimeProvider time) : IDisposable
{
    /// <summary>Entries read without proof after which one is asked for (ct.md 9.2).</summary>
    public const ulong ProveEach = 1 << 18;

    private static readonly TimeSpan FirstRetry = TimeSpan.FromMinutes(1), LongestRetry = TimeSpan.FromHours(6);

    /// <summary>Lanes of a log that gaps may make. A log that refuses every other entry waits instead; what is new never does.</summary>
    public const int MostLanes = 64;

    /// <summary>As <see cref="ProveEach"/>; a test has no time for so many.</summary>
    public ulong Unproven { get; init; } = ProveEach;

    /// <summary>Hears of look-alikes that are told of now.</summary>
    public Action<IReadOnlyList<AlertedLookalike>>? Alerted { get; init; }

    /// <summary>Hears how many weak look-alikes are kept that were not before.</summary>
    public Action<int>? WeakKept { get; init; }

    /// <summary>Shows what it reads; null shows it to nobody.</summary>
    public EntryTap? Tap { get; init; }

    /// <summary>It searches the past by somebody's order: what it finds is told, however old it is.</summary>
    public bool TellsAll { get; init; }

    // Entries below it were there before anybody watched. Asked for once: it is drawn before a log is begun, or never.
    private TreeSize? _baseline;

    // What was proven when a new tip was opened before its head, and not yet compared with that tree. The oldest first.
    private readonly Queue<Frontier> _uncompared = new();
    private int _comparisons;
    private DateTimeOffset _compareAt;

    private const string Contradicts = "its entries contradict what the log signed";

    public LogReader Reader => reader;

    private LogDescription Log => followed.Log;

    /// <summary>The lane to work on: what is due for a retry goes before what takes hours. Null if none is due.</summary>
    public static LogLane? Next(IEnumerable<LogLane> lanes, DateTimeOffset now) => lanes
        .Where(lane => lane.Trouble is null || lane.Trouble.RetryAt <= now)
        .OrderByDescending(lane => lane.Trouble is not null).ThenBy(lane => lane.Start).FirstOrDefault();

    /// <summary>Reads one batch.</summary>
    /// <param name="head">Larger than the lane's position: what it is read and proven under.</param>
    /// <param name="seen">When that head arrived.</param>
    /// <returns>The lane to go on with: the next one, if reading goes on behind what cannot be had.</returns>
    /// <exception cref="LogUnavailableException">The log does not give it. Counted: after enough of them, reading goes on behind.</exception>
    public async Task<LogLane> StepAsync(LogLane lane, VerifiedHead head, DateTimeOffset seen, CancellationToken stopping)
    {
        Refusals refusals = followed.RefusalsOf(lane);
        TreeSize from = lane.Position.Read.Size, end = lane.Until is { } until && until < head.Size ? until : head.Size;
        Batch batch;
        long throttled = reader.Refusals;
        try
        {
            batch = await reader.ReadAsync(lane.Position.Read, head, refusals.Limit(from, end), stopping);
        }
        catch (LogUnavailableException failure)
        {
            // A retry of a gap makes no other gap of it, however long the host lets it wait.
            if ((lane.Trouble is not null && failure.NamesPace) || !await IsAboutEntriesAsync(failure, refusals, from, end, head, stopping)) throw;
            // What came damaged three times over is so in the log; what it does not give now, it may give soon.
            bool isHopeless = failure is UnreadableEntriesException ? refusals.Count >= Refusals.MostDisputes : refusals.AreMany(time.GetUtcNow());
            if (!isHopeless || await GoOnBehindAsync(lane, head, failure, stopping) is not { } onward) throw;
            return onward;
        }
        finally
        {
            if (reader.Refusals != throttled) followed.Throttled(time.GetUtcNow());
        }

        using (batch.Raw)
        {
            if (batch is UnprovenBatch && Log.Protocol == LogProtocol.StaticCt) await OpenLyingTilesAsync(lane, batch, head, stopping);
            if (LeafIndexCheck.Report(batch.Raw, followed.Chosen.IsArchived) is { } misplaced) await store.OpenIncidentAsync(Log.Id, misplaced, stopping);
            List<IndexedCertificate>? others = inspector.Index.TakesAll ? [] : null;
            var weak = new List<WeakLookalike>();
            IReadOnlyList<Finding> findings = await IssuerSearch.CompleteAsync(reader, time, WithoutSilent(inspector.Inspect(batch.Raw, others, weak), others), stopping);
            IReadOnlyList<Decision> decisions = await DecideAsync(findings, stopping);
            CommitOutcome outcome = await store.CommitAsync(lane, batch, decisions, others ?? [], await SilencedAsync(weak, stopping), seen, stopping);

            if (outcome.Owed > 0) bell.Ring();
            if (outcome.Alerted.Count > 0) Alerted?.Invoke(outcome.Alerted);
            if (outcome.Weak > 0) WeakKept?.Invoke(outcome.Weak);
            followed.Read(batch.Raw, findings, time.GetUtcNow());
            lane = outcome.Lane;
            followed.StandsAt(lane);
            followed.Advanced(lane, time.GetUtcNow());
            Tap?.Pass(Log, batch.Raw);
            if (batch is DisputedBatch) return await AfterDisputeAsync(lane, batch.End, head, stopping);
        }

        refusals.Answered(batch.End.Size, proven: batch is VerifiedBatch);
        return batch is UnprovenBatch && lane.Position.Read.Size.Value - lane.Position.Proven.Size.Value >= Unproven
            ? await ProveAsync(lane, head, stopping)
            : lane;
    }

    /// <summary>Tries a lane that stands still once more, and reads as much of it as the log gives now.</summary>
    /// <returns>The lane: at its end, or with the time of its next retry.</returns>
    public async Task<LogLane> RetryAsync(LogLane lane, VerifiedHead head, CancellationToken stopping)
    {
        Refusals refusals = followed.RefusalsOf(lane);
        LaneTrouble trouble = lane.Trouble!;
        string problem = Contradicts;
        refusals.Forget();
        reader.Forget();
        while (lane.Position.Read.Size < lane.Until)
        {
            try
            {
                LogLane next = await StepAsync(lane, head, time.GetUtcNow(), stopping);
                if (next.Trouble != trouble) return next;
                lane = next;
            }
            catch (LogUnavailableException failure)
            {
                if (!failure.IsThrottled && refusals.Narrow(lane.Position.Read.Size)) continue;
                problem = failure.Message;
                break;
            }
        }
        return lane.Position.Read.Size < lane.Until ? await StallAsync(lane, trouble.Kind, problem, stopping) : lane;
    }

    /// <summary>
    /// The heads that reading can be compared with on the way to a newer one. A tiled log proves the others by its tiles
    /// alone: which, for an old head, it may not even have any more.
    /// </summary>
    /// <param name="passed">Signed before, and never reached.</param>
    public async Task<IReadOnlyList<VerifiedHead>> GoalsAsync(IReadOnlyList<VerifiedHead> passed, VerifiedHead head, CancellationToken stopping)
    {
        if (Log.Protocol == LogProtocol.Rfc6962) return [.. passed, head];

        foreach (VerifiedHead older in passed)
            if (await reader.ContainsAsync(older.Size, older.Root, head, stopping) is false)
                await OpenInconsistentAsync(Denies(older, head), older.Size, null, [older, head], stopping);
        return [head];
    }

    /// <summary>Opens a new tip at the head; what is behind it becomes a lane of its own.</summary>
    /// <returns>The tip; the lane as it was, if the log proves no place to begin.</returns>
    public async Task<LogLane> OpenTipAsync(LogLane lane, VerifiedHead head, CancellationToken stopping)
    {
        try
        {
            Frontier at = await reader.StartAtAsync(head.Size, head, stopping);
            LogLane tip = await SplitAsync(lane, at, null, "", stopping);
            if (lane.Position.Proven.Size.Value > 0) _uncompared.Enqueue(lane.Position.Proven);
            return tip;
        }
        catch (LogUnavailableException failure) when (!failure.IsThrottled)
        {
            return lane;                                       // then it is read in one lane, and the tip waits for its turn
        }
    }

    /// <summary>
    /// Whether the tree in which the tip was opened contains what was proven before it: a log that rewrites its past must not
    /// get away with growing far at once. The tip does not wait for this; what cannot be compared now is asked for again.
    /// </summary>
    /// <param name="head">That the tip has come to.</param>
    public async Task CompareAsync(VerifiedHead head, CancellationToken stopping)
    {
        while (time.GetUtcNow() >= _compareAt && _uncompared.TryPeek(out Frontier? proven) && proven.Size <= head.Size)
        {
            bool? isContained = await reader.ContainsAsync(proven.Size, proven.Root(), head, stopping);
            if (isContained is null && !await reader.ProvesAsync(proven.Size, proven.Root(), head, stopping))
            {
                _compareAt = time.GetUtcNow() + WaitAfter(_comparisons++);
                return;
            }

            _uncompared.Dequeue();
            _comparisons = 0;
            if (isContained == false) await DenyAsync(proven, head, stopping);
        }
    }

    /// <summary>
    /// The lane's end did not lead to where the next one began. If the newest head contains what was read, the next one began
    /// with a lie, under a head that the log has left since: it is read again from here. Else this one was rewound, and is
    /// tried again a few times.
    /// </summary>
    /// <param name="lane">As it was before.</param>
    public async Task AfterMismatchAsync(LogLane lane, VerifiedHead head, CancellationToken stopping)
    {
        Frontier read = lane.Position.Read;
        if (await reader.ContainsAsync(read.Size, read.Root(), head, stopping) is true && await store.AbsorbLaneAsync(lane, isProven: true, stopping) is { } longer)
        {
            reader.Forget();
            followed.Absorbed(longer);
            return;
        }

        Refusals refusals = followed.RefusalsOf(lane);
        lane = lane with { Position = LogPosition.At(lane.Position.Proven) };
        followed.StandsAt(lane);
        reader.Forget();
        refusals.Disputed();
        if (lane.Trouble is not null || refusals.Disputes >= Refusals.MostDisputes) await StallAsync(lane, IncidentKinds.RootMismatch, Contradicts, stopping);
    }

    public void Dispose() => reader.Dispose();

    /// <summary>
    /// Counts a refusal. Whether it says anything about what was asked for: that of a log that is asked too much does not, unless it
    /// lasts while the log gives other entries.
    /// </summary>
    private async Task<bool> IsAboutEntriesAsync(LogUnavailableException failure, Refusals refusals, TreeSize from, TreeSize end, VerifiedHead head, CancellationToken stopping)
    {
        refusals.Refused(from, time.GetUtcNow(), isWhole: failure.NamesPace);
        if (!failure.NamesPace) return true;
        if (!refusals.AreLasting(time.GetUtcNow()) || (failure.IsThrottled && !await reader.GivesAsync(end.Value - 1, head, stopping))) return false;

        refusals.NarrowTo(from, reader.LeastPage);
        return true;
    }

    /// <summary>Asks the log for a proof that what was read of a lane is in the tree of a head.</summary>
    public async Task<LogLane> ProveAsync(LogLane lane, VerifiedHead head, CancellationToken stopping)
    {
        if (lane.Position.Proven.Size == lane.Position.Read.Size) return lane;
        // No proof says nothing against the entries: the lane's end will.
        if (!await reader.ProvesAsync(lane.Position.Read.Size, lane.Position.Read.Root(), head, stopping)) return lane;

        lane = await store.ProveLaneAsync(lane, stopping);
        followed.StandsAt(lane);
        return lane;
    }

    /// <summary>Goes on behind what the log refuses, if it gives anything behind it.</summary>
    /// <returns>The next lane; null if there is none, and the failure stands.</returns>
    private async Task<LogLane?> GoOnBehindAsync(LogLane lane, VerifiedHead head, LogUnavailableException failure, CancellationToken stopping)
    {
        string kind = Log.Protocol == LogProtocol.StaticCt && failure.Status is HttpStatusCode.NotFound or HttpStatusCode.Gone ? IncidentKinds.Pruned : IncidentKinds.MissingEntry;
        TreeSize end = lane.Until is { } until && until < head.Size ? until : head.Size;
        TreeSize? behind = failure is UnreadableEntriesException unreadable
            ? unreadable.End < end ? unreadable.End : null
            : await reader.FindReadableAsync(lane.Position.Read.Size, end, head, stopping);
        if (behind is not { } readable)
            return lane.IsTip || failure.IsThrottled ? null : await StallAsync(lane, kind, failure.Message, stopping);
        if (followed.Standing.Lanes.Count >= MostLanes) return null;

        lane = await ProveAsync(lane, head, stopping);
        Frontier at = await reader.StartAtAsync(readable, head, stopping);
        return await SplitAsync(lane, at, new LaneTrouble(kind, 0, time.GetUtcNow() + FirstRetry), failure.Message, stopping);
    }

    /// <summary>
    /// A dispute reads again from what is proven. Once it has happened often enough, reading goes on right behind it: the
    /// disputed stretch stays under its incident, and is tried again later. No endless loop, no silence, no entry unread.
    /// </summary>
    /// <param name="end">Of the disputed batch: at the head's size, but in a tiled log perhaps long before it.</param>
    private async Task<LogLane> AfterDisputeAsync(LogLane rewound, Frontier end, VerifiedHead head, CancellationToken stopping)
    {
        Refusals refusals = followed.RefusalsOf(rewound);
        reader.Forget();
        refusals.Disputed();
        if (rewound.Trouble is not null) return await StallAsync(rewound, IncidentKinds.RootMismatch, Contradicts, stopping);
        if (refusals.Disputes < Refusals.MostDisputes) return rewound;

        LogStanding standing = followed.Standing;
        VerifiedHead newest = standing.Head is { } seen && seen.Size > head.Size ? seen : standing.Largest is { } largest && largest.Size > head.Size ? largest : head;
        await CompareHeadsAsync(rewound.Position.Proven, end, head, newest, stopping);
        if (end.Size >= rewound.Until) return await StallAsync(rewound, IncidentKinds.RootMismatch, Contradicts, stopping);

        Frontier at = await reader.StartAtAsync(end.Size, newest, stopping);
        return await SplitAsync(rewound, at, new LaneTrouble(IncidentKinds.RootMismatch, 0, time.GetUtcNow() + FirstRetry), Contradicts, stopping);
    }

    /// <summary>
    /// Whether it is a head that lies, and not the entries: the newest does not contain what was proven before, or it contains
    /// the very entries that the disputed one denies.
    /// </summary>
    private async Task CompareHeadsAsync(Frontier proven, Frontier read, VerifiedHead disputed, VerifiedHead newest, CancellationToken stopping)
    {
        if (await reader.ContainsAsync(proven.Size, proven.Root(), newest, stopping) is false)
            await DenyAsync(proven, newest, stopping);
        else if (newest.Root != disputed.Root && read.Size == disputed.Size && await reader.ContainsAsync(read.Size, read.Root(), newest, stopping) is true)
        {
            followed.Denied(disputed);
            await OpenInconsistentAsync(Denies(disputed, newest), disputed.Size, read.Root(), [disputed, newest], stopping);
        }
    }

    /// <summary>What was proven is not in the tree of a larger head.</summary>
    private Task DenyAsync(Frontier proven, VerifiedHead head, CancellationToken stopping)
    {
        followed.Denied(head);
        return OpenInconsistentAsync($"the tree of {head.Size} entries that the log signed does not contain the {proven.Size} entries that were proven before", head.Size, proven.Root(), [head], stopping);
    }

    private static string Denies(VerifiedHead older, VerifiedHead newer) => $"the log signed a tree of {older.Size} entries that its later one of {newer.Size} does not contain";

    /// <param name="subject">The size in question.</param>
    /// <param name="root">Of the tree that is known to be there.</param>
    private Task OpenInconsistentAsync(string summary, TreeSize subject, MerkleHash? root, VerifiedHead[] heads, CancellationToken stopping) => store.OpenIncidentAsync(
        Log.Id,
        IncidentReport.Of(IncidentKinds.InconsistentHead, subject.ToString(), summary, JsonSerializer.Serialize(new
        {
            heads = heads.Select(one => Convert.ToBase64String(one.Signed.Verbatim.Span)),
            known_root = root?.ToBase64(),
        })),
        stopping);

    /// <summary>A tiled log whose hash tiles prove nothing. Closed by what proves the entries after all.</summary>
    private Task OpenLyingTilesAsync(LogLane lane, Batch batch, VerifiedHead head, CancellationToken stopping) => store.OpenIncidentAsync(
        Log.Id,
        IncidentReport.Of(
            IncidentKinds.RootMismatch, lane.Position.Proven.Size.ToString(),
            $"the hash tiles behind entry {lane.Position.Proven.Size} do not give the root that the log signed for {head.Size} entries; its entries are read on without them",
            JsonSerializer.Serialize(new
            {
                head = Convert.ToBase64String(head.Signed.Verbatim.Span),
                proven_size = lane.Position.Proven.Size.Value,
                proven_frontier = Convert.ToBase64String(lane.Position.Proven.ToBytes()),
                read_size = batch.End.Size.Value,
                read_frontier = Convert.ToBase64String(batch.End.ToBytes()),
            })),
        stopping);

    private async Task<LogLane> SplitAsync(LogLane lane, Frontier at, LaneTrouble? trouble, string problem, CancellationToken stopping)
    {
        (LogLane lower, LogLane upper) = await store.SplitLaneAsync(lane, at, trouble, problem, stopping);
        followed.RefusalsOf(lower).Forget();
        followed.StandsAt(lower);
        followed.StandsAt(upper);
        followed.LaneBell.Ring();
        return upper;
    }

    /// <summary>From a minute, doubling, to six hours; for ever.</summary>
    /// <param name="tries">So far.</param>
    public static TimeSpan WaitAfter(int tries)
    {
        TimeSpan wait = FirstRetry * (1 << Math.Min(tries, 9));
        return wait < LongestRetry ? wait : LongestRetry;
    }

    private async Task<LogLane> StallAsync(LogLane lane, string kind, string problem, CancellationToken stopping)
    {
        int tries = lane.Trouble is { } trouble ? trouble.Tries + 1 : 0;
        lane = await store.StallLaneAsync(lane, new LaneTrouble(kind, tries, time.GetUtcNow() + WaitAfter(tries)), problem, stopping);
        followed.RefusalsOf(lane).Forget();
        followed.StandsAt(lane);
        return lane;
    }

    /// <param name="others">Takes what is of no concern to anybody then; null leaves it.</param>
    private List<Finding> WithoutSilent(IReadOnlyList<Finding> findings, List<IndexedCertificate>? others)
    {
        var heard = new List<Finding>(findings.Count);
        foreach (Finding finding in findings)
            if (decider.WithoutSilent(finding) is { } left) heard.Add(left);
            else if (finding is MatchFinding silent) others?.Add(inspector.ForIndex(silent));
        return heard;
    }

    private async Task<IReadOnlyList<Decision>> DecideAsync(IReadOnlyList<Finding> findings, CancellationToken stopping)
    {
        if (findings.Count == 0) return [];

        var below = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (MatchFinding match in findings.OfType<MatchFinding>())
            foreach (string parent in WatchedEndpoints.ParentsAsked(match.Matches))
                if (!below.ContainsKey(parent))
                    below.Add(parent, await store.EndpointsBelowAsync(parent, stopping));
        await LearnBaselineAsync(stopping);
        return [.. findings.Select(finding => decider.Decide(finding, parent => below.GetValueOrDefault(parent, []))).Select(decision => IsOld(decision.Finding) ? decision.Silenced() : decision)];
    }

    /// <summary>The same, with what is told to nobody.</summary>
    private async Task<IReadOnlyList<WeakLookalike>> SilencedAsync(List<WeakLookalike> weak, CancellationToken stopping)
    {
        if (weak.Count == 0) return weak;
        await LearnBaselineAsync(stopping);
        return [.. weak.Select(one => one with { IsSilent = one.Index.Value < _baseline!.Value.Value })];
    }

    private async Task LearnBaselineAsync(CancellationToken stopping) => _baseline ??= TellsAll ? default : await store.FindBaselineAsync(Log.Id, stopping);

    /// <summary>What cannot be read is told all the same: nobody knows what it is.</summary>
    private bool IsOld(Finding finding) => finding is MatchFinding && finding.Index.Value < _baseline!.Value.Value;
}
