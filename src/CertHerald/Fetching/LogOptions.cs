using System.Globalization;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Fetching;

/// <summary>Which logs are followed, and from where.</summary>
internal sealed record LogOptions
{
    public const string DefaultList = "https://www.gstatic.com/ct/log_list/v3/all_logs_list.json";

    /// <summary>Log lists: files, or URLs by HTTPS (plain HTTP from loopback only). Default: every log that Chrome knows.</summary>
    public IReadOnlyList<LogListOptions> Lists { get; init; } = [LogListOptions.At(DefaultList)];

    /// <summary>States of logs that are followed, as lists name them; beside them log types such as <c>test</c>.</summary>
    public IReadOnlyList<string> States { get; init; } = ["pending", "qualified", "usable", "readonly"];

    /// <summary>Logs beside those of the lists, whatever their state.</summary>
    public IReadOnlyList<CustomLogOptions> Custom { get; init; } = [];

    /// <summary>Where a log seen for the first time is begun. Default: at its end. From its start, a large log takes days.</summary>
    public LogStart Start { get; init; } = LogStart.End;

    /// <summary>How often hosts may be asked.</summary>
    public RateCeilings Rates { get; init; } = new();

    /// <summary>An e-mail address or URL that goes into every request: log operators ask for one, and some slow down who has none.</summary>
    public string Contact { get; init; } = "";

    /// <summary>The configured logs, each once.</summary>
    /// <exception cref="ArgumentException">One is not usable: the check of the configuration comes first.</exception>
    public IEnumerable<ChosenLog> CustomLogs() => Custom
        .Select(custom => new ChosenLog(custom.ToLog(out string? problem) ?? throw new ArgumentException(problem), true, custom.HeadInterval) { IsArchived = custom.Archived, TakesAnyCertificate = custom.TakesAnyCertificate })
        .DistinctBy(chosen => chosen.Log.Id);

    /// <summary>Whether a list's log is wanted, by its state, or where it has none by its type.</summary>
    public bool Wants(LogDescription log) =>
        (log.State != LogState.None && States.Contains(log.State.ToString(), StringComparer.OrdinalIgnoreCase))
        || (log.State == LogState.None && log.LogType is { } type && States.Contains(type, StringComparer.OrdinalIgnoreCase));
}

/// <summary>A log list.</summary>
/// <param name="Location">A path, or a URL.</param>
/// <param name="SignedBy">Without this signature beside it, it is not believed; null: HTTPS or the file system must do.</param>
internal sealed record LogListOptions(string Location, ListSigner? SignedBy)
{
    /// <summary>A list that is signed if it is one of Chrome's own.</summary>
    public static LogListOptions At(string location) => new(location, ListSigner.Of(location));

    /// <summary>For messages: what follows a URL's path, and a user's name in it, can be a secret.</summary>
    public string Shown => LogListSource.UrlOf(Location) is { } url ? url.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped) : Location;

    /// <summary>What everybody may know of it: its host, or its file's name.</summary>
    public string Name => LogListSource.UrlOf(Location) is { } url ? url.Host : Path.GetFileName(Location);
}

/// <summary>A log to follow.</summary>
/// <param name="IsCustom">From the configuration: asked as fast as it answers.</param>
/// <param name="HeadInterval">How often to look at its head; null: as every log's.</param>
internal sealed record ChosenLog(LogDescription Log, bool IsCustom, TimeSpan? HeadInterval)
{
    /// <summary>Tiles made of an RFC 6962 log: its entries bear no index (ct.md 5.5).</summary>
    public bool IsArchived { get; init; }

    /// <summary>Its TLS certificate is not looked at.</summary>
    public bool TakesAnyCertificate { get; init; }
}

/// <summary>A log that no list names, as configured: RFC 6962 with <see cref="Url"/>, tiled with the other two.</summary>
internal sealed record CustomLogOptions
{
    /// <summary>The shortest interval between two looks at a log's head.</summary>
    public static readonly TimeSpan ShortestHeadInterval = TimeSpan.FromMilliseconds(200);

    public string Description { get; init; } = "";

    /// <summary>Base64 of the DER SubjectPublicKeyInfo.</summary>
    public string Key { get; init; } = "";

    public string? Url { get; init; }

    public string? SubmissionUrl { get; init; }

    public string? MonitoringUrl { get; init; }

    /// <summary>How often its head is looked at; from 200 ms. Null: as every log's.</summary>
    public TimeSpan? HeadInterval { get; init; }

    /// <summary>Tiles made of an RFC 6962 log: its entries bear no index.</summary>
    public bool Archived { get; init; }

    /// <summary>Its TLS certificate is not looked at: what it serves is proven by its own signatures all the same.</summary>
    public bool TakesAnyCertificate { get; init; }

