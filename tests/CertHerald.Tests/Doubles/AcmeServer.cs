using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using CertHerald.TestLog;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace CertHerald.Tests.Doubles;

/// <summary>
/// A small ACME server (RFC 8555): accounts, orders whose names need no proof any more, and certificates of a made-up CA for the keys
/// of requests. It holds its client to nonces, addresses and accounts; it verifies the signature of no message but the request.
/// </summary>
internal sealed class AcmeServer : IAsyncDisposable
{
    private const string Late = "2100-01-01T00:00:00Z";

    private readonly TestCa _ca = new();
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, bool> _nonces = new(StringComparer.Ordinal), _accounts = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Order> _orders = new(StringComparer.Ordinal);

    private AcmeServer(WebApplication app) => _app = app;

    /// <summary>Where its directory is: all that a client is told.</summary>
    public string Directory => AddressOf("/directory");

    /// <summary>What it has issued, in order.</summary>
    public ConcurrentQueue<TestCertificate> Issued { get; } = new();

    public static async Task<AcmeServer> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var server = new AcmeServer(builder.Build());
        server._app.Run(server.AnswerAsync);
        await server._app.StartAsync();
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _ca.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        string path = context.Request.Path;
        context.Response.Headers.CacheControl = "no-store";
        string nonce = Draw();
        _nonces[nonce] = true;
        context.Response.Headers["Replay-Nonce"] = nonce;
        if (HttpMethods.IsHead(context.Request.Method) && path == "/new-nonce") return;
        if (HttpMethods.IsGet(context.Request.Method) && path == "/directory")
        {
            await JsonAsync(context, new JsonObject { ["newNonce"] = AddressOf("/new-nonce"), ["newAccount"] = AddressOf("/new-account"), ["newOrder"] = AddressOf("/new-order"), ["revokeCert"] = AddressOf("/revoke"), ["keyChange"] = AddressOf("/key-change") });
            return;
        }

