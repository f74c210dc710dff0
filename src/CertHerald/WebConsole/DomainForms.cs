using System.Globalization;
using CertHerald.Api;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CertHerald.WebConsole;

/// <summary>What is watched: the page of it, and its forms. Each answers with the list, and what became of it.</summary>
internal static class DomainForms
{
    public static void MapDomains(this IEndpointRouteBuilder pages)
    {
        pages.MapGet("/domains", IResult (string? q) => new RazorComponentResult<DomainsPage>(new { Q = q }));

        RouteGroupBuilder changes = pages.MapChanges("/domains");
        changes.MapPost("", AddAsync);
        changes.MapPost("/remove", async (HttpRequest request, Domains domains) =>
        {
            string name = (await request.ReadFormAsync(request.HttpContext.RequestAborted))["name"].ToString();
            if (Domains.Read(name, out string problem) is not { } item) return Page(problem);
            return await domains.RemoveAsync(item) is { } left
                ? Page(done: left.Enabled ? $"{item.Text} stays watched: the configuration holds it too." : $"{item.Text} is watched no more.")
                : Page(domains.IsConfigured(item) ? $"{item.Text} stands in the configuration: remove it there." : "There is no such item that was added here.", StatusCodes.Status404NotFound);
        });
    }

    private static async Task<IResult> AddAsync(HttpRequest request, Domains domains, BackFills searches, TimeProvider time)
    {
        IFormCollection form = await request.ReadFormAsync(request.HttpContext.RequestAborted);
        if (Domains.Read(form["name"].ToString().Trim(), out string problem) is not { } item) return Page(problem);
        (DomainJson domain, bool isNew) = await domains.AddAsync(item);
        string done = isNew ? $"{domain.Name} is watched from now on." : $"{domain.Name} was watched already.";
        if (domain.Warning is { } warning) done += $" But {warning}.";
        return form["days"].ToString() is { Length: > 0 } days ? await SearchAsync(searches, item.Text, days, done + " ", time) : Page(done: done);
    }

    private static async Task<IResult> SearchAsync(BackFills searches, string name, string days, string done, TimeProvider time)
    {
        const int MostDays = 3_650;
        if (!int.TryParse(days, NumberStyles.None, CultureInfo.InvariantCulture, out int back) || back is < 1 or > MostDays)
            return Page($"{done}A search goes back from 1 to {MostDays} days.");
        (BackFillJson? begun, string problem, _) = await searches.BeginAsync(new BackFillRequest([name], time.GetUtcNow().AddDays(-back)));
        return begun is not null ? Page(done: $"{done}The last {back} days are searched for {name}: see below how far.") : Page($"{done}The past is not searched: {problem}");
    }

    private static IResult Page(string? problem = null, int status = StatusCodes.Status400BadRequest, string? done = null) =>
        new RazorComponentResult<DomainsPage>(new { Problem = problem, Done = done }) { StatusCode = done is null ? status : StatusCodes.Status200OK };
}
