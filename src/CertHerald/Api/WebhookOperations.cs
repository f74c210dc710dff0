using System.Text;
using System.Text.Json.Serialization;
using CertHerald.Access;
using CertHerald.Delivering;
using CertHerald.Following;
using CertHerald.Storage;

namespace CertHerald.Api;

/// <summary>Puts webhooks on hold, takes them off it, and tests them.</summary>
internal sealed partial class WebhookOperations(IDeliveries store, Webhooks webhooks, Bell bell, TimeProvider time, ILogger<WebhookOperations> logger)
{
    private const int LongestReason = 500;

    public static void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder group = routes.MapGroup("/api/webhooks/{name}").WithTags("Webhooks").Needs(Scope.Read);

        group.MapGet("/state", async (string name, WebhookOperations operations, CancellationToken cancellation) =>
            operations.Find(name) is null ? ApiError.NotFound("webhook") : (IResult)TypedResults.Json(await operations.StateOfAsync(name, cancellation), ApiJson.Default.WebhookStateJson)).Produces<WebhookStateJson>();
        group.MapPost("/hold", async (string name, HttpRequest request, WebhookOperations operations) =>
        {
            if (operations.Find(name) is not { } webhook) return ApiError.NotFound("webhook");
            (HoldRequest? asked, string unread) = await Body.ReadAsync(request, ApiJson.Default.HoldRequest, "\"reason\"", empty: new HoldRequest(null));
            if (asked is null) return ApiError.BadRequest(unread);
            if (asked.Reason?.Length > LongestReason) return ApiError.BadRequest($"\"reason\" has at most {LongestReason} characters.");
            string? reason = string.IsNullOrWhiteSpace(asked.Reason) ? null : asked.Reason;
            return (IResult)TypedResults.Json(await operations.HoldAsync(webhook, reason), ApiJson.Default.WebhookStateJson);
        }).Needs(Scope.Replay).Takes<HoldRequest>(isRequired: false).Produces<WebhookStateJson>();
        group.MapPost("/resume", async (string name, WebhookOperations operations) =>
            operations.Find(name) is { } webhook ? TypedResults.Json(await operations.ResumeAsync(webhook), ApiJson.Default.WebhookStateJson) : (IResult)ApiError.NotFound("webhook")).Needs(Scope.Replay).Produces<WebhookStateJson>();
        group.MapPost("/test", async (string name, string? example, WebhookOperations operations, WebhookTests tests, CancellationToken cancellation) =>
        {
            if (operations.Find(name) is not { } webhook) return ApiError.NotFound("webhook");
            IReadOnlyList<string> examples = tests.ExamplesFor(webhook);
            if (example is not null && !examples.Contains(example))
                return ApiError.BadRequest(examples.Count == 0 ? $"The dialect {webhook.Dialect} has one example only: leave \"example\" out." : $"\"example\" is one of: {string.Join(", ", examples)}.");
            return await tests.SendAsync(webhook, cancellation, example) is var (answer, took)
                ? TypedResults.Json(WebhookTestJson.Of(answer, took), ApiJson.Default.WebhookTestJson)
                : (IResult)TypedResults.Json(
                    new ApiError("too_soon", $"A webhook is tested every {WebhookTests.Apart.TotalSeconds:0} s at most."), ApiJson.Default.ApiError, statusCode: StatusCodes.Status429TooManyRequests);
        }).Needs(Scope.Webhooks).Produces<WebhookTestJson>();
    }

    public WebhookOptions? Find(string name) => webhooks.All.FirstOrDefault(webhook => webhook.Name == name);

    public async Task<WebhookStateJson> StateOfAsync(string name, CancellationToken cancellation) =>
        WebhookStateJson.Of(name, await store.FindWebhookAsync(name, cancellation), time.GetUtcNow());

    /// <summary>The states of webhooks, in the order given.</summary>
    public async Task<IReadOnlyList<WebhookStateJson>> StatesOfAsync(IEnumerable<string> names, CancellationToken cancellation)
    {
        IReadOnlyDictionary<string, WebhookState> states = await store.WebhookStatesAsync(cancellation);
        DateTimeOffset now = time.GetUtcNow();
        return [.. names.Select(name => WebhookStateJson.Of(name, states.GetValueOrDefault(name, WebhookState.New), now))];
    }

    /// <summary>What it is owed waits from now on; what is under way ends.</summary>
    public async Task<WebhookStateJson> HoldAsync(WebhookOptions webhook, string? reason)
    {
        DateTimeOffset now = time.GetUtcNow();
        WebhookState state = await store.ChangeWebhookAsync(
            webhook.Name, before => (WebhookHealth.Hold(before, WebhookStatus.Off, null, reason ?? "Its operator put it on hold.", now).State, null), webhook.Rate, CancellationToken.None);
        Held(webhook.Name);
        return WebhookStateJson.Of(webhook.Name, state, now);
    }

    /// <summary>What was held leaves now, oldest first, at the webhook's rate; a pause and the breaker end too.</summary>
    public async Task<WebhookStateJson> ResumeAsync(WebhookOptions webhook)
    {
        DateTimeOffset now = time.GetUtcNow();
        WebhookState state = await store.ChangeWebhookAsync(webhook.Name, before => (WebhookHealth.Released(before, now), null), webhook.Rate, CancellationToken.None);
        bell.Ring();
        Resumed(webhook.Name);
        return WebhookStateJson.Of(webhook.Name, state, now);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Webhook {Webhook} was put on hold: it was asked for")]
    private partial void Held(string webhook);

    [LoggerMessage(Level = LogLevel.Information, Message = "Webhook {Webhook} was resumed: it was asked for")]
    private partial void Resumed(string webhook);
}

