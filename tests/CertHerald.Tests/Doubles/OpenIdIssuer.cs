using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using CertHerald.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace CertHerald.Tests.Doubles;

/// <summary>
/// A small OpenID provider: discovery, one person who is always signed in, one client with a secret, codes that work once, PKCE,
/// signed ID tokens. It holds its client to the protocol, and it can lie in every token.
/// </summary>
internal sealed class OpenIdIssuer : IAsyncDisposable
{
    public const string ClientId = "certherald", ClientSecret = "canary: a secret/with?reserved&signs";

    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, (string Nonce, string Challenge, string Callback)> _codes = new(StringComparer.Ordinal);
    private readonly WebApplication _app;
    private readonly ECDsa _elliptic = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    // Made once: it takes as long as all the rest.
    private static readonly RSA[] RsaKeys = [RSA.Create(2048), RSA.Create(2048)];

    private int _keyNumber;

    private OpenIdIssuer(TimeProvider time, WebApplication app) => (_time, _app) = (time, app);

    public string Address => _app.Urls.Single();

    /// <summary>Who is signed in there: the claims beside those of the protocol.</summary>
    public JsonObject Person { get; set; } = Alice();

    public string Algorithm { get; set; } = "RS256";

    /// <summary>Changes header and payload before they are signed.</summary>
    public Action<JsonObject, JsonObject>? Tamper { get; set; }

    /// <summary>Changes what it says of itself.</summary>
    public Action<JsonObject>? TamperDiscovery { get; set; }

    /// <summary>Other than 200, what every address but that for people answers.</summary>
    public HttpStatusCode Status { get; set; } = HttpStatusCode.OK;

