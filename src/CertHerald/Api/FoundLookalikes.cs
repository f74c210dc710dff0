using System.Globalization;
using CertHerald.Access;
using CertHerald.Names.Lookalikes;
using CertHerald.Protecting;
using CertHerald.Storage;

namespace CertHerald.Api;

/// <summary>The look-alikes of whoever runs the service, as API and console show and close them.</summary>
internal sealed class FoundLookalikes(IStore store, ProtectedList list, OrdinaryNames ordinary)
{
    private const int MostNames = 1_000;

    public static IReadOnlyList<string> States { get; } = [.. Enum.GetValues<LookalikeState>().Where(state => state != LookalikeState.Bulk).Select(NameOf)];

    public static void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder group = routes.MapGroup("/api/lookalikes").WithTags("Look-alikes").Needs(Scope.Read);

        group.MapGet("", async (string? domain, string? state, string? before, string? limit, FoundLookalikes found, CancellationToken cancellation) =>
        {
            if (Page.Read(before, limit, out string? problem) is not { } page) return ApiError.BadRequest(problem!);
            if (!TryReadState(state, out LookalikeState? wanted)) return ApiError.BadRequest($"state must be one of: {string.Join(", ", States)}.");
            return (IResult)TypedResults.Json(await found.ListAsync(domain, wanted, page, cancellation), ApiJson.Default.PageJsonLookalikeJson);
        }).WithSummary("Look-alikes, the newest first.").Produces<PageJson<LookalikeJson>>();

        group.MapGet("/{id:long}", async (long id, FoundLookalikes found, CancellationToken cancellation) =>
            await found.FindAsync(id, cancellation) is { } one
                ? TypedResults.Json(one, ApiJson.Default.LookalikeJson)
                : (IResult)ApiError.NotFound("look-alike")).WithSummary("One look-alike with all its names.").Produces<LookalikeJson>();

        group.MapPost("/{id:long}/allow", async (long id, FoundLookalikes found, CancellationToken cancellation) =>
            await found.AllowAsync(id, cancellation) is { } one
                ? TypedResults.Json(one, ApiJson.Default.LookalikeJson)
                : (IResult)ApiError.NotFound("look-alike")).Needs(Scope.Watch)
            .WithSummary("Allows its registrable domain, with all below it, to look like the protected domain: it is closed, and nothing of it is told again.").Produces<LookalikeJson>();

        Change("dismiss", LookalikeState.Dismissed, "Takes it from the queue. Later names join it, and nothing of it is told again.");
        Change("reopen", LookalikeState.Open, "Puts it back into the queue.");

        void Change(string verb, LookalikeState state, string summary) =>
            group.MapPost($"/{{id:long}}/{verb}", async (long id, FoundLookalikes found, CancellationToken cancellation) =>
                await found.SetAsync(id, state, cancellation) is { } one
                    ? TypedResults.Json(one, ApiJson.Default.LookalikeJson)
                    : (IResult)ApiError.NotFound("look-alike")).Needs(Scope.Watch).WithSummary(summary).Produces<LookalikeJson>();
    }

    /// <summary>Whether anybody is defended, and how rules are weighed.</summary>
    public (int Domains, bool IsWeighed, long SampleNames) Standing => (list.List().Count, ordinary.IsWeighed, ordinary.Kept);

    /// <summary>The open ones, the strongest first.</summary>
    /// <param name="after">Behind this one; null: from the first on.</param>
    public async Task<PageJson<LookalikeJson>> QueueAsync(string? domain, LookalikePlace? after, int atMost, CancellationToken cancellation)
    {
        IReadOnlyList<StoredLookalike> found = await store.LookalikesAsync(
            new LookalikeFilter(Domain: Given(domain), State: LookalikeState.Open, Limit: atMost + 1) { After = after }, cancellation);
        return new PageJson<LookalikeJson>(
            [.. found.Take(atMost).Select(LookalikeJson.Of)], found.Count > atMost ? LookalikePlaces.Write(new(found[atMost - 1].Best.Score, found[atMost - 1].Id)) : null);
    }

    /// <summary>The newest first.</summary>
    public async Task<PageJson<LookalikeJson>> ListAsync(string? domain, LookalikeState? state, Page page, CancellationToken cancellation)
    {
        IReadOnlyList<StoredLookalike> found = await store.LookalikesAsync(
            new LookalikeFilter(Domain: Given(domain), State: state, Limit: page.Limit) { Before = page.Before, NewestFirst = true }, cancellation);
        return new PageJson<LookalikeJson>([.. found.Select(LookalikeJson.Of)], found.Count == page.Limit ? ApiJson.IdOf(found[^1].Id) : null);
    }

    /// <summary>One with its names; null if there is none.</summary>
    public async Task<LookalikeJson?> FindAsync(long id, CancellationToken cancellation) =>
        await OwnAsync(id, cancellation) is { } found
            ? LookalikeJson.Of(found) with { Names = [.. (await store.ImitatingNamesAsync(id, MostNames, cancellation)).Select(ImitatingNameJson.Of)] }
            : null;

    /// <summary>The look-alike that an alert was about; null if there is none.</summary>
    public async Task<long?> FindOfAlertAsync(long alert, CancellationToken cancellation) => (await store.FindLookalikeAlertAsync(alert, cancellation))?.Lookalike;

    /// <summary>Those that a certificate shows.</summary>
    public async Task<IReadOnlyList<LookalikeJson>> OfIssuanceAsync(long issuance, CancellationToken cancellation) =>
        [.. (await store.LookalikesOfAsync(issuance, cancellation)).Where(one => one.Owner == ProtectedDomainOwners.Operator).Select(LookalikeJson.Of)];

    public async Task<LookalikeJson?> AllowAsync(long id, CancellationToken cancellation)
    {
        if (await OwnAsync(id, cancellation) is not { } found) return null;
        IReadOnlyList<string> domains = found.IsBulk
            ? [.. (await store.LookalikesAsync(new LookalikeFilter(Limit: MostNames) { Registrable = found.Registrable }, cancellation)).Where(one => !one.IsBulk).Select(one => one.Domain)]
            : [found.Domain];
        await list.AllowAsync(domains, found.Registrable);
        return await SetAsync(id, LookalikeState.Allowed, cancellation);
    }

    public async Task<LookalikeJson?> SetAsync(long id, LookalikeState state, CancellationToken cancellation)
    {
        if (await OwnAsync(id, cancellation) is null) return null;
        await store.SetLookalikeAsync(id, state, CancellationToken.None);
        return await FindAsync(id, cancellation);
    }

    public Task<LookalikeJson?> DismissAsync(long id, CancellationToken cancellation) => SetAsync(id, LookalikeState.Dismissed, cancellation);

    public Task<LookalikeJson?> ReopenAsync(long id, CancellationToken cancellation) => SetAsync(id, LookalikeState.Open, cancellation);

    public static string NameOf(LookalikeState state) => state.ToString().ToLowerInvariant();

    /// <summary>Empty: any.</summary>
    public static bool TryReadState(string? name, out LookalikeState? state)
    {
        state = null;
        if (string.IsNullOrEmpty(name)) return true;
        foreach (LookalikeState each in Enum.GetValues<LookalikeState>())
            if (each != LookalikeState.Bulk && NameOf(each) == name)
                state = each;
        return state is not null;
    }

    // An app's are the app's.
    private async Task<StoredLookalike?> OwnAsync(long id, CancellationToken cancellation) =>
        await store.FindLookalikeAsync(id, cancellation) is { Owner: ProtectedDomainOwners.Operator } found ? found : null;

    private static string? Given(string? domain) => string.IsNullOrWhiteSpace(domain) ? null : domain.Trim().ToLowerInvariant();
}

