using System.Diagnostics.Metrics;
using CertHerald.Access;
using CertHerald.Api;
using CertHerald.Deciding;
using CertHerald.Inspecting;
using CertHerald.Storage;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace CertHerald.Dialects.CertSpotter.Api;

/// <summary>Cert Spotter's API, at its addresses: clients of the original need another host and key, nothing else.</summary>
internal static class CertSpotterApi
{
    private const string Search = "/v1/issuances", Origin = "Access-Control-Allow-Origin";

    /// <summary>
    /// Needs what <see cref="ApiSetup.AddApi"/> needs, and <see cref="AccessSetup.AddAccess"/>, beside it; <see cref="IndexOptions"/> put there
    /// first say what can be found.
    /// </summary>
    public static void AddCertSpotterApi(this IServiceCollection services, CertSpotterApiOptions options)
    {
        services.AddSingleton(options);
        services.TryAddSingleton<RequestLimits>();
        services.TryAddSingleton(new IndexOptions());
        services.TryAddSingleton<ICertificateSearch>(provider => provider.GetRequiredService<IStore>());
        services.AddSingleton<IRevocations>(provider => provider.GetRequiredService<IStore>());
        services.AddSingleton<IIssuerKeys>(provider => provider.GetRequiredService<IStore>());
        services.AddSingleton(provider => new IssuanceWriter(provider.GetRequiredService<IssuerDirectory>()));
        services.AddSingleton<SearchedIssuances>();
        services.AddSingleton<SearchAdmission>();
    }

    /// <summary>Put before authentication: refusals are counted and read by scripts of other origins, too.</summary>
    public static void UseCertSpotterApi(this IApplicationBuilder app)
    {
        Counter<long> requests = app.ApplicationServices.GetRequiredService<Meter>().CreateCounter<long>(
            "certherald_certspotter_requests_total", description: "Requests of Cert Spotter's API, by call and status.");
        app.Use(async (context, next) =>
        {
            // Asked before: what handles failures forgets the endpoint.
            string? call = context.GetEndpoint()?.Metadata.GetMetadata<CertSpotterCall>()?.Name;
            if (context.Request.Path.StartsWithSegments(Search, StringComparison.Ordinal))
            {
                context.Response.OnStarting(static state =>
                {
                    IHeaderDictionary headers = ((HttpContext)state).Response.Headers;
                    headers[Origin] = "*";
                    headers["Access-Control-Expose-Headers"] = "Link, Retry-After, X-Ratelimit-Limit";
                    return Task.CompletedTask;
                }, context);
                if (HttpMethods.IsOptions(context.Request.Method))
                {
                    AllowScripts(context.Response);
                    return;
                }
            }
            await next(context);
            if (call is not null) requests.Add(1, new("call", call), new("status", context.Response.StatusCode));
        });
    }

    public static void MapCertSpotterApi(this IEndpointRouteBuilder routes)
    {
        SearchedIssuances.Map(routes);
        MonitoredDomains.Map(routes);
        routes.Map("/v0/{**rest}", () => TypedResults.Json(
            new ApiError("api_discontinued", "Version 0 of this API is no more: use /v1/issuances."), ApiJson.Default.ApiError, statusCode: StatusCodes.Status410Gone))
            .WithMetadata(new CertSpotterCall("v0")).AllowAnonymous().ExcludeFromDescription();
    }

    /// <summary>States what a route's requests are counted as, and that a key may come as user name.</summary>
    public static T Called<T>(this T routes, string call) where T : IEndpointConventionBuilder => routes.WithMetadata(new CertSpotterCall(call), new KeyAsUserName());

    // What a browser asks before it lets a script of another origin show a key.
    private static void AllowScripts(HttpResponse response)
    {
        response.StatusCode = StatusCodes.Status204NoContent;
        response.Headers.Allow = "GET";
        response.Headers["Access-Control-Allow-Methods"] = "GET";
        response.Headers["Access-Control-Allow-Headers"] = "Authorization";
        response.Headers["Access-Control-Max-Age"] = "86400";
    }

    private sealed record CertSpotterCall(string Name);
}
