using System.Net;
using System.Security.Cryptography;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;
using Microsoft.Extensions.Logging;

namespace CertHerald.Fetching;

/// <summary>Reads a tiled log. C2SP static-ct-api, tlog-tiles.</summary>
/// <param name="http">Its prefix is the monitoring prefix.</param>
/// <param name="origin">The submission prefix without scheme and final slash.</param>
/// <param name="lane">What requests for tiles are for.</param>
internal sealed partial class StaticCtSource(LogHttp http, string origin, LogKey key, RequestPriority lane, ILogger logger) : ILogSource
{
    private const string CheckpointPath = "checkpoint";
    private const int TilesPerBatch = 4;
    private const int KeptIssuers = 1024;

    // An alert waits for its issuer's certificate no longer than this.
    private static readonly TimeSpan IssuerLimit = TimeSpan.FromSeconds(5);

    private readonly HeadPoll _heads = new(http, CheckpointPath);
    private readonly HashTiles _hashTiles = new(http, lane);
    private readonly Dictionary<MerkleHash, byte[]> _issuers = [];

    public TimeSpan HeadFreshFor => _heads.FreshFor;

    public int PageSize => TilesPerBatch * Tiles.FullWidth;

    public int LeastPage => Tiles.FullWidth;

    public string? ForeignOrigin { get; private set; }

    public Task<SignedHead> GetHeadAsync(CancellationToken cancellation) => _heads.AskAsync(ReadHead, cancellation);

    public void ForgetHead() => _heads.Forget();

    public TreeSize BatchEnd(EntryIndex start, TreeSize head)
    {
        const ulong batch = TilesPerBatch * Tiles.FullWidth;
        return new TreeSize(Math.Min((start.Value / batch + 1) * batch, head.Value));
    }

    public int AnswersIn(EntryIndex start, int count) => (int)((start.Value + (ulong)count - 1) / Tiles.FullWidth - start.Value / Tiles.FullWidth) + 1;

    public async Task<RawBatch> GetAroundAsync(EntryIndex index, TreeSize head, CancellationToken cancellation)
    {
        try
        {
            return await GetEntriesAsync(new EntryIndex(index.Value / Tiles.FullWidth * Tiles.FullWidth), Tiles.FullWidth, head, cancellation);
        }
        catch (UnreadableEntriesException)
        {
            using var none = new RawBatchBuilder(index, ExtraDataForm.StaticCt);
            return none.Build();
        }
    }

