using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Transparency.LogLists;

/// <summary>How a log is read.</summary>
public enum LogProtocol
{
    /// <summary>Calls under <c>ct/v1/</c>. RFC 6962 §4.</summary>
    Rfc6962,

    /// <summary>Checkpoint and tiles. C2SP static-ct-api.</summary>
    StaticCt,
}

/// <summary>What a log list says of a log's place in life. Chrome's "CT log states".</summary>
public enum LogState
{
    /// <summary>The list says nothing, or nothing known.</summary>
    None,

    /// <summary>Asked for admission.</summary>
    Pending,

    /// <summary>Admitted; its timestamps count soon.</summary>
    Qualified,

    /// <summary>Its timestamps count.</summary>
    Usable,

    /// <summary>Takes no more entries; ends at its final head.</summary>
    Readonly,

    /// <summary>Its timestamps count only from before.</summary>
    Retired,

    /// <summary>Its timestamps never count.</summary>
    Rejected,
}

/// <summary>The last tree of a read-only log, as its list states it, unsigned.</summary>
/// <param name="Size">Number of entries.</param>
/// <param name="Root">The root they have.</param>
public sealed record FinalTreeHead(TreeSize Size, MerkleHash Root);

/// <summary>The certificates a log accepts, by their notAfter. It says nothing about when the log is busy.</summary>
/// <param name="Start">Inclusive.</param>
/// <param name="End">Exclusive.</param>
public readonly record struct TemporalInterval(DateTimeOffset Start, DateTimeOffset End);

/// <summary>A log, as a list or the configuration describes it. Immutable.</summary>
public sealed record LogDescription
{
    /// <summary>The maximum merge delay where none is stated: a day, as nearly every log has it.</summary>
    public static readonly TimeSpan DefaultMmd = TimeSpan.FromDays(1);

    /// <summary>The key that signs its heads.</summary>
    public required LogKey Key { get; init; }

    /// <summary>SHA-256 of the key: which log it is, wherever it is served.</summary>
    public LogId Id => Key.Id;

    /// <summary>For people; perhaps empty.</summary>
    public required string Description { get; init; }

    /// <summary>Who runs it; perhaps empty.</summary>
    public required string Operator { get; init; }

    /// <summary>Who ran it before, the latest last.</summary>
    public IReadOnlyList<string> PreviousOperators { get; init; } = [];

    /// <summary>How it is read.</summary>
    public required LogProtocol Protocol { get; init; }

    /// <summary>Where it is read: the log's or the monitoring prefix. Absolute, HTTP or HTTPS, with a final slash.</summary>
    public required Uri Url { get; init; }

    /// <summary>Where certificates are submitted, if that is another place.</summary>
    public Uri? SubmissionUrl { get; init; }

    /// <summary>The submission prefix without scheme and final slash: a tiled log's name in its checkpoints.</summary>
    public string Origin => LogUrl.OriginOf(SubmissionUrl ?? Url);

    /// <summary>Maximum merge delay.</summary>
    public TimeSpan Mmd { get; init; } = DefaultMmd;

    /// <summary>Its place in life.</summary>
    public LogState State { get; init; }

    /// <summary>Chrome's <c>log_type</c>, as written (<c>prod</c>, <c>test</c>, <c>monitoring_only</c>); null if not stated.</summary>
    public string? LogType { get; init; }

    /// <summary>Where a read-only log ends; null if not stated.</summary>
    public FinalTreeHead? FinalTreeHead { get; init; }

    /// <summary>The certificates it accepts, by notAfter; null if not stated.</summary>
    public TemporalInterval? TemporalInterval { get; init; }

    /// <summary>A log that the configuration names. Local addresses and plain HTTP are allowed.</summary>
    /// <param name="url">The log's or the monitoring prefix; a missing final slash is added.</param>
    /// <param name="submissionUrl">Static logs only: the submission prefix, if it is another than the monitoring prefix.</param>
    /// <exception cref="ArgumentException">A URL is not absolute HTTP or HTTPS, or has a query or a fragment.</exception>
    public static LogDescription Custom(
        LogKey key, LogProtocol protocol, string url, string? submissionUrl = null,
        string description = "", string @operator = "", TimeSpan? mmd = null)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (!LogUrl.TryRead(url, out Uri? read)) throw new ArgumentException($"'{url}' is no HTTP(S) prefix.", nameof(url));
        Uri? submission = null;
        if (submissionUrl is not null && !LogUrl.TryRead(submissionUrl, out submission))
            throw new ArgumentException($"'{submissionUrl}' is no HTTP(S) prefix.", nameof(submissionUrl));

        return new LogDescription
        {
            Key = key,
            Description = description,
            Operator = @operator,
            Protocol = protocol,
            Url = read,
            SubmissionUrl = submission,
            Mmd = mmd ?? DefaultMmd,
        };
    }
}
