using CertHerald.Access;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CertHerald.Api;

/// <summary>
/// Addresses that monitoring asks, open to everybody who reaches them: they tell which logs and lists are followed and what
/// webhooks are called, but nothing that is watched, no URL of a list and no secret.
/// </summary>
internal static class HealthApi
{
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        // Some load balancers ask with HEAD.
        string[] asking = [HttpMethods.Get, HttpMethods.Head];
        routes.MapMethods("/healthz", asking, () => TypedResults.Text("ok\n")).AllowAnonymous();
        routes.MapMethods("/readyz", asking, ReadyAsync).AllowAnonymous();
        routes.MapGet("/metrics", (PrometheusText metrics) => TypedResults.Text(metrics.Write(), "text/plain; version=0.0.4; charset=utf-8"))
            .AllowAnonymous();
    }

    internal static async Task<JsonHttpResult<ReadyJson>> ReadyAsync(HttpContext context, Readiness readiness, CancellationToken cancellation)
    {
        IReadOnlyList<Check> checks = await readiness.ChecksAsync(cancellation);
        // Whoever may read the API sees what the console shows.
        if (Caller.Of(context)?.May(Scope.Read, isPage: false) != true) checks = [.. checks.Select(check => check with { Reason = check.OpenReason ?? check.Reason })];
        bool ready = checks.All(check => check.Ok);
        return TypedResults.Json(
            new ReadyJson(ready, checks), ApiJson.Default.ReadyJson,
            statusCode: ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }
}

/// <summary>The body of <c>/readyz</c>.</summary>
internal sealed record ReadyJson(bool Ready, IReadOnlyList<Check> Checks);
