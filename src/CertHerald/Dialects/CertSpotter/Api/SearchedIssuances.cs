using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CertHerald.Api;
using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Inspecting;
using CertHerald.Names;
using CertHerald.Storage;
using Microsoft.AspNetCore.Mvc;

namespace CertHerald.Dialects.CertSpotter.Api;

/// <summary>Cert Spotter's search: unexpired issuances for a domain, in the order of their discovery.</summary>
internal sealed class SearchedIssuances(
    ICertificateSearch store, IRevocations revocations, IIssuerKeys issuerKeys, Watched watched, Webhooks webhooks, IssuanceWriter writer, IndexOptions index, TimeProvider time)
{
    /// <summary>Issuances on a page.</summary>
    public const int PageSize = 100;

    /// <summary>Bytes that wait in memory for more: a page of large certificates is not held twice.</summary>
    private const int SentAtOnce = 1 << 16;

    public static void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder group = routes.MapGroup("/v1/issuances").WithTags("Cert Spotter");
        SearchAdmission.Guard(group);

        group.MapGet("", async (
            string? domain, [FromQuery(Name = "include_subdomains")] string? includeSubdomains, [FromQuery(Name = "match_wildcards")] string? matchWildcards,
            string? after, [FromQuery] string?[]? expand, HttpContext http, SearchedIssuances issuances) =>
        {
            if (IssuanceQuery.Read(domain, includeSubdomains, matchWildcards, after, expand, out string problem) is not { } query) return ApiError.BadRequest(problem);
            if (issuances.WhyNot(query) is { } refusal)
                return TypedResults.Json(new ApiError("not_allowed_by_plan", refusal), ApiJson.Default.ApiError, statusCode: StatusCodes.Status403Forbidden);
            await issuances.WritePageAsync(query, http.Response, http.RequestAborted);
            return Results.Empty;
        }).Called("issuances").Produces<JsonArray>();

        group.MapGet("/{id}", async (string id, [FromQuery] string?[]? expand, HttpContext http, SearchedIssuances issuances) =>
        {
            // Whatever is no id names no issuance.
            if (IssuanceQuery.IdOf(id) is not { } number || await issuances.FindAsync(number, http.RequestAborted) is not { } found) return ApiError.NotFound("issuance");
            await issuances.WriteAsync([found], Expand.Read(expand), isList: false, http.Response, http.RequestAborted);
            return Results.Empty;
        }).Called("issuance").Produces<JsonObject>();
    }

    /// <summary>Why a search would mislead: what is not monitored is not stored. Null if it would not.</summary>
    private string? WhyNot(IssuanceQuery query)
    {
        byte[] name = Encoding.ASCII.GetBytes(query.Domain);
        // Below a name of one label everybody has names, listed or not.
        if (!query.Domain.Contains('.', StringComparison.Ordinal) || watched.Suffixes?.IsSuffix(name) == true)
            return $"{query.Domain} is a public suffix: search for a domain below it.";
        if (index.TakesAll) return null;
        var budget = new GlobBudget(1);
        return watched.Own.Matches(new Identifier(IdentifierKind.Dns, query.Domain), 1, ref budget, out _).Count == 0
            ? $"{query.Domain} is not monitored, and only certificates of monitored domains are stored. Monitor it with POST /api/v3/monitoring/monitored_domains/NAME."
            : null;
    }

    private async Task WritePageAsync(IssuanceQuery query, HttpResponse response, CancellationToken cancellation)
    {
        IReadOnlyList<StoredCertificate> page = await store.SearchCertificatesAsync(
            new CertificateQuery(query.Domain)
            {
                IncludeBelow = query.IncludeSubdomains,
                MatchWildcards = query.MatchWildcards,
                NamedOnly = !query.MatchWildcards,
                OldestFirst = true,
                Above = query.After,
                UnexpiredAt = time.GetUtcNow(),
                Limit = PageSize,
            },
            cancellation);
        if (page.Count > 0) response.Headers.Link = $"<{query.AddressAfter(webhooks.BaseUrl, page[^1].Id)}>; rel=\"next\"";
        await WriteAsync(page, query.Wanted, isList: true, response, cancellation);
    }

    /// <summary>Null if there is none.</summary>
    private Task<StoredCertificate?> FindAsync(long id, CancellationToken cancellation) => store.FindCertificateAsync(id, cancellation);

    private async Task WriteAsync(IReadOnlyList<StoredCertificate> page, IssuanceMembers wanted, bool isList, HttpResponse response, CancellationToken cancellation)
    {
        IReadOnlyDictionary<string, byte[]>? keys = (wanted & IssuanceMembers.IssuerPubkeyDer) == 0 ? null
            : await issuerKeys.IssuerKeysAsync([.. page.Select(one => one.Certificate.IssuerPubkeySha256).OfType<string>().Distinct(StringComparer.Ordinal)], cancellation);

        IReadOnlyDictionary<long, Revocation> revoked = await revocations.RevocationsAsync([.. page.Select(one => one.Id)], cancellation);

        response.ContentType = "application/json; charset=utf-8";
        await using var json = new Utf8JsonWriter(response.BodyWriter, IssuanceWriter.Style);
        if (isList) json.WriteStartArray();
        long sent = 0;
        foreach (StoredCertificate one in page)
        {
            byte[]? issuerSpki = one.Certificate.IssuerPubkeySha256 is { } key ? keys?.GetValueOrDefault(key) : null;
            writer.Write(json, one.Id, one.Certificate, revoked.GetValueOrDefault(one.Id, Revocation.Unknown), wanted, issuerSpki);
            if (json.BytesCommitted + json.BytesPending - sent < SentAtOnce) continue;
            await json.FlushAsync(cancellation);
            await response.BodyWriter.FlushAsync(cancellation);
            sent = json.BytesCommitted;
        }
        if (isList) json.WriteEndArray();
    }
}
