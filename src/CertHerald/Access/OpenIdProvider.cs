using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CertHerald.Inspecting;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace CertHerald.Access;

/// <summary>
/// Speaks to the OpenID provider: where people sign in, and who they are (OpenID Connect Core 1.0 §3.1, authorization code flow with
/// PKCE). What it says of itself is read when first needed, and kept for an hour.
/// </summary>
/// <param name="http">Its connections pass the outbound guard, and its answers have a limit. Disposed of with this.</param>
internal sealed partial class OpenIdProvider(OpenIdOptions? first, HttpClient http, TimeProvider time, ILogger<OpenIdProvider> logger) : IDisposable
{
    /// <summary>What people's and providers' clocks may differ by.</summary>
    public static readonly TimeSpan Skew = TimeSpan.FromMinutes(1);

    private const int LongestToken = 64 * 1024;

    private static readonly TimeSpan KeptFor = TimeSpan.FromHours(1), RenewedEvery = TimeSpan.FromMinutes(1), TriedEvery = TimeSpan.FromSeconds(5);

    // Asymmetric ones only. "none" signs nothing, and with HS256 whoever knows the public key could sign.
    private static readonly string[] Algorithms = [SecurityAlgorithms.RsaSha256, SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.RsaSsaPssSha256];

    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly JsonWebTokenHandler _tokens = new() { MapInboundClaims = false, MaximumTokenSizeInBytes = LongestToken };
    private volatile OpenIdOptions? _options = first;
    private volatile Known? _known;
    private (OpenIdOptions Options, DateTimeOffset At, string Why)? _failed;

    /// <summary>In force; null: nobody signs in this way.</summary>
    public OpenIdOptions? Options => _options;

    /// <summary>Puts other options in force. If they decide otherwise who may sign in, sessions that began this way are over.</summary>
    public void Configure(OpenIdOptions? options) => _options = options;

    /// <summary>Where a browser goes to sign in.</summary>
    /// <exception cref="OpenIdUnavailableException">The provider cannot be asked.</exception>
    public async Task<string> AddressForAsync(OpenIdOptions options, OpenIdAttempt attempt, CancellationToken cancellation)
    {
        OpenIdConnectConfiguration provider = await ReadAsync(options, TimeSpan.MaxValue, cancellation);
        return QueryHelpers.AddQueryString(provider.AuthorizationEndpoint, new Dictionary<string, string?>
        {
            ["response_type"] = "code",
            ["client_id"] = options.ClientId,
            ["redirect_uri"] = options.Callback,
            ["scope"] = string.Join(' ', options.Scopes),
            ["state"] = attempt.State,
            ["nonce"] = attempt.Nonce,
            ["code_challenge"] = attempt.Challenge,
            ["code_challenge_method"] = "S256",
        });
    }

    /// <summary>Whom the provider names by a code. Refusals are logged with their reason.</summary>
    /// <param name="issuer">Who answered, as the answer says (RFC 9207); null if it does not.</param>
    /// <returns>Null if the code, or what it led to, is not to be believed.</returns>
    /// <exception cref="OpenIdUnavailableException">The provider cannot be asked.</exception>
    public async Task<OpenIdUser?> FindUserAsync(OpenIdOptions options, OpenIdAttempt attempt, string code, string? issuer, CancellationToken cancellation)
    {
        OpenIdConnectConfiguration provider = await ReadAsync(options, TimeSpan.MaxValue, cancellation);
        if (issuer is null ? provider.AuthorizationResponseIssParameterSupported : issuer != options.Issuer) return Refuse("the answer is another issuer's");

        if (await RedeemAsync(options, provider, attempt, code, cancellation) is not { } token) return null;
        (OpenIdUser? user, string problem, bool isKeyUnknown) = await CheckAsync(options, provider, attempt, token);
        if (isKeyUnknown)
        {
            // Keys change. Not at every token, which anybody could make up.
            provider = await ReadAsync(options, RenewedEvery, cancellation);
            (user, problem, _) = await CheckAsync(options, provider, attempt, token);
        }
        return user ?? Refuse(problem);
    }

    public void Dispose()
    {
        http.Dispose();
        _one.Dispose();
    }

    private OpenIdUser? Refuse(string problem)
    {
        LogRefused(Visible.Of(problem));
        return null;
    }

