using System.Runtime.InteropServices;

namespace CertHerald.Transparency.Merkle;

/// <summary>A hash tile's content: consecutive hashes of one tile level, 32 bytes each. C2SP static-ct-api.</summary>
public static class HashTile
{
    /// <summary>The tile's hashes, over the same memory.</summary>
    /// <param name="width">How many were asked for. A full tile where a partial one was asked for passes; its start is taken.</param>
    /// <returns>False if the length is neither that of the width nor that of a full tile.</returns>
    public static bool TryRead(ReadOnlySpan<byte> tile, int width, out ReadOnlySpan<MerkleHash> hashes)
    {
        hashes = default;
        bool fits = tile.Length == width * MerkleHash.Length || tile.Length == Tiles.FullWidth * MerkleHash.Length;
        if (!fits || width is < 1 or > Tiles.FullWidth) return false;

        hashes = MemoryMarshal.Cast<byte, MerkleHash>(tile)[..width];
        return true;
    }

    /// <summary>The hash of the perfect subtree over these consecutive tile entries.</summary>
    /// <param name="entries">1, 2, 4 … 256 of them, aligned to their number.</param>
    /// <exception cref="ArgumentException">The number is not a power of two up to 256.</exception>
    public static MerkleHash Subtree(ReadOnlySpan<MerkleHash> entries)
    {
        if (entries.Length > Tiles.FullWidth || !System.Numerics.BitOperations.IsPow2(entries.Length))
            throw new ArgumentException($"{entries.Length} entries are no perfect subtree of a tile.", nameof(entries));
        if (entries.Length == 1) return entries[0];

        Span<MerkleHash> level = stackalloc MerkleHash[entries.Length / 2];
        NodeHasher.HashPairs(entries, level);
        for (; level.Length > 1; level = level[..(level.Length / 2)]) NodeHasher.HashPairs(level, level);
        return level[0];
    }

    /// <summary>The hash of the subtree that stands at <paramref name="slot"/> in this tile.</summary>
    /// <returns>False if the tile is too narrow to hold it.</returns>
    public static bool TrySubtree(ReadOnlySpan<MerkleHash> tile, TileSlot slot, out MerkleHash hash)
    {
        bool holds = slot.First + slot.Count <= tile.Length;
        hash = holds ? Subtree(tile.Slice(slot.First, slot.Count)) : default;
        return holds;
    }
}
