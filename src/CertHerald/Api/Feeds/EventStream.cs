using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using CertHerald.Access;
using CertHerald.Deciding;
using CertHerald.Storage;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace CertHerald.Api.Feeds;

/// <summary>
/// What is committed, as server-sent events. Each client reads the store at its own pace, so that nothing is kept for one that is
/// slow, and one that was away, or was cut off for its slowness, goes on where it stood.
/// </summary>
internal sealed partial class EventStream : IDisposable
{
    /// <summary>Clients at once.</summary>
    public const int MostClients = 32;

    /// <summary>How often the store is asked for more, once all was sent.</summary>
    public static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    /// <summary>After so much silence a comment is sent: proxies close what is silent.</summary>
    public static readonly TimeSpan HeartbeatAfter = TimeSpan.FromSeconds(15);

    /// <summary>
    /// How long a stream lasts. Clients come again by themselves and miss nothing, and a key that was revoked does not listen for
    /// ever.
    /// </summary>
    public static readonly TimeSpan EndsAfter = TimeSpan.FromMinutes(10);

    /// <summary>How long a client may take for what it is sent at once: at most a part of each kind of events. Then it is cut off.</summary>
    public static readonly TimeSpan WriteTimeout = TimeSpan.FromSeconds(30);

    private const int PartSize = 100;

    private readonly IStore _store;
    private readonly IssuerDirectory _issuers;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Counter<long> _dropped;
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenRegistration _stop;
    private int _clients;

