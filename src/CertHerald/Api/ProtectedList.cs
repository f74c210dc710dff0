using CertHerald.Access;
using CertHerald.Names;
using CertHerald.Names.Lookalikes;
using CertHerald.Protecting;
using CertHerald.Storage;

namespace CertHerald.Api;

/// <summary>Domains whose imitations are looked for, and names that were allowed: added and removed while the service runs.</summary>
internal sealed partial class ProtectedList(IStore store, ProtectedDomains inForce, TimeProvider time, ILogger<ProtectedList> logger) : IDisposable
{
    /// <summary>Protected domains that are set through an API, of all owners: they are indexed in memory.</summary>
    public const int MostDomains = 100_000;

    private readonly Turns _turns = new();
    private volatile IReadOnlyList<StoredProtectedDomain> _stored = [];
    private volatile IReadOnlyList<AllowedName> _allowed = [];

    public static void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder group = routes.MapGroup("/api/lookalikes").WithTags("Look-alikes").Needs(Scope.Read);

        group.MapGet("/domains", (ProtectedList list) => TypedResults.Json(list.List(), ApiJson.Default.IReadOnlyListProtectedDomainJson))
            .WithSummary("Protected domains, by name.").Produces<IReadOnlyList<ProtectedDomainJson>>();

        group.MapPut("/domains/{name}", async (string name, HttpRequest request, ProtectedList list) =>
        {
            (ProtectedDomainRequest? settings, string problem) = await Body.ReadAsync(
                request, ApiJson.Default.ProtectedDomainRequest, "\"own\", \"allow\", \"keywords\", \"threshold\" and \"digest\"", empty: new ProtectedDomainRequest());
            if (settings is null) return ApiError.BadRequest(problem);
            if (settings.Read(name, out problem) is not { } domain) return ApiError.BadRequest(problem);
            if (list.IsConfigured(domain.Name)) return ApiError.Conflict($"{domain.Name} stands in the configuration: change it there.");
            if (!list.HasRoom(1) && !list.IsProtected(domain.Name)) return ApiError.Conflict(Full);
            (ProtectedDomainJson stored, bool isNew) = await list.PutAsync(domain);
            return (IResult)TypedResults.Json(stored, ApiJson.Default.ProtectedDomainJson, statusCode: isNew ? StatusCodes.Status201Created : StatusCodes.Status200OK);
        }).Needs(Scope.Watch).Takes<ProtectedDomainRequest>(isRequired: false).WithSummary("Protects a domain, or gives it new settings.")
            .Produces<ProtectedDomainJson>().Produces<ProtectedDomainJson>(StatusCodes.Status201Created);

        group.MapDelete("/domains/{name}", async (string name, ProtectedList list) =>
        {
            if (NameOf(name, out string problem) is not { } domain) return ApiError.BadRequest(problem);
            if (await list.RemoveAsync(domain) is { } removed) return (IResult)TypedResults.Json(removed, ApiJson.Default.ProtectedDomainJson);
            return list.IsConfigured(domain) ? ApiError.Conflict($"{domain} stands in the configuration: remove it there.") : ApiError.NotFound("protected domain");
        }).Needs(Scope.Watch).WithSummary("Protects a domain no more. What was found stays.").Produces<ProtectedDomainJson>();

        group.MapGet("/allowed", (ProtectedList list) => TypedResults.Json(list.Allowed(), ApiJson.Default.IReadOnlyListAllowedNameJson))
            .WithSummary("Names that were allowed by hand.").Produces<IReadOnlyList<AllowedNameJson>>();

        group.MapPut("/domains/{name}/allowed/{allowed}", async (string name, string allowed, ProtectedList list) =>
        {
            if (NameOf(name, out string problem) is not { } domain || NameOf(allowed, out problem) is not { } read) return ApiError.BadRequest(problem);
            if (!list.IsProtected(domain)) return ApiError.NotFound("protected domain");
            (AllowedNameJson json, bool isNew) = await list.AllowAsync(domain, read);
            return (IResult)TypedResults.Json(json, ApiJson.Default.AllowedNameJson, statusCode: isNew ? StatusCodes.Status201Created : StatusCodes.Status200OK);
        }).Needs(Scope.Watch).WithSummary("Allows a name, with all below it, to look like a domain; closes the look-alikes that it covers.")
            .Produces<AllowedNameJson>().Produces<AllowedNameJson>(StatusCodes.Status201Created);

