using System.Text.Json.Serialization;
using CertHerald.Access;
using CertHerald.Inspecting;
using CertHerald.Names;
using CertHerald.Transparency.Certificates;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CertHerald.Api;

/// <summary>The addresses of <see cref="Authorisations"/>: under Cert Spotter's where it has such calls, else under our own.</summary>
internal static class AuthorisationsApi
{
    private const string Pem = "application/x-pem-file", RequestDer = "application/pkcs10", CertificateDer = "application/pkix-cert", Json = "application/json";

    public static void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder monitoring = routes.MapGroup("/api/v3/monitoring").WithTags("Known").Needs(Scope.Read).WithMetadata(new KeyAsUserName());

        monitoring.MapGet("/known_keys", (Authorisations known) => TypedResults.Json(known.Keys(), ApiJson.Default.IReadOnlyListKnownKeyJson)).Produces<IReadOnlyList<KnownKeyJson>>();
        // No Accepts: routing would answer other types itself, with an empty body.
        monitoring.MapPost("/known_keys", AddKeyAsync).Needs(Scope.Watch).Produces<KnownKeyJson>();
        monitoring.MapDelete("/known_keys/{hash}", async (string hash, Authorisations known) =>
        {
            if (Hash.Read(hash) is not { } key) return NoHash("pubkey_sha256");
            if (await known.RemoveKeyAsync(key) is { } left) return (IResult)TypedResults.Json(left, ApiJson.Default.KnownKeyJson);
            return known.Keys().Any(one => one.PubkeySha256 == key) ? ApiError.Conflict("This key stands in a file that the configuration names: remove it there.") : ApiError.NotFound("known key");
        }).Needs(Scope.Watch).Produces<KnownKeyJson>();

        monitoring.MapGet("/known_certificates", (Authorisations known) => TypedResults.Json(known.Certificates(), ApiJson.Default.IReadOnlyListKnownCertificateJson))
            .Produces<IReadOnlyList<KnownCertificateJson>>();
        monitoring.MapPost("/known_certificates", AddCertificateAsync).Needs(Scope.Watch).Produces<KnownCertificateJson>();
        monitoring.MapDelete("/known_certificates/{hash}", async (string hash, Authorisations known) =>
        {
            if (Hash.Read(hash) is not { } tbs) return NoHash("tbs_sha256");
            if (await known.RemoveCertificateAsync(tbs) is { } left) return (IResult)TypedResults.Json(left, ApiJson.Default.KnownCertificateJson);
            return known.Certificates().Any(one => one.TbsSha256 == tbs) ? ApiError.Conflict("This certificate stands in a file that the configuration names: remove it there.") : ApiError.NotFound("known certificate");
        }).Needs(Scope.Watch).Produces<KnownCertificateJson>();

        monitoring.MapPost("/issuances/{id:long}/authorize", async (long id, Authorisations known, Issuances issuances, CancellationToken cancellation) =>
            await known.MarkAsync(id) && await issuances.FindAsync(id, cancellation) is { } found
                ? TypedResults.Json(found, ApiJson.Default.IssuanceJson)
                : (IResult)ApiError.NotFound("issuance")).Needs(Scope.Watch).Produces<IssuanceJson>();

        routes.MapGet("/api/caa", async (Authorisations known, CancellationToken cancellation) =>
            TypedResults.Json(await known.CaaAsync(cancellation), ApiJson.Default.IReadOnlyListCaaJson)).WithTags("Known").Needs(Scope.Read).Produces<IReadOnlyList<CaaJson>>();

        RouteGroupBuilder authorities = routes.MapGroup("/api/authorities").WithTags("Known").Needs(Scope.Read);

