using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Storage;

/// <summary>How far a lane of a log was read, and how far that is proven by signed heads.</summary>
internal sealed record LogPosition(Frontier Read, Frontier Proven)
{
    /// <summary>Both at the same place, as at a start.</summary>
    public static LogPosition At(Frontier frontier) => new(frontier, frontier);
}

/// <summary>A followed log as the store knows it.</summary>
internal sealed record StoredLog(
    LogId Id, string Description, string Operator, string Url, string Protocol, TreeSize Position, TreeSize Proven,
    TreeSize? HeadSize, DateTimeOffset? HeadTime);

/// <summary>A log's broken promise. The names of kinds are those of the documentation.</summary>
/// <param name="Evidence">JSON with the signed head, the frontiers and the range, for whoever must prove it.</param>
internal sealed record Incident(
    long Id, LogId Log, string Kind, string Summary, string Evidence, DateTimeOffset Opened, DateTimeOffset? Closed);
