using System.Globalization;
using System.Text.Json.Serialization;
using CertHerald.Access;
using CertHerald.Delivering;
using CertHerald.Following;
using CertHerald.Storage;

namespace CertHerald.Api;

/// <summary>Sends deliveries again, or calls them off.</summary>
internal sealed partial class Replays(IDeliveries store, Webhooks webhooks, Bell bell, TimeProvider time, ILogger<Replays> logger)
{
    /// <summary>Taken in one transaction.</summary>
    private const int AtOnce = 200;

    private const int MostIds = 10_000;

    public static void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder group = routes.MapGroup("/api/deliveries").WithTags("Deliveries").Needs(Scope.Replay);

        group.MapPost("/replay", async (HttpRequest request, Replays replays, CancellationToken cancellation) =>
        {
            (ReplayRequest? asked, string unread) = await Body.ReadAsync(
                request, ApiJson.Default.ReplayRequest, "\"ids\", \"webhook\", \"from\", \"until\", \"state\", \"as_new\" and \"dry_run\"");
            if (asked is null) return ApiError.BadRequest(unread);
            (ReplayJson? outcome, string problem) = await replays.ReplayAsync(asked, cancellation);
            return outcome is null ? ApiError.BadRequest(problem) : (IResult)TypedResults.Json(outcome, ApiJson.Default.ReplayJson);
        }).Takes<ReplayRequest>().Produces<ReplayJson>();
        group.MapPost("/{id:long}/replay", async (long id, bool? as_new, Replays replays) =>
            await replays.ReplayAsync(id, as_new == true) is { } outcome ? TypedResults.Json(outcome, ApiJson.Default.ReplayJson) : (IResult)ApiError.NotFound("delivery")).Produces<ReplayJson>();
        group.MapPost("/{id:long}/cancel", async (long id, Replays replays, Deliveries deliveries, CancellationToken cancellation) =>
        {
            bool isCancelled = await replays.CancelAsync(id);
            if (await deliveries.FindAsync(id, cancellation) is not { } delivery) return ApiError.NotFound("delivery");
            return isCancelled
                ? TypedResults.Json(delivery, ApiJson.Default.DeliveryJson)
                : (IResult)ApiError.Conflict($"It is {delivery.State}: only what waits or is held can be called off.");
        }).Produces<DeliveryJson>();
    }

    /// <summary>Replays one; null if there is none.</summary>
    public async Task<ReplayJson?> ReplayAsync(long id, bool asNew)
    {
        ReplayJson outcome = await ReplayAsync(new ReplayFilter([id]), asNew, dryRun: false, CancellationToken.None);
        return outcome.Count == 0 ? null : outcome;
    }

    /// <summary>Calls one off that waits or is held; whether it could.</summary>
    public async Task<bool> CancelAsync(long id)
    {
        if (!await store.CancelDeliveryAsync(id, CancellationToken.None)) return false;
        Cancelled(id);
        return true;
    }

    /// <summary>Replays what a filter takes, at half of each webhook's rate.</summary>
    /// <param name="dryRun">Counts only.</param>
    public async Task<ReplayJson> ReplayAsync(ReplayFilter filter, bool asNew, bool dryRun, CancellationToken cancellation)
    {
        ReplayCount count = await store.CountReplayAsync(filter, cancellation);
        var outcome = new ReplayJson(count.Count, count.First, count.Last, dryRun, 0, 0, 0, 0);
        if (dryRun || count.Count == 0) return outcome;

        Dictionary<string, double> rates = webhooks.All.ToDictionary(webhook => webhook.Name, webhook => webhook.Rate, StringComparer.Ordinal);
        var sent = new Dictionary<string, int>(StringComparer.Ordinal);
        DateTimeOffset now = time.GetUtcNow();
        for (long? after = 0; after is { } from;)
        {
            ReplayPart part = await store.ReplayAsync(filter, from, count.LastId, AtOnce, asNew, DueOf, cancellation);
            foreach ((string webhook, int placed) in part.Placed) sent[webhook] = sent.GetValueOrDefault(webhook) + placed;
            outcome = outcome with
            {
                Replayed = outcome.Replayed + part.Replayed,
                Hastened = outcome.Hastened + part.Hastened,
                Held = outcome.Held + part.Held,
                UnderWay = outcome.UnderWay + part.UnderWay,
            };
            after = part.After;
        }
        bell.Ring();
        Replayed(outcome.Replayed, outcome.Hastened);
        return outcome;

        // Spread over time, so that what is new goes between, and nothing looks late that only waits its turn.
        DateTimeOffset DueOf(string webhook, int before) =>
            now.AddSeconds(Math.Floor((sent.GetValueOrDefault(webhook) + before) / (rates.GetValueOrDefault(webhook, 1) / 2)));
    }

    /// <summary>Replays what is asked for, or counts it; else says what cannot be meant.</summary>
    public async Task<(ReplayJson? Outcome, string Problem)> ReplayAsync(ReplayRequest asked, CancellationToken cancellation)
    {
        ReplayOf? of = asked.State switch
        {
            null => ReplayOf.Any,
            "dead" or "dropped" => ReplayOf.Dead,
            "held" => ReplayOf.Held,
            "undelivered" => ReplayOf.Undelivered,
            _ => null,
        };
        if (of is null) return (null, "\"state\" is dead, held or undelivered.");
        if (asked.Ids is null && asked.State is null && asked.From is null && asked.Until is null)
            return (null, "Say what to replay: \"ids\", \"state\", \"from\" or \"until\".");
        if (asked.Ids is { Count: > MostIds }) return (null, $"\"ids\" names at most {MostIds} deliveries.");

        var ids = new List<long>();
        foreach (string id in asked.Ids ?? [])
            if (long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out long number)) ids.Add(number);
            else return (null, "\"ids\" are ids of deliveries, in decimal digits.");
        var filter = new ReplayFilter(asked.Ids is null ? null : ids, asked.Webhook, asked.From, asked.Until, of.Value);
        AuditNote.Asked(Summary(asked, ids));
        return (await ReplayAsync(filter, asked.AsNew == true, asked.DryRun == true, cancellation), "");
    }

    /// <summary>What a line of the audit trail has room for, what matters most first.</summary>
    private static string Summary(ReplayRequest asked, List<long> ids)
    {
        (string Name, string? Value)[] parts =
        [
            ("dry_run", asked.DryRun == true ? "true" : null), ("as_new", asked.AsNew == true ? "true" : null), ("state", asked.State), ("webhook", asked.Webhook),
            ("from", asked.From?.UtcDateTime.ToString("O", CultureInfo.InvariantCulture)), ("until", asked.Until?.UtcDateTime.ToString("O", CultureInfo.InvariantCulture)), ("ids", asked.Ids is null ? null : string.Join(',', ids)),
        ];
        return string.Join('&', from part in parts where part.Value is not null select $"{part.Name}={part.Value}");
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Replayed} deliveries are sent again, and {Hastened} that waited are due now: it was asked for")]
    private partial void Replayed(long replayed, long hastened);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Delivery {Delivery} was called off: it was asked for")]
    private partial void Cancelled(long delivery);
}

/// <summary>What to replay, on the wire: all that is given must hold.</summary>
/// <param name="State">dead, held or undelivered; null for any.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ReplayRequest(
    IReadOnlyList<string>? Ids, string? Webhook, DateTimeOffset? From, DateTimeOffset? Until, string? State, bool? AsNew, bool? DryRun);

/// <summary>What a replay takes and did.</summary>
/// <param name="Count">Deliveries that it takes.</param>
/// <param name="First">When the first of them was owed.</param>
/// <param name="Replayed">Sent again.</param>
/// <param name="Hastened">Waited, and are due now.</param>
/// <param name="Held">Wait for their webhook.</param>
/// <param name="UnderWay">Were being sent.</param>
internal sealed record ReplayJson(
    long Count, DateTimeOffset? First, DateTimeOffset? Last, bool DryRun, long Replayed, long Hastened, long Held, long UnderWay);