    public async Task<RawBatch> GetEntriesAsync(EntryIndex start, int atMost, TreeSize head, CancellationToken cancellation, FetchRoom? room = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(atMost, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(start.Value, head.Value);

        ulong end = start.Value + Math.Min((ulong)atMost, head.Value - start.Value);
        ulong first = start.Value / Tiles.FullWidth;
        var tiles = new Task<LogAnswer>[(int)((end - 1) / Tiles.FullWidth - first) + 1];
        for (int i = 0; i < tiles.Length; i++) tiles[i] = GetDataTileAsync(first + (ulong)i, head, room, cancellation);

        try
        {
            await Task.WhenAll(tiles);
            // The entries stand beside their tiles until those are read.
            room?.Use(tiles.Sum(static tile => (long)tile.Result.Body.Length));
            return Join(start, end, head, tiles);
        }
        finally
        {
            foreach (Task<LogAnswer> tile in tiles)
                if (tile.IsCompletedSuccessfully) tile.Result.Dispose();
        }
    }

    public Task<MerkleHash[]> GetSubtreesAsync(TreeSize from, TreeSize until, CancellationToken cancellation) =>
        _hashTiles.SubtreesAsync(from, until, until, cancellation);

    public async Task<MerkleHash?> GetLeafHashAsync(EntryIndex index, TreeSize head, CancellationToken cancellation) =>
        (await _hashTiles.SubtreesAsync(new TreeSize(index.Value), new TreeSize(index.Value + 1), head, cancellation))[0];

    public async Task<Frontier?> GetFrontierAsync(TreeSize at, VerifiedHead head, CancellationToken cancellation)
    {
        if (at.Value == 0) return Frontier.Empty;
        if (at > head.Size) return null;

        if (await TryGetFrontierAsync(at, head, cancellation) is { } frontier) return frontier;

        // A tile may have been damaged on its way or in a cache: once more from the log.
        ForgetTiles();
        return await TryGetFrontierAsync(at, head, cancellation)
            ?? throw http.Unusable("tile", $"the hash tiles of {head.Size} entries do not make the signed root");
    }

    public async Task<bool?> ProvesAsync(TreeSize size, MerkleHash root, VerifiedHead head, CancellationToken cancellation) =>
        await GetFrontierAsync(size, head, cancellation) is { } frontier ? frontier.Root() == root : null;

    public async Task<MerkleHash[]?> GetInclusionAsync(EntryIndex index, MerkleHash leaf, VerifiedHead head, CancellationToken cancellation)
    {
        var path = new List<MerkleHash>(64);
        ulong size = head.Size.Value;
        for (int level = 0; level < 64 && 1UL << level < size; level++)
        {
            ulong first = (index.Value >> level ^ 1) << level;
            if (first >= size) continue;
            // Whole, a sibling is one hash of a tile; at the right edge it is what is left of the tree. RFC 9162 §2.1.3.1.
            var end = new TreeSize(first + Math.Min(1UL << level, size - first));
            MerkleHash[] subtrees = await _hashTiles.SubtreesAsync(new TreeSize(first), end, head.Size, cancellation);
            MerkleHash sibling = subtrees[^1];
            for (int i = subtrees.Length - 2; i >= 0; i--) sibling = MerkleHash.OfNode(subtrees[i], sibling);
            path.Add(sibling);
        }
        return [.. path];
    }

    public SignedHead? ReadHead(ReadOnlyMemory<byte> verbatim) =>
        Checkpoint.TryRead(verbatim.ToArray(), origin, key, out SignedHead? head, out _) ? head : null;

    public async Task<byte[]?> GetIssuerAsync(MerkleHash fingerprint, CancellationToken cancellation)
    {
        lock (_issuers)
            if (_issuers.TryGetValue(fingerprint, out byte[]? known)) return known;

        string path = Tiles.IssuerPath(fingerprint);
        byte[] issuer;
        try
        {
            using LogAnswer answer = await http.GetAsync(path, LogHttp.SmallCap, lane, cancellation, limit: IssuerLimit);
            issuer = answer.Body.ToArray();
        }
        catch (LogUnavailableException e) when (IsAbsent(e))
        {
            return null;
        }

        if (!SHA256.HashData(issuer).AsSpan().SequenceEqual(MerkleHash.BytesOf(fingerprint)))
            throw http.Unusable(path, "the certificate does not have this hash");

        lock (_issuers)
        {
            // A log has a few hundred. More would be an attack on our memory.
            if (_issuers.Count >= KeptIssuers) _issuers.Clear();
            _issuers[fingerprint] = issuer;
        }

        return issuer;
    }

    public bool ForgetTiles()
    {
        _hashTiles.Forget();
        return true;
    }

    /// <summary>A tile, or in place of a partial one that is gone the full one: the log grew.</summary>
    internal static async Task<LogAnswer> GetTileAsync(
        LogHttp http, string path, string fullPath, int cap, RequestPriority lane, CancellationToken cancellation, FetchRoom? room = null)
    {
        try
        {
            return await http.GetAsync(path, cap, lane, cancellation, room: room);
        }
        catch (LogUnavailableException e) when (IsAbsent(e) && path != fullPath)
        {
            return await http.GetAsync(fullPath, cap, lane, cancellation, room: room);
        }
    }

    private Task<LogAnswer> GetDataTileAsync(ulong tile, TreeSize head, FetchRoom? room, CancellationToken cancellation) => GetTileAsync(
        http, Tiles.DataPath(tile, Tiles.WidthOf(0, tile, head)), Tiles.DataPath(tile), LogHttp.LargeCap, lane, cancellation, room);

    private RawBatch Join(EntryIndex start, ulong end, TreeSize head, Task<LogAnswer>[] tiles)
    {
        long bytes = tiles.Sum(static tile => (long)tile.Result.Body.Length);
        int count = (int)(end - start.Value);
        // Each leaf grows by the three bytes in front of its timestamp.
        using var builder = new RawBatchBuilder(start, ExtraDataForm.StaticCt, (int)Math.Min(bytes + 3L * count, int.MaxValue), count);

        ulong at = start.Value;
        foreach (Task<LogAnswer> tile in tiles)
        {
            ulong begin = at / Tiles.FullWidth * Tiles.FullWidth;
            int skip = (int)(at - begin), take = (int)(Math.Min(end, begin + Tiles.FullWidth) - at);
            if (!DataTile.TryAppend(tile.Result.Body.Span, skip, take, builder, out string? problem))
            {
                // What stands before a leaf that cannot be read is good, and comes first.
                if (builder.Count > 0 && builder.Count < count) break;
                LogUnavailableException unusable = http.Unusable(Tiles.DataPath(begin / Tiles.FullWidth), problem);
                if (builder.Count == count) throw unusable;
                // A leaf of unknown type has no known end: the rest of its tile is out of reach, however little of it was asked for.
                throw new UnreadableEntriesException(unusable.Message, new EntryIndex(at), new TreeSize(Math.Min(head.Value, begin + Tiles.FullWidth)));
            }

            at += (ulong)take;
        }

        return builder.Build();
    }

    private async Task<Frontier?> TryGetFrontierAsync(TreeSize at, VerifiedHead head, CancellationToken cancellation)
    {
        MerkleHash[] before = await _hashTiles.SubtreesAsync(new TreeSize(0), at, head.Size, cancellation);
        MerkleHash[] after = await _hashTiles.SubtreesAsync(at, head.Size, head.Size, cancellation);
        return Frontier.TryCreate(at, before, out Frontier? frontier) && frontier.Join(after, head.Size).Root() == head.Root
            ? frontier
            : null;
    }

    private SignedHead ReadHead(byte[] note)
    {
        if (!Checkpoint.TryRead(note, origin, key, out SignedHead? head, out CheckpointReport report))
            throw new HeadRefusedException(http.Unusable(CheckpointPath, report.Problem!).Message, report.Failure, note);

        if (report.ForeignOrigin != ForeignOrigin && report.ForeignOrigin is not null)
            OriginDiffers(logger, origin, LogHttp.Excerpt(System.Text.Encoding.UTF8.GetBytes(report.ForeignOrigin)));
        ForeignOrigin = report.ForeignOrigin;
        return head;
    }

    private static bool IsAbsent(LogUnavailableException e) => e.Status is HttpStatusCode.NotFound or HttpStatusCode.Gone;

    [LoggerMessage(LogLevel.Information, "The log {Expected} calls itself {Found} in its checkpoint. Its key signed, so its heads stand.")]
    private static partial void OriginDiffers(ILogger logger, string expected, string found);
}
