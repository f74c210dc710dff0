using System.Diagnostics.Metrics;
using System.Globalization;
using System.Security.Cryptography;
using CertHerald.Access;
using CertHerald.Api;
using CertHerald.Inspecting;
using CertHerald.Storage;

namespace CertHerald.Dialects.Meta.Graph;

/// <summary>
/// The API of Meta's Certificate Transparency monitoring, which ended in 2025, as its clients know it: addresses with any version
/// before them or none, tokens, parameters in every form, and errors by the original's numbers.
/// </summary>
internal sealed partial class GraphApi(
    Apps apps, GraphCertificates certificates, GraphDomains domains, GraphSubscriptions subscriptions, GraphLimits limits, FailedSignIns failures, AuditTrail audit,
    TimeProvider time, Meter meter, ILogger<GraphApi> logger)
{
    private readonly Counter<long> _requests = meter.CreateCounter<long>("certherald_meta_requests_total", description: "Requests to Meta's API, by outcome.");

    /// <summary>What answers one method of an address.</summary>
    private delegate Task<ReadOnlyMemory<byte>> Operation(GraphRequest request, CancellationToken cancellation);

    public static void Add(IServiceCollection services)
    {
        services.AddSingleton<ICertificateSearch>(provider => provider.GetRequiredService<IStore>());
        services.AddSingleton<GraphLimits>();
        services.AddSingleton<GraphCertificates>();
        services.AddSingleton<GraphDomains>();
        services.AddSingleton<GraphSubscriptions>();
        services.AddSingleton<GraphApi>();
    }

    public static void Map(IEndpointRouteBuilder routes)
    {
        const string version = "/{version:regex(^v[0-9]{{1,3}}\\.[0-9]{{1,3}}$)}";
        GraphApi api = routes.ServiceProvider.GetRequiredService<GraphApi>();
        // Without a version, only what cannot be meant for others of our addresses.
        api.Map(routes, "", "/{id:regex(^[0-9]+$)}", "/{id:regex(^(?!(api|console|openapi)$))}");
        api.Map(routes, version, "/{id}", "/{id}");
        routes.Map("/{id:regex(^[0-9]+$)}/{**rest}", api.AnswerUnknownAsync);
        routes.Map(version + "/{**id}", api.AnswerUnknownAsync);
    }

    private void Map(IEndpointRouteBuilder routes, string prefix, string item, string owner)
    {
        routes.Map(prefix + "/oauth/access_token", AnswerTokenAsync);
        On("/certificates", get: certificates.SearchAsync);
        On(item, get: certificates.FindAsync);
        On(owner + "/subscribed_domains", Own(GraphDomains.ListAsync), Own(domains.ChangeAsync));
        On(owner + "/subscribed_domains_phishing", Own(domains.ListProtectedAsync), Own(domains.ChangeProtectedAsync));
        On(owner + "/subscriptions", Own(GraphSubscriptions.ListAsync), Own(subscriptions.ChangeAsync), Own(subscriptions.RemoveAsync));
        On(owner + "/subscriptions_sample", post: Own(subscriptions.TestAsync));

        void On(string address, Operation? get = null, Operation? post = null, Operation? delete = null) => routes.Map(prefix + address, context => AnswerAsync(
            context, context.Request.Method switch { "GET" => get, "POST" => post, "DELETE" => delete, _ => null }));
    }

    /// <summary>Of the app that asks, and no other.</summary>
    private static Operation Own(Operation operation) => (request, cancellation) =>
    {
        request.MustNameItself();
        return operation(request, cancellation);
    };

    private Task AnswerAsync(HttpContext context, Operation? operation) => TryAsync(context, async cancellation =>
    {
        GraphRequest request = await LetInAsync(context, cancellation);
        if (operation is null) throw request.Unknown();
        if (limits.Take(request.App.Stored.Id) is { } wait) throw GraphRefusal.TooMany(wait);
        if (HttpMethods.IsGet(context.Request.Method)) await GiveAsync(context, await operation(request, cancellation));
        else await audit.FollowAsync(context, $"app {request.App.Stored}", _ => TryAsync(context, async within => await GiveAsync(context, await operation(request, within))));
    });

    private Task AnswerUnknownAsync(HttpContext context) => TryAsync(context, async cancellation => throw (await LetInAsync(context, cancellation)).Unknown());

    private Task AnswerTokenAsync(HttpContext context) => TryAsync(context, async cancellation =>
    {
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsPost(context.Request.Method)) throw GraphRefusal.Unknown(context.Request.Method, "oauth");
        GraphParameters asked = await GraphParameters.ReadAsync(context.Request, cancellation);
        string id = asked.Text("client_id") ?? throw GraphRefusal.BadParameter("The parameter client_id is required.");
        string secret = asked.Text("client_secret") ?? throw GraphRefusal.BadParameter("The parameter client_secret is required.");
        if (asked.Text("grant_type") is { } kind and not "client_credentials") throw GraphRefusal.BadParameter("The parameter grant_type is client_credentials.");
        string token = GraphTokens.Issue(apps, id, secret, time.GetUtcNow()) ?? throw Refuse(context, "Error validating client secret.");
        await GiveAsync(context, GraphAnswer.Of(json =>
        {
            json.WriteStartObject();
            json.WriteString("access_token"u8, token);
            json.WriteString("token_type"u8, "bearer"u8);
            json.WriteEndObject();
        }));
    });

    /// <exception cref="GraphRefusal">It shows no token that is valid.</exception>
    private async Task<GraphRequest> LetInAsync(HttpContext context, CancellationToken cancellation)
    {
        GraphParameters parameters = await GraphParameters.ReadAsync(context.Request, cancellation);
        string token = parameters.Text("access_token") ?? BearerIn(context.Request)
            ?? throw GraphRefusal.BadToken("An access token is required to request this resource.");
        App app = GraphTokens.Find(apps, token, time.GetUtcNow()) ?? throw Refuse(context, "Invalid OAuth access token.");
        return new GraphRequest(context.Request, context.Request.RouteValues["version"] as string ?? "", parameters, app, token);
    }

    private static string? BearerIn(HttpRequest request) =>
        request.Headers.Authorization.ToString() is { } shown && shown.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? shown[7..].Trim() : null;

    /// <summary>Right tokens are never counted: whoever shares an address with one that tries must not be shut out.</summary>
    private GraphRefusal Refuse(HttpContext context, string message)
    {
        if (failures.Begin(context.Connection.RemoteIpAddress) is { } wait) return GraphRefusal.TooMany(wait);
        failures.Failed(context.Connection.RemoteIpAddress);
        return GraphRefusal.BadToken(message);
    }

    private async Task TryAsync(HttpContext context, Func<CancellationToken, Task> answer)
    {
        CancellationToken cancellation = context.RequestAborted;
        string trace = "A" + Convert.ToBase64String(RandomNumberGenerator.GetBytes(16)).TrimEnd('=').Replace('+', '-').Replace('/', '_');
        GraphRefusal refusal;
        try
        {
            await answer(cancellation);
            return;
        }
        catch (GraphRefusal known)
        {
            refusal = known;
        }
        catch (StoreException failure)
        {
            refusal = GraphRefusal.Unavailable();
            LogFailed(failure, trace);
        }
        // The end of a request: its client is answered in the form that it can read.
        catch (Exception failure) when (!cancellation.IsCancellationRequested && !context.Response.HasStarted)
        {
            refusal = GraphRefusal.Broken();
            LogFailed(failure, trace);
        }
        Count(refusal.Status >= StatusCodes.Status500InternalServerError ? "failed" : refusal.IsTransient ? "limited" : "refused");
        string path = GraphRefusal.Cut(Visible.Of(context.Request.Path.ToString())), problem = Visible.Of(refusal.Message);
        LogRefused(trace, context.Request.Method, path, refusal.Status, refusal.Code, problem);
        context.Response.StatusCode = refusal.Status;
        if (refusal.RetryAfter is { } wait) context.Response.Headers.RetryAfter = ((long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        await WriteAsync(context, GraphAnswer.Of(json => refusal.Write(json, trace)));
    }

    private Task GiveAsync(HttpContext context, ReadOnlyMemory<byte> body)
    {
        Count("answered");
        return WriteAsync(context, body);
    }

    private void Count(string outcome) => _requests.Add(1, KeyValuePair.Create<string, object?>("outcome", outcome));

    private static async Task WriteAsync(HttpContext context, ReadOnlyMemory<byte> body)
    {
        context.Response.ContentType = "application/json; charset=UTF-8";
        context.Response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(context.Request.Method)) await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Request {Trace} to Meta's API was refused: {Method} {Path}, {Status}, code {Code}: {Problem}")]
    private partial void LogRefused(string trace, string method, string path, int status, int code, string problem);

    [LoggerMessage(Level = LogLevel.Error, Message = "Request {Trace} to Meta's API failed")]
    private partial void LogFailed(Exception failure, string trace);
}