    public EventStream(IStore store, IssuerDirectory issuers, TimeProvider time, Meter meter, IHostApplicationLifetime life, ILogger<EventStream> logger)
    {
        (_store, _issuers, _time, _logger) = (store, issuers, time, logger);
        // A stream never ends by itself: the service would wait for it.
        _stop = life.ApplicationStopping.Register(_stopping.Cancel);
        meter.CreateObservableGauge("certherald_event_streams", () => Volatile.Read(ref _clients), description: "Clients that listen to /api/events.");
        _dropped = meter.CreateCounter<long>("certherald_event_streams_dropped_total", description: "Clients of /api/events that were too slow, and cut off.");
    }

    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/api/events",
        (string? after, string? kinds, EventStream stream, HttpContext context) => stream.AnswerAsync(after, kinds, context))
        .WithTags("Events").Needs(Scope.Read).Produces<string>(StatusCodes.Status200OK, "text/event-stream");

    public void Dispose()
    {
        _stop.Dispose();
        _stopping.Dispose();
    }

    private async Task<IResult> AnswerAsync(string? after, string? kinds, HttpContext context)
    {
        // A client that comes again says what it had last; the address is what it first came with.
        string? begin = context.Request.Headers["Last-Event-ID"] is [{ Length: > 0 } last] ? last : after;
        EventCursor? from = null;
        if (!string.IsNullOrEmpty(begin) && (from = EventIds.Read(begin)) is null)
            return ApiError.BadRequest("Last-Event-ID, and after, must be the id of an event: four numbers, joined by hyphens. 0-0-0-0 begins with the first.");
        if (!EventKindNames.TryRead(kinds, out IReadOnlySet<string>? wanted))
            return ApiError.BadRequest($"kinds must be names out of {string.Join(", ", EventKindNames.All)}, joined by commas.");

        if (Interlocked.Increment(ref _clients) > MostClients)
        {
            Interlocked.Decrement(ref _clients);
            context.Response.Headers.RetryAfter = "60";
            return TypedResults.Json(
                new ApiError("too_many_streams", $"{MostClients} clients listen already, which is as many as may. Close one, or ask again later."), ApiJson.Default.ApiError,
                statusCode: StatusCodes.Status503ServiceUnavailable);
        }
        try
        {
            await StreamAsync(from, wanted, context);
        }
        finally
        {
            Interlocked.Decrement(ref _clients);
        }
        return TypedResults.Empty;
    }

    private async Task StreamAsync(EventCursor? from, IReadOnlySet<string> wanted, HttpContext context)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stopping.Token);
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        // The server has a limit of its own, by bytes and seconds: clients that it cut would not be counted.
        context.Features.Get<IHttpMinResponseDataRateFeature>()?.MinDataRate = null;
        var writer = new EventWriter(context.Response.BodyWriter, _issuers, wanted);
        try
        {
            while (from is null && (from = await _store.EventHorizonAsync(ending.Token)) is null) await Task.Delay(LookEvery, _time, ending.Token);
            EventCursor at = from.Value;
            writer.Begin(at);
            if (!await SendAsync(writer, context, ending.Token)) return;

            long begun = _time.GetTimestamp(), sent = begun;
            EventCursor? end = null;
            while (_time.GetElapsedTime(begun) < EndsAfter)
            {
                // Up to where nothing was left, there is nothing still.
                EventCursor? until = await _store.EventHorizonAsync(ending.Token);
                EventPart part = until is { } horizon && until != end ? await _store.EventsAsync(at, horizon, PartSize, ending.Token) : new EventPart([], [], [], []);
                if (part.IsEmpty) end = until;
                at = writer.Write(part, at);
                if (writer.HasWritten || _time.GetElapsedTime(sent) >= HeartbeatAfter)
                {
                    if (!writer.HasWritten) writer.Beat();
                    sent = _time.GetTimestamp();
                    if (!await SendAsync(writer, context, ending.Token)) return;
                }
                if (part.IsEmpty) await Task.Delay(LookEvery, _time, ending.Token);
            }
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // It has gone, or the service stops.
        }
        catch (StoreException failure) when (context.Response.HasStarted)
        {
            // It comes again by itself, to where it stood.
            Cut(failure.Message);
        }
    }

    /// <returns>Whether the client has taken it; otherwise it is cut off.</returns>
    private async Task<bool> SendAsync(EventWriter writer, HttpContext context, CancellationToken ending)
    {
        using var limit = new CancellationTokenSource(WriteTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ending, limit.Token);
        try
        {
            await writer.FlushAsync(either.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            // A flush that is called off may also just return.
        }
        if (!limit.IsCancellationRequested) return true;

        context.Abort();
        _dropped.Add(1);
        Dropped(context.Connection.RemoteIpAddress, WriteTimeout.TotalSeconds);
        return false;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A client of /api/events at {Address} had not taken what it was sent after {Seconds} s, and was cut off: it can come again, and misses nothing")]
    private partial void Dropped(System.Net.IPAddress? address, double seconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A stream of events was ended, and its client will come again: {Problem}")]
    private partial void Cut(string problem);
}

/// <summary>Kinds of events on the wire: a contract with clients.</summary>
internal static class EventKindNames
{
    public const string Issuance = "issuance", Malformed = "malformed", Incident = "incident", Delivery = "delivery";

    public static IReadOnlyList<string> All { get; } = [Issuance, Malformed, Incident, Delivery];

    /// <param name="text">Null or empty: all of them.</param>
    public static bool TryRead(string? text, [NotNullWhen(true)] out IReadOnlySet<string>? kinds)
    {
        kinds = string.IsNullOrEmpty(text) ? All.ToHashSet(StringComparer.Ordinal) : text.Split(',').ToHashSet(StringComparer.Ordinal);
        if (!kinds.IsSubsetOf(All)) kinds = null;
        return kinds is not null;
    }
}

/// <summary>Places in the stream as text.</summary>
internal static class EventIds
{
    public static string Write(EventCursor at) => string.Create(CultureInfo.InvariantCulture, $"{at.Issuance}-{at.Malformed}-{at.Incident}-{at.Attempt}");

    /// <summary>Null if it is none.</summary>
    public static EventCursor? Read(string text)
    {
        string[] parts = text.Split('-', 5);
        var ids = new long[4];
        if (parts.Length != ids.Length) return null;
        for (int i = 0; i < ids.Length; i++)
            if (!long.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out ids[i])) return null;
        return new EventCursor(ids[0], ids[1], ids[2], ids[3]);
    }
}

/// <summary>Writes server-sent events. Each has the place behind it as its id.</summary>
internal sealed class EventWriter(System.IO.Pipelines.PipeWriter body, IssuerDirectory issuers, IReadOnlySet<string> wanted)
{
    /// <summary>Whether there is something to flush.</summary>
    public bool HasWritten { get; private set; }

    /// <summary>Tells where it begins, so that a client that is cut off before the first event misses none.</summary>
    public void Begin(EventCursor at) => Put($"retry: 2000\nid: {EventIds.Write(at)}\nevent: begin\ndata: {{}}\n\n");

    public void Beat() => Put(": alive\n\n");

    /// <summary>Writes those that are wanted.</summary>
    /// <returns>Where it stands behind all of them.</returns>
    public EventCursor Write(EventPart part, EventCursor at)
    {
        foreach (IssuanceEvent issuance in part.Issuances)
            Put(EventKindNames.Issuance, at = at with { Issuance = issuance.Id }, IssuanceJson.Of(issuance.Issuance, issuers), ApiJson.Default.IssuanceJson);
        foreach (MalformedEvent malformed in part.Malformed)
            Put(EventKindNames.Malformed, at = at with { Malformed = malformed.Id }, MalformedEventJson.Of(malformed), ApiJson.Default.MalformedEventJson);
        foreach (IncidentEvent incident in part.Incidents)
            Put(EventKindNames.Incident, at = at with { Incident = incident.Id }, IncidentEventJson.Of(incident), ApiJson.Default.IncidentEventJson);
        foreach (AttemptEvent attempt in part.Attempts)
            Put(EventKindNames.Delivery, at = at with { Attempt = attempt.Id }, DeliveryEventJson.Of(attempt), ApiJson.Default.DeliveryEventJson);
        return at;
    }

    public async Task FlushAsync(CancellationToken cancellation)
    {
        HasWritten = false;
        await body.FlushAsync(cancellation);
    }

    // JSON has no line ends of its own: one line of data.
    private void Put<T>(string kind, EventCursor behind, T data, JsonTypeInfo<T> style)
    {
        if (wanted.Contains(kind)) Put($"id: {EventIds.Write(behind)}\nevent: {kind}\ndata: {JsonSerializer.Serialize(data, style)}\n\n");
    }

    private void Put(string text)
    {
        Encoding.UTF8.GetBytes(text, body);
        HasWritten = true;
    }
}

/// <summary>An entry that could not be read.</summary>
internal sealed record MalformedEventJson(
    string Id, string Log, string LogDescription, ulong Index, string Problem, bool ShowsWatchedName, DateTimeOffset Discovered)
{
    public static MalformedEventJson Of(MalformedEvent one) => new(
        ApiJson.IdOf(one.Id), one.Log.ToString(), one.LogDescription, one.Index.Value, one.Problem, one.ShowsWatchedName, one.Discovered);
}

/// <summary>An incident was opened, changed or closed.</summary>
/// <param name="Id">The incident's.</param>
internal sealed record IncidentEventJson(
    string Id, string Log, string LogDescription, string Kind, string Subject, string Severity, string Summary, DateTimeOffset At, DateTimeOffset? Closed)
{
    public static IncidentEventJson Of(IncidentEvent one) => new(
        ApiJson.IdOf(one.Incident), one.Log.ToString(), one.LogDescription, one.Kind, one.Subject, one.Severity.ToString().ToLowerInvariant(), one.Summary, one.At, one.Closed);
}

/// <summary>A delivery was tried.</summary>
/// <param name="Id">The delivery's.</param>
/// <param name="State">When the event was written; it may have been tried again since the attempt.</param>
internal sealed record DeliveryEventJson(
    string Id, string Webhook, string Event, string Subject, string State, string Outcome, int? Status, bool Counted, DateTimeOffset Started, double TookMs)
{
    public static DeliveryEventJson Of(AttemptEvent one) => new(
        ApiJson.IdOf(one.Delivery), one.Webhook, one.Kind, ApiJson.IdOf(one.Subject), one.State.ToString().ToLowerInvariant(), one.Outcome, one.Status, one.Counted, one.Started,
        Math.Round(one.Took.TotalMilliseconds, 1));
}