    /// <summary>Changes the code for an ID token (OpenID Connect Core 1.0 §3.1.3); null if it is refused.</summary>
    private async Task<string?> RedeemAsync(
        OpenIdOptions options, OpenIdConnectConfiguration provider, OpenIdAttempt attempt, string code, CancellationToken cancellation)
    {
        var fields = new Dictionary<string, string>
        {
            ["grant_type"] = "authorization_code",
            ["code"] = code,
            ["redirect_uri"] = options.Callback,
            ["client_id"] = options.ClientId,
            ["code_verifier"] = attempt.Verifier,
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, provider.TokenEndpoint);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        if (options.ClientSecret is { } secret)
        {
            ICollection<string> ways = provider.TokenEndpointAuthMethodsSupported;
            // RFC 8414 §2: who names no way takes this one.
            if (ways.Count == 0 || ways.Contains("client_secret_basic"))
                request.Headers.Authorization = new AuthenticationHeaderValue(
                    "Basic", Convert.ToBase64String(Encoding.ASCII.GetBytes($"{Uri.EscapeDataString(options.ClientId)}:{Uri.EscapeDataString(secret)}")));
            else fields["client_secret"] = secret;
        }
        request.Content = new FormUrlEncodedContent(fields);

        (HttpStatusCode status, string text) = await AskAsync(request, cancellation);
        string? token = TextIn(text, "id_token");
        if (status == HttpStatusCode.OK && token is not null) return token;
        if ((int)status >= 500) throw new OpenIdUnavailableException($"its token endpoint answered {(int)status}");
        Refuse($"the provider answered {(int)status} to the code: {TextIn(text, "error") ?? "no ID token"}");
        return null;
    }

    /// <summary>OpenID Connect Core 1.0 §3.1.3.7.</summary>
    private async Task<(OpenIdUser? User, string Problem, bool IsKeyUnknown)> CheckAsync(
        OpenIdOptions options, OpenIdConnectConfiguration provider, OpenIdAttempt attempt, string text)
    {
        DateTime now = time.GetUtcNow().UtcDateTime;
        TokenValidationResult result = await _tokens.ValidateTokenAsync(text, new TokenValidationParameters
        {
            ValidIssuer = options.Issuer,
            ValidAudience = options.ClientId,
            ValidAlgorithms = Algorithms,
            IssuerSigningKeys = provider.SigningKeys,
            RequireSignedTokens = true,
            RequireExpirationTime = true,
            LifetimeValidator = (from, until, _, _) => until is { } end && now < end + Skew && (from is not { } begin || begin <= now + Skew),
        });
        if (!result.IsValid) return (null, $"the ID token: {result.Exception?.GetType().Name ?? "not valid"}", result.Exception is SecurityTokenSignatureKeyNotFoundException);

        var token = (JsonWebToken)result.SecurityToken;
        // What must be understood, and is not (RFC 7515 §4.1.11).
        if (token.TryGetHeaderValue("crit", out object _)) return (null, "the ID token: crit", false);
        string? party = token.TryGetPayloadValue("azp", out string azp) ? azp : null;
        if (party is null ? token.Audiences.Count() > 1 : party != options.ClientId) return (null, "the ID token was made for another client", false);
        if (!token.TryGetPayloadValue("nonce", out string nonce)
            || !CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(nonce ?? ""), Encoding.UTF8.GetBytes(attempt.Nonce)))
            return (null, "the ID token was made for another sign-in: its nonce is another", false);
        if (string.IsNullOrEmpty(token.Subject)) return (null, "the ID token names nobody", false);

