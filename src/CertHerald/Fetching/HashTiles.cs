using CertHerald.Transparency.Merkle;

namespace CertHerald.Fetching;

/// <summary>The hash tiles of one log: fetched when first needed, those used last kept. Unauthenticated. Thread-safe.</summary>
internal sealed class HashTiles(LogHttp http, RequestPriority lane)
{
    // 16 kB each. A pass through a log needs one or two of each level at a time.
    private const int Kept = 32;

    private readonly Lock _gate = new();
    private readonly Dictionary<(int Level, ulong Tile, int Width), Slot> _tiles = [];
    private long _uses;

    /// <summary>The hashes of the subtrees that cover [from, until), left to right.</summary>
    /// <param name="tree">The size of a verified head: it says which partial tiles there are.</param>
    public async Task<MerkleHash[]> SubtreesAsync(TreeSize from, TreeSize until, TreeSize tree, CancellationToken cancellation)
    {
        var places = new List<TileSlot>(64);
        foreach (Subtree subtree in Subtrees.Of(from, until)) places.Add(Tiles.Locate(subtree));

        // All are asked for before the first is waited for.
        var tiles = new Task<TileNodes>[places.Count];
        for (int i = 0; i < tiles.Length; i++) tiles[i] = GetAsync(places[i], tree, cancellation);

        var hashes = new MerkleHash[tiles.Length];
        await Task.WhenAll(tiles);
        for (int i = 0; i < hashes.Length; i++) hashes[i] = (await tiles[i]).HashOf(places[i]);
        return hashes;
    }

    /// <summary>Drops every tile: the next ones come from the log.</summary>
    public void Forget()
    {
        lock (_gate) _tiles.Clear();
    }

    private async Task<TileNodes> GetAsync(TileSlot place, TreeSize tree, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                return await FindAsync(place, tree, cancellation).WaitAsync(cancellation);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                // Whoever asked for it first has given up: who waited with them asks now.
            }
        }
    }

    private Task<TileNodes> FindAsync(TileSlot place, TreeSize tree, CancellationToken cancellation)
    {
        (int, ulong, int) key = (place.Level, place.Tile, Tiles.WidthOf(place.Level, place.Tile, tree));
        lock (_gate)
        {
            // A fetch that failed, or was cancelled by another reader, is nobody's answer.
            if (!_tiles.TryGetValue(key, out Slot? slot) || slot.Tile.IsFaulted || slot.Tile.IsCanceled)
            {
                _tiles[key] = slot = new Slot(FetchAsync(key, cancellation));
                if (_tiles.Count > Kept) _tiles.Remove(_tiles.MinBy(static tile => tile.Value.LastUse).Key);
            }

            slot.LastUse = ++_uses;
            return slot.Tile;
        }
    }

    private async Task<TileNodes> FetchAsync((int Level, ulong Tile, int Width) key, CancellationToken cancellation)
    {
        if (key.Level > Tiles.MaxLevel) throw http.Unusable("tile", $"a tree that needs tiles of level {key.Level}");

        string path = Tiles.HashPath(key.Level, key.Tile, key.Width);
        using LogAnswer answer = await StaticCtSource.GetTileAsync(
            http, path, Tiles.HashPath(key.Level, key.Tile), Tiles.FullWidth * MerkleHash.Length, lane, cancellation);
        return HashTile.TryRead(answer.Body.Span, key.Width, out ReadOnlySpan<MerkleHash> hashes)
            ? new TileNodes(hashes)
            : throw http.Unusable(path, $"{answer.Body.Length} bytes are no tile of {key.Width} hashes");
    }

    private sealed class Slot(Task<TileNodes> tile)
    {
        public Task<TileNodes> Tile { get; } = tile;

        public long LastUse { get; set; }
    }

    /// <summary>A tile's hashes and the nodes above them, computed once: a pass through a log asks for the same ones again and again.</summary>
    private sealed class TileNodes
    {
        private readonly MerkleHash[] _nodes = new MerkleHash[2 * Tiles.FullWidth];

        public TileNodes(ReadOnlySpan<MerkleHash> hashes)
        {
            hashes.CopyTo(_nodes);
            int start = 0, room = Tiles.FullWidth;
            for (int count = hashes.Length / 2; count > 0; count /= 2)
            {
                NodeHasher.HashPairs(_nodes.AsSpan(start, 2 * count), _nodes.AsSpan(start + room));
                start += room;
                room /= 2;
            }
        }

        /// <summary>The node over these entries. Each level starts where the full one below it ends.</summary>
        public MerkleHash HashOf(TileSlot slot)
        {
            int start = 2 * Tiles.FullWidth - 2 * Tiles.FullWidth / slot.Count;
            return _nodes[start + slot.First / slot.Count];
        }
    }
}
