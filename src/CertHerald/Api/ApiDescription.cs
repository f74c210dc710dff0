using CertHerald.Access;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Scope = CertHerald.Access.Scope;

namespace CertHerald.Api;

/// <summary>The API in OpenAPI's words, made from the routes themselves: what is mapped is described.</summary>
internal static class ApiDescription
{
    private const string Name = "v1", Key = "key", Error = "ApiError", Json = "application/json";

    public static void AddApiDescription(this IServiceCollection services) => services.AddOpenApi(Name, options =>
    {
        options.ShouldInclude = route => route.RelativePath?.StartsWith("api/", StringComparison.Ordinal) == true;
        options.AddOperationTransformer((operation, context, _) =>
        {
            Describe(operation, context);
            return Task.CompletedTask;
        });
        options.AddDocumentTransformer((document, _, _) =>
        {
            Complete(document);
            return Task.CompletedTask;
        });
    });

    /// <summary>Open to everybody: it says what every copy of the program can do, and nothing of this one.</summary>
    public static void MapApiDescription(this IEndpointRouteBuilder routes) => routes.MapOpenApi("/openapi/{documentName}.json").AllowAnonymous();

    private static void Describe(OpenApiOperation operation, OpenApiOperationTransformerContext context)
    {
        NeededScope? needed = context.Description.ActionDescriptor.EndpointMetadata.OfType<NeededScope>().LastOrDefault();
        string scope = needed is null ? "none: no API key may use it" : Scopes.NameOf(needed.Scope);
        operation.Description = needed?.Scope == Scope.Read ? $"Scope: {scope}, or a session of the console." : $"Scope: {scope}.";
        operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Key, context.Document)] = [scope] }];

        OpenApiResponses answers = operation.Responses ??= [];
        Refuse("400", "A parameter or the body cannot be used; the message says which.");
        Refuse("401", "No valid key and no session.");
        Refuse("403", "The key lacks the scope, or a session asks for a change.");
        if (context.Description.RelativePath!.Contains('{', StringComparison.Ordinal)) Refuse("404", "There is no such thing.");
        Refuse("429", "Too many wrong keys came from the address: wait for Retry-After seconds. Or a webhook is tested too soon after its last test (too_soon).");
        Refuse("503", "The store could not be read or written.");

        void Refuse(string status, string why) => answers.TryAdd(status, new OpenApiResponse
        {
            Description = why,
            Content = new Dictionary<string, OpenApiMediaType> { [Json] = new() { Schema = new OpenApiSchemaReference(Error, context.Document) } },
        });
    }

    private static void Complete(OpenApiDocument document)
    {
        document.Info = new OpenApiInfo { Title = "CertHerald", Version = Name, Description = "What CertHerald found and watches. See docs/api.md." };
        // Wherever it was asked for: the address that others reach it by is the operator's business.
        document.Servers = [];
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
        document.Components.SecuritySchemes[Key] = new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.Http,
            Scheme = "bearer",
            Description = "An API key, chk_…, with the scope that the operation names; or the local key.",
        };
        document.Components.Schemas ??= new Dictionary<string, IOpenApiSchema>();
        document.Components.Schemas[Error] = new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            Description = "Why a request was not answered.",
            Required = new HashSet<string> { "code", "message" },
            Properties = new Dictionary<string, IOpenApiSchema>
            {
                ["code"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "Stable, for programs." },
                ["message"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "For people." },
            },
        };
    }
}
