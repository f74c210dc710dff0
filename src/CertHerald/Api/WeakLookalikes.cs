using CertHerald.Access;
using CertHerald.Names.Lookalikes;
using CertHerald.Storage;

namespace CertHerald.Api;

/// <summary>What imitates too little for an alert and is kept for the digest, as API and console show it.</summary>
internal sealed class WeakLookalikes(IWeakLookalikes store, ProtectedList list)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder group = routes.MapGroup("/api/lookalikes/weak").WithTags("Look-alikes").Needs(Scope.Read);

        group.MapGet("", async (string? domain, string? before, string? limit, WeakLookalikes weak, CancellationToken cancellation) =>
            Page.Read(before, limit, out string? problem) is { } page
                ? TypedResults.Json(await weak.ListAsync(domain, page, cancellation), ApiJson.Default.PageJsonWeakLookalikeJson)
                : (IResult)ApiError.BadRequest(problem!)).WithSummary("Weak look-alikes, kept for the digest, the newest first.").Produces<PageJson<WeakLookalikeJson>>();

        group.MapPost("/{id:long}/allow", async (long id, WeakLookalikes weak, CancellationToken cancellation) =>
            await weak.AllowAsync(id, cancellation) is { } one
                ? TypedResults.Json(one, ApiJson.Default.WeakLookalikeJson)
                : (IResult)ApiError.NotFound("weak look-alike")).Needs(Scope.Watch)
            .WithSummary("Allows its registrable domain, with all below it, to look like the protected domain: it is kept no more, and no alert will come of it.").Produces<WeakLookalikeJson>();
    }

    /// <summary>Whether they are kept for some domain.</summary>
    public bool AreKept => list.List().Any(domain => domain.Digest is not null);

    /// <summary>The strongest first.</summary>
    /// <param name="after">Behind this one; null: from the first on.</param>
    public async Task<PageJson<WeakLookalikeJson>> StrongestAsync(string? domain, LookalikePlace? after, int atMost, CancellationToken cancellation)
    {
        IReadOnlyList<StoredWeakLookalike> found = await store.WeakLookalikesAsync(new WeakLookalikeFilter(Given(domain), atMost + 1) { After = after }, cancellation);
        return new PageJson<WeakLookalikeJson>(
            [.. found.Take(atMost).Select(WeakLookalikeJson.Of)], found.Count > atMost ? LookalikePlaces.Write(new(found[atMost - 1].Best.Score, found[atMost - 1].Id)) : null);
    }

    /// <summary>The newest first.</summary>
    public async Task<PageJson<WeakLookalikeJson>> ListAsync(string? domain, Page page, CancellationToken cancellation)
    {
        IReadOnlyList<StoredWeakLookalike> found = await store.WeakLookalikesAsync(new WeakLookalikeFilter(Given(domain), page.Limit) { Before = page.Before, NewestFirst = true }, cancellation);
        return new PageJson<WeakLookalikeJson>([.. found.Select(WeakLookalikeJson.Of)], found.Count == page.Limit ? ApiJson.IdOf(found[^1].Id) : null);
    }

    /// <summary>Allows one's registrable domain; what it was, or null if there is none.</summary>
    public async Task<WeakLookalikeJson?> AllowAsync(long id, CancellationToken cancellation)
    {
        if (await store.WeakLookalikesAsync(new WeakLookalikeFilter(Limit: 1) { Before = Math.Min(id, long.MaxValue - 1) + 1, NewestFirst = true }, cancellation) is not [var found] || found.Id != id) return null;
        await list.AllowAsync([found.Domain], found.Registrable);
        return WeakLookalikeJson.Of(found);
    }

    private static string? Given(string? domain) => string.IsNullOrWhiteSpace(domain) ? null : domain.Trim().ToLowerInvariant();
}

/// <summary>A weak look-alike on the wire.</summary>
/// <param name="ProtectedDomain">What it imitates a little.</param>
/// <param name="RegistrableDomain">What somebody registered.</param>
/// <param name="Name">The strongest name.</param>
/// <param name="Drawn">The same as browsers may draw it. Hostile text.</param>
/// <param name="Certificates">How many certificates have such names; 64 are that many or more.</param>
internal sealed record WeakLookalikeJson(
    string Id, string ProtectedDomain, string RegistrableDomain, int Score, string Tier, string Class, string Name, string Drawn, string Reason, int Certificates,
    DateTimeOffset FirstSeen, DateTimeOffset LastSeen)
{
    public static WeakLookalikeJson Of(StoredWeakLookalike found) => new(
        ApiJson.IdOf(found.Id), found.Domain, found.Registrable, found.Best.Score, found.Tier.Name(), found.Best.Class, found.Best.Name, DrawnName.Of(found.Best.Name),
        found.Best.Reasons.Count > 0 ? found.Best.Reasons[0] : found.Best.Class, found.Certificates, found.FirstSeen, found.LastSeen);
}
