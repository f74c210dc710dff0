using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Storage;

/// <summary>How far a lane of a log was read, and how far that is proven by signed heads.</summary>
internal sealed record LogPosition(Frontier Read, Frontier Proven)
{
    /// <summary>Both at the same place, as at a start.</summary>
    public static LogPosition At(Frontier frontier) => new(frontier, frontier);
}

/// <summary>
/// A stretch of a log that is read in order (ct.md 8.1). The last one of a log is its tip, whose end is open; those before it
/// catch up, and join the next lane when they reach its start.
/// </summary>
/// <param name="Until">Where it ends; null for the tip.</param>
/// <param name="Trouble">Why it stands still between retries; null if it can be read.</param>
internal sealed record LogLane(long Id, TreeSize Start, TreeSize? Until, LogPosition Position, LaneTrouble? Trouble)
{
    public bool IsTip => Until is null;

    /// <summary>Entries to read before the lane is at its end.</summary>
    /// <param name="head">The log's size, for a tip.</param>
    public ulong Left(TreeSize head) => (Until ?? head) is var end && end > Position.Read.Size ? end.Value - Position.Read.Size.Value : 0;
}

/// <summary>What keeps a lane from being read: entries that the log does not give, or that contradict what it signed.</summary>
/// <param name="Kind">One of <see cref="IncidentKinds"/>.</param>
/// <param name="Tries">Retries so far.</param>
internal sealed record LaneTrouble(string Kind, int Tries, DateTimeOffset RetryAt);

/// <summary>A signed head as it was kept.</summary>
/// <param name="Verbatim">As served: its signature is checked again before it counts.</param>
internal sealed record StoredHead(TreeSize Size, MerkleHash Root, byte[] Verbatim);

/// <summary>A followed log as the store knows it.</summary>
/// <param name="Position">Entries read without a gap, from the start of its lowest lane.</param>
/// <param name="Proven">Of them, those proven.</param>
/// <param name="Tip">Entries before the tip's position.</param>
internal sealed record StoredLog(
    LogId Id, string Description, string Operator, string Url, string Protocol, TreeSize Position, TreeSize Proven, TreeSize Tip,
    TreeSize? HeadSize, DateTimeOffset? HeadTime);
