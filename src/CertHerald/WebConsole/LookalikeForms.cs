using System.Globalization;
using CertHerald.Api;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CertHerald.WebConsole;

/// <summary>The pages of look-alikes and their forms. Each form answers with the list, and what became of it.</summary>
internal static class LookalikeForms
{
    public static void MapLookalikes(this IEndpointRouteBuilder pages)
    {
        pages.MapGet("/lookalikes", IResult (string? state, string? domain, string? before, string? after) =>
            new RazorComponentResult<LookalikesPage>(new { State = state, Domain = domain, Before = before, After = after }));
        pages.MapGet("/lookalikes/weak", IResult (string? domain, string? order, string? before, string? after) =>
            new RazorComponentResult<WeakLookalikesPage>(new { Domain = domain, Order = order, Before = before, After = after }));
        pages.MapGet("/lookalikes/{id:long}", IResult (long id) => new RazorComponentResult<LookalikePage>(new { Id = id }));
        pages.MapGet("/lookalikes/alerts/{id:long}", async (long id, FoundLookalikes found, CancellationToken cancellation) =>
            await found.FindOfAlertAsync(id, cancellation) is { } lookalike
                ? TypedResults.Redirect(string.Create(CultureInfo.InvariantCulture, $"/console/lookalikes/{lookalike}"))
                : (IResult)new RazorComponentResult<MissingPage>());

        RouteGroupBuilder changes = pages.MapChanges("/lookalikes");
        changes.MapPost("/{id:long}/allow", async (long id, FoundLookalikes found, CancellationToken cancellation) =>
            Page(await found.AllowAsync(id, cancellation), "is allowed, with all below it"));
        changes.MapPost("/{id:long}/dismiss", async (long id, FoundLookalikes found, CancellationToken cancellation) =>
            Page(await found.DismissAsync(id, cancellation), "was dismissed"));
        changes.MapPost("/{id:long}/reopen", async (long id, FoundLookalikes found, CancellationToken cancellation) =>
            Page(await found.ReopenAsync(id, cancellation), "is open again"));
        changes.MapPost("/protect", async (HttpRequest request, ProtectedList list) =>
        {
            IFormCollection form = await request.ReadFormAsync(request.HttpContext.RequestAborted);
            if (new ProtectedDomainRequest(Threshold: NumberOf("threshold"), Digest: NumberOf("digest")).Read(form["domain"].ToString().Trim(), out string problem) is not { } domain) return Page(problem);
            if (list.IsConfigured(domain.Name)) return Page($"{domain.Name} stands in the configuration: change it there.", StatusCodes.Status409Conflict);
            if (!list.HasRoom(1) && !list.IsProtected(domain.Name)) return Page(ProtectedList.Full, StatusCodes.Status409Conflict);
            await list.PutAsync(domain);
            return Page(done: $"{domain.Name} is protected from now on.");

            int? NumberOf(string field) => int.TryParse(form[field], NumberStyles.None, CultureInfo.InvariantCulture, out int given) ? given : null;
        });
        changes.MapPost("/unprotect", async (HttpRequest request, ProtectedList list) =>
        {
            string name = (await request.ReadFormAsync(request.HttpContext.RequestAborted))["domain"].ToString();
            return await list.RemoveAsync(name) is not null ? Page(done: $"{name} is protected no more.") : Page("That domain was not added here.", StatusCodes.Status404NotFound);
        });
        changes.MapPost("/weak/{id:long}/allow", async (long id, WeakLookalikes weak, CancellationToken cancellation) =>
            await weak.AllowAsync(id, cancellation) is { } allowed
                ? Weak(done: $"{allowed.RegistrableDomain} is allowed, with all below it.")
                : Weak("There is no such weak look-alike any more.", StatusCodes.Status404NotFound));
        changes.MapPost("/disallow", async (HttpRequest request, ProtectedList list) =>
        {
            IFormCollection form = await request.ReadFormAsync(request.HttpContext.RequestAborted);
            return await list.DisallowAsync(form["domain"].ToString(), form["name"].ToString())
                ? Page(done: $"{form["name"]} is allowed no more.")
                : Page("That name was not allowed.", StatusCodes.Status404NotFound);
        });
    }

    private static IResult Weak(string? problem = null, int status = StatusCodes.Status200OK, string? done = null) =>
        new RazorComponentResult<WeakLookalikesPage>(new { Problem = problem, Done = done }) { StatusCode = status };

    private static IResult Page(LookalikeJson? changed, string what) => changed is null
        ? Page("There is no such look-alike any more.", StatusCodes.Status404NotFound)
        : Page(done: $"{changed.RegistrableDomain} {what}.");

    private static IResult Page(string? problem = null, int status = StatusCodes.Status400BadRequest, string? done = null) =>
        new RazorComponentResult<LookalikesPage>(new { Problem = problem, Done = done }) { StatusCode = done is null ? status : StatusCodes.Status200OK };
}
