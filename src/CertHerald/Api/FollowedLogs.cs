using CertHerald.Access;
using CertHerald.Following;
using CertHerald.Storage;
using CertHerald.Transparency.LogLists;

namespace CertHerald.Api;

/// <summary>The logs that are followed at this moment.</summary>
internal delegate IReadOnlyList<FollowedLog> LiveLogs();

/// <summary>What the lists hold at this moment that cannot be followed.</summary>
internal delegate IReadOnlyList<RefusedLog> RefusedLogs();

/// <summary>The logs and how far they were read.</summary>
internal sealed class FollowedLogs(IStore store, LiveLogs live, RefusedLogs refused)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder group = routes.MapGroup("/api").WithTags("Logs").Needs(Scope.Read);

        group.MapGet("/logs", async (FollowedLogs logs, CancellationToken cancellation) =>
            TypedResults.Json(await logs.ListAsync(cancellation), ApiJson.Default.IReadOnlyListLogJson)).Produces<IReadOnlyList<LogJson>>();

        group.MapGet("/logs/history", (string? log, FollowedLogs logs) =>
            log is not null && logs.HistoryOf(log.Replace(' ', '+')) is { } history ? TypedResults.Json(history, ApiJson.Default.LogHistoryJson) : (IResult)ApiError.NotFound("log that is followed here")).Produces<LogHistoryJson>();
    }

    /// <summary>How a log has done lately, as far as this process has followed it; null if it does not.</summary>
    public LogHistoryJson? HistoryOf(string id) =>
        live().FirstOrDefault(log => !log.IsElsewhere && log.Log.Id.ToString() == id) is { } found ? new LogHistoryJson(ShownOf(found.History.Hour), ShownOf(found.History.Day)) : null;

    /// <summary>All logs together, over the last hour: sums of rates and backlogs, and the oldest head.</summary>
    public IReadOnlyList<LogSampleJson> HourOfAll() =>
    [
        .. from sample in live().Where(log => !log.IsElsewhere).SelectMany(log => log.History.Hour)
           group sample by sample.At.ToUnixTimeSeconds() / (long)LogHistory.Fine.TotalSeconds into together
           orderby together.Key
           select new LogSampleJson(together.First().At, Math.Round(together.Sum(one => one.Rate), 1), together.Sum(one => one.Backlog), together.Max(one => one.HeadAge)),
    ];

    private static IReadOnlyList<LogSampleJson> ShownOf(IReadOnlyList<LogSample> samples) =>
        [.. samples.Select(one => new LogSampleJson(one.At, Math.Round(one.Rate, 1), one.Backlog, one.HeadAge is { } age ? Math.Round(age) : null))];

    /// <summary>Every log ever followed, by description, and every one that a list names in vain.</summary>
    public async Task<IReadOnlyList<LogJson>> ListAsync(CancellationToken cancellation)
    {
        var followed = live().ToDictionary(log => log.Log.Id);
        IReadOnlyList<StoredLog> stored = await store.LogsAsync(cancellation);
        var begun = stored.Select(log => log.Id).ToHashSet();
        var incidents = (await store.IncidentsAsync(new IncidentFilter(WorstOfEachLog: true), cancellation)).ToDictionary(incident => incident.Log.ToString());
        return
        [
            .. from log in stored.Select(log => LogJson.Of(log, followed.GetValueOrDefault(log.Id)))
                    .Concat(followed.Values.Where(log => !begun.Contains(log.Log.Id)).Select(LogJson.Of))
                    .Concat(refused().Select(LogJson.Of)).OrderBy(log => log.Description, StringComparer.Ordinal)
               select incidents.TryGetValue(log.Id, out Incident? last) ? log with { LastIncident = LastIncidentJson.Of(last) } : log,
        ];
    }
}

/// <summary>A log on the wire.</summary>
/// <param name="Position">Entries read.</param>
/// <param name="Proven">Entries proven by a signed head; never more than read.</param>
/// <param name="State">starting, following, failing; delisted, finished, stopped; refused, or not_followed.</param>
/// <param name="Lag">Entries of the newest head that were not read yet; null while no head is known.</param>
internal sealed record LogJson(
    string Id, string Description, string Operator, string Url, string Protocol, ulong Position, ulong Proven, ulong? HeadSize,
    DateTimeOffset? HeadTime, ulong? Lag, string State, string? LastError)
{
    /// <summary>Entries read a second, over the last minute; null if the log is not followed now.</summary>
    public double? Rate { get; init; }

    /// <summary>How long it takes to read what is left at this rate; null while nothing is read, or nothing is known to be left.</summary>
    public double? SecondsLeft => Rate > 0 && Lag is { } left ? Math.Ceiling(left / Rate.Value) : null;

    /// <summary>The gravest that is open, or else the newest; null if there never was one.</summary>
    public LastIncidentJson? LastIncident { get; init; }

    /// <param name="live">Null if the log is not followed now.</param>
    public static LogJson Of(StoredLog log, FollowedLog? live) => new(
        log.Id.ToString(), log.Description, log.Operator, log.Url, log.Protocol, log.Position.Value, log.Proven.Value,
        log.HeadSize?.Value, log.HeadTime,
        live?.Standing.Backlog ?? (log.HeadSize is { } head ? head > log.Tip ? head.Value - log.Tip.Value : 0 : null),
        live is null ? "not_followed" : StateOf(live), live?.Standing.Error)
    {
        Rate = RateOf(live),
    };

    /// <summary>A log that has not answered yet.</summary>
    public static LogJson Of(FollowedLog log) => new(
        log.Log.Id.ToString(), log.Log.Description, log.Log.Operator, log.Log.Url.ToString(), log.Log.Protocol.ToString().ToLowerInvariant(), 0, 0, null, null, null,
        StateOf(log), log.Standing.Error)
    {
        Rate = RateOf(log),
    };

    private static double? RateOf(FollowedLog? log) => log is null ? null : Math.Round(log.Rate, 1);

    /// <summary>What a list holds in place of a log.</summary>
    public static LogJson Of(RefusedLog log) => new("", log.Name, log.Operator, "", "", 0, 0, null, null, null, "refused", log.Reason);

    private static string StateOf(FollowedLog log) => log.State.ToString().ToLowerInvariant();
}

/// <summary>What a log did wrong last.</summary>
internal sealed record LastIncidentJson(string Id, string Kind, string Severity, DateTimeOffset Opened, DateTimeOffset? Closed)
{
    public static LastIncidentJson Of(Incident incident) =>
        new(ApiJson.IdOf(incident.Id), incident.Kind, incident.Severity.ToString().ToLowerInvariant(), incident.Opened, incident.Closed);
}

/// <summary>How a log has done lately: kept in memory, since this process began.</summary>
/// <param name="Hour">A sample each 10 seconds, oldest first.</param>
/// <param name="Day">A sample each 5 minutes, oldest first: mean rates, and the worst of the rest.</param>
internal sealed record LogHistoryJson(IReadOnlyList<LogSampleJson> Hour, IReadOnlyList<LogSampleJson> Day)
{
    /// <summary>Between two samples of the hour, and of the day.</summary>
    public static TimeSpan StepOf(bool day) => day ? LogHistory.Coarse : LogHistory.Fine;
}

/// <summary>How a log stood.</summary>
/// <param name="Rate">Entries read a second, over the minute before.</param>
/// <param name="Backlog">Entries still to read; null while no head was known.</param>
/// <param name="HeadAge">Seconds since its newest head was signed; null while none was known.</param>
internal sealed record LogSampleJson(DateTimeOffset At, double Rate, double? Backlog, double? HeadAge);