    /// <summary>The log, if what was written makes one.</summary>
    /// <param name="problem">What is wrong, for people; null if nothing is.</param>
    public LogDescription? ToLog(out string? problem)
    {
        bool isTiled = SubmissionUrl is not null || MonitoringUrl is not null;
        byte[] spki = new byte[Key.Length];
        LogKey? key = null;
        problem = HeadInterval < ShortestHeadInterval ? "its head_interval is below 200 ms"
            : Url is null && !isTiled ? "it needs a url, or a submission_url and a monitoring_url"
            : Url is not null && isTiled ? "it has both a url and a submission_url or monitoring_url"
            : isTiled && (SubmissionUrl is null || MonitoringUrl is null) ? "a tiled log needs both a submission_url and a monitoring_url"
            : !Convert.TryFromBase64String(Key, spki, out int length) ? "its key is not base64"
            : LogKey.TryCreate(spki.AsSpan(0, length), out key, out string? keyProblem) ? null : keyProblem;
        if (problem is not null) return null;

        try
        {
            return isTiled
                ? LogDescription.Custom(key!, LogProtocol.StaticCt, MonitoringUrl!, SubmissionUrl, Description)
                : LogDescription.Custom(key!, LogProtocol.Rfc6962, Url!, null, Description);
        }
        catch (ArgumentException e)
        {
            // The message repeats the address, which may hold a password.
            problem = e.Message.Contains('@', StringComparison.Ordinal) ? "an address holds a user name: HTTP(S) prefixes of logs take none" : e.Message;
            return null;
        }
    }
}

/// <summary>Where reading a log begins: at its end, at an entry, or at the entries of a time.</summary>
/// <param name="Index">The first entry read; null for the end, or for what is searched by time.</param>
internal readonly record struct LogStart(TreeSize? Index)
{
    // The forms of ISO 8601 that people write: without an offset, UTC.
    private static readonly string[] DateFormats = ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFK"];

    /// <summary>Nothing older than the first head seen. Also <c>default</c>.</summary>
    public static LogStart End => default;

    public static LogStart Beginning { get; } = new(new TreeSize(0));

    /// <summary>What a message tells of the texts that <see cref="TryParse"/> reads.</summary>
    public static string Forms => "end, start, the index of an entry, a date such as 2026-11-01 or 2026-11-01T12:00:00Z, or a length of time such as 7d or 36h";

    /// <summary>Entries of this time and later; null if it is no date.</summary>
    public DateTimeOffset? Date { get; private init; }

    /// <summary>Entries no older than this when reading begins; null if it is no length of time.</summary>
    public TimeSpan? Age { get; private init; }

    /// <summary>Reads <see cref="Forms"/>.</summary>
    public static bool TryParse(string text, out LogStart start)
    {
        start = text == "start" ? Beginning : End;
        if (text is "start" or "end") return true;

        if (ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong index))
        {
            if (index <= SignedHead.MaxSize) start = new LogStart(new TreeSize(index));
            return index <= SignedHead.MaxSize;
        }

        const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        if (DateTimeOffset.TryParseExact(text, DateFormats, CultureInfo.InvariantCulture, Utc, out DateTimeOffset date))
        {
            start = new LogStart { Date = date };
            return true;
        }

        // No logs are older than a hundred years.
        if (text.Length < 2 || text[^1] is not ('d' or 'h') || !uint.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out uint count)
            || count == 0 || count > (text[^1] == 'd' ? 36_500 : 876_000)) return false;
        start = new LogStart { Age = text[^1] == 'd' ? TimeSpan.FromDays(count) : TimeSpan.FromHours(count) };
        return true;
    }

    /// <summary>The time whose entries are wanted, if it is to be searched for.</summary>
    public DateTimeOffset? SinceAt(DateTimeOffset now) => Date ?? now - Age;

    /// <summary>The size to begin at: no log is begun beyond its head.</summary>
    /// <exception cref="InvalidOperationException">It is to be searched for, by <see cref="LogReader.FindStartAsync(LogStart, VerifiedHead, DateTimeOffset, CancellationToken)"/>.</exception>
    public TreeSize At(VerifiedHead head)
    {
        if (Date is not null || Age is not null) throw new InvalidOperationException($"the log is searched for {this}");
        return Index is { } index && index < head.Size ? index : head.Size;
    }

    /// <summary>As <see cref="TryParse"/> reads it.</summary>
    public override string ToString() =>
        Date is { } date ? date.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFK", CultureInfo.InvariantCulture).Replace("+00:00", "Z", StringComparison.Ordinal)
        : Age is { } age ? age.Ticks % TimeSpan.TicksPerDay == 0 ? $"{age.TotalDays:0}d" : $"{age.TotalHours:0}h"
        : Index is not { } index ? "end" : index.Value == 0 ? "start" : index.ToString();
}
