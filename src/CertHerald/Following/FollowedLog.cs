using System.Collections.Concurrent;
using CertHerald.Fetching;
using CertHerald.Inspecting;
using CertHerald.Storage;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Following;

/// <summary>Whether a log is being read. The names are shown; the last three are stages of its life.</summary>
internal enum FollowState { Starting, Following, Failing, Delisted, Finished, Stopped }

/// <summary>Who reads a log: each fails, and is started again, for itself.</summary>
internal enum LogWork { Tip, CatchUp, BackFill }

/// <summary>A log that is followed, and how it stands right now. Written by its followers and the fleet; read by anyone.</summary>
internal sealed class FollowedLog(ChosenLog chosen, TimeProvider time)
{
    /// <summary>How long a head may not be shown again before the smaller ones that are count.</summary>
    private static readonly TimeSpan LongestLag = TimeSpan.FromHours(24);

    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<long, Refusals> _refusals = new();
    private readonly ConcurrentDictionary<long, (DateTimeOffset Begun, DateTimeOffset Last, ulong Read)> _searches = new();
    private readonly RateMeter _rate = new(time);
    private ChosenLog _chosen = chosen;
    private LogStage _stage;
    private (FinalTreeHead Final, bool HasEnded)? _end;
    private LogStanding _standing = LogStanding.Unknown;
    private DateTimeOffset? _throttledAt;
    private readonly long[] _advances = new long[3];
    private long _entries, _malformed, _matches;

    public LogDescription Log => Chosen.Log;

    /// <summary>As it was described when its followers last started, but for what changes under way: its state and its end.</summary>
    public ChosenLog Chosen
    {
        get { lock (_lock) return _chosen; }
    }

    /// <summary>What has become of it by its lists. Of a configured log, always that it is followed.</summary>
    public LogStage Stage
    {
        get { lock (_lock) return _stage; }
    }

    /// <summary>Stage and standing in a word.</summary>
    public FollowState State => Stage switch
    {
        LogStage.Delisted => FollowState.Delisted,
        LogStage.Finished => FollowState.Finished,
        LogStage.Stopped => FollowState.Stopped,
        _ => Standing.State,
    };

    /// <summary>Whether it stands at the end that its list states; null while it was not compared with it.</summary>
    public bool? HasEnded
    {
        get
        {
            lock (_lock) return _end is { } end && end.Final == _chosen.Log.FinalTreeHead ? end.HasEnded : null;
        }
    }

    /// <summary>Entries that the log gives at once, as its tip has learned; null before that.</summary>
    public int? Page { get; set; }

    /// <summary>When this process began with it.</summary>
    public DateTimeOffset Since { get; } = time.GetUtcNow();

    /// <summary>Its troubles that last.</summary>
    public StandingIncidents Incidents { get; } = new(chosen.Log);

    /// <summary>How it has done lately.</summary>
    public LogHistory History { get; } = new();

    /// <summary>For its <see cref="HeadWatch"/>.</summary>
    public HeadMemory Heads { get; } = new();

    /// <summary>Entries read by this process a second, over the last minute.</summary>
    public double Rate => _rate.PerSecond;

    /// <summary>When the log last refused to answer so fast; null if it never did.</summary>
    public DateTimeOffset? ThrottledAt
    {
        get { lock (_lock) return _throttledAt; }
    }

    /// <summary>Rings when there may be a lane to catch up with.</summary>
    public Bell LaneBell { get; } = new(time);

    /// <summary>Rings when there may be something to search for in its past.</summary>
    public Bell BackFillBell { get; } = new(time);

    /// <summary>Another node reads it: how it stands here says nothing.</summary>
    public bool IsElsewhere => IsElsewhereNow();

    /// <summary>As <see cref="IsElsewhere"/>, asked of whoever knows.</summary>
    public Func<bool> IsElsewhereNow { get; init; } = () => false;

    /// <summary>Rings when the log may have come to its end; null if nobody waits for that.</summary>
    public Bell? EndBell { get; init; }

    /// <summary>Entries read by this process.</summary>
    public long Entries => Interlocked.Read(ref _entries);

    /// <summary>Of them, those that could not be read to their end.</summary>
    public long Malformed => Interlocked.Read(ref _malformed);

    /// <summary>Of them, those that show something watched.</summary>
    public long Matches => Interlocked.Read(ref _matches);

    /// <summary>Entries a second that a search of the past reads here, since this process began with it; null before that.</summary>
    public double? SearchRateOf(long backFill) =>
        _searches.TryGetValue(backFill, out (DateTimeOffset Begun, DateTimeOffset Last, ulong Read) search) && search.Last > search.Begun
            ? search.Read / (search.Last - search.Begun).TotalSeconds
            : null;

