using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Transparency.Entries;

/// <summary>Reads data tiles: TileLeaf after TileLeaf. C2SP static-ct-api, "Log Entries".</summary>
public static class DataTile
{
    private const int TimestampAndType = 8 + 2;

    /// <summary>
    /// Adds the leaves from <paramref name="skip"/> on. A leaf that cannot be told from the next ends the tile: those before
    /// it are added, those behind it are out of reach.
    /// </summary>
    /// <param name="tile">May hold more than asked for: a full tile stands in for a partial one.</param>
    /// <param name="skip">Leaves at the tile's start that are known already.</param>
    /// <param name="take">Leaves to add; with <paramref name="skip"/> at most 256.</param>
    /// <param name="into">Of the form <see cref="ExtraDataForm.StaticCt"/>.</param>
    /// <param name="problem">What is wrong, and at which leaf of the tile; null if nothing is.</param>
    /// <returns>Whether all were added.</returns>
    public static bool TryAppend(
        ReadOnlySpan<byte> tile, int skip, int take, RawBatchBuilder into, [NotNullWhen(false)] out string? problem)
    {
        ArgumentNullException.ThrowIfNull(into);
        problem = null;
        for (int place = 0; place < skip + take; place++)
        {
            if (!TryCut(tile, out int timestampedEntry, out int leaf))
            {
                problem = $"leaf {place} of the tile is cut, or of an unknown type";
                return false;
            }
            if (place >= skip && !into.AddTileLeaf(tile[..timestampedEntry], tile[timestampedEntry..leaf]))
            {
                problem = $"leaf {place} of the tile makes the batch too large";
                return false;
            }
            tile = tile[leaf..];
        }

        if (skip + take == Tiles.FullWidth && !tile.IsEmpty) problem = "bytes follow the tile's last leaf";
        return problem is null;
    }

    /// <summary>The lengths of the TimestampedEntry and of the whole leaf at the start of these bytes.</summary>
    private static bool TryCut(ReadOnlySpan<byte> tile, out int timestampedEntry, out int leaf)
    {
        (timestampedEntry, leaf) = (0, 0);
        if (tile.Length < TimestampAndType) return false;

        ushort type = BinaryPrimitives.ReadUInt16BigEndian(tile[8..]);
        if (type > (ushort)EntryType.Precert) return false;
        bool precert = type == (ushort)EntryType.Precert;

        int at = TimestampAndType + (precert ? MerkleHash.Length : 0);
        if (!TrySkip(tile, ref at, prefix: 3) || !TrySkip(tile, ref at, prefix: 2)) return false;
        timestampedEntry = at;
        if ((precert && !TrySkip(tile, ref at, prefix: 3)) || !TrySkip(tile, ref at, prefix: 2)) return false;
        leaf = at;
        return true;
    }

    private static bool TrySkip(ReadOnlySpan<byte> bytes, ref int at, int prefix)
    {
        if (bytes.Length - at < prefix) return false;
        int length = bytes[at] << 8 | bytes[at + 1];
        if (prefix == 3) length = length << 8 | bytes[at + 2];
        at += prefix;
        if (bytes.Length - at < length) return false;
        at += length;
        return true;
    }
}
