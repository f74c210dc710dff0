using System.Collections.Immutable;
using System.Security.Cryptography;
using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Delivering.Signing;
using CertHerald.Names;
using CertHerald.Protecting;
using CertHerald.Storage;

namespace CertHerald.Api;

/// <summary>
/// Apps: tenants of this service. Each has secrets, domains, and places where it is told, of none but its own domains. They are kept in the store and in force at once. Thread-safe; those who write take turns.
/// </summary>
internal sealed partial class Apps(
    IApps store, Watched watched, ProtectedDomains protectedDomains, Delivering.Webhooks webhooks, WebhookHandshake handshake, TimeProvider time, ILogger<Apps> logger) : IDisposable
{
    public const int MostApps = 10_000, MostDomains = 10_000, MostNameCharacters = 100;

    /// <summary>Changes of one app by other nodes that a change is made anew after.</summary>
    private const int MostTries = 3;

    private const double UsualOverlapHours = 24, MostOverlapHours = 7 * 24;

    // Beyond these, JavaScript's numbers skip some: receivers that parse an id as a number must get it back.
    private const long LeastMade = 1_000_000_000_000_000, MostMade = 9_000_000_000_000_000;

    private readonly Turns _turns = new();

    // As the store has them. Written by those who take turns.
    private volatile ImmutableSortedDictionary<long, App> _apps = ImmutableSortedDictionary<long, App>.Empty;

    /// <summary>Puts in force what another node has changed.</summary>
    public Task RefreshAsync(CancellationToken cancellation) => _turns.TakeAsync(() => LoadAsync(cancellation), cancellation);

    /// <summary>Puts in force what the store holds. Called before any log is read.</summary>
    /// <exception cref="StoreException">One cannot be read: its key is lost, or a newer program wrote it.</exception>
    public async Task LoadAsync(CancellationToken cancellation)
    {
        ILookup<long, DomainOfApp> domains = (await store.AppDomainsAsync(cancellation)).ToLookup(domain => domain.App);
        ImmutableSortedDictionary<long, App> before = _apps;
        PutInForce((await store.AppsAsync(cancellation)).ToImmutableSortedDictionary(
            app => app.Id, app => before.GetValueOrDefault(app.Id) is { } known && known.IsAs(app, domains[app.Id]) ? known : Read(app, [.. domains[app.Id]])));
    }

    /// <summary>All of them, by number.</summary>
    public IEnumerable<App> List() => _apps.Values;

    /// <summary>Null if there is none.</summary>
    public App? Find(long id) => _apps.GetValueOrDefault(id);

    // What follows is not cancellable: a client that hangs up must not leave what is stored and what is in force apart.

    /// <summary>Makes an app.</summary>
    /// <param name="id">Null makes a number.</param>
    /// <param name="secret">Null makes one.</param>
    /// <returns>The app, whose newest secret is told nowhere else; null, and why, if it cannot be.</returns>
    public Task<(App? App, string Problem)> CreateAsync(string name, long? id, string? secret) => _turns.TakeAsync<(App? App, string Problem)>(async () =>
    {
        if (_apps.Count >= MostApps) return (null, $"There are {MostApps:#,0} apps already: remove one that is not used.");
        while (true)
        {
            long number = id ?? LeastMade + (long)(RandomNumberGenerator.GetInt32(int.MaxValue) / (double)int.MaxValue * (MostMade - LeastMade)) + RandomNumberGenerator.GetInt32(1 << 20);
            var stored = new StoredApp(number, name, time.GetUtcNow(), [new StoredSecret(secret ?? AppSecret.New().Text, Until: null)], Subscription: null);
            AuditNote.About(stored.ToString());
            if (!await store.AddAppAsync(stored, CancellationToken.None))
            {
                if (id is not null) return (null, $"There is an app {number} already: choose another number, or leave it out.");
                continue;
            }
            LogMade(number);
            return (Put(Read(stored, [])), "");
        }
    });

    /// <summary>
    /// Gives it a new secret. Both open the API for a while; requests are signed with the old one until it ends, and from then on
    /// with the new one: a header holds one signature.
    /// </summary>
    /// <returns>Null, and why, if it cannot be; without a reason there is no such app.</returns>
    public Task<(App? App, string Problem)> RotateAsync(long id, double? overlapHours, string? secret) => ChangeAsync(id, before =>
    {
        if (overlapHours is { } hours && !(hours is >= 0 and <= MostOverlapHours)) return (null, $"\"overlap_hours\" is a number from 0 to {MostOverlapHours}.");

        DateTimeOffset now = time.GetUtcNow(), until = now.AddHours(overlapHours ?? UsualOverlapHours);
        StoredSecret[] old = [.. before.Secrets.Select(one => one with { Until = one.Until < until ? one.Until : until }).Where(one => one.Until > now)];
        if (old.Length > 1) return (null, $"An old secret is valid until {old[^1].Until:yyyy-MM-dd HH:mm}Z: wait for its end, or end it now with \"overlap_hours\": 0.");
        if (before.Secrets.Any(one => one.Text == secret)) return (null, "\"secret\" is one that the app has already.");
        StoredSecret[] secrets = [new StoredSecret(secret ?? AppSecret.New().Text, Until: null), .. old];
        return (before with { Secrets = secrets }, "");
    }, () => LogRotated(id));

    /// <summary>Gives it other options.</summary>
    /// <returns>As <see cref="RotateAsync"/>.</returns>
    public Task<(App? App, string Problem)> SetAsync(long id, Func<AppOptions, AppOptions> change) => ChangeAsync(id, before => (before with { Options = change(before.Options) }, ""), () => LogSet(id));

    /// <summary>Removes it with all that is its own. What it is owed is called off.</summary>
    /// <returns>What it was; null if there is none.</returns>
    public Task<App?> RemoveAsync(long id) => _turns.TakeAsync<App?>(async () =>
    {
        App? app = Find(id);
        // Out of force first: what is found meanwhile must not be owed to it after all that it is owed was called off.
        PutInForce(_apps.Remove(id));
        try
        {
            if (!await store.RemoveAppAsync(id, CancellationToken.None)) return null;
        }
        catch (StoreException)
        {
            if (app is not null) Put(app);
            throw;
        }
        LogRemoved(id);
        return app;
    });

    /// <summary>Changes an app's domains: all that is asked, or nothing. In force when it returns.</summary>
    /// <param name="without">Taken away first.</param>
    /// <returns>The app; null, and why, if it cannot be; without a reason there is no such app.</returns>
    public Task<(App? App, string Problem)> ChangeDomainsAsync(long id, IReadOnlyList<WatchItem> without, IReadOnlyList<WatchItem> with) => _turns.TakeAsync<(App? App, string Problem)>(async () =>
    {
        AppDomainsChange change = await store.ChangeAppDomainsAsync(
            id, [.. without.Select(item => item.Text).Distinct()], [.. with.Select(item => item.Text).Distinct()], MostDomains, time.GetUtcNow(), CancellationToken.None);
        if (change == AppDomainsChange.TooMany) return (null, $"An app has at most {MostDomains:#,0} domains.");
        if (change == AppDomainsChange.NoSuchApp || Find(id) is not { } app) return (null, "");
        DomainOfApp[] domains = [.. (await store.AppDomainsAsync(CancellationToken.None)).Where(domain => domain.App == id)];
        LogDomains(id, domains.Length, app.Domains.Count);
        return (Put(Read(app.Stored, domains)), "");
    });

    public void Dispose() => _turns.Dispose();

    /// <param name="change">What it becomes; null, and why, if it cannot be. Asked again if another node has changed it meanwhile.</param>
    /// <returns>Null, and why, if it was not changed; without a reason there is no such app.</returns>
    private Task<(App? App, string Problem)> ChangeAsync(long id, Func<StoredApp, (StoredApp? After, string Problem)> change, Action log) => _turns.TakeAsync<(App? App, string Problem)>(async () =>
    {
        for (int tries = 1; ; tries++)
        {
            if (Find(id) is { } app)
            {
                (StoredApp? after, string problem) = change(app.Stored);
                if (after is null) return (null, problem);
                if (await store.ReplaceAppAsync(after, CancellationToken.None))
                {
                    log();
                    return (Put(Read(after with { Revision = after.Revision + 1 }, app.Domains)), "");
                }
            }

            // Another node has made, changed or removed it: what is here is what it was.
            if (tries > MostTries) return (null, Find(id) is null ? "" : "It is being changed from elsewhere: look at it, then ask again.");
            await LoadAsync(CancellationToken.None);
        }
    });

    private App Read(StoredApp stored, IReadOnlyList<DomainOfApp> domains) => App.Of(stored, domains, protectedDomains.SinceOf);

    private App Put(App app)
    {
        PutInForce(_apps.SetItem(app.Stored.Id, app));
        return app;
    }

    private void PutInForce(ImmutableSortedDictionary<long, App> apps)
    {
        bool isOwnChanged = !_apps.Values.Where(OwnsAny).Select(OwnedBy).SequenceEqual(apps.Values.Where(OwnsAny).Select(OwnedBy));
        _apps = apps;
        // What an app has is no imitation to it, nor what it allows. Not without need: indexes are built anew.
        if (isOwnChanged)
            protectedDomains.Own(apps.Values.Where(OwnsAny).ToDictionary(
                app => app.Owner, app => (IReadOnlyList<string>)[.. app.Domains.Select(domain => domain.Item[1..]), .. app.Stored.Options.Allow]));
        // Who is told first: what is watched from then on is told of at once.
        webhooks.AddOfApps([.. apps.Values.SelectMany(app => app.Webhooks)]);
        WatchList ofApps = App.Listed(apps.Values.SelectMany(app => app.Domains).Select(domain => domain.Item));
        if (!ofApps.Items.ToHashSet().SetEquals(watched.OfApps.Items)) watched.AddOfApps(ofApps);
    }

    private static bool OwnsAny(App app) => app.Domains.Count > 0 || app.Stored.Options.Allow.Count > 0;

    private static (long, IReadOnlyList<DomainOfApp>, IReadOnlyList<string>) OwnedBy(App app) => (app.Stored.Id, app.Domains, app.Stored.Options.Allow);

    [LoggerMessage(Level = LogLevel.Information, Message = "App {App} was made")]
    private partial void LogMade(long app);

    [LoggerMessage(Level = LogLevel.Information, Message = "App {App} has a new secret")]
    private partial void LogRotated(long app);

    [LoggerMessage(Level = LogLevel.Information, Message = "App {App} has other options")]
    private partial void LogSet(long app);

    [LoggerMessage(Level = LogLevel.Information, Message = "App {App} was removed, with its domains and its subscription")]
    private partial void LogRemoved(long app);

    [LoggerMessage(Level = LogLevel.Information, Message = "App {App} changed what it subscribes to: {After} domains, {Before} before")]
    private partial void LogDomains(long app, int after, int before);

    [LoggerMessage(Level = LogLevel.Information, Message = "App {App} is told of {Events} at its callback {Callback}, and of nothing else there")]
    private partial void LogSubscribed(long app, string callback, IReadOnlyList<string> events);

    [LoggerMessage(Level = LogLevel.Information, Message = "App {App} is no longer told at its callback {Callback}")]
    private partial void LogUnsubscribed(long app, string callback);
}
