using CertHerald.Access;
using CertHerald.Api.Feeds;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CertHerald.WebConsole;

/// <summary>The console's addresses. Pages are rendered here, whole, and need no script.</summary>
internal static class ConsoleEndpoints
{
    /// <summary>Needs the API's operations and sign-in beside it.</summary>
    public static void AddConsole(this IServiceCollection services) => services.AddRazorComponents();

    public static void MapConsole(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/", () => TypedResults.Redirect(ReturnPath.Home)).AllowAnonymous();
        routes.MapAssets();
        routes.MapSignIn();

        RouteGroupBuilder pages = routes.MapGroup("/console").RequireAuthorization().ExcludeFromDescription();
        pages.MapGet("", IResult () => new RazorComponentResult<OverviewPage>());
        pages.MapGet("/monitoring/issuances", IResult (string? q, string? state, string? before) =>
            new RazorComponentResult<IssuancesPage>(new { Q = q, State = state, Before = before }));
        pages.MapGet("/monitoring/issuances/{id:long}", IResult (long id) => new RazorComponentResult<IssuancePage>(new { Id = id }));
        pages.MapGet("/endpoints", IResult (string? domain, string? after) => new RazorComponentResult<EndpointsPage>(new { Domain = domain, After = after }));
        pages.MapGet("/deliveries", IResult (string? state, string? webhook, string? before) =>
            new RazorComponentResult<DeliveriesPage>(new { State = state, Webhook = webhook, Before = before }));
        pages.MapGet("/deliveries/{id:long}", IResult (long id) => new RazorComponentResult<DeliveryPage>(new { Id = id }));
        pages.MapLookalikes();
        pages.MapWebhooks();
        pages.MapReplays();
        pages.MapGet("/logs", IResult () => new RazorComponentResult<LogsPage>());
        pages.MapGet("/logs/{id}", IResult (string id) => new RazorComponentResult<LogPage>(new { Id = id }));
        pages.MapGet("/live", (PageChanges changes, HttpContext context) => changes.AnswerAsync(context));
        pages.MapDomains();
        pages.MapGet("/settings", IResult () => new RazorComponentResult<SettingsPage>());
        pages.MapKeys();
        pages.MapKnown();
        pages.MapUsers();
        pages.MapGet("/audit", IResult (string? before) => new RazorComponentResult<AuditPage>(new { Before = before }));
        pages.MapGet("/malformed/{id:long}", IResult (long id) => new RazorComponentResult<MalformedPage>(new { Id = id }));
        pages.MapFallback(IResult () => new RazorComponentResult<MissingPage>());
    }
}
