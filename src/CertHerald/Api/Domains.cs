using System.Collections.Immutable;
using CertHerald.Access;
using CertHerald.Deciding;
using CertHerald.Names;
using CertHerald.Storage;

namespace CertHerald.Api;

/// <summary>What is watched, and the items that are added and removed while the service runs. These are kept in the store.</summary>
internal sealed partial class Domains(IWatchItems store, Watched watched, TimeProvider time, ILogger<Domains> logger) : IDisposable
{
    private readonly Turns _turns = new();

    // As the store has them. Written by whoever has the turn.
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
    public Task RefreshAsync(CancellationToken cancellation) => _turns.TakeAsync(() => LoadAsync(cancellation), cancellation);

    /// <summary>Puts in force what the store holds. Called before any log is read.</summary>
    /// <exception cref="StoreException">An item cannot be read: a newer program wrote it.</exception>
    public async Task LoadAsync(CancellationToken cancellation)
    {
        ImmutableSortedDictionary<string, AddedItem> stored = await StoredAsync(cancellation);
        if (stored.SequenceEqual(_added)) return;
        _added = stored;
        WatchList added = Enabled(_added);
        watched.Add(added);
        foreach (string warning in PublicTrees.Warnings(added, watched.Suffixes)) Broad(warning);
    }

    /// <summary>Every watch item once, those that were added here first. Read to its end, it is one state, whatever changes meanwhile.</summary>
    public IEnumerable<DomainJson> List()
    {
        ImmutableSortedDictionary<string, AddedItem> added = _added;
        WatchList configured = watched.Configured;
        WatchList here = Listed(added.Keys);
        return here.Items.Select(item => Shown(added[item.Text], configured.Holds(item)))
            .OrderBy(domain => domain.Name, StringComparer.Ordinal)
            .Concat(configured.Items.Where(item => !here.Holds(item)).Select(item => DomainJson.OfConfiguration(item.Text)));
    }

    /// <summary>How many items match now.</summary>
    public int Count => watched.List.Count;

    /// <summary>One of <see cref="List"/>; null if it is none.</summary>
    public DomainJson? Find(WatchItem item) =>
        _added.TryGetValue(item.Text, out AddedItem? added) ? Shown(added, IsConfigured(item)) : IsConfigured(item) ? DomainJson.OfConfiguration(item.Text) : null;

    /// <summary>Watches an item from the next batch on, also one that was disabled; when it returns, it is durable and in force.</summary>
    public async Task<(DomainJson Domain, bool IsNew)> AddAsync(WatchItem item)
    {
        (DomainJson domain, bool isNew) = await SetAsync(item, enabled: true);
        string? warning = item.IsTree ? PublicTrees.Warnings(Listed([item.Text]), watched.Suffixes).FirstOrDefault() : null;
        return (domain with { Warning = warning }, isNew);
    }

    /// <summary>Adds an item, or changes whether it matches; when it returns, it is durable and in force.</summary>
    /// <param name="enabled">Null leaves it as it is: a new one matches.</param>
    // Not cancellable: a client that hangs up must not leave what is stored and what is in force apart.
    public Task<(DomainJson Domain, bool IsNew)> SetAsync(WatchItem item, bool? enabled) => _turns.TakeAsync(async () =>
    {
        // One write, unless another node is about the same item: the audit trail tells of it in its transaction.
        bool isThere = (await StoredAsync(CancellationToken.None)).ContainsKey(item.Text);
        if (isThere && enabled is { } wanted) isThere = await store.EnableItemAsync(item.Text, wanted, CancellationToken.None);
        bool isNew = !isThere && await store.AddItemAsync(new AddedItem(item.Text, time.GetUtcNow(), enabled ?? true), CancellationToken.None);
        await PutInForceAsync();
        // Another node may have removed it since: then it is as nobody's.
        return (Find(item) ?? Gone(item), isNew);
    });

    /// <summary>Removes an item that was added here. In the configuration it may stay.</summary>
    /// <returns>What is left of it; null if it was never added here.</returns>
    public Task<DomainJson?> RemoveAsync(WatchItem item) => _turns.TakeAsync(async () =>
    {
        if (!await store.RemoveItemAsync(item.Text, CancellationToken.None)) return null;
        await PutInForceAsync();
        return IsConfigured(item) ? DomainJson.OfConfiguration(item.Text) : Gone(item);
    });

    public bool IsWatched(WatchItem item) => _added.GetValueOrDefault(item.Text) is { Enabled: true } || IsConfigured(item);

    public bool IsConfigured(WatchItem item) => watched.Configured.Holds(item);

    public void Dispose() => _turns.Dispose();

    private async Task PutInForceAsync()
    {
        // As the store has it, not as this node believes: others change it too.
        _added = await StoredAsync(CancellationToken.None);
        (int before, int after) = watched.Add(Enabled(_added));
        Changed(after, before);
    }

    private async Task<ImmutableSortedDictionary<string, AddedItem>> StoredAsync(CancellationToken cancellation) =>
        (await store.AddedItemsAsync(cancellation)).ToImmutableSortedDictionary(item => item.Text, item => item, StringComparer.Ordinal);

    private static DomainJson Shown(AddedItem added, bool isConfigured) => new(added.Text, isConfigured, added.Added, added.Enabled || isConfigured);

    private static DomainJson Gone(WatchItem item) => new(item.Text, Configured: false, Added: null, Enabled: false);

    private static WatchList Enabled(ImmutableSortedDictionary<string, AddedItem> added) => Listed(added.Values.Where(item => item.Enabled).Select(item => item.Text));

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
/// <param name="Enabled">Whether it matches: what the configuration holds always does.</param>
/// <param name="Warning">What is allowed but probably not meant: told when it is added, else null.</param>
internal sealed record DomainJson(string Name, bool Configured, DateTimeOffset? Added, bool Enabled, string? Warning = null)
{
    /// <summary>One that was not added through the API.</summary>
    public static DomainJson OfConfiguration(string name) => new(name, Configured: true, Added: null, Enabled: true);
}
