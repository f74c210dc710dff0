using System.Collections.Immutable;
using CertHerald.Access;
using CertHerald.Deciding;
using CertHerald.Names;
using CertHerald.Storage;

namespace CertHerald.Api;

/// <summary>What is watched, and the items that are added and removed while the service runs. These are kept in the store.</summary>
internal sealed partial class Domains(IWatchItems store, Watched watched, TimeProvider time, ILogger<Domains> logger) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1, 1);

    // As the store has them. Written by whoever holds _one.
    private ImmutableSortedDictionary<string, AddedItem> _added = ImmutableSortedDictionary.Create<string, AddedItem>(StringComparer.Ordinal);

    public static void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder group = routes.MapGroup("/api/domains").WithTags("Domains").Needs(Scope.Read);

        group.MapGet("", (Domains domains) => TypedResults.Json(domains.List(), ApiJson.Default.IEnumerableDomainJson)).Produces<IEnumerable<DomainJson>>();

        group.MapPost("/{name}", async (string name, Domains domains) =>
        {
            if (Read(name, out string problem) is not { } item) return ApiError.BadRequest(problem);
            (DomainJson domain, bool isNew) = await domains.AddAsync(item);
            return (IResult)TypedResults.Json(domain, ApiJson.Default.DomainJson, statusCode: isNew ? StatusCodes.Status201Created : StatusCodes.Status200OK);
        }).Needs(Scope.Watch).Produces<DomainJson>().Produces<DomainJson>(StatusCodes.Status201Created);

        group.MapDelete("/{name}", async (string name, Domains domains) =>
        {
            if (Read(name, out string problem) is not { } item) return ApiError.BadRequest(problem);
            if (await domains.RemoveAsync(item) is { } domain) return (IResult)TypedResults.Json(domain, ApiJson.Default.DomainJson);
            return domains.IsConfigured(item) ? ApiError.Conflict($"{item} stands in the configuration: remove it there.") : ApiError.NotFound("watch item");
        }).Needs(Scope.Watch).Produces<DomainJson>();
    }

    /// <summary>Puts in force what another node has changed.</summary>
    public Task RefreshAsync(CancellationToken cancellation) => TakingTurnsAsync(async () =>
    {
        await LoadAsync(cancellation);
        return true;
    });

    /// <summary>Puts in force what the store holds. Called before any log is read.</summary>
    /// <exception cref="StoreException">An item cannot be read: a newer program wrote it.</exception>
    public async Task LoadAsync(CancellationToken cancellation)
    {
        var stored = (await store.AddedItemsAsync(cancellation)).ToImmutableSortedDictionary(item => item.Text, item => item, StringComparer.Ordinal);
        if (stored.SequenceEqual(_added)) return;
        _added = stored;
        WatchList added = Listed(_added);
        watched.Add(added);
        foreach (string warning in PublicTrees.Warnings(added, watched.Suffixes)) Broad(warning);
    }

    /// <summary>Every watch item once, those that were added here first. Read to its end, it is one state, whatever changes meanwhile.</summary>
    public IEnumerable<DomainJson> List()
    {
        ImmutableSortedDictionary<string, AddedItem> added = _added;
        WatchList configured = watched.Configured;
        WatchList both = Listed(added);
        return both.Items.Select(item => new DomainJson(item.Text, configured.Holds(item), added[item.Text].Added))
            .OrderBy(domain => domain.Name, StringComparer.Ordinal)
            .Concat(configured.Items.Where(item => !both.Holds(item)).Select(item => new DomainJson(item.Text, Configured: true, Added: null)));
    }

    /// <summary>Watches an item from the next batch on; when it returns, it is durable and in force.</summary>
    // Not cancellable: a client that hangs up must not leave what is stored and what is in force apart.
    public Task<(DomainJson Domain, bool IsNew)> AddAsync(WatchItem item) => TakingTurnsAsync(async () =>
    {
        var added = new AddedItem(item.Text, time.GetUtcNow());
        bool isNew = await store.AddItemAsync(added, CancellationToken.None);
        if (isNew) PutInForce(_added.SetItem(item.Text, added));
        string? warning = item.IsTree ? PublicTrees.Warnings(Listed([added.Text]), watched.Suffixes).FirstOrDefault() : null;
        return (new DomainJson(item.Text, IsConfigured(item), _added[item.Text].Added, warning), isNew);
    });

    /// <summary>Removes an item that was added here. In the configuration it may stay.</summary>
    /// <returns>What is left of it; null if it was never added here.</returns>
    public Task<DomainJson?> RemoveAsync(WatchItem item) => TakingTurnsAsync(async () =>
    {
        if (!await store.RemoveItemAsync(item.Text, CancellationToken.None)) return null;
        PutInForce(_added.Remove(item.Text));
        return new DomainJson(item.Text, IsConfigured(item), Added: null);
    });

    public bool IsWatched(WatchItem item) => _added.ContainsKey(item.Text) || IsConfigured(item);

    public bool IsConfigured(WatchItem item) => watched.Configured.Holds(item);

    public void Dispose() => _one.Dispose();

    private async Task<T> TakingTurnsAsync<T>(Func<Task<T>> change)
    {
        await _one.WaitAsync();
        try
        {
            return await change();
        }
        finally
        {
            _one.Release();
        }
    }

    private void PutInForce(ImmutableSortedDictionary<string, AddedItem> added)
    {
        _added = added;
        (int before, int after) = watched.Add(Listed(added));
        Changed(after, before);
    }

    private static WatchList Listed(ImmutableSortedDictionary<string, AddedItem> added) => Listed(added.Keys);

    private static WatchList Listed(IEnumerable<string> items) =>
        WatchList.TryParse(items.Select((text, at) => ("the database", at + 1, text)), out WatchList list, out IReadOnlyList<WatchListMistake> mistakes, out _)
            ? list
            : throw new StoreException($"the database holds a watch item that this version cannot watch: {mistakes[0].Problem}; start the newer certherald again");

    /// <summary>Reads one watch item; null with the problem if it is none.</summary>
    public static WatchItem? Read(string name, out string problem)
    {
        problem = "";
        if (WatchList.TryParse([("", 1, name)], out WatchList list, out IReadOnlyList<WatchListMistake> mistakes, out _) && list.Count == 1) return list.Items.Single();
        problem = mistakes.Count > 0 ? $"{mistakes[0].Problem}: {mistakes[0].Remedy}." : "This is no name: write example.com, .example.com or an IP address.";
        return null;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Watch list changed through the API: {After} watch items, {Before} before")]
    private partial void Changed(int after, int before);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Added through the API: {Warning}")]
    private partial void Broad(string warning);
}

/// <summary>A watch item on the wire.</summary>
/// <param name="Configured">It stands in the configuration or in a watch file.</param>
/// <param name="Added">When it was added through the API; null if it was not.</param>
/// <param name="Warning">What is allowed but probably not meant: told when it is added, else null.</param>
internal sealed record DomainJson(string Name, bool Configured, DateTimeOffset? Added, string? Warning = null);
