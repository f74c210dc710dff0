using System.Text.Json.Serialization;
using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Delivering.Signing;
using CertHerald.Storage;

namespace CertHerald.Api;

/// <summary>Where apps are told, as whoever runs the service sets it: the first callback, which an app's owner changes too, and others.</summary>
internal static class AppCallbacks
{
    public static void Map(RouteGroupBuilder group)
    {
        group.MapPut("/{id}/callbacks/{name}", async (string id, string name, HttpRequest request, Apps apps, ProtectedList list, IReadOnlyList<IWebhookDialect> dialects, CancellationToken cancellation) =>
        {
            (CallbackRequest? asked, string unread) = await Body.ReadAsync(request, ApiJson.Default.CallbackRequest, "the members that docs/api.md names");
            if (asked is null) return ApiError.BadRequest(unread);
            if (!WebhookOptions.IsName(name)) return ApiError.BadRequest($"A callback's name is {WebhookOptions.NameForm}.");
            if (AppRequest.Read(id) is not { } number || apps.Find(number) is not { } before) return ApiError.NotFound("app");
            // The one that signs with an app's secret, and whose receivers are asked first.
            IWebhookDialect dialect = dialects.First(one => one.Options.Contains(DialectOptions.AppSecret) && one.Options.Contains(DialectOptions.VerifyToken));
            bool isNew = before.WebhookOf(name) is null;
            string? made = null;
            CallbackOutcome outcome = await apps.TellAtAsync(number, name, was => asked.ApplyTo(was, dialect, out made), asked.VerifyToken ?? "", cancellation);
            return outcome.App is { } app ? TypedResults.Json(AppJson.Of(app, list).Showing(name, made), ApiJson.Default.AppJson, statusCode: isNew ? StatusCodes.Status201Created : StatusCodes.Status200OK)
                : outcome.IsUnconfirmed ? ApiError.BadRequest($"The receiver did not confirm that it wants these deliveries: {outcome.Problem}. Nothing was changed.")
                : outcome.Problem.Length > 0 ? ApiError.BadRequest(outcome.Problem)
                : (IResult)ApiError.NotFound("app");
        }).Takes<CallbackRequest>().WithSummary("Tells an app at one more address, or changes what the request names of a callback, once its receiver has confirmed.")
            .Produces<AppJson>().Produces<AppJson>(StatusCodes.Status201Created);

        group.MapPost("/{id}/callbacks/{name}/rotate-secret", async (string id, string name, HttpRequest request, Apps apps, ProtectedList list) =>
        {
            (RotateRequest? asked, string unread) = await Body.ReadAsync(request, ApiJson.Default.RotateRequest, "\"overlap_hours\" and \"secret\"", empty: new RotateRequest());
            if (asked is null) return ApiError.BadRequest(unread);
            string? wrong = null;
            if (asked.Secret is not null && !SigningSecret.TryParse(asked.Secret, out _, out wrong)) return ApiError.BadRequest($"\"secret\" {wrong}.");
            if (AppRequest.Read(id) is not { } number) return ApiError.NotFound("app");
            (App? app, string problem, string? made) = await apps.RotateCallbackAsync(number, name, asked.OverlapHours, asked.Secret);
            return app is not null ? TypedResults.Json(AppJson.Of(app, list).Showing(name, made), ApiJson.Default.AppJson)
                : problem.Length > 0 ? ApiError.BadRequest(problem)
                : (IResult)ApiError.NotFound("callback");
        }).Takes<RotateRequest>(isRequired: false).WithSummary("Gives a callback a new secret of Standard Webhooks, beside which the old ones sign for a while.").Produces<AppJson>();

        group.MapDelete("/{id}/callbacks/{name}", async (string id, string name, Apps apps, ProtectedList list) =>
            AppRequest.Read(id) is { } number && await apps.TellNoMoreAtAsync(number, name) is { } app
                ? TypedResults.Json(AppJson.Of(app, list), ApiJson.Default.AppJson)
                : (IResult)ApiError.NotFound("callback")).WithSummary("Tells an app no longer at a callback.").Produces<AppJson>();
    }
}

