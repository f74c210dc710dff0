using System.Text.Json;
using CertHerald.Access;
using CertHerald.Storage;
using CertHerald.Transparency.Logs;

namespace CertHerald.Api;

/// <summary>The promises that logs broke, and what kept them from being read.</summary>
internal sealed class LogIncidents(IIncidents store, LiveLogs live)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder group = routes.MapGroup("/api/incidents").WithTags("Logs").Needs(Scope.Read);

        group.MapGet("", async (string? open, string? log, string? limit, LogIncidents incidents, CancellationToken cancellation) =>
        {
            if (Page.Read(null, limit ?? "1000", out string? problem) is not { } page) return ApiError.BadRequest(problem!);
            if (open is not (null or "true" or "false")) return ApiError.BadRequest("open must be true or false.");
            LogId? id = null;
            if (!string.IsNullOrEmpty(log) && (id = ReadLog(log)) is null) return ApiError.BadRequest("log must be a log's id: base64 of 32 bytes, escaped for a URL.");
            return (IResult)TypedResults.Json(
                await incidents.ListAsync(new IncidentFilter(open == "true", id, Limit: page.Limit), cancellation), ApiJson.Default.IReadOnlyListIncidentJson);
        }).Produces<IReadOnlyList<IncidentJson>>();

        group.MapPost("/{id:long}/close", async (long id, LogIncidents incidents, CancellationToken cancellation) =>
            await incidents.CloseAsync(id, cancellation) is { } closed
                ? TypedResults.Json(closed, ApiJson.Default.IncidentJson)
                : (IResult)ApiError.NotFound("incident")).Needs(Scope.Watch).Produces<IncidentJson>();
    }

    /// <summary>Newest first.</summary>
    public async Task<IReadOnlyList<IncidentJson>> ListAsync(IncidentFilter filter, CancellationToken cancellation) =>
        [.. (await store.IncidentsAsync(filter, cancellation)).Select(IncidentJson.Of)];

    /// <summary>Those that are not over, the gravest first.</summary>
    public async Task<IReadOnlyList<IncidentJson>> OpenAsync(CancellationToken cancellation) =>
        [.. (await store.IncidentsAsync(new IncidentFilter(OnlyOpen: true), cancellation)).OrderByDescending(incident => incident.Severity).Select(IncidentJson.Of)];

    /// <summary>Open and closed ones, newest first.</summary>
    public Task<IReadOnlyList<IncidentJson>> NewestAsync(int atMost, CancellationToken cancellation) => ListAsync(new IncidentFilter(Limit: atMost), cancellation);

    /// <summary>Those of one log, newest first.</summary>
    public Task<IReadOnlyList<IncidentJson>> OfLogAsync(string log, int atMost, CancellationToken cancellation) => ListAsync(new IncidentFilter(Log: ReadLog(log), Limit: atMost), cancellation);

    /// <summary>Closes one that its operator has dealt with. Should its cause still hold, the next case opens a new one.</summary>
    /// <returns>It, closed; null if there is none.</returns>
    public async Task<IncidentJson?> CloseAsync(long id, CancellationToken cancellation)
    {
        if (await store.CloseIncidentAsync(id, cancellation) is not { } closed) return null;
        live().FirstOrDefault(log => log.Log.Id == closed.Log)?.Incidents.Forget();
        return IncidentJson.Of(closed);
    }

    private static LogId? ReadLog(string text)
    {
        byte[] hash = new byte[Transparency.Merkle.MerkleHash.Length];
        // In a query a plus sign that was not escaped is a space.
        return Convert.TryFromBase64String(text.Replace(' ', '+'), hash, out int length) && length == hash.Length ? new LogId(new Transparency.Merkle.MerkleHash(hash)) : null;
    }
}

/// <summary>A log's broken promise on the wire.</summary>
/// <param name="Subject">Tells two of one log and kind apart; perhaps empty.</param>
/// <param name="Advice">What to do about it.</param>
/// <param name="Cases">How often it was seen while open.</param>
internal sealed record IncidentJson(
    string Id, string Log, string LogDescription, string Kind, string Severity, string Subject, string Summary, string Advice, JsonElement Evidence,
    DateTimeOffset Opened, DateTimeOffset Changed, DateTimeOffset LastCase, long Cases, DateTimeOffset? Closed)
{
    public static IncidentJson Of(Incident incident) => new(
        ApiJson.IdOf(incident.Id), incident.Log.ToString(), incident.LogDescription, incident.Kind, incident.Severity.ToString().ToLowerInvariant(),
        incident.Subject, incident.Summary, IncidentKinds.AdviceFor(incident.Kind), JsonElement.Parse(incident.Evidence), incident.Opened, incident.Changed,
        incident.LastCase, incident.Cases, incident.Closed);
}
