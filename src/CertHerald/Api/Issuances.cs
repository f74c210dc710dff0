using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using CertHerald.Access;
using CertHerald.Deciding;
using CertHerald.Inspecting;
using CertHerald.Storage;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Api;

/// <summary>The certificates that concern the user, as the API and the console show them.</summary>
internal sealed class Issuances(IStore store, Deliveries deliveries, IssuerDirectory issuers) : IDisposable
{
    // Looking for a part of a name reads all names: however many ask, one look at a time.
    private readonly Turns _searches = new();

    public static void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder group = routes.MapGroup("/api/issuances").WithTags("Issuances").Needs(Scope.Read);

        group.MapGet("", async (string? q, string? state, string? before, string? limit, Issuances issuances, CancellationToken cancellation) =>
        {
            if (Page.Read(before, limit, out string? problem) is not { } page) return ApiError.BadRequest(problem!);
            if (!TryReadState(state, out IssuanceKind? kind)) return ApiError.BadRequest($"state must be one of {string.Join(", ", States)}.");
            return (IResult)TypedResults.Json(await issuances.ListAsync(page, q, kind, cancellation), ApiJson.Default.PageJsonIssuanceJson);
        }).Produces<PageJson<IssuanceJson>>();

        group.MapGet("/{id:long}", async (long id, Issuances issuances, CancellationToken cancellation) =>
            await issuances.FindAsync(id, cancellation) is { } found
                ? TypedResults.Json(found, ApiJson.Default.IssuanceJson)
                : (IResult)ApiError.NotFound("issuance")).Produces<IssuanceJson>();

        group.MapGet("/{id:long}/certificate.der", async (long id, Issuances issuances, CancellationToken cancellation) =>
            await issuances.FindDerAsync(id, cancellation) is { } der
                ? TypedResults.File(der, "application/pkix-cert", $"issuance-{id}.der")
                : (IResult)ApiError.NotFound("issuance")).Produces<Stream>(StatusCodes.Status200OK, "application/pkix-cert");

        group.MapGet("/{id:long}/certificate.pem", async (long id, Issuances issuances, CancellationToken cancellation) =>
            await issuances.FindDerAsync(id, cancellation) is { } der
                ? TypedResults.File(PemOf(der), "application/x-pem-file", $"issuance-{id}.pem")
                : (IResult)ApiError.NotFound("issuance")).Produces<Stream>(StatusCodes.Status200OK, "application/x-pem-file");

        group.MapGet("/{id:long}/chain.pem", async (long id, IStore store, CancellationToken cancellation) =>
            await store.ChainAsync(id, cancellation) is { Count: > 0 } chain
                ? TypedResults.File(PemOf([.. chain]), "application/x-pem-file", $"issuance-{id}-chain.pem")
                : (IResult)ApiError.NotFound("chain of an issuance")).Produces<Stream>(StatusCodes.Status200OK, "application/x-pem-file");