    /// <summary>What it was asked, by path, in order.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    public static async Task<OpenIdIssuer> StartAsync(TimeProvider time)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var issuer = new OpenIdIssuer(time, builder.Build());
        issuer._app.Run(issuer.AnswerAsync);
        await issuer._app.StartAsync();
        return issuer;
    }

    private RSA Key => RsaKeys[_keyNumber % RsaKeys.Length];

    /// <summary>Signs with another key from now on, and shows only that.</summary>
    public void RotateKeys() => _keyNumber++;

    /// <summary>Tells the truth again.</summary>
    public void Reset()
    {
        (Person, Algorithm, Tamper, TamperDiscovery, Status) = (Alice(), "RS256", null, null, HttpStatusCode.OK);
        Asked.Clear();
    }

    /// <summary>As a browser of the signed-in person opens the address that the client led it to.</summary>
    /// <returns>Where it is led back to.</returns>
    public static async Task<Uri> VisitAsync(string address)
    {
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false });
        using HttpResponseMessage answer = await client.GetAsync(new Uri(address), TestContext.Current.CancellationToken);
        Assert.True(answer.StatusCode == HttpStatusCode.Found, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        return answer.Headers.Location!;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _elliptic.Dispose();
    }

    private Task AnswerAsync(HttpContext context)
    {
        Asked.Enqueue(context.Request.Path);
        if (context.Request.Path != "/authorize" && Status != HttpStatusCode.OK)
        {
            context.Response.StatusCode = (int)Status;
            return Task.CompletedTask;
        }
        return context.Request.Path.Value switch
        {
            "/.well-known/openid-configuration" => JsonAsync(context, Discovery()),
            "/jwks" => JsonAsync(context, Keys()),
            "/authorize" => AuthorizeAsync(context),
            "/token" => TokenAsync(context),
            _ => RefuseAsync(context, StatusCodes.Status404NotFound, "not_found"),
        };
    }

    private JsonObject Discovery()
    {
        var document = new JsonObject
        {
            ["issuer"] = Address,
            ["authorization_endpoint"] = $"{Address}/authorize",
            ["token_endpoint"] = $"{Address}/token",
            ["jwks_uri"] = $"{Address}/jwks",
            ["response_types_supported"] = new JsonArray("code"),
            ["subject_types_supported"] = new JsonArray("public"),
            ["id_token_signing_alg_values_supported"] = new JsonArray("RS256"),
        };
        TamperDiscovery?.Invoke(document);
        return document;
    }

    private JsonObject Keys()
    {
        RSAParameters rsa = Key.ExportParameters(false);
        ECParameters ec = _elliptic.ExportParameters(false);
        return new JsonObject
        {
            ["keys"] = new JsonArray(
                new JsonObject { ["kty"] = "RSA", ["use"] = "sig", ["kid"] = $"rsa{_keyNumber}", ["n"] = Base64Url.EncodeToString(rsa.Modulus), ["e"] = Base64Url.EncodeToString(rsa.Exponent) },
                new JsonObject { ["kty"] = "EC", ["use"] = "sig", ["kid"] = "ec", ["crv"] = "P-256", ["x"] = Base64Url.EncodeToString(ec.Q.X), ["y"] = Base64Url.EncodeToString(ec.Q.Y) }),
        };
    }

    private Task AuthorizeAsync(HttpContext context)
    {
        IQueryCollection query = context.Request.Query;
        bool isRight = query["client_id"] == ClientId && query["response_type"] == "code" && query["scope"].ToString().Split(' ').Contains("openid")
            && query["code_challenge_method"] == "S256" && query["code_challenge"].ToString().Length == 43 && query["state"].ToString().Length > 0;
        if (!isRight) return RefuseAsync(context, StatusCodes.Status400BadRequest, "invalid_request");

        string code = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(24)), callback = query["redirect_uri"].ToString();
        _codes[code] = (query["nonce"].ToString(), query["code_challenge"].ToString(), callback);
        context.Response.Redirect(QueryHelpers.AddQueryString(callback, new Dictionary<string, string?> { ["code"] = code, ["state"] = query["state"], ["iss"] = Address }));
        return Task.CompletedTask;
    }

    private async Task TokenAsync(HttpContext context)
    {
        IFormCollection form = await context.Request.ReadFormAsync(context.RequestAborted);
        string expected = Convert.ToBase64String(Encoding.ASCII.GetBytes($"{Uri.EscapeDataString(ClientId)}:{Uri.EscapeDataString(ClientSecret)}"));
        if (!AuthenticationHeaderValue.TryParse(context.Request.Headers.Authorization, out AuthenticationHeaderValue? shown) || shown is not { Scheme: "Basic" } || shown.Parameter != expected)
        {
            await RefuseAsync(context, StatusCodes.Status401Unauthorized, "invalid_client");
            return;
        }
        // Once only, also when what follows is refused (RFC 6749 §4.1.2).
        if (form["grant_type"] != "authorization_code" || !_codes.TryRemove(form["code"].ToString(), out (string Nonce, string Challenge, string Callback) code)
            || form["redirect_uri"] != code.Callback || Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"].ToString()))) != code.Challenge)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, "invalid_grant");
            return;
        }
        await JsonAsync(context, new JsonObject { ["access_token"] = "unused", ["token_type"] = "Bearer", ["expires_in"] = 300, ["id_token"] = Token(code.Nonce) });
    }

    private string Token(string nonce)
    {
        long now = _time.GetUtcNow().ToUnixTimeSeconds();
        var header = new JsonObject { ["alg"] = Algorithm, ["typ"] = "JWT", ["kid"] = Algorithm == "ES256" ? "ec" : $"rsa{_keyNumber}" };
        var payload = (JsonObject)Person.DeepClone();
        foreach ((string name, JsonNode value) in (IEnumerable<(string, JsonNode)>)[("iss", Address), ("aud", ClientId), ("iat", now), ("exp", now + 300), ("nonce", nonce)]) payload[name] = value;
        Tamper?.Invoke(header, payload);

        string text = $"{Encode(header)}.{Encode(payload)}";
        byte[] bytes = Encoding.ASCII.GetBytes(text);
        byte[] signature = header["alg"]!.GetValue<string>() switch
        {
            "RS256" => Key.SignData(bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
            "RS512" => Key.SignData(bytes, HashAlgorithmName.SHA512, RSASignaturePadding.Pkcs1),
            "PS256" => Key.SignData(bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pss),
            "ES256" => _elliptic.SignData(bytes, HashAlgorithmName.SHA256),
            // The old trick: the public key, which everybody knows, as the shared secret.
            "HS256" => HMACSHA256.HashData(Encoding.ASCII.GetBytes(Key.ExportSubjectPublicKeyInfoPem()), bytes),
            _ => [],
        };
        return $"{text}.{Base64Url.EncodeToString(signature)}";
    }

    private static JsonObject Alice() => new() { ["sub"] = "248289761001", ["email"] = "alice@corp.example", ["email_verified"] = true };

    private static string Encode(JsonObject part) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(part.ToJsonString()));

    private static Task JsonAsync(HttpContext context, JsonObject body)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(body.ToJsonString(), context.RequestAborted);
    }

    private static Task RefuseAsync(HttpContext context, int status, string error)
    {
        context.Response.StatusCode = status;
        return JsonAsync(context, new JsonObject { ["error"] = error });
    }
}

/// <summary>Options for it.</summary>
internal static class OpenIdIssuerOptions
{
    /// <param name="service">Where the console answers.</param>
    public static OpenIdOptions For(this OpenIdIssuer issuer, Uri service) => new()
    {
        Issuer = issuer.Address,
        ClientId = OpenIdIssuer.ClientId,
        ClientSecret = OpenIdIssuer.ClientSecret,
        Callback = new Uri(service, "/console/openid/callback").AbsoluteUri,
        Emails = ["Alice@corp.example"],
        Label = "Corp & Co",
    };
}
