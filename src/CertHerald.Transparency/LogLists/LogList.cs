using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Transparency.LogLists;

/// <summary>An entry of a list that is not followed, and why.</summary>
/// <param name="Name">Description, or what there is of one.</param>
/// <param name="Operator">Who is said to run it.</param>
/// <param name="Reason">For people.</param>
public sealed record RefusedLog(string Name, string Operator, string Reason);

/// <summary>
/// A list of logs: Chrome's (schema v3), and Apple's, Mozilla's and crt.sh's as far as they are alike. Unknown members are
/// ignored; an entry that cannot be used is refused alone. Immutable.
/// </summary>
public sealed class LogList
{
    private const int MaxLogs = 10_000;
    private static readonly JsonReaderOptions Options = new() { MaxDepth = 32 };

    private LogList(string? version, DateTimeOffset? timestamp, IReadOnlyList<LogDescription> logs, IReadOnlyList<RefusedLog> refused) =>
        (Version, Timestamp, Logs, Refused) = (version, timestamp, logs, refused);

    /// <summary>Chrome's <c>version</c> such as <c>89.25</c>, or Apple's number; null if the list states none.</summary>
    public string? Version { get; }

    /// <summary>When the list was made; null if it does not say.</summary>
    public DateTimeOffset? Timestamp { get; }

    /// <summary>The logs that can be used, in the list's order.</summary>
    public IReadOnlyList<LogDescription> Logs { get; }

    /// <summary>The entries that cannot.</summary>
    public IReadOnlyList<RefusedLog> Refused { get; }

    /// <summary>Reads a list.</summary>
    /// <param name="problems">Why the list as a whole is refused; for refused entries see <see cref="Refused"/>.</param>
    public static bool TryRead(ReadOnlySpan<byte> json, [NotNullWhen(true)] out LogList? list, out IReadOnlyList<string> problems)
    {
        (list, problems) = (null, []);
        try
        {
            var reader = new Utf8JsonReader(json, Options);
            using JsonDocument document = JsonDocument.ParseValue(ref reader);
            while (reader.Read()) { }                          // the reader refuses what follows the list
            list = Read(document.RootElement, out string? problem);
            if (problem is not null) problems = [problem];
        }
        catch (JsonException unreadable)
        {
            problems = [$"the list is not JSON: {unreadable.Message}"];
        }
        catch (InvalidOperationException)                      // a lone surrogate, escaped, in a member's name
        {
            problems = ["the list is not Unicode"];
        }
        return list is not null;
    }

    /// <summary>Whether this list is older than the other, by version number; false where one of them states none.</summary>
    public bool IsOlderThan(LogList other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return TryReadVersion(Version, out (long, long) mine) && TryReadVersion(other.Version, out (long, long) its)
            && mine.CompareTo(its) < 0;
    }

