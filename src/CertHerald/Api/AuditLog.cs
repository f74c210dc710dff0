using CertHerald.Access;
using CertHerald.Storage;

namespace CertHerald.Api;

/// <summary>Who changed what.</summary>
internal sealed class AuditLog(IAudit store)
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/api/audit", async (string? before, string? limit, AuditLog audit, CancellationToken cancellation) =>
            Page.Read(before, limit, out string? problem) is { } page
                ? TypedResults.Json(await audit.ListAsync(page, cancellation), ApiJson.Default.PageJsonAuditJson)
                : (IResult)ApiError.BadRequest(problem!)).WithTags("Access").Needs(Scope.Admin).Produces<PageJson<AuditJson>>();

    /// <summary>Newest first.</summary>
    public async Task<PageJson<AuditJson>> ListAsync(Page page, CancellationToken cancellation)
    {
        IReadOnlyList<AuditEntry> found = await store.AuditAsync(page.Before, page.Limit, cancellation);
        return new PageJson<AuditJson>([.. found.Select(AuditJson.Of)], found.Count == page.Limit ? ApiJson.IdOf(found[^1].Id) : null);
    }
}

/// <summary>A line of the audit trail on the wire.</summary>
/// <param name="Who"><c>local</c>, <c>key</c> and its prefix, <c>user</c> and a name, or <c>session</c> for one that began with a link.</param>
/// <param name="Outcome"><c>done</c>, or <c>refused</c> or <c>failed</c> with the answer's status.</param>
internal sealed record AuditJson(string Id, DateTimeOffset At, string Who, string Method, string Resource, string Outcome)
{
    public static AuditJson Of(AuditEntry entry) => new(ApiJson.IdOf(entry.Id), entry.At, entry.Who, entry.Method, entry.Resource, entry.Outcome);
}
