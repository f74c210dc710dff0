using System.Globalization;
using System.Text.Json.Serialization;
using CertHerald.Api.Feeds;
using CertHerald.Storage.Secrets;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CertHerald.Api;

/// <summary>How our own API writes JSON. Every body is listed here.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.Never)]
[JsonSerializable(typeof(ApiError))]
[JsonSerializable(typeof(ReadyJson))]
[JsonSerializable(typeof(IssuanceJson))]
[JsonSerializable(typeof(PageJson<IssuanceJson>))]
[JsonSerializable(typeof(DeliveryJson))]
[JsonSerializable(typeof(PageJson<DeliveryJson>))]
[JsonSerializable(typeof(IReadOnlyList<LogJson>))]
[JsonSerializable(typeof(LogHistoryJson))]
[JsonSerializable(typeof(IReadOnlyList<SettingJson>))]
[JsonSerializable(typeof(IncidentJson))]
[JsonSerializable(typeof(IReadOnlyList<IncidentJson>))]
[JsonSerializable(typeof(MalformedJson))]
[JsonSerializable(typeof(DomainJson))]
[JsonSerializable(typeof(IEnumerable<DomainJson>))]
[JsonSerializable(typeof(WebhookRequest))]
[JsonSerializable(typeof(RotateRequest))]
[JsonSerializable(typeof(WebhookJson))]
[JsonSerializable(typeof(IReadOnlyList<WebhookJson>))]
[JsonSerializable(typeof(RekeyRequest))]
[JsonSerializable(typeof(RekeyOutcome))]
[JsonSerializable(typeof(SignInLinkJson))]
[JsonSerializable(typeof(ApiKeyRequest))]
[JsonSerializable(typeof(ApiKeyJson))]
[JsonSerializable(typeof(IReadOnlyList<ApiKeyJson>))]
[JsonSerializable(typeof(PasswordRequest))]
[JsonSerializable(typeof(UserJson))]
[JsonSerializable(typeof(IReadOnlyList<UserJson>))]
[JsonSerializable(typeof(PageJson<AuditJson>))]
[JsonSerializable(typeof(BackFillRequest))]
[JsonSerializable(typeof(BackFillJson))]
[JsonSerializable(typeof(IReadOnlyList<BackFillJson>))]
[JsonSerializable(typeof(ReplayRequest))]
[JsonSerializable(typeof(ReplayJson))]
[JsonSerializable(typeof(HoldRequest))]
[JsonSerializable(typeof(WebhookStateJson))]
[JsonSerializable(typeof(WebhookTestJson))]
[JsonSerializable(typeof(IReadOnlyList<OperatorChannelJson>))]
[JsonSerializable(typeof(IReadOnlyList<ChannelTestJson>))]
[JsonSerializable(typeof(KnownKeyRequest))]
[JsonSerializable(typeof(KnownKeyJson))]
[JsonSerializable(typeof(IReadOnlyList<KnownKeyJson>))]
[JsonSerializable(typeof(KnownCertificateRequest))]
[JsonSerializable(typeof(KnownCertificateJson))]
[JsonSerializable(typeof(IReadOnlyList<KnownCertificateJson>))]
[JsonSerializable(typeof(AuthoritiesRequest))]
[JsonSerializable(typeof(AuthoritiesJson))]
[JsonSerializable(typeof(IReadOnlyList<AuthoritiesJson>))]
[JsonSerializable(typeof(AppRequest))]
[JsonSerializable(typeof(AppChange))]
[JsonSerializable(typeof(CallbackRequest))]
[JsonSerializable(typeof(AppJson))]
[JsonSerializable(typeof(IReadOnlyList<AppJson>))]
[JsonSerializable(typeof(LookalikeJson))]
[JsonSerializable(typeof(PageJson<LookalikeJson>))]
[JsonSerializable(typeof(PageJson<WeakLookalikeJson>))]
[JsonSerializable(typeof(WeakLookalikeJson))]
[JsonSerializable(typeof(ProtectedDomainRequest))]
[JsonSerializable(typeof(ProtectedDomainJson))]
[JsonSerializable(typeof(IReadOnlyList<ProtectedDomainJson>))]
[JsonSerializable(typeof(AllowedNameJson))]
[JsonSerializable(typeof(IReadOnlyList<AllowedNameJson>))]
[JsonSerializable(typeof(LookalikePreviewJson))]
[JsonSerializable(typeof(MalformedEventJson))]
[JsonSerializable(typeof(IncidentEventJson))]
[JsonSerializable(typeof(DeliveryEventJson))]
[JsonSerializable(typeof(IReadOnlyList<CaaJson>))]
[JsonSerializable(typeof(PageJson<WatchedNameJson>))]
internal sealed partial class ApiJson : JsonSerializerContext
{
    /// <summary>Ids are strings: opaque to clients, and safe in languages whose numbers are doubles.</summary>
    public static string IdOf(long id) => id.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Why a request was not answered.</summary>
/// <param name="Code">Stable, for programs.</param>
/// <param name="Message">For people.</param>
internal sealed record ApiError(string Code, string Message)
{
    public static JsonHttpResult<ApiError> NotFound(string what) =>
        TypedResults.Json(new ApiError("not_found", $"There is no such {what}."), ApiJson.Default.ApiError, statusCode: StatusCodes.Status404NotFound);

    public static JsonHttpResult<ApiError> Conflict(string message) =>
        TypedResults.Json(new ApiError("conflict", message), ApiJson.Default.ApiError, statusCode: StatusCodes.Status409Conflict);

    public static JsonHttpResult<ApiError> BadRequest(string message) =>
        TypedResults.Json(new ApiError("bad_request", message), ApiJson.Default.ApiError, statusCode: StatusCodes.Status400BadRequest);
}
