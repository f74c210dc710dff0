using System.Diagnostics.Metrics;
using System.Net;
using CertHerald.Access;
using CertHerald.Api;
using CertHerald.Api.Feeds;
using CertHerald.Configuring;
using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Delivering.Operators;
using CertHerald.Dialects;
using CertHerald.Dialects.CertSpotter.Api;
using CertHerald.Dialects.Meta.Graph;
using CertHerald.Fetching;
using CertHerald.Following;
using CertHerald.Inspecting;
using CertHerald.Names;
using CertHerald.Protecting;
using CertHerald.Resolving;
using CertHerald.Storage;
using CertHerald.WebConsole;

namespace CertHerald.Cli;

/// <summary>The service, put together by hand. Started by <c>run</c>, <c>watch</c> and <c>demo</c>; whoever starts it disposes of it.</summary>
internal sealed partial class HeraldHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private HeraldHost(WebApplication app, CertHeraldOptions options) => (_app, Options) = (app, options);

    /// <summary>What it was started with, but for watch list and known certificates: these change.</summary>
    public CertHeraldOptions Options { get; }

    /// <summary>Where it really listens: the configured port may have been 0.</summary>
    public Uri Address { get; private set; } = null!;

    public IStore Store => _app.Services.GetRequiredService<IStore>();

    /// <summary>Everything that it answers to.</summary>
    public IReadOnlyList<RouteEndpoint> Routes => [.. _app.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()];

    /// <summary>Starts everything. When it returns, the console answers.</summary>
    /// <param name="read">Reads the configuration: now, and whenever it is to be read again.</param>
    /// <param name="dialects">The webhook dialects; null: all, as promised to their receivers.</param>
    /// <exception cref="ConfigurationException">The configuration cannot be used.</exception>
    /// <exception cref="StoreException">The data directory is in use or not writable.</exception>
    /// <exception cref="CommandFailedException">The address is taken.</exception>
    public static async Task<HeraldHost> StartAsync(Func<CertHeraldOptions> read, CancellationToken stopping, LogLevel logLevel = LogLevel.Information, IReadOnlyList<IWebhookDialect>? dialects = null)
    {
        CertHeraldOptions options = read();
        var meter = new Meter("CertHerald");
        var watched = new Watched(options.Watch, options.Known, meter, options.Suffixes);
        // From here on only who holds what is in force holds a list: one that was replaced must not stay in memory.
        var sample = new NameSample(OrdinaryNames.DefaultSize, (ulong)DateTimeOffset.UtcNow.UtcTicks);
        var protecting = new ProtectedDomains(options.Lookalikes, options.Suffixes, JudgingOptions.Folds(null, options.Data), sample, meter);
        options = options with { Watch = WatchList.Empty, Known = KnownCertificates.None, Lookalikes = [] };
        ConfigurationReload.LetGo(watched.List.Count);

        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "certherald" });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 1 << 20;
        });
        builder.WebHost.UseUrls(options.Listen.ToString());
        builder.Logging.SetMinimumLevel(logLevel).AddFilter("Microsoft", LogLevel.Warning).AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error).AddProvider(new StandardErrorLog(meter));
        // Longer than deliveries wait for attempts under way: their claims are given back afterwards.
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(25));
        IssuerDirectory issuers = IssuersFile.Load(options.Data, out string? issuersProblem);
        Compose(builder.Services, options, meter, watched, protecting, sample, read, issuers, dialects ?? WebhookDialects.AllWith(issuers));

        WebApplication app = builder.Build();
        var service = new HeraldHost(app, options);
        if (issuersProblem is not null) LogIssuersLeftOut(app.Services.GetRequiredService<ILogger<HeraldHost>>(), issuersProblem);
        try
        {
            app.UseSecurityHeaders();
            app.UseCertSpotterApi();
            app.UseFailureAnswers();
            app.UseAccess();
            CertStreamAddresses.Use(app, options.PublicUrl);
            app.MapApi();
            app.MapCertSpotterApi();
            GraphApi.Map(app);
            app.MapConsole();
            // Opened now, so that a data directory in use is said before anything else happens.
            app.Services.GetRequiredService<IStore>().OwedElsewhere = app.Services.GetRequiredService<Bell>().Ring;
            await app.Services.GetRequiredService<Domains>().LoadAsync(stopping);
            await app.Services.GetRequiredService<Baseline>().BeginAsync(stopping);
            await app.Services.GetRequiredService<Authorisations>().LoadAsync(stopping);
            await app.Services.GetRequiredService<ProtectedList>().LoadAsync(stopping);
            await app.Services.GetRequiredService<SecretsAtRest>().ResumeAsync(stopping);
            await app.Services.GetRequiredService<AddedWebhooks>().LoadAsync(stopping);
            await app.Services.GetRequiredService<Apps>().LoadAsync(stopping);
            await app.Services.GetRequiredService<LearnedRates>().LoadAsync(stopping);
            // Before anything is sent: no webhook may call our own API.
            app.Services.GetRequiredService<OutboundGuard>().Shut(ListenersOf(options.Listen));
            await app.StartAsync(stopping);
        }
        catch (IOException failure) when (failure.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            await EndAsync(app);
            throw new CommandFailedException($"{options.Listen} is taken by another program: stop it, or listen elsewhere with --listen URL", failure);
        }
        catch (System.Net.Sockets.SocketException failure)
        {
            await EndAsync(app);
            throw new CommandFailedException($"{options.Listen} cannot be listened on: {failure.Message}; name an address of this machine and a port that this user may open, with --listen URL", failure);
        }
        catch
        {
            await EndAsync(app);
            throw;
        }
        service.Address = new Uri(app.Urls.First());
        new LocalAccess(service.Address, app.Services.GetRequiredService<LocalKey>().Text).Save(options.Data);
        app.Services.GetRequiredService<OutboundGuard>().Shut(ListenersOf(service.Address));
        return service;
    }

    /// <summary>A link that signs its first user in to the console, for ten minutes.</summary>
    public string CreateLoginLink(string publicUrl) => LoginLink(publicUrl, _app.Services.GetRequiredService<LoginLinks>().Create());

    public static string LoginLink(string publicUrl, string token) => $"{publicUrl}/console/login?token={token}";

    /// <summary>Asks it to read its configuration again, soon.</summary>
    public void Reload() => _app.Services.GetRequiredService<ConfigurationReload>().Ask();

    /// <summary>A part of it failed for good, which ends the whole.</summary>
    public bool HasBroken => _app.Services.GetServices<IHostedService>().OfType<BackgroundService>().Any(part => part.ExecuteTask is { IsFaulted: true });

    public Task WaitForShutdownAsync(CancellationToken stopping) => _app.WaitForShutdownAsync(stopping);

    public async ValueTask DisposeAsync()
    {
        LocalAccess.Forget(Options.Data);
        await EndAsync(_app);
    }

    /// <summary>Stops what has been started before it takes away what they use: also after a start that failed half-way.</summary>
    private static async Task EndAsync(WebApplication app)
    {
        await app.StopAsync();
        await app.DisposeAsync();
    }

    /// <summary>"localhost" is the one name that is listened on as such: as both loopback addresses.</summary>
    private static IEnumerable<IPEndPoint> ListenersOf(Uri address) =>
        from listener in IPAddress.TryParse(address.Host, out IPAddress? one) ? [one] : (IPAddress[])[IPAddress.Loopback, IPAddress.IPv6Loopback]
        select new IPEndPoint(listener, address.Port);

    private static void Compose(
        IServiceCollection services, CertHeraldOptions options, Meter meter, Watched watched, ProtectedDomains protecting, NameSample sample, Func<CertHeraldOptions> read,
        IssuerDirectory issuers, IReadOnlyList<IWebhookDialect> dialects)
    {
        TimeProvider time = Stores.TimeOf(options.Store);
        services.AddSingleton(time);
        services.AddSingleton(_ => meter);
        services.AddSingleton(provider => Stores.Open(options.Store, options.Data, time, provider.GetRequiredService<Meter>()));      // Storage

        services.AddSingleton(new Inspector(() => watched.List, () => protecting.Now, sample, () => watched.Own) { Index = options.Index });   // Inspecting
        services.AddSingleton(watched);                                                                                                           // Deciding
        var webhooks = new Webhooks(options.PublicUrl, options.Webhooks, dialects);
        services.AddSingleton(new Decider(() => watched.Known, () => webhooks.Subscriptions, issuers, () => watched.OfApps.Count > 0 ? watched.Own : null));
        services.AddSingleton(issuers);

        services.AddSingleton(_ => new Pacers(time, options.Logs.Rates));                                                             // Fetching
        services.AddSingleton(new FetchMemory(FetchMemory.DefaultMost));
        services.AddSingleton(provider => LogClients(options, provider));
        services.AddSingleton<LogSources>();

        services.AddSingleton(protecting);                                                                                                        // Lookalikes
        services.AddSingleton(provider => new OrdinaryNames(sample, protecting, options.Data, TimeProvider.System, provider.GetRequiredService<ILogger<OrdinaryNames>>()));
        services.AddHostedService(provider => provider.GetRequiredService<OrdinaryNames>());
        services.AddSingleton<AlertedLookalikes>();
        services.AddHostedService(provider => new LookalikeRetention(provider.GetRequiredService<IStore>(), options.Retention.Lookalikes, time, provider.GetRequiredService<ILogger<LookalikeRetention>>()));

        var imported = ImportedStarts.Read(options.Data);
        services.AddSingleton(provider => new Baseline(provider.GetRequiredService<IStore>(), options.IsBaselineSilent, time));
        services.AddSingleton<Bell>();                                                                                                        // Following
        services.AddSingleton<EntryTap>();
        services.AddSingleton(provider => new LogFleet(
            options.Logs,
            [.. options.Logs.Lists.Select(list => provider.GetRequiredService<LogSources>().List(list, Path.Combine(options.Data, "lists")))],
            provider.GetRequiredService<IStore>(),
            followed => new LogFollower(followed, ReadLane(provider, followed, RequestPriority.Tip), imported.Of(followed.Log.Id) ?? options.Logs.Start, provider.GetRequiredService<IStore>(), time) { Baseline = provider.GetRequiredService<Baseline>() },
            followed => new CatchUp(followed, () => ReadLane(provider, followed, RequestPriority.CatchUp), provider.GetRequiredService<IStore>(), time),
            followed => new BackFiller(followed, items => ReadLane(provider, followed, RequestPriority.CatchUp, WatchLists.Read(items, [])), provider.GetRequiredService<IStore>(), time),
            time, provider.GetRequiredService<Meter>(), provider.GetRequiredService<ILogger<LogFleet>>()));
        services.AddSingleton(provider => new LearnedRates(
            provider.GetRequiredService<IStore>(), provider.GetRequiredService<Pacers>(), () => provider.GetRequiredService<LogFleet>().Logs, time,
            provider.GetRequiredService<ILogger<LearnedRates>>()));
        services.AddHostedService(provider => provider.GetRequiredService<LearnedRates>());
        services.AddHostedService(provider => provider.GetRequiredService<LogFleet>());
        services.AddHostedService(provider => new LogSampler(() => provider.GetRequiredService<LogFleet>().Logs, time));
        services.AddHostedService(provider => new LogHealth(
            () => provider.GetRequiredService<LogFleet>().Logs, provider.GetRequiredService<IStore>(), time, provider.GetRequiredService<Meter>(),
            provider.GetRequiredService<ILogger<LogHealth>>()));
        services.AddHostedService(provider => new ProofKeeper(
            () => provider.GetRequiredService<LogFleet>().Logs,
            log => provider.GetRequiredService<LogSources>().Read(log.Chosen, RequestPriority.CatchUp),
            provider.GetRequiredService<IStore>(), time, provider.GetRequiredService<ILogger<ProofKeeper>>()));

        services.AddSingleton(dialects);                                                                                                           // Dialects
        services.AddSingleton(provider => new OutboundGuard(options.Outbound, logger: provider.GetRequiredService<ILogger<OutboundGuard>>()));      // Delivering
        services.AddSingleton<WebhookSender>();
        services.AddSingleton<WebhookHandshake>();
        services.AddSingleton(webhooks);
        services.AddSingleton<WebhookTests>();
        services.AddSingleton<DeliveryLoop>();
        services.AddHostedService(provider => provider.GetRequiredService<DeliveryLoop>());
        services.AddSingleton(options.Retention);
        services.AddSingleton<DeliveryRetention>();
        services.AddHostedService(provider => provider.GetRequiredService<DeliveryRetention>());
        services.AddSingleton(options.Index);
        services.AddSingleton<ICertificateSearch>(provider => provider.GetRequiredService<IStore>());
        services.AddSingleton<IndexRetention>();
        services.AddHostedService(provider => provider.GetRequiredService<IndexRetention>());
        services.AddSingleton(options.Operator);
        services.AddSingleton<OperatorChannels>();
        services.AddSingleton<Func<LogCounts>>(provider => () =>
        {
            LogFleet fleet = provider.GetRequiredService<LogFleet>();
            int followed = fleet.Logs.Count(log => log.Stage == LogStage.Following);
            return new LogCounts(followed, followed - fleet.Stalled.Count());
        });
        services.AddHostedService<OperatorNotices>();
        services.AddSingleton<Func<Protection>>(() => protecting.Now);
        services.AddHostedService<LookalikeDigest>();
        services.AddSingleton(options.Renewal);
        services.AddHostedService(provider => new RenewalWatch(
            provider.GetRequiredService<IStore>(), watched, issuers, options.Renewal, () => provider.GetRequiredService<OperatorChannels>().Names, provider.GetRequiredService<Bell>(), time,
            provider.GetRequiredService<Meter>(), provider.GetRequiredService<ILogger<RenewalWatch>>()));
        services.AddHostedService(provider => new CaaWatch(                                                                                       // Resolving
            provider.GetRequiredService<IStore>(), watched, () => provider.GetRequiredService<OperatorChannels>().Names, provider.GetRequiredService<Bell>().Ring, time,
            provider.GetRequiredService<Meter>(), provider.GetRequiredService<ILogger<CaaWatch>>()));
        services.AddHostedService(provider => new RevocationWatch(
            provider.GetRequiredService<IStore>(), CrlHttp(provider.GetRequiredService<OutboundGuard>()), options.Revocation, time,
            provider.GetRequiredService<Meter>(), provider.GetRequiredService<ILogger<RevocationWatch>>()));
        if (options.Operator.DeadManUrl is { } deadMan)
            services.AddHostedService(provider => new DeadManSwitch(
                deadMan, [
                    ("following logs", () => provider.GetRequiredService<LogFleet>().Passes), ("looking for deliveries", () => provider.GetRequiredService<DeliveryLoop>().Looks),
                    ("claiming deliveries", () => provider.GetRequiredService<DeliveryLoop>().Claims), ("recording deliveries", () => provider.GetRequiredService<DeliveryLoop>().Records),
                ],
                provider.GetRequiredService<OutboundGuard>(), TimeProvider.System, provider.GetRequiredService<Meter>(), provider.GetRequiredService<ILogger<DeadManSwitch>>()));

        services.AddSingleton(provider => new OpenIdProvider(                                                                                     // Access
            options.OpenId, OpenIdClient(provider.GetRequiredService<OutboundGuard>()), TimeProvider.System, provider.GetRequiredService<ILogger<OpenIdProvider>>()));
        services.AddAccess(new AccessOptions
        {
            AlwaysSecure = options.PublicUrl.StartsWith("https:", StringComparison.Ordinal),
            KeyFolder = Path.Combine(options.Data, "keys"),
            TrustedProxies = options.TrustedProxies,
        });
        services.AddSingleton(new SettingsInForce(ShownSettings.Of(options)));
        services.AddApi();
        services.AddCertSpotterApi(options.CertSpotterApi);
        GraphApi.Add(services);
        services.AddHostedService<SharedSettings>();
        services.AddHostedService<Clearing>();
        services.AddSingleton(options.CertStream);
        services.AddSingleton<CertStream>();
        if (options.CertStream.Enabled) services.AddHostedService(provider => provider.GetRequiredService<CertStream>());
        services.AddSingleton<LiveLogs>(provider => () => provider.GetRequiredService<LogFleet>().Logs);
        services.AddSingleton<RefusedLogs>(provider => () => provider.GetRequiredService<LogFleet>().Refused);
        services.AddSingleton<CheckSource>(provider => _ => Task.FromResult(Checks(provider)));
        services.AddSingleton<CheckSource>(provider => async cancellation =>
        {
            IReadOnlyList<OperatorChannel> channels = await provider.GetRequiredService<OperatorChannels>().StandAsync(cancellation);
            string? none = OperatorChannels.WhyNone(channels);
            return [new Check("operator_channels", none is null, none ?? (channels.Count > 0 ? null : "Nobody is told of trouble: add a webhook that takes \"operator\", or \"smtp\"."))];
        });
        services.AddSingleton<CheckSource>(provider => async cancellation =>
        {
            if (watched.KnownConfigured.CaaUse is null) return [];
            int failed = (await provider.GetRequiredService<IStore>().CaaSetsAsync(cancellation)).Count(set => set.Found is null);
            bool isHeard = provider.GetRequiredService<OperatorChannels>().Names.Count > 0;
            return [new Check("caa", true, failed > 0 ? $"CAA records of {failed} names cannot be looked up, and authorise nothing." : isHeard ? null : "CAA records authorise nothing: no operator channel is told of them.")];
        });
        services.AddConsole();                                                                                                                    // WebConsole

        services.AddSingleton(provider => new ConfigurationReload(read, options, watched, webhooks, provider.GetRequiredService<OutboundGuard>(), provider.GetRequiredService<OpenIdProvider>(), protecting, time, provider.GetRequiredService<ILogger<ConfigurationReload>>())); // Configuring
        services.AddHostedService(provider => provider.GetRequiredService<ConfigurationReload>());
    }

    private static LaneReader ReadLane(IServiceProvider provider, FollowedLog followed, RequestPriority lane, WatchList? sought = null) => new(
        followed, provider.GetRequiredService<LogSources>().Read(followed.Chosen, lane, provider.GetRequiredService<LearnedRates>().PageOf(followed)),
        sought is null ? provider.GetRequiredService<Inspector>() : new Inspector(() => sought),
        sought is null ? provider.GetRequiredService<Decider>() : provider.GetRequiredService<Decider>().ForSearch(), provider.GetRequiredService<IStore>(),
        provider.GetRequiredService<Bell>(), provider.GetRequiredService<TimeProvider>())
    {
        TellsAll = sought is not null,
        Alerted = provider.GetRequiredService<AlertedLookalikes>().Tell,
        WeakKept = provider.GetRequiredService<AlertedLookalikes>().Keep,
        // Searches of the past read once more what was shown then.
        Tap = sought is null && (lane == RequestPriority.Tip || provider.GetRequiredService<CertStreamOptions>().CatchUp) ? provider.GetRequiredService<EntryTap>() : null,
    };

    // Certificates name the addresses, so nothing within is reached but what the operator opened, on ports that are open too; their
    // lists are signed, so plain HTTP will do.
    private static HttpClient CrlHttp(OutboundGuard guard)
    {
        var client = new HttpClient(guard.Through(guard.CreateHandler, OutboundReach.Signed)) { Timeout = Timeout.InfiniteTimeSpan };
        client.DefaultRequestHeaders.UserAgent.Add(WebhookSender.UserAgent);
        return client;
    }

    // The operator named it, so it may be within; its documents are small.
    private static HttpClient OpenIdClient(OutboundGuard guard) => new(guard.Through(guard.CreateHandler, OutboundReach.Named))
    {
        MaxResponseContentBufferSize = 1 << 20,
        Timeout = TimeSpan.FromSeconds(10),
    };

    private static LogClients LogClients(CertHeraldOptions options, IServiceProvider provider) => GuardedLogs.CreateClients(
        provider.GetRequiredService<OutboundGuard>(), options.Logs.Contact, options.Logs.Lists.Select(list => list.Location), options.Logs.Custom.Any(log => log.TakesAnyCertificate));

    private static IReadOnlyList<Check> Checks(IServiceProvider provider)
    {
        LogFleet fleet = provider.GetRequiredService<LogFleet>();
        Watched watched = provider.GetRequiredService<Watched>();
        int mistakes = provider.GetRequiredService<ConfigurationReload>().Mistakes.Count;
        var stalled = fleet.Stalled.Select(log => LogSources.NameOf(log.Log)).ToList();
        return
        [
            new Check("log_lists", fleet.ListProblem is null, fleet.ListProblem) { OpenReason = fleet.OpenListProblem },
            new Check("logs", stalled.Count == 0, stalled.Count == 0 ? null : $"No answer, or none of the unread entries, for {LogFleet.StallsAfter.TotalMinutes:0} minutes from: {string.Join(", ", stalled)}"),
            new Check("retention", true, provider.GetRequiredService<DeliveryRetention>().Announcement),
            new Check("watch_list", true, watched.List.Count > 0 ? null : "Nothing is watched: add names to \"watch\" or \"watch_files\", or with 'certherald domains add'."),
            // Whoever asks may be anybody: how many mistakes, not which.
            new Check("configuration", true, mistakes == 0 ? null : $"The changed configuration has {mistakes} mistakes and is not in force; what was in force stays. The service's log and 'certherald check-config' name them."),
        ];
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Warning, Message = "The issuers of the program's own table are used: {Problem}")]
    private static partial void LogIssuersLeftOut(ILogger logger, string problem);
}