/// <summary>Places among the strongest as text: the score and the id of the last one that was shown.</summary>
internal static class LookalikePlaces
{
    public static string Write(LookalikePlace place) => string.Create(CultureInfo.InvariantCulture, $"{place.Score}-{place.Id}");

    /// <summary>Empty: none, from the first on.</summary>
    public static bool TryRead(string? text, out LookalikePlace? place)
    {
        place = null;
        if (string.IsNullOrEmpty(text)) return true;
        if (text.Split('-') is [var score, var id] && int.TryParse(score, NumberStyles.None, CultureInfo.InvariantCulture, out int points)
            && long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out long last))
            place = new(points, last);
        return place is not null;
    }
}

/// <summary>A look-alike on the wire.</summary>
/// <param name="ProtectedDomain">What it imitates; null for a bulk finding, which imitates several.</param>
/// <param name="RegistrableDomain">What somebody registered.</param>
/// <param name="Name">The strongest name.</param>
/// <param name="Drawn">The same as browsers may draw it: foreign characters in place of A-labels. Hostile text.</param>
/// <param name="Certificates">How many certificates have such names.</param>
/// <param name="Issuance">Id of the last one.</param>
internal sealed record LookalikeJson(
    string Id, string? ProtectedDomain, string RegistrableDomain, string State, int Score, string Tier, string Class, string Name, string Drawn,
    IReadOnlyList<string> Reasons, bool Bulk, long NameCount, long Certificates, string Issuance, DateTimeOffset Opened, DateTimeOffset LastSeen)
{
    /// <summary>All names, the strongest first, at most 1,000; null in lists.</summary>
    public IReadOnlyList<ImitatingNameJson>? Names { get; init; }

    public static LookalikeJson Of(StoredLookalike found) => new(
        ApiJson.IdOf(found.Id), found.IsBulk ? null : found.Domain, found.Registrable, FoundLookalikes.NameOf(found.State), found.Best.Score, found.Tier.Name(),
        found.Best.Class, found.Best.Name, DrawnName.Of(found.Best.Name), found.Best.Reasons, found.IsBulk, found.Names, found.Certificates,
        ApiJson.IdOf(found.Issuance), found.Opened, found.LastSeen);
}

/// <summary>A name of a look-alike on the wire.</summary>
/// <param name="Issuance">Id of the first certificate that had it.</param>
internal sealed record ImitatingNameJson(
    string Name, string Drawn, string ProtectedDomain, int Score, string Class, IReadOnlyList<string> Reasons, string Issuance, DateTimeOffset Seen)
{
    public static ImitatingNameJson Of(ImitatingName one) =>
        new(one.Name.Name, DrawnName.Of(one.Name.Name), one.Domain, one.Name.Score, one.Name.Class, one.Name.Reasons, ApiJson.IdOf(one.Issuance), one.Seen);
}
