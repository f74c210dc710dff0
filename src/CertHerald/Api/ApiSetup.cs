using CertHerald.Api.Feeds;
using CertHerald.Deciding;
using CertHerald.Delivering.Operators;
using CertHerald.Storage;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace CertHerald.Api;

/// <summary>Registers the API's operations with the host, and maps its addresses.</summary>
internal static class ApiSetup
{
    /// <summary>
    /// Needs an <see cref="IStore"/>, a <see cref="Watched"/>, the <see cref="Delivering.Webhooks"/> and their dialects, a
    /// <see cref="TimeProvider"/> and a <see cref="System.Diagnostics.Metrics.Meter"/> beside it; an <see cref="IssuerDirectory"/> put there first counts in place of the built-in
    /// one. Features that can be the cause of a silence register a <see cref="CheckSource"/> each.
    /// </summary>
    public static void AddApi(this IServiceCollection services)
    {
        services.AddRouting();
        services.TryAddSingleton(IssuerDirectory.BuiltIn);
        services.TryAddSingleton(new SettingsInForce([]));
        services.AddSingleton<Issuances>();
        services.AddSingleton<Deliveries>();
        services.AddSingleton<IDeliveries>(provider => provider.GetRequiredService<IStore>());
        services.AddSingleton<Replays>();
        services.AddSingleton<WebhookOperations>();
        services.AddSingleton<OperatorChannelsApi>();
        services.AddSingleton<FollowedLogs>();
        services.AddSingleton<IIncidents>(provider => provider.GetRequiredService<IStore>());
        services.AddSingleton<LogIncidents>();
        services.AddSingleton<MalformedEntries>();
        services.AddSingleton<IWatchItems>(provider => provider.GetRequiredService<IStore>());
        services.AddSingleton<Domains>();
        services.AddSingleton<IBackFills>(provider => provider.GetRequiredService<IStore>());
        services.AddSingleton<BackFills>();
        services.AddSingleton<AddedWebhooks>();
        services.AddSingleton<IApps>(provider => provider.GetRequiredService<IStore>());
        services.AddSingleton<Apps>();
        services.AddSingleton<SecretsAtRest>();
        services.AddSingleton<KeyRing>();
        services.AddSingleton<Accounts>();
        services.AddSingleton<AuditLog>();
        services.AddSingleton<ProtectedList>();
        services.AddSingleton<FoundLookalikes>();
        services.AddSingleton(provider => new WeakLookalikes(provider.GetRequiredService<IStore>(), provider.GetRequiredService<ProtectedList>()));
        services.AddSingleton<LookalikePreviews>();
        services.AddSingleton<EventStream>();
        services.AddSingleton<PageChanges>();
        services.AddSingleton<Readiness>();
        services.AddSingleton<PrometheusText>();
        services.AddSingleton<Authorisations>();
        services.AddSingleton<IWatchedNames>(provider => provider.GetRequiredService<IStore>());
        services.TryAddSingleton(new RenewalOptions());
        services.AddSingleton<Endpoints>();
        services.AddApiDescription();
    }

    public static void MapApi(this IEndpointRouteBuilder routes)
    {
        // Made now, not at the first scrape: it knows only what is measured while it listens.
        routes.ServiceProvider.GetRequiredService<PrometheusText>();
        routes.ServiceProvider.GetRequiredService<EventStream>();
        routes.MapHealth();
        Issuances.Map(routes);
        Endpoints.Map(routes);
        Deliveries.Map(routes);
        Replays.Map(routes);
        WebhookOperations.Map(routes);
        OperatorChannelsApi.Map(routes);
        FollowedLogs.Map(routes);
        SettingsInForce.Map(routes);
        LogIncidents.Map(routes);
        MalformedEntries.Map(routes);
        Domains.Map(routes);
        BackFills.Map(routes);
        AddedWebhooks.Map(routes);
        AppsApi.Map(routes);
        SecretsAtRest.Map(routes);
        SignInLinks.Map(routes);
        KeyRing.Map(routes);
        Accounts.Map(routes);
        AuditLog.Map(routes);
        AuthorisationsApi.Map(routes);
        FoundLookalikes.Map(routes);
        WeakLookalikes.Map(routes);
        ProtectedList.Map(routes);
        LookalikePreviews.Map(routes);
        EventStream.Map(routes);
        Backups.Map(routes);
        routes.MapApiDescription();
    }

    /// <summary>Answers what no endpoint foresaw: the log says what it was, the client only that it was.</summary>
    public static void UseFailureAnswers(this IApplicationBuilder app) => app.UseExceptionHandler(new ExceptionHandlerOptions
    {
        // What a client did wrong is no failure of ours.
        SuppressDiagnosticsCallback = context => context.Exception is BadHttpRequestException,
        ExceptionHandler = async context =>
        {
            Exception? failure = context.Features.Get<IExceptionHandlerFeature>()?.Error;
            context.Response.StatusCode = failure switch
            {
                BadHttpRequestException bad => bad.StatusCode,
                StoreException => StatusCodes.Status503ServiceUnavailable,
                _ => StatusCodes.Status500InternalServerError,
            };
            ApiError error = failure is not BadHttpRequestException ? new("internal_error", "The service could not answer this. Its log says why; /readyz may, too.")
                : context.Response.StatusCode == StatusCodes.Status413PayloadTooLarge ? new("bad_request", "The body is too large.")
                : new("bad_request", "The request cannot be read.");
            await context.Response.WriteAsJsonAsync(error, ApiJson.Default.ApiError, cancellationToken: context.RequestAborted);
        },
    });
}