    private static bool TryReadVersion(string? text, out (long Major, long Minor) version)
    {
        version = default;
        string[] parts = text?.Split('.') ?? [];
        if (parts.Length is 0 or > 2) return false;
        long minor = 0;
        if (!long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out long major)) return false;
        if (parts.Length == 2 && !long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out minor)) return false;
        version = (major, minor);
        return true;
    }

    private static LogList? Read(JsonElement root, out string? problem)
    {
        problem = null;
        if (root.ValueKind != JsonValueKind.Object) problem = "the list is not an object";
        else if (!root.TryGetProperty("operators", out JsonElement operators) || operators.ValueKind != JsonValueKind.Array)
            problem = "the list has no operators";
        if (problem is not null) return null;

        var logs = new List<LogDescription>();
        var refused = new List<RefusedLog>();
        foreach (JsonElement of in root.GetProperty("operators").EnumerateArray())
        {
            string name = Text(of, "name") ?? "";
            foreach (JsonElement log in Items(of, "logs")) Add(log, name, LogProtocol.Rfc6962, logs, refused);
            foreach (JsonElement log in Items(of, "tiled_logs")) Add(log, name, LogProtocol.StaticCt, logs, refused);
            if (logs.Count + refused.Count > MaxLogs)
            {
                problem = $"the list has more than {MaxLogs} logs";
                return null;
            }
        }
        return new LogList(Text(root, "version"), Time(root, "log_list_timestamp"), logs, refused);
    }

    private static void Add(
        JsonElement log, string of, LogProtocol protocol, List<LogDescription> logs, List<RefusedLog> refused)
    {
        if (TryReadLog(log, of, protocol, out LogDescription? description, out string? reason)) logs.Add(description);
        else refused.Add(new RefusedLog(Text(log, "description") ?? Text(log, "url") ?? Text(log, "monitoring_url") ?? "", of, reason));
    }

    private static bool TryReadLog(
        JsonElement log, string of, LogProtocol protocol,
        [NotNullWhen(true)] out LogDescription? description, [NotNullWhen(false)] out string? reason)
    {
        description = null;
        if (log.ValueKind != JsonValueKind.Object)
        {
            reason = "it is not an object";
            return false;
        }
        if (!TryReadKey(log, out LogKey? key, out reason) || !TryReadUrls(log, protocol, out Uri? url, out Uri? submission, out reason))
            return false;

        (LogState state, FinalTreeHead? final) = StateOf(log);
        description = new LogDescription
        {
            Key = key,
            Description = Text(log, "description") ?? "",
            Operator = of,
            PreviousOperators = PreviousOperators(log),
            Protocol = protocol,
            Url = url,
            SubmissionUrl = submission,
            Mmd = Number(log, "mmd") is > 0 and < 365 * 86_400 and { } mmd ? TimeSpan.FromSeconds(mmd) : LogDescription.DefaultMmd,
            State = state,
            LogType = Text(log, "log_type"),
            FinalTreeHead = final,
            TemporalInterval = IntervalOf(log),
        };
        return true;
    }

    private static bool TryReadKey(JsonElement log, [NotNullWhen(true)] out LogKey? key, [NotNullWhen(false)] out string? reason)
    {
        key = null;
        if (Base64(log, "key") is not { } spki)
        {
            reason = "its key is missing or not base64";
            return false;
        }
        if (!LogKey.TryCreate(spki, out LogKey? read, out reason)) return false;
        if (Base64(log, "log_id") is not { } id || !MerkleHash.BytesOf(read.Id.Value).SequenceEqual(id))
        {
            reason = "its log_id is not the SHA-256 of its key";
            return false;
        }
        key = read;
        return true;
    }

    private static bool TryReadUrls(
        JsonElement log, LogProtocol protocol,
        [NotNullWhen(true)] out Uri? url, out Uri? submission, [NotNullWhen(false)] out string? reason)
    {
        (url, submission, reason) = (null, null, null);
        bool tiled = protocol == LogProtocol.StaticCt;
        string? plain = Text(log, "url"), submitted = Text(log, "submission_url"), monitored = Text(log, "monitoring_url");

        if (plain is not null && (submitted ?? monitored) is not null) reason = "it has both url and submission_url or monitoring_url";
        else if (tiled && (submitted is null || monitored is null)) reason = "a tiled log needs submission_url and monitoring_url";
        else if (!tiled && plain is null) reason = "it has no url";
        else if (!LogUrl.TryRead(tiled ? monitored : plain, out url)) reason = "its address is not an HTTP(S) prefix";
        else if (tiled && !LogUrl.TryRead(submitted, out submission)) reason = "its submission address is not an HTTP(S) prefix";
        else if (LogUrl.IsReserved(url) || (submission is not null && LogUrl.IsReserved(submission)))
            reason = "its address is a place-holder: the host is a reserved name";
        return reason is null && url is not null;
    }

    private static (LogState State, FinalTreeHead? Final) StateOf(JsonElement log)
    {
        if (!log.TryGetProperty("state", out JsonElement states) || states.ValueKind != JsonValueKind.Object) return default;
        (LogState, FinalTreeHead?) found = default;            // Mozilla's list tells the whole history: the last counts
        foreach (JsonProperty state in states.EnumerateObject())
        {
            LogState known = state.NameEquals("pending"u8) ? LogState.Pending
                : state.NameEquals("qualified"u8) ? LogState.Qualified
                : state.NameEquals("usable"u8) ? LogState.Usable
                : state.NameEquals("readonly"u8) ? LogState.Readonly
                : state.NameEquals("retired"u8) ? LogState.Retired
                : state.NameEquals("rejected"u8) ? LogState.Rejected
                : LogState.None;
            if (known != LogState.None) found = (known, FinalOf(state.Value));
        }
        return found;
    }

    private static FinalTreeHead? FinalOf(JsonElement state)
    {
        if (state.ValueKind != JsonValueKind.Object || !state.TryGetProperty("final_tree_head", out JsonElement head)) return null;
        return Number(head, "tree_size") is { } size and >= 0 && Base64(head, "sha256_root_hash") is { Length: MerkleHash.Length } root
            ? new FinalTreeHead(new TreeSize((ulong)size), new MerkleHash(root))
            : null;
    }

    private static TemporalInterval? IntervalOf(JsonElement log) =>
        log.TryGetProperty("temporal_interval", out JsonElement interval)
        && Time(interval, "start_inclusive") is { } start && Time(interval, "end_exclusive") is { } end
            ? new TemporalInterval(start, end)
            : null;

    private static List<string> PreviousOperators(JsonElement log)
    {
        var names = new List<string>();
        foreach (JsonElement previous in Items(log, "previous_operators"))
            if (Text(previous, "name") is { } name) names.Add(name);
        return names;
    }

    private static JsonElement.ArrayEnumerator Items(JsonElement of, string name) =>
        of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out JsonElement items) && items.ValueKind == JsonValueKind.Array
            ? items.EnumerateArray()
            : default;

    /// <summary>A string, or a number as it is written; null if absent, something else, or not Unicode.</summary>
    private static string? Text(JsonElement of, string name)
    {
        if (of.ValueKind != JsonValueKind.Object || !of.TryGetProperty(name, out JsonElement value)) return null;
        if (value.ValueKind == JsonValueKind.Number) return value.GetRawText();
        if (value.ValueKind != JsonValueKind.String) return null;
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)                      // a lone surrogate, escaped
        {
            return null;
        }
    }

    private static long? Number(JsonElement of, string name) =>
        of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out JsonElement value)
        && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) ? number : null;

    private static byte[]? Base64(JsonElement of, string name)
    {
        if (Text(of, name) is not { } text) return null;
        var bytes = new byte[text.Length / 4 * 3];
        return Convert.TryFromBase64String(text, bytes, out int length) ? bytes[..length] : null;
    }

    private static DateTimeOffset? Time(JsonElement of, string name) =>
        DateTimeOffset.TryParse(Text(of, name), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time)
            ? time
            : null;
}