/// <summary>Why a webhook is put on hold, on the wire.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record HoldRequest(string? Reason);

/// <summary>The state of a webhook on the wire.</summary>
/// <param name="Status">active, paused, held, gone or off.</param>
/// <param name="Reason">Why it gets nothing; null if it does.</param>
/// <param name="PausedUntil">When a pause ends; null if there is none.</param>
/// <param name="ProbeAt">When a held one is tried next; null if it is not.</param>
/// <param name="FailingSince">Since when it took nothing; null if its last attempt succeeded.</param>
internal sealed record WebhookStateJson(
    string Name, string Status, string? Reason, DateTimeOffset? Since, DateTimeOffset? PausedUntil, DateTimeOffset? ProbeAt, int Failures, DateTimeOffset? FailingSince,
    DateTimeOffset? LastSuccess)
{
    public static WebhookStateJson Of(string name, WebhookState state, DateTimeOffset now)
    {
        bool isPaused = state.Status == WebhookStatus.Active && (state.IsPausedAt(now) || state.IsBreakerOpen);
        string? reason = isPaused ? state.IsBreakerOpen ? $"It failed {state.Failures} times in a row: one delivery is tried now and then." : "It asked for a pause." : state.Reason;
        return new WebhookStateJson(
            name, isPaused ? "paused" : state.Status.ToString().ToLowerInvariant(), reason, state.Since, state.IsPausedAt(now) ? state.PausedUntil : null,
            state.ProbeAt, state.Failures, state.FailingSince, state.LastSuccess);
    }
}

/// <summary>What came of a test.</summary>
/// <param name="Answer">The answer's first bytes as text. Foreign.</param>
internal sealed record WebhookTestJson(bool Delivered, int? Status, string Outcome, double TookMs, string Answer)
{
    public static WebhookTestJson Of(Answer answer, TimeSpan took) => new(
        answer.Outcome == AttemptOutcome.Delivered, answer.Status, Delivering.Answer.NameOf(answer.Outcome), Math.Round(took.TotalMilliseconds, 1),
        Encoding.UTF8.GetString(answer.Body));
}