        group.MapGet("/{id:long}/evidence", async (long id, string? log, string? index, IStore store, CancellationToken cancellation) =>
        {
            if (!EvidencePlace.TryRead(log, index, out (LogId, EntryIndex)? place, out string? problem)) return ApiError.BadRequest(problem);
            return await store.FindEvidenceAsync(id, place, cancellation) is { } found
                ? TypedResults.File(EvidenceJson.Write(found), "application/json", $"evidence-{id}-{found.Entry.Index}.json")
                : (IResult)ApiError.NotFound("proof of this issuance yet");
        }).Produces<JsonObject>();
    }

    /// <summary>What is decided about issuances, as people and programs write it.</summary>
    public static IReadOnlyList<string> States { get; } = ["unknown", "known", "lookalike"];

    /// <param name="kind">Null: all.</param>
    public static bool TryReadState(string? name, out IssuanceKind? kind)
    {
        int at = States.Index().Where(one => one.Item == name).Select(one => one.Index).FirstOrDefault(-1);
        kind = at >= 0 ? (IssuanceKind)at : null;
        return string.IsNullOrEmpty(name) || at >= 0;
    }

    /// <summary>How many were discovered since a time, up to <paramref name="atMost"/> of them.</summary>
    public async Task<IssuanceCountsJson> CountAsync(DateTimeOffset since, int atMost, CancellationToken cancellation)
    {
        IssuanceCounts counts = await store.CountIssuancesAsync(since, atMost, cancellation);
        return new IssuanceCountsJson(counts.Unknown, counts.Known, counts.Lookalike, counts.Unknown + counts.Known + counts.Lookalike == atMost);
    }

    /// <summary>Newest first, without the parts that only one issuance alone is shown with.</summary>
    /// <param name="text">A part of a watched name on it, or its TBS hash. Null or empty: any.</param>
    public async Task<PageJson<IssuanceJson>> ListAsync(Page page, string? text, IssuanceKind? kind, CancellationToken cancellation)
    {
        text = text?.Trim().ToLowerInvariant();
        IReadOnlyList<Issuance> found = string.IsNullOrEmpty(text)
            ? await store.IssuancesAsync(new IssuanceFilter(null, kind, page.Before, page.Limit), cancellation)
            : await _searches.TakeAsync(() => store.IssuancesAsync(new IssuanceFilter(text, kind, page.Before, page.Limit), cancellation), cancellation);
        return new PageJson<IssuanceJson>(
            [.. found.Select(each => IssuanceJson.Of(each, issuers))], found.Count == page.Limit ? ApiJson.IdOf(found[^1].Id) : null);
    }

    /// <summary>One with where it was logged, what was delivered about it, and its DER; null if there is none.</summary>
    public async Task<IssuanceJson?> FindAsync(long id, CancellationToken cancellation)
    {
        if (await store.FindIssuanceAsync(id, cancellation) is not { } found) return null;
        IReadOnlyList<Sighting> sightings = await store.SightingsAsync(id, cancellation);
        return IssuanceJson.Of(found, issuers) with
        {
            CertDer = Convert.ToBase64String(found.Certificate.CertDer),
            Chain = [.. (await store.ChainAsync(id, cancellation)).Select(ChainCertificateJson.Of)],
            Sightings = [.. sightings.Select(SightingJson.Of)],
            Scts = SctJson.AllOf(found.Certificate.CertDer, await store.LogsAsync(cancellation)),
            Deliveries = [.. await deliveries.AboutAsync(EventKinds.UnknownCertificate, id, cancellation), .. await deliveries.AboutAsync(EventKinds.Certificate, id, cancellation)],
            Certherald = EvidenceJsonMember.Of(await store.FindEvidenceAsync(id, null, cancellation)),
        };
    }

    public void Dispose() => _searches.Dispose();

    private async Task<byte[]?> FindDerAsync(long id, CancellationToken cancellation) =>
        (await store.FindIssuanceAsync(id, cancellation))?.Certificate.CertDer;

    private static byte[] PemOf(params ReadOnlySpan<byte[]> certificates)
    {
        var text = new StringBuilder();
        foreach (byte[] der in certificates) text.Append(PemEncoding.WriteString("CERTIFICATE", der)).Append('\n');
        return Encoding.ASCII.GetBytes(text.ToString());
    }
}

/// <summary>An issuance on the wire. What is null in lists is set where one is asked for.</summary>
internal sealed record IssuanceJson
{
    public required string Id { get; init; }

    public required DateTimeOffset Discovered { get; init; }

    public required bool Known { get; init; }

    public required string Reason { get; init; }

    /// <summary>When it became known, if it was not on discovery; else null.</summary>
    public DateTimeOffset? KnownSince { get; init; }

    public required IReadOnlyList<EndpointJson> Endpoints { get; init; }

    public required IReadOnlyList<string> DnsNames { get; init; }

    public required IReadOnlyList<string> IpAddresses { get; init; }

    public required IssuerJson Issuer { get; init; }

    public required string SubjectName { get; init; }

    public required string Serial { get; init; }

    public required DateTimeOffset? NotBefore { get; init; }

    public required DateTimeOffset? NotAfter { get; init; }

    public required string TbsSha256 { get; init; }

    public required string CertSha256 { get; init; }

    public required string PubkeySha256 { get; init; }

    public required bool Precertificate { get; init; }

    public required string ProblemReporting { get; init; }

    public required IReadOnlyList<string> Problems { get; init; }

    public required RevocationJson Revocation { get; init; }

    public string? CertDer { get; init; }

    /// <summary>The certificates above it as a log showed them, from its issuer's up: what was submitted, which proves nothing.</summary>
    public IReadOnlyList<ChainCertificateJson>? Chain { get; init; }

    public IReadOnlyList<SightingJson>? Sightings { get; init; }

    /// <summary>Those inside the certificate: a precertificate has none.</summary>
    public IReadOnlyList<SctJson>? Scts { get; init; }

    public IReadOnlyList<DeliveryJson>? Deliveries { get; init; }

    /// <summary>Evidence of the first sighting that is proven, as in an alert.</summary>
    public EvidenceJsonMember? Certherald { get; init; }