        group.MapDelete("/domains/{name}/allowed/{allowed}", async (string name, string allowed, ProtectedList list) =>
        {
            if (NameOf(name, out string problem) is not { } domain || NameOf(allowed, out problem) is not { } read) return ApiError.BadRequest(problem);
            return await list.DisallowAsync(domain, read) ? (IResult)TypedResults.NoContent() : ApiError.NotFound("allowed name");
        }).Needs(Scope.Watch).WithSummary("Allows a name no more; look-alikes that only it had closed are open again.").Produces(StatusCodes.Status204NoContent);
    }

    /// <summary>Puts in force what the store holds: before any log is read, and when another node has changed it.</summary>
    public Task LoadAsync(CancellationToken cancellation) => _turns.TakeAsync(async () =>
    {
        IReadOnlyList<StoredProtectedDomain> stored = await store.ProtectedDomainsAsync(null, cancellation);
        IReadOnlyList<AllowedName> allowed = await store.AllowedNamesAsync(cancellation);
        (_stored, _allowed) = (stored, allowed);
        // An index of many domains takes a while to build.
        await Task.Run(() => inForce.Load(stored, allowed), cancellation);
    }, cancellation);

    /// <summary>Whoever runs the service protects these.</summary>
    public IReadOnlyList<ProtectedDomainJson> List()
    {
        ILookup<string, string> allowed = _allowed.Where(one => one.Owner == ProtectedDomainOwners.Operator).ToLookup(one => one.Domain, one => one.Name, StringComparer.Ordinal);
        var configured = inForce.Configured.ToDictionary(domain => domain.Name, StringComparer.Ordinal);
        return
        [
            .. configured.Values.Select(domain => ProtectedDomainJson.Of(domain, [.. allowed[domain.Name]], true, null))
                .Concat(from stored in _stored
                        where stored.Owner == ProtectedDomainOwners.Operator && !configured.ContainsKey(stored.Domain.Name)
                        select ProtectedDomainJson.Of(stored.Domain, [.. allowed[stored.Domain.Name]], false, stored.Added))
                .OrderBy(domain => domain.Domain, StringComparer.Ordinal),
        ];
    }

    public IReadOnlyList<AllowedNameJson> Allowed() =>
        [.. from one in _allowed where one.Owner == ProtectedDomainOwners.Operator select new AllowedNameJson(one.Domain, one.Name, one.Added)];

    /// <summary>The settings in force of a domain of whoever runs the service; null if it is not protected.</summary>
    public ProtectedDomain? Find(string name) => inForce.Configured.FirstOrDefault(domain => domain.Name == name)
        ?? _stored.FirstOrDefault(stored => stored.Owner == ProtectedDomainOwners.Operator && stored.Domain.Name == name)?.Domain;

    /// <summary>Said where there is no room.</summary>
    public static string Full { get; } = $"As many domains are protected as can be, {MostDomains:#,0}: remove some first.";

    /// <summary>Whether so many more can be protected.</summary>
    public bool HasRoom(int more) => _stored.Count + more <= MostDomains;

    public bool IsProtected(string name) => Find(name) is not null;

    public bool IsConfigured(string name) => inForce.Configured.Any(domain => domain.Name == name);

    // Not cancellable, as what follows: a client that hangs up must not leave what is stored and what is in force apart.
    public async Task<(ProtectedDomainJson Domain, bool IsNew)> PutAsync(ProtectedDomain domain)
    {
        bool isNew = await ChangeAsync(() => store.PutProtectedDomainAsync(ProtectedDomainOwners.Operator, domain, CancellationToken.None));
        return (List().First(one => one.Domain == domain.Name), isNew);
    }

    /// <returns>What it was; null if it was not added here.</returns>
    public async Task<ProtectedDomainJson?> RemoveAsync(string name)
    {
        ProtectedDomainJson? before = List().FirstOrDefault(one => one.Domain == name && !one.Configured);
        return await ChangeAsync(() => store.RemoveProtectedDomainAsync(ProtectedDomainOwners.Operator, name, CancellationToken.None)) ? before : null;
    }

    /// <summary>Protects a domain for another owner, or gives it new settings for him.</summary>
    public Task PutAsync(string owner, ProtectedDomain domain) => ChangeAsync(() => store.PutProtectedDomainAsync(owner, domain, CancellationToken.None));

    /// <returns>False if that owner does not protect it.</returns>
    public Task<bool> RemoveAsync(string owner, string name) => ChangeAsync(() => store.RemoveProtectedDomainAsync(owner, name, CancellationToken.None));

    /// <summary>The public suffixes; null if there is no list of them.</summary>
    public PublicSuffixes? Suffixes => inForce.Suffixes;

    /// <summary>Those of another owner, by id.</summary>
    public IReadOnlyList<StoredProtectedDomain> ListOf(string owner) => [.. _stored.Where(stored => stored.Owner == owner).OrderBy(stored => stored.Id)];

    /// <summary>Removes some of an owner's domains, then adds others, all or nothing. In force when it returns.</summary>
    public Task ChangeAsync(string owner, IReadOnlyCollection<string> without, IReadOnlyCollection<ProtectedDomain> with) => ChangeAsync(async () =>
    {
        await store.ChangeProtectedDomainsAsync(owner, without, with, CancellationToken.None);
        return true;
    });

    public async Task<(AllowedNameJson Allowed, bool IsNew)> AllowAsync(string domain, string name)
    {
        DateTimeOffset now = time.GetUtcNow();
        bool isNew = await AllowAsync([domain], name, now);
        return (new AllowedNameJson(domain, name, _allowed.FirstOrDefault(one => (one.Owner, one.Domain, one.Name) == (ProtectedDomainOwners.Operator, domain, name))?.Added ?? now), isNew);
    }

    /// <summary>Allows a name to look like several domains, in one change.</summary>
    public Task AllowAsync(IReadOnlyCollection<string> domains, string name) => AllowAsync(domains, name, time.GetUtcNow());

    public Task<bool> DisallowAsync(string domain, string name) =>
        ChangeAsync(() => store.DisallowNameAsync(ProtectedDomainOwners.Operator, domain, name, CancellationToken.None));

    /// <summary>A domain's name in canonical form; null with the problem if it is none.</summary>
    public static string? NameOf(string text, out string problem)
    {
        bool isRead = ProtectedDomainReader.TryReadDomain(text, out ProtectedDomain? read, out string? wrong);
        problem = isRead ? "" : $"{wrong}: write example.com.";
        return read?.Name;
    }

    public void Dispose() => _turns.Dispose();

    private Task<bool> AllowAsync(IReadOnlyCollection<string> domains, string name, DateTimeOffset now) => ChangeAsync(
        () => store.AllowNamesAsync([.. domains.Select(domain => new AllowedName(ProtectedDomainOwners.Operator, domain, name, now))], CancellationToken.None));

    private Task<bool> ChangeAsync(Func<Task<bool>> change) => _turns.TakeAsync(async () =>
    {
        bool outcome = await change();
        (_stored, _allowed) = (await store.ProtectedDomainsAsync(null, CancellationToken.None), await store.AllowedNamesAsync(CancellationToken.None));
        // An index of many domains takes a while to build.
        await Task.Run(() => inForce.Load(_stored, _allowed));
        Changed(inForce.Now.Count);
        return outcome;
    });

    [LoggerMessage(Level = LogLevel.Information, Message = "Look-alike protection changed through the API: {Domains} protected domains")]
    private partial void Changed(int domains);
}