        string? ClaimOf(string name) => token.Claims.FirstOrDefault(claim => claim.Type == name)?.Value;
        // An address that its user may choose freely is nobody's.
        bool isVerified = string.Equals(ClaimOf("email_verified"), "true", StringComparison.OrdinalIgnoreCase);
        return (new OpenIdUser(token.Subject, isVerified ? ClaimOf("email") : null, [.. token.Claims.Where(claim => claim.Type == options.GroupsClaim).Select(claim => claim.Value)]), "", false);
    }

    /// <summary>What the provider says of itself, with its keys (OpenID Connect Discovery 1.0 §4).</summary>
    /// <param name="age">Read again if it was read longer ago.</param>
    private async Task<OpenIdConnectConfiguration> ReadAsync(OpenIdOptions options, TimeSpan age, CancellationToken cancellation)
    {
        if (InTime() is { } known) return known;
        await _one.WaitAsync(cancellation);
        try
        {
            if (InTime() is { } meanwhile) return meanwhile;
            // Anybody may press the button: a provider that does not answer is not asked each time.
            if (_failed is { } failed && ReferenceEquals(failed.Options, options) && time.GetUtcNow() - failed.At < TriedEvery) throw new OpenIdUnavailableException(failed.Why);
            try
            {
                _known = new Known(options, await ReadAsync(options, cancellation), time.GetUtcNow());
                return _known.Provider;
            }
            catch (OpenIdUnavailableException failure)
            {
                _failed = (options, time.GetUtcNow(), failure.Message);
                throw;
            }
        }
        finally
        {
            _one.Release();
        }

        OpenIdConnectConfiguration? InTime() =>
            _known is { } one && ReferenceEquals(one.Options, options) && time.GetUtcNow() - one.At < (age < KeptFor ? age : KeptFor) ? one.Provider : null;
    }

    private async Task<OpenIdConnectConfiguration> ReadAsync(OpenIdOptions options, CancellationToken cancellation)
    {
        string document = await GetAsync($"{options.Issuer.TrimEnd('/')}/.well-known/openid-configuration", cancellation);
        OpenIdConnectConfiguration provider = Parse(() => OpenIdConnectConfiguration.Create(document), "discovery document");
        if (provider.Issuer != options.Issuer) throw new OpenIdUnavailableException($"its discovery document names the issuer {Visible.Of(provider.Issuer ?? "")}, not {options.Issuer}");
        foreach (string? address in (string?[])[provider.AuthorizationEndpoint, provider.TokenEndpoint, provider.JwksUri])
            if (!IsSafe(address, options.Issuer)) throw new OpenIdUnavailableException($"its discovery document holds no address with https: {Visible.Of(address ?? "")}");

        string keys = await GetAsync(provider.JwksUri, cancellation);
        foreach (SecurityKey key in Parse(() => new JsonWebKeySet(keys).GetSigningKeys(), "key set")) provider.SigningKeys.Add(key);
        return provider;
    }

    private async Task<string> GetAsync(string address, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        (HttpStatusCode status, string text) = await AskAsync(request, cancellation);
        return status == HttpStatusCode.OK ? text : throw new OpenIdUnavailableException($"{address} answered {(int)status}");
    }

    private async Task<(HttpStatusCode Status, string Text)> AskAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        try
        {
            using HttpResponseMessage answer = await http.SendAsync(request, cancellation);
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync(cancellation));
        }
        catch (Exception failure) when (failure is HttpRequestException or InvalidOperationException || (failure is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            throw new OpenIdUnavailableException($"{request.RequestUri!.GetLeftPart(UriPartial.Authority)} does not answer: {failure.Message}");
        }
    }

    /// <summary>Edge of what others parse: a document that is none ends as any other trouble with the provider.</summary>
    private static T Parse<T>(Func<T> parse, string what)
    {
        try
        {
            return parse();
        }
        catch (Exception failure)
        {
            throw new OpenIdUnavailableException($"its {what} cannot be read: {failure.GetType().Name}");
        }
    }

    /// <summary>HTTPS; plain HTTP only within this machine.</summary>
    private static bool IsSafe(string? address, string issuer) =>
        Uri.TryCreate(address, UriKind.Absolute, out Uri? url) && url.UserInfo.Length == 0
        && (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback && new Uri(issuer) is { IsLoopback: true, Scheme: "http" }));

    private static string? TextIn(string json, string member)
    {
        try
        {
            JsonElement body = JsonElement.Parse(json);
            return body.ValueKind == JsonValueKind.Object && body.TryGetProperty(member, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private sealed record Known(OpenIdOptions Options, OpenIdConnectConfiguration Provider, DateTimeOffset At);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A sign-in through the OpenID provider was refused: {Problem}")]
    private partial void LogRefused(string problem);
}

/// <summary>The OpenID provider cannot be asked, or answers what no provider answers. The message is for the log.</summary>
internal sealed class OpenIdUnavailableException(string message) : Exception(message);