        authorities.MapGet("", (Authorisations known) => TypedResults.Json(known.Authorities(), ApiJson.Default.IReadOnlyListAuthoritiesJson)).Produces<IReadOnlyList<AuthoritiesJson>>();
        authorities.MapPut("/{name}", async (string name, HttpRequest request, Authorisations known) =>
        {
            if (Domains.Read(name, out string problem) is not { } item) return ApiError.BadRequest(problem);
            (AuthoritiesRequest? asked, string mistake) = await Body.ReadAsync(request, ApiJson.Default.AuthoritiesRequest, "\"authorities\"");
            if (asked is null) return ApiError.BadRequest(mistake);
            if (ReadAuthorities(asked.Authorities, out string wrong) is not { } list) return ApiError.BadRequest(wrong);
            return known.IsConfigured(item.Text)
                ? ApiError.Conflict($"The authorities of {item} stand in the configuration: change them there.")
                : (IResult)TypedResults.Json(await known.SetAuthoritiesAsync(item.Text, list), ApiJson.Default.AuthoritiesJson);
        }).Needs(Scope.Watch).Accepts<AuthoritiesRequest>(Json).Produces<AuthoritiesJson>();
        authorities.MapDelete("/{name}", async (string name, Authorisations known) =>
        {
            if (Domains.Read(name, out string problem) is not { } item) return ApiError.BadRequest(problem);
            if (await known.RemoveAuthoritiesAsync(item.Text) is { } left) return (IResult)TypedResults.Json(left, ApiJson.Default.AuthoritiesJson);
            return known.IsConfigured(item.Text) ? ApiError.Conflict($"The authorities of {item} stand in the configuration: change them there.") : ApiError.NotFound("list of authorities");
        }).Needs(Scope.Watch).Produces<AuthoritiesJson>();
    }

    /// <summary>Reads a list of CAs: names as CAA records have them, and hashes of keys. Null with the problem if it is none.</summary>
    public static IReadOnlyList<string>? ReadAuthorities(IReadOnlyList<string>? given, out string problem)
    {
        problem = "";
        if (given is not { Count: > 0 and <= Authorisations.MostAuthorities })
        {
            problem = $"\"authorities\" is a list of 1 to {Authorisations.MostAuthorities} CAs.";
            return null;
        }
        var read = new SortedSet<string>(StringComparer.Ordinal);
        foreach (string? one in given)
        {
            if (AuthorityOf(one) is not { } authority)
            {
                problem = $"\"{Shown(one)}\" is no CA: write the name that its CAA records have, such as letsencrypt.org, or the SHA-256 of its issuing key.";
                return null;
            }
            read.Add(authority);
        }
        return [.. read];
    }

    private static string? AuthorityOf(string? text) => Hash.Read(text) ?? Deciding.AuthorityLists.ReadName(text);

    private static async Task<IResult> AddKeyAsync(HttpRequest request, Authorisations known)
    {
        switch (MediaTypeOf(request))
        {
            case Json:
                (KnownKeyRequest? asked, string problem) = await Body.ReadAsync(request, ApiJson.Default.KnownKeyRequest, "\"pubkey_sha256\" and \"dns_names\"");
                if (asked is null) return ApiError.BadRequest(problem);
                if (Hash.Read(asked.PubkeySha256) is not { } key) return NoHash("pubkey_sha256");
                return ReadNames(asked.DnsNames, out string wrong) is { } names ? Told(await known.AddKeyAsync(key, names)) : ApiError.BadRequest(wrong);
            case Pem or RequestDer:
                if (await ReadAsync(request) is not { } bytes) return TooLarge();
                if (SigningRequest.TryRead(bytes) is not { } csr) return ApiError.BadRequest("The body is no certificate signing request whose signature holds, in PEM or DER.");
                if (csr.DnsNames.Count is 0 or > Authorisations.MostNames) return ApiError.BadRequest($"The request asks for {csr.DnsNames.Count} DNS names: a key is authorised for 1 to {Authorisations.MostNames}.");
                return Told(await known.AddKeyAsync(csr.PubkeySha256, csr.DnsNames));
            default:
                return UnknownType($"{Pem} with a certificate signing request, {RequestDer}, or {Json}");
        }

        static IResult Told(KnownKeyJson? key) => key is null
            ? ApiError.BadRequest($"A key is authorised for {Authorisations.MostNames} names at most, those of earlier calls among them: remove it, and add it with the names that it still has.")
            : TypedResults.Json(key, ApiJson.Default.KnownKeyJson);
    }

    private static async Task<IResult> AddCertificateAsync(HttpRequest request, Authorisations known)
    {
        switch (MediaTypeOf(request))
        {
            case Json:
                (KnownCertificateRequest? asked, string problem) = await Body.ReadAsync(request, ApiJson.Default.KnownCertificateRequest, "\"tbs_sha256\"");
                if (asked is null) return ApiError.BadRequest(problem);
                return Hash.Read(asked.TbsSha256) is { } tbs ? Told(await known.AddCertificateAsync(tbs, [])) : NoHash("tbs_sha256");
            case Pem or CertificateDer:
                if (await ReadAsync(request) is not { } bytes) return TooLarge();
                byte[] der = PemFile.TryReadFirst(bytes, "CERTIFICATE") ?? bytes;
                return Read(der) is { } read ? Told(await known.AddCertificateAsync(read.Tbs, read.Names)) : ApiError.BadRequest("The body is no certificate or precertificate, in PEM or DER.");
            default:
                return UnknownType($"{Pem} with a certificate, {CertificateDer}, or {Json}");
        }

        static IResult Told(KnownCertificateJson certificate) => TypedResults.Json(certificate, ApiJson.Default.KnownCertificateJson);
    }

    private static (string Tbs, IReadOnlyList<string> Names)? Read(ReadOnlySpan<byte> der)
    {
        // A request has the frame of a certificate, and certificates are read leniently.
        if (SigningRequest.TryRead(der) is not null || !CertificateView.TryRead(der, out CertificateView certificate)) return null;
        CertificateFacts facts = CertificateReading.Read(der, certificate, CertificateReading.IdentifiersOf(certificate), certificate.IsPrecertificate, issuerPubkeySha256: null);
        return (facts.TbsSha256, facts.DnsNames);
    }

    /// <summary>Names as those of certificates are read; null with the problem if one is none.</summary>
    private static List<string>? ReadNames(IReadOnlyList<string>? given, out string problem)
    {
        problem = "";
        var names = new List<string>();
        if (given is not { Count: > 0 and <= Authorisations.MostNames })
        {
            problem = $"\"dns_names\" is a list of 1 to {Authorisations.MostNames} names.";
            return null;
        }
        foreach (string? one in given)
        {
            var identifiers = new HashSet<Identifier>();
            if (one is { Length: > 0 and <= 1_000 }) Identifiers.Read(NameSource.DnsName, System.Text.Encoding.UTF8.GetBytes(one), identifiers);
            if (identifiers is not { Count: 1 } || identifiers.Single() is not { Kind: IdentifierKind.Dns } name)
            {
                problem = $"\"{Shown(one)}\" is no DNS name.";
                return null;
            }
            names.Add(name.Text);
        }
        return names;
    }

    private static string Shown(string? foreign) => Visible.Of(foreign is { Length: > 100 } ? foreign[..100] : foreign ?? "");

    private static string? MediaTypeOf(HttpRequest request) => request.ContentType?.Split(';')[0].Trim().ToLowerInvariant();

    /// <summary>A body of at most <see cref="SigningRequest.MostBytes"/>; null if it is longer.</summary>
    private static async Task<byte[]?> ReadAsync(HttpRequest request)
    {
        var body = new MemoryStream();
        byte[] part = new byte[16 << 10];
        int read;
        while ((read = await request.Body.ReadAsync(part, request.HttpContext.RequestAborted)) > 0)
        {
            body.Write(part, 0, read);
            if (body.Length > SigningRequest.MostBytes) return null;
        }
        return body.ToArray();
    }

    private static JsonHttpResult<ApiError> NoHash(string member) => ApiError.BadRequest($"{member} is a SHA-256: 64 hexadecimal digits.");

    private static JsonHttpResult<ApiError> TooLarge() => TypedResults.Json(
        new ApiError("bad_request", $"The body is too large: {SigningRequest.MostBytes >> 10} KiB are enough for two thousand names."), ApiJson.Default.ApiError, statusCode: StatusCodes.Status413PayloadTooLarge);

    private static JsonHttpResult<ApiError> UnknownType(string types) => TypedResults.Json(
        new ApiError("bad_request", $"The Content-Type is none that is taken here: send {types}."), ApiJson.Default.ApiError, statusCode: StatusCodes.Status415UnsupportedMediaType);
}

/// <summary>A key by its hash, and the names that it is for.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record KnownKeyRequest(string? PubkeySha256 = null, IReadOnlyList<string>? DnsNames = null);

/// <summary>A certificate by the hash of its TBS, as <c>certherald cert</c> shows it.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record KnownCertificateRequest(string? TbsSha256 = null);

/// <summary>CAs, by the names that CAA records have for them, or by the hashes of their keys.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record AuthoritiesRequest(IReadOnlyList<string>? Authorities = null);
