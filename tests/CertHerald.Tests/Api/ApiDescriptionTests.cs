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
               where path.StartsWith("/api/", StringComparison.Ordinal) || path.StartsWith("/v1/", StringComparison.Ordinal)
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

    [Fact]
    public async Task Every_route_of_the_API_describes_what_it_answers()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        JsonElement document = (await rig.Browser.GetAsync("/openapi/v1.json")).Json;

        foreach (JsonProperty path in document.GetProperty("paths").EnumerateObject())
            foreach (JsonProperty operation in path.Value.EnumerateObject())
            {
                JsonProperty[] right = [.. operation.Value.GetProperty("responses").EnumerateObject().Where(answer => answer.Name[0] == '2')];
                Assert.True(right.Length > 0, $"{operation.Name} {path.Name}");
                foreach (JsonProperty answer in right.Where(answer => answer.Name != "204"))
                {
                    JsonElement schema = answer.Value.GetProperty("content").EnumerateObject().Single().Value.GetProperty("schema");
                    Assert.True(Resolve(document, schema).TryGetProperty("type", out _), $"{operation.Name} {path.Name} {answer.Name}: {schema}");
                }
                bool isAsked = operation.Value.TryGetProperty("requestBody", out JsonElement asked);
                if (!isAsked) continue;
                string? type = Resolve(document, asked.GetProperty("content").GetProperty("application/json").GetProperty("schema")).GetProperty("type").GetString();
                Assert.True(type == "object", $"{operation.Name} {path.Name} {type}");
            }
    }

    [Theory]
    [InlineData("/api/users", "get", "200")]
    [InlineData("/api/api-keys", "post", "201")]
    [InlineData("/api/webhooks", "post", "201")]
    [InlineData("/api/webhooks/{name}/state", "get", "200")]
    [InlineData("/api/domains/{name}", "post", "201")]
    [InlineData("/api/deliveries", "get", "200")]
    [InlineData("/api/audit", "get", "200")]
    [InlineData("/api/sign-in-links", "post", "200")]
    public async Task Answers_have_the_members_that_are_described(string path, string method, string status)
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        JsonElement document = (await rig.Browser.GetAsync("/openapi/v1.json")).Json;
        await rig.AskAsync(HttpMethod.Put, "/api/users/alice/password", new { password = "correct horse battery" });
        object? body = (path, method) switch
        {
            ("/api/api-keys", "post") => new { name = "a key", scopes = (string[])["read"] },
            ("/api/webhooks", "post") => new { name = "added", url = "https://h.example/" },
            _ => null,
        };

        Answer answer = await rig.AskAsync(HttpMethod.Parse(method.ToUpperInvariant()), path.Replace("{name}", path.Contains("domains", StringComparison.Ordinal) ? "a.example" : "configured", StringComparison.Ordinal), body);

        Assert.Equal(status, ((int)answer.Status).ToString(System.Globalization.CultureInfo.InvariantCulture));
        JsonElement schema = document.GetProperty("paths").GetProperty(path).GetProperty(method).GetProperty("responses").GetProperty(status).GetProperty("content").GetProperty("application/json").GetProperty("schema");
        AssertDescribed(document, schema, answer.Json);
    }

    private static void AssertDescribed(JsonElement document, JsonElement schema, JsonElement value)
    {
        JsonElement described = Resolve(document, schema);
        if (value.ValueKind == JsonValueKind.Array)
            foreach (JsonElement item in value.EnumerateArray()) AssertDescribed(document, described.GetProperty("items"), item);
        if (value.ValueKind != JsonValueKind.Object) return;
        Assert.Equal(described.GetProperty("properties").EnumerateObject().Select(member => member.Name).Order(StringComparer.Ordinal), value.EnumerateObject().Select(member => member.Name).Order(StringComparer.Ordinal));
        foreach (JsonProperty member in value.EnumerateObject()) AssertDescribed(document, described.GetProperty("properties").GetProperty(member.Name), member.Value);
    }

    private static JsonElement Resolve(JsonElement document, JsonElement schema) =>
        schema.TryGetProperty("$ref", out JsonElement reference)
            ? document.GetProperty("components").GetProperty("schemas").GetProperty(reference.GetString()!.Split('/')[^1])
            : schema;

    [GeneratedRegex(@":[a-z]+\}")]
    private static partial Regex Constraint();
}