    public static IssuanceJson Of(Issuance issuance, IssuerDirectory issuers)
    {
        CertificateFacts facts = issuance.Certificate;
        IssuerFacts issuer = issuers.Find(facts);
        return new IssuanceJson
        {
            Id = ApiJson.IdOf(issuance.Id),
            Discovered = issuance.Discovered,
            Known = issuance.Known,
            Reason = issuance.Reason,
            KnownSince = issuance.KnownSince,
            Endpoints = [.. issuance.Endpoints.Select(at => new EndpointJson(at.DnsName, at.MonitoredDomain, at.Wildcard))],
            DnsNames = facts.DnsNames,
            IpAddresses = facts.IpAddresses,
            Issuer = IssuerJson.Of(issuer, facts),
            SubjectName = facts.SubjectName,
            Serial = facts.Serial,
            NotBefore = facts.NotBefore,
            NotAfter = facts.NotAfter,
            TbsSha256 = facts.TbsSha256,
            CertSha256 = facts.CertSha256,
            PubkeySha256 = facts.PubkeySha256,
            Precertificate = facts.IsPrecertificate,
            ProblemReporting = issuer.ProblemReporting,
            Problems = facts.Problems,
            Revocation = RevocationJson.Of(issuance.Revocation),
        };
    }
}

/// <summary>What revocation lists say of an issuance.</summary>
/// <param name="Revoked">False: not known to be.</param>
/// <param name="Time">Since when, by the CA's word; null if it is not revoked.</param>
/// <param name="Reason">Code of RFC 5280 §5.3.1; null if it is not revoked.</param>
/// <param name="ReasonName">Its name there, such as <c>keyCompromise</c>.</param>
/// <param name="CheckedAt">When it was last looked for; null if it never was, or has expired since.</param>
/// <param name="Problem">Why it is not, or could not be, looked for; null if all is well.</param>
internal sealed record RevocationJson(bool Revoked, DateTimeOffset? Time, int? Reason, string? ReasonName, DateTimeOffset? CheckedAt, string? Problem)
{
    private static readonly string[] Names =
        ["unspecified", "keyCompromise", "cACompromise", "affiliationChanged", "superseded", "cessationOfOperation", "certificateHold", "", "removeFromCRL", "privilegeWithdrawn", "aACompromise"];

    public static RevocationJson Of(Revocation revocation) => new(
        revocation.IsRevoked, revocation.RevokedAt, revocation.Reason, revocation.Reason is { } reason ? reason < Names.Length && Names[reason].Length > 0 ? Names[reason] : "unknown" : null,
        revocation.CheckedAt, revocation.Problem.Length > 0 ? revocation.Problem : null);
}

/// <summary>How many issuances are of each kind.</summary>
/// <param name="IsMore">There may be more: no further ones were counted.</param>
internal sealed record IssuanceCountsJson(int Unknown, int Known, int Lookalike, bool IsMore);

/// <summary>One of the user's names that a certificate is valid for.</summary>
internal sealed record EndpointJson(string DnsName, string MonitoredDomain, bool Wildcard);

/// <summary>Who issued. What the CA's records do not tell is null or empty.</summary>
/// <param name="Name">The distinguished name, as the certificate has it: by itself it proves nothing.</param>
/// <param name="FoundBy"><c>key</c>, <c>name</c>, or <c>none</c> if the CA is unknown. Only a key proves who it is.</param>
internal sealed record IssuerJson(
    string FriendlyName, string Website, IReadOnlyList<string>? CaaDomains, string? PubkeySha256, string Name, string FoundBy)
{
    public static IssuerJson Of(IssuerFacts issuer, CertificateFacts facts) => new(
        issuer.FriendlyName, issuer.Website, issuer.CaaDomains, facts.IssuerPubkeySha256, facts.IssuerName,
        issuer.Basis switch { IssuerBasis.Key => "key", IssuerBasis.Name => "name", _ => "none" });
}

/// <summary>Where a log shows an issuance.</summary>
internal sealed record SightingJson(
    string Log, string LogDescription, ulong Index, string LeafHash, DateTimeOffset Logged, bool Precertificate, bool Proven)
{
    /// <summary>Null until an audit path is kept.</summary>
    public ProofJson? Proof { get; init; }


    public static SightingJson Of(Sighting sighting) => new(
        sighting.Log.ToString(), sighting.LogDescription, sighting.Index.Value, sighting.LeafHash.ToBase64(), sighting.Logged,
        sighting.IsPrecertificate, sighting.Proven)
    {
        Proof = sighting.Proof is { } proof ? new ProofJson(proof.TreeSize.Value, proof.Signed, proof.Hashes) : null,
    };
}

/// <summary>How a sighting is proven.</summary>
/// <param name="Signed">When the log signed the tree, by its clock.</param>
/// <param name="Hashes">Length of the audit path.</param>
internal sealed record ProofJson(ulong TreeSize, DateTimeOffset Signed, int Hashes);
