using System.Text.Json.Serialization;
using CertHerald.Access;
using CertHerald.Api;
using CertHerald.Names;

namespace CertHerald.Dialects.CertSpotter.Api;

/// <summary>The watch items, as Cert Spotter calls them: those of the configuration and those that were added, by whatever way.</summary>
internal static class MonitoredDomains
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder group = routes.MapGroup("/api/v3/monitoring/monitored_domains").WithTags("Cert Spotter").Needs(Scope.Read).Called("monitored_domains");

        group.MapGet("", (Domains domains) =>
            TypedResults.Json(domains.List().Select(MonitoredDomainJson.Of), MonitoringJson.Default.IEnumerableMonitoredDomainJson)).Produces<IEnumerable<MonitoredDomainJson>>();

        group.MapGet("/{name}", (string name, Domains domains) =>
        {
            if (Read(name, out string problem) is not { } item) return ApiError.BadRequest(problem);
            return domains.Find(item) is { } domain ? (IResult)TypedResults.Json(MonitoredDomainJson.Of(domain), MonitoringJson.Default.MonitoredDomainJson) : ApiError.NotFound("monitored domain");
        }).Produces<MonitoredDomainJson>();

        group.MapPost("/{name}", async (string name, HttpRequest request, Domains domains) =>
        {
            if (Read(name, out string problem) is not { } item) return ApiError.BadRequest(problem);
            (MonitoredDomainRequest? asked, string unread) = await Body.ReadAsync(request, MonitoringJson.Default.MonitoredDomainRequest, "\"enabled\"", new MonitoredDomainRequest(null, null));
            if (asked is null) return ApiError.BadRequest(unread);
            if (asked.Name is { } other && Read(other, out _) != item) return ApiError.BadRequest($"\"name\" is not {item}, as the address has it: a monitored domain keeps its name.");
            if (asked.Enabled == false && domains.IsConfigured(item)) return ApiError.Conflict($"{item} stands in the configuration: remove it there.");

            (DomainJson domain, _) = await domains.SetAsync(item, asked.Enabled);
            return (IResult)TypedResults.Json(MonitoredDomainJson.Of(domain), MonitoringJson.Default.MonitoredDomainJson);
        }).Needs(Scope.Watch).Takes<MonitoredDomainRequest>(isRequired: false).Produces<MonitoredDomainJson>();

        group.MapDelete("/{name}", async (string name, Domains domains) =>
        {
            if (Read(name, out string problem) is not { } item) return ApiError.BadRequest(problem);
            if (await domains.RemoveAsync(item) is not null) return TypedResults.NoContent();
            return domains.IsConfigured(item) ? (IResult)ApiError.Conflict($"{item} stands in the configuration: remove it there.") : ApiError.NotFound("monitored domain");
        }).Needs(Scope.Watch).Produces(StatusCodes.Status204NoContent);
    }

    /// <summary>Reads a name; null with the problem if it is none.</summary>
    public static WatchItem? Read(string name, out string problem)
    {
        // A line of a file may go on behind them: an address may not.
        if (name.AsSpan().ContainsAny(" \t#"))
        {
            problem = "A name has no spaces and no #: write example.com, .example.com or an IP address.";
            return null;
        }
        WatchItem? item = Domains.Read(name, out problem);
        if (item is not { Text: "." }) return item;
        problem = "\".\" watches every name and is not changed while the service runs: write it into \"watch\" of the configuration.";
        return null;
    }
}

/// <summary>A watch item on this wire.</summary>
internal sealed record MonitoredDomainJson(string Name, bool Enabled)
{
    public static MonitoredDomainJson Of(DomainJson domain) => new(domain.Name, domain.Enabled);
}

/// <summary>What is wanted of a watch item.</summary>
/// <param name="Name">As in the address, or null.</param>
/// <param name="Enabled">Null leaves it as it is; a new one is.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record MonitoredDomainRequest(string? Name, bool? Enabled);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(MonitoredDomainRequest))]
[JsonSerializable(typeof(MonitoredDomainJson))]
[JsonSerializable(typeof(IEnumerable<MonitoredDomainJson>))]
internal sealed partial class MonitoringJson : JsonSerializerContext;
