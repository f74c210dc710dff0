using System.Text.Json.Nodes;
using CertHerald.Access;
using CertHerald.Deciding;
using CertHerald.Storage;

namespace CertHerald.Api;

/// <summary>Entries that nobody can read, kept because a watched name may hide in them.</summary>
internal sealed class MalformedEntries(IStore store, Deliveries deliveries)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder group = routes.MapGroup("/api/malformed").WithTags("Malformed entries").Needs(Scope.Read);

        group.MapGet("/{id:long}", async (long id, MalformedEntries entries, CancellationToken cancellation) =>
            await entries.FindAsync(id, cancellation) is { } found
                ? TypedResults.Json(found, ApiJson.Default.MalformedJson)
                : (IResult)ApiError.NotFound("malformed entry")).Produces<MalformedJson>();

        group.MapGet("/{id:long}/entry.bin", async (long id, MalformedEntries entries, CancellationToken cancellation) =>
            await entries.FindBytesAsync(id, cancellation) is { } bytes
                ? TypedResults.File(bytes, "application/octet-stream", $"malformed-{id}.bin")
                : (IResult)ApiError.NotFound("malformed entry")).Produces<Stream>(StatusCodes.Status200OK, "application/octet-stream");

        group.MapGet("/{id:long}/evidence", async (long id, IStore store, CancellationToken cancellation) =>
            await store.FindMalformedEvidenceAsync(id, cancellation) is { } found
                ? TypedResults.File(Inspecting.EvidenceJson.Write(found), "application/json", $"evidence-malformed-{id}.json")
                : (IResult)ApiError.NotFound("proof of this entry yet")).Produces<JsonObject>();
    }

    /// <summary>Null if there is none.</summary>
    public async Task<MalformedJson?> FindAsync(long id, CancellationToken cancellation) =>
        await store.FindMalformedAsync(id, cancellation) is { } found
            ? MalformedJson.Of(found) with
            {
                Deliveries = await deliveries.AboutAsync(EventKinds.MalformedCertificate, id, cancellation),
                Certherald = EvidenceJsonMember.Of(await store.FindMalformedEvidenceAsync(id, cancellation)),
            }
            : null;

    private async Task<byte[]?> FindBytesAsync(long id, CancellationToken cancellation) =>
        (await store.FindMalformedAsync(id, cancellation))?.Entry;
}

/// <summary>A malformed entry on the wire.</summary>
/// <param name="Entry">The leaf as the log served it, in base64.</param>
internal sealed record MalformedJson(
    string Id, string Log, string LogDescription, string LogUrl, ulong Index, string LeafHash, string Problem,
    bool ShowsWatchedName, DateTimeOffset Discovered, byte[] Entry)
{
    public IReadOnlyList<DeliveryJson> Deliveries { get; init; } = [];

    /// <summary>Evidence, as in an alert.</summary>
    public EvidenceJsonMember? Certherald { get; init; }

    public static MalformedJson Of(MalformedEntry entry) => new(
        ApiJson.IdOf(entry.Id), entry.Log.ToString(), entry.LogDescription, entry.LogUrl, entry.Index.Value,
        entry.LeafHash.ToBase64(), entry.Problem, entry.ShowsWatchedName, entry.Discovered, entry.Entry);
}
