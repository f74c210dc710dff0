using CertHerald.Access;
using CertHerald.Storage;

namespace CertHerald.Api;

/// <summary>A copy of the database, as it stands, while the service runs.</summary>
internal static class Backups
{
    // Everything is in it: who may have it could as well be an administrator.
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/api/backup", async Task<IResult> (IStore store, CancellationToken cancellation) =>
        {
            try
            {
                return await store.BackUpAsync(cancellation) is { } copy
                    ? TypedResults.Stream(copy, "application/vnd.sqlite3", "certherald.db")
                    : (IResult)ApiError.Conflict("The store is a PostgreSQL database: back it up with pg_dump, and each node's secrets.key beside it.");
            }
            catch (BackupUnderWayException)
            {
                return ApiError.Conflict("Another backup is being made and fetched: each is a whole copy on the disk. Try again when it has ended.");
            }
        })
            .WithTags("Backup").Needs(Scope.Admin).Produces<Stream>(StatusCodes.Status200OK, "application/vnd.sqlite3");
}
