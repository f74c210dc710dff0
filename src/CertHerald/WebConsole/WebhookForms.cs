using CertHerald.Api;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CertHerald.WebConsole;

/// <summary>The page of webhooks and its forms. Each answers with the page: a secret that was made stands on it once.</summary>
internal static class WebhookForms
{
    public static void MapWebhooks(this IEndpointRouteBuilder pages)
    {
        pages.MapGet("/webhooks", () => Page());
        // Antiforgery is checked by hand, to answer with a page that says what to do.
        pages.MapPost("/webhooks", (HttpContext context, IAntiforgery antiforgery, AddedWebhooks webhooks) =>
            AnswerAsync(context, antiforgery, form => webhooks.AddAsync(RequestOf(form)), "was added")).DisableAntiforgery();
        pages.MapPost("/webhooks/{name}/rotate-secret", (string name, HttpContext context, IAntiforgery antiforgery, AddedWebhooks webhooks) =>
            AnswerAsync(context, antiforgery, _ => webhooks.RotateAsync(name, new RotateRequest()), "has a new secret; the old one signs for 24 hours more")).DisableAntiforgery();
        pages.MapPost("/webhooks/{name}/remove", (string name, HttpContext context, IAntiforgery antiforgery, AddedWebhooks webhooks) =>
            AnswerAsync(context, antiforgery, _ => webhooks.RemoveAsync(name), "was removed")).DisableAntiforgery();
    }

    private static async Task<IResult> AnswerAsync(HttpContext context, IAntiforgery antiforgery, Func<IFormCollection, Task<WebhookOutcome>> change, string done)
    {
        if (!context.Request.HasFormContentType || !await antiforgery.IsRequestValidAsync(context))
            return new RazorComponentResult<MissingPage>(new { Status = StatusCodes.Status400BadRequest });

        WebhookOutcome outcome = await change(await context.Request.ReadFormAsync(context.RequestAborted));
        return outcome.Webhook is { } webhook
            ? Page(done: $"{webhook.Name} {done}.", secret: webhook.AppSecret ?? webhook.Secret)
            : Page(outcome.Problem ?? "There is no such webhook any more.", status: outcome.Status);
    }

    private static WebhookRequest RequestOf(IFormCollection form) => new(
        Name: form["name"].ToString().Trim(),
        Dialect: form["dialect"].ToString(),
        Url: form["url"].ToString().Trim(),
        Events: form["events"] is { Count: > 0 } events ? [.. events.OfType<string>()] : null,
        Signed: form["signed"].Count > 0 ? true : null);

    private static RazorComponentResult<WebhooksPage> Page(string? problem = null, string? done = null, string? secret = null, int status = StatusCodes.Status200OK) =>
        new(new { Problem = problem, Done = done, Secret = secret }) { StatusCode = status };
}
