using CertHerald.Transparency.LogLists;

namespace CertHerald.Storage;

/// <summary>What becomes of the logs that lists name. A part of <see cref="IStore"/>.</summary>
internal interface ILogLives
{
    /// <summary>Every log that was ever followed because a list named it.</summary>
    Task<IReadOnlyList<LogLife>> LivesAsync(CancellationToken cancellation);

    /// <summary>Keeps new and changed ones, together.</summary>
    Task KeepLivesAsync(IReadOnlyList<LogLife> lives, CancellationToken cancellation);
}

/// <summary>How far a log is in its life. The names are database values.</summary>
internal enum LogStage
{
    /// <summary>Read, and its heads looked at as usual.</summary>
    Following,

    /// <summary>In no list any more; followed while it answers.</summary>
    Delisted,

    /// <summary>Read to its end. Its head is looked at daily.</summary>
    Finished,

    /// <summary>Not read; its position is kept.</summary>
    Stopped,
}

/// <summary>A log that a list named, and what has become of it.</summary>
/// <param name="Log">As it was last described.</param>
/// <param name="Lists">The places of the lists that named it last.</param>
/// <param name="SilentSince">When it was first seen not to answer, while in no list; null if it answers or is in one.</param>
/// <param name="HasRest">Entries of it that were never read are told of, as an incident.</param>
internal sealed record LogLife(LogDescription Log, IReadOnlyList<string> Lists, LogStage Stage, DateTimeOffset? SilentSince = null, bool HasRest = false)
{
    /// <summary>Whether the store would keep the same.</summary>
    public bool IsSameAs(LogLife other) =>
        (Stage, SilentSince, HasRest) == (other.Stage, other.SilentSince, other.HasRest) && IsDescribedAs(other.Log)
        && (Log.Mmd, Log.State, Log.FinalTreeHead) == (other.Log.Mmd, other.Log.State, other.Log.FinalTreeHead)
        && Lists.SequenceEqual(other.Lists, StringComparer.Ordinal);

    /// <summary>Whether the log is called the same and read at the same place.</summary>
    public bool IsDescribedAs(LogDescription other) =>
        (Log.Id, Log.Description, Log.Operator, Log.Protocol) == (other.Id, other.Description, other.Operator, other.Protocol)
        && Log.Url.OriginalString == other.Url.OriginalString && Log.SubmissionUrl?.OriginalString == other.SubmissionUrl?.OriginalString;
}
