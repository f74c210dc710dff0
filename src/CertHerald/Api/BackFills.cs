using System.Text.Json.Serialization;
using CertHerald.Access;
using CertHerald.Following;
using CertHerald.Storage;
using CertHerald.Transparency.Logs;

namespace CertHerald.Api;

/// <summary>Searches of the past for items that are watched since later.</summary>
internal sealed class BackFills(IStore store, Domains domains, LiveLogs live, TimeProvider time)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder group = routes.MapGroup("/api/back-fills").WithTags("Back-fills").Needs(Scope.Read);

        group.MapGet("", async (BackFills backFills, CancellationToken cancellation) =>
            TypedResults.Json(await backFills.ListAsync(cancellation), ApiJson.Default.IReadOnlyListBackFillJson)).Produces<IReadOnlyList<BackFillJson>>();

        group.MapPost("", async (HttpRequest request, BackFills backFills) =>
        {
            (BackFillRequest? asked, string unread) = await Body.ReadAsync(request, ApiJson.Default.BackFillRequest, "\"items\" and \"since\"");
            return asked is null ? ApiError.BadRequest(unread) : await backFills.AddAsync(asked);
        }).Needs(Scope.Watch).Takes<BackFillRequest>().Produces<BackFillJson>(StatusCodes.Status201Created);

        group.MapPost("/{id:long}/pause", async (long id, BackFills backFills) => await backFills.PauseAsync(id, true)).Needs(Scope.Watch).Produces<BackFillJson>();
        group.MapPost("/{id:long}/resume", async (long id, BackFills backFills) => await backFills.PauseAsync(id, false)).Needs(Scope.Watch).Produces<BackFillJson>();

        group.MapDelete("/{id:long}", async (long id, BackFills backFills) => await backFills.RemoveAsync(id)).Needs(Scope.Watch).Produces<BackFillJson>();
    }

    /// <summary>All of them, newest first.</summary>
    public async Task<IReadOnlyList<BackFillJson>> ListAsync(CancellationToken cancellation) =>
        [.. (await store.BackFillsAsync(cancellation)).Select(one => BackFillJson.Of(one, live()))];

    // What follows is not cancellable: a client that hangs up must not leave it half done.

    private async Task<IResult> AddAsync(BackFillRequest request)
    {
        (BackFillJson? begun, string problem, bool isConflict) = await BeginAsync(request);
        return begun is not null ? TypedResults.Json(begun, ApiJson.Default.BackFillJson, statusCode: StatusCodes.Status201Created)
            : isConflict ? ApiError.Conflict(problem)
            : ApiError.BadRequest(problem);
    }

    /// <summary>Begins a search; or says why not, and whether that may change without the request.</summary>
    public async Task<(BackFillJson? Begun, string Problem, bool IsConflict)> BeginAsync(BackFillRequest request)
    {
        if (request.Items is not { Count: > 0 and <= 1_000 }) return (null, "\"items\" names from 1 to 1,000 watch items.", false);
        if (request.Since is not { } since || since > time.GetUtcNow()) return (null, "\"since\" is a time in the past, such as 2026-08-01T00:00:00Z.", false);

        var items = new List<string>();
        foreach (string name in request.Items)
        {
            if (Domains.Read(name, out string problem) is not { } item) return (null, problem, false);
            if (!domains.IsWatched(item)) return (null, $"{item} is not watched: add it first, so that nothing is missed between the past and now.", true);
            items.Add(item.Text);
        }

        List<LogId> logs = await BegunAsync();
        if (logs.Count == 0) return (null, "No log is followed yet: try again when one is.", true);

        BackFill added = await store.AddBackFillAsync(items, since, logs, CancellationToken.None);
        Ring();
        return (BackFillJson.Of(added, live()), "", false);
    }

    /// <summary>
    /// The logs that have a position and are read: whether they have answered since the start, or their list could be had by
    /// now, is no matter. They are searched when they do.
    /// </summary>
    private async Task<List<LogId>> BegunAsync()
    {
        var stages = (await store.LivesAsync(CancellationToken.None)).ToDictionary(life => life.Log.Id, life => life.Stage);
        foreach (FollowedLog log in live()) stages[log.Log.Id] = log.Stage;
        return [.. from log in await store.LogsAsync(CancellationToken.None) where stages.TryGetValue(log.Id, out LogStage stage) && stage != LogStage.Stopped select log.Id];
    }

    private async Task<IResult> PauseAsync(long id, bool paused)
    {
        if (!await store.PauseBackFillAsync(id, paused, CancellationToken.None)) return ApiError.NotFound("back-fill");
        Ring();
        return await FindAsync(id);
    }

    private async Task<IResult> RemoveAsync(long id)
    {
        IResult was = await FindAsync(id);
        await store.RemoveBackFillAsync(id, CancellationToken.None);
        return was;
    }

    private async Task<IResult> FindAsync(long id) => (await ListAsync(CancellationToken.None)).FirstOrDefault(one => one.Id == ApiJson.IdOf(id)) is { } found
        ? TypedResults.Json(found, ApiJson.Default.BackFillJson)
        : ApiError.NotFound("back-fill");

    private void Ring()
    {
        foreach (FollowedLog log in live()) log.BackFillBell.Ring();
    }
}

