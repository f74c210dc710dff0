using System.Diagnostics.Metrics;
using System.Text.Json;
using CertHerald.Fetching;
using CertHerald.Storage;
using CertHerald.Transparency.Logs;

namespace CertHerald.Following;

/// <summary>
/// Looks at all followed logs now and then for what no single answer shows: silence, heads without entries, and falling behind
/// under refusals. Closes incidents about events that have not come again.
/// </summary>
internal sealed partial class LogHealth : StoreWatch
{
    /// <summary>How often it looks.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    /// <summary>How long a log may be silent.</summary>
    public static readonly TimeSpan MostSilence = TimeSpan.FromMinutes(15);

    /// <summary>How long a log must fall behind.</summary>
    public static readonly TimeSpan FallingBehind = TimeSpan.FromMinutes(30);

    /// <summary>What tells of entries of which none comes, apart from gaps.</summary>
    private const string Unread = "unread";

    /// <summary>How recent the last refusal must be for it to be the reason.</summary>
    private static readonly TimeSpan RecentRefusal = TimeSpan.FromMinutes(10);

    private readonly Func<IReadOnlyList<FollowedLog>> _logs;
    private readonly IStore _store;
    private readonly ILogger<LogHealth> _logger;

    // Of the last half hour, oldest first. Used by the loop only.
    private readonly Dictionary<LogId, Queue<Sample>> _samples = [];
    private volatile IReadOnlyList<Incident> _open = [];

    public LogHealth(Func<IReadOnlyList<FollowedLog>> logs, IStore store, TimeProvider time, Meter meter, ILogger<LogHealth> logger)
        : base(Interval, time)
    {
        (_logs, _store, _logger) = (logs, store, logger);
        meter.CreateObservableGauge("certherald_log_incidents", Measure, description: "Open incidents of logs.");
    }

    /// <summary>One look at all logs.</summary>
    public async Task LookAsync(CancellationToken stopping)
    {
        // What another node reads, it looks after.
        foreach (FollowedLog log in _logs().Where(log => !log.IsElsewhere))
        {
            await JudgeSilenceAsync(log, stopping);
            await JudgePaceAsync(log, stopping);
            await JudgeStandstillAsync(log, stopping);
        }
        await _store.CloseQuietIncidentsAsync(Time.GetUtcNow() - IncidentKinds.QuietAfter, stopping);
        _open = await _store.IncidentsAsync(new IncidentFilter(OnlyOpen: true), stopping);
    }

    protected override Task RoundAsync(CancellationToken stopping) => LookAsync(stopping);

    protected override void Tell(StoreException failure) => NotWritten(failure.Message);

    private async Task JudgeSilenceAsync(FollowedLog log, CancellationToken stopping)
    {
        LogStanding standing = log.Standing;
        DateTimeOffset since = standing.LastSuccess ?? log.Since;
        TimeSpan silence = Time.GetUtcNow() - since;
        // A log that answers with heads it did not sign has its own incident, and one that no list names may fall silent.
        if (silence <= MostSilence || log.Stage != LogStage.Following || log.Incidents.IsOpen(IncidentKinds.BadSignature))
        {
            await log.Incidents.CloseAsync(_store, IncidentKinds.Unreachable, stopping);
            return;
        }

        string lag = standing.Backlog is { } backlog ? $"{backlog} entries behind its last head" : "no head of it was ever seen";
        await log.Incidents.OpenAsync(_store, silence > log.Log.Mmd ? Severity.Error : Severity.Warning, IncidentKinds.Unreachable, () => (
            $"the log has given no usable answer since {since.UtcDateTime:yyyy-MM-dd HH:mm} UTC, {lag}: {standing.Error ?? "it does not answer"}",
            JsonSerializer.Serialize(new { since, last_error = standing.Error, backlog = standing.Backlog })), stopping);
    }