    /// <summary>A search of the past begins, or has read some entries.</summary>
    public void Searched(long backFill, ulong entries, DateTimeOffset now) => _searches.AddOrUpdate(
        backFill, _ => (now, now, 0), (_, search) => (search.Begun, now, search.Read + entries));

    /// <summary>How it stands; replaced whole.</summary>
    public LogStanding Standing
    {
        get { lock (_lock) return _standing; }
    }

    /// <summary>What its lists make of it. A new address counts for followers that start after this.</summary>
    public void IsNow(ChosenLog chosen, LogStage stage)
    {
        lock (_lock) (_chosen, _stage) = (chosen, stage);
    }

    /// <summary>It was compared with the end that its list states.</summary>
    public void EndsAt(FinalTreeHead final, bool hasEnded)
    {
        lock (_lock)
        {
            if (_end == (final, hasEnded)) return;
            _end = (final, hasEnded);
        }
        EndBell?.Ring();
    }

    /// <summary>What the log refused of a lane. Outlives the follower that met it: it is what the next one must know.</summary>
    public Refusals RefusalsOf(LogLane lane) => _refusals.GetOrAdd(lane.Id, static _ => new Refusals());

    public void Saw(VerifiedHead head, DateTimeOffset now) =>
        Change(standing => standing with
        {
            State = FollowState.Following,
            Head = head,
            LastSuccess = now,
            Error = null,
            // One that no front end has shown for as long as the log may lag is not its tree any more.
            Largest = IsLarger(standing, head, now) ? standing.Largest : head,
            LargestAt = IsLarger(standing, head, now) ? standing.LargestAt : now,
            // Back after a silence, it has its time to give what is unread.
            UnreadSince = now - standing.LastSuccess > LogHealth.MostSilence ? null : standing.UnreadSince,
        });

    /// <summary>As if this process had just begun with it.</summary>
    public void BeginsAnew()
    {
        Change(_ => LogStanding.Unknown with { LastSuccess = time.GetUtcNow() });
        Incidents.Forget();
    }

    /// <summary>The log itself proves that a head of it is not of the tree that was read.</summary>
    public void Denied(VerifiedHead head) => Change(standing => standing.Largest != head ? standing
        : standing.Head is { } seen && seen != head ? standing with { Largest = seen, LargestAt = standing.LastSuccess }
        // The next one that is seen is the largest then.
        : standing with { LargestAt = DateTimeOffset.MinValue });

    /// <summary>All lanes at once, as after a start.</summary>
    public void StandsAt(IReadOnlyList<LogLane> lanes) => Change(standing => standing with { Lanes = lanes });

    /// <summary>One lane moved, or is new. Searches of the past are no part of how a log stands.</summary>
    public void StandsAt(LogLane lane)
    {
        if (lane.BackFill is null)
            Change(standing => standing with { Lanes = [.. standing.Lanes.Where(other => other.Id != lane.Id).Append(lane).OrderBy(one => one.Start)] });
    }

    /// <summary>A lane was joined with the next one.</summary>
    public void Joined(LogLane lower, LogLane joined)
    {
        _refusals.TryRemove(lower.Id, out _);
        // The next lane may have moved on since: only its start is news.
        Change(standing => standing with
        {
            Lanes = [.. from lane in standing.Lanes where lane.Id != lower.Id select lane.Id == joined.Id ? lane with { Start = joined.Start } : lane],
        });
    }

    /// <summary>A lane took over the next one, which had begun with a lie.</summary>
    public void Absorbed(LogLane longer)
    {
        if (longer.BackFill is null)
            Change(standing => standing with
            {
                Lanes = [.. from lane in standing.Lanes where lane.Id == longer.Id || lane.Start < longer.Start || lane.Start >= longer.Until select lane.Id == longer.Id ? longer : lane],
            });
    }

    /// <summary>How often the log has let this work come on. After that, a failure is a first one.</summary>
    public long AdvancesOf(LogWork work) => Interlocked.Read(ref _advances[(int)work]);

    /// <summary>The log gave what was asked for.</summary>
    public void Advanced(LogWork work) => Interlocked.Increment(ref _advances[(int)work]);

    /// <summary>Entries of a lane were read and committed. Searches of the past are no part of how a log stands.</summary>
    public void Advanced(LogLane lane, DateTimeOffset now)
    {
        Advanced(lane.BackFill is not null ? LogWork.BackFill : lane.IsTip ? LogWork.Tip : LogWork.CatchUp);
        if (lane.BackFill is not null) return;
        // A tip that reads under a head of before its last failure has got over it.
        Change(standing => lane.IsTip
            ? standing with { State = FollowState.Following, Error = null, LastRead = now, UnreadSince = null }
            : standing with { LastRead = now, UnreadSince = null });
    }