/// <summary>A callback as it is asked for, on the wire. What is null stays, or is as usual.</summary>
/// <param name="Url">Whole, with user name and password: they stay if only what follows the host has changed.</param>
/// <param name="Events">Kinds of event: certificate, lookalike.</param>
/// <param name="VerifyToken">The receiver is asked with it. Not kept.</param>
/// <param name="Signed">Whether it is signed as Standard Webhooks says, too, beside the app's signatures.</param>
/// <param name="Secret">To sign so with; one is made if it is needed and not given.</param>
/// <param name="ClientCertificate">What the receiver knows us by, PEM; empty takes it away.</param>
/// <param name="ClientKey">Its key, PEM, if it does not stand beside it. Not shown again.</param>
/// <param name="Ca">The roots that the receiver's certificate must lead to, PEM; empty: those that this machine trusts.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record CallbackRequest(
    string? Url = null, IReadOnlyList<string>? Events = null, bool? IncludeValues = null, string? VerifyToken = null,
    string? ClientCertificate = null, string? ClientKey = null, string? Ca = null, bool? Signed = null, string? Secret = null)
{
    private const int LongestUrl = 8_192, LongestToken = 1_024;

    /// <summary>What the original gave to subscriptions that named no version.</summary>
    private const string UsualVersion = "v2.10";

    /// <summary>What the callback is by this request; null, and why, if it cannot be.</summary>
    /// <param name="before">What it was; null if it is new.</param>
    /// <param name="made">A secret that was made for it: shown once, in the answer.</param>
    public (AppSubscription? After, string Problem) ApplyTo(AppSubscription? before, IWebhookDialect dialect, out string? made)
    {
        made = null;
        string[] told = [EventKinds.Certificate, EventKinds.Lookalike];
        AppSubscription? standing = before is { IsInForce: true } ? before : null;
        string? url = Url ?? standing?.Url, wrong = null;
        IReadOnlyList<string> events = Events ?? standing?.Events ?? [EventKinds.Certificate];
        string problem = url is null ? "\"url\" is missing: write https://host/path."
            : url.Length > LongestUrl ? $"\"url\" is longer than {LongestUrl:#,0} characters."
            : !WebhookUrl.TryParse(url, out _, out wrong) ? $"\"url\" {wrong}."
            : events.Count == 0 || events.Any(kind => !told.Contains(kind)) ? $"\"events\" of an app are: {string.Join(", ", told)}."
            : VerifyToken?.Length > LongestToken ? $"\"verify_token\" has at most {LongestToken:#,0} characters."
            : Signed == false && Secret is not null ? "\"signed\" is false, and there is a \"secret\": leave one of them out."
            : Secret is not null && !SigningSecret.TryParse(Secret, out _, out wrong) ? $"\"secret\" {wrong}."
            : "";
        if (problem.Length > 0) return (null, problem);
        bool isSamePlace = WebhookUrl.IsSamePlace(before?.Url, url!);
        IReadOnlyList<StoredSecret> secrets = Secret is not null ? [new StoredSecret(Secret, Until: null)] : isSamePlace && Signed != false ? before!.Secrets : [];
        // Another host of a callback that was signed stays so, by a secret that the old one does not know.
        if (secrets.Count == 0 && (Signed ?? before?.Secrets.Count > 0)) secrets = [new StoredSecret(made = SigningSecret.New().Text, Until: null)];
        if (!TlsTexts.TryApply(isSamePlace ? before!.Tls : null, ClientCertificate, ClientKey, Ca, out StoredTls? tls, out problem)) return (null, problem);
        return (new AppSubscription(WebhookUrl.WithUserOf(standing?.Url, url!), dialect.Name, [.. told.Where(events.Contains)], IncludeValues ?? standing?.IncludeValues ?? true, standing?.Version ?? UsualVersion) { Tls = tls, Secrets = secrets }, "");
    }

    /// <summary>Printed by accident, it must not show its secrets.</summary>
    public override string ToString() => "a callback";
}

/// <summary>A callback on the wire.</summary>
/// <param name="Webhook">The name by which its deliveries are listed, replayed and held.</param>
/// <param name="Url">Scheme and host: the rest can be a secret.</param>
/// <param name="PrivateCa">Its receiver's certificate must lead to a CA of its own, and to no other.</param>
/// <param name="Signed">It is signed as Standard Webhooks says, too.</param>
/// <param name="Secret">What was made to sign so with: in the answer to what made it, else null.</param>
internal sealed record CallbackJson(
    string Name, string Webhook, string Url, IReadOnlyList<string> Events, bool IncludeValues, ClientCertificateJson? ClientCertificate, bool PrivateCa, bool Signed, string? Secret = null)
{
    public static CallbackJson Of(WebhookOptions told, App app)
    {
        // As it was asked for: what the app's options make of it cannot be asked for.
        AppSubscription callback = app.CallbackOf(app.NameOf(told))!;
        return new CallbackJson(
            app.NameOf(told), told.Name, WebhookOptions.Shown(told.Url), callback.Events, told.IncludeValues,
            ClientCertificateJson.Of(told.Tls), told.Tls?.Trust is not null, callback.Secrets.Count > 0);
    }

    public override string ToString() => Webhook;
}
