using System.Globalization;
using CertHerald.Api;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CertHerald.WebConsole;

/// <summary>What is the user's own: the page of it, and the buttons of an issuance that nobody knows.</summary>
internal static class KnownForms
{
    public static void MapKnown(this IEndpointRouteBuilder pages)
    {
        pages.MapGet("/known", IResult (string? q) => new RazorComponentResult<KnownPage>(new { Q = q }));
        RouteGroupBuilder changes = pages.MapChanges("/known");
        changes.MapPost("/keys/{hash}/remove", async (string hash, Authorisations known) =>
            await known.RemoveKeyAsync(hash) is null ? Missing("key") : Page(done: "The key is not authorised any more. What it made known stays known."));
        changes.MapPost("/certificates/{hash}/remove", async (string hash, Authorisations known) =>
            await known.RemoveCertificateAsync(hash) is null ? Missing("certificate") : Page(done: "The certificate is not authorised any more. What it made known stays known."));
        changes.MapPost("/authorities", SetAsync);
        changes.MapPost("/authorities/{name}/remove", async (string name, Authorisations known) =>
            Domains.Read(name, out _) is { } item && await known.RemoveAuthoritiesAsync(item.Text) is not null ? Page(done: $"{item.Text} has no list of its own any more.") : Missing("list of CAs"));

        RouteGroupBuilder issuances = pages.MapChanges("/monitoring/issuances");
        issuances.MapPost("/{id:long}/authorize", async (long id, Authorisations known) =>
            await known.MarkAsync(id) ? Show(id) : (IResult)new RazorComponentResult<MissingPage>());
        issuances.MapPost("/{id:long}/authorize-key", async (long id, Authorisations known, HttpContext context) =>
            await known.AddKeyOfAsync(id, context.RequestAborted) is null ? new RazorComponentResult<MissingPage>() : (IResult)Show(id));
    }

    private static async Task<IResult> SetAsync(HttpRequest request, Authorisations known)
    {
        IFormCollection form = await request.ReadFormAsync(request.HttpContext.RequestAborted);
        if (Domains.Read(form["name"].ToString().Trim(), out string problem) is not { } item) return Page(problem, status: StatusCodes.Status400BadRequest);
        string[] given = form["authorities"].ToString().Split([' ', ',', '\r', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries);
        if (AuthorisationsApi.ReadAuthorities(given, out string wrong) is not { } list) return Page(wrong.Replace("\"authorities\" is", "It takes", StringComparison.Ordinal), status: StatusCodes.Status400BadRequest);
        if (known.IsConfigured(item.Text)) return Page($"The CAs of {item.Text} stand in the configuration: change them there.", status: StatusCodes.Status409Conflict);
        AuthoritiesJson set = await known.SetAuthoritiesAsync(item.Text, list);
        return Page(done: $"{item.Text} may have certificates of {string.Join(", ", list)}.{(set.Warning is null ? "" : $" But {set.Warning}.")}");
    }

    private static SeeOther Show(long id) => new SeeOther(string.Create(CultureInfo.InvariantCulture, $"/console/monitoring/issuances/{id}"));

    private static IResult Missing(string what) => Page($"There is no such {what} that was added here.", status: StatusCodes.Status404NotFound);

    private static IResult Page(string? problem = null, string? done = null, int status = StatusCodes.Status200OK) =>
        new RazorComponentResult<KnownPage>(new { Problem = problem, Done = done }) { StatusCode = status };
}
