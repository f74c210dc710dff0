using CertHerald.TestLog.Serving;
using Microsoft.AspNetCore.Http;

namespace CertHerald.TestLog.Faults;

/// <summary>A request to a log that may lie.</summary>
internal sealed class Question(LogServer server, HttpContext context)
{
    private const string TilePrefix = "/tiles/tile/";

    public LogServer Server { get; } = server;

    public Log Log => Server.Log;

    public HttpContext Context { get; } = context;

    public Calls Call { get; } = CallNames.Of(context.Request.Path);

    /// <summary>The head and tree that the answer is about; null before that is known.</summary>
    public LogView? Shown { get; set; }

    public CancellationToken Gone => Context.RequestAborted;

    /// <summary>For tiles only; null if it is written in another way than the one.</summary>
    public TilePath? Tile => (Call & (Calls.Tile | Calls.Data)) == Calls.None ? null : TilePath.TryParse(Context.Request.Path.Value![TilePrefix.Length..]);

    public ulong? Number(string parameter) => FaultArgument.Number(Context.Request.Query[parameter].ToString());

    /// <summary>The entries that are asked for, both included; null if it is not about entries. A hash tile is about those below it.</summary>
    public (ulong First, ulong Last)? Entries
    {
        get
        {
            if (Call == Calls.GetEntries) return Number("start") is { } start && Number("end") is { } end && start <= end ? (start, end) : null;
            if (Call == Calls.GetEntryAndProof) return Number("leaf_index") is { } index ? (index, index) : null;
            if (Tile is not { } tile) return null;
            UInt128 first = (UInt128)tile.Number * 256 << 8 * tile.Level, until = first + ((UInt128)(uint)tile.Count << 8 * tile.Level);
            return until > ulong.MaxValue ? null : ((ulong)first, (ulong)until - 1);
        }
    }

    public bool AsksFor(ulong first, ulong last) => Entries is { } asked && asked.First <= last && first <= asked.Last;
}
