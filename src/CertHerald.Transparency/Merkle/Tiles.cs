using System.Globalization;

namespace CertHerald.Transparency.Merkle;

/// <summary>Where a perfect subtree is found: in which hash tile, and which of its entries it is made of.</summary>
/// <param name="Level">Tile level: its entries are subtrees of 256^Level entries of the log.</param>
/// <param name="Tile">The tile's index in its level.</param>
/// <param name="First">The first entry used.</param>
/// <param name="Count">How many are used: 1, 2, 4 … 128.</param>
public readonly record struct TileSlot(int Level, ulong Tile, int First, int Count);

/// <summary>The geometry of tiled logs: which tiles there are, how wide, and their paths. C2SP static-ct-api, tlog-tiles.</summary>
public static class Tiles
{
    /// <summary>Entries of a full tile.</summary>
    public const int FullWidth = 256;

    /// <summary>The highest tile level logs may serve.</summary>
    public const int MaxLevel = 5;

    /// <summary>The path of a hash tile, relative to the monitoring prefix: <c>tile/1/x001/234.p/17</c>.</summary>
    /// <param name="width">1 to 256; 256 is the full tile, which bears no suffix.</param>
    /// <exception cref="ArgumentOutOfRangeException">Level or width is out of range.</exception>
    public static string HashPath(int level, ulong tile, int width = FullWidth)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(level);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(level, MaxLevel);
        return string.Create(CultureInfo.InvariantCulture, $"tile/{level}/{Grouped(tile)}{Suffix(width)}");
    }

    /// <summary>The path of a data tile, relative to the monitoring prefix: <c>tile/data/x001/234/067.p/17</c>.</summary>
    /// <param name="width">1 to 256; 256 is the full tile, which bears no suffix.</param>
    /// <exception cref="ArgumentOutOfRangeException">The width is out of range.</exception>
    public static string DataPath(ulong tile, int width = FullWidth) => $"tile/data/{Grouped(tile)}{Suffix(width)}";

    /// <summary>The path of an issuer's certificate, relative to the monitoring prefix.</summary>
    /// <param name="fingerprint">SHA-256 of the certificate.</param>
    public static string IssuerPath(MerkleHash fingerprint) => $"issuer/{fingerprint.ToHex()}";

    /// <summary>The entries a hash tile has in a tree of this size; 0: there is no such tile. Data tiles are as wide as level 0.</summary>
    public static int WidthOf(int level, ulong tile, TreeSize size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(level);
        ulong entries = level > 7 ? 0 : size.Value >> 8 * level, full = entries >> 8;
        if (tile < full) return FullWidth;
        return tile == full ? (int)(entries & 255) : 0;
    }

    /// <summary>How many full tiles a level has in a tree of this size.</summary>
    public static ulong FullTiles(int level, TreeSize size) => level > 6 ? 0 : size.Value >> 8 * (level + 1);

    /// <summary>Where the hash of a perfect subtree comes from.</summary>
    public static TileSlot Locate(Subtree subtree)
    {
        int level = subtree.Level / 8, count = 1 << subtree.Level % 8;
        ulong first = subtree.Index * (ulong)count;
        return new TileSlot(level, first >> 8, (int)(first & 255), count);
    }

    private static string Suffix(int width)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(width, FullWidth);
        return width == FullWidth ? "" : string.Create(CultureInfo.InvariantCulture, $".p/{width}");
    }

    private static string Grouped(ulong n)
    {
        string path = (n % 1000).ToString("D3", CultureInfo.InvariantCulture);
        for (n /= 1000; n > 0; n /= 1000) path = string.Create(CultureInfo.InvariantCulture, $"x{n % 1000:D3}/{path}");
        return path;
    }
}
