using System.Globalization;
using CertHerald.Api;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CertHerald.WebConsole;

/// <summary>Sending again and calling off: one delivery from its page, several by a filter, counted first.</summary>
internal static class ReplayForms
{
    private static readonly string[] Fields = ["state", "webhook", "from", "until", "as_new"];

    // As browsers write a time without an offset.
    private static readonly string[] TimeForms = ["yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF"];

    public static void MapReplays(this IEndpointRouteBuilder pages)
    {
        RouteGroupBuilder changes = pages.MapChanges("/deliveries");
        changes.MapPost("/{id:long}/replay", async (long id, Replays replays) =>
            await replays.ReplayAsync(id, asNew: false) is null ? new RazorComponentResult<MissingPage>() : (IResult)Show(id));
        // One that has left meanwhile stays as it is: its page says so.
        changes.MapPost("/{id:long}/cancel", async (long id, Replays replays) =>
        {
            await replays.CancelAsync(id);
            return Show(id);
        });
        changes.MapPost("/replay", ReplayAsync);
    }

    private static async Task<IResult> ReplayAsync(HttpRequest request, Replays replays)
    {
        CancellationToken gone = request.HttpContext.RequestAborted;
        IFormCollection form = await request.ReadFormAsync(gone);
        Dictionary<string, string> asked = Fields.ToDictionary(field => field, field => form[field].ToString().Trim());
        if (!TryReadTime(asked["from"], out DateTimeOffset? from) || !TryReadTime(asked["until"], out DateTimeOffset? until)) return Refuse("A time is written like 2026-11-21T10:00, in UTC.");

        bool isConfirmed = form["confirmed"] == "yes";
        (ReplayJson? outcome, string problem) = await replays.ReplayAsync(
            new ReplayRequest(Ids: null, TextOf(asked["webhook"]), from, until, TextOf(asked["state"]), AsNew: asked["as_new"].Length > 0, DryRun: !isConfirmed), gone);
        if (outcome is null) return Refuse(problem);
        KeyValuePair<string, long>[]? done = isConfirmed
            ? [new("Sent again", outcome.Replayed), new("Waited, due now", outcome.Hastened), new("Wait for their webhook", outcome.Held), new("Were being sent", outcome.UnderWay)]
            : null;
        return new RazorComponentResult<ReplayPage>(new { Asked = asked, outcome.Count, outcome.First, outcome.Last, Done = done });
    }

    private static IResult Refuse(string problem) => new RazorComponentResult<ReplayPage>(new { Problem = problem }) { StatusCode = StatusCodes.Status400BadRequest };

    private static SeeOther Show(long id) => new SeeOther(string.Create(CultureInfo.InvariantCulture, $"/console/deliveries/{id}"));

    private static string? TextOf(string field) => field.Length == 0 ? null : field;

    private static bool TryReadTime(string field, out DateTimeOffset? time)
    {
        time = null;
        if (field.Length == 0) return true;
        if (!DateTimeOffset.TryParseExact(
            field, TimeForms, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTimeOffset read)) return false;
        time = read;
        return true;
    }
}