/// <summary>What to search for, on the wire.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record BackFillRequest(IReadOnlyList<string>? Items, DateTimeOffset? Since);

/// <summary>A search of the past on the wire.</summary>
/// <param name="State">running, paused or done.</param>
/// <param name="Read">Entries read so far, in the logs that were begun.</param>
/// <param name="Total">Entries to read, in the logs that were begun.</param>
/// <param name="SecondsLeft">At the present rate; null while there is none.</param>
/// <param name="LeftOut">Logs that are known now and not searched.</param>
internal sealed record BackFillJson(
    string Id, IReadOnlyList<string> Items, DateTimeOffset Since, DateTimeOffset Added, string State, ulong Read, ulong Total, long? SecondsLeft,
    IReadOnlyList<BackFillLogJson> Logs, IReadOnlyList<LeftOutLogJson> LeftOut)
{
    public static BackFillJson Of(BackFill search, IReadOnlyList<FollowedLog> live)
    {
        List<BackFillLogJson> logs = [.. search.Logs.Select(log => BackFillLogJson.Of(search, log, live.FirstOrDefault(one => one.Log.Id == log)))];
        // The slowest log decides.
        bool isKnown = logs.TrueForAll(log => log.SecondsLeft is not null);
        return new BackFillJson(
            ApiJson.IdOf(search.Id), search.Items, search.Since, search.Added, search.IsDone ? "done" : search.Paused ? "paused" : "running",
            logs.Aggregate(0UL, (sum, log) => sum + log.Read), logs.Aggregate(0UL, (sum, log) => sum + log.Total),
            isKnown && !search.Paused ? logs.Max(log => log.SecondsLeft) : null, logs,
            [.. live.Where(log => !search.Logs.Contains(log.Log.Id)).Select(LeftOutLogJson.Of)]);
    }
}

/// <summary>A log that a search leaves out, and why.</summary>
internal sealed record LeftOutLogJson(string Log, string LogDescription, string Reason)
{
    public static LeftOutLogJson Of(FollowedLog log) => new(
        log.Log.Id.ToString(), log.Log.Description,
        log.Stage == LogStage.Stopped ? "it is not read any more" : log.Standing.Lanes.Count == 0 ? "it has never answered" : "it was begun after the search");
}

/// <summary>How far a search is in one log.</summary>
/// <param name="Problem">Why it does not go on now; null if it does.</param>
internal sealed record BackFillLogJson(string Log, string LogDescription, ulong Read, ulong Total, long? SecondsLeft, string? Problem)
{
    public static BackFillLogJson Of(BackFill search, LogId log, FollowedLog? live)
    {
        List<LogLane> lanes = [.. search.Lanes.Where(one => one.Log == log).Select(one => one.Lane)];
        ulong read = lanes.Aggregate(0UL, (sum, lane) => sum + (lane.Position.Read.Size.Value - lane.Start.Value));
        ulong total = lanes.Aggregate(0UL, (sum, lane) => sum + (lane.Until!.Value.Value - lane.Start.Value));
        double? rate = live?.SearchRateOf(search.Id);
        string? problem = live is null ? "the log is not followed now"
            : lanes.FirstOrDefault(lane => lane.Trouble is not null) is { Trouble: { } trouble } ? trouble.Kind
            : lanes.Count > 0 && read == total && !search.IsDoneIn(log) ? "read, and not proven yet"
            : null;
        return new BackFillLogJson(
            log.ToString(), live is null ? "" : live.Log.Description, read, total,
            lanes.Count > 0 && read == total ? 0 : rate > 0 ? (long)Math.Ceiling((total - read) / rate.Value) : null, problem);
    }
}
