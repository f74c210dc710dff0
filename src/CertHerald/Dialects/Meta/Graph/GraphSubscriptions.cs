using System.Text.Json;
using CertHerald.Api;
using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Storage;

namespace CertHerald.Dialects.Meta.Graph;

/// <summary>Where an app is told: one address, whose receiver is asked first. It is the first of its callbacks; others are set by our own API, and untouched here.</summary>
internal sealed class GraphSubscriptions(Apps apps, WebhookTests tests)
{
    private const string Object = "certificate_transparency", UsualVersion = "v2.10";

    private const int LongestUrl = 8_192, LongestToken = 1_024;

    /// <summary>What the original called the kinds of event.</summary>
    private static readonly (string Field, string Event)[] Fields = [("certificate", EventKinds.Certificate), ("phishing", EventKinds.Lookalike)];

    public static Task<ReadOnlyMemory<byte>> ListAsync(GraphRequest request, CancellationToken cancellation) => Task.FromResult(GraphAnswer.Of(json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("data"u8);
        if (request.App.Stored.Subscription is { IsInForce: true } told) Write(told, json);
        json.WriteEndArray();
        json.WriteEndObject();
    }));

    public async Task<ReadOnlyMemory<byte>> ChangeAsync(GraphRequest request, CancellationToken cancellation)
    {
        GraphParameters asked = request.Parameters;
        if (asked.Text("object") != Object) throw GraphRefusal.BadParameter($"The parameter object is required: {Object}.");
        string url = asked.Text("callback_url") ?? throw GraphRefusal.BadParameter("The parameter callback_url is required: https://host/path.");
        string? wrong = null;
        if (url.Length > LongestUrl || !WebhookUrl.TryParse(url, out _, out wrong)) throw GraphRefusal.BadParameter($"The parameter callback_url {wrong ?? "is too long"}.");
        string token = asked.Text("verify_token") ?? "";
        if (token.Length > LongestToken) throw GraphRefusal.BadParameter($"The parameter verify_token has at most {LongestToken:#,0} characters.");
        string[] events = EventsOf(asked);
        if (events.Length == 0) throw GraphRefusal.BadParameter("The parameter fields is required: certificate, phishing, or both.");

        var subscription = new AppSubscription(url, MetaDialect.WireName, events, asked.Flag("include_values") ?? true, request.Version.Length > 0 ? request.Version : UsualVersion);
        CallbackOutcome outcome = await apps.TellAtAsync(
            request.App.Stored.Id, Apps.FirstCallback, before => (WebhookUrl.IsSamePlace(before?.Url, url) ? subscription with { Tls = before!.Tls, Secrets = before.Secrets } : subscription, ""), token, cancellation);
        return outcome.App is not null ? GraphAnswer.Success : throw GraphRefusal.Unverified(outcome.Problem.Length > 0 ? outcome.Problem : "the app was removed");
    }

    public async Task<ReadOnlyMemory<byte>> RemoveAsync(GraphRequest request, CancellationToken cancellation)
    {
        if (request.Parameters.Text("object") is { } named && named != Object) throw GraphRefusal.BadParameter($"The parameter object is {Object}, or left out.");
        string[] events = EventsOf(request.Parameters);
        await apps.UnsubscribeAsync(request.App.Stored.Id, events.Length > 0 ? events : [.. Fields.Select(field => field.Event)]);
        return GraphAnswer.Success;
    }

    /// <summary>Sends an example, and says whether it was taken.</summary>
    public async Task<ReadOnlyMemory<byte>> TestAsync(GraphRequest request, CancellationToken cancellation)
    {
        if (request.Parameters.Text("object") is { } named && named != Object) throw GraphRefusal.BadParameter($"The parameter object is {Object}.");
        string field = request.Parameters.Text("field") ?? Fields[0].Field;
        if (Fields.All(known => known.Field != field)) throw GraphRefusal.BadParameter("The parameter field is certificate or phishing.");
        if (request.App.Webhook is not { } webhook) throw GraphRefusal.BadParameter("The app has no subscription: POST one to subscriptions first.");
        return await tests.SendAsync(webhook, cancellation, field) is var (answer, _)
            ? GraphAnswer.Of(json =>
            {
                json.WriteStartObject();
                json.WriteBoolean("success"u8, answer.Outcome == AttemptOutcome.Delivered);
                json.WriteEndObject();
            })
            : throw GraphRefusal.TooMany(WebhookTests.Apart);
    }

    private static string[] EventsOf(GraphParameters asked)
    {
        IReadOnlyList<string> fields = asked.List("fields");
        return fields.FirstOrDefault(field => Fields.All(known => known.Field != field)) is { } strange
            ? throw GraphRefusal.BadParameter($"'{GraphRefusal.Cut(strange)}' is no field: certificate and phishing are.")
            : [.. from known in Fields where fields.Contains(known.Field) select known.Event];
    }

    private static void Write(AppSubscription told, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("object"u8, Object);
        json.WriteString("callback_url"u8, told.Url);
        json.WriteBoolean("active"u8, true);
        json.WriteStartArray("fields"u8);
        foreach ((string field, _) in Fields.Where(field => told.Events.Contains(field.Event)))
        {
            json.WriteStartObject();
            json.WriteString("name"u8, field);
            json.WriteString("version"u8, told.Version);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
