using System.Collections.Immutable;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using CertHerald.Access;
using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Delivering.Signing;
using CertHerald.Storage;

namespace CertHerald.Api;

/// <summary>The webhooks, and those that are added, changed and removed while the service runs. These are kept in the store, secrets encrypted.</summary>
internal sealed partial class AddedWebhooks(
    IStore store, Delivering.Webhooks webhooks, IReadOnlyList<IWebhookDialect> dialects, WebhookHandshake handshake, TimeProvider time, ILogger<AddedWebhooks> logger) : IDisposable
{
    private const double UsualOverlapHours = 24, MostOverlapHours = 7 * 24;

    /// <summary>Changes that are made again from what another node has left.</summary>
    private const int MostTries = 1;

    private readonly Turns _turns = new();
    private readonly IReadOnlyList<IWebhookDialect> _dialects = [.. dialects.Where(dialect => !dialect.IsMail)];

    // As the store has them. Written by whoever has the turn.
    private ImmutableSortedDictionary<string, Kept> _added = ImmutableSortedDictionary.Create<string, Kept>(StringComparer.Ordinal);

    public static void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder group = routes.MapGroup("/api/webhooks").WithTags("Webhooks").Needs(Scope.Read);

        group.MapGet("", async (AddedWebhooks added, CancellationToken cancellation) =>
            TypedResults.Json(await added.ListAsync(cancellation), ApiJson.Default.IReadOnlyListWebhookJson)).Produces<IReadOnlyList<WebhookJson>>();

        group.MapGet("/{name}", async (string name, AddedWebhooks added, CancellationToken cancellation) =>
            (await added.ListAsync(cancellation)).FirstOrDefault(webhook => webhook.Name == name) is { } found
                ? TypedResults.Json(found, ApiJson.Default.WebhookJson)
                : (IResult)ApiError.NotFound("webhook")).Produces<WebhookJson>();

        group.MapPost("", (HttpRequest request, AddedWebhooks added) => AnswerAsync(request, ApiJson.Default.WebhookRequest, null, added.AddAsync))
            .Needs(Scope.Webhooks).Takes<WebhookRequest>().Produces<WebhookJson>(StatusCodes.Status201Created);

        group.MapPatch("/{name}", (string name, HttpRequest request, AddedWebhooks added) =>
            AnswerAsync(request, ApiJson.Default.WebhookRequest, null, asked => added.ChangeAsync(name, asked)))
            .Needs(Scope.Webhooks).Takes<WebhookRequest>().Produces<WebhookJson>();

        group.MapDelete("/{name}", async (string name, AddedWebhooks added) => Answer(await added.RemoveAsync(name))).Needs(Scope.Webhooks).Produces<WebhookJson>();

        group.MapPost("/{name}/rotate-secret", (string name, HttpRequest request, AddedWebhooks added) =>
            AnswerAsync(request, ApiJson.Default.RotateRequest, new RotateRequest(), asked => added.RotateAsync(name, asked)))
            .Needs(Scope.Webhooks).Takes<RotateRequest>(isRequired: false).Produces<WebhookJson>();
    }

    /// <summary>The dialects' names, the usual one first.</summary>
    public IEnumerable<string> Dialects => _dialects.Select(dialect => dialect.Name);

    /// <summary>Every kind of event that some dialect can tell.</summary>
    public IEnumerable<string> Events => EventKinds.All.Where(kind => _dialects.Any(dialect => dialect.Speaks(kind)));

    /// <summary>Puts in force what another node has changed.</summary>
    public Task RefreshAsync(CancellationToken cancellation) => _turns.TakeAsync(() => LoadAsync(cancellation), cancellation);

    /// <summary>Puts in force what the store holds. Called before anything is sent.</summary>
    /// <exception cref="StoreException">One cannot be read, or a newer program wrote it.</exception>
    public async Task LoadAsync(CancellationToken cancellation)
    {
        _added = (await store.AddedWebhooksAsync(cancellation)).ToImmutableSortedDictionary(webhook => webhook.Name, Keep, StringComparer.Ordinal);
        webhooks.Add([.. _added.Values.Select(one => one.Options)]);
        foreach (string name in _added.Keys.Where(IsConfigured)) LogHidden(name);
    }

    /// <summary>All of them by name, without any secret.</summary>
    public async Task<IReadOnlyList<WebhookJson>> ListAsync(CancellationToken cancellation)
    {
        ImmutableSortedDictionary<string, Kept> added = _added;
        IReadOnlyDictionary<string, WebhookState> states = await store.WebhookStatesAsync(cancellation);
        var list = new List<WebhookJson>();
        foreach (WebhookOptions webhook in webhooks.All.OrderBy(webhook => webhook.Name, StringComparer.Ordinal))
        {
            bool isConfigured = IsConfigured(webhook.Name);
            list.Add(Describe(webhook, isConfigured ? null : added.GetValueOrDefault(webhook.Name)?.Stored, states.GetValueOrDefault(webhook.Name)?.Hold));
        }
        return list;
    }

    // What follows is not cancellable: a client that hangs up must not leave what is stored and what is in force apart.

    /// <summary>Adds one; from the next commit on it is owed what it asks for.</summary>
    public Task<WebhookOutcome> AddAsync(WebhookRequest request) => AskingFirstAsync(null, request, () => _turns.TakeAsync(async () =>
    {
        if (request.ApplyTo(before: null, _dialects, time.GetUtcNow(), out string mistake) is not { } made) return new WebhookOutcome(StatusCodes.Status400BadRequest, mistake);
        string name = made.Webhook.Name;
        AuditNote.About(name);
        if (IsConfigured(name)) return Configured(name);
        if (_added.ContainsKey(name) || !await store.AddWebhookAsync(made.Webhook, CancellationToken.None))
        {
            // Perhaps another node has added it, a moment ago.
            await LoadAsync(CancellationToken.None);
            return new WebhookOutcome(StatusCodes.Status409Conflict, $"There is a webhook {name} already: change it, or choose another name.");
        }
        PutInForce(made.Webhook);
        LogAdded(name);
        return await OutcomeAsync(StatusCodes.Status201Created, made);
    }));

    /// <summary>Changes what the request names. Another host gets nothing of what the old one was trusted with.</summary>
    public Task<WebhookOutcome> ChangeAsync(string name, WebhookRequest request) => AskingFirstAsync(name, request, () => ChangeAsync(name, before =>
    {
        if (request.Name is not null && request.Name != before.Name) return (null, "A webhook keeps its name: what it is owed goes by it. Add another one.");
        ChangedWebhook? after = request.ApplyTo(before, _dialects, time.GetUtcNow(), out string mistake);
        return (after, mistake);
    }));

    /// <summary>
    /// Gives it a new signing secret. The old ones sign beside it for a while; those of an app sign on alone, and the new one takes
    /// over when they end. Which kind is changed, the new one's text tells; if it is made, the app's where there is one.
    /// </summary>
    public Task<WebhookOutcome> RotateAsync(string name, RotateRequest request) => ChangeAsync(name, before =>
    {
        if (request.OverlapHours is { } hours && !(hours is >= 0 and <= MostOverlapHours)) return (null, $"\"overlap_hours\" is a number from 0 to {MostOverlapHours}.");
        string? wrong = null;
        bool hasApp = dialects.Any(dialect => dialect.Name == before.Dialect && dialect.Options.Contains(DialectOptions.AppSecret));
        bool isOfApp = hasApp && (request.Secret is null || !SigningSecret.HasForm(request.Secret));
        bool isTaken = request.Secret is null || (isOfApp ? AppSecret.TryParse(request.Secret, out _, out wrong) : SigningSecret.TryParse(request.Secret, out _, out wrong));
        if (!isTaken) return (null, $"\"secret\" {wrong}.");

        DateTimeOffset now = time.GetUtcNow(), until = now.AddHours(request.OverlapHours ?? UsualOverlapHours);
        var latest = new StoredSecret(request.Secret ?? (isOfApp ? AppSecret.New().Text : SigningSecret.New().Text), Until: null);
        IEnumerable<StoredSecret> ofItsKind = before.Secrets.Where(secret => SigningSecret.HasForm(secret.Text) != isOfApp), others = before.Secrets.Except(ofItsKind);
        StoredSecret[] old = [.. ofItsKind.Select(secret => secret with { Until = secret.Until < until ? secret.Until : until }).Where(secret => secret.Until > now)];
        return old.Length > StandardSigner.MostOld
            ? (null, $"{old.Length - 1} old secrets still sign, until {old[^1].Until:yyyy-MM-dd HH:mm}Z the oldest: wait for it, or end them all now with \"overlap_hours\": 0.")
            : (new ChangedWebhook(before with { Secrets = [latest, .. old, .. others] }, request.Secret is null && !isOfApp ? latest.Text : null, Warning: null)
            {
                MadeForApp = request.Secret is null && isOfApp ? latest.Text : null,
            }, "");
    });

    /// <summary>Removes it, its secrets with it. What it is owed stays, and waits for one of its name.</summary>
    public Task<WebhookOutcome> RemoveAsync(string name) => _turns.TakeAsync(async () =>
    {
        if (!_added.TryGetValue(name, out Kept? kept))
        {
            await LoadAsync(CancellationToken.None);
            if (!_added.TryGetValue(name, out kept)) return Missing(name);
        }
        WebhookJson was = Describe(kept.Options, kept.Stored, await HoldOfAsync(name, CancellationToken.None));
        bool isOurs = await store.RemoveWebhookAsync(name, CancellationToken.None);
        _added = _added.Remove(name);
        webhooks.Add([.. _added.Values.Select(one => one.Options)]);
        if (!isOurs) return Missing(name);
        LogRemoved(name);
        return new WebhookOutcome(StatusCodes.Status200OK, null) { Webhook = was };
    });

    public void Dispose() => _turns.Dispose();

    private Task<WebhookOutcome> ChangeAsync(string name, Func<StoredWebhook, (ChangedWebhook? After, string Mistake)> change) => _turns.TakeAsync(async () =>
    {
        for (int tries = 1; ; tries++)
        {
            if (IsConfigured(name)) return Missing(name);
            if (_added.TryGetValue(name, out Kept? kept))
            {
                (ChangedWebhook? after, string mistake) = change(kept.Stored);
                if (after is null) return new WebhookOutcome(StatusCodes.Status400BadRequest, mistake);
                StoredWebhook next = after.Webhook with { Revision = kept.Stored.Revision };
                if (await store.ReplaceWebhookAsync(next, CancellationToken.None))
                {
                    PutInForce(next with { Revision = next.Revision + 1 });
                    LogChanged(name);
                    return await OutcomeAsync(StatusCodes.Status200OK, after);
                }
            }

            // Another node has added, changed or removed it: what is here is what it was.
            if (tries > MostTries)
                return kept is null ? Missing(name) : new WebhookOutcome(StatusCodes.Status409Conflict, $"Webhook {name} is being changed from elsewhere: look at it, then ask again.");
            await LoadAsync(CancellationToken.None);
        }
    });

    /// <summary>
    /// Nothing is changed before its receiver, asked with the token of the request, has said that it wants to be one. It may take
    /// its time: other changes do not wait for it.
    /// </summary>
    private async Task<WebhookOutcome> AskingFirstAsync(string? name, WebhookRequest request, Func<Task<WebhookOutcome>> change)
    {
        StoredWebhook? before = name is null ? null : _added.GetValueOrDefault(name)?.Stored;
        bool isKnown = name is null || before is not null;
        if (request.VerifyToken is not { } token || !isKnown || request.ApplyTo(before, dialects, time.GetUtcNow(), out _) is not { } asked) return await change();
        return await handshake.AskAsync(Keep(asked.Webhook).Options, token, CancellationToken.None) is { } refusal
            ? new WebhookOutcome(StatusCodes.Status400BadRequest, $"The receiver did not confirm that it wants these deliveries: {refusal}. Nothing was changed.")
            : await change();
    }

    // The others stay the same objects: who looks for changes sees this one only.
    private void PutInForce(StoredWebhook webhook)
    {
        _added = _added.SetItem(webhook.Name, Keep(webhook));
        webhooks.Add([.. _added.Values.Select(one => one.Options)]);
    }

    private async Task<WebhookOutcome> OutcomeAsync(int status, ChangedWebhook changed) => new(status, null)
    {
        Webhook = Describe(_added[changed.Webhook.Name].Options, changed.Webhook, await HoldOfAsync(changed.Webhook.Name, CancellationToken.None)) with
        {
            Secret = changed.Made,
            AppSecret = changed.MadeForApp,
            Warning = changed.Warning is { Length: > 0 } warning ? warning : null,
        },
    };

    private Task<string?> HoldOfAsync(string name, CancellationToken cancellation) => store.FindHoldAsync(name, cancellation);

    private WebhookJson Describe(WebhookOptions webhook, StoredWebhook? stored, string? hold)
    {
        DateTimeOffset now = time.GetUtcNow();
        return new WebhookJson(
            webhook.Name, webhook.Dialect, WebhookOptions.Shown(webhook.Url), webhook.Events, webhook.Evidence, IsConfigured(webhook.Name), stored?.Added,
            webhook.Credentials is not null, webhook.Signer is not null, [.. (stored?.Secrets ?? []).Where(secret => secret.Until > now).Select(secret => secret.Until!.Value)],
            [.. webhook.Headers.Select(header => header.Name)], webhook.Concurrency, webhook.Rate, hold)
        {
            IncludeValues = webhook.IncludeValues,
            AcceptAny2xx = webhook.AcceptAny2xx,
            MaxBatch = webhook.MaxBatch,
            MaxBatchBytes = webhook.MaxBatchBytes,
            ClientCertificate = ClientCertificateJson.Of(webhook.Tls),
            PrivateCa = webhook.Tls?.Trust is not null,
            App = AppOf(webhook.Name),
        };
    }

    private Kept Keep(StoredWebhook stored)
    {
        if (!WebhookUrl.TryParse(stored.Url, out WebhookUrl? url, out _) || _dialects.All(dialect => dialect.Name != stored.Dialect)
            || !WebhookTls.TryRead(stored.Tls?.Certificate, stored.Tls?.Key, stored.Tls?.Ca, out WebhookTls? tls, out _))
            throw new StoreException($"the database holds webhook {stored.Name} in a form that this version does not know: start the newer certherald again");

        var secrets = new List<SigningSecret>();
        var appSecrets = new List<AppSecret>();
        foreach (StoredSecret one in stored.Secrets)
            if (SigningSecret.TryParse(one.Text, out SigningSecret? secret, out _)) secrets.Add(one.Until is { } until ? secret.EndingAt(until) : secret);
            else if (AppSecret.TryParse(one.Text, out AppSecret? ofApp, out _)) appSecrets.Add(one.Until is { } until ? ofApp.EndingAt(until) : ofApp);
        return new Kept(stored, new WebhookOptions
        {
            Name = stored.Name,
            Dialect = stored.Dialect,
            Url = url.Address,
            Credentials = url.Credentials,
            Events = stored.Events,
            Evidence = stored.Evidence,
            IncludeValues = stored.IncludeValues,
            AcceptAny2xx = stored.AcceptAny2xx,
            MaxBatch = stored.MaxBatch,
            MaxBatchBytes = stored.MaxBatchBytes,
            Tls = tls,
            Signer = WebhookSigners.Of(secrets, appSecrets),
            Headers = [.. stored.Headers.Select(header => new WebhookHeader(header.Key, header.Value))],
            Concurrency = stored.Concurrency ?? WebhookOptions.DefaultConcurrency,
            Rate = stored.Rate ?? WebhookOptions.DefaultRate,
        });
    }

    /// <summary>The number of the app that it belongs to; null if to none.</summary>
    private string? AppOf(string name) => webhooks.OfApps.Any(webhook => webhook.Name == name) ? name.Split(':')[1] : null;

    private bool IsConfigured(string name) => webhooks.Configured.Any(webhook => webhook.Name == name);

    private WebhookOutcome Missing(string name) => IsConfigured(name) ? Configured(name)
        : AppOf(name) is { } app ? new WebhookOutcome(StatusCodes.Status409Conflict, $"{name} is where app {app} is told: the app changes it by its subscription; 'certherald apps callback' and 'apps remove-callback' do, too.")
        : new WebhookOutcome(StatusCodes.Status404NotFound, null);

    private static WebhookOutcome Configured(string name) => new(StatusCodes.Status409Conflict, $"{name} stands in the configuration: change it there.");

    private static async Task<IResult> AnswerAsync<T>(HttpRequest request, JsonTypeInfo<T> type, T? empty, Func<T, Task<WebhookOutcome>> answer) where T : class
    {
        (T? asked, string unread) = await Body.ReadAsync(request, type, "the members that docs/api.md names", empty);
        return asked is null ? ApiError.BadRequest(unread) : Answer(await answer(asked));
    }

    private static IResult Answer(WebhookOutcome outcome) => outcome switch
    {
        { Webhook: { } webhook } => TypedResults.Json(webhook, ApiJson.Default.WebhookJson, statusCode: outcome.Status),
        { Status: StatusCodes.Status404NotFound } => ApiError.NotFound("webhook"),
        { Status: StatusCodes.Status409Conflict } => ApiError.Conflict(outcome.Problem!),
        _ => ApiError.BadRequest(outcome.Problem!),
    };

    private sealed record Kept(StoredWebhook Stored, WebhookOptions Options);

    [LoggerMessage(Level = LogLevel.Information, Message = "Webhook {Name} was added through the API")]
    private partial void LogAdded(string name);

    [LoggerMessage(Level = LogLevel.Information, Message = "Webhook {Name} was changed through the API")]
    private partial void LogChanged(string name);

    [LoggerMessage(Level = LogLevel.Information, Message = "Webhook {Name} was removed through the API")]
    private partial void LogRemoved(string name);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Webhook {Name} was added through the API and stands in the configuration as well: the configuration counts")]
    private partial void LogHidden(string name);
}