        using JsonDocument message = await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
        using JsonDocument header = Part(message, "protected");
        if (MistakeIn(context, header.RootElement) is { } mistake)
        {
            await RefuseAsync(context, mistake);
            return;
        }
        await (path.Split('/') switch
        {
            [_, "new-account"] => CreateAsync(context, "account", id => _accounts[id] = true, _ => new JsonObject { ["status"] = "valid" }),
            [_, "new-order"] => CreateAsync(context, "order", id => _orders[id] = new Order(NamesIn(message)), Show),
            [_, "order", var id] when _orders.ContainsKey(id) => JsonAsync(context, Show(id)),
            [_, "order", var id, "names", var name] when _orders.TryGetValue(id, out Order? order) && order.Names.Contains(name) => JsonAsync(context, Proven(name)),
            [_, "order", var id, "finalize"] when _orders.TryGetValue(id, out Order? order) && order.Certificate is null => FinalizeAsync(context, id, order, message),
            [_, "order", var id, "certificate"] when _orders.TryGetValue(id, out Order? order) && order.Certificate is { } issued => ChainAsync(context, issued),
            _ => RefuseAsync(context, "malformed"),
        });
    }

    /// <summary>Why a message is none that its sender may send here; null if it is. RFC 8555 §6.</summary>
    private string? MistakeIn(HttpContext context, JsonElement header)
    {
        if (!HttpMethods.IsPost(context.Request.Method) || context.Request.ContentType != "application/jose+json") return "malformed";
        if (!header.TryGetProperty("nonce", out JsonElement nonce) || !_nonces.TryRemove(nonce.GetString()!, out _)) return "badNonce";
        if (!header.TryGetProperty("url", out JsonElement url) || url.GetString() != AddressOf(context.Request.Path)) return "unauthorized";
        bool hasAccount = header.TryGetProperty("kid", out JsonElement account), hasKey = header.TryGetProperty("jwk", out _);
        if (hasAccount == hasKey || hasKey != (context.Request.Path == "/new-account")) return "malformed";
        return !hasAccount || _accounts.Keys.Any(id => account.GetString() == AddressOf($"/account/{id}")) ? null : "accountDoesNotExist";
    }

    private async Task CreateAsync(HttpContext context, string kind, Action<string> keep, Func<string, JsonObject> show)
    {
        string id = Draw();
        keep(id);
        context.Response.StatusCode = StatusCodes.Status201Created;
        context.Response.Headers.Location = AddressOf($"/{kind}/{id}");
        await JsonAsync(context, show(id));
    }

    /// <summary>RFC 8555 §7.1.3.</summary>
    private JsonObject Show(string id)
    {
        Order order = _orders[id];
        var shown = new JsonObject
        {
            ["status"] = order.Certificate is null ? "ready" : "valid",
            ["expires"] = Late,
            ["identifiers"] = new JsonArray([.. order.Names.Select(Identifier)]),
            ["authorizations"] = new JsonArray([.. order.Names.Select(name => JsonValue.Create(AddressOf($"/order/{id}/names/{name}")))]),
            ["finalize"] = AddressOf($"/order/{id}/finalize"),
        };
        if (order.Certificate is not null) shown["certificate"] = AddressOf($"/order/{id}/certificate");
        return shown;
    }

    /// <summary>An authorization that an earlier order has left. RFC 8555 §7.1.4.</summary>
    private JsonObject Proven(string name) => new()
    {
        ["status"] = "valid",
        ["expires"] = Late,
        ["identifier"] = Identifier(name),
        ["challenges"] = new JsonArray(new JsonObject { ["type"] = "http-01", ["status"] = "valid", ["url"] = AddressOf("/challenge"), ["token"] = Draw() }),
    };

    private async Task FinalizeAsync(HttpContext context, string id, Order order, JsonDocument message)
    {
        using JsonDocument payload = Part(message, "payload");
        CertificateRequest request = CertificateRequest.LoadSigningRequest(
            Base64Url.DecodeFromChars(payload.RootElement.GetProperty("csr").GetString()), HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions);
        string[] names = [.. request.CertificateExtensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(extension => extension.EnumerateDnsNames())];
        if (!order.Names.ToHashSet(StringComparer.Ordinal).SetEquals(names))
        {
            await RefuseAsync(context, "badCSR");
            return;
        }
        using AsymmetricAlgorithm key = (AsymmetricAlgorithm?)request.PublicKey.GetECDsaPublicKey() ?? request.PublicKey.GetRSAPublicKey()!;
        order.Certificate = _ca.Issue(new IssueRequest(names) { SubjectKey = key });
        Issued.Enqueue(order.Certificate);
        await JsonAsync(context, Show(id));
    }

    private static Task ChainAsync(HttpContext context, TestCertificate certificate)
    {
        context.Response.ContentType = "application/pem-certificate-chain";
        // Without the root, which who trusts it has.
        return context.Response.WriteAsync(string.Concat(certificate.Chain.SkipLast(1).Select(one => PemEncoding.WriteString("CERTIFICATE", one) + "\n")), context.RequestAborted);
    }

    private static Task JsonAsync(HttpContext context, JsonObject body)
    {
        context.Response.ContentType ??= "application/json";
        return context.Response.WriteAsync(body.ToJsonString(), context.RequestAborted);
    }

    private static Task RefuseAsync(HttpContext context, string error)
    {
        context.Response.StatusCode = StatusCodes.Status400BadRequest;
        context.Response.ContentType = "application/problem+json";
        return JsonAsync(context, new JsonObject { ["type"] = $"urn:ietf:params:acme:error:{error}" });
    }

    private static string[] NamesIn(JsonDocument message)
    {
        using JsonDocument payload = Part(message, "payload");
        return [.. payload.RootElement.GetProperty("identifiers").EnumerateArray().Select(one => one.GetProperty("value").GetString()!)];
    }

    private static JsonObject Identifier(string name) => new() { ["type"] = "dns", ["value"] = name };

    private static JsonDocument Part(JsonDocument message, string name) => JsonDocument.Parse(Base64Url.DecodeFromChars(message.RootElement.GetProperty(name).GetString()));

    private string AddressOf(string path) => _app.Urls.Single() + path;

    private static string Draw() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));

    private sealed record Order(string[] Names)
    {
        public TestCertificate? Certificate { get; set; }
    }
}