    public void Read(RawBatch batch, IReadOnlyList<Finding> findings, DateTimeOffset now)
    {
        Interlocked.Add(ref _entries, batch.Count);
        _rate.Add(batch.Count);
        Interlocked.Add(ref _malformed, findings.Count(finding => finding is MalformedFinding));
        Interlocked.Add(ref _matches, findings.Count(finding => finding is MatchFinding));
        // Catching up takes hours without a look at the head: the log answers all the same.
        Change(standing => standing with { LastSuccess = now });
    }

    /// <summary>Notes how it stands.</summary>
    public void Sample(DateTimeOffset now)
    {
        LogStanding standing = Standing;
        double? age = standing.HeadTime is { } signed ? Math.Max(0, (now - signed).TotalSeconds) : null;
        History.Add(new LogSample(now, Rate, standing.Backlog, age));
    }

    public void Failed(string error, DateTimeOffset now) =>
        Change(standing => standing with { State = FollowState.Failing, Error = error, LastFailure = now });

    /// <summary>The log answers, only not so fast.</summary>
    public void Throttled(DateTimeOffset now)
    {
        lock (_lock) _throttledAt = now;
    }

    private static bool IsLarger(LogStanding standing, VerifiedHead head, DateTimeOffset now) =>
        standing.Largest is { } largest && largest.Size > head.Size && now - standing.LargestAt <= LongestLag;

    private void Change(Func<LogStanding, LogStanding> change)
    {
        lock (_lock)
        {
            LogStanding standing = change(_standing);
            if (standing is { Head: { } head, Lanes: [.., { } tip] } && head != standing.Reached && head.Size == tip.Position.Proven.Size && head.Root == tip.Position.Proven.Root())
                standing = standing with { Reached = head };
            _standing = standing.HasUnread ? standing with { UnreadSince = standing.UnreadSince ?? time.GetUtcNow() }
                : standing.Backlog == 0 ? standing with { UnreadSince = null }
                : standing;
        }
    }
}

/// <summary>How a followed log stands.</summary>
/// <param name="Lanes">By start; the tip last. Empty before the log was begun.</param>
/// <param name="Head">The one seen last.</param>
/// <param name="Largest">The largest seen: front ends of a log lag.</param>
/// <param name="Error">Why the last try failed; null after a success.</param>
internal sealed record LogStanding(
    FollowState State, IReadOnlyList<LogLane> Lanes, VerifiedHead? Head, VerifiedHead? Largest, DateTimeOffset? LastSuccess, DateTimeOffset? LastFailure, string? Error)
{
    /// <summary>Of a log that was not asked yet.</summary>
    public static LogStanding Unknown { get; } = new(FollowState.Starting, [], null, null, null, null, null);

    /// <summary>When the largest was last shown.</summary>
    public DateTimeOffset? LargestAt { get; init; }

    /// <summary>The last one that the tip has come to, and proven: its tree is the one that was read.</summary>
    public VerifiedHead? Reached { get; init; }

    /// <summary>
    /// What everything behind the tip is read and proven under: one signed head that is too large would make every proof of the
    /// log fail, and its tiles look pruned. Until the tip has come to one, the largest.
    /// </summary>
    public VerifiedHead? Behind => Reached is { } reached && Lanes is [.., { } tip] && reached.Size >= tip.Start ? reached : Largest;

    /// <summary>When entries were last read by this process; null before that.</summary>
    public DateTimeOffset? LastRead { get; init; }

    /// <summary>
    /// Since when there are entries to read of which none came; null while there are none. That its lanes stand still, each
    /// under an incident of its own, does not end it: only entries do.
    /// </summary>
    public DateTimeOffset? UnreadSince { get; init; }

    /// <summary>Whether there is something to read: gaps apart, which are tried again in their own time.</summary>
    public bool HasUnread => Largest is not null && (Lanes.Count == 0 || Lanes.Any(lane => lane.Trouble is null && lane.Left(Largest.Size) > 0));

    /// <summary>Entries read without a gap (ct.md 8.1).</summary>
    public TreeSize Position => Lanes.Count > 0 ? Lanes[0].Position.Read.Size : default;

    /// <summary>Of them, those that are proven.</summary>
    public TreeSize Proven => Lanes.Count > 0 ? Lanes[0].Position.Proven.Size : default;

    /// <summary>Where the newest entries are read.</summary>
    public TreeSize Tip => Lanes.Count > 0 ? Lanes[^1].Position.Read.Size : default;

    /// <summary>When the newest head was signed, by the log's clock.</summary>
    public DateTimeOffset? HeadTime => Head is null ? null : LogTime.Of(Head.Timestamp);

    /// <summary>Entries still to read, in all lanes; null while no head is known.</summary>
    public ulong? Backlog => Largest is null ? null : Lanes.Aggregate(0UL, (sum, lane) => sum + lane.Left(Largest.Size));
}