/// <summary>What became of a request about a webhook.</summary>
/// <param name="Status">As HTTP has it.</param>
/// <param name="Problem">Why nothing was done; null if it was, or if there is no such webhook.</param>
internal sealed record WebhookOutcome(int Status, string? Problem)
{
    public WebhookJson? Webhook { get; init; }
}

/// <summary>A webhook on the wire.</summary>
/// <param name="Url">Scheme and host: the rest can be a secret.</param>
/// <param name="Configured">It stands in the configuration, and is changed there.</param>
/// <param name="Added">When it was added through the API; null if it was not.</param>
/// <param name="Credentials">Whether it is called with user name and password.</param>
/// <param name="OldSecretsUntil">When each of the old secrets stops signing.</param>
/// <param name="Headers">Names of the headers that are sent beside ours.</param>
/// <param name="Hold">Why it gets nothing; null if it does.</param>
/// <param name="Secret">What was made for it: in the answer to what made it, else null.</param>
/// <param name="AppSecret">The same, for dialects that sign with an app's.</param>
/// <param name="Warning">What it lost by a change; else null.</param>
internal sealed record WebhookJson(
    string Name, string Dialect, string Url, IReadOnlyList<string> Events, bool Evidence, bool Configured, DateTimeOffset? Added, bool Credentials, bool Signed,
    IReadOnlyList<DateTimeOffset> OldSecretsUntil, IReadOnlyList<string> Headers, int Concurrency, double Rate, string? Hold, string? Secret = null, string? Warning = null, string? AppSecret = null)
{
    /// <summary>Whether bodies carry what changed, beside that it did.</summary>
    public bool IncludeValues { get; init; } = true;

    /// <summary>Whether every status from 200 to 299 counts as delivered.</summary>
    [JsonPropertyName("accept_any_2xx")]
    public bool AcceptAny2xx { get; init; }

    /// <summary>Events in one body, at most.</summary>
    public int MaxBatch { get; init; } = 1;

    /// <summary>Bytes of a body about several events, at most.</summary>
    public int MaxBatchBytes { get; init; } = WebhookOptions.DefaultBatchBytes;

    /// <summary>What its receiver knows us by; null: nothing.</summary>
    public ClientCertificateJson? ClientCertificate { get; init; }

    /// <summary>Whether its receiver's certificate must lead to a CA of its own, and to no other.</summary>
    public bool PrivateCa { get; init; }

    /// <summary>The number of the app that it belongs to; null if to none.</summary>
    public string? App { get; init; }

    public override string ToString() => Name;
}
