using CertHerald.Fetching;
using CertHerald.Inspecting;
using CertHerald.Storage;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Following;

/// <summary>Whether a log is being read.</summary>
internal enum FollowState { Starting, Following, Failing }

/// <summary>A log that is followed, and how it stands right now. Written by its follower and the fleet; read by anyone.</summary>
internal sealed class FollowedLog(ChosenLog chosen)
{
    private readonly Lock _lock = new();
    private LogStanding _standing = new(FollowState.Starting, default, default, null, null, null, null, null);
    private long _entries, _malformed, _matches;

    public LogDescription Log => Chosen.Log;

    public ChosenLog Chosen { get; } = chosen;

    /// <summary>Entries read by this process.</summary>
    public long Entries => Interlocked.Read(ref _entries);

    /// <summary>Of them, those that could not be read to their end.</summary>
    public long Malformed => Interlocked.Read(ref _malformed);

    /// <summary>Of them, those that show something watched.</summary>
    public long Matches => Interlocked.Read(ref _matches);

    /// <summary>How it stands; replaced whole.</summary>
    public LogStanding Standing
    {
        get { lock (_lock) return _standing; }
        private set { lock (_lock) _standing = value; }
    }

    public void Saw(VerifiedHead head, DateTimeOffset now) =>
        Standing = Standing with { State = FollowState.Following, Head = head.Size, HeadTime = LogTime.Of(head.Timestamp), LastSuccess = now, Error = null };

    public void StandsAt(LogPosition position, VerifiedHead head) =>
        Standing = Standing with { Position = position.Read.Size, Proven = position.Proven.Size, Head = head.Size };

    public void Read(RawBatch batch, IReadOnlyList<Finding> findings, DateTimeOffset now)
    {
        Interlocked.Add(ref _entries, batch.Count);
        Interlocked.Add(ref _malformed, findings.Count(finding => finding is MalformedFinding));
        Interlocked.Add(ref _matches, findings.Count(finding => finding is MatchFinding));
        // Catching up takes hours without a look at the head: the log answers all the same.
        Standing = Standing with { LastSuccess = now };
    }

    public void Failed(string error, DateTimeOffset now) =>
        Standing = Standing with { State = FollowState.Failing, Error = error, LastFailure = now };
}

/// <summary>How a followed log stands.</summary>
/// <param name="Error">Why the last try failed; null after a success.</param>
internal sealed record LogStanding(
    FollowState State, TreeSize Position, TreeSize Proven, TreeSize? Head, DateTimeOffset? HeadTime, DateTimeOffset? LastSuccess,
    DateTimeOffset? LastFailure, string? Error);
