using System.Globalization;
using CertHerald.Api;
using CertHerald.Delivering;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CertHerald.WebConsole;

/// <summary>The page of webhooks and its forms. Each answers with the page: a secret that was made stands on it once.</summary>
internal static class WebhookForms
{
    private const int LongestReason = 500, AnswerShown = 200;

    public static void MapWebhooks(this IEndpointRouteBuilder pages)
    {
        pages.MapGet("/webhooks", () => Page());
        RouteGroupBuilder changes = pages.MapChanges("/webhooks");
        changes.MapPost("", async (HttpRequest request, AddedWebhooks webhooks) => Page(await webhooks.AddAsync(RequestOf(await FormOf(request))), "was added"));
        changes.MapPost("/{name}/rotate-secret", async (string name, AddedWebhooks webhooks) =>
            Page(await webhooks.RotateAsync(name, new RotateRequest()), "has a new secret; the old one signs for 24 hours more"));
        changes.MapPost("/{name}/remove", async (string name, AddedWebhooks webhooks) => Page(await webhooks.RemoveAsync(name), "was removed"));
        changes.MapPost("/{name}/hold", async (string name, HttpRequest request, WebhookOperations operations) =>
        {
            string reason = (await FormOf(request))["reason"].ToString().Trim();
            if (operations.Find(name) is not { } webhook) return Missing();
            if (reason.Length > LongestReason) return Page($"A reason has at most {LongestReason} characters.", status: StatusCodes.Status400BadRequest);
            await operations.HoldAsync(webhook, reason.Length == 0 ? null : reason);
            return Page(done: $"{name} is held: what it is owed waits.");
        });
        changes.MapPost("/{name}/resume", async (string name, WebhookOperations operations) =>
        {
            if (operations.Find(name) is not { } webhook) return Missing();
            await operations.ResumeAsync(webhook);
            return Page(done: $"{name} goes on: what waited leaves now.");
        });
        changes.MapPost("/{name}/test", async (string name, HttpContext context, WebhookOperations operations, WebhookTests tests) =>
        {
            if (operations.Find(name) is not { } webhook) return Missing();
            if (await tests.SendAsync(webhook, context.RequestAborted) is not var (answer, took))
                return Page($"A webhook is tested every {WebhookTests.Apart.TotalSeconds:0} s at most: try again then.", status: StatusCodes.Status429TooManyRequests);
            WebhookTestJson told = WebhookTestJson.Of(answer, took);
            string how = string.Create(CultureInfo.InvariantCulture, $"{(told.Status is { } status ? $"status {status}" : told.Outcome)} after {told.TookMs:0} ms");
            return told.Delivered ? Page(done: $"{name} took the test: {how}.") : Page($"{name} did not take the test: {how}.{Said(told.Answer)}", status: StatusCodes.Status200OK);
        });
    }

    private static Task<IFormCollection> FormOf(HttpRequest request) => request.ReadFormAsync(request.HttpContext.RequestAborted);

    private static string Said(string answer) => answer.Length == 0 ? "" : $" It said: {(answer.Length <= AnswerShown ? answer : answer[..AnswerShown] + "…")}";

    private static WebhookRequest RequestOf(IFormCollection form) => new(
        Name: form["name"].ToString().Trim(),
        Dialect: form["dialect"].ToString(),
        Url: form["url"].ToString().Trim(),
        Events: form["events"] is { Count: > 0 } events ? [.. events.OfType<string>()] : null,
        Signed: form["signed"].Count > 0 ? true : null);

    private static IResult Page(WebhookOutcome outcome, string done) => outcome.Webhook is { } webhook
        ? Page(done: $"{webhook.Name} {done}.", secret: webhook.AppSecret ?? webhook.Secret)
        : Page(outcome.Problem ?? "There is no such webhook any more.", status: outcome.Status);

    private static IResult Missing() => Page("There is no such webhook any more.", status: StatusCodes.Status404NotFound);

    private static IResult Page(string? problem = null, string? done = null, string? secret = null, int status = StatusCodes.Status200OK) =>
        new RazorComponentResult<WebhooksPage>(new { Problem = problem, Done = done, Secret = secret }) { StatusCode = status };
}
