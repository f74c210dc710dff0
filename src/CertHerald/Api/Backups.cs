using CertHerald.Access;
using CertHerald.Storage;

namespace CertHerald.Api;

/// <summary>A copy of the database, as it stands, while the service runs.</summary>
internal static class Backups
{
    // Everything is in it: who may have it could as well be an administrator.
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/api/backup", async (IStore store, CancellationToken cancellation) =>
            await store.BackUpAsync(cancellation) is { } copy
                ? TypedResults.Stream(copy, "application/vnd.sqlite3", "certherald.db")
                : (IResult)ApiError.Conflict("The store is a PostgreSQL database: back it up with pg_dump, and each node's secrets.key beside it."))
            .WithTags("Backup").Needs(Scope.Admin).Produces<Stream>(StatusCodes.Status200OK, "application/vnd.sqlite3");
}
