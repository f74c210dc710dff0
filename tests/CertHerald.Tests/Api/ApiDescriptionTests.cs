using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using CertHerald.Access;
using CertHerald.Tests.WebConsole;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace CertHerald.Tests.Api;

public sealed partial class ApiDescriptionTests
{
    [Fact]
    public async Task Every_route_of_the_API_is_described_with_its_scope_and_errors_and_nothing_else_is()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        Answer answer = await rig.Browser.GetAsync("/openapi/v1.json");
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        JsonElement document = answer.Json;
        Assert.StartsWith("3.", document.GetProperty("openapi").GetString());

        string[] mapped =
        [
            .. from endpoint in rig.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
               let path = Constraint().Replace(endpoint.RoutePattern.RawText!.TrimEnd('/'), "}")
               where path.StartsWith("/api/", StringComparison.Ordinal)
               from method in endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods
               select $"{method} {path} {Scopes.NameOf(endpoint.Metadata.GetMetadata<NeededScope>()!.Scope)}",
        ];
        string[] described =
        [
            .. from path in document.GetProperty("paths").EnumerateObject()
               from operation in path.Value.EnumerateObject()
               let scope = operation.Value.GetProperty("security")[0].GetProperty("key")[0].GetString()
               select $"{operation.Name.ToUpperInvariant()} {path.Name} {scope}",
        ];
        Assert.NotEmpty(mapped);
        Assert.Equal(mapped.Order(StringComparer.Ordinal), described.Order(StringComparer.Ordinal));

        foreach (JsonElement operation in document.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject()).Select(operation => operation.Value))
            foreach (string status in (string[])["400", "401", "403", "429", "503"])
                Assert.Equal("#/components/schemas/ApiError", operation.GetProperty("responses").GetProperty(status).GetProperty("content").GetProperty("application/json").GetProperty("schema").GetProperty("$ref").GetString());
        Assert.Equal("bearer", document.GetProperty("components").GetProperty("securitySchemes").GetProperty("key").GetProperty("scheme").GetString());
    }

    [GeneratedRegex(@":[a-z]+\}")]
    private static partial Regex Constraint();
}
