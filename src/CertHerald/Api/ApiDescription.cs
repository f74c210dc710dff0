using System.Text.Json;
using System.Text.Json.Serialization;
using CertHerald.Access;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Scope = CertHerald.Access.Scope;

namespace CertHerald.Api;

/// <summary>The API in OpenAPI's words, made from the routes themselves: what is mapped is described.</summary>
internal static class ApiDescription
{
    private const string Name = "v1", Key = "key", Session = "session", UserName = "key_as_user_name", Error = "ApiError", Json = "application/json";

    public static void AddApiDescription(this IServiceCollection services)
    {
        // What is described is what ApiJson writes.
        services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
            json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
            json.SerializerOptions.TypeInfoResolverChain.Insert(0, ApiJson.Default);
        });
        services.AddOpenApi(Name, Shape);
    }

    private static void Shape(OpenApiOptions options)
    {
        options.ShouldInclude = route => route.RelativePath is { } path && (path.StartsWith("api/", StringComparison.Ordinal) || path.StartsWith("v1/", StringComparison.Ordinal));
        options.AddOperationTransformer(async (operation, context, cancellation) =>
        {
            Describe(operation, context);
            if (context.Description.ActionDescriptor.EndpointMetadata.OfType<TakenBody>().FirstOrDefault() is { } taken)
                operation.RequestBody = new OpenApiRequestBody
                {
                    Required = taken.IsRequired,
                    Content = new Dictionary<string, OpenApiMediaType> { [Json] = new() { Schema = await context.GetOrCreateSchemaAsync(taken.Type, null, cancellation) } },
                };
        });
        options.AddDocumentTransformer((document, _, _) =>
        {
            Complete(document);
            return Task.CompletedTask;
        });
    }

    /// <summary>States what a request's body holds. The operation reads it itself, to say what is wrong with it.</summary>
    public static RouteHandlerBuilder Takes<T>(this RouteHandlerBuilder route, bool isRequired = true) => route.WithMetadata(new TakenBody(typeof(T), isRequired));

    /// <summary>Open to everybody: it says what every copy of the program can do, and nothing of this one.</summary>
    public static void MapApiDescription(this IEndpointRouteBuilder routes) => routes.MapOpenApi("/openapi/{documentName}.json").AllowAnonymous();

    private static void Describe(OpenApiOperation operation, OpenApiOperationTransformerContext context)
    {
        NeededScope? needed = context.Description.ActionDescriptor.EndpointMetadata.OfType<NeededScope>().LastOrDefault();
        string scope = needed is null ? "none: no API key may use it" : Scopes.NameOf(needed.Scope);
        operation.Description = needed?.Scope == Scope.Read ? $"Scope: {scope}, or a session of the console." : $"Scope: {scope}.";
        operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Key, context.Document)] = [scope] }];
        if (needed?.Scope == Scope.Read) operation.Security.Add(new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Session, context.Document)] = [] });

        if (context.Description.ActionDescriptor.EndpointMetadata.OfType<KeyAsUserName>().Any())
            operation.Security.Add(new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(UserName, context.Document)] = [] });

        OpenApiResponses answers = operation.Responses ??= [];
        Refuse("400", "A parameter or the body cannot be used; the message says which.");
        Refuse("401", "No valid key and no session.");
        Refuse("403", "The key lacks the scope, or a session asks for a change.");
        if (context.Description.RelativePath!.Contains('{', StringComparison.Ordinal)) Refuse("404", "There is no such thing.");
        Refuse("429", "Too many wrong keys came from the address, or more is asked than is answered in an hour: wait for Retry-After seconds. Or a webhook is tested too soon after its last test (too_soon).");
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
        document.Components.SecuritySchemes[Session] = new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.ApiKey,
            In = ParameterLocation.Cookie,
            Name = "certherald",
            Description = "A session of the console, which may read. Where the public address is HTTPS, the cookie is __Host-certherald.",
        };
        document.Components.SecuritySchemes[UserName] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "basic", Description = "The key as user name. The password is not looked at." };
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

/// <summary>On an endpoint: what its body holds.</summary>
internal sealed record TakenBody(Type Type, bool IsRequired);
