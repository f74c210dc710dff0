using CertHerald.Fetching;
using CertHerald.Storage;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Logs;

namespace CertHerald.Following;

/// <summary>What the configured lists name at one moment. Immutable.</summary>
internal sealed class NamedLogs
{
    private readonly Dictionary<LogId, List<NamedLog>> _named = [];
    private readonly Dictionary<string, bool> _lists = new(StringComparer.Ordinal);

    /// <param name="lists">All configured ones; without a list, if it could not be had yet.</param>
    public NamedLogs(IEnumerable<(string Location, LogList? List)> lists)
    {
        foreach ((string location, LogList? list) in lists)
        {
            _lists[location] = list is not null;
            foreach (LogDescription log in list?.Logs ?? [])
            {
                if (!_named.TryGetValue(log.Id, out List<NamedLog>? said)) _named.Add(log.Id, said = []);
                said.Add(new NamedLog(location, log));
            }
        }
    }

    /// <summary>Logs that some list names.</summary>
    public IReadOnlyCollection<LogId> Ids => _named.Keys;

    /// <summary>What lists say of a log, in their order; empty if none names it.</summary>
    public IReadOnlyList<NamedLog> Of(LogId log) => _named.TryGetValue(log, out List<NamedLog>? said) ? said : [];

    public bool IsConfigured(string list) => _lists.ContainsKey(list);

    /// <summary>Whether it is configured, and could not be had yet: what is not in it is not known.</summary>
    public bool IsUnread(string list) => _lists.TryGetValue(list, out bool isRead) && !isRead;
}

/// <summary>What one list says of a log.</summary>
internal readonly record struct NamedLog(string List, LogDescription Log);

/// <summary>How far a log was read, as far as its life depends on it.</summary>
/// <param name="IsBegun">It has a position.</param>
/// <param name="IsAtEnd">All of the largest head that was seen is read and proven; null while none was seen.</param>
/// <param name="HasEnded">It stands at the final head that its list states, whatever that one's root; null while not known.</param>
/// <param name="IsSilent">It did not answer when last asked; null while it was not asked.</param>
/// <param name="HasUnread">Entries of a head that was kept were never read.</param>
internal readonly record struct LogProgress(bool IsBegun, bool? IsAtEnd = null, bool? HasEnded = null, bool? IsSilent = null, bool HasUnread = false);

/// <summary>What becomes of a log by what lists say of it: the table of ct.md 7.5, and nothing but it.</summary>
internal sealed class LifeRules(LogOptions options)
{
    /// <summary>How long a log that left every list is waited for.</summary>
    public static readonly TimeSpan LongestSilence = TimeSpan.FromDays(7);

    /// <summary>What a list wants of a log; of several lists the greatest counts.</summary>
    private enum Wish { Leave, ToLastHead, ToFinalHead, Follow }

    /// <param name="before">Null for a log that was never followed from a list.</param>
    /// <returns>Null if the log does not concern us, as before.</returns>
    public LogLife? Next(LogId log, LogLife? before, NamedLogs lists, LogProgress progress, DateTimeOffset now) =>
        lists.Of(log) is { Count: > 0 } said ? Named(before, said, progress) : Unnamed(before, lists, progress, now);

    private LogLife? Named(LogLife? before, IReadOnlyList<NamedLog> said, LogProgress progress)
    {
        bool isFollowed = before is not null && progress.IsBegun;
        NamedLog by = said.MaxBy(one => WishOf(one.Log, isFollowed));
        var next = new LogLife(by.Log, [.. said.Select(one => one.List).Distinct(StringComparer.Ordinal)], LogStage.Following, null, before is { HasRest: true } && progress.HasUnread);
        // Until the log was looked at again, what it came to before holds.
        bool hadFinished = before is { Stage: LogStage.Finished };
        return WishOf(by.Log, isFollowed) switch
        {
            Wish.Follow => next,
            Wish.ToFinalHead => progress.HasEnded ?? (hadFinished && before!.Log.FinalTreeHead == by.Log.FinalTreeHead) ? next with { Stage = LogStage.Finished } : next,
            Wish.ToLastHead => progress.IsAtEnd ?? hadFinished ? next with { Stage = LogStage.Finished } : next,
            _ => before is null ? null : next with { Stage = LogStage.Stopped },
        };
    }

    private Wish WishOf(LogDescription log, bool isFollowed) => log.State switch
    {
        LogState.Readonly when isFollowed || options.Wants(log) => log.FinalTreeHead is null ? Wish.Follow : Wish.ToFinalHead,
        LogState.Retired when isFollowed || options.Wants(log) => Wish.ToLastHead,
        _ => options.Wants(log) ? Wish.Follow : Wish.Leave,
    };

    private static LogLife? Unnamed(LogLife? before, NamedLogs lists, LogProgress progress, DateTimeOffset now)
    {
        if (before is null) return null;
        // Whoever took the list out of the configuration wants none of its logs.
        if (!before.Lists.Any(lists.IsConfigured)) return before with { Stage = LogStage.Stopped, SilentSince = null };
        if (before.Lists.Any(lists.IsUnread)) return before;
        if (before.Stage == LogStage.Stopped) return before;
        // It came to its end while a list still named it.
        if (before is { Stage: LogStage.Finished, SilentSince: null }) return before;

        DateTimeOffset? silentSince = progress.IsSilent switch { null => before.SilentSince, true => before.SilentSince ?? now, false => null };
        bool isGone = progress.IsSilent == true && now - silentSince >= LongestSilence;
        bool staysFinished = progress.IsSilent is null && before.Stage == LogStage.Finished;
        return before with
        {
            Stage = isGone || staysFinished ? LogStage.Finished : LogStage.Delisted,
            SilentSince = silentSince,
            HasRest = isGone || before.HasRest ? progress.HasUnread : false,
        };
    }
}