/// <summary>Settings of a protected domain. What is left out is empty, or the default.</summary>
/// <param name="Digest">From which score on what is below the threshold is kept for a digest; null: nothing is.</param>
internal sealed record ProtectedDomainRequest(
    IReadOnlyList<string>? Own = null, IReadOnlyList<string>? Allow = null, IReadOnlyList<string>? Keywords = null, int? Threshold = null, int? Digest = null)
{
    /// <summary>Most names of either list.</summary>
    public const int MostNames = 1_000;

    /// <summary>Null with the problem if something cannot be used.</summary>
    public ProtectedDomain? Read(string name, out string problem)
    {
        if (ProtectedList.NameOf(name, out problem) is not { } domain || NamesOf(Own, out problem) is not { } own || NamesOf(Allow, out problem) is not { } allowed) return null;
        if (own.Count > MostNames || allowed.Count > MostNames || Keywords?.Count > ProtectedDomain.MostKeywords)
        {
            problem = $"A domain has at most {MostNames:#,0} names of \"own\", as many of \"allow\", and {ProtectedDomain.MostKeywords} \"keywords\".";
            return null;
        }
        string[] keywords = [.. (Keywords ?? []).Select(keyword => (keyword ?? "").Trim())];
        if (keywords.FirstOrDefault(keyword => keyword.Length is < 3 or > 63) is not null) problem = "A keyword has 3 to 63 characters.";
        else if (Threshold is < 1 or > 100) problem = "A threshold is 1 to 100.";
        else if (Digest < 1 || Digest >= (Threshold ?? ProtectedDomain.DefaultThreshold)) problem = "The score of a digest is 1 or more, and below the threshold.";
        else return new ProtectedDomain { Name = domain, Own = own, Allowed = allowed, Keywords = keywords, Threshold = Threshold ?? ProtectedDomain.DefaultThreshold, DigestFrom = Digest };
        return null;
    }

    private static List<string>? NamesOf(IReadOnlyList<string>? texts, out string problem)
    {
        problem = "";
        var names = new List<string>();
        foreach (string text in texts ?? [])
        {
            if (ProtectedList.NameOf(text ?? "", out problem) is not { } name) return null;
            names.Add(name);
        }
        return names;
    }
}

/// <summary>A protected domain on the wire.</summary>
/// <param name="Digest">From which score on what is below the threshold is kept for a digest; null: nothing is.</param>
/// <param name="AllowedByHand">Names that were allowed with a click, or through the API, beside those of its settings.</param>
/// <param name="Configured">It stands in the configuration.</param>
/// <param name="Added">When it was added through the API; null if it was not.</param>
internal sealed record ProtectedDomainJson(
    string Domain, IReadOnlyList<string> Own, IReadOnlyList<string> Allow, IReadOnlyList<string> Keywords, int Threshold, int? Digest, IReadOnlyList<string> AllowedByHand,
    bool Configured, DateTimeOffset? Added)
{
    public static ProtectedDomainJson Of(ProtectedDomain domain, IReadOnlyList<string> byHand, bool configured, DateTimeOffset? added) =>
        new(domain.Name, domain.Own, domain.Allowed, domain.Keywords, domain.Threshold, domain.DigestFrom, byHand, configured, added);
}

/// <summary>An allowed name on the wire.</summary>
internal sealed record AllowedNameJson(string Domain, string Name, DateTimeOffset Added);