    /// <summary>
    /// A log that signs heads and gives none of the entries under them hides something, or is broken. One that is silent, or
    /// answers only not so fast, has an incident of its own kind.
    /// </summary>
    private async Task JudgeStandstillAsync(FollowedLog log, CancellationToken stopping)
    {
        LogStanding standing = log.Standing;
        DateTimeOffset now = Time.GetUtcNow();
        if (log.Stage != LogStage.Following || (standing.UnreadSince is null && standing.Lanes.Count > 0) || now - standing.LastRead <= MostSilence)
        {
            await log.Incidents.CloseAsync(_store, IncidentKinds.MissingEntry, stopping, Unread);
            return;
        }

        TimeSpan patience = now - log.ThrottledAt <= RecentRefusal ? FallingBehind : MostSilence;
        if (standing is not { UnreadSince: { } since, Largest: { } head } || now - since <= patience) return;
        if (now - standing.LastSuccess > MostSilence || log.Incidents.IsOpen(IncidentKinds.Throttled)) return;

        string what = standing.Lanes.Count == 0 ? $"proves no place to begin with its {head.Size} entries" : $"gives none of the {standing.Backlog} entries up to {head.Size} that are unread";
        await log.Incidents.OpenAsync(_store, IncidentKinds.SeverityOf(IncidentKinds.MissingEntry), IncidentKinds.MissingEntry, () => (
            $"the log signs heads, and {what}, since {since.UtcDateTime:yyyy-MM-dd HH:mm} UTC: {standing.Error ?? "it does not answer for them"}",
            JsonSerializer.Serialize(new { since, last_error = standing.Error, backlog = standing.Backlog, head = Convert.ToBase64String(head.Signed.Verbatim.Span) })), stopping, Unread);
    }

    private async Task JudgePaceAsync(FollowedLog log, CancellationToken stopping)
    {
        DateTimeOffset now = Time.GetUtcNow();
        if (log.Standing.Backlog is not { } backlog) return;
        if (!_samples.TryGetValue(log.Log.Id, out Queue<Sample>? samples)) _samples.Add(log.Log.Id, samples = new Queue<Sample>());
        samples.Enqueue(new Sample(now, backlog, log.Entries));
        // The oldest one kept is at least half an hour old, once there is such a one.
        while (samples.Count > 1 && now - samples.ElementAt(1).At >= FallingBehind) samples.Dequeue();

        Sample before = samples.Peek();
        if (log.ThrottledAt is not { } refused || now - refused > RecentRefusal || now - before.At < FallingBehind || backlog <= before.Backlog)
        {
            // Not over because of one look with a little less: over when it has not fallen behind for as long as it took to say so.
            if (now - before.At >= FallingBehind || log.Standing.Backlog == 0) await log.Incidents.CloseAsync(_store, IncidentKinds.Throttled, stopping);
            return;
        }

        double seconds = (now - before.At).TotalSeconds, allowed = (log.Entries - before.Entries) / seconds, needed = allowed + (backlog - before.Backlog) / seconds;
        await log.Incidents.OpenAsync(_store, Severity.Warning, IncidentKinds.Throttled, () => (
            $"the log lets us read {Rate(allowed)} entries/s, and grows by {Rate(needed)}: {backlog} entries behind, and falling further",
            JsonSerializer.Serialize(new { allowed_per_second = Math.Round(allowed, 2), needed_per_second = Math.Round(needed, 2), backlog, backlog_before = before.Backlog, since = before.At, last_refusal = refused })), stopping);
    }

    private IEnumerable<Measurement<long>> Measure() =>
        from incident in _open
        group incident by (Name: NameOf(incident), incident.Kind, incident.Severity) into alike
        select new Measurement<long>(
            alike.LongCount(), new KeyValuePair<string, object?>("log", alike.Key.Name), new KeyValuePair<string, object?>("kind", alike.Key.Kind),
            new KeyValuePair<string, object?>("severity", alike.Key.Severity.ToString().ToLowerInvariant()));

    private string NameOf(Incident incident) =>
        _logs().FirstOrDefault(log => log.Log.Id == incident.Log) is { } followed ? LogSources.NameOf(followed.Log)
        : incident.LogDescription.Length > 0 ? incident.LogDescription : incident.Log.ToString();

    private static string Rate(double perSecond) => perSecond.ToString("0.#", System.Globalization.CultureInfo.InvariantCulture);

    [LoggerMessage(Level = LogLevel.Warning, Message = "How the logs stand could not be recorded, and is looked at again: {Problem}")]
    private partial void NotWritten(string problem);

    private readonly record struct Sample(DateTimeOffset At, ulong Backlog, long Entries);
}
